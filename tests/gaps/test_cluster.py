"""Average linkage, held against scipy's, and how alike two questions are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from quick import HashedEmbedder
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from ragbot.gaps import cluster
from ragbot.gaps.cluster import Compared, groups

Floats = NDArray[np.float32]


def alike(seed: int, count: int) -> Floats:
    """Of points around some centres, without ties."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, count // 5), 12))
    points = centres[rng.integers(0, len(centres), count)] + rng.normal(size=(count, 12)) * 0.5
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found: Floats = np.clip((points @ points.T + 1) / 2, 0, 1).astype(np.float32)
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 60), least=st.floats(0.5, 0.95))
def test_groups_are_those_of_another_implementation(seed: int, count: int, least: float) -> None:
    """The same groups as scipy's average linkage, cut at the same height."""
    matrix = alike(seed, count)
    distances = 1 - matrix.astype(float)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform((distances + distances.T) / 2, checks=False), "average")
    labels = fcluster(tree, 1 - least, "distance")
    expected = sorted(sorted(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels))
    assert groups(matrix.copy(), least=least) == expected


def test_the_fewest_questions() -> None:
    """None, one, two alike, two not."""
    assert groups(np.zeros((0, 0), np.float32)) == []
    assert groups(np.ones((1, 1), np.float32)) == [[0]]
    assert groups(np.ones((2, 2), np.float32)) == [[0, 1]]
    assert groups(np.eye(2, dtype=np.float32)) == [[0], [1]]


def test_equal_likenesses_come_to_an_end() -> None:
    """Ties are joined in some order, the same each time."""
    assert groups(np.full((50, 50), 0.9, np.float32)) == [list(range(50))]


def test_the_most_central_stands_first() -> None:
    """It is most like all others; what was asked often weighs more."""
    texts = ["can I pay with bitcoin", "pay with bitcoin", "bitcoin please", "is it sunny"]
    compared = Compared(texts, HashedEmbedder())
    assert compared.central([0, 1, 2, 3], [1, 1, 1, 1])[0] == 1
    assert compared.central([0, 1, 2, 3], [1, 1, 1, 50])[0] == 3


def test_a_sketch_is_near_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many questions a sketch of the words is compared: likenesses stay within its noise."""
    rng = np.random.default_rng(1)
    words = [f"word{number}" for number in range(80)]
    texts = [" ".join(rng.choice(words, 6)) for _ in range(60)]
    whole = Compared(texts, HashedEmbedder()).matrix()
    monkeypatch.setattr(cluster, "_EXACT", 10)
    sketch = Compared(texts, HashedEmbedder()).matrix()
    assert np.abs(whole - sketch).max() < 0.08
    assert 0 < np.abs(whole - sketch).mean() < 0.02


def test_what_all_share_tells_nothing_apart() -> None:
    """With the field's own texts as background, two questions that share but its words are less alike."""
    texts = ["lamp lamp refund", "lamp lamp colour"]
    near = Compared(texts, HashedEmbedder()).matrix()[0, 1]
    field = Compared(texts, HashedEmbedder(), background=["lamp lamp lamp", "lamp lamp"]).matrix()[0, 1]
    assert field < near
