"""Hits -> the order in which they are shown: what is outdated yields, what repeats another is left out. Pure functions;
knows nothing of how passages are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragbot.index.duplicates import distinct
from ragbot.index.versions import trust
from ragbot.types import Hit


def arrange(question: str, hits: Sequence[Hit], k: int) -> list[Hit]:
    """The best k of the hits, best first, each with its score as far as its document is trusted."""
    kept = trust(question, [hit.chunk for hit in hits])
    worth = [replace(hit, score=hit.score * share) for hit, share in zip(hits, kept, strict=True)]
    worth.sort(key=lambda hit: -hit.score)
    return [worth[place] for place in distinct([hit.chunk for hit in worth])][:k]
