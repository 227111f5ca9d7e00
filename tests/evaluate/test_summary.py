"""Reports as JSON: the same bytes for the same rows, and read back as they were, or refused with the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evaluation import report, row

from ragbot.errors import InputError
from ragbot.evaluate.compare import compare
from ragbot.evaluate.summary import read_report, summarise, timings_json, to_json
from ragbot.evaluate.values import Timing

ROWS = [
    row("a", {"right_rate": 1, "mrr": 0.333333}, confidence=0.7),
    row("b", {"right_rate": 0, "mrr": 1.0}, status="abstained", verdicts=()),
    row("c", {"right_rate": 1}, cluster="a"),
]


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Every field, but for durations, which are in no report."""
    made = report(ROWS, code="1", settings="2")
    file = tmp_path / "report.json"
    file.write_text(to_json(made, compare(made, made)), encoding="utf-8")
    assert read_report(file) == made
    assert to_json(read_report(file)) == to_json(made)


def test_durations_stand_apart(tmp_path: Path) -> None:
    """They change nothing in the report."""
    timings = [Timing(id="a", answer_ms=3.0, search_ms=1.0), Timing(id="b", answer_ms=5.0)]
    timed = summarise(ROWS, timings)
    assert to_json(timed) == to_json(summarise(ROWS))
    told = json.loads(timings_json(timed))
    assert told["answer"] == {"mean": 4.0, "median": 3.0, "p95": 5.0}
    assert told["search"] == {"mean": 1.0, "median": 1.0, "p95": 1.0}
    assert told["by_question"]["b"] == {"answer": 5.0, "search": None}
    assert json.loads(timings_json(summarise([])))["answer"]["mean"] is None


def test_clusters_make_an_interval() -> None:
    """Two conversations have one; one conversation, however many questions, has none."""
    assert report(ROWS).overall.figures["right_rate"].low is not None
    alone = report([row("a", {"mrr": 1}, cluster="x"), row("b", {"mrr": 0}, cluster="x")])
    assert (alone.overall.figures["mrr"].value, alone.overall.figures["mrr"].low) == (0.5, None)


def test_a_report_over_no_rows_has_no_figures() -> None:
    """None and 0, never NaN."""
    empty = json.loads(to_json(report([])))
    assert empty["overall"]["n"] == 0
    assert {figure["value"] for figure in empty["overall"]["figures"].values()} == {None}


def change(path: list[Any], value: Any) -> str:
    document = json.loads(to_json(report(ROWS)))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "is no JSON of an evaluation"),
        ("[1]", "has format None, not 2"),
        (change(["format"], 1), "has format 1, not 2"),
        (change(["rows", 1, "measures", "mrr"], "high"), r"is damaged at rows\.1\.measures\.mrr"),
        (change(["rows", 0, "status"], "asleep"), r"is damaged at rows\.0\.status"),
        (change(["overall"], {}), r"is damaged at overall\.n"),
        (change(["rows", 0, "confidence"], float("nan")), "NaN is no number"),
        ("[" * 100_000, "is no JSON of an evaluation"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The message has the file, the place and the command that makes a new one."""
    file = tmp_path / "old.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_report(file)
    assert f"ragbot eval TESTSET --json {file}" in str(caught.value)


def test_an_absent_report_is_named(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(InputError, match=r"none\.json cannot be read: No such file"):
        read_report(tmp_path / "none.json")
