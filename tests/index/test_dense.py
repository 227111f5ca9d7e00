"""Exact vector search: equal to brute force, filtered inside, never padded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragbot.index.dense import Dense, Vectors


def unit(size: int, dimension: int = 16, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((size, dimension)).astype(np.float32)
    found: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def test_it_equals_brute_force() -> None:
    """The best k by inner product, best first, for several queries at once."""
    vectors, queries = unit(200), unit(5, seed=1)
    for query, found in zip(queries, Dense.build(vectors).search(queries, 10), strict=True):
        scores = vectors @ query
        assert [position for position, _ in found] == np.argsort(-scores)[:10].tolist()
        assert [score for _, score in found] == pytest.approx(np.sort(scores)[::-1][:10].tolist(), abs=1e-5)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_it_is_never_padded(size: int) -> None:
    """k beyond the number of vectors gives as many as there are, never position -1."""
    (found,) = Dense.build(unit(size)).search(unit(1, seed=1), 10)
    assert sorted(position for position, _ in found) == list(range(size))


def test_the_filter_works_inside_the_search() -> None:
    """k results come back although all of the nearest are forbidden; none where nothing is allowed."""
    vectors, query = unit(100), unit(1, seed=1)
    order = np.argsort(-(vectors @ query[0]))
    allowed = np.zeros(100, bool)
    allowed[order[-7:]] = True
    (found,) = Dense.build(vectors).search(query, 5, allowed)
    assert [position for position, _ in found] == order[-7:-2].tolist()
    (found,) = Dense.build(vectors).search(query, 20, allowed)
    assert len(found) == 7
    assert Dense.build(vectors).search(query, 5, np.zeros(100, bool)) == [[]]


@pytest.mark.parametrize("exact", [1000, 100])
@pytest.mark.parametrize("size", [0, 50, 800])
def test_it_survives_storage(tmp_path: Path, size: int, exact: int) -> None:
    """A file gives the same index back: an empty, an exact and a partitioned one."""
    index = Vectors.build(size, 16, unit(size).__getitem__, exact=exact)
    index.write(tmp_path / "index")
    again = Vectors.read(memoryview((tmp_path / "index").read_bytes()))
    assert len(again) == size
    assert again.search(unit(2, seed=3), 5, None) == index.search(unit(2, seed=3), 5, None)
    if size:
        assert again.at(np.array([3, 1])) == pytest.approx(unit(size)[[3, 1]], abs=1e-3)


def test_a_large_segment_is_partitioned_and_still_finds_the_best() -> None:
    """Above the bound an index looks at a part of the vectors; it finds nearly all of the best ten."""
    vectors, queries = unit(6000, 8), unit(50, 8, seed=1)
    found = Vectors.build(6000, 8, vectors.__getitem__, exact=1000).search(queries, 10, None)
    best = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    assert (
        np.mean([len({p for p, _ in f} & set(b)) / 10 for f, b in zip(found, best.tolist(), strict=True)])
        > 0.95
    )


@pytest.mark.parametrize("count", [1, 5, 40, 3000])
def test_a_partitioned_index_gives_k_results_where_k_are_allowed(count: int) -> None:
    """However few positions are allowed, wherever they lie: as many come back as an exact search finds."""
    vectors, queries = unit(6000, 8), unit(20, 8, seed=1)
    allowed = np.zeros(6000, bool)
    allowed[np.random.default_rng(2).permutation(6000)[:count]] = True
    for found in Vectors.build(6000, 8, vectors.__getitem__, exact=1000).search(queries, 10, allowed):
        assert len(found) == min(10, count)
        assert allowed[[position for position, _ in found]].all()


def test_segments_are_one_index() -> None:
    """Vectors in several segments are found as in one, best first, at positions that go on from one to the next."""
    vectors, queries = unit(100), unit(3, seed=1)
    whole = Dense.build(vectors)
    live = np.ones(100, bool)
    live[[3, 50, 99]] = False
    parts = [Vectors.build(len(each), 16, each.__getitem__) for each in np.split(vectors, [40, 41])]
    parted, allowed = Dense(parts, live), np.arange(100) % 2 == 1
    assert len(parted) == 100
    for k in (1, 10, 200):
        for mask in (None, allowed):
            expected = whole.search(queries, k, live if mask is None else live & mask)
            for found, wanted in zip(parted.search(queries, k, mask), expected, strict=True):
                assert [position for position, _ in found] == [position for position, _ in wanted]
                assert dict(found) == pytest.approx(dict(wanted), abs=1e-6)


def test_scores_are_the_cosines_at_positions() -> None:
    """Of any positions in any order, over all segments; none for none."""
    vectors, query = unit(100), unit(1, seed=1)[0]
    dense = Dense([Vectors.build(len(each), 16, each.__getitem__) for each in np.split(vectors, [40])])
    positions = np.array([99, 0, 39, 40, 0])
    assert dense.scores(query, positions) == pytest.approx(vectors[positions] @ query, abs=1e-6)
    assert dense.scores(query, positions[:0]).shape == (0,)
