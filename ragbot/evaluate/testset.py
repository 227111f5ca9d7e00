"""Test sets: JSON Lines -> `Case` values, checked before any costly work.

Every malformed row is reported, with its line number, in one `TestsetError`. Knows nothing of bots; asks a
knowledge base only for the names of its documents.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from ragbot.errors import InputError, TestsetError
from ragbot.text.language import script_language
from ragbot.types import Role, Status, Turn, to_plain

STATUSES: tuple[str, ...] = get_args(Status)
TWO_DOCUMENT = "two_document"
"""Tag of a question that needs all of its sources; without it they are alternatives."""

_MOST_SHOWN = 100
_MOST_QUOTED = 200
_MOST_BYTES = 1_000_000
"""Of one row: more is no question, and would be held in memory and searched for."""
_LANGUAGE = re.compile("[a-z]{2,3}")
_LATIN = frozenset("ca cs da de en es et fi fr ga hr hu id is it lt lv nl no pl pt ro sk sl sv tr vi".split())
"""Languages that no question in a script of its own, such as Han or Greek, can be in."""


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
    excerpts: tuple[str, ...] = ()
    """Words of the sources, letter for letter, that hold the answer: alternatives."""
    must_contain: tuple[tuple[str, ...], ...] = ()
    """Groups of alternatives; a right answer has one of each group."""
    must_not_contain: tuple[str, ...] = ()
    language: str = "und"
    """ISO 639 code of the question. A row without one stays `und`: a guess would decide which figures it is in."""
    tags: tuple[str, ...] = ()
    conversation: str = ""
    """Name of the conversation that the question belongs to; empty: told by its first message."""


class _BadField(Exception):
    """A field of a row is wrong; its message says which and how."""


def load_testset(path: str | os.PathLike[str]) -> list[Case]:
    """The cases of a JSONL file, in order; blank lines are skipped.

    Raises `InputError` if the file cannot be read, `TestsetError` with one problem per malformed row.
    """
    file = Path(path)
    cases: list[Case] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for number, line in _lines(file):
        try:
            case = _case(line)
        except _BadField as error:
            problems.append(f"line {number}: {error}")
            continue
        if case.id in lines:
            problems.append(f"line {number}: id {case.id!r} is already used in line {lines[case.id]}")
        lines.setdefault(case.id, number)
        cases.append(case)
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


def hash_cases(cases: Sequence[Case]) -> str:
    """SHA-256 in hex of all that the cases say, in their order."""
    text = json.dumps([_said(case) for case in cases], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def locate_excerpts(
    cases: Sequence[Case], texts: Mapping[str, Sequence[str]]
) -> dict[str, tuple[tuple[str, int, int], ...]]:
    """Id of each case with excerpts -> (source, start, end) of every place in its sources where one stands.

    `texts`: source -> texts of the documents of that name. Raises `TestsetError` with every excerpt that stands in
    none of its sources.
    """
    found: dict[str, tuple[tuple[str, int, int], ...]] = {}
    problems: list[str] = []
    for case in cases:
        places: list[tuple[str, int, int]] = []
        for excerpt in case.excerpts:
            here = [
                (source, match.start(), match.end())
                for source in case.sources
                for text in texts.get(source, ())
                for match in re.finditer(re.escape(excerpt), text)
            ]
            if not here:
                problems.append(f"{case.id}: excerpt {_short(excerpt)} stands in none of its sources")
            places += here
        if case.excerpts:
            found[case.id] = tuple(places)
    if problems:
        raise _error("the test set and the knowledge base do not fit:", problems)
    return found


def _said(case: Case) -> dict[str, Any]:
    """What a case says; without `excerpts` where it has none, so that older hashes still hold."""
    plain: dict[str, Any] = to_plain(case)
    if not case.excerpts:
        del plain["excerpts"]
    return plain


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; of one that is too long, its beginning."""
    try:
        with file.open("rb") as stream:
            number = 0
            while line := stream.readline(_MOST_BYTES + 1):
                number += 1
                rest = line
                while len(rest) > _MOST_BYTES and not rest.endswith(b"\n"):
                    rest = stream.readline(_MOST_BYTES + 1)
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise InputError(f"test set {file} cannot be read: {error.strerror}") from error


def _error(message: str, problems: Sequence[str]) -> TestsetError:
    shown = tuple(f"  {problem}" for problem in problems[:_MOST_SHOWN])
    rest = len(problems) - len(shown)
    return TestsetError(message, problems=(*shown, f"  and {rest} more") if rest else shown)


def _case(line: bytes) -> Case:
    if len(line) > _MOST_BYTES:
        raise _BadField(f"longer than {_MOST_BYTES:,} bytes")
    try:
        text = line.decode("utf-8")
        row = json.loads(text)
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _BadField(f"holds half a character, {error.object[error.start]!r}") from error
    except UnicodeDecodeError as error:
        raise _BadField(f"not UTF-8: {error.reason} at byte {error.start + 1}") from error
    except (ValueError, RecursionError) as error:
        raise _BadField(f"no JSON: {error}") from error
    if not isinstance(row, Mapping):
        raise _BadField(f"must be an object, not {type(row).__name__}")
    unknown = sorted(set(row) - {field.name for field in fields(Case)})
    if unknown:
        raise _BadField(f"unknown key {', '.join(map(repr, unknown))}")
    expect = row.get("expect")
    if expect is not None and expect not in STATUSES:
        raise _BadField(f"expect must be one of {', '.join(STATUSES)}, not {_short(expect)}")
    sources = _strings(row, "sources")
    if row.get("excerpts") and not sources:
        raise _BadField("excerpts need sources: name the documents in which they stand")
    must_contain = _groups(row)
    if expect is None and (sources or must_contain):
        expect = "answered"
    question = _string(row, "question", needed=True)
    return Case(
        id=_string(row, "id", needed=True),
        question=question,
        history=_history(row),
        expect=expect,
        sources=sources,
        excerpts=_strings(row, "excerpts"),
        reference=_string(row, "reference"),
        must_contain=must_contain,
        must_not_contain=_strings(row, "must_not_contain"),
        language=_language(row, question),
        tags=_strings(row, "tags"),
        conversation=_string(row, "conversation"),
    )


def _string(row: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = row.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise _BadField(f"{key} must be a text, not {_short(value)}" if key in row else f"{key} is missing")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_QUOTED else text[:_MOST_QUOTED] + "…"


def _language(row: Mapping[str, Any], question: str) -> str:
    language = _string(row, "language") or "und"
    if not _LANGUAGE.fullmatch(language):
        raise _BadField(f"language must be an ISO 639 code such as en or zh, not {language!r}")
    script = script_language(question) if language in _LATIN else None
    if script is not None:
        raise _BadField(f"language is {language!r}, but the question is written in {script!r}")
    return language


def _strings(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key)
    return () if value is None else _texts(value, key)


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise _BadField(f"{key} must be a list of texts, not {_short(value)}")
    return tuple(value)


def _groups(row: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    value = row.get("must_contain")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadField(f"must_contain must be a list of lists of texts, not {_short(value)}")
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
        raise _BadField(f"history must be a list of turns, not {_short(value)}")
    turns: list[Turn] = []
    for turn in value:
        if (
            not isinstance(turn, Mapping)
            or set(turn) != {"role", "text"}
            or turn["role"] not in get_args(Role)
            or not isinstance(turn["text"], str)
        ):
            raise _BadField(
                f"each turn of history must have role (user or assistant) and text, not {_short(turn)}"
            )
        turns.append(Turn(role=turn["role"], text=turn["text"]))
    return tuple(turns)
