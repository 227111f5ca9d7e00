"""The indexed documents, read once for all checks of their content: documents, passages, sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ragbot.doctor.findings import Place
from ragbot.text.sentences import sentences

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.types import Chunk, Document

MOST_PASSAGES: Final = 100_000
"""Passages that are read; what lies beyond is counted, not looked at."""
_QUOTE: Final = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, list item or table row of a passage."""

    text: str
    chunk: Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What is looked at."""

    documents: tuple[Document, ...]
    """By source."""
    passages: tuple[tuple[Chunk, ...], ...]
    """Of each document, in reading order."""
    unread: int
    """Documents that were left out, for there are too many passages."""

    def chunks(self) -> Iterator[Chunk]:
        """All passages, document by document."""
        for each in self.passages:
            yield from each

    def pieces(self) -> Iterator[Piece]:
        """All sentences; where passages overlap, each once."""
        for each in self.passages:
            seen: set[int] = set()
            for chunk in each:
                for sentence in sentences(chunk.text):
                    if chunk.start + sentence.start not in seen:
                        seen.add(chunk.start + sentence.start)
                        yield Piece(sentence.text, chunk)


def read_all(kb: KnowledgeBase, *, most: int = MOST_PASSAGES) -> Contents:
    """The documents by source, until `most` passages are read. Raises `KnowledgeBaseError`."""
    documents = kb.documents()
    passages: list[tuple[Chunk, ...]] = []
    count = 0
    for document in documents:
        if count >= most:
            break
        passages.append(tuple(kb.chunks(document.id)))
        count += len(passages[-1])
    read = len(passages)
    return Contents(documents=tuple(documents[:read]), passages=tuple(passages), unread=len(documents) - read)


def place(chunk: Chunk, quote: str = "") -> Place:
    """Where `quote` stands; the beginning of the passage where none is given."""
    return Place(
        source=chunk.source, heading=chunk.heading, page=chunk.page, quote=shortened(quote or chunk.text)
    )


def shortened(text: str, longest: int = _QUOTE) -> str:
    """On one line, cut with a mark where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[:longest].rstrip() + "…"


def where(at: Place) -> str:
    """`shop/returns.md (Returns > Period)`, for a message."""
    inner = [at.heading] if at.heading else []
    inner += [f"page {at.page}"] if at.page is not None else []
    return f"{at.source} ({', '.join(inner)})" if inner else at.source
