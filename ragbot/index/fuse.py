"""Two rankings -> one, trusting each side as far as it can know.

score = w * dense / max(dense) + (1 - w) * lexical / max(lexical)

A convex combination of normalised scores keeps what ranks throw away, how far apart the candidates are, and
beats reciprocal rank fusion in and out of domain (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", 2023). The weight w is gated: an embedder that does not know the question's language gets
little of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragbot.index.query import QueryView

DENSE_WEIGHT: Final = 0.5
DENSE_WEIGHT_UNKNOWN_LANGUAGE: Final = 0.15

Ranking = Sequence[tuple[int, float]]


def _normalised(ranking: Ranking) -> dict[int, float]:
    """Scores divided by the best one; below 0 counts as 0."""
    best = max((score for _, score in ranking), default=0.0)
    if best <= 0:
        return {}
    return {position: max(0.0, score / best) for position, score in ranking}


def dense_weight(query: QueryView) -> float:
    """How far the embedding side is trusted, 0..1."""
    return DENSE_WEIGHT if query.question.embedder_knows else DENSE_WEIGHT_UNKNOWN_LANGUAGE


def fuse(dense: Ranking, lexical: Ranking, *, query: QueryView) -> list[tuple[int, float]]:
    """(position, score 0..1), best first. A side that did not propose a passage adds nothing to it."""
    weight = dense_weight(query)
    near, worded = _normalised(dense), _normalised(lexical)
    scores = {
        position: weight * near.get(position, 0.0) + (1 - weight) * worded.get(position, 0.0)
        for position in dict.fromkeys((*near, *worded))
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
