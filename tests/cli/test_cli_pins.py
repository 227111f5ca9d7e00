"""`ragbot pins` and `ragbot feedback` over a small real knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import RETURNS, Run

QUESTION = "Do you repair lamps of other makers?"


@pytest.fixture(autouse=True)
def _no_pins(kb: Path) -> Iterator[None]:
    """Each test begins and ends without pins."""
    yield
    for file in kb.glob("pins.sqlite*"):
        file.unlink()


def add(run: Run, *more: str, question: str = QUESTION) -> None:
    done = run("pins", "add", question, "--answer", "No, ours only.", "--author", "Ann", *more)
    assert (done.code, done.err) == (0, "")


def test_pins_are_added_listed_and_removed(run: Run, kb: Path) -> None:
    """With their phrasings, their author, and whether they are given."""
    assert run("pins", "list").out == "no pinned answers\n"
    add(run, "--also", "你们修别家的灯吗", "--expires", "2999-12-31", "--source", "returns.md")
    listed = run("pins", "list").out
    assert listed.startswith("1  valid  by Ann, ")
    assert ", until 3000-01-01 00:00\n" in listed
    for words in (
        f"  Q: {QUESTION}",
        "  Q: 你们修别家的灯吗",
        "  A: No, ours only.",
        "  rests on docs/returns.md",
    ):
        assert words in listed
    (pin,) = run("pins", "list", "--json").json
    assert (pin["id"], pin["standing"], pin["changed"]) == (1, "valid", [])
    assert run("pins", "remove", "1").out == "pin 1 removed\n"
    assert run("pins", "remove", "1").code == 6


def test_an_answer_may_come_from_a_file(run: Run, kb: Path, tmp_path: Path) -> None:
    """As UTF-8; one that is none is an error, and so are both ways at once, or neither."""
    (tmp_path / "answer.txt").write_text("Nein, nur unsere.\n", encoding="utf-8")
    base = ("pins", "add", QUESTION, "--author", "Ann")
    assert run(*base, "--answer-file", "answer.txt").code == 0
    assert run("pins", "list", "--json").json[0]["answer"] == "Nein, nur unsere."
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xff")
    assert run(*base, "--answer-file", "bad.txt").code == 6
    assert run(*base, "--answer-file", "none.txt").code == 6
    assert run(*base, "--answer", "x", "--answer-file", "answer.txt").code == 2
    assert run(*base).code == 2


def test_what_cannot_be_pinned_ends_with_6(run: Run, kb: Path) -> None:
    """An empty answer, a date that has passed, an unknown source, a question that has a pin; 2 where it is no date."""
    base = ("pins", "add", QUESTION, "--author", "Ann", "--answer")
    assert "the answer is empty" in run(*base, " ").err
    assert "passed already" in run(*base, "x", "--expires", "2020-01-01").err
    assert "did you mean docs/returns.md" in run(*base, "x", "--source", "docs/retruns.md").err
    assert run(*base, "x", "--expires", "soon").code == 2
    add(run)
    done = run(*base, "x")
    assert (done.code, done.out) == (6, "")
    assert "pin 1 by Ann already answers" in done.err


def test_without_a_knowledge_base_nothing_is_made(run: Run, tmp_path: Path) -> None:
    """The error names the next step."""
    for command in (("list",), ("remove", "1"), ("add", "x y", "--answer", "z", "--author", "A")):
        done = run("pins", *command, "--kb", "nothing")
        assert done.code == 4
        assert "ragbot index PATH" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_changed_document_makes_its_pin_stale(run: Run, kb: Path, shop: Path) -> None:
    """`list` and `doctor` say so and what to do; `confirm` ends it."""
    file = shop / "docs" / "returns.md"
    add(run, "--source", "returns.md")
    try:
        file.write_text(RETURNS + "\nNo lamps of other makers.\n", encoding="utf-8")
        assert run("index", str(shop / "docs")).code == 0
        listed = run("pins", "list").out
        assert listed.startswith("1  stale")
        assert "docs/returns.md, which has changed or is gone" in listed
        examined = run("doctor").out
        assert "ragbot pins confirm 1" in examined
        assert "0 of 1 are given" in examined
        assert run("pins", "confirm", "1").out == "pin 1 confirmed\n"
        assert "1 of 1 are given" in run("doctor").out
    finally:
        file.write_text(RETURNS, encoding="utf-8")
        run("index", str(shop / "docs"))


def test_feedback_is_given_and_listed(run: Run, kb: Path) -> None:
    """On an answer of a session; the words of both sides and the counts."""
    trace_id = run("ask", "hello", "--session", "c-1", "--json").json["trace_id"]
    assert run("feedback", "list").out == "0 up, 0 down\n"
    assert run("feedback", "give", trace_id, "down", "--comment", "no use").out == "down noted\n"
    listed = run("feedback", "list").out
    assert f"{trace_id}  session c-1\n  customer: hello\n" in listed
    assert listed.endswith("  comment:  no use\n0 up, 1 down\n")
    assert run("feedback", "list", "--down", "--json").json["feedback"][0]["comment"] == "no use"
    run("feedback", "give", trace_id, "up")
    assert run("feedback", "list", "--down").out == "1 up, 0 down\n"


def test_feedback_on_nothing_ends_with_6(run: Run, kb: Path) -> None:
    """An unknown trace id names the next step; another vote than up and down is a usage error."""
    done = run("feedback", "give", "t-9", "up")
    assert (done.code, done.out) == (6, "")
    assert "ragbot sessions show" in done.err
    assert run("feedback", "give", "t-9", "sideways").code == 2
