"""What the vector side of a large knowledge base finds, and what both sides take, for `bench_scale.py`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.index.generation import Generation
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.text.words import query_terms

_BATCH = 16_384


def quality(kb: KnowledgeBase, questions: list[str], shelf_value: str, kept: Path) -> dict[str, float]:
    """Recall@10 of the vector side, and what each side takes."""
    generation = kb.generations.get()
    understood = [kb.understand(question) for question in questions]
    vectors = kb.embedder.embed([each.original for each in understood], kind="query")
    shelf = generation.masks.get((("shelf", (shelf_value,)),))
    if not kept.is_file():
        masks = {"all": np.ones(len(shelf), bool), "shelf": shelf}
        np.savez(kept, **exact(kb, generation, vectors, masks), allow_pickle=False)
    best, found = np.load(kept, allow_pickle=False), {}
    for name, mask in (("all", None), ("shelf", shelf)):
        rows = [
            [int(generation.rows[p]) for p, _ in each[:10]]
            for each in generation.dense.search(vectors, 50, mask)
        ]
        shares = [len(set(own) & set(true)) / 10 for own, true in zip(rows, best[name].tolist(), strict=True)]
        found[f"recall@10 of the vectors, {name}"] = statistics.mean(shares)
    return found | sides(kb, generation, questions)


def sides(kb: KnowledgeBase, generation: Generation, questions: list[str]) -> dict[str, float]:
    """What of a search the indexes take: 50 candidates by vectors and 50 by words; and with the embedding before.
    What is left is understanding the question, reading the candidates' rows and ranking them, whatever the size."""
    taken: dict[str, list[float]] = {"vectors alone": [], "words alone": [], "embedding and both": []}
    for question in questions:
        understood = kb.understand(question)
        started = time.perf_counter()
        vector = kb.embedder.embed([understood.original], kind="query")
        embedded = time.perf_counter()
        generation.dense.search(vector, 50)
        between = time.perf_counter()
        generation.lexical.search(query_terms(question, ("en",)), 50)
        ended = time.perf_counter()
        for side, seconds in zip(taken, (between - embedded, ended - between, ended - started), strict=True):
            taken[side].append(1000 * seconds)
    found = {f"{side}, median ms": statistics.median(each) for side, each in taken.items()}
    both = taken["embedding and both"]
    return found | {"embedding and both, 95th percentile ms": statistics.quantiles(both, n=20)[-1]}


def exact(
    kb: KnowledgeBase,
    generation: Generation,
    queries: NDArray[np.float32],
    masks: dict[str, NDArray[np.bool_]],
) -> dict[str, NDArray[np.int64]]:
    """Rows of the best ten by the stored vectors, for each mask."""
    best = {name: [(np.zeros(0), np.zeros(0, np.int64))] * len(queries) for name in masks}
    for positions, vectors in stored(kb, generation):
        scores = queries @ vectors.T
        for name, mask in masks.items():
            here = np.flatnonzero(mask[positions])
            for i, (old, rows) in enumerate(best[name]):
                together = np.concatenate([old, scores[i, here]])
                numbers = np.concatenate([rows, generation.rows[positions[here]]])
                order = np.argsort(-together)[:10]
                best[name][i] = together[order], numbers[order]
    return {name: np.array([rows for _, rows in each]) for name, each in best.items()}


def stored(
    kb: KnowledgeBase, generation: Generation
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """The vectors of SQLite, some thousands at a time, with their positions in the generation."""
    query = "SELECT c.row, e.vector FROM chunks c JOIN embeddings e ON e.key = c.vector_key ORDER BY c.row"
    with kb.store.reading() as connection:
        cursor = connection.execute(query)
        while found := cursor.fetchmany(_BATCH):
            rows = np.array([row for row, _ in found], np.int64)
            vectors = np.frombuffer(b"".join(blob for _, blob in found), "<f4").reshape(len(rows), -1)
            here = np.isin(rows, generation.rows) & ~np.isin(rows, generation.dead)
            yield np.searchsorted(generation.rows, rows[here]), vectors[here]
