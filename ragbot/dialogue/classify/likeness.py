"""How alike two messages are: nearness of their embeddings, and the words and letters that they share.

Three cosines make one kernel (a sum of kernels is a kernel: Shawe-Taylor & Cristianini, "Kernel Methods for Pattern
Analysis", 2004, 3.1): a Gaussian one over centred embeddings, and two over tf-idf, of words and pairs of words, and of
letter n-grams. Where the embedder cannot read a message, words and letters count instead. It knows no intents.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ragbot.text.language import script_language
from ragbot.text.words import fold, single_characters, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Gram = tuple[NDArray[np.int64], Floats]

SHARPNESS: Final = 2.0
"""Of the Gaussian kernel exp(s * (cosine - 1)): between vectors of length 1 that is one of their distance."""
SHARED: Final = 0.2
"""What shared words weigh, and again shared letters, against 1 of the embedding."""
SELF: Final = 1 + 2 * SHARED
"""What every message is like itself."""
_READ: Final = {True: 1.0, False: 0.5}
"""How much of the embedding counts of a message in the embedder's languages, and of the gloss of another."""
_UNREAD: Final = 0.1
"""The same where it can but guess at the script."""
_LETTERS: Final = (2, 5)
_MOST: Final = 600
"""Characters of a message that are compared."""
_WORD: Final = re.compile(r"\w+")


def readable(text: str, languages: frozenset[str], gloss: Callable[[str], str] | None) -> tuple[str, float]:
    """`text` as an embedder of `languages` (empty: all) can read it, and how far that is to be trusted, 0..1."""
    own = script_language(text)
    if own is None or not languages or own in languages:
        return text, _READ[True]
    glossed = gloss(text).strip() if gloss is not None else ""
    return (glossed, _READ[False]) if glossed and glossed != text else (text, _UNREAD)


def _words(text: str) -> Iterator[str]:
    whole = terms(text, overlapping=False)
    yield from terms(text)
    yield from (f"{one} {two}" for one, two in pairwise(whole))


def _letters(text: str) -> Iterator[str]:
    least, most = _LETTERS
    for match in _WORD.finditer(fold(text)):
        word = f" {match.group()} "
        for size in range(least, most + 1):
            yield from (word[at : at + size] for at in range(len(word) - size + 1))
    yield from single_characters(text)


def _counts(grams: Iterator[str], mark: str) -> dict[int, float]:
    """Hash of each n-gram -> 1 + ln(how often it occurs)."""
    found = Counter(zlib.crc32(f"{mark}{gram}".encode("utf-8", "replace")) for gram in grams)
    return {key: 1.0 + math.log(count) for key, count in found.items()}


def counts(text: str) -> tuple[dict[int, float], dict[int, float]]:
    """Words and letters of `text`, hashed to 32 bits, with sublinear frequencies."""
    text = text[:_MOST]
    return _counts(_words(text), "w"), _counts(_letters(text), "l")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Messages as they are compared."""

    vectors: Floats
    """(n, dimension), centred, of length 1."""
    trust: Floats
    """(n,) how much of the embedding counts, 0..1."""
    grams: tuple[Gram, ...]
    """For each message, the columns of its n-grams and their weights."""

    def softened(self, rows: Sequence[bool], factor: float) -> Seen:
        """With less weight on the n-grams of some rows."""
        scales = np.where(rows, np.float32(factor), np.float32(1))
        grams = tuple(
            (columns, values * scale) for (columns, values), scale in zip(self.grams, scales, strict=True)
        )
        return replace(self, grams=grams)

    @classmethod
    def bare(cls, vectors: Floats, trust: Floats) -> Seen:
        """Without n-grams, which `Grams` hold."""
        return cls(vectors=vectors, trust=trust, grams=())


class Space:
    """Where messages are compared: made from the examples' own embeddings and n-grams."""

    def __init__(self, mean: Floats, keys: NDArray[np.uint32], idf: Floats, rare: float) -> None:
        self.mean = mean
        self.keys = keys
        """Sorted hashes of the n-grams that the examples have."""
        self.idf = idf
        self.rare = rare
        """Inverse document frequency of an n-gram that no example has."""
        self._column = {int(key): at for at, key in enumerate(keys)}

    @classmethod
    def of(cls, vectors: Floats, counted: Sequence[tuple[dict[int, float], dict[int, float]]]) -> Space:
        frequency = Counter(key for both in counted for each in both for key in each)
        keys = np.array(sorted(frequency), np.uint32)
        total = len(counted) + 1.0
        idf = np.array([math.log(total / (1 + frequency[int(key)])) + 1.0 for key in keys], np.float32)
        return cls(vectors.mean(axis=0), keys, idf, math.log(total) + 1.0)

    def see(
        self,
        vectors: Floats,
        trust: Sequence[float],
        counted: Sequence[tuple[dict[int, float], dict[int, float]]],
    ) -> Seen:
        """`vectors` (n, dimension) of the readable texts, with their trust and n-grams."""
        sure = np.asarray(trust, np.float32)
        centred = vectors - self.mean
        centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
        grams = tuple(self._weigh(both, float(each)) for both, each in zip(counted, sure, strict=True))
        return Seen(vectors=centred.astype(np.float32), trust=sure, grams=grams)

    def _weigh(self, both: tuple[dict[int, float], dict[int, float]], trust: float) -> Gram:
        """tf-idf of words and of letters, each of such a length that every message is as like itself."""
        length = math.sqrt((SELF - trust) / 2)
        columns: list[NDArray[np.int64]] = []
        values: list[Floats] = []
        for counted in both:
            found = [(self._column[key], count) for key, count in counted.items() if key in self._column]
            at = np.array([column for column, _ in found], np.int64)
            weights = np.array([count for _, count in found], np.float32) * self.idf[at]
            columns.append(at)
            unseen = self.rare**2 * sum(count**2 for key, count in counted.items() if key not in self._column)
            whole = math.sqrt(float(weights @ weights) + unseen)
            values.append(weights * np.float32(length / max(whole, 1e-6)))
        return np.concatenate(columns), np.concatenate(values).astype(np.float32)


def product(left: Floats, right: Floats) -> Floats:
    """`left @ right`; of a single row without BLAS, whose threads wait for each other: on a busy machine of two cores
    a product of 1 ms took 30."""
    if len(left) > 1:
        return left @ right
    return np.asarray(np.einsum("ij,jk->ik", left, right), np.float32)


def near(one: Seen, two: Seen) -> Floats:
    """(n, m): the embeddings' part of the kernel."""
    kernel: Floats = np.exp(np.float32(SHARPNESS) * (product(one.vectors, two.vectors.T) - np.float32(1)))
    kernel *= np.sqrt(one.trust)[:, None] * np.sqrt(two.trust)[None, :]
    return kernel


class Grams:
    """The n-grams of the examples, row by row, so that a message is compared with some of them quickly."""

    def __init__(
        self, starts: NDArray[np.int64], columns: NDArray[np.int32], values: Floats, width: int
    ) -> None:
        self.starts = starts
        """(rows + 1,) where each row's n-grams begin in `columns` and `values`."""
        self.columns, self.values, self.width = columns, values, width

    @classmethod
    def of(cls, seen: Seen, width: int) -> Grams:
        starts = np.cumsum([0, *(len(at) for at, _ in seen.grams)]).astype(np.int64)
        columns = np.concatenate([at for at, _ in seen.grams]).astype(np.int32)
        return cls(starts, columns, np.concatenate([value for _, value in seen.grams]), width)

    def shared(self, gram: Gram, first: int, last: int) -> Floats:
        """(last - first,): the n-grams' part of the kernel between one message and rows `first` to `last`."""
        message = np.zeros(self.width + 1, np.float32)
        message[gram[0]] = gram[1]
        part = slice(self.starts[first], self.starts[last])
        products = np.append(self.values[part] * message[self.columns[part]], np.float32(0))
        sums = np.add.reduceat(products, self.starts[first:last] - self.starts[first])
        return np.where(np.diff(self.starts[first : last + 1]) > 0, sums, np.float32(0))

    def sparse(self) -> Any:
        """(rows, width) as scipy's sparse rows."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.columns, self.starts), shape=(len(self.starts) - 1, self.width))
