"""Rows -> the report, the report -> JSON, and back.

The JSON is byte for byte the same for the same rows: durations are no part of it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ragbot.errors import InputError
from ragbot.evaluate import metrics
from ragbot.evaluate.curves import curves
from ragbot.evaluate.judge import DIGITS
from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.values import FORMAT, Comparison, EvalReport, Figure, Group, Row, Timing
from ragbot.types import to_plain


def summarise(
    rows: Sequence[Row], timings: Sequence[Timing] = (), *, hashes: Mapping[str, str] | None = None
) -> EvalReport:
    """The report of these rows."""
    confusion: dict[str, Counter[str]] = {}
    for row in rows:
        if row.expected is not None:
            confusion.setdefault(row.expected, Counter())[row.status] += 1
    return EvalReport(
        hashes=dict(sorted((hashes or {}).items())),
        overall=_group(rows),
        by_language={name: _group(some) for name, some in _by(rows, lambda row: (row.language,))},
        by_tag={name: _group(some) for name, some in _by(rows, lambda row: dict.fromkeys(row.tags))},
        confusion={expected: dict(sorted(given.items())) for expected, given in sorted(confusion.items())},
        curves=curves(rows),
        rows=tuple(rows),
        timings=tuple(timings),
    )


def to_json(report: EvalReport, comparison: Comparison | None = None) -> str:
    """One JSON document: keys sorted, floats of 6 decimals, no durations; `comparison` under that key if given."""
    document = {"format": FORMAT, **to_plain(report)}
    del document["timings"]
    if comparison is not None:
        document["comparison"] = to_plain(comparison)
    return (
        json.dumps(_rounded(document), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"
    )


def timings_json(report: EvalReport) -> str:
    """The durations as one JSON document: summary, then each question."""
    document = {
        "unit": "ms",
        "answer": _durations([each.answer_ms for each in report.timings]),
        "search": _durations([each.search_ms for each in report.timings if each.search_ms is not None]),
        "by_question": {
            each.id: {"answer": each.answer_ms, "search": each.search_ms} for each in report.timings
        },
    }
    return json.dumps(_rounded(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def read_report(path: str | os.PathLike[str]) -> EvalReport:
    """A report that `ragbot eval --json` wrote. Raises `InputError` where there is none, or of another format."""
    file = Path(path)
    again = f"make a new one: ragbot eval TESTSET --json {file}"
    try:
        document = json.loads(file.read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise InputError(f"report {file} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"report {file} is no JSON of an evaluation ({error}); {again}") from error
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, Mapping) else None
        raise InputError(f"report {file} has format {found!r}, not {FORMAT}; {again}")
    return _built(document, f"report {file} is damaged", again)


def _built(document: Mapping[str, Any], what: str, again: str) -> EvalReport:
    from pydantic import TypeAdapter, ValidationError

    plain = {name: value for name, value in document.items() if name not in ("format", "comparison")}
    try:
        return TypeAdapter(EvalReport).validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise InputError(f"{what} at {place}: {first['msg']}; {again}") from error


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _group(rows: Sequence[Row]) -> Group:
    from ragbot.evaluate import resample

    clusters = list(dict.fromkeys(row.cluster for row in rows))
    values = {
        name: [(row.cluster, row.measures[name]) for row in rows if name in row.measures] for name in MEASURES
    }
    intervals = resample.intervals([resample.tally(pairs, clusters) for pairs in values.values()])
    return Group(
        n=len(rows),
        figures={
            name: _figure([value for _, value in pairs], interval)
            for (name, pairs), interval in zip(values.items(), intervals, strict=True)
        },
    )


def _figure(values: Sequence[float], interval: tuple[float, float] | None) -> Figure:
    low, high = interval or (None, None)
    return Figure(value=_round(metrics.mean(values)), n=len(values), low=_round(low), high=_round(high))


def _by(
    rows: Sequence[Row], names: Callable[[Row], Sequence[str] | Mapping[str, None]]
) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for name in names(row):
            groups.setdefault(name, []).append(row)
    return sorted(groups.items())


def _durations(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "mean": metrics.mean(values),
        "median": metrics.percentile(values, 0.5),
        "p95": metrics.percentile(values, 0.95),
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
