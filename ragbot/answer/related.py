"""Articles that may help further: other documents that the search found and that come near to answering. Pure
functions over passages that were weighed.

The floors were chosen on the development half of the sample's test set: of the questions about two documents, the
one that the answer does not cite; of the answerable questions that were not answered, the one that holds the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragbot.answer.evidence import Scored
from ragbot.index.duplicates import distinct
from ragbot.index.versions import trust
from ragbot.types import Chunk, Citation, Hit, Related

BESIDE_ANSWER: Final = 0.04
"""Least probability to answer the question of an article beside an answer."""
INSTEAD_OF_ANSWER: Final = 0.1
"""The same where there is no answer: a wrong lead costs more there."""


def related(
    hits: Sequence[Hit], scored: Sequence[Scored], citations: Sequence[Citation], most: int
) -> tuple[Related, ...]:
    """At most `most` documents, the likeliest first, none that is cited, outdated, or repeats one before it.

    `scored` are the pieces of `hits` (`Scorer.score`). Without `citations` the articles stand in for an answer.
    """
    if most < 1 or not scored:
        return ()
    floor = BESIDE_ANSWER if citations else INSTEAD_OF_ANSWER
    cited = {citation.source for citation in citations}
    trusted = trust("", [hit.chunk for hit in hits])
    best: dict[str, Chunk] = {}
    for item in sorted(scored, key=lambda each: -each.probability):
        chunk = hits[item.unit.hit].chunk
        wanted = item.probability >= floor and chunk.source not in cited and trusted[item.unit.hit] == 1
        if wanted and chunk.source not in best:
            best[chunk.source] = chunk
    shown = [hit.chunk for hit in hits if hit.chunk.source in cited]
    chunks = [*shown, *best.values()]
    kept = [chunks[place] for place in distinct(chunks) if place >= len(shown)]
    return tuple(
        Related(
            source=chunk.source,
            title=chunk.title,
            heading=chunk.heading or str(chunk.meta.get("question", "")),
        )
        for chunk in kept[:most]
    )
