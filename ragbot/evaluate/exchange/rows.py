"""JSON, JSON Lines and CSV -> rows that know their line; problems gathered with it; and rows -> text again.

Knows no format of another tool: only that a row is a mapping and that a person wants to hear where it is wrong.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot.errors import InputError, TestsetError

MOST_SHOWN = 100
_WRAPPERS = ("samples", "test_cases", "testCases", "goldens", "examples", "data", "rows")
"""Keys under which tools keep the list of rows in one JSON object."""
_DECODER = json.JSONDecoder()


class BadRow(Exception):
    """A row is wrong; the message says which field and how."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row and the 1-based line on which it begins."""

    line: int
    row: Mapping[str, Any]


class Problems:
    """What is wrong with a file, one sentence a row; told together at the end."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: list[str] = []

    def add(self, line: int, problem: object) -> None:
        self.found.append(f"line {line}: {problem}")

    def raise_any(self) -> None:
        """Raises `TestsetError` if anything was added."""
        if not self.found:
            return
        shown = [f"  {each}" for each in self.found[:MOST_SHOWN]]
        if len(self.found) > MOST_SHOWN:
            shown.append(f"  and {len(self.found) - MOST_SHOWN} more")
        raise TestsetError(f"{self.file} has {len(self.found)} malformed rows:", problems=tuple(shown))


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file, line ends as `\\n`. Raises `InputError` where there is none."""
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: {error}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_rows(path: str | os.PathLike[str]) -> list[Numbered]:
    """The rows of a file by its ending: `.csv` and `.tsv` have a header, `.json` a list of objects (alone, or the one
    list of an object), anything else one object a line.

    Raises `InputError` for what cannot be read, `TestsetError` for malformed rows or none.
    """
    file = Path(path)
    text = read_text(file)
    suffix = file.suffix.lower()
    problems = Problems(file)
    if suffix in (".csv", ".tsv"):
        found = list(_csv(text, "\t" if suffix == ".tsv" else ",", problems))
    elif suffix == ".json":
        found = list(_json(text, file, problems))
    else:
        found = list(_lines(text, problems))
    problems.raise_any()
    if not found:
        raise TestsetError(f"{file} has no rows")
    return found


def _lines(text: str, problems: Problems) -> Iterator[Numbered]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield from _object(json.loads(line), number, problems)
            except (ValueError, RecursionError) as error:
                problems.add(number, f"no JSON: {error}")


def _json(text: str, file: Path, problems: Problems) -> Iterator[Numbered]:
    begin = _list_start(text, file)
    at = begin + 1
    line, counted = 1, 0
    while True:
        at = _skip(text, at)
        if at >= len(text):
            raise InputError(f"{file} ends within its list of rows; is it complete?")
        if text[at] == "]":
            return
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file} is no JSON from line {line}: {error}") from error
        yield from _object(value, line, problems)


def _list_start(text: str, file: Path) -> int:
    """Where the list of rows begins: at the outset, or as the value of a known key."""
    begin = _skip(text, 0)
    if text[begin : begin + 1] == "[":
        return begin
    if text[begin : begin + 1] == "{":
        places = (text.find(f'"{name}"') for name in _WRAPPERS)
        for place in sorted(place for place in places if place >= 0):
            colon = text.find(":", place)
            begin = _skip(text, colon + 1)
            if colon >= 0 and text[begin : begin + 1] == "[":
                return begin
    raise InputError(f"{file} holds no list of rows; name it .jsonl if it has one object a line")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n,":
        at += 1
    return at


def _object(value: Any, line: int, problems: Problems) -> Iterator[Numbered]:
    if isinstance(value, Mapping):
        yield Numbered(line, value)
    else:
        problems.add(line, f"must be an object, not {type(value).__name__}")


def _csv(text: str, delimiter: str, problems: Problems) -> Iterator[Numbered]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            begin, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
            elif len(cells) != len(header):
                problems.add(begin, f"has {len(cells)} fields, the header {len(header)}")
            else:
                yield Numbered(begin, {name: cell for name, cell in zip(header, cells, strict=True) if name})
    except csv.Error as error:
        problems.add(line, f"no CSV: {error}")


def first_of(row: Mapping[str, Any], *names: str) -> tuple[str, Any]:
    """The first of the keys that has a value, with it; the last key and None where none has."""
    for name in names:
        if row.get(name) not in (None, ""):
            return name, row[name]
    return names[-1], None


def text_of(row: Mapping[str, Any], *names: str) -> str:
    """The text under the first of the keys that has one; empty without. Raises `BadRow` for another type."""
    name, value = first_of(row, *names)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRow(f"{name} must be a text, not {value!r}")
    return value.strip()


def texts_of(row: Mapping[str, Any], *names: str, delimiter: str = "|") -> tuple[str, ...]:
    """The texts under the first of the keys that has any: a list, or in a table's cell a JSON list, a Python list, or
    texts parted by `delimiter`. Raises `BadRow` for anything else."""
    name, value = first_of(row, *names)
    if value is None:
        return ()
    if isinstance(value, str):
        value = _cell_list(value, delimiter)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadRow(f"{name} must be a list of texts, not {value!r}")
    return tuple(each.strip() for each in value if each.strip())


def _cell_list(cell: str, delimiter: str) -> Any:
    if cell.strip().startswith("["):
        try:
            return json.loads(cell)
        except ValueError:
            pass
        try:
            return ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError) as error:
            raise BadRow(f"is no list: {cell[:80]!r}") from error
    return cell.split(delimiter)


def to_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def to_array(rows: Sequence[Mapping[str, Any]]) -> str:
    """One JSON list, an object on each line."""
    inner = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    return f"[\n{inner}\n]\n" if rows else "[]\n"


def write(path: Path, text: str) -> None:
    """Write a UTF-8 file, its folder made if absent. Raises `InputError` where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
