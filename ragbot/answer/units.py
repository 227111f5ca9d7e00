"""Passages -> the smallest pieces that can be quoted: sentences, list items, FAQ answers, table rows.
`chunk.text[start:end]` is each piece. Knows nothing of questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ragbot.text.sentences import Sentence, sentences
from ragbot.types import Chunk, Hit

_ITEM = re.compile(r"\s*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)]|[（(]?[一二三四五六七八九十]+[）)、])\s+")
_LINE = re.compile(r"\S[^\n]*")
_ROW = re.compile(r"^[^:;\n]{1,60}: [^\n]+?; [^:;\n]{1,60}: [^\n]*$", re.MULTILINE)
"""A table's line as the loaders write it: `Plan: Basic; Price: 4.99`."""
_PICTURE = re.compile(r"^\s*\[(?:Image|图片)[:：][^\n]*\]\s*$", re.MULTILINE)
"""What a picture shows says nothing by itself."""
_ANNOUNCES = re.compile(
    r"\W*(?:(?:learn|find out|discover|read on|see) (?:more )?(?:how|about|what|where|when|why|which|to find)\b"
    r"|(?:in )?this (?:article|guide|page|section|document|note|tutorial|topic),? (?:we|you|explains?|describes?"
    r"|shows?|covers?|provides?|walks|will|is about|contains|outlines|lists)\b"
    r"|(?:in this (?:article|guide|document|section)|on this page|(?:table of )?contents)\s*[:：]?\s*$"
    r"|(?:本文|本页|本指南|本节|本教程|这篇文章)(?:将|会|主要)?(?:介绍|说明|讲解|教|告诉|解释|内容)|了解(?:如何|怎样|怎么|有关|关于)"
    r"|目录\s*[:：]?\s*$"
    r"|for (?:more|further|additional|detailed|a (?:more )?(?:complete|detailed|comprehensive)|troubleshooting)\b"
    r"[^.]{0,80}\b(?:see|visit|read|check|refer to|go to)\b|see also\b"
    r"|(?:更多|详细)[^。]{0,30}(?:请参阅|请参见|参见|请见|请查看|请访问))",
    re.IGNORECASE,
)
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
    """`sentence`, `item`, `row`, `faq`, or `list`: a whole list, made of an item by `whole_list`."""
    lead: str = ""
    """Of an item, or of the sentence itself that ends in a colon: what introduces the list."""
    list_start: int = -1
    list_end: int = -1
    """Place of the list that the piece belongs to or introduces, its lead included; -1 where there is none."""


def announces(unit: Unit) -> bool:
    """Whether a piece only says what its document will tell, or where else it stands ("Learn how to find a receipt.",
    a table of contents, "For more details, see ..."): it points at the answer, and is none."""
    return _ANNOUNCES.match(unit.text) is not None or _ANNOUNCES.match(unit.lead) is not None


def is_item(text: str) -> bool:
    """Whether a line is an item of a list."""
    return _ITEM.match(text) is not None


def whole_list(unit: Unit, chunk: Chunk) -> Unit:
    """The list that `unit` belongs to or introduces; `unit` itself where there is none."""
    if unit.list_start < 0:
        return unit
    text = chunk.text[unit.list_start : unit.list_end]
    return replace(unit, start=unit.list_start, end=unit.list_end, text=text, kind="list")


def units(hit: Hit, number: int) -> list[Unit]:
    """The quotable pieces of a passage, in order and without overlap."""
    chunk = hit.chunk
    kind = chunk.meta.get("kind", "text")
    if kind == "row":
        return [_unit(chunk, number, 0, len(chunk.text), "row")]
    if kind == "faq":
        return _faq_units(chunk, number)
    if kind == "table":
        return [_unit(chunk, number, m.start(), m.end(), "row") for m in _LINE.finditer(chunk.text)]
    apart = [m.span() for pattern in (_ROW, _PICTURE) for m in pattern.finditer(chunk.text)]
    found = [s for s in sentences(chunk.text) if not any(a < s.end and s.start < b for a, b in apart)]
    made = [_unit(chunk, number, m.start(), m.end(), "row") for m in _ROW.finditer(chunk.text)]
    return sorted(made + _prose(chunk, number, found), key=lambda unit: unit.start)


def _faq_units(chunk: Chunk, number: int) -> list[Unit]:
    begin = int(chunk.meta.get("answer_start", 0))
    answer = chunk.text[begin:]
    if len(answer) <= _MAX_FAQ_CHARACTERS:
        return [_unit(chunk, number, begin, len(chunk.text), "faq")]
    return [_unit(chunk, number, begin + s.start, begin + s.end, "faq") for s in sentences(answer)]


def _prose(chunk: Chunk, number: int, found: list[Sentence]) -> list[Unit]:
    """Sentences, and the items of lists with what introduces them."""
    made: list[Unit] = []
    index = 0
    while index < len(found):
        last = _list_end(chunk, found, index)
        if last == index:
            made.append(_unit(chunk, number, found[index].start, found[index].end, "sentence"))
            index += 1
            continue
        led = not is_item(found[index].text)
        lead = found[index].text if led else ""
        end = max(s.end for s in found[index:last] if s.end - found[index].start <= _MAX_LIST_CHARACTERS)
        for sentence in found[index:last]:
            piece = _unit(chunk, number, sentence.start, sentence.end, "item")
            made.append(replace(piece, lead=lead, list_start=found[index].start, list_end=end))
        if led:
            made[-(last - index)] = replace(made[-(last - index)], kind="sentence", lead="")
        index = last
    return made


def _list_end(chunk: Chunk, found: list[Sentence], first: int) -> int:
    """One past the last sentence of the list that begins (with its lead) at `first`; `first` if none does."""
    index = first
    if not is_item(found[first].text):
        leads = found[first].text.rstrip().endswith((":", "："))
        if not leads or first + 1 >= len(found) or not is_item(found[first + 1].text):
            return first
        index += 1
    while index < len(found) and (is_item(found[index].text) or _continues(chunk, found, index)):
        index += 1
    return index


def _continues(chunk: Chunk, found: list[Sentence], index: int) -> bool:
    """Whether a sentence belongs to the item before it: on the same line, or indented below it."""
    between = chunk.text[found[index - 1].end : found[index].start]
    return "\n" not in between or between.endswith((" ", "\t"))


def _unit(chunk: Chunk, number: int, start: int, end: int, kind: str) -> Unit:
    return Unit(hit=number, start=start, end=end, text=chunk.text[start:end], kind=kind)
