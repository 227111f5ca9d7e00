"""All rows that an intent model learns from, compared with one another: by embedding, words and letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ragbot.dialogue.classify.labelled import Gloss, Row
from ragbot.dialogue.classify.likeness import SELF, Grams, Seen, Space, counts, near, readable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragbot.protocols import Embedder

    Floats = NDArray[np.float32]

_COVERED: Final = 0.7
"""Cosine to an intent's row from which on an everyday sentence speaks of that intent."""
_BLOCK: Final = 512


def seen_apart(rows: Sequence[Row], embedder: Embedder, gloss: Gloss | None) -> tuple[list[Row], Space, Seen]:
    """The rows without those everyday sentences that some intent does cover, and how they are compared."""
    read = [readable(row.text, embedder.languages, gloss) for row in rows]
    vectors = embedder.embed([text for text, _ in read], kind="query")
    common = np.array([row.kind == "everyday" for row in rows])
    read_well = np.array([trust for _, trust in read]) >= 0.5  # vectors of other texts are all alike
    told = ~common & read_well
    nearest = (vectors @ vectors[told].T).max(axis=1, initial=0)
    kept = [int(at) for at in np.flatnonzero(~common | (nearest < _COVERED))]
    counted = [counts(rows[at].text) for at in kept]
    space = Space.of(vectors[kept], counted)
    return [rows[at] for at in kept], space, space.see(vectors[kept], [read[at][1] for at in kept], counted)


def of_best(scores: Floats, likest: Floats) -> Floats:
    """(n,) the column of each row's best score."""
    return np.take_along_axis(likest, scores.argmax(axis=1)[:, None], axis=1)[:, 0]


def compared(seen: Seen, grams: Grams, bounds: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The kernel (rows, rows), and each row's likeness to the nearest other row of each intent (rows, intents)."""
    kernel = near(seen, seen)
    rows = grams.sparse()
    likest = np.zeros((len(kernel), len(bounds) - 1), np.float32)
    for start in range(0, len(kernel), _BLOCK):
        block = kernel[start : start + _BLOCK]
        block += (rows[start : start + _BLOCK] @ rows.T).toarray()
        apart = block[:, : bounds[-1]].copy()
        own = np.arange(start, min(start + len(block), bounds[-1]))
        apart[own - start, own] = 0
        likest[start : start + _BLOCK] = np.maximum.reduceat(apart, bounds[:-1], axis=1)
    return kernel, likest / np.float32(SELF)
