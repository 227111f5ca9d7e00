"""Test sets: read whole or refused whole, with every problem named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.testset import Case, load_testset, resolve_sources
from ragbot.types import Turn


def write(tmp_path: Path, *rows: Any) -> Path:
    file = tmp_path / "set.jsonl"
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_a_full_row_is_read(tmp_path: Path) -> None:
    """Every field of the format arrives, typed."""
    row = {
        "id": "r1",
        "question": "怎么退货？",
        "history": [{"role": "user", "text": "hi"}, {"role": "assistant", "text": "hello"}],
        "expect": "answered",
        "sources": ["a.md"],
        "reference": "30 天",
        "must_contain": [["30 天", "三十天"], "退货"],
        "must_not_contain": ["60 天"],
        "language": "zh",
        "tags": ["multi_turn"],
    }
    assert load_testset(write(tmp_path, row)) == [
        Case(
            id="r1",
            question="怎么退货？",
            history=(Turn(role="user", text="hi"), Turn(role="assistant", text="hello")),
            expect="answered",
            sources=("a.md",),
            reference="30 天",
            must_contain=(("30 天", "三十天"), ("退货",)),
            must_not_contain=("60 天",),
            language="zh",
            tags=("multi_turn",),
        )
    ]


def test_blank_lines_and_a_byte_order_mark_are_no_problem(tmp_path: Path) -> None:
    """Files saved by office programs load."""
    file = write(tmp_path, {"id": "a", "question": "q"}, "", {"id": "b", "question": "q\u2028r"})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert [case.id for case in load_testset(file)] == ["a", "b"]


def test_an_answer_is_expected_where_sources_or_facts_are_named(tmp_path: Path) -> None:
    """Without `expect`, only such rows count for the status."""
    rows = [
        {"id": "a", "question": "q", "sources": ["x"]},
        {"id": "b", "question": "q", "must_contain": ["x"]},
        {"id": "c", "question": "q"},
    ]
    assert [case.expect for case in load_testset(write(tmp_path, *rows))] == ["answered", "answered", None]


def test_every_malformed_row_is_reported_at_once(tmp_path: Path) -> None:
    """Each problem stands with its line number."""
    good = {"id": "a", "question": "q"}
    file = write(
        tmp_path,
        good,
        "{not json",
        "[1]",
        {"id": "b"},
        {"id": "", "question": "q"},
        {**good, "id": "c", "expcet": "answered"},
        {**good, "id": "d", "expect": "refused"},
        {**good, "id": "e", "sources": "x.md"},
        {**good, "id": "f", "must_contain": [[]]},
        {**good, "id": "g", "history": [{"role": "robot", "text": "x"}]},
        {**good, "id": "h", "history": {"role": "user"}},
        {**good, "id": "i", "must_contain": "x"},
        {**good, "id": "j", "language": 3},
        {**good, "id": "k", "expect": ["answered"]},
        good,
    )
    with pytest.raises(TestsetError) as caught:
        load_testset(file)
    starts = [problem.split(":")[0].strip() for problem in caught.value.problems]
    assert starts == [f"line {number}" for number in range(2, 16)]
    assert "'expcet'" in caught.value.problems[4]
    assert "already used in line 1" in caught.value.problems[-1]
    assert str(file) in str(caught.value)


def test_an_absent_or_empty_file_is_named(tmp_path: Path) -> None:
    """The message has the path and the reason."""
    with pytest.raises(InputError, match=r"none\.jsonl cannot be read: No such file"):
        load_testset(tmp_path / "none.jsonl")
    with pytest.raises(TestsetError, match="has no rows"):
        load_testset(write(tmp_path, ""))
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": "caf\xe9"}')
    with pytest.raises(InputError, match="not UTF-8"):
        load_testset(latin)


def case(name: str, *sources: str) -> Case:
    return Case(id=name, question="q", sources=sources)


def test_sources_are_found_by_name_or_by_the_end_of_the_path() -> None:
    """Equal wins; else the one indexed source that ends so."""
    indexed = ["kb/shop/returns.md", "returns.md", "kb/zh/pay.md"]
    resolved = resolve_sources([case("a", "returns.md"), case("b", "zh/pay.md"), case("c")], indexed)
    assert [each.sources for each in resolved] == [("returns.md",), ("kb/zh/pay.md",), ()]


def test_sources_that_do_not_fit_are_all_reported() -> None:
    """Unknown and ambiguous names are errors, each with its question."""
    indexed = ["a/x.md", "b/x.md"]
    with pytest.raises(TestsetError) as caught:
        resolve_sources([case("q1", "x.md"), case("q2", "none.md"), case("q3", "/x.md")], indexed)
    assert [problem.split(":")[0].strip() for problem in caught.value.problems] == ["q1", "q2", "q3"]
