"""Grounding sets: what is supported, what shares a source, and lines that are no items."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grounding_sets import in_second_half, of_part, read_items, read_sets, tasks

ROWS: list[dict[str, object]] = [
    {"id": "1", "claim": "a", "evidence": ["(meta data) TITLE: X", "one."], "label": "supported"},
    {"id": "2", "claim": "b", "evidence": ["(meta data) TITLE: X", "two.", "three."], "label": "partial"},
    {"id": "3", "claim": "c", "evidence": ["another text."], "label": "unsupported"},
    {"id": "4", "claim": "d", "evidence": ["a third text."], "label": "generic"},
]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    """A set of these rows."""
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_the_tasks_are_the_readings_of_the_labels(tmp_path: Path) -> None:
    """Partial is not supported, or left out; generic is left out, or not supported."""
    items = read_items(written(tmp_path / "s.jsonl", ROWS))
    found = {name: [(each.id, label) for each, label in task] for name, task in tasks("s", items).items()}
    assert found == {
        "s": [("1", True), ("2", False), ("3", False)],
        "s-hard": [("1", True), ("3", False)],
        "s-all": [("1", True), ("2", False), ("3", False), ("4", False)],
    }
    assert items[1].passage == "(meta data) TITLE: X\ntwo.\nthree."


def test_a_source_lies_in_one_half(tmp_path: Path) -> None:
    """Items of one document are learnt from together or not at all, and each item lies in exactly one half."""
    items = read_items(written(tmp_path / "s.jsonl", ROWS))
    assert items[0].source == items[1].source != items[2].source
    halves = [{each.id for each in of_part(items, part)} for part in ("learnt", "held-out")]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {each.id for each in of_part(items, "all")}
    assert 0.4 < sum(in_second_half(str(number)) for number in range(1000)) / 1000 < 0.6


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "5", "claim": "e"}, "s.jsonl:2 is no item"),
        ({"id": "5", "claim": "e", "evidence": ["x"], "label": "maybe"}, "label 'maybe'"),
    ],
)
def test_a_line_that_is_no_item_is_named(tmp_path: Path, row: dict[str, object], message: str) -> None:
    """The error says which line and what is wrong with it."""
    with pytest.raises(SystemExit, match=message):
        read_items(written(tmp_path / "s.jsonl", [ROWS[0], row]))


def test_a_folder_without_sets_is_an_error(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(SystemExit, match="holds no grounding set"):
        read_sets(tmp_path)
