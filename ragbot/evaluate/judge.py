"""One question and what came of it -> a `Row`, with nothing in it that differs between two runs."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.reading import Sample, facts_missing, forbidden
from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import Row
from ragbot.types import Claim

DEPTH = 10
"""How many passages retrieval is measured on."""
DIGITS = 6
"""Decimals of all figures: rows are rounded once, so that a report read back equals the one that was written."""


def judge(sample: Sample) -> Row:
    """The row of a question."""
    case, answer = sample.case, sample.answer
    found = ((name, measure.of(sample)) for name, measure in MEASURES.items())
    measures = {name: round(value, DIGITS) for name, value in found if value is not None}
    return Row(
        id=case.id,
        cluster=cluster(case),
        language=case.language,
        tags=case.tags,
        question=case.question,
        expected=case.expect,
        status=answer.status,
        reason=answer.reason,
        answer=answer.text,
        confidence=round(answer.confidence, DIGITS),
        retrieved=sample.ranked or (),
        claims=tuple(_rounded(claim) for claim in answer.claims),
        citations=answer.citations,
        measures=measures,
        problems=_problems(sample),
        history=case.history,
        reference=case.reference,
    )


def cluster(case: Case) -> str:
    """The conversation of a case: what the test set says, else told by the customer's first message.

    So conversations that begin with the same words are one. That is cautious: intervals only get wider.
    """
    if case.conversation:
        return case.conversation
    first = next((turn.text for turn in case.history if turn.role == "user"), case.question)
    return hashlib.sha256(first.encode()).hexdigest()[:12]


def _rounded(claim: Claim) -> Claim:
    return replace(claim, support=round(claim.support, DIGITS))


def _problems(sample: Sample) -> tuple[str, ...]:
    case, answer = sample.case, sample.answer
    found: list[str] = []
    if case.expect is not None and answer.status != case.expect:
        found.append(f"{answer.status}, not {case.expect}")
    elif facts_missing(sample):
        found.append("fact missing")
    if said := forbidden(sample):
        found.append("says " + ", ".join(map(repr, said)))
    if sample.ranked is not None and not set(sample.ranked) & set(case.sources):
        found.append("source not found")
    if sample.answered:
        failed = sum(claim.verdict != "supported" for claim in answer.claims)
        if failed:
            found.append(f"{failed} of {len(answer.claims)} claims not supported")
        if not all(sample.exact):
            found.append("quote not in its document")
    return tuple(found)
