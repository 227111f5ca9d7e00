"""Rows out of files, with the lines on which they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.exchange import rows
from ragbot.evaluate.exchange.rows import BadRow, read_rows, text_of, texts_of, to_array, to_lines


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.jsonl", '{"a": "1"}\n\n{"a": "2"}\n', [1, 3]),
        ("a.json", '[\n {"a": "1"},\n {"a":\n  "2"}\n]', [2, 3]),
        ("a.json", '{"version": 1,\n "samples": [{"a": "1"},\n {"a": "2"}]}', [2, 3]),
        ("a.csv", 'a,b\n1,"x\ny"\n2,z\n', [2, 4]),
        ("a.tsv", "a\tb\n1\tx\n2\tz\n", [2, 3]),
        ("a.csv", "\ufeffa,b\r\n1,x\r\n2,z\r\n", [2, 3]),
    ],
)
def test_rows_know_their_lines(tmp_path: Path, name: str, text: str, lines: list[int]) -> None:
    """JSON Lines, a JSON list alone or in an object, and tables give the same rows, each with its first line."""
    rows = read_rows(file(tmp_path, name, text))
    assert [(each.line, each.row["a"]) for each in rows] == list(zip(lines, ("1", "2"), strict=True))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"a": 1}\n{"a"\n[1]\n', "line 2: no JSON"),
        ("a.jsonl", '{"a": 1}\n{"a"\n[1]\n', "line 3: must be an object, not list"),
        ("a.json", '[{"a": 1},\n 7]', "line 2: must be an object, not int"),
        ("a.json", '[{"a": 1},\n {"a": }]', "no JSON from line 2"),
        ("a.json", '[{"a": 1}', "ends within its list"),
        ("a.json", '{"a": 1}', "holds no list of rows"),
        ("a.csv", "a,b\n1,2\n1,2,3\n", "line 3: has 3 fields, the header 2"),
        ("a.csv", 'a,b\n1,"2\n', "line 2: no CSV"),
        ("a.jsonl", "\n\n", "has no rows"),
    ],
)
def test_malformed_rows_are_told_with_their_lines(tmp_path: Path, name: str, text: str, message: str) -> None:
    """Every one of them; nothing is passed over."""
    with pytest.raises(InputError, match=message):
        read_rows(file(tmp_path, name, text))


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    """One that is missing, and one that is not UTF-8."""
    with pytest.raises(InputError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes('{"a": "é"}'.encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8"):
        read_rows(tmp_path / "latin.jsonl")


def test_many_problems_are_cut(tmp_path: Path) -> None:
    """A hundred are shown, the rest counted."""
    with pytest.raises(TestsetError) as raised:
        read_rows(file(tmp_path, "a.jsonl", "[]\n" * 250))
    assert len(raised.value.problems) == 101
    assert raised.value.problems[-1] == "  and 150 more"


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        (["a", " b "], ("a", "b")),
        ('["a", "b"]', ("a", "b")),
        ("['a', 'b']", ("a", "b")),
        ("a|b", ("a", "b")),
        ("a", ("a",)),
        ("", ()),
        (None, ()),
    ],
)
def test_a_cell_holds_a_list(cell: object, texts: tuple[str, ...]) -> None:
    """As JSON, as Python writes it, or parted."""
    assert texts_of({"x": cell}, "x") == texts


def test_a_value_of_another_type_is_bad() -> None:
    """The field is named; a list in brackets that is none is no list of one text."""
    with pytest.raises(BadRow, match="x must be a text, not 7"):
        text_of({"x": 7}, "x")
    with pytest.raises(BadRow, match="x must be a list of texts"):
        texts_of({"x": [1]}, "x")
    with pytest.raises(BadRow, match="is no list"):
        texts_of({"x": "[import os]"}, "x")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """As lines and as a list."""
    rows = [{"a": "é\n"}, {"a": "退款"}]
    for name, text in (
        ("a.jsonl", to_lines(rows)),
        ("a.json", to_array(rows)),
        ("b.json", to_array(rows[:1])),
    ):
        read = [dict(each.row) for each in read_rows(file(tmp_path, name, text))]
        assert read == rows[: len(read)]
        assert read


def test_reading_json_takes_time_in_proportion_to_its_size(tmp_path: Path) -> None:
    """The text is counted through once, not once for each row; lines are told as before."""

    class Counting(str):
        counted = 0

        def count(self, *of: object) -> int:
            needle, start, end = of
            assert isinstance(needle, str)
            assert isinstance(start, int)
            assert isinstance(end, int)
            Counting.counted += end - start
            return super().count(needle, start, end)

    text = Counting("[\n" + ",\n".join(f'{{"id": "{n}"}}' for n in range(500)) + "\n]")
    path = tmp_path / "a.json"
    found = list(rows._json(text, path, rows.Problems(path)))
    assert [each.line for each in found] == list(range(2, 502))
    assert Counting.counted <= len(text)
