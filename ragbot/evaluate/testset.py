"""Test sets: JSON Lines -> `Case` values, checked before any costly work.

Every malformed row is reported, with its line number, in one `TestsetError`. Knows nothing of bots; asks a
knowledge base only for the names of its documents.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from ragbot.errors import InputError, TestsetError
from ragbot.types import Role, Status, Turn

STATUSES: tuple[str, ...] = get_args(Status)
TWO_DOCUMENT = "two_document"
"""Tag of a question that needs all of its sources; without it they are alternatives."""

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question of a test set and what is expected of its answer."""

    id: str
    question: str
    history: tuple[Turn, ...] = ()
    """The conversation before the question, oldest first."""
    expect: Status | None = None
    """The right status; where a row has none, `answered` if it names sources or facts."""
    sources: tuple[str, ...] = ()
    """Documents that hold the answer: alternatives, or all needed if tagged `two_document`."""
    reference: str = ""
    """A good answer in a person's words."""
    must_contain: tuple[tuple[str, ...], ...] = ()
    """Groups of alternatives; a right answer has one of each group."""
    must_not_contain: tuple[str, ...] = ()
    language: str = "und"
    tags: tuple[str, ...] = ()


class _BadField(Exception):
    """A field of a row is wrong; its message says which and how."""


def load_testset(path: str | os.PathLike[str]) -> list[Case]:
    """The cases of a JSONL file, in order; blank lines are skipped.

    Raises `InputError` if the file cannot be read, `TestsetError` with one problem per malformed row.
    """
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"test set {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"test set {file} is not UTF-8: {error}") from error
    cases: list[Case] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            case = _case(line)
            if case.id in lines:
                problems.append(f"line {number}: id {case.id!r} is already used in line {lines[case.id]}")
            lines.setdefault(case.id, number)
            cases.append(case)
        except _BadField as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise _error(f"test set {file} has {len(problems)} malformed rows:", problems)
    if not cases:
        raise TestsetError(f"test set {file} has no rows")
    return cases


def resolve_sources(cases: Sequence[Case], indexed: Iterable[str]) -> list[Case]:
    """The cases with `sources` as the knowledge base names them.

    A source fits an indexed one that is equal to it, or else the only one that ends with `/` and it.
    Raises `TestsetError` with every source that fits none or several.
    """
    known = sorted(set(indexed))
    found: dict[str, str] = {}
    problems: list[str] = []
    for case in cases:
        for source in case.sources:
            if source in found:
                continue
            fitting = [source] if source in known else [one for one in known if one.endswith(f"/{source}")]
            if len(fitting) == 1:
                found[source] = fitting[0]
            elif fitting:
                problems.append(f"{case.id}: source {source!r} fits several: {', '.join(fitting[:5])}")
            else:
                problems.append(f"{case.id}: source {source!r} is not in the knowledge base")
    if problems:
        raise _error("the test set and the knowledge base do not fit:", problems)
    return [replace(case, sources=tuple(found[source] for source in case.sources)) for case in cases]


def _error(message: str, problems: Sequence[str]) -> TestsetError:
    shown = tuple(f"  {problem}" for problem in problems[:_MOST_SHOWN])
    rest = len(problems) - len(shown)
    return TestsetError(message, problems=(*shown, f"  and {rest} more") if rest else shown)


def _case(line: str) -> Case:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _BadField(f"no JSON: {error}") from error
    if not isinstance(row, Mapping):
        raise _BadField(f"must be an object, not {type(row).__name__}")
    unknown = sorted(set(row) - {field.name for field in fields(Case)})
    if unknown:
        raise _BadField(f"unknown key {', '.join(map(repr, unknown))}")
    expect = row.get("expect")
    if expect is not None and expect not in STATUSES:
        raise _BadField(f"expect must be one of {', '.join(STATUSES)}, not {expect!r}")
    sources = _strings(row, "sources")
    must_contain = _groups(row)
    if expect is None and (sources or must_contain):
        expect = "answered"
    return Case(
        id=_string(row, "id", needed=True),
        question=_string(row, "question", needed=True),
        history=_history(row),
        expect=expect,
        sources=sources,
        reference=_string(row, "reference"),
        must_contain=must_contain,
        must_not_contain=_strings(row, "must_not_contain"),
        language=_string(row, "language") or "und",
        tags=_strings(row, "tags"),
    )


def _string(row: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = row.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise _BadField(f"{key} must be a text, not {value!r}" if key in row else f"{key} is missing")
    return value


def _strings(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key)
    return () if value is None else _texts(value, key)


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise _BadField(f"{key} must be a list of texts, not {value!r}")
    return tuple(value)


def _groups(row: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    value = row.get("must_contain")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadField(f"must_contain must be a list of lists of texts, not {value!r}")
    groups = tuple(
        _texts([one] if isinstance(one, str) else one, "each group of must_contain") for one in value
    )
    if not all(groups):
        raise _BadField("must_contain has an empty group, which no answer could fulfil")
    return groups


def _history(row: Mapping[str, Any]) -> tuple[Turn, ...]:
    value = row.get("history")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadField(f"history must be a list of turns, not {value!r}")
    turns: list[Turn] = []
    for turn in value:
        if (
            not isinstance(turn, Mapping)
            or set(turn) != {"role", "text"}
            or turn["role"] not in get_args(Role)
            or not isinstance(turn["text"], str)
        ):
            raise _BadField(f"each turn of history must have role (user or assistant) and text, not {turn!r}")
        turns.append(Turn(role=turn["role"], text=turn["text"]))
    return tuple(turns)
