"""What a loader makes of a file: typed blocks in reading order, and the text they add up to.

`Document.text` is the blocks joined by blank lines, so each block knows its offsets by construction and
every later stage can rely on them. Knows nothing of file formats or of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["heading", "text", "list", "table", "code", "faq", "row"]

SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One paragraph, list, table, code block, FAQ entry, table row or heading, as readable text."""

    kind: Kind
    text: str
    """No markup. A table has one line per row, each with its headers: `Plan: Basic; Price: 4.99 €`.
    An FAQ entry is the question, a line break, and the answer. Never empty, no NUL, no `\\r`."""
    level: int = 0
    """1..6 for a heading, 0 for everything else."""
    page: int | None = None
    """1-based page, slide or sheet; None where the format has none."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Properties of this block alone, such as the other columns of a FAQ row."""
    begins: bool = False
    """Whether a record of its own begins here: headings above do not reach it, and no passage spans its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file as its loader gives it."""

    title: str
    blocks: tuple[Block, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What the reader of the report should know: `line 7 is no JSON and was left out`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was not read, and why."""

    source: str
    """Its name as it is reported: valid UTF-8, on one line."""
    reason: str
    """One line that names the cause and the next step."""
    unsupported: bool = False
    """True where only the suffix is foreign (a picture, a video): worth a count, not a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A block with its place: `text[start:end] == block.text`."""

    block: Block
    start: int
    end: int


def assemble(blocks: Sequence[Block]) -> tuple[str, tuple[Placed, ...], tuple[int, ...]]:
    """The document's text, every block's place in it, and the offset at which each page begins."""
    placed: list[Placed] = []
    page_starts: list[int] = []
    offset = 0
    for block in blocks:
        placed.append(Placed(block=block, start=offset, end=offset + len(block.text)))
        while block.page is not None and len(page_starts) < block.page:
            page_starts.append(offset)
        offset += len(block.text) + len(SEPARATOR)
    return SEPARATOR.join(block.text for block in blocks), tuple(placed), tuple(page_starts)
