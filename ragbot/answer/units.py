"""Passages -> the smallest pieces that can be quoted: sentences, FAQ answers, table rows, and lists with the
line that introduces them. `chunk.text[start:end]` is each piece. Knows nothing of questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragbot.text.sentences import Sentence, sentences
from ragbot.types import Chunk, Hit

_ITEM = re.compile(r"\s*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)]|[（(]?[一二三四五六七八九十]+[）)、])\s+")
_LINE = re.compile(r"\S[^\n]*")
_ROW = re.compile(r"^[^:;\n]{1,60}: [^\n]+?; [^:;\n]{1,60}: [^\n]*$", re.MULTILINE)
"""A table's line as the loaders write it: `Plan: Basic; Price: 4.99`."""
_MAX_LIST_CHARACTERS = 900
_MAX_FAQ_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A piece of a passage that can be quoted by itself."""

    hit: int
    """0-based place of the passage among the hits."""
    start: int
    end: int
    """Offsets into the chunk's text."""
    text: str
    kind: str
    """`sentence`, `list` (a lead-in with its items, or a whole list), `row` or `faq`."""


def is_item(text: str) -> bool:
    """Whether a line is an item of a list."""
    return _ITEM.match(text) is not None


def units(hit: Hit, number: int) -> list[Unit]:
    """The quotable pieces of a passage, in order; pieces may overlap (a list and its items)."""
    chunk = hit.chunk
    kind = chunk.meta.get("kind", "text")
    if kind == "row":
        return [_unit(chunk, number, 0, len(chunk.text), "row")]
    if kind == "faq":
        return _faq_units(chunk, number)
    if kind == "table":
        return [_unit(chunk, number, m.start(), m.end(), "row") for m in _LINE.finditer(chunk.text)]
    rows = [(m.start(), m.end()) for m in _ROW.finditer(chunk.text)]
    found = [s for s in sentences(chunk.text) if not any(a <= s.start < b or a < s.end <= b for a, b in rows)]
    made = [_unit(chunk, number, start, end, "row") for start, end in rows]
    made += [_unit(chunk, number, s.start, s.end, "sentence") for s in found]
    return made + _lists(chunk, number, found)


def _faq_units(chunk: Chunk, number: int) -> list[Unit]:
    begin = int(chunk.meta.get("answer_start", 0))
    answer = chunk.text[begin:]
    if len(answer) <= _MAX_FAQ_CHARACTERS:
        return [_unit(chunk, number, begin, len(chunk.text), "faq")]
    return [_unit(chunk, number, begin + s.start, begin + s.end, "faq") for s in sentences(answer)]


def _lists(chunk: Chunk, number: int, found: list[Sentence]) -> list[Unit]:
    """Each run of list items, together with the sentence that leads into it if that ends in a colon."""
    made: list[Unit] = []
    index = 0
    while index < len(found):
        if not is_item(found[index].text):
            index += 1
            continue
        first = index
        while index < len(found) and (is_item(found[index].text) or _continues(chunk, found, index)):
            index += 1
        if first > 0 and found[first - 1].text.rstrip().endswith((":", "：")):
            first -= 1
        last = index - 1
        while last > first and found[last].end - found[first].start > _MAX_LIST_CHARACTERS:
            last -= 1
        if last > first:
            made.append(_unit(chunk, number, found[first].start, found[last].end, "list"))
    return made


def _continues(chunk: Chunk, found: list[Sentence], index: int) -> bool:
    """Whether a sentence belongs to the item before it: on the same line, or indented below it."""
    between = chunk.text[found[index - 1].end : found[index].start]
    return "\n" not in between or between.endswith((" ", "\t"))


def _unit(chunk: Chunk, number: int, start: int, end: int, kind: str) -> Unit:
    return Unit(hit=number, start=start, end=end, text=chunk.text[start:end], kind=kind)
