"""`ragbot gaps`, and what `ragbot doctor` says of the documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Run

from ragbot.dialogue.sessions import FILE_NAME, Sessions
from ragbot.types import Answer, Understanding


def ask_in_vain(kb: Path, session: str, question: str) -> None:
    with_answer = Answer(
        text="…",
        status="abstained",
        reason="",
        understanding=Understanding(question=question, standalone=question, language="en"),
        trace_id=session,
    )
    sessions = Sessions(kb / FILE_NAME)
    sessions.append(session, question, with_answer)
    sessions.close()


def test_gaps_are_told(run: Run, kb: Path) -> None:
    """Customers, question, what is missing and where to look; `--json` is one document; `--most` limits."""
    ask_in_vain(kb, "a", "Can I pay with bitcoin?")
    ask_in_vain(kb, "b", "can I pay by bitcoin")
    ask_in_vain(kb, "c", "Do you sell curtains?")
    done = run("gaps", "--most", "1")
    assert done.code == 0, done.err
    assert done.out.startswith("2 customers: ")
    assert "missing: no document speaks of " in done.out
    assert '"bitcoin"' in done.out
    assert "nearest: docs/" in done.out
    assert "1 more gaps: --most 2" in done.out
    assert "3 of 3 messages went without a good answer, 2 gaps" in done.out
    found = run("gaps", "--json").json
    assert [gap["customers"] for gap in found["gaps"]] == [2, 1]
    assert found["found"] == 2
    assert run("gaps", "--since", "2100-01-01", "--json").json["gaps"] == []


@pytest.mark.parametrize("since", ["soon", "3", "-1d", "2026-13-01", "d", "9999999d"])
def test_an_age_that_is_none(run: Run, kb: Path, since: str) -> None:
    """It is refused before anything is opened, with what would do."""
    done = run("gaps", f"--since={since}")
    assert done.code == 2
    assert "30d" in done.err


def test_gaps_without_a_knowledge_base(run: Run, tmp_path: Path) -> None:
    """It names the next step and makes nothing."""
    done = run("gaps")
    assert done.code == 4
    assert "ragbot index PATH" in done.err
    assert list(tmp_path.iterdir()) == []


def test_doctor_looks_at_what_documents_say(run: Run, kb: Path) -> None:
    """The shop's documents are sound; without `--content` they are not looked at."""
    done = run("doctor")
    assert "content: 2 documents, " in done.out
    assert "nothing found" in done.out
    assert " content: " not in run("doctor", "--no-content").out


def test_doctor_tells_conflicts_as_notes(run: Run, tmp_path: Path) -> None:
    """Both places are named, as text and as JSON, and the exit code stays 0."""
    for name, days in (("a", 5), ("b", 14)):
        text = f"# Refunds\n\nRefunds to a card take {days} days once we have the parcel.\n"
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    assert run("index", "a.md", "b.md").code == 0
    done = run("doctor")
    assert done.code == 0
    assert "5 days / 14 days" in done.out
    (conflict,) = [each for each in run("doctor", "--json").json["findings"] if each["kind"] == "conflict"]
    assert [place["source"] for place in conflict["places"]] == ["a.md", "b.md"]
