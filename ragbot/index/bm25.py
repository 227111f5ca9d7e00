"""The formula of BM25, as `lexical.py` gives it with its sources: what a term adds to a passage, and the most that it
can add to any. Pure functions over arrays of one segment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragbot.index.postings import UNIT, Allowed, Postings

K1, B = 1.2, 0.75
ROUNDING = 1e-5
"""Share by which a float32 sum may differ from the exact one: whoever is nearer to the k-th best stays in."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The lexical side of one segment."""

    postings: Postings
    lengths: NDArray[np.uint32]
    """Weighted length of each passage, in `UNIT`s."""
    bounds: NDArray[np.float32]
    """For each term the most that its saturated frequency is, at the mean length `mean`, K1 and B."""
    mean: float
    live: Allowed | None = None
    """Which passages count; None for all."""


def norms(lengths: NDArray[np.uint32], mean: float, k1: float = K1, b: float = B) -> NDArray[np.float32]:
    """k1 * (1 - b + b * len / mean_len) of each passage; `mean` in `UNIT`s."""
    scale = np.float32(k1 * b / max(mean, 1e-9))
    found: NDArray[np.float32] = lengths * scale + np.float32(k1 * (1 - b))
    return found


def upper_bounds(
    postings: Postings, lengths: NDArray[np.uint32], mean: float, k1: float = K1, b: float = B
) -> NDArray[np.float32]:
    """The greatest saturated frequency of each term, rounded up."""
    norm, found = norms(lengths, mean, k1, b), np.zeros(len(postings), np.float32)
    for begin, end in postings.chunks():
        start, stop = int(postings.offsets[begin]), int(postings.offsets[end])
        most = saturated(postings.frequencies[start:stop], norm[postings.positions[start:stop]])
        found[begin:end] = np.maximum.reduceat(most, postings.offsets[begin:end] - start)
    return found * np.float32(1 + ROUNDING)


def saturated(frequencies: NDArray[np.uint16], norm: NDArray[np.float32]) -> NDArray[np.float32]:
    tf = frequencies * np.float32(UNIT)
    found: NDArray[np.float32] = tf / (tf + norm)
    return found


def idf(frequency: int, size: int) -> float:
    """Lucene's idf of a term that occurs in `frequency` of `size` passages."""
    return math.log1p((size - frequency + 0.5) / (frequency + 0.5))


def frequencies_at(
    listed: NDArray[np.int32],
    frequencies: NDArray[np.uint16],
    positions: NDArray[np.int32],
    size: int | None = None,
) -> NDArray[np.uint16]:
    """What a term's postings say of `positions`: each is looked for, or, where there are many of them and
    `size` is given, the postings are spread out over all passages."""
    if not len(listed):
        return np.zeros(len(positions), np.uint16)
    if size is not None and len(positions) * 16 > len(listed):
        spread = np.zeros(size, np.uint16)
        spread[listed] = frequencies
        return spread[positions]
    places = np.minimum(np.searchsorted(listed, positions), len(listed) - 1)
    return np.where(listed[places] == positions, frequencies[places], 0).astype(np.uint16)
