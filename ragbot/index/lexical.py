"""BM25 over inverted indexes (`postings.py`), one for each segment, with weighted fields.

Score of a passage d for query terms t of weight w_t:

    sum_t  w_t * idf(t) * tf(t, d) / (tf(t, d) + k1 * (1 - b + b * len(d) / mean_len))

after Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with Lucene's
idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5)), which is never negative. Fields are joined before the
saturation, tf = sum_f weight_f * tf_f and len = sum_f weight_f * len_f (Robertson, Zaragoza & Taylor,
"Simple BM25 Extension to Multiple Weighted Fields", 2004): a word in the title counts as that many words.

N, df and the mean length count the passages that are live. They are known at the time of the question only, so
scores are computed then; which passages need one is decided by MaxScore, term at a time (Turtle & Flood, "Query
Evaluation: Strategies and Optimizations", 1995): terms come in the order of what they can add at most, and as
soon as those left cannot lift a new passage among the best k, they are looked up for the candidates only. What
is found does not depend on how passages are spread over segments.

Works on positions 0..n-1 over all segments, as `dense.py`. Stop words are indexed too: their idf is low, and a
question that consists of nothing else still finds something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragbot.index.bm25 import K1, ROUNDING, B, Part, frequencies_at, idf, norms, saturated, upper_bounds
from ragbot.index.postings import UNIT, Allowed, Postings, block, live_counts
from ragbot.text.words import single_characters, terms, word_parts

TITLE_WEIGHT = 1.5
HEADING_WEIGHT = 1.5
"""Words of the title and the headings, against 1 for the text's own."""

PART_WEIGHT = 0.5
"""What a part of a long word counts wherever it stands."""

_MOST_FREQUENCIES = 50_000
"""Document frequencies that are remembered."""


def count_terms(title: str, heading: str, text: str, language: str = "en") -> dict[str, float]:
    """The weighted frequency of each term of a passage in `language` (ISO 639-1): its words, single Chinese
    characters, and in languages that write compounds as one word the parts of long words."""
    counts: dict[str, float] = {}
    for field, weight in ((title, TITLE_WEIGHT), (heading, HEADING_WEIGHT), (text, 1.0)):
        words = terms(field, language=language)
        once = frozenset(words)
        singles = [each for each in single_characters(field) if each not in once]
        for term in (*words, *singles):
            counts[term] = counts.get(term, 0.0) + weight
        for part in word_parts(field, language):
            counts[part] = counts.get(part, 0.0) + PART_WEIGHT
    return counts


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """A term of the question in one segment."""

    weight: float
    """Its weight times its idf."""
    bound: float
    """The most that it adds to a passage."""
    positions: NDArray[np.int32]
    frequencies: NDArray[np.uint16]


class Lexical:
    """All segments' lexical sides as one, in order: the first one's passages have the first positions."""

    def __init__(self, parts: Sequence[Part], *, k1: float = K1, b: float = B) -> None:
        self._parts, self._k1, self._b = tuple(parts), k1, b
        sizes = [len(part.lengths) for part in parts]
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        lives = [part.live for part in parts]
        self._dead = [np.flatnonzero([] if live is None else ~live).astype(np.int32) for live in lives]
        lengths = [part.lengths if part.live is None else part.lengths[part.live] for part in parts]
        self._live = sum(map(len, lengths))
        total = sum(int(each.sum(dtype=np.int64)) for each in lengths)
        self._mean = total / self._live if total else 1.0
        self._norms = [norms(part.lengths, self._mean, k1, b) for part in parts]
        self._frequency: dict[str, int] = {}

    @classmethod
    def build(cls, counts: Sequence[Mapping[str, float]], *, k1: float = K1, b: float = B) -> Lexical:
        """Index of passages given as weighted term counts; their place in the list is their position."""
        postings = block(counts)
        lengths = np.array([sum(each.values()) / UNIT for each in counts], np.uint32)
        mean = float(lengths.mean()) if lengths.any() else 1.0
        bounds = upper_bounds(postings, lengths, mean, k1, b)
        return cls([Part(postings, lengths, bounds, mean)], k1=k1, b=b)

    def __len__(self) -> int:
        """How many passages are live."""
        return self._live

    def document_frequency(self, term: str) -> int:
        """In how many live passages `term` occurs."""
        known = self._frequency.get(term)
        if known is None:
            word = _bytes(term)
            pairs = zip(self._parts, self._dead, strict=True)
            known = sum(_live_frequency(part, dead, part.postings.find(word)) for part, dead in pairs)
            if len(self._frequency) >= _MOST_FREQUENCIES:
                self._frequency.clear()
            self._frequency[term] = known
        return known

    def idf(self, term: str) -> float:
        """Inverse document frequency as above; a term that occurs nowhere has the highest."""
        return idf(self.document_frequency(term), len(self))

    def with_prefix(self, prefix: str) -> list[tuple[str, int]]:
        """All terms that begin with `prefix`, sorted by their UTF-8 bytes, each with its document frequency."""
        found: dict[bytes, int] = {}
        low, high = _bytes(prefix), _bytes(prefix) + b"\xff"  # a byte that is greater than any in UTF-8
        for part in self._parts:
            begin, end = part.postings.place(low), part.postings.place(high)
            counts = live_counts(part.postings, part.live, begin, end).tolist()
            for word, count in zip(part.postings.words(begin, end), counts, strict=True):
                found[word] = found.get(word, 0) + count
        return [
            (word.decode("utf-8", "surrogatepass"), count) for word, count in sorted(found.items()) if count
        ]

    def search(
        self, query: Mapping[str, float], k: int, allowed: Allowed | None = None
    ) -> list[tuple[int, float]]:
        """Best (position, score), best first, at most k, only scores above 0 and where `allowed` is true."""
        weights = self._weights(query)
        if k <= 0 or not weights:
            return []
        places, sums, floor = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)], 0.0
        for number in np.argsort(-np.diff(self._starts), kind="stable").tolist():
            start, end = int(self._starts[number]), int(self._starts[number + 1])
            part = self._parts[number]
            if allowed is None:
                mask = part.live
            else:
                mask = allowed[start:end] if part.live is None else allowed[start:end] & part.live
            found, partial = self._candidates(number, weights, k, floor, mask)
            places.append(found.astype(np.int64) + start)
            sums.append(partial)
            floor = _kth(np.concatenate(sums), k, floor)
        together, reached = np.concatenate(places), np.concatenate(sums)
        near = np.sort(together[reached >= floor * (1 - ROUNDING)])
        scores = self.scores(query, near)
        near, scores = near[scores > 0], scores[scores > 0]
        order = np.lexsort((near, -scores))[:k]
        return list(zip(near[order].tolist(), scores[order].tolist(), strict=True))

    def scores(self, query: Mapping[str, float], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """The score of each of `positions` (any order), float32; 0 where it has no term of the query."""
        weights = self._weights(query)
        found = np.zeros(len(positions), np.float64)
        for number, (here, local) in self._by_part(positions):
            part, norm = self._parts[number], self._norms[number][local].astype(np.float64)
            for word, weight in weights.items():
                tf = _looked_up(part.postings, word, local) * UNIT
                found[here] += weight * (tf / (tf + norm))
        return found.astype(np.float32)

    def frequencies(self, terms: Sequence[str], positions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Weighted frequency of each term in each of `positions`, shape (len(terms), len(positions))."""
        found = np.zeros((len(terms), len(positions)), np.float32)
        for number, (here, local) in self._by_part(positions):
            for row, term in enumerate(terms):
                found[row, here] = _looked_up(self._parts[number].postings, _bytes(term), local) * UNIT
        return found

    def _by_part(
        self, positions: NDArray[np.int64]
    ) -> list[tuple[int, tuple[NDArray[np.int64], NDArray[np.int32]]]]:
        """For each segment that has some of `positions`: which of them, and where in the segment they are."""
        owner = np.searchsorted(self._starts, positions, side="right") - 1
        found = []
        for number in np.unique(owner).tolist():
            here = np.flatnonzero(owner == number)
            found.append((number, (here, (positions[here] - self._starts[number]).astype(np.int32))))
        return found

    def _weights(self, query: Mapping[str, float]) -> dict[bytes, float]:
        """What each term of the query adds per saturated frequency, for those that add something."""
        return {
            _bytes(term): weight * self.idf(term)
            for term, weight in query.items()
            if weight > 0 and self.document_frequency(term)
        }

    def _candidates(
        self, number: int, weights: Mapping[bytes, float], k: int, floor: float, mask: Allowed | None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Positions in a segment that may be among the best k, and their scores to float32 precision.

        `floor` is a score that k passages elsewhere reach already.
        """
        terms, norm = self._terms(number, weights), self._norms[number]
        left = np.concatenate([np.cumsum([term.bound for term in terms][::-1])[::-1], [0.0]])
        sums = np.zeros(len(norm), np.float32)
        done = 0
        while done < len(terms) and left[done] >= floor * (1 - ROUNDING):
            term = terms[done]
            positions, frequencies = term.positions, term.frequencies
            if mask is not None:
                kept = mask[positions]
                positions, frequencies = positions[kept], frequencies[kept]
            added = saturated(frequencies, norm[positions])
            added *= np.float32(term.weight)
            added += sums[positions]
            sums[positions] = added
            done += 1
            floor = _kth(added, k, floor)
        least = max(floor * (1 - ROUNDING) - left[done], 0.0)
        found = np.flatnonzero(sums >= least if least > 0 else sums).astype(np.int32)
        return self._completed(found, sums[found], terms[done:], norm, k=k, floor=floor)

    def _completed(
        self,
        found: NDArray[np.int32],
        sums: NDArray[np.float32],
        terms: Sequence[_Term],
        norm: NDArray[np.float32],
        *,
        k: int,
        floor: float,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Add the terms that can bring no new candidate to those that are there, dropping whoever falls behind."""
        left = sum(term.bound for term in terms)
        for term in terms:
            left -= term.bound
            frequencies = frequencies_at(term.positions, term.frequencies, found, len(norm))
            sums = sums + np.float32(term.weight) * saturated(frequencies, norm[found])
            floor = _kth(sums, k, floor)
            kept = sums >= floor * (1 - ROUNDING) - left
            found, sums = found[kept], sums[kept]
        return found, sums

    def _terms(self, number: int, weights: Mapping[bytes, float]) -> list[_Term]:
        """The query's terms in a segment, those that can add most first."""
        part = self._parts[number]
        found = []
        for word, weight in weights.items():
            place = part.postings.find(word)
            if place >= 0:
                start, end = part.postings.bounds(place)
                bound = weight * self._bound(part, place) * (1 + ROUNDING)
                postings = part.postings
                found.append(
                    _Term(weight, bound, postings.positions[start:end], postings.frequencies[start:end])
                )
        return sorted(found, key=lambda term: -term.bound)

    def _bound(self, part: Part, place: int) -> float:
        """The most that the term's saturated frequency is at today's mean length. A mean that is r times the
        segment's own divides the norms by r at most: s = tf / (tf + norm) becomes at most s / (s + (1 - s) / r)."""
        stored = min(float(part.bounds[place]), 1.0)
        ratio = max(self._mean / part.mean, 1.0)
        return stored / (stored + (1 - stored) / ratio)


def _bytes(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")


def _live_frequency(part: Part, dead: NDArray[np.int32], number: int) -> int:
    """In how many live passages of a segment its term `number` occurs; `dead` are those that do not count."""
    start, end = part.postings.bounds(number)
    if part.live is None or start == end:
        return end - start
    listed = part.postings.positions[start:end]
    if len(dead) * 16 > len(listed):
        return int(np.count_nonzero(part.live[listed]))
    places = np.minimum(np.searchsorted(listed, dead), len(listed) - 1)
    return end - start - int(np.count_nonzero(listed[places] == dead))


def _looked_up(postings: Postings, word: bytes, positions: NDArray[np.int32]) -> NDArray[np.uint16]:
    """The frequency of a word at positions in any order, in `UNIT`s."""
    start, end = postings.bounds(postings.find(word))
    return frequencies_at(postings.positions[start:end], postings.frequencies[start:end], positions)


def _kth(scores: NDArray[np.float32], k: int, floor: float) -> float:
    """The k-th best of `scores`, if it is above `floor`."""
    above = scores[scores > floor]
    if len(above) < k:
        return floor
    return float(np.partition(above, len(above) - k)[len(above) - k])
