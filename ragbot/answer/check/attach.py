"""To which thing does a figure belong? "A 24 months, B 6 months" carries neither "A 6 months" nor "B 24 months",
although each word and each figure stands there.

A figure belongs to the words of its own clause and to what the sentence before names where its sentence leans back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from ragbot.answer.check.align import in_order
from ragbot.answer.check.fact import FIGURES, Fact, agrees, same_kind
from ragbot.answer.check.facts import facts
from ragbot.text.names import LEANS_BACK
from ragbot.text.words import content_terms

_CLAUSE = re.compile(
    r"[,;:，；：、|\n]\s+|[，；：、|\n]|\s[–—-]\s|\b(?:and|but|while|whereas|or|versus|vs)\b|而|和|但",
    re.IGNORECASE,
)

_HEAD: Final = 2
_SAME_WORDS: Final = 0.85
_IN_ORDER: Final = 0.9


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a sentence with the figures and the content terms in it."""

    figures: tuple[Fact, ...]
    terms: frozenset[str]
    head: frozenset[str]
    """The first of them, which name what is spoken of."""


@lru_cache(maxsize=16384)
def clauses(sentence: str) -> tuple[Clause, ...]:
    """The clauses of a sentence; a figure is never cut, and a range such as `3 and 5` is one stretch."""
    figures = [fact for fact in facts(sentence) if fact.kind in FIGURES]
    cuts = [0]
    for match in _CLAUSE.finditer(sentence):
        inside = any(fact.start < match.end() and match.start() < fact.end for fact in figures)
        ranged = any(fact.bound == "high" and 0 <= fact.start - match.start() <= 6 for fact in figures)
        if not inside and not ranged:
            cuts.append(match.end())
    cuts.append(len(sentence))
    found = []
    for start, end in pairwise(cuts):
        own = tuple(fact for fact in figures if start <= fact.start < end)
        kept = sentence[start:end]
        for fact in own:
            kept = kept.replace(fact.shown, " ")
        content = content_terms(kept)
        found.append(Clause(own, frozenset(content), frozenset(content[:_HEAD])))
    return tuple(found)


def misattached(claim: str, passage: Sequence[str], context: frozenset[str]) -> bool:
    """Whether a figure of `claim` stands in `passage`, neighbouring sentences, only beside other things, while what
    the claim speaks of has a figure of its own there. `context`: terms of title and headings, which belong to all.
    """
    own = clauses(claim)
    if not any(clause.figures for clause in own):
        return False
    for sentence in passage:
        same = _same_order(claim, own, sentence)
        if same is not None:
            return not same
    given = [clauses(sentence) for sentence in passage]
    everywhere = frozenset(content_terms(" ".join(passage))) if given else frozenset()
    known = everywhere - context
    whole = frozenset().union(*(clause.terms for clause in own)) & known
    return any(
        not _carried(
            fact,
            clause.terms & known if len(clause.terms & known) > 1 else whole,
            clause.head & known,
            passage,
            given,
        )
        for clause in own
        for fact in clause.figures
    )


def _same_order(claim: str, own: Sequence[Clause], sentence: str) -> bool | None:
    """Where `sentence` has the claim's words and all its figures: whether the figures come in the claim's order, too.
    None where it has not, or where words and figures both have moved, as in a clause put in front."""
    there = clauses(sentence)
    if not _has_words(own, there):
        return None
    figures = [fact for clause in there for fact in clause.figures]
    places = []
    for fact in (fact for clause in own for fact in clause.figures):
        place = next((n for n, other in enumerate(figures) if n not in places and agrees(fact, other)), None)
        if place is None:
            return None
        places.append(place)
    if places == sorted(places):
        return True
    return False if in_order(_words(claim), _words(sentence)) >= _IN_ORDER else None


def _has_words(own: Sequence[Clause], there: Sequence[Clause]) -> bool:
    wanted = frozenset().union(*(clause.terms for clause in own))
    given = frozenset().union(*(clause.terms for clause in there))
    return len(wanted & given) >= _SAME_WORDS * len(wanted)


@lru_cache(maxsize=4096)
def _words(sentence: str) -> tuple[str, ...]:
    """The content terms of a sentence in order, its figures left out."""
    for fact in facts(sentence):
        if fact.kind in FIGURES:
            sentence = sentence.replace(fact.shown, " ")
    return tuple(content_terms(sentence, overlapping=False))


def _carried(
    fact: Fact,
    subject: frozenset[str],
    head: frozenset[str],
    passage: Sequence[str],
    given: Sequence[tuple[Clause, ...]],
) -> bool:
    """Whether some sentence states `fact` and speaks of its `head`, and its best place is as near to `subject`
    as that of any other figure of its kind."""
    if not subject:
        return True
    best, rival, found, whole = 0.0, 0.0, False, False
    for number, parts in enumerate(given):
        sentence = frozenset().union(*(part.terms for part in parts))
        before = _before(number, passage, given)
        if any(agrees(fact, other) for part in parts for other in part.figures):
            whole = whole or head <= sentence | before
        for part in parts:
            near = (
                len(subject & part.terms)
                + 0.5 * len(subject & sentence - part.terms)
                + 0.5 * len(subject & before - sentence)
            )
            for other in part.figures:
                if agrees(fact, other):
                    best, found = max(best, near), True
                elif same_kind(fact, other):
                    rival = max(rival, near)
    return not found or (best >= rival and whole)


def _before(number: int, passage: Sequence[str], given: Sequence[tuple[Clause, ...]]) -> frozenset[str]:
    if number == 0 or not LEANS_BACK.match(passage[number]):
        return frozenset()
    return frozenset().union(*(part.terms for part in given[number - 1]))
