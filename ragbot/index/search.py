"""One search: both sides propose, fusion orders, rows are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragbot.errors import InputError
from ragbot.index import rows
from ragbot.index.filters import Filters, normal
from ragbot.index.fuse import fuse, spread
from ragbot.index.generation import Generation
from ragbot.types import Chunk, Hit, Turn

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase

Ranking = Sequence[tuple[int, float]]


class RowsGone(Exception):
    """Rows of the generation were deleted meanwhile: it is older than readers may be."""


def search(
    kb: KnowledgeBase,
    generation: Generation,
    *,
    questions: Sequence[str],
    histories: Sequence[Sequence[Turn]],
    k: int | None,
    filters: Filters | None,
) -> list[list[Hit]]:
    """The hits of each question in `generation`, best first. Raises `RowsGone`, `InputError`."""
    k = kb.settings.search.k if k is None else k
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise InputError(f"k must be a whole number of at least 1, not {k!r}")
    key = normal(filters)
    asked = [kb.understand(question, history) for question, history in zip(questions, histories, strict=True)]
    if not asked or not len(generation.rows):
        return [[] for _ in asked]
    embedder = kb.matching(generation)
    allowed = generation.masks.get(key, kb.store, generation.revision, generation.documents) if key else None
    vectors = embedder.embed([question.dense_text for question in asked], kind="query")
    width = max(k, kb.settings.search.candidates)
    dense = generation.dense.search(vectors, width, allowed)
    lexical = [generation.lexical.search(question.terms, width, allowed) for question in asked]
    fused: list[Ranking] = []
    for question, near, worded in zip(asked, dense, lexical, strict=True):
        ranking = fuse(near, worded, question=question)
        documents = {position: int(generation.documents[position]) for position, _ in ranking}
        fused.append(spread(ranking, documents, k))
    found = _read(kb, generation, {position for ranking in fused for position, _ in ranking})
    return [_hits(*sides, found) for sides in zip(fused, dense, lexical, strict=True)]


def _read(kb: KnowledgeBase, generation: Generation, positions: set[int]) -> dict[int, Chunk]:
    numbers = {position: int(generation.rows[position]) for position in positions}
    with kb.store.reading() as connection:
        chunks = rows.chunks(connection, numbers.values())
    if len(chunks) != len(numbers):
        raise RowsGone
    return {position: chunks[number] for position, number in numbers.items()}


def _hits(fused: Ranking, dense: Ranking, lexical: Ranking, chunks: dict[int, Chunk]) -> list[Hit]:
    near = {position: (rank, score) for rank, (position, score) in enumerate(dense, start=1)}
    worded = {position: (rank, score) for rank, (position, score) in enumerate(lexical, start=1)}
    hits = []
    for position, score in fused:
        dense_rank, dense_score = near.get(position, (None, None))
        lexical_rank, lexical_score = worded.get(position, (None, None))
        hits.append(
            Hit(
                chunk=chunks[position],
                score=score,
                dense_rank=dense_rank,
                dense_score=dense_score,
                lexical_rank=lexical_rank,
                lexical_score=lexical_score,
            )
        )
    return hits
