"""Two rankings -> one, trusting each side as far as it can know.

score = w * dense / max(dense) + (1 - w) * lexical / max(lexical)

A convex combination of normalised scores keeps what ranks throw away, how far apart the candidates are, and
beats reciprocal rank fusion in and out of domain (Bruch, Gai & Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", 2023). The weight w is gated: an embedder that does not know the question's language gets
little of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ragbot.index.question import Question

DENSE_WEIGHT: Final = 0.45
DENSE_WEIGHT_UNKNOWN_LANGUAGE: Final = 0.4
REPEATED_DOCUMENT: Final = 0.83
"""What each further passage of a document keeps of its score: the second of them, the third its square..."""

Ranking = Sequence[tuple[int, float]]


def _normalised(ranking: Ranking) -> dict[int, float]:
    """Scores divided by the best one; below 0 counts as 0."""
    best = max((score for _, score in ranking), default=0.0)
    if best <= 0:
        return {}
    return {position: max(0.0, score / best) for position, score in ranking}


def dense_weight(question: Question) -> float:
    """How far the embedding side is trusted, 0..1."""
    return DENSE_WEIGHT if question.embedder_knows else DENSE_WEIGHT_UNKNOWN_LANGUAGE


def fuse(dense: Ranking, lexical: Ranking, *, question: Question) -> list[tuple[int, float]]:
    """(position, score 0..1), best first. A side that did not propose a passage adds nothing to it."""
    weight = dense_weight(question)
    near, worded = _normalised(dense), _normalised(lexical)
    scores = {
        position: weight * near.get(position, 0.0) + (1 - weight) * worded.get(position, 0.0)
        for position in dict.fromkeys((*near, *worded))
    }
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def spread(ranking: Ranking, documents: Mapping[int, int] | Sequence[int], k: int) -> list[tuple[int, float]]:
    """The best k of a ranking, with passages of documents that stand above already held back a little.

    Greedy, after Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking" (1998), with "same document"
    as the similarity. `documents[position]` names the document of a passage.
    """
    waiting = [(score, position) for position, score in ranking]
    seen: dict[int, int] = {}
    chosen: list[tuple[int, float]] = []
    while waiting and len(chosen) < k:
        worth = [
            (score * REPEATED_DOCUMENT ** seen.get(documents[p], 0), -i)
            for i, (score, p) in enumerate(waiting)
        ]
        score, place = max(worth)
        _, position = waiting.pop(-place)
        chosen.append((position, score))
        seen[documents[position]] = seen.get(documents[position], 0) + 1
    return chosen
