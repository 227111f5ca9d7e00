"""A text as the check compares it: its terms, in the language of what it is compared with.

A Chinese sentence held against an English one is read word by word in English through the glossary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ragbot.text.glossary import load_glossary
from ragbot.text.sentences import sentences
from ragbot.text.words import fold, stop_terms, terms

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reading:
    """The terms of one piece of text."""

    text: str
    """As it is compared: glossed where the other side is in another language."""
    bag: frozenset[str]
    """All terms."""
    content: tuple[str, ...]
    """Terms that carry the subject, each once."""
    sequence: tuple[str, ...]
    """Content terms in order, each Chinese character in one word only."""
    chinese: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a passage and its place."""

    text: str
    start: int
    end: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Passage:
    """The sentences of a passage, and where each stands as a quote would write it."""

    lines: tuple[Line, ...]
    quotes: dict[str, int]
    """Plain form -> index of the line."""

    def readings(self, claim: Said) -> tuple[Reading, ...]:
        """Of the lines, each in the language in which it and `claim` are compared."""
        if claim.own.chinese:
            return tuple(line.reading for line in self.lines)
        return tuple(
            read(line.text, in_english=True) if line.reading.chinese else line.reading for line in self.lines
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A claim, ready to be held against passages in its own language and in another."""

    text: str
    own: Reading

    def reading(self, line: Line) -> Reading:
        """In the language in which it is compared with `line`."""
        if self.own.chinese and not line.reading.chinese:
            return read(self.text, in_english=True)
        return self.own


def is_chinese(text: str) -> bool:
    """Whether `text` is written in Chinese, an English name or code in it aside."""
    han = len(_HAN.findall(text))
    return han > 0 and han >= len(_LETTER.findall(text))


@lru_cache(maxsize=32768)
def read(text: str, *, in_english: bool = False) -> Reading:
    """`text` as terms; `in_english` glosses Chinese."""
    chinese = is_chinese(text)
    if in_english and chinese:
        text, chinese = load_glossary().gloss(text, "en"), False
    stop = stop_terms("en")
    found = terms(text)
    content = tuple(dict.fromkeys(term for term in found if term not in stop and not term.endswith("n't")))
    ordered = terms(text, overlapping=False) if _HAN.search(text) else found
    return Reading(
        text, frozenset(found), content, tuple(term for term in ordered if term not in stop), chinese
    )


@lru_cache(maxsize=512)
def passage(text: str) -> Passage:
    """The lines of a passage."""
    lines = tuple(Line(s.text, s.start, s.end, read(s.text)) for s in sentences(text))
    quotes: dict[str, int] = {}
    for place, line in enumerate(lines):
        quotes.setdefault(plain(line.text), place)
    return Passage(lines, quotes)


def plain(sentence: str) -> str:
    """As a quote is compared: case, white space and the last mark aside."""
    return _SPACE.sub(" ", fold(sentence)).strip(" .。!！;；")
