"""One question and what came of it -> a `Row` of measures, and nothing that differs between machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragbot.evaluate import metrics
from ragbot.evaluate.testset import TWO_DOCUMENT, Case
from ragbot.types import Answer, Status

DEPTH = 10
"""How many passages retrieval is measured on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one question gave. None: the measure does not apply to this question."""

    id: str
    language: str
    tags: tuple[str, ...]
    question: str
    expected: Status | None
    status: Status
    reason: str
    answer: str
    cited: tuple[str, ...]
    """Sources of the citations, in order, without repeats."""
    rank: int | None
    """Rank of the first passage from a right source among the first `DEPTH`; None if none or not measured."""
    reciprocal_rank: float | None
    recall_1: float | None
    recall_5: float | None
    fact_said: bool | None
    """The answer says one alternative of every `must_contain` group."""
    forbidden_said: tuple[str, ...] | None
    """What it says of `must_not_contain`."""
    right_cited: bool | None
    """Given an answer: a right source is among its citations."""
    supported_share: float | None
    """Share of the answer's claims that the passages support."""
    token_f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A row and the milliseconds it took: apart, because only the row is the same on every machine."""

    row: Row
    search_ms: float | None
    answer_ms: float


def judge(case: Case, answer: Answer, ranked: Sequence[str] | None) -> Row:
    """The row of a case, its answer, and the sources of the passages found (None: not searched)."""
    cited = tuple(dict.fromkeys(citation.source for citation in answer.citations))
    rank = metrics.first_rank(ranked, case.sources) if ranked is not None else None
    answered = answer.status == "answered"
    supported = [float(claim.verdict == "supported") for claim in answer.claims]
    said = [one for one in case.must_not_contain if metrics.contains(answer.text, one)]
    return Row(
        id=case.id,
        language=case.language,
        tags=case.tags,
        question=case.question,
        expected=case.expect,
        status=answer.status,
        reason=answer.reason,
        answer=answer.text,
        cited=cited,
        rank=rank,
        reciprocal_rank=metrics.reciprocal_rank(rank) if ranked is not None else None,
        recall_1=_recall(case, ranked, 1),
        recall_5=_recall(case, ranked, 5),
        fact_said=metrics.contains_groups(answer.text, case.must_contain) if case.must_contain else None,
        forbidden_said=tuple(said) if case.must_not_contain else None,
        right_cited=any(one in case.sources for one in cited) if answered and case.sources else None,
        supported_share=metrics.mean(supported) if answered else None,
        token_f1=_token_f1(case, answer),
    )


def _recall(case: Case, ranked: Sequence[str] | None, k: int) -> float | None:
    if ranked is None:
        return None
    if TWO_DOCUMENT in case.tags:
        return metrics.recall_all(ranked, case.sources, k)
    return metrics.recall_any(ranked, case.sources, k)


def _token_f1(case: Case, answer: Answer) -> float | None:
    if not case.reference or case.expect != "answered":
        return None
    return metrics.token_f1(answer.text, case.reference) if answer.status == "answered" else 0.0
