"""Documents that hold too little, too much at once, the same as another, or tables that nobody can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, place, where
from ragbot.text.passage import embedded_text
from ragbot.text.words import fold, terms

if TYPE_CHECKING:
    from ragbot.protocols import Embedder
    from ragbot.types import Chunk, Document

_FEW_TERMS: Final = 8
"""Words with which a document hardly answers anything."""
_BARE_ROWS: Final = 0.6
"""Share of a table's rows without the name of a column."""
_PAGES_SHOWN: Final = 10
_MARKS: Final = 2
"""Tokens of a text's beginning and end, which the embedder adds."""


def shape(contents: Contents, embedder: Embedder | None) -> Iterator[Finding]:
    """Findings of each document, and of documents that say the same; `embedder` tells how long a passage may be."""
    yield from _same(contents)
    for document, passages in zip(contents.documents, contents.passages, strict=True):
        yield from _of_document(document, passages)
        for chunk in passages:
            if _bare(chunk):
                what = "is a table without a header row: no value says what it is; name its columns, and index again"
                yield _finding("table without header", f"{where(place(chunk))} {what}", chunk)
    if embedder is not None:
        yield from _too_long(contents, embedder)


def _finding(kind: str, message: str, *chunks: Chunk) -> Finding:
    places = tuple(place(chunk) for chunk in chunks)
    return Finding(about="content", level="note", kind=kind, message=message, places=places)


def _of_document(document: Document, passages: tuple[Chunk, ...]) -> Iterator[Finding]:
    if not passages:
        yield _finding("empty", f"{document.source} has no passage to be found; fill or remove it")
        return
    if len(terms(document.text, overlapping=False)) < _FEW_TERMS:
        few = f'{document.source} says next to nothing: "{place(passages[0]).quote}"; fill or remove it'
        yield _finding("short", few, passages[0])
    ends = (*document.page_starts, len(document.text))
    empty = [number for number, (start, end) in enumerate(pairwise(ends), 1) if start == end]
    if empty:
        shown = ", ".join(map(str, empty[:_PAGES_SHOWN])) + (" …" if len(empty) > _PAGES_SHOWN else "")
        what = f"{document.source} has no text on page, slide or sheet {shown}; if it is a picture, run OCR on it"
        yield _finding("empty page", what, passages[0])


def _bare(chunk: Chunk) -> bool:
    """Whether most rows of a table name no column."""
    if chunk.meta.get("kind") != "table":
        return False
    rows = [line.split("; ") for line in chunk.text.split("\n") if line.strip()]
    rows = [row for row in rows if len(row) > 1]
    bare = sum(not any(": " in cell or "：" in cell for cell in row) for row in rows)
    return len(rows) > 1 and bare >= _BARE_ROWS * len(rows)


def _same(contents: Contents) -> Iterator[Finding]:
    """Documents whose whole text is the same but for white space and capitals."""
    found: dict[bytes, list[int]] = {}
    for number, document in enumerate(contents.documents):
        text = " ".join(fold(document.text).split())
        if text:
            found.setdefault(hashlib.sha256(text.encode("utf-8", "replace")).digest(), []).append(number)
    for numbers in found.values():
        if len(numbers) > 1:
            sources = [contents.documents[number].source for number in numbers]
            first = [contents.passages[number][0] for number in numbers if contents.passages[number]]
            others = ", ".join(sources[1:6]) + (" …" if len(sources) > 6 else "")
            what = f"{sources[0]} says the same as {others}; keep one, or they will differ one day"
            yield _finding("duplicate", what, *first)


def _too_long(contents: Contents, embedder: Embedder) -> Iterator[Finding]:
    """Passages of which the embedder reads only the beginning."""
    window = embedder.max_tokens - _MARKS
    texts = [(chunk, embedded_text(chunk)) for chunk in contents.chunks()]
    long = [(chunk, text) for chunk, text in texts if len(text) > window]  # a token has a character at least
    counts = embedder.count_tokens([text for _, text in long]) if long else []
    for (chunk, _), count in zip(long, counts, strict=True):
        if count > window:
            what = (
                f"has {count} tokens, the embedder reads {window}: what follows is found by its words alone; "
                "lower ingest.chunk_tokens and run ragbot index --rebuild"
            )
            yield _finding("long passage", f"{where(place(chunk))} {what}", chunk)
