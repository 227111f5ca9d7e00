"""Passages with probabilities -> the order in which they are shown: what is outdated or repeats another yields, and no
document takes all the room. Pure functions; knows nothing of how passages are found.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

from ragbot.index.duplicates import distinct
from ragbot.index.versions import trust
from ragbot.types import Chunk

REPEATED_DOCUMENT: Final = 0.4
"""What each further passage of a document keeps of its probability: the second of them, the third its square..."""
_LOOKED_AT: Final = 3
"""How many times as many passages as are wanted are looked through for repetitions and older versions."""

Ranking = Sequence[tuple[int, float]]
"""Places in a list of passages with probabilities, best first."""


def arrange(
    question: str, chunks: Sequence[Chunk], probabilities: Sequence[float], k: int
) -> list[tuple[int, float]]:
    """The best k of the chunks, as (place in `chunks`, worth), best first."""
    order = sorted(range(len(chunks)), key=lambda place: (-probabilities[place], place))[
        : max(_LOOKED_AT * k, 24)
    ]
    kept = trust(question, [chunks[place] for place in order])
    worth = {place: probabilities[place] * share for place, share in zip(order, kept, strict=True)}
    order.sort(key=lambda place: -worth[place])
    told = [order[i] for i in distinct([chunks[place] for place in order])]
    return spread([(place, worth[place]) for place in told], [_owner(chunk) for chunk in chunks], k)


def _owner(chunk: Chunk) -> Hashable:
    """What passages may not crowd out others together: their document, or in a file of many records their record."""
    if chunk.meta.get("kind") in ("faq", "row"):
        return (chunk.document_id, chunk.start)
    return (chunk.document_id, chunk.meta.get("record_number"))


def spread(ranking: Ranking, owners: Sequence[Hashable], k: int) -> list[tuple[int, float]]:
    """The best k of a ranking, with passages of owners that stand above already held back a little.

    Greedy, after Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking" (1998), with "same owner" as the
    similarity. `owners[place]` names the owner of a passage.
    """
    waiting = list(ranking)
    seen: dict[Hashable, int] = {}
    chosen: list[tuple[int, float]] = []
    while waiting and len(chosen) < k:
        worth = [
            (score * REPEATED_DOCUMENT ** seen.get(owners[place], 0), -i)
            for i, (place, score) in enumerate(waiting)
        ]
        score, number = max(worth)
        place, _ = waiting.pop(-number)
        chosen.append((place, score))
        seen[owners[place]] = seen.get(owners[place], 0) + 1
    return chosen
