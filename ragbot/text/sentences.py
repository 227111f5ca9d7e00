"""Text -> sentences with offsets: `text[start:end]` is each sentence, nothing but white space lies between.

Knows abbreviations, initials, decimals, versions, URLs, list items and Chinese punctuation. A line break
that ends a list item, a table row or a paragraph ends a sentence; one inside a wrapped paragraph does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|incl|excl|no|nos|art|fig|sec|dr|mr|mrs|ms|st|inc|ltd|co|corp|dept|est|max|"
    r"min|tel|ext|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|a\.m|p\.m|u\.s|u\.k|z\.b|d\.h|bzw|ca|nr)"
    r"|(?<![^\W\d_])[^\W\d_])\.$",  # a single letter: an initial
    re.IGNORECASE,
)
_NEVER_BEFORE_NUMBER = re.compile(
    r"\b(?:no|nos|art|fig|sec|approx|max|min|tel|ext|nr|vol|ca)\.$", re.IGNORECASE
)
_END = re.compile(r"[.!?…]+[\"'”’)\]»]*(?=\s|$)|[。！？；…]+[”’」』）\"']*|\n+")
_ITEM = re.compile(r"[ \t]*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)]|[（(]?[一二三四五六七八九十]+[）)、])[ \t]+")
_LIST_NUMBER = re.compile(r"(?:^|\n)[ \t]*(?:\d{1,3}|[a-zA-Z])\.$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its place: `text[start:end]`."""

    text: str
    start: int
    end: int


def _is_end(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the mark that `match` found ends the sentence that began at `begin`."""
    mark = match.group()
    if mark[0] == "\n":
        return _breaks(text, begin, match)
    if mark[0] != ".":
        return True
    head = text[begin : match.start() + 1]
    if _LIST_NUMBER.search(head) or (len(head) <= 4 and head[:-1].strip().isdigit()):
        return False
    following = text[match.end() : match.end() + 40].lstrip()
    if not _ABBREVIATION.search(head):
        return not following or not following[0].islower() or mark != "."
    if _NEVER_BEFORE_NUMBER.search(head):
        return not following[:1].isdigit() and following[:1].isupper() and not head[-3:-1].isalpha()
    return False


def _breaks(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether a line break ends a sentence: always, unless a long line goes on with a small letter."""
    if len(match.group()) > 1 or _ITEM.match(text, match.end()):
        return True
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    following = text[match.end() : match.end() + 1]
    if _ITEM.match(line) and not following.islower():
        return True
    wrapped = len(line) > 60 and following.islower()
    return not (wrapped or begin == match.end())


def sentences(text: str) -> list[Sentence]:
    """The sentences of `text`, in order, without surrounding white space."""
    found: list[Sentence] = []
    begin = 0
    for match in _END.finditer(text):
        if match.start() < begin or not _is_end(text, begin, match):
            continue
        _append(found, text, begin, match.end())
        begin = match.end()
    _append(found, text, begin, len(text))
    return found


def _append(found: list[Sentence], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        found.append(Sentence(text[start:end], start, end))
