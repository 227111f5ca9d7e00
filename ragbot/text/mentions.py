"""What a conversation names: people, places and things, and how present each is in it.

Fast rules over capitals, codes, quotation marks and phrases such as "it is called"; Chinese people and places by the
word classes of jieba. No list of names and no model: what is written in small letters is a name only where the text
says so. Pure functions that read the newest turns only. Second home of rjieba.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ragbot.text.words import STOP_WORDS, is_han
from ragbot.types import Turn

Kind = Literal["person", "place", "thing"]

LOOK_BACK = 24
"""Turns that are read, the newest ones."""
_CHARACTERS = 1000
"""Characters of a turn that are read."""
_DECAY = 0.95
"""What a mention keeps of its weight with each turn that follows it."""
_CUSTOMERS = 2.0
"""How much a turn of the customer counts against one of the bot: answers name much that is beside the point."""
_LONGEST = 6
"""Words of a name."""

_CAPITAL = r"[A-Z]\w*(?:[’'-](?!s\b)\w+)*"
_JOIN = r"(?:(?:of|the|de|la|le|von|van|der|den|da|del|di|and|for|&)\s+){1,2}"
_RUN = re.compile(rf"{_CAPITAL}(?:\s+(?:{_JOIN})?{_CAPITAL}|\s+\d[\w.]*|(?<=\b[A-Z])\.\s*{_CAPITAL})*")
_QUOTED = re.compile(r"[\"“「《『](\w[^\"“”「」《》『』\n]{1,60}?)[\"”」》』]")
_CALLED = re.compile(
    r"\b(?:called|named|name is)\s+((?:the\s+)?\w[\w'’-]*(?:\s+(?:of|the|and|at|\w[\w'’-]*)){0,3})",
    re.IGNORECASE,
)
_DAY = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?)"
)
_DATE = re.compile(rf"{_DAY}(?:\s+(?:(?:of|to|and|the)\s+)?(?:\d+\w*|{_DAY}))*", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?:the\s+)?")
_PLACED = re.compile(r"\b(?:in|at|from|near|to|into|visit(?:ed)?|around)\s+(?:the\s+)?$", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?:;。！？]\s*|\n\s*)[\"“(]?$")
_BEFORE = 16
"""Characters before a name that say whether a sentence begins with it or it is a place."""
_SMALL = frozenset("of the and at in on for to de a".split())
"""Words that a name has in small letters."""
_ORDINARY = STOP_WORDS | frozenset(
    """yes yeah no thanks thank hello hi hey okay ok sure great perfect cool fine please sorry good i'm i'd i've i'll
    it's that's he's she's there's don't what's we're you're they're many much several another every everyone first
    last next new however although according whenever since until despite upon among without unlike later
    mr mrs ms dr""".split()
)
"""Words that have a capital only because a sentence begins with them."""
_NO_PERSON = re.compile(
    r"\b(?:of|the|and|for|inc|ltd|company|corporation|records|university|school|college|band|team|club|show|street|"
    r"story|awards?|series|church|party|league|studios?|museum|hotel|restaurant|plan|hub|pro|plus|mini|max)\b"
    r"|\d|[()&]",
    re.IGNORECASE,
)
_WORD_CLASSES: Mapping[str, Kind] = {"nr": "person", "nrt": "person", "ns": "place", "nt": "thing"}
"""Jieba's classes of names; `nz`, other proper nouns, are wrong too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name, as the conversation writes it most fully."""

    text: str
    kind: Kind
    weight: float
    """How present it is: the sum over the turns that have it; newer ones count more, and so do the customer's."""


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    kind: Kind
    doubtful: bool = False
    """A single word where any word has a capital: a name only where other places say so too."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one turn names."""

    weight: float
    names: tuple[_Seen, ...]


def words_of(name: str) -> frozenset[str]:
    """The words of a name, in small letters."""
    return frozenset(re.findall(r"\w+", name.lower()))


def mentions(history: Sequence[Turn]) -> list[Mention]:
    """The names of the last turns, the most present first."""
    said = []
    for age, turn in enumerate(reversed(history[-LOOK_BACK:])):
        customers = turn.role == "user"
        found = tuple(_found(turn.text[:_CHARACTERS], customers=customers))
        said.append(_Said((_CUSTOMERS if customers else 1.0) * _DECAY**age, found))
    return _merged(said)


def _found(text: str, *, customers: bool) -> Iterator[_Seen]:
    if title := _title(text):
        yield _Seen(title, _kind(title, placed=False), doubtful=not customers and " " not in title)
        return
    yield from _marked(text)
    yield from _capitalised(text)
    yield from _chinese(text)


def _title(text: str) -> str:
    """A whole turn that is a name, a few words and no sentence; else empty."""
    said = text.strip().rstrip(",")
    words = said.split()
    if not words or len(words) > _LONGEST or said[-1] in ".?!。？！" or not words[0][0].isupper():
        return ""
    if any(word[0].islower() and word not in _SMALL for word in words) or _DATE.fullmatch(said):
        return ""
    ordinary = words[0].lower() in _ORDINARY and (words[0].lower() != "the" or len(words) == 1)
    return "" if ordinary else said


def _marked(text: str) -> Iterator[_Seen]:
    """Names in quotation marks, and those that something is said to be called."""
    for match in _QUOTED.finditer(text):
        if match[1][0].isupper() or not match[1].isascii():
            yield _Seen(match[1].rstrip(",."), "thing")
    for match in _CALLED.finditer(text):
        kept: list[str] = []
        for word in match[1].split():
            if word.lower() in _ORDINARY and word.lower() not in _SMALL:
                break
            kept.append(word)
        while kept and kept[-1].lower() in _ORDINARY:
            kept.pop()
        if kept:
            yield _Seen(" ".join(kept), "thing")


def _capitalised(text: str) -> Iterator[_Seen]:
    for match in _RUN.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        initial = _SENTENCE_START.search(before) is not None
        placed = _PLACED.search(before) is not None
        name = _trimmed(match.group(), initial=initial)
        doubtful = initial and " " not in match.group() and name.isalpha() and not name.isupper()
        models = any(char.isdigit() for char in name)
        for each in _AND.split(name) if models else [name]:
            if each:
                yield _Seen(each, _kind(each, placed=placed), doubtful)


def _trimmed(run: str, *, initial: bool) -> str:
    """Without the ordinary words that it begins with; empty if nothing is left but a date or a letter."""
    words = run.split()
    if initial and words[0].lower() in _ORDINARY:
        words = words[1:]
        while words and not words[0][0].isupper():
            words = words[1:]
    name = " ".join(words).rstrip("'’-.,")
    return "" if len(name) < 2 or name.lower() in _ORDINARY or _DATE.fullmatch(name) else name


def _chinese(text: str) -> Iterator[_Seen]:
    if not any(is_han(char) for char in text):
        return
    import rjieba

    for word, word_class in rjieba.tag(text):
        kind = _WORD_CLASSES.get(word_class)
        if kind is not None and len(word) > 1 and is_han(word):
            yield _Seen(word, kind)


def chinese_names(text: str) -> list[str]:
    """The Chinese names of people and places in `text`, as jieba tells them: each once, in order."""
    return list(dict.fromkeys(seen.name for seen in _chinese(text)))


def _kind(name: str, *, placed: bool) -> Kind:
    if placed:
        return "place"
    person = len(name.split()) <= 3 and not name.isupper() and _NO_PERSON.search(name) is None
    return "person" if person else "thing"


def _merged(said: Sequence[_Said]) -> list[Mention]:
    """One mention for each name. A name whose words are all in a longer one is that one: "Simone" is "Nina Simone"."""
    full = _fullest([each for turn in said for each in turn.names])
    weights: dict[str, float] = {}
    kinds: dict[str, list[Kind]] = {}
    for turn in said:
        named = [(full[each.name], each.kind) for each in turn.names if each.name in full]
        for name in dict.fromkeys(name for name, _ in named):
            weights[name] = weights.get(name, 0.0) + turn.weight
        for name, kind in named:
            kinds.setdefault(name, []).append(kind)
    made = [
        Mention(text=name, kind=_majority(kinds[name]), weight=weight) for name, weight in weights.items()
    ]
    return sorted(made, key=lambda each: -each.weight)


def _fullest(seen: Sequence[_Seen]) -> dict[str, str]:
    """Each name -> the longest that has its words; a doubtful one without such is left out."""
    sure = {each.name: words_of(each.name) for each in seen if not each.doubtful}
    longest = sorted(sure, key=lambda name: -len(sure[name]))
    full: dict[str, str] = {}
    for name in dict.fromkeys(each.name for each in seen):
        own = words_of(name)
        longer = (other for other in longest if own < sure[other] and len(sure[other]) <= _LONGEST)
        found = next(longer, name if name in sure else None)
        if found is not None:
            full[name] = found
    return full


def _majority(kinds: Iterable[Kind]) -> Kind:
    given = list(kinds)
    order: tuple[Kind, ...] = ("thing", "person", "place")
    return max(order, key=given.count)
