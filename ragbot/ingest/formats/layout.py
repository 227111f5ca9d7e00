"""Printed lines -> paragraphs, lists and headings: what a PDF shows by place and size of its letters.

Careful rather than clever: a line is a heading only if it is set larger or bolder than the text and stands
apart; what is in doubt stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ragbot.ingest.blocks import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One printed line."""

    text: str
    size: float
    """Height of the letters in points; 0 where unknown."""
    bold: bool
    y: float
    """Height on the page in points, growing upwards."""
    page: int


_EDGE = 3
"""Lines at the top and bottom of a page among which running heads and feet are looked for."""
_ITEM = re.compile(r"(?:[-•·▪●◦–*\uf0b7]|\(?\d{1,2}[.)、]|[①-⑳])\s*(?=\S)")
_END = re.compile(r"[.!?。！？;；…][\"'”’)）」]*$")
_NO_HEADING = re.compile(r"[.,;:。，；：]$|^[\d\s.,:/%€$£¥()-]+$")
_HYPHEN = re.compile(r"([^\W\d_]{2,})-$")
_HAN = re.compile("[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", text).casefold().strip()


def drop_running_lines(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """All lines but the outermost of each page that return, up to their digits, on more than half of them."""
    filled = [page for page in pages if page]
    everything = [line for page in pages for line in page]
    if len(filled) < 2:
        return everything
    body = _body_size(everything)
    edge = _EDGE if len(filled) > 2 else 1  # two pages prove little
    seen: Counter[str] = Counter()
    for page in filled:
        seen.update({_shape(line.text) for line in (*page[:edge], *page[-edge:]) if line.size <= body})
    least = max(2, len(filled) // 2 + 1)
    running = {shape for shape, times in seen.items() if times >= least}
    kept: list[Line] = []
    for page in pages:
        first, last = 0, len(page)
        while first < min(edge, last) and _shape(page[first].text) in running:
            first += 1
        while last > max(first, len(page) - edge) and _shape(page[last - 1].text) in running:
            last -= 1
        kept.extend(page[first:last])
    return kept or everything


def _body_size(lines: Sequence[Line]) -> float:
    """The size in which most letters are set."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0]


def lines_to_blocks(lines: Sequence[Line]) -> list[Block]:
    """Blocks in order, each with the page on which it begins."""
    if not lines:
        return []
    body = _body_size(lines)
    gaps = [a.y - b.y for a, b in pairwise(lines) if a.size == b.size == body and a.y > b.y]
    pitch = median(gaps) if gaps else body * 1.3
    width = sorted(len(line.text) for line in lines)[int(len(lines) * 0.9)]
    bold_body = sum(len(line.text) for line in lines if line.bold) * 2 > sum(len(line.text) for line in lines)
    groups = _groups(lines, body, pitch, bold_body=bold_body)
    levels = _levels(groups)
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(line.text for line in lines).casefold()))
    blocks: list[Block] = []
    for heading, group in groups:
        if heading:
            text = " ".join(line.text for line in group)
            blocks.append(Block(kind="heading", level=levels[_rank(group[0])], text=text, page=group[0].page))
        else:
            blocks.append(_paragraph(group, width, words))
    return blocks


def _rank(line: Line) -> tuple[float, bool]:
    return (line.size, line.bold)


def _levels(groups: Sequence[tuple[bool, list[Line]]]) -> dict[tuple[float, bool], int]:
    """Larger letters, higher heading; at most four levels."""
    ranks = sorted({_rank(group[0]) for heading, group in groups if heading}, reverse=True)
    return {rank: min(4, i + 1) for i, rank in enumerate(ranks)}


def _is_heading(line: Line, body: float, *, apart: bool, bold_body: bool) -> bool:
    text = line.text
    if len(text) > 100 or _NO_HEADING.search(text) or text.startswith(("•", "- ", "– ")):
        return False
    if line.size >= body * 1.12:
        return True
    return line.bold and not bold_body and apart and line.size >= body * 0.95 and len(text) <= 70


def _groups(
    lines: Sequence[Line], body: float, pitch: float, *, bold_body: bool
) -> list[tuple[bool, list[Line]]]:
    """Lines that belong together, and whether they are a heading."""
    groups: list[tuple[bool, list[Line]]] = []
    before: Line | None = None
    for line in lines:
        same_page = before is not None and before.page == line.page
        gap = before.y - line.y if before is not None and same_page else 0.0
        apart = not same_page or gap > pitch * 1.25 or gap < -pitch
        heading = _is_heading(line, body, apart=apart, bold_body=bold_body)
        if groups and before is not None and groups[-1][0] == heading:
            together = same_page and 0 <= gap <= max(pitch, line.size * 1.3) * 1.35
            if heading:
                together = together and _rank(before) == _rank(line)
            elif not same_page:  # a sentence that runs over to the next page
                together = not _END.search(before.text) and line.text[:1].islower()
            if together:
                groups[-1][1].append(line)
                before = line
                continue
        groups.append((heading, [line]))
        before = line
    return groups


def _paragraph(group: Sequence[Line], width: int, words: Counter[str]) -> Block:
    """Printed lines as flowing text; short lines and list items keep their breaks."""
    texts: list[str] = []
    before: Line | None = None
    for line in group:
        full = before is not None and len(before.text) >= width * 0.72
        parted = before is not None and _HYPHEN.search(before.text) and line.text[0].islower()
        flows = (full or parted) and before is not None and _rank(before) == _rank(line)
        if flows and not _ITEM.match(line.text):
            texts[-1] = _join(texts[-1], line.text, words)
        else:
            texts.append(line.text)
        before = line
    items = sum(1 for text in texts if _ITEM.match(text))
    texts = [_ITEM.sub("- ", text, count=1) if text[0] in "•·▪●◦–*\uf0b7" else text for text in texts]
    kind = Block(kind="list" if items >= max(1, len(texts) - 1) else "text", text="\n".join(texts))
    return replace(kind, page=group[0].page)


def _join(text: str, more: str, words: Counter[str]) -> str:
    if match := _HYPHEN.search(text):
        following = re.match(r"[^\W\d_]+", more)
        if following and following[0].islower():
            whole = (match[1] + following[0]).casefold()
            hyphened = f"{match[1]}-{following[0]}".casefold()
            return (text if words[hyphened] > words[whole] else text[:-1]) + more
        return text + more
    if _HAN.match(text[-1]) and _HAN.match(more[0]):
        return text + more
    return f"{text} {more}"
