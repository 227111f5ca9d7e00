"""A word that no document has -> the words that its writer may have meant. Home of rapidfuzz.

    retrun -> return        one slip of the finger, counted as Damerau and Levenshtein count
    parkng -> park          a slip in the ending, which the stemmer then did not know
    giftcard -> gift card   two words written as one

A word that the documents have is never changed, nor is a code or a figure: what is spelt right may be rare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import Final

from ragbot.index.lexical import Lexical
from ragbot.text.words import is_han, stem

MOST: Final = 2
"""Other spellings that are tried for one word."""
MOST_WORDS: Final = 8
"""Words of one message that are tried."""
_SHORTEST: Final = 4
_SHORTEST_PART: Final = 3
_TWO_SLIPS: Final = 8
"""Letters from which on a word may differ in two places."""
_LONGEST: Final = 40
_ENDING: Final = 4
"""Last letters among which a slip hides an ending."""
_LONGEST_SLIPPED: Final = 16
_MOST_COMPARED: Final = 60_000
"""Words that are compared with one: beyond, only those that share its first two letters."""


def respell(term: str, lexical: Lexical, language: str = "en") -> Sequence[tuple[str, ...]]:
    """What `term`, as the lexical side knows terms of `language`, may have been meant for, likeliest first; empty
    where it occurs. Each is one term of the documents, or the two terms that it is made of."""
    if not (_SHORTEST <= len(term) <= _LONGEST and term.isalpha()) or is_han(term):
        return ()
    if lexical.document_frequency(term):
        return ()
    near = [(word,) for word in _near(term, lexical) or _with_another_ending(term, lexical, language)]
    parts = _parts(term, lexical)
    return [*near, parts][:MOST] if parts else near[:MOST]


class Speller:
    """`respell` for the words of one message: the first `MOST_WORDS` that no document has."""

    def __init__(self, lexical: Lexical) -> None:
        self._lexical, self._left = lexical, MOST_WORDS

    def __call__(self, term: str, language: str) -> Sequence[tuple[str, ...]]:
        if not self._left or self._lexical.document_frequency(term):
            return ()
        self._left -= 1
        return respell(term, self._lexical, language)


def _near(term: str, lexical: Lexical) -> list[str]:
    """Terms within one edit (two for long words), the nearest and among them the most frequent first. The first
    letter is taken for right: slips there are rare (Pollock & Zamora, "Automatic Spelling Correction in Scientific
    and Scholarly Text", 1984)."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 2 if len(term) >= _TWO_SLIPS else 1
    known = dict(lexical.with_prefix(term[0]))
    if len(known) > _MOST_COMPARED:
        known = {word: count for word, count in known.items() if word[1:2] in term[1:3]}
    fitting = [word for word in known if abs(len(word) - len(term)) <= most and word.isalpha()]
    found = process.extract(term, fitting, scorer=OSA.distance, score_cutoff=most, limit=None)
    ranked = sorted(found, key=lambda each: (each[1], -known[each[0]], each[0]))
    return [word for word, _, _ in ranked]


def _with_another_ending(term: str, lexical: Lexical, language: str) -> list[str]:
    """Terms that are the stems of words one edit from `term` in its last letters, the most frequent first."""
    first = max(_SHORTEST_PART, len(term) - _ENDING)
    known = {word: count for word, count in lexical.with_prefix(term[:first]) if len(word) >= _SHORTEST}
    if not known or len(term) > _LONGEST_SLIPPED:
        return []
    found = {stem(word, language) for word in _edited(term, first)} & known.keys()
    return sorted(found, key=lambda word: (-known[word], word))


def _edited(word: str, first: int) -> Iterator[str]:
    """`word` with one letter more, less, or other, or two exchanged, from place `first` on."""
    for i in range(first, len(word) + 1):
        head, tail = word[:i], word[i:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        yield from (head + letter + tail[1:] for letter in ascii_lowercase if tail)
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]


def _parts(term: str, lexical: Lexical) -> tuple[str, str] | None:
    """The two words of the documents that `term` is written of, the cut whose rarer half is most frequent."""
    cuts = [(term[:i], term[i:]) for i in range(_SHORTEST_PART, len(term) - _SHORTEST_PART + 1)]
    counted = [(min(map(lexical.document_frequency, cut)), cut) for cut in cuts]
    best = max(counted, default=(0, None))
    return best[1] if best[0] else None


def is_slip(typed: str, meant: str) -> bool:
    """Whether `typed`, a folded word, is `meant` with one slip of the finger, two in a long word, none in the first
    letter."""
    from rapidfuzz.distance import OSA

    if min(len(typed), len(meant)) < _SHORTEST or not (typed.isalpha() and meant.isalpha()):
        return False
    most = 2 if len(meant) >= _TWO_SLIPS else 1
    return typed[0] == meant[0] and OSA.distance(typed, meant, score_cutoff=most) <= most
