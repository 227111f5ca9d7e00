"""Rows -> figures: every measure with its count and interval, overall, per language and per tag.

`to_json` is the same for the same rows on every machine; durations stand apart under `timings`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragbot.errors import GateFailed, InputError
from ragbot.evaluate import metrics
from ragbot.evaluate.judge import Result, Row
from ragbot.types import to_plain

FORMAT = 1
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measure over `n` questions; all None where no question applies."""

    value: float | None
    n: int
    low: float | None = None
    """95 % interval: Wilson's for rates, bootstrap for means; None for a mean of fewer than two."""
    high: float | None = None
    count: int | None = None
    """Of a rate: how many of the `n`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of some rows."""

    n: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """All that an evaluation found."""

    overall: Group
    by_language: Mapping[str, Group]
    by_tag: Mapping[str, Group]
    confusion: Mapping[str, Mapping[str, int]]
    """Expected status -> given status -> how many."""
    rows: tuple[Row, ...]
    timings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """One JSON document: keys sorted, floats rounded to 6 digits, all but `timings` reproducible."""
        questions = "\n".join(f"{row.id}\t{row.question}" for row in self.rows)
        document = {
            "format": FORMAT,
            "questions_sha256": hashlib.sha256(questions.encode()).hexdigest(),
            **to_plain(self),
        }
        return json.dumps(_rounded(document), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)


def _right(row: Row) -> bool:
    """Answered, with every fact and nothing forbidden."""
    return row.status == "answered" and row.fact_said is not False and not row.forbidden_said


def _answer_precision(row: Row) -> bool | None:
    """Of a given answer that can be judged: was one due, and is it right?"""
    if row.status != "answered" or row.expected is None:
        return None
    if row.expected != "answered":
        return False
    return None if row.fact_said is None and row.forbidden_said is None else _right(row)


_RATES: Mapping[str, Callable[[Row], bool | None]] = {
    "status_accuracy": lambda row: None if row.expected is None else row.status == row.expected,
    "answer_rate": lambda row: row.status == "answered" if row.expected == "answered" else None,
    "right_fact_rate": lambda row: (
        _right(row) if row.expected == "answered" and row.fact_said is not None else None
    ),
    "answer_precision": _answer_precision,
    "abstention_rate": lambda row: row.status == "abstained" if row.expected == "abstained" else None,
    "false_answer_rate": lambda row: row.status == "answered" if row.expected == "abstained" else None,
    "forbidden_rate": lambda row: None if row.forbidden_said is None else bool(row.forbidden_said),
    "right_cited_rate": lambda row: row.right_cited,
}
_MEANS: Mapping[str, Callable[[Row], float | None]] = {
    "recall@1": lambda row: row.recall_1,
    "recall@5": lambda row: row.recall_5,
    "mrr": lambda row: row.reciprocal_rank,
    "supported_share": lambda row: row.supported_share,
    "token_f1": lambda row: row.token_f1,
}
METRICS: tuple[str, ...] = (*_RATES, *_MEANS)
"""Names of all figures, as the report and the gates use them."""


def summarise(results: Sequence[Result]) -> EvalReport:
    """The report of these results."""
    rows = tuple(result.row for result in results)
    confusion: dict[str, Counter[str]] = {}
    for row in rows:
        if row.expected is not None:
            confusion.setdefault(row.expected, Counter())[row.status] += 1
    return EvalReport(
        overall=_group(rows),
        by_language={name: _group(some) for name, some in _by(rows, lambda row: (row.language,))},
        by_tag={name: _group(some) for name, some in _by(rows, lambda row: row.tags)},
        confusion={expected: dict(sorted(given.items())) for expected, given in sorted(confusion.items())},
        rows=rows,
        timings=_timings(results),
    )


def check_gates(report: EvalReport, *, minimum: Mapping[str, float], maximum: Mapping[str, float]) -> None:
    """Raises `GateFailed` naming every figure below its minimum or above its maximum, or without cases."""
    failed: list[str] = []
    for name, figure in report.overall.figures.items():
        least, most = minimum.get(name, 0.0), maximum.get(name, 1.0)
        if name not in minimum and name not in maximum:
            continue
        if figure.value is None:
            failed.append(f"{name} has no questions to be measured on")
        elif figure.value < least:
            failed.append(f"{name} is {figure.value:.4f} (n={figure.n}), below {least:g}")
        elif figure.value > most:
            failed.append(f"{name} is {figure.value:.4f} (n={figure.n}), above {most:g}")
    if failed:
        raise GateFailed("gate failed: " + "; ".join(failed))


def parse_gates(texts: Iterable[str]) -> dict[str, float]:
    """`right_fact_rate=0.8` and the like to a mapping. Raises `InputError` for what is no known figure."""
    gates: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in METRICS:
            raise InputError(f"gate {text!r} names no figure; there are {', '.join(METRICS)}")
        try:
            gates[name] = float(value)
        except ValueError as error:
            raise InputError(f"gate {text!r} has no number after =") from error
        if not 0 <= gates[name] <= 1:
            raise InputError(f"gate {text!r} lies outside 0..1, where all figures are")
    return gates


def _group(rows: Sequence[Row]) -> Group:
    figures: dict[str, Figure] = {}
    for name, applies in _RATES.items():
        flags = [flag for row in rows if (flag := applies(row)) is not None]
        low, high = metrics.wilson(sum(flags), len(flags)) or (None, None)
        value = sum(flags) / len(flags) if flags else None
        count = sum(flags) if flags else None
        figures[name] = Figure(value=value, n=len(flags), low=low, high=high, count=count)
    for name, measure in _MEANS.items():
        values = [value for row in rows if (value := measure(row)) is not None]
        low, high = metrics.bootstrap_mean(values) or (None, None)
        figures[name] = Figure(value=metrics.mean(values), n=len(values), low=low, high=high)
    return Group(n=len(rows), figures=figures)


def _by(rows: Sequence[Row], names: Callable[[Row], Sequence[str]]) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for name in names(row):
            groups.setdefault(name, []).append(row)
    return sorted(groups.items())


def _timings(results: Sequence[Result]) -> dict[str, Any]:
    answers = [result.answer_ms for result in results]
    searches = [result.search_ms for result in results if result.search_ms is not None]
    return {
        "unit": "ms",
        "answer": {"median": metrics.percentile(answers, 0.5), "p95": metrics.percentile(answers, 0.95)},
        "search": {"median": metrics.percentile(searches, 0.5), "p95": metrics.percentile(searches, 0.95)},
        "by_question": {
            each.row.id: {"answer": each.answer_ms, "search": each.search_ms} for each in results
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
