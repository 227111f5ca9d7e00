"""TREC runs and relevance judgements.

    run     query Q0 document rank score tag      one retrieved document a line
    qrels   query 0 document grade                grade > 0 is relevant

Fields are parted by white space, so names that hold any are written with percent-encoding (`escape`). As trec_eval
does, a run is ordered by falling score, whatever its ranks say; documents with one score by falling name.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from ragbot.errors import TestsetError
from ragbot.evaluate.exchange.rows import Problems, read_text

Run = Mapping[str, Sequence[tuple[str, float]]]
"""Query -> documents with their scores, best first."""
Qrels = Mapping[str, Mapping[str, int]]
"""Query -> document -> grade."""


def escape(name: str) -> str:
    """The name without white space: each such character, and `%`, as `%` and its UTF-8 bytes in hex."""
    return re.sub(
        r"[\s%]", lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8")), name
    )


def unescape(name: str) -> str:
    """The name that `escape` was given."""
    return unquote(name)


def ranking(sources: Sequence[str]) -> list[tuple[str, float]]:
    """Documents in order, each once, with the score 1 / rank: the order is the only evidence that a report keeps."""
    return [(source, 1.0 / rank) for rank, source in enumerate(dict.fromkeys(sources), 1)]


def write_run(run: Run, *, tag: str = "ragbot") -> str:
    """The text of a run. Ranks begin with 1."""
    return "".join(
        f"{escape(query)} Q0 {escape(document)} {rank} {score:.6g} {escape(tag)}\n"
        for query, documents in run.items()
        for rank, (document, score) in enumerate(documents, 1)
    )


def write_qrels(qrels: Qrels) -> str:
    """The text of judgements."""
    return "".join(
        f"{escape(query)} 0 {escape(document)} {grade}\n"
        for query, documents in qrels.items()
        for document, grade in documents.items()
    )


def read_run(path: str | os.PathLike[str]) -> dict[str, list[tuple[str, float]]]:
    """A run, names as they stand in the file.

    Raises `TestsetError` with every line that has not six fields, a rank or score that is no number, or a document
    that its query has already.
    """
    file = Path(path)
    problems = Problems(file)
    scores: dict[str, dict[str, float]] = {}
    for number, fields in _fields(file):
        if len(fields) != 6:
            problems.add(number, f"must be `query Q0 document rank score tag`, not {len(fields)} fields")
            continue
        query, _, document, rank, score, _ = fields
        value = _number(score)
        if re.fullmatch(r"-?\d+", rank) is None or value is None:
            problems.add(number, f"rank {rank!r} and score {score!r} must be numbers")
        elif document in scores.setdefault(query, {}):
            problems.add(number, f"document {document!r} is already in the run of query {query!r}")
        else:
            scores[query][document] = value
    problems.raise_any()
    if not scores:
        raise TestsetError(f"{file} has no lines")
    return {
        query: sorted(sorted(found.items(), reverse=True), key=lambda item: -item[1])
        for query, found in scores.items()
    }


def read_qrels(path: str | os.PathLike[str]) -> dict[str, dict[str, int]]:
    """Judgements, names as they stand in the file: TREC's four columns, or BEIR's three with their header.

    Raises `TestsetError` with every line of another shape, and every pair that is judged twice.
    """
    file = Path(path)
    problems = Problems(file)
    grades: dict[str, dict[str, int]] = {}
    for number, fields in _fields(file):
        if number == 1 and fields[0] in ("query-id", "query_id", "qid"):
            continue
        if len(fields) not in (3, 4) or re.fullmatch(r"-?\d+", fields[-1]) is None:
            problems.add(number, "must be `query 0 document grade` or `query document grade`")
            continue
        query, document, grade = fields[0], fields[-2], int(fields[-1])
        if document in grades.setdefault(query, {}):
            problems.add(number, f"document {document!r} is already judged for query {query!r}")
        grades[query][document] = grade
    problems.raise_any()
    if not grades:
        raise TestsetError(f"{file} has no lines")
    return grades


def _fields(file: Path) -> list[tuple[int, list[str]]]:
    """The fields of each line that has any: parted by tabs where there are some, else by white space."""
    found = []
    for number, line in enumerate(read_text(file).split("\n"), 1):
        if line.strip():
            fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
            found.append((number, [field for field in fields if field]))
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
