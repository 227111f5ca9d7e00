"""BM25 over an inverted index in numpy arrays, with weighted fields.

Score of a passage d for query terms t of weight w_t:

    sum_t  w_t * idf(t) * tf(t, d) / (tf(t, d) + k1 * (1 - b + b * len(d) / mean_len))

after Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with Lucene's
idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative. Fields are joined before the
saturation, tf = sum_f weight_f * tf_f and len = sum_f weight_f * len_f (Robertson, Zaragoza & Taylor,
"Simple BM25 Extension to Multiple Weighted Fields", 2004): a word in the title counts as that many words.

Works on positions 0..n-1, as `dense.py`. Stop words are indexed too: their idf is low, and a question that
consists of nothing else still finds something.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ragbot.text.words import terms

TITLE_WEIGHT = 1.5
HEADING_WEIGHT = 1.5
"""Words of the title and the headings, against 1 for the text's own."""

_FILES = ("offsets", "positions", "frequencies", "lengths")


def count_terms(title: str, heading: str, text: str) -> dict[str, float]:
    """The weighted frequency of each term of a passage."""
    counts: dict[str, float] = {}
    for field, weight in ((title, TITLE_WEIGHT), (heading, HEADING_WEIGHT), (text, 1.0)):
        for term in terms(field):
            counts[term] = counts.get(term, 0.0) + weight
    return counts


class Lexical:
    """An immutable inverted index: the postings of term i are `positions[offsets[i]:offsets[i + 1]]`."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        offsets: NDArray[np.int64],
        positions: NDArray[np.int32],
        frequencies: NDArray[np.float32],
        lengths: NDArray[np.float32],
        *,
        k1: float = 1.2,
        b: float = 0.75,
    ) -> None:
        self.vocabulary = vocabulary
        self._ids = {term: i for i, term in enumerate(vocabulary)}
        self._offsets, self._positions = offsets, positions
        self._frequencies, self._lengths = frequencies, lengths
        self._idf = idf(np.diff(offsets), len(lengths))
        mean = float(lengths.mean()) if len(lengths) else 1.0
        norms = k1 * (1 - b + b * lengths / max(mean, 1e-9))
        saturated = frequencies / (frequencies + norms[positions])
        self._impacts = (np.repeat(self._idf, np.diff(offsets)) * saturated).astype(np.float32)

    @classmethod
    def build(cls, counts: Sequence[Mapping[str, float]], *, k1: float = 1.2, b: float = 0.75) -> Lexical:
        """Index of passages given as weighted term counts; their place in the list is their position."""
        empty = cls(
            [], np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.float32)
        )
        return empty.changed(np.zeros(0, np.int64), len(counts), enumerate(counts), k1=k1, b=b)

    def changed(
        self,
        moved: NDArray[np.int64],
        size: int,
        added: Iterable[tuple[int, Mapping[str, float]]],
        *,
        k1: float = 1.2,
        b: float = 0.75,
    ) -> Lexical:
        """The index of `size` passages of which some are in this one, so that only new text is tokenised.

        `moved[p]` is the new position of what stands at p here, -1 where it left; `added` gives the others.
        The result does not depend on what was there before: it equals `build` over all passages.
        """
        known = dict(self._ids)
        new_terms: list[int] = []
        new_positions: list[int] = []
        new_frequencies: list[float] = []
        for position, counts in added:
            for term, frequency in counts.items():
                new_terms.append(known.setdefault(term, len(known)))
                new_positions.append(position)
                new_frequencies.append(frequency)
        old_terms = np.repeat(np.arange(len(self.vocabulary)), np.diff(self._offsets))
        old_positions = moved[self._positions] if len(moved) else np.zeros(0, np.int64)
        kept = old_positions >= 0
        return _assemble(
            list(known),
            np.concatenate([old_terms[kept], np.array(new_terms, np.int64)]),
            np.concatenate([old_positions[kept], np.array(new_positions, np.int64)]),
            np.concatenate([self._frequencies[kept], np.array(new_frequencies, np.float32)]),
            size=size,
            k1=k1,
            b=b,
        )

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Lexical:
        """What `to_files` gave."""
        arrays = [np.load(io.BytesIO(files[f"{name}.npy"]), allow_pickle=False) for name in _FILES]
        vocabulary = files["vocabulary.txt"].decode()
        return cls(vocabulary.split("\n") if vocabulary else [], *arrays)

    def to_files(self) -> dict[str, bytes]:
        """File names and their contents: numpy arrays, and the vocabulary, one term a line."""
        files = {"vocabulary.txt": "\n".join(self.vocabulary).encode()}
        for name in _FILES:
            buffer = io.BytesIO()
            np.save(buffer, getattr(self, f"_{name}"), allow_pickle=False)
            files[f"{name}.npy"] = buffer.getvalue()
        return files

    def __len__(self) -> int:
        return len(self._lengths)

    def _postings(self, term: str) -> slice:
        start, end = self._bounds(term)
        return slice(start, end)

    def _bounds(self, term: str) -> tuple[int, int]:
        found = self._ids.get(term)
        return (0, 0) if found is None else (int(self._offsets[found]), int(self._offsets[found + 1]))

    def document_frequency(self, term: str) -> int:
        """In how many passages `term` occurs."""
        start, end = self._bounds(term)
        return end - start

    def idf(self, term: str) -> float:
        """Inverse document frequency as above; a term that occurs nowhere has the highest."""
        frequency = self.document_frequency(term)
        return math.log1p((len(self) - frequency + 0.5) / (frequency + 0.5))

    def search(
        self, query: Mapping[str, float], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Best (position, score), best first, at most k, only scores above 0 and where `allowed` is true."""
        scores = np.zeros(len(self), np.float32)
        for term, weight in query.items():
            found = self._postings(term)
            scores[self._positions[found]] += weight * self._impacts[found]  # a position once per term
        if allowed is not None:
            scores[~allowed] = 0.0
        candidates = np.flatnonzero(scores > 0)
        if k <= 0 or not len(candidates):
            return []
        if k < len(candidates):
            candidates = candidates[np.argpartition(-scores[candidates], k - 1)[:k]]
        order = np.lexsort((candidates, -scores[candidates]))
        best = candidates[order]
        return list(zip(best.tolist(), scores[best].tolist(), strict=True))


def idf(frequencies: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """Lucene's idf of terms that occur in `frequencies` of `size` passages."""
    found: NDArray[np.float64] = np.log1p((size - frequencies + 0.5) / (frequencies + 0.5))
    return found


def _assemble(
    vocabulary: list[str],
    term: NDArray[np.int64],
    position: NDArray[np.int64],
    frequency: NDArray[np.float32],
    *,
    size: int,
    k1: float,
    b: float,
) -> Lexical:
    """Triples (term, position, frequency) in any order -> the index, its terms sorted."""
    used = np.flatnonzero(np.bincount(term, minlength=len(vocabulary)))
    used = np.array(sorted(used.tolist(), key=vocabulary.__getitem__), np.int64)
    renumbered = np.zeros(len(vocabulary), np.int64)
    renumbered[used] = np.arange(len(used))
    term = renumbered[term]
    order = np.lexsort((position, term))
    offsets = np.zeros(len(used) + 1, np.int64)
    np.cumsum(np.bincount(term, minlength=len(used)), out=offsets[1:])
    lengths = np.bincount(position, weights=frequency, minlength=size).astype(np.float32)
    return Lexical(
        [vocabulary[i] for i in used.tolist()],
        offsets,
        position[order].astype(np.int32),
        frequency[order],
        lengths,
        k1=k1,
        b=b,
    )
