"""Articles that may help further: other documents that the search found and that may answer. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragbot.index.duplicates import distinct
from ragbot.index.versions import is_outdated
from ragbot.types import Chunk, Citation, Hit, Related

LEAST: Final = 0.1
"""Least probability that an article answers for it to be suggested."""


def related(hits: Sequence[Hit], citations: Sequence[Citation], most: int) -> tuple[Related, ...]:
    """At most `most` documents of `hits` (best first), none that is cited, outdated, or repeats one before it."""
    cited = {citation.source for citation in citations}
    best: dict[str, Chunk] = {}
    for hit in hits:
        chunk = hit.chunk
        if hit.score >= LEAST and chunk.source not in cited and not is_outdated(chunk):
            best.setdefault(chunk.source, chunk)
    shown = [hit.chunk for hit in hits if hit.chunk.source in cited]
    chunks = [*shown, *best.values()]
    kept = [chunks[place] for place in distinct(chunks) if place >= len(shown)]
    return tuple(
        Related(
            source=chunk.source,
            title=chunk.title,
            heading=chunk.heading or str(chunk.meta.get("question", "")),
        )
        for chunk in kept[: max(0, most)]
    )
