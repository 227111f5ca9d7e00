"""Test sets: read whole or refused whole, with every problem named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.testset import Case, hash_cases, load_testset, resolve_sources
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
        "conversation": "c-7",
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
            conversation="c-7",
        )
    ]


def test_blank_lines_byte_order_marks_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    """Files saved by office programs load."""
    file = write(tmp_path, {"id": "a", "question": "q"}, "", {"id": "b", "question": "q\u2028r"})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
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


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": "a", "question": "' + b"x" * 1_000_000 + b'"}', "line 2: longer than 1,000,000 bytes"),
        (b'{"id": "a", "question": "caf\xe9"}', "line 2: not UTF-8: invalid continuation byte at byte 29"),
        (b'{"id": "a", "question": "\\ud83d"}', "line 2: holds half a character, '\\ud83d'"),
        (b"[" * 100_000, "line 2: no JSON"),
        (b'{"id": "a", "question": "q", "language": "English"}', "such as en or zh, not 'English'"),
        (b'{"id": "a", "question": "q", "language": "en-US"}', "such as en or zh, not 'en-US'"),
        ('{"id": "a", "question": "怎么退货？", "language": "en"}'.encode(), "is written in 'zh'"),
        (b'{"id": "a", "question": {"text": "' + b"x" * 900 + b'"}}', "must be a text, not {'text': 'xxx"),
    ],
)
def test_a_row_that_would_do_harm_later_is_refused(tmp_path: Path, line: bytes, problem: str) -> None:
    """With its line and in few words; the rows around it are read."""
    file = tmp_path / "set.jsonl"
    good = b'{"id": "%s", "question": "q"}\n'
    file.write_bytes(good % b"x" + line + b"\n" + good % b"y" + b"{}")
    with pytest.raises(TestsetError) as caught:
        load_testset(file)
    first, second = caught.value.problems
    assert problem in first
    assert len(first) < 300
    assert second.strip() == "line 4: question is missing"


def test_questions_may_name_things_in_another_script(tmp_path: Path) -> None:
    """A Chinese question with English names, an English one with a Chinese name, and rows without a language."""
    rows = [
        {"id": "a", "question": "Hub 2 Pro 怎么重置？", "language": "zh"},
        {"id": "b", "question": "What does the label 合格证 on my parcel mean?", "language": "en"},
        {"id": "c", "question": "怎么退货？"},
    ]
    assert [each.language for each in load_testset(write(tmp_path, *rows))] == ["zh", "en", "und"]


def test_the_hash_is_of_what_the_cases_say(tmp_path: Path) -> None:
    """Not of blanks or the order of keys; any field counts, and so does the order of the rows."""
    one, other = {"id": "a", "question": "q"}, {"id": "b", "question": "q"}
    first = hash_cases(load_testset(write(tmp_path, one, other)))
    assert hash_cases(load_testset(write(tmp_path, '{"question":"q",  "id":"a"}', "", other))) == first
    assert hash_cases(load_testset(write(tmp_path, other, one))) != first
    assert hash_cases(load_testset(write(tmp_path, {**one, "must_contain": ["x"]}, other))) != first


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
