"""Evaluations that tests read at a glance: rows with the measures that matter to them, and reports over rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragbot.evaluate.summary import summarise
from ragbot.evaluate.values import EvalReport, Row
from ragbot.types import Claim, Status, Verdict


def row(
    name: str,
    measures: Mapping[str, float] | None = None,
    *,
    cluster: str = "",
    question: str = "",
    expected: Status | None = "answered",
    status: Status = "answered",
    answer: str = "It takes 5 days.",
    confidence: float = 0.5,
    verdicts: Sequence[Verdict] = ("supported",),
) -> Row:
    """The row of question `name`; a conversation of its own unless `cluster` names one."""
    return Row(
        id=name,
        cluster=cluster or name,
        language="en",
        tags=(),
        question=question or f"{name}?",
        expected=expected,
        status=status,
        reason="",
        answer=answer,
        confidence=confidence,
        retrieved=(),
        claims=tuple(Claim(text="x", verdict=each, support=0.5) for each in verdicts),
        citations=(),
        measures={measure: float(value) for measure, value in (measures or {}).items()},
    )


def report(rows: Sequence[Row], **hashes: str) -> EvalReport:
    """The report over these rows, made by a bot of these hashes."""
    return summarise(rows, hashes=hashes)
