"""Passages that were read -> excerpts that can be shown as they stand, and excerpts -> text with numbered citations.

An excerpt is what a reader of the page would point at: a short passage entire, a whole FAQ answer or table row, a list
with the sentence that announces it, whole sentences around the one that answers. It adds no word of its own and knows
nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from ragbot.text.sentences import Sentence, sentences
from ragbot.types import Chunk, Citation, Claim, Hit

_ITEM = re.compile(r"[ \t]*(?:[-*•‣–]|\d{1,3}[.)]|[a-zA-Z][.)])[ \t]+")
_BULLET = re.compile(r"^\s*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)])\s+")
_ROWS: Final = ("table", "row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A piece of the answer and the place that carries it, as offsets into its passage."""

    text: str
    hit: int
    start: int
    end: int
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, list or row: what belongs together. Offsets into the passage."""

    start: int
    end: int
    pieces: tuple[Sentence, ...]
    is_list: bool


def quote(hits: Sequence[Hit], *, likely: float, passages: int, characters: int) -> list[Statement]:
    """What to show of `hits`, best first: the excerpt of the best one, and of others (at most `passages` in all) whose
    probability is at least `likely` times the best one's, while all together stay within `characters`.

    An excerpt that stands in one already chosen is left out; those that touch are one.
    """
    chosen: list[Statement] = []
    left = characters
    for number, hit in enumerate(hits):
        if len(chosen) == passages or (chosen and hit.score < likely * hits[0].score):
            break
        start, end = excerpt(hit.chunk, hit.sentence, characters=characters if not chosen else left)
        if start == end or (chosen and end - start > left) or _told(hit.chunk, start, end, chosen, hits):
            continue
        left -= end - start
        chosen.append(Statement(text=hit.chunk.text[start:end], hit=number, start=start, end=end))
    return chosen


def excerpt(chunk: Chunk, sentence: tuple[int, int] | None, *, characters: int) -> tuple[int, int]:
    """Offsets of what to show of a passage, where `sentence` answers; about `characters` long at most, unless one
    sentence alone is longer.

    >>> from ragbot.types import Chunk
    >>> text = "Opening hours.\\n\\nWe are open daily from 9 to 5.\\n\\nParking is free."
    >>> chunk = Chunk(id="", document_id="", source="", title="", heading="", text=text, start=0, end=len(text))
    >>> start, end = excerpt(chunk, (16, 46), characters=40)
    >>> text[start:end]
    'We are open daily from 9 to 5.'
    """
    kind = chunk.meta.get("kind", "text")
    begin = int(chunk.meta.get("answer_start", 0)) if kind == "faq" else 0
    text = chunk.text
    start, end = begin + len(text[begin:]) - len(text[begin:].lstrip()), len(text.rstrip())
    if start >= end:
        return 0, 0
    blocks = list(_blocks(text, begin, rows=kind in _ROWS))
    if end - start <= characters or not blocks:
        return start, end
    at = sentence[0] if sentence is not None else start
    place = next((number for number, block in enumerate(blocks) if at < block.end), len(blocks) - 1)
    if blocks[place].end - blocks[place].start > characters:
        return _inside(blocks[place], at, characters)
    return _grown([(block.start, block.end) for block in blocks], place, characters)


def _blocks(text: str, begin: int, *, rows: bool) -> Iterator[_Block]:
    """The blocks of a passage from offset `begin` on. A list belongs to the paragraph before it that ends in a
    colon."""
    found = [each for each in sentences(text) if each.end > begin]
    groups: list[list[Sentence]] = []
    for each in found:
        between = text[groups[-1][-1].end : each.start] if groups else "\n\n"
        item = is_item(each.text)
        led = bool(groups) and (_is_list(groups[-1]) or groups[-1][-1].text.rstrip().endswith((":", "：")))
        if rows and "\n" in between:
            groups.append([each])
        elif item and led:
            groups[-1].append(each)
        elif "\n\n" in between or (item and not led):
            groups.append([each])
        else:
            groups[-1].append(each)
    for group in groups:
        yield _Block(max(begin, group[0].start), group[-1].end, tuple(group), _is_list(group))


def is_item(text: str) -> bool:
    """Whether a line is an item of a list."""
    return _ITEM.match(text) is not None


def _is_list(group: Sequence[Sentence]) -> bool:
    return any(is_item(each.text) for each in group)


def _grown(pieces: Sequence[tuple[int, int]], place: int, characters: int) -> tuple[int, int]:
    """`pieces[place]` with those around it while they fit, what goes before first: that is where a topic begins."""
    low = high = place
    while True:
        if low > 0 and pieces[high][1] - pieces[low - 1][0] <= characters:
            low -= 1
        elif high + 1 < len(pieces) and pieces[high + 1][1] - pieces[low][0] <= characters:
            high += 1
        else:
            return pieces[low][0], pieces[high][1]


def _inside(block: _Block, at: int, characters: int) -> tuple[int, int]:
    """What fits of a block that is too long: lines of a list or table stay whole, as sentences do."""
    pieces = [(each.start, each.end) for each in block.pieces]
    place = next((number for number, (_, end) in enumerate(pieces) if at < end), len(pieces) - 1)
    return _grown(pieces, place, characters)


def _told(chunk: Chunk, start: int, end: int, chosen: Sequence[Statement], hits: Sequence[Hit]) -> bool:
    """Whether an excerpt stands in one before it, in the document or word for word."""
    text = " ".join(chunk.text[start:end].split())
    for each in chosen:
        other = hits[each.hit].chunk
        overlaps = (
            other.document_id == chunk.document_id
            and other.start + each.start < chunk.start + end
            and chunk.start + start < other.start + each.end
        )
        if overlaps or text in " ".join(each.text.split()):
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """Statements with their citations."""

    parts: tuple[str, ...]
    """Each statement with its mark, such as `Refunds take 5 days. [1]`."""
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    """With the numbers of the citations that carry them."""

    @property
    def text(self) -> str:
        """The whole answer: lists and longer excerpts stand on lines of their own."""
        return ("\n\n" if any("\n" in part for part in self.parts) else " ").join(self.parts)


def cite(statements: Sequence[Statement], hits: Sequence[Hit]) -> Cited:
    """Number the places that carry the statements; one place, one number."""
    numbers: dict[tuple[int, int, int], int] = {}
    citations: list[Citation] = []
    claims: list[Claim] = []
    parts: list[str] = []
    for statement in statements:
        place = (statement.hit, statement.start, statement.end)
        if place not in numbers:
            numbers[place] = len(citations) + 1
            citations.append(_citation(numbers[place], hits[statement.hit].chunk, statement))
        number = numbers[place]
        parts.append(f"{_readable(statement.text)} [{number}]")
        claims += [replace(claim, citations=(number,)) for claim in statement.claims]
    return Cited(parts=tuple(parts), citations=tuple(citations), claims=tuple(claims))


def _readable(text: str) -> str:
    """A single list item without its bullet; anything else as it stands, without runs of empty lines."""
    if "\n" not in text:
        return _BULLET.sub("", text)
    lines = (line.rstrip() for line in text.split("\n"))
    return "\n".join("\n".join(group) if filled else "" for filled, group in groupby(lines, key=bool))


def _citation(number: int, chunk: Chunk, statement: Statement) -> Citation:
    start, end = chunk.start + statement.start, chunk.start + statement.end
    return Citation(
        number=number,
        source=chunk.source,
        title=chunk.title,
        heading=chunk.heading,
        page=chunk.page,
        start=start,
        end=end,
        quote=chunk.text[statement.start : statement.end],
        chunk_id=chunk.id,
    )
