"""`ragbot eval` over a small real knowledge base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Run

ROWS = [
    {
        "id": "battery",
        "question": "How many months of warranty do batteries have?",
        "sources": ["warranty.md"],
        "must_contain": [["6 months"]],
        "tags": ["single"],
    },
    {"id": "hello", "question": "hello", "expect": "smalltalk"},
]


@pytest.fixture
def testset(tmp_path: Path) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


def test_figures_are_shown_and_written(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """A table for people, and everything as JSON in the file."""
    done = run("eval", str(testset), "--json", "report.json", "--min", "right_fact_rate=1")
    assert done.code == 0, done.err
    assert "right_fact_rate" in done.out
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["overall"]["figures"]["right_fact_rate"]["value"] == 1
    assert report["confusion"]["smalltalk"] == {"smalltalk": 1}
    assert [row["id"] for row in report["rows"]] == ["battery", "hello"]


def test_json_to_stdout_is_all_there_is(run: Run, kb: Path, testset: Path) -> None:
    """`--json -` prints one document; two runs differ in nothing but timings."""
    first, second = (run("eval", str(testset), "--json", "-").json for _ in range(2))
    assert first.pop("timings") != second.pop("timings")
    assert first == second


def test_a_gate_that_fails_ends_with_7(run: Run, kb: Path, testset: Path) -> None:
    """After the figures are shown; the figure and the gate are named."""
    done = run("eval", str(testset), "--max", "answer_rate=0.5")
    assert done.code == 7
    assert "answer_rate" in done.out
    assert done.err == "error: gate failed: answer_rate is 1.0000 (n=1), above 0.5\n"


def test_a_tag_selects_questions(run: Run, kb: Path, testset: Path) -> None:
    """Only questions with the tag are asked; a tag that none has is an error."""
    assert run("eval", str(testset), "--tag", "single", "--json", "-").json["overall"]["n"] == 1
    assert run("eval", str(testset), "--tag", "none").code == 6


def test_what_cannot_be_measured_ends_with_6(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """Malformed rows, unknown sources and a file that cannot be written are told before any question."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n{"id": "b", "question": "q", "extra": 1}\n', encoding="utf-8")
    done = run("eval", str(bad))
    assert done.code == 6
    assert "line 1: question is missing" in done.err
    assert "line 2: unknown key 'extra'" in done.err
    bad.write_text('{"id": "a", "question": "q", "sources": ["none.md"]}\n', encoding="utf-8")
    assert "'none.md' is not in the knowledge base" in run("eval", str(bad)).err
    assert run("eval", str(testset), "--json", "none/report.json").code == 6
