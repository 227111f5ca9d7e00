"""One search: both sides propose passages, rows are read, the ranker weighs them, and they are put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragbot.errors import InputError
from ragbot.index import rows
from ragbot.index.arrange import arrange
from ragbot.index.filters import Filters, normal
from ragbot.index.generation import Generation
from ragbot.index.question import Question
from ragbot.index.rank import Candidates, Floats, features, probabilities
from ragbot.types import Chunk, Hit, Turn

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase

Ranking = Sequence[tuple[int, float]]
Vector = NDArray[np.float32]


class RowsGone(Exception):
    """Rows of the generation were deleted meanwhile: it is older than readers may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was proposed for a question, before it is weighed."""

    question: Question
    candidates: Candidates
    dense: Mapping[int, tuple[int, float]]
    """Position -> rank and cosine, of what the vectors proposed for the completed message."""
    lexical: Mapping[int, tuple[int, float]]
    """Position -> rank and BM25 score, of what the words proposed, those of the conversation with them if it leans."""

    def features(self, generation: Generation) -> Floats:
        """What the ranker sees, shape (candidates, features)."""
        return features(self.question, self.candidates, generation.lexical)


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
    found = propose(kb, generation, questions=questions, histories=histories, width=k, filters=filters)
    if not found:
        return [[] for _ in questions]
    return [_ranked(kb, generation, each, k) for each in found]


def propose(
    kb: KnowledgeBase,
    generation: Generation,
    *,
    questions: Sequence[str],
    histories: Sequence[Sequence[Turn]],
    width: int = 1,
    filters: Filters | None = None,
) -> list[Found]:
    """What both sides find for each question, at least `settings.search.candidates` and `width` each; nothing at
    all where the generation is empty."""
    key = normal(filters)
    asked = [kb.understand(question, history) for question, history in zip(questions, histories, strict=True)]
    if not asked or not len(generation.rows):
        return []
    embedder = kb.matching(generation)
    allowed = generation.masks.get(key) if key else None
    width = max(width, kb.settings.search.candidates)
    texts = list(dict.fromkeys(t for each in asked for t in (each.dense_text, each.asked_text) if t))
    vectors = dict(zip(texts, embedder.embed(texts, kind="query"), strict=True))
    near = dict(
        zip(texts, generation.dense.search(np.stack(list(vectors.values())), width, allowed), strict=True)
    )
    sides = _Sides(kb=kb, generation=generation, vectors=vectors, near=near, width=width, allowed=allowed)
    return [sides.found(each) for each in asked]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """What the questions of one batch have in common."""

    kb: KnowledgeBase
    generation: Generation
    vectors: Mapping[str, Vector]
    """Of each text that the embedder read."""
    near: Mapping[str, Ranking]
    """What the vectors propose for each of them."""
    width: int
    allowed: NDArray[np.bool_] | None

    def found(self, question: Question) -> Found:
        as_asked, lexical = question.asked_text or question.dense_text, self.generation.lexical
        worded = together = lexical.search(question.terms, self.width, self.allowed)
        if question.turns:
            together = lexical.search({**question.context, **question.terms}, self.width, self.allowed)
        proposed = (self.near[as_asked], self.near[question.dense_text], worded, together)
        positions = np.array(sorted({place for ranking in proposed for place, _ in ranking}), np.int64)
        cosines = completed = self.generation.dense.scores(self.vectors[as_asked], positions)
        if question.dense_text != as_asked:
            completed = self.generation.dense.scores(self.vectors[question.dense_text], positions)
        return Found(
            question=question,
            candidates=Candidates(
                positions=positions,
                cosines=cosines,
                context_cosines=completed,
                chunks=_read(self.kb, self.generation, positions),
            ),
            dense=_ranks(self.near[question.dense_text]),
            lexical=_ranks(together if question.leans else worded),
        )


def _ranks(ranking: Ranking) -> dict[int, tuple[int, float]]:
    return {position: (rank, score) for rank, (position, score) in enumerate(ranking, start=1)}


def _read(kb: KnowledgeBase, generation: Generation, positions: NDArray[np.int64]) -> list[Chunk]:
    numbers = generation.rows[positions].tolist()
    with kb.store.reading() as connection:
        chunks = rows.chunks(connection, numbers)
    if len(chunks) != len(numbers):
        raise RowsGone
    return [chunks[number] for number in numbers]


def _ranked(kb: KnowledgeBase, generation: Generation, found: Found, k: int) -> list[Hit]:
    question, chunks = found.question, found.candidates.chunks
    likely = probabilities(found.features(generation), known=question.embedder_knows)
    wanted = max(k, kb.settings.search.reranker_candidates) if kb.reranks else k
    hits = [
        _hit(found, place, worth) for place, worth in arrange(question.text, chunks, likely.tolist(), wanted)
    ]
    return kb.rerank(question.text, hits)[:k]


def _hit(found: Found, place: int, worth: float) -> Hit:
    position = int(found.candidates.positions[place])
    dense_rank, dense_score = found.dense.get(position, (None, None))
    lexical_rank, lexical_score = found.lexical.get(position, (None, None))
    return Hit(
        chunk=found.candidates.chunks[place],
        score=worth,
        dense_rank=dense_rank,
        dense_score=dense_score,
        lexical_rank=lexical_rank,
        lexical_score=lexical_score,
    )
