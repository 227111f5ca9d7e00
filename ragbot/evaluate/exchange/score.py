"""How well another search finds: the figures of retrieval over a TREC run.

The formulas are those of `ragbot eval`, which counts passages; a run has each document once, so its ranks are of
documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ragbot.errors import InputError
from ragbot.evaluate import metrics
from ragbot.evaluate.exchange.naming import as_retrieved
from ragbot.evaluate.exchange.trec import Run, unescape
from ragbot.evaluate.testset import TWO_DOCUMENT, Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures over the questions that name sources."""

    questions: int
    missing: int
    """How many of them the run lacks; they count as not found."""
    figures: Mapping[str, float]
    """Measure -> mean, 0..1."""


def _recall(k: int) -> Callable[[Sequence[str], Case], float | None]:
    def of(ranked: Sequence[str], case: Case) -> float | None:
        how = metrics.recall_all if TWO_DOCUMENT in case.tags else metrics.recall_any
        return how(ranked, case.sources, k)

    return of


_FIGURES: Mapping[str, Callable[[Sequence[str], Case], float | None]] = {
    "recall@1": _recall(1),
    "recall@5": _recall(5),
    "recall@10": _recall(10),
    "mrr": lambda ranked, case: metrics.reciprocal_rank(metrics.first_rank(ranked, case.sources)),
    "ndcg@5": lambda ranked, case: metrics.ndcg(ranked, case.sources, 5),
    "ndcg@10": lambda ranked, case: metrics.ndcg(ranked, case.sources, 10),
}


def score(cases: Sequence[Case], run: Run, *, depth: int) -> Score:
    """The figures of a run whose names may be escaped, over its first `depth` documents of each question.

    Raises `InputError` where no case names a source, or the run has none of them.
    """
    found = {unescape(query): [unescape(name) for name, _ in ranked] for query, ranked in run.items()}
    judged = [
        case
        for case in as_retrieved(cases, (name for ranked in found.values() for name in ranked))
        if case.sources
    ]
    if not judged:
        raise InputError("no question of the test set names its sources, so that no search can be scored")
    if not {case.id for case in judged} & set(found):
        raise InputError("the run has none of the test set's questions; is it of another one?")
    rankings = [(found.get(case.id, [])[:depth], case) for case in judged]
    means = {
        name: metrics.mean([value for ranked, case in rankings if (value := of(ranked, case)) is not None])
        for name, of in _FIGURES.items()
    }
    return Score(
        questions=len(judged),
        missing=sum(case.id not in found for case in judged),
        figures={name: value for name, value in means.items() if value is not None},
    )
