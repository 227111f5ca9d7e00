"""One search: vectors and words propose passages, the reader tells how likely each of the best answers.

message, message in context -> vectors -> the nearest passages -|
words of the message ---------------------> a few more ---------|-> reader -> probabilities -> order
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ragbot.errors import InputError
from ragbot.index import rows
from ragbot.index.arrange import arrange
from ragbot.index.filters import Filters, normal
from ragbot.index.generation import Generation
from ragbot.index.question import Question
from ragbot.text.codes import raised
from ragbot.text.passage import embedded_sentences, own_spans
from ragbot.text.words import query_terms
from ragbot.types import Candidate, Chunk, Hit, Reading, Turn

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.protocols import Reader

WORDED: Final = 4
"""Passages that the words propose beside those of the vectors: codes and names that an embedder has never seen. Ranks
of both sides fused find less than the vectors alone (`scripts/LOG.md`)."""

Ranking = Sequence[tuple[int, float]]
Vector = NDArray[np.float32]


class RowsGone(Exception):
    """Rows of the generation were deleted meanwhile: it is older than readers may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was proposed for a question, before it is read."""

    question: Question
    leans: float
    """Probability that it can only be understood in its conversation."""
    positions: tuple[int, ...]
    """In the order in which the vectors have them."""
    cosines: Mapping[int, float]
    """Position -> cosine with the question."""
    dense: Mapping[int, tuple[int, float]]
    """Position -> rank and cosine, of what the vectors proposed."""
    lexical: Mapping[int, tuple[int, float]]
    """Position -> rank and BM25 score, of what the words proposed."""


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
    allowed = generation.masks.get(key) if key else None
    width = max(width, kb.settings.search.candidates)
    vectors, leans = _vectors(kb, generation, asked)
    near = generation.dense.search(vectors, width, allowed)
    return [
        _found(generation, question, vector, ranking, width=width, allowed=allowed, leans=share)
        for question, vector, ranking, share in zip(asked, vectors, near, leans, strict=True)
    ]


def _vectors(
    kb: KnowledgeBase, generation: Generation, asked: Sequence[Question]
) -> tuple[NDArray[np.float32], list[float]]:
    """Of each message alone and, as far as it leans on that, in its context together, of length 1, shape (questions,
    dimension); and how far each leans."""
    embedder = kb.matching(generation)
    texts = list(dict.fromkeys(text for each in asked for text in (each.original, each.in_context)))
    made = dict(zip(texts, embedder.embed(texts, kind="query"), strict=True))
    alone = np.stack([made[each.original] for each in asked])
    leans = [
        kb.leaning(embedder)(vector) if each.history else 0.0
        for each, vector in zip(asked, alone, strict=True)
    ]
    sums = alone + np.array(leans, np.float32)[:, None] * np.stack([made[each.in_context] for each in asked])
    unit: NDArray[np.float32] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return unit, leans


def _found(
    generation: Generation,
    question: Question,
    vector: Vector,
    near: Ranking,
    *,
    width: int,
    allowed: NDArray[np.bool_] | None,
    leans: float,
) -> Found:
    words = query_terms(question.original, (question.language, *generation.languages))
    worded = generation.lexical.search(words, width, allowed)
    dense, lexical = _ranks(near), _ranks(worded)
    positions = tuple(dict.fromkeys(place for ranking in (near, worded) for place, _ in ranking))
    others = np.array([place for place in positions if place not in dense], np.int64)
    cosines = {place: score for place, (_, score) in dense.items()}
    cosines |= dict(zip(others.tolist(), generation.dense.scores(vector, others).tolist(), strict=True))
    return Found(
        question=question,
        leans=leans,
        positions=tuple(sorted(positions, key=lambda place: -cosines[place])),
        cosines=cosines,
        dense=dense,
        lexical=lexical,
    )


def _ranks(ranking: Ranking) -> dict[int, tuple[int, float]]:
    return {position: (rank, score) for rank, (position, score) in enumerate(ranking, start=1)}


def _read(kb: KnowledgeBase, generation: Generation, positions: Sequence[int]) -> list[Chunk]:
    numbers = generation.rows[np.array(positions, np.int64)].tolist()
    with kb.store.reading() as connection:
        chunks = rows.chunks(connection, numbers)
    if len(chunks) != len(numbers):
        raise RowsGone
    return [chunks[number] for number in numbers]


def _ranked(kb: KnowledgeBase, generation: Generation, found: Found, k: int) -> list[Hit]:
    """The best k: those that were read by their probability, then the others as the vectors have them."""
    most = kb.settings.search.reranker_candidates
    nearest = found.positions[:most]
    worded = [place for place, (rank, _) in found.lexical.items() if rank <= WORDED and place not in nearest]
    read = [*nearest[: most - len(worded)], *worded]
    rest = [place for place in found.positions if place not in set(read)][: max(0, 2 * k - len(read))]
    chunks = _read(kb, generation, [*read, *rest])
    hits = read_passages(kb, generation, found, read, chunks[: len(read)])
    least = min((hit.score for hit in hits), default=1.0)
    for place, chunk in zip(rest, chunks[len(read) :], strict=True):
        hits.append(_hit(found, place, chunk, worth=least * max(0.0, found.cosines[place])))
    return arrange(found.question.original, hits, k)


def read_passages(
    kb: KnowledgeBase, generation: Generation, found: Found, places: Sequence[int], chunks: Sequence[Chunk]
) -> list[Hit]:
    """What the reader makes of the passages at `places`, in their order."""
    texts = [embedded_sentences(chunk) for chunk in chunks]
    most = max((score for _, score in found.lexical.values()), default=0.0) or 1.0
    candidates = [
        Candidate(
            text=text,
            spans=spans,
            cosine=found.cosines[place],
            words=found.lexical[place][1] / most if place in found.lexical else 0.0,
        )
        for place, (text, spans) in zip(places, texts, strict=True)
    ]
    readings = _readings(kb.reader(generation), found, candidates)
    likely = raised(
        found.question.original, (text for text, _ in texts), (each.probability for each in readings)
    )
    hits = []
    for place, chunk, reading, worth in zip(places, chunks, readings, likely, strict=True):
        hit = _hit(found, place, chunk, worth=worth)
        sentence = own_spans(chunk)[reading.sentence] if reading.sentence is not None else None
        hits.append(replace(hit, rerank_score=reading.probability, sentence=sentence))
    return hits


def _readings(reader: Reader, found: Found, candidates: Sequence[Candidate]) -> list[Reading]:
    """Of the message alone, in its context, or of both by how far it leans on that: the law of total probability."""
    alone, context = found.question.original, found.question.in_context
    if found.leans in (0.0, 1.0):
        return reader.read(context if found.leans else alone, candidates)
    both = zip(reader.read(alone, candidates), reader.read(context, candidates), strict=True)
    return [
        replace(
            within if found.leans > 0.5 else by_itself,
            probability=found.leans * within.probability + (1 - found.leans) * by_itself.probability,
        )
        for by_itself, within in both
    ]


def _hit(found: Found, position: int, chunk: Chunk, *, worth: float) -> Hit:
    dense_rank, dense_score = found.dense.get(position, (None, None))
    lexical_rank, lexical_score = found.lexical.get(position, (None, None))
    return Hit(
        chunk=chunk,
        score=worth,
        dense_rank=dense_rank,
        dense_score=dense_score,
        lexical_rank=lexical_rank,
        lexical_score=lexical_score,
    )
