"""Words -> where they occur: an immutable inverted index in arrays, made in blocks and by merging.

The words stand in the order of their UTF-8 bytes. Those of number i are `positions[offsets[i]:offsets[i + 1]]`,
ascending, with their frequencies in units of `UNIT`. Knows nothing of scores: `lexical.py` scores passages with
it, `filters.py` keeps the labels of passages in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT = 0.5
"""Frequencies are multiples of it: words count 1, those of fields that weigh more a multiple of a half."""
_MOST = 65535
_AT_ONCE = 1 << 22
"""Postings that are held in memory together while indexes are merged."""

KINDS = {"blob": "|u1", "ends": "<i8", "offsets": "<i8", "positions": "<i4", "frequencies": "<u2"}
"""The arrays of an index and their types."""

Allowed = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Arrays as `KINDS` names them; `blob` holds the words, `ends` where each ends in it."""

    blob: NDArray[np.uint8]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]
    positions: NDArray[np.int32]
    frequencies: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.ends)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in KINDS}

    def word(self, number: int) -> bytes:
        start = int(self.ends[number - 1]) if number else 0
        return self.blob[start : int(self.ends[number])].tobytes()

    def words(self, begin: int = 0, end: int | None = None) -> list[bytes]:
        """The words of numbers begin..end, by default all."""
        ends = self.ends[begin:end].tolist()
        first = int(self.ends[begin - 1]) if begin else 0
        blob = self.blob[first : ends[-1]].tobytes() if ends else b""
        return [blob[start - first : stop - first] for start, stop in zip([first, *ends], ends, strict=False)]

    def place(self, word: bytes) -> int:
        """The number of the first word that is not less than `word`."""
        blob, ends = self.blob.data, self.ends.data
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            if bytes(blob[ends[middle - 1] if middle else 0 : ends[middle]]) < word:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, word: bytes) -> int:
        """The number of `word`; -1 where it does not occur."""
        place = self.place(word)
        return place if place < len(self) and self.word(place) == word else -1

    def bounds(self, number: int) -> tuple[int, int]:
        """Where the postings of a word begin and end; nowhere for -1."""
        return (0, 0) if number < 0 else (int(self.offsets[number]), int(self.offsets[number + 1]))

    def chunks(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
        """Ranges of words, of those from first to last, that have at most about `_AT_ONCE` postings together."""
        last = len(self) if last is None else last
        while first < last:
            fitting = int(np.searchsorted(self.offsets, self.offsets[first] + _AT_ONCE, side="right")) - 1
            end = min(last, max(first + 1, fitting))
            yield first, end
            first = end


def block(passages: Iterable[Mapping[str, float]]) -> Postings:
    """The index of passages given as counts of their words; their place in order is their position.

    Raises `ValueError` for a count that is no multiple of `UNIT`.
    """
    known: dict[str, int] = {}
    words, counts, sizes = array("i"), array("d"), array("i")
    for passage in passages:
        words.extend([known.setdefault(word, len(known)) for word in passage])
        counts.extend(passage.values())
        sizes.append(len(passage))
    units = np.asarray(counts, np.float64) / UNIT
    if (units != np.rint(units)).any():
        raise ValueError(f"frequencies must be multiples of {UNIT}")
    names = [name.encode("utf-8", "surrogatepass") for name in known]
    order = sorted(range(len(names)), key=names.__getitem__)
    number = np.zeros(len(names), np.int64)
    number[order] = np.arange(len(names))
    numbers = number[np.asarray(words, np.int64)]
    positions = np.repeat(np.arange(len(sizes), dtype=np.int32), np.asarray(sizes, np.int64))
    sort = np.argsort(numbers, kind="stable")
    return Postings(
        **_vocabulary([names[i] for i in order]),
        offsets=_starts(np.bincount(numbers, minlength=len(names))),
        positions=positions[sort],
        frequencies=np.minimum(units, _MOST).astype(np.uint16)[sort],
    )


def _vocabulary(words: Sequence[bytes]) -> dict[str, Any]:
    return {
        "blob": np.frombuffer(b"".join(words), np.uint8),
        "ends": np.cumsum(np.fromiter(map(len, words), np.int64, len(words)), dtype=np.int64),
    }


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=found[1:])
    return found


class Merge:
    """Several indexes, of passages that follow each other, as one; passages that are not live are left out.

    Made in two steps, so that the result can be written where it will stay: `lengths` says how long its
    arrays are, `fill` fills them. Memory is bounded but for the vocabulary.
    """

    def __init__(self, parts: Sequence[tuple[Postings, int, Allowed | None]]) -> None:
        """Each part with how many passages it has and which of them are live, None for all."""
        self._parts = parts
        vocabularies = [postings.words() for postings, _, _ in parts]
        union = sorted(set().union(*vocabularies))
        number = {word: i for i, word in enumerate(union)}
        self._numbers = [
            np.fromiter(map(number.__getitem__, words), np.int64, len(words)) for words in vocabularies
        ]
        self._counts = [live_counts(postings, live) for postings, _, live in parts]
        total = np.zeros(len(union), np.int64)
        for numbers, counts in zip(self._numbers, self._counts, strict=True):
            total[numbers] += counts
        used = np.flatnonzero(total)
        self._renumber = np.full(len(union), -1, np.int64)
        self._renumber[used] = np.arange(len(used))
        self._starts = _starts(total[used])
        self._vocabulary = _vocabulary([union[i] for i in used.tolist()])

    def lengths(self) -> dict[str, int]:
        """How long each array of the result is."""
        words, size = len(self._vocabulary["ends"]), int(self._starts[-1])
        return {
            "blob": len(self._vocabulary["blob"]), "ends": words, "offsets": words + 1,
            "positions": size, "frequencies": size,
        }  # fmt: skip

    def fill(self, result: Postings) -> None:
        """Write the merged index into the arrays of `result`."""
        for name in ("blob", "ends"):
            getattr(result, name)[:] = self._vocabulary[name]
        result.offsets[:] = self._starts
        cursor, first = (
            self._starts[:-1].copy(),
            0,
        )  # where each word's next posting goes, a part's first passage
        for (postings, size, live), numbers, counts in zip(
            self._parts, self._numbers, self._counts, strict=True
        ):
            moved = first + (np.arange(size) if live is None else np.cumsum(live) - 1)
            for begin, end in postings.chunks():
                positions, frequencies = _live_postings(postings, begin, end, live)
                places = _places(cursor, self._renumber[numbers[begin:end]], counts[begin:end])
                result.positions[places] = moved[positions]
                result.frequencies[places] = frequencies
            first += size if live is None else int(np.count_nonzero(live))


def live_counts(
    postings: Postings, live: Allowed | None, first: int = 0, last: int | None = None
) -> NDArray[np.int64]:
    """In how many live passages each of the words first..last, by default all, occurs."""
    last = len(postings) if last is None else last
    if live is None:
        return np.diff(postings.offsets[first : last + 1])
    counts = np.zeros(last - first, np.int64)
    for begin, end in postings.chunks(first, last):
        start, stop = int(postings.offsets[begin]), int(postings.offsets[end])
        kept = live[postings.positions[start:stop]].astype(np.int64)
        counts[begin - first : end - first] = np.add.reduceat(kept, postings.offsets[begin:end] - start)
    return counts


def _live_postings(
    postings: Postings, begin: int, end: int, live: Allowed | None
) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
    """The postings of words begin..end whose passages are live."""
    start, stop = int(postings.offsets[begin]), int(postings.offsets[end])
    positions, frequencies = postings.positions[start:stop], postings.frequencies[start:stop]
    if live is None:
        return positions, frequencies
    kept = live[positions]
    return positions[kept], frequencies[kept]


def _places(
    cursor: NDArray[np.int64], numbers: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where the postings of words `numbers` (-1: none are left), `counts` of each, go; moves `cursor` past them."""
    there = numbers >= 0
    numbers, counts = numbers[there], counts[there]
    places = np.repeat(cursor[numbers] - _starts(counts)[:-1], counts)
    places += np.arange(len(places))
    cursor[numbers] += counts
    return places
