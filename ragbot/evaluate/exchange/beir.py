"""BEIR folders: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text}, and judgements in `qrels/test.tsv`
or `qrels.tsv` (query-id, corpus-id, score), <-> test sets.

Our test sets name documents, so each passage of a corpus becomes a document of its own: a JSON Lines file with one
record, which `ragbot index` reads. Queries may carry `history` and `language`, as several published sets do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

from ragbot.errors import InputError
from ragbot.evaluate.exchange.rows import BadRow, Problems, read_rows, text_of, to_lines
from ragbot.evaluate.exchange.trec import Qrels, read_qrels
from ragbot.evaluate.testset import Case
from ragbot.types import Document, Role, Turn

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
QRELS = ("qrels/test.tsv", "qrels.tsv", "qrels/dev.tsv", "qrels/train.tsv", "qrels.txt")
"""Where judgements are looked for, in this order."""
_LONGEST = 120
"""Bytes of a file's name; longer ones end in a hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a folder held."""

    cases: tuple[Case, ...]
    unjudged: int
    """Queries without a relevant passage that were left out."""


def is_folder(path: Path) -> bool:
    """Whether `path` holds a set."""
    return (path / QUERIES).is_file() and any((path / name).is_file() for name in QRELS)


def file_name(identity: str) -> str:
    """The file that a passage becomes: its id, percent-encoded, so that no character of it is special in a path."""
    name = quote(identity, safe=" -.,()+@")
    if name.startswith((".", "_")):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[:80]}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    return f"{name}.jsonl"


def read_queries(folder: Path, *, unanswerable: bool = False) -> Imported:
    """The queries with a relevant passage as cases whose sources are the passages' files. Those without are left
    out, as most sets judge a part of their queries; with `unanswerable` they expect `abstained`.

    Raises `InputError` where a file is missing, `TestsetError` for malformed rows and judgements of unknown queries.
    """
    qrels = read_qrels(_qrels(folder))
    file = folder / QUERIES
    problems = Problems(file)
    cases: list[Case] = []
    seen: set[str] = set()
    unjudged = 0
    for numbered in read_rows(file):
        try:
            case = _case(numbered.row, qrels)
        except BadRow as error:
            problems.add(numbered.line, error)
            continue
        if case.id in seen:
            problems.add(numbered.line, f"_id {case.id!r} is used before")
        seen.add(case.id)
        if case.sources or unanswerable:
            cases.append(case)
        else:
            unjudged += 1
    unknown = sorted(set(qrels) - seen)
    if unknown and not problems.found:
        problems.add(1, f"{len(unknown)} queries are judged that the file lacks: {', '.join(unknown[:5])}")
    problems.raise_any()
    if not cases:
        raise InputError(f"no query of {file} has a relevant passage in {_qrels(folder)}")
    return Imported(cases=tuple(cases), unjudged=unjudged)


def _qrels(folder: Path) -> Path:
    for name in QRELS:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"{folder} has no judgements; one of {', '.join(QRELS)} is needed")


def _case(row: Mapping[str, Any], qrels: Qrels) -> Case:
    identity = _identity(row)
    question = text_of(row, "text")
    if not question:
        raise BadRow("text is missing")
    relevant = [passage for passage, grade in qrels.get(identity, {}).items() if grade > 0]
    return Case(
        id=identity,
        question=question,
        history=_history(row),
        expect="answered" if relevant else "abstained",
        sources=tuple(file_name(passage) for passage in relevant),
        language=text_of(row, "language") or "und",
    )


def _identity(row: Mapping[str, Any]) -> str:
    value = row.get("_id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadRow(f"_id must be a text, not {value!r}")
    return value


def _history(row: Mapping[str, Any]) -> tuple[Turn, ...]:
    turns = row.get("history") or []
    if not isinstance(turns, list) or not all(
        isinstance(turn, Mapping) and turn.get("role") in get_args(Role) and isinstance(turn.get("text"), str)
        for turn in turns
    ):
        raise BadRow("history must be a list of {role, text}")
    return tuple(Turn(role=turn["role"], text=turn["text"]) for turn in turns)


def passages(folder: Path) -> Iterator[tuple[str, str]]:
    """Each passage of the corpus: the name of its file and the file's text, a record that `ragbot index` reads.

    Raises `TestsetError` for malformed rows and ids used twice; passages without a text are left out.
    """
    file = folder / CORPUS
    problems = Problems(file)
    found: dict[str, str] = {}
    for numbered in read_rows(file):
        try:
            name = file_name(_identity(numbered.row))
            title, text = text_of(numbered.row, "title"), text_of(numbered.row, "text")
        except BadRow as error:
            problems.add(numbered.line, error)
            continue
        if name in found:
            problems.add(numbered.line, f"_id {numbered.row['_id']!r} is used before")
        if text:
            found[name] = to_lines([{"title": title, "text": text} if title else {"text": text}])
    problems.raise_any()
    yield from found.items()


def write_queries(cases: Sequence[Case]) -> str:
    """`queries.jsonl`; `history` and `language` are added where there are any."""
    return to_lines(_query(case) for case in cases)


def _query(case: Case) -> dict[str, Any]:
    row: dict[str, Any] = {"_id": case.id, "text": case.question}
    if case.history:
        row["history"] = [{"role": turn.role, "text": turn.text} for turn in case.history]
    if case.language != "und":
        row["language"] = case.language
    return row


def write_qrels(cases: Sequence[Case]) -> str:
    """`qrels/test.tsv`: each source of a case is relevant, with grade 1."""
    lines = [f"{case.id}\t{source}\t1\n" for case in cases for source in dict.fromkeys(case.sources)]
    return "query-id\tcorpus-id\tscore\n" + "".join(lines)


def write_corpus(documents: Iterable[Document]) -> str:
    """`corpus.jsonl`: whole documents, named by their sources."""
    return to_lines(
        {"_id": document.source, "title": document.title, "text": document.text} for document in documents
    )
