"""Exact vector search: equal to brute force, filtered inside, never padded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ragbot.index.dense import Dense


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


def test_it_survives_storage() -> None:
    """Bytes give the same index back, an empty one too."""
    for size in (0, 50):
        index = Dense.build(unit(size))
        again = Dense.from_bytes(index.to_bytes())
        assert len(again) == size
        assert again.search(unit(2, seed=3), 5) == index.search(unit(2, seed=3), 5)
        assert np.array_equal(again.vectors(), unit(size))
