"""Search by cosine over all vectors, one index for each segment. The home of faiss.

A segment's index is exact up to `EXACT` vectors. Above, it is an inverted file: vectors are rounded to 16 bits
a dimension and grouped around centroids, and only the groups nearest to a question are looked at (Jégou, Douze
& Schmid, "Product Quantization for Nearest Neighbor Search", 2011, describes the partition).

Works on positions 0..n-1 over all segments; what a position stands for is the generation's business. faiss
pads its answers with -1 where it finds fewer than k, and reads damaged bytes without a word: padding is cut
off here, and `Vectors.read` must only be given bytes whose checksum was compared.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.models.runtime import cpu_threads

EXACT = 20_000
"""Vectors up to which an index compares each."""
_LISTS_PER_ROOT = 2
"""Groups, as a multiple of the square root of the number of vectors."""
_TRAINING = 64
"""Vectors for each group that the centroids are learnt from."""
_PROBED = 192
"""Groups that a question looks at. Measured with 200 thousand vectors like those of `scripts/bench_scale.py`: recall@10
is 0.99, and 0.96 where the noise is as large as the spread of real vectors; with half of it 0.99 and 0.93."""
_BATCH = 16_384

Read = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Positions in a segment -> their unit vectors, shape (n, dimension)."""

Found = list[tuple[int, float]]


def _faiss() -> Any:
    """The library, imported at first use; its stubs lack what its Python wrappers take."""
    import faiss

    return faiss


def _use_threads(count: int) -> None:
    """How many threads faiss may use in calls of this thread. One question gets one: more wait for each other
    longer than they work, and keep the cores from other questions."""
    _faiss().omp_set_num_threads(count)


class Vectors:
    """The immutable index of one segment: inner products of unit vectors."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, size: int, dimension: int, read: Read, *, exact: int = EXACT) -> Vectors:
        """Index of `size` vectors, which are read in batches; exact up to `exact` of them."""
        faiss = _faiss()
        _use_threads(cpu_threads(0))
        if size <= exact:
            index = faiss.IndexFlatIP(max(1, dimension))
        else:
            lists = max(1, int(_LISTS_PER_ROOT * size**0.5))
            index = faiss.IndexIVFScalarQuantizer(
                faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_fp16,
                faiss.METRIC_INNER_PRODUCT,
            )  # fmt: skip
            index.cp.max_points_per_centroid = _TRAINING
            chosen = np.random.default_rng(0).permutation(size)[: _TRAINING * lists]
            index.train(_batched(np.sort(chosen), read))
        for start in range(0, size, _BATCH):
            index.add(read(np.arange(start, min(start + _BATCH, size))))
        return cls(index)

    @classmethod
    def read(cls, content: memoryview) -> Vectors:
        """What `write` wrote."""
        faiss, at = _faiss(), 0

        def more(size: int) -> bytes:
            nonlocal at
            at += size
            return bytes(content[at - size : at])

        index = faiss.read_index(faiss.PyCallbackIOReader(more, 1 << 20))
        if isinstance(index, faiss.IndexIVF):
            index.set_direct_map_type(faiss.DirectMap.Array)
        return cls(index)

    def write(self, path: Path) -> None:
        """Write the index to a file. Raises `OSError`."""
        try:
            _faiss().write_index(self._index, str(path))
        except RuntimeError as error:  # faiss tells a full disk only in words
            raise OSError(errno.ENOSPC, "the index cannot be written, the disk may be full") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some positions; those of an inexact index rounded to 16 bits."""
        found: NDArray[np.float32] = self._index.reconstruct_batch(np.ascontiguousarray(positions, np.int64))
        return found

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> list[Found]:
        """For each query its best (position, cosine), at most k, only where `allowed` is true."""
        count = len(self) if allowed is None else int(np.count_nonzero(allowed))
        k = min(k, count)
        if k <= 0:
            return [[] for _ in queries]
        faiss = _faiss()
        selector = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")  # must live as long as the selector
            selector = faiss.IDSelectorBitmap(bits)
        if not isinstance(self._index, faiss.IndexIVF):
            return self._search(queries, k, faiss.SearchParameters(sel=selector))
        # Of few allowed vectors each group holds few, and the best lie in more groups. Measured at one of a
        # hundred among a million: ten times the groups find what all groups find, in half the time.
        lists = self._index.nlist
        probed = min(lists, math.ceil(_PROBED * math.sqrt(len(self) / count)))
        found = self._search(queries, k, faiss.SearchParametersIVF(sel=selector, nprobe=probed))
        if probed < lists and any(len(each) < k for each in found):
            found = self._search(queries, k, faiss.SearchParametersIVF(sel=selector, nprobe=lists))
        return found

    def _search(self, queries: NDArray[np.float32], k: int, parameters: Any) -> list[Found]:
        _use_threads(min(len(queries), cpu_threads(0)))
        scores, positions = self._index.search(queries, k, params=parameters)
        return [
            [(position, score) for position, score in zip(*row, strict=True) if position >= 0]
            for row in zip(positions.tolist(), scores.tolist(), strict=True)
        ]


class Dense:
    """All segments' vectors as one index, in order: the first one's have the first positions."""

    def __init__(self, parts: Sequence[Vectors], live: NDArray[np.bool_] | None = None) -> None:
        """`live` says which positions may be found; None for all."""
        self._parts, self._live = tuple(parts), live
        self._starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)

    @classmethod
    def build(cls, vectors: NDArray[np.float32]) -> Dense:
        """Index of unit vectors, shape (n, dimension), as one segment; n may be 0."""
        return cls([Vectors.build(len(vectors), vectors.shape[1], vectors.__getitem__)])

    def __len__(self) -> int:
        """Positions, those that may not be found too."""
        return int(self._starts[-1])

    @property
    def dimension(self) -> int:
        """That of the vectors; 0 where there are none."""
        return self._parts[0].dimension if self._parts else 0

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[Found]:
        """For each query its best (position, cosine), best first, at most k, only where `allowed` is true.

        The filter works inside the search: k results come back whenever k positions are allowed.
        """
        found: list[Found] = [[] for _ in queries]
        if self._live is not None:
            allowed = self._live if allowed is None else allowed & self._live
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        for part, start in zip(self._parts, self._starts.tolist(), strict=False):
            here = None if allowed is None else allowed[start : start + len(part)]
            for best, more in zip(found, part.search(queries, k, here), strict=True):
                best += [(start + position, score) for position, score in more]
        return [sorted(best, key=lambda each: (-each[1], each[0]))[: max(k, 0)] for best in found]

    def scores(self, query: NDArray[np.float32], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Cosine of a unit vector, shape (dimension,), with those at some positions (any order), float32."""
        found = np.zeros(len(positions), np.float32)
        owner = np.searchsorted(self._starts, positions, side="right") - 1
        for number in np.unique(owner).tolist():
            here = np.flatnonzero(owner == number)
            found[here] = self._parts[number].at(positions[here] - self._starts[number]) @ query
        return found


def _batched(positions: NDArray[np.int64], read: Read) -> NDArray[np.float32]:
    return np.concatenate([read(positions[at : at + _BATCH]) for at in range(0, len(positions), _BATCH)])
