"""The literal facts in a piece of text, normalised over English and Chinese so that `14 days`, `fourteen days` and
`十四天` are one fact, and which of a claim's facts a passage lacks.

Knows nothing of passages' windows, models or scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ragbot.answer.check.fact import Fact, agrees
from ragbot.answer.check.literals import codes, literals, named, phones, quoted
from ragbot.answer.check.moments import MONTHS, dates, times, weekdays
from ragbot.answer.check.numerals import HAN_NUMERAL
from ragbot.answer.check.quantities import quantities, with_ranges
from ragbot.text.names import chinese_names
from ragbot.text.words import fold

_JOINTS = re.compile(r"[-_.\s]")
_NO_NAMES = frozenset(("中文", "英文", "和平", "高端", "小时", "周末", "平安"))
"""What jieba takes for a name and is none."""
_HAN = re.compile("[\u4e00-\u9fff]")
_COUNTS = re.compile(rf"[\d{HAN_NUMERAL}]")
_MONTH = re.compile("|".join(MONTHS), re.IGNORECASE)
_NOON = re.compile(r"noon|midday|midnight", re.IGNORECASE)
"""Cheap looks that spare a text without figures the dear ones."""
_WORD = re.compile(r"\w+")


def facts(text: str, *, with_names: bool = True) -> tuple[Fact, ...]:
    """The facts of `text`; each stretch of characters belongs to one fact."""
    return _facts(text, with_names)


@lru_cache(maxsize=16384)
def _facts(text: str, with_names: bool) -> tuple[Fact, ...]:
    taken = bytearray(len(text))
    counts = _COUNTS.search(text) is not None
    found = _untaken(literals(text), taken)
    found += _untaken(dates(text), taken) if counts or _MONTH.search(text) else []
    found += _untaken(phones(text), taken) if counts else []
    found += _untaken(times(text), taken) if counts or _NOON.search(text) else []
    found += _untaken(weekdays(text), taken)
    found += _untaken(codes(text), taken) if counts else []
    if with_names:
        found += _untaken(quoted(text), taken)
        found += _untaken(named(text), taken)
    return (*found, *with_ranges(text, _untaken(quantities(text), taken)))


@lru_cache(maxsize=4096)
def claimed_facts(text: str) -> tuple[Fact, ...]:
    """The facts of a claim: those of `facts`, and Chinese people and places."""
    names = [name for name in chinese_names(text) if name not in _NO_NAMES]
    return (*facts(text), *(Fact(kind="name", value=fold(name), shown=name) for name in names))


def _untaken(candidates: Iterable[Fact], taken: bytearray) -> list[Fact]:
    """The facts whose characters no fact before them has; marks them as taken."""
    kept = []
    for fact in candidates:
        if not any(taken[fact.start : fact.end]):
            taken[fact.start : fact.end] = b"\1" * (fact.end - fact.start)
            kept.append(fact)
    return kept


def lacking(claimed: Sequence[Fact], given: Sequence[Fact], evidence: str, context: str = "") -> list[Fact]:
    """Which facts of `claimed` are neither among the facts `given` nor, where they are words, in `evidence`, folded.
    `context` (title, headings), folded, may supply names and codes, never figures. A Chinese name is
    not looked for in a passage without Chinese."""
    wide = f"{context} {evidence}"
    squeezed = ""
    lacks: list[Fact] = []
    for fact in claimed:
        if fact.kind == "quoted":
            ok = _plain(fact.value) in _plain(evidence) or _all_words(fact.value, evidence)
        elif fact.kind == "name":
            foreign = _HAN.match(fact.value) is not None and not _HAN.search(evidence)
            ok = foreign or all(_spoken(word, wide) for word in _WORD.findall(fact.value))
        elif fact.kind == "code":
            squeezed = squeezed or _JOINTS.sub("", wide)
            ok = fact.value in squeezed
        else:
            ok = any(agrees(fact, other) for other in given)
        if not ok:
            lacks.append(fact)
    return lacks


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text))


def _all_words(label: str, text: str) -> bool:
    """Whether the words of somebody's words, at least four, all stand there: they may be cited in another order."""
    words = _WORD.findall(label)
    return len(words) >= 4 and all(_spoken(word, text) for word in words)


def _spoken(word: str, text: str) -> bool:
    """Whether a word of `text` begins with `word`, a possessive or plural aside."""
    if len(word) > 3:
        word = word.removesuffix("s")
    at = text.find(word)
    while at >= 0:
        if at == 0 or not text[at - 1].isalnum() or not word.isascii():
            return True
        at = text.find(word, at + 1)
    return False


def missing(claim: str, evidence: str, context: str = "") -> list[Fact]:
    """The facts of `claim` that `evidence` does not state; `context` as in `lacking`."""
    return lacking(facts(claim), facts(evidence, with_names=False), fold(evidence), fold(context))
