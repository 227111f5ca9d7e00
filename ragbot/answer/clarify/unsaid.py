"""Does a message leave open what it is about? Rules over its words, the conversation and what the passages speak of.

    "How do I reset it?"                          a pointer with nothing before it, and nothing else to go by
    "Does this fast food chain deliver?"          one of a kind is meant that nobody named, and the passages
                                                  tell of several of that kind

Measured by `scripts/bench_clarify.py`. Knows English and, of messages without a subject, Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from ragbot.text.context import NUMBERED
from ragbot.text.words import STOP_WORDS, content_terms, fold, terms
from ragbot.types import Turn

SEVERAL: Final = 2
"""Passages that must tell of one of the kind each."""
_MOST_KINDS: Final = 8
"""Kinds of one message that are looked for, the first ones."""
_FEW_WORDS: Final = 2
"""Content words up to which a pointer leaves a message without a subject."""

_POINTER = re.compile(
    r"\b(?:it|its|this|that|these|those|they|them|one)\b|[它]|这个|那个|这种|那种|这款|那款|这东西",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"^\W*(?:how|what|why|when|where|which|who|can|could|do|does|is|are|will|would|it|this|that|my|i)\b"
    r"|怎么|如何|多少|多久|什么|为什么|吗|哪|几|坏了?|不[能行好动]|没反应|问题",
    re.IGNORECASE,
)
"""A sentence rather than words typed into a search box."""
_ATTRIBUTE = re.compile(
    r"\W*(?:what(?:'?s| is| are)?|how) (?:the |is the |about the )?(?:price|cost|size|weight|colou?r|status|problem"
    r"|much|much is|much does|long|big|heavy)s?\W*|(?:价格|价钱|多少钱|尺寸|多大|多重|怎么卖)(?:是多少|多少|呢)?\W*",
    re.IGNORECASE,
)
"""Asks for what anything has, of nothing."""
_NO_POINTER = re.compile(
    r"\b(?:is|was|will|would) it (?:possible|ok(?:ay)?|safe|true|normal|allowed|legal|necessary|free)\b"
    r"|\bthere (?:is|are|was|were)\b|\bthis (?:morning|week|month|year|evening|time)\b",
    re.IGNORECASE,
)
_DETERMINED = re.compile(r"\b(this|that|these|those|the)\s+", re.IGNORECASE)
_WORD = re.compile(r"[\w’'-]+")
_ENDS = frozenset(
    """for in on at by with that who which where when is are was were be been has have had do does did can could will
    would should may might must to from and or as if than but not it its how what why about into during after before
    over under between behind one ones""".split()
)
_COMPLETED = frozenset("of for that who which whose where with between".split())
"""What follows says which one: "the actor who played"."""
_UNIQUE = frozenset(
    """first second third last same most best other next only whole entire world internet way difference oldest
    latest name moment end beginning following price problem reason""".split()
)
_OWNED = re.compile(r"['’]s$")
_NAME = re.compile(r"(?<![\w’'-])[A-Z][\w'’.-]*(?:[ ](?:(?:of|the|and|in)[ ])?[A-Z][\w'’.-]*)*")
_IS_ONE = re.compile(
    rf"({_NAME.pattern}[^.;\n]{{0,60}}?)\b(?:is|was|are|were|as) (?:one of the|an?|the)\b([^.;\n]{{0,80}})"
)
"""Names, and what the last of them is said to be."""
_LEADING = re.compile(r"^(?:(?:In|The|A|An|As|At|On|For|Like|It|He|She|This|While|Although|Both)[ ])+")
_COMPLEMENT_ENDS = re.compile(
    r"\b(?:of|that|which|who|for|in|with|on|at|by|from|to|and|based|located|owned|used|made)\b|,"
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_COMPLEMENT_ENDS = re.compile(
    r"\b(?:of|that|which|who|for|in|with|on|at|by|from|to|and|based|located|owned|used|made)\b|,"
)


def is_bare(message: str, history: Sequence[Turn]) -> bool:
    """Whether `message` is a question without a subject: it points to something, with at most two words to go by, or
    asks for the price of nothing; and no customer's turn before it says what of."""
    if any(turn.role == "user" for turn in history) or not _ASKS.search(message) or NUMBERED.search(message):
        return False
    if _POINTER.search(_NO_POINTER.sub(" ", message)):
        return len(content_terms(message, overlapping=False)) <= _FEW_WORDS
    return _ATTRIBUTE.fullmatch(message) is not None


def one_of_several(message: str, history: Sequence[Turn], passages: Sequence[str]) -> tuple[str, ...] | None:
    """The names of those of which `message` means one, where neither it nor the conversation names any and the texts
    `passages` tell of several, each of another; empty where they tell no two names; None where that is not so."""
    for kind in islice(_unnamed(message, history), _MOST_KINDS):
        told = [subjects for text in passages if (subjects := _instances(text, kind))]
        subjects = frozenset().union(*told)
        if len(told) >= SEVERAL and len(subjects) >= SEVERAL:
            names = {fold(name): name for name in map(_named, sorted(subjects)) if name}
            return tuple(names.values()) if len(names) >= SEVERAL else ()
    return None


def _unnamed(message: str, history: Sequence[Turn]) -> Iterator[tuple[str, ...]]:
    """The kinds of which `message` means one that neither it nor the conversation names, as terms."""
    said = {fold(word) for turn in history for word in _WORD.findall(turn.text)}
    for match in _DETERMINED.finditer(message):
        words, after = _phrase(message[match.end() :])
        pointed = fold(match[1]) != "the"
        if not words or fold(words[0]) in _UNIQUE or (after in _COMPLETED and not pointed):
            continue
        bare = [fold(_OWNED.sub("", word)) for word in words]
        if not pointed and words[0][0].isupper():
            continue
        if said.isdisjoint({*bare, *(f"{word}s" for word in bare)}):
            kind = tuple(term for word in bare for term in content_terms(word))
            if kind:
                yield kind


def _phrase(rest: str) -> tuple[list[str], str]:
    """The words of a noun phrase, up to four, and the word behind it."""
    words: list[str] = []
    for match in _WORD.finditer(rest[:80]):
        if fold(match.group()) in _ENDS or len(words) == 4:
            return words, fold(match.group())
        words.append(match.group())
        if _OWNED.search(match.group()) or rest[match.end() : match.end() + 1] in tuple(",.;:?!"):
            break
    return words, ""


def _instances(text: str, kind: tuple[str, ...]) -> frozenset[str]:
    """What stands before the words that say it is one of the kind: "Big Boy" in "Big Boy is an American restaurant
    chain"."""
    return frozenset(
        match[1]
        for match in _IS_ONE.finditer(text)
        if (called := terms(_COMPLEMENT_ENDS.split(match[2], maxsplit=1)[0])) and called[-1] in kind
    )


def _named(subject: str) -> str:
    """The last name in it; empty where that is none, such as a month."""
    name = _LEADING.sub("", _NAME.findall(subject)[-1])
    return "" if fold(name) in STOP_WORDS | _MONTHS else name
