"""Exact search by cosine over all vectors. The home of faiss.

Works on positions 0..n-1; what a position stands for is the generation's business. faiss pads its answers
with -1 where it finds fewer than k, and reads damaged bytes without a word: padding is cut off here, and
`from_bytes` must only be given bytes whose checksum was compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def _faiss() -> Any:
    """The library, imported at first use; its stubs lack what its Python wrappers take."""
    import faiss

    return faiss


class Dense:
    """An immutable flat inner-product index."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: NDArray[np.float32]) -> Dense:
        """Index of unit vectors, shape (n, dimension); n may be 0."""
        index = _faiss().IndexFlatIP(max(1, vectors.shape[1]))
        if len(vectors):
            index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def from_bytes(cls, content: bytes) -> Dense:
        """What `to_bytes` gave."""
        return cls(_faiss().deserialize_index(np.frombuffer(content, dtype=np.uint8)))

    def to_bytes(self) -> bytes:
        content: bytes = _faiss().serialize_index(self._index).tobytes()
        return content

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def vectors(self) -> NDArray[np.float32]:
        """A copy of all vectors, shape (n, dimension)."""
        found: NDArray[np.float32] = self._index.reconstruct_n(0, len(self))
        return found

    def search(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[list[tuple[int, float]]]:
        """For each query its best (position, cosine), best first, at most k, only where `allowed` is true.

        The filter works inside the search: k results come back whenever k positions are allowed.
        """
        k = min(k, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if k <= 0:
            return [[] for _ in queries]
        parameters = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            parameters = _faiss().SearchParameters(sel=_faiss().IDSelectorBitmap(bits))
        scores, positions = self._index.search(
            np.ascontiguousarray(queries, dtype=np.float32), k, params=parameters
        )
        return [
            [(position, score) for position, score in zip(*row, strict=True) if position >= 0]
            for row in zip(positions.tolist(), scores.tolist(), strict=True)
        ]
