"""Questions -> groups that mean the same, by average linkage over how alike each two of them are.

Average linkage joins, again and again, the two groups whose members are most alike on average (Sokal & Michener, "A
statistical method for evaluating systematic relationships", 1958), here until no two are alike enough. It is done by
the chain of nearest neighbours (Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983),
which needs a square matrix, and time by its area. The result depends on no chance and, but for ties, on no order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragbot.dialogue.classify.likeness import SELF, Grams, Seen, Space, counts, near, readable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragbot.protocols import Embedder

    Floats = NDArray[np.float32]

ALIKE: Final = 0.22
"""Least average likeness within a group, 0..1, chosen on half of the intents of CLINC150 (`scripts/bench_gaps.py`)."""
_FEW: Final = 20
"""Texts of a background from which on it tells more of the field than of themselves."""
_EXACT: Final = 5_000
"""Texts up to which all words and letters are compared; beyond, a sketch of them."""
_SKETCH: Final = 1024
_ROWS: Final = 1024
"""Questions that are compared with all others in one step."""


class Compared:
    """How alike each two of some texts are, by their embeddings and by the words and letters they share, as intents
    are told apart (`dialogue/classify/likeness.py`)."""

    def __init__(
        self,
        texts: Sequence[str],
        embedder: Embedder,
        *,
        background: Sequence[str] = (),
        gloss: Callable[[str], str] | None = None,
    ) -> None:
        """`background`: what else is spoken of in the same field; what all of it shares tells no two texts apart. The
        texts themselves would not do: they may all mean the same. `gloss` gives a text in English, as far as it can,
        for an embedder that reads no other language."""
        read = [readable(text, embedder.languages, gloss) for text in texts]
        vectors = embedder.embed([text for text, _ in read], kind="query")
        counted = [counts(text) for text in texts]
        around = [readable(text, embedder.languages, gloss)[0] for text in background]
        field = embedder.embed(around, kind="query") if around else vectors[:0]
        nothing = np.zeros((_FEW, embedder.dimension), np.float32)
        space = Space.of(np.concatenate([field, nothing]), [*counted, *map(counts, background)])
        self._seen = space.see(vectors, [trust for _, trust in read], counted)
        grams = Grams.of(self._seen, len(space.keys)).sparse()
        self._grams = grams if len(texts) <= _EXACT else _sketch(grams)

    def matrix(self, rows: Sequence[int] | None = None) -> Floats:
        """(n, n) float32, 0..1, symmetric, of all texts or of some; 4 n² bytes."""
        chosen = np.arange(len(self._seen.vectors)) if rows is None else np.asarray(rows)
        inner = Seen.bare(self._seen.vectors[chosen], self._seen.trust[chosen])
        found, grams = near(inner, inner), self._grams[chosen]
        for start in range(0, len(chosen), _ROWS):
            block = slice(start, start + _ROWS)
            shared = grams[block] @ grams.T
            found[block] += shared if isinstance(shared, np.ndarray) else shared.toarray()
        found /= np.float32(SELF)
        return np.clip(found, 0.0, 1.0, out=found)

    def central(self, rows: Sequence[int], weights: Sequence[float]) -> list[int]:
        """`rows` by how alike each is to all of them, the most central first; `weights`: how often each was asked."""
        inner = self.matrix(rows) @ np.asarray(weights, np.float32)
        return [rows[at] for at in np.argsort(-inner, kind="stable").tolist()]


def _sketch(grams: Any) -> Floats:
    """Sparse rows (n, width) -> (n, `_SKETCH`): each column is added to one of few, with a sign, both by a fixed draw.
    Inner products stay, but for noise of about 1 / sqrt(`_SKETCH`) (Charikar, Chen & Farach-Colton, "Finding frequent
    items in data streams", 2002)."""
    from scipy.sparse import csr_matrix

    width = grams.shape[1]
    rng = np.random.default_rng(0)
    to, signs = rng.integers(0, _SKETCH, width), rng.choice(np.array([-1, 1], np.float32), width)
    onto = csr_matrix((signs, (np.arange(width), to)), shape=(width, _SKETCH))
    return np.asarray((grams @ onto).toarray(), np.float32)


def groups(alike: Floats, *, least: float = ALIKE) -> list[list[int]]:
    """The rows of each group, ascending; the groups by their first row. `alike` (n, n), symmetric, is overwritten."""
    linkage = _Linkage(alike)
    chain: list[int] = []
    for start in range(len(alike)):
        chain = [start] if linkage.is_open(start) else []
        while chain:
            before = chain[-2] if len(chain) > 1 else None
            nearest, likeness = linkage.nearest(chain[-1], before)
            if likeness < least:  # nor will it ever: average linkage brings no groups closer
                linkage.close(chain)
                chain = []
            elif nearest == before:
                linkage.join(chain.pop(), chain.pop())
                chain = chain or ([start] if linkage.is_open(start) else [])
            else:
                chain.append(nearest)
    return linkage.groups()


class _Linkage:
    """The groups while they are joined. A group is known by one of its rows."""

    def __init__(self, alike: Floats) -> None:
        self._alike = alike
        np.fill_diagonal(alike, 0.0)
        self._size = np.ones(len(alike), np.float32)
        self._penalty = np.zeros(len(alike), np.float32)
        """Keeps what is closed from being the nearest."""
        self._members = [[row] for row in range(len(alike))]

    def is_open(self, row: int) -> bool:
        return bool(self._penalty[row] == 0)

    def nearest(self, row: int, before: int | None) -> tuple[int, float]:
        """The open group that is most alike, and how much; of equal ones that `before` it in the chain, or the chain
        would go on for ever."""
        values = self._alike[row] + self._penalty
        values[row] = -1.0
        found = int(np.argmax(values))
        if before is not None and values[before] >= values[found]:
            found = before
        return found, float(values[found])

    def close(self, rows: Sequence[int]) -> None:
        """Nothing joins these any more."""
        self._penalty[list(rows)] = -2.0

    def join(self, gone: int, kept: int) -> None:
        """`kept` becomes both: its likeness to each other group is the mean over all their members."""
        alike, size = self._alike, self._size
        whole = size[gone] + size[kept]
        alike[kept] = (alike[gone] * size[gone] + alike[kept] * size[kept]) / whole
        alike[:, kept] = alike[kept]
        size[kept] = whole
        self._members[kept] += self._members[gone]
        self._members[gone] = []
        self.close([gone])

    def groups(self) -> list[list[int]]:
        return sorted(sorted(rows) for rows in self._members if rows)
