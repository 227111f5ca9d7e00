"""Documents as the doctor reads them, made by hand: one passage each."""

from __future__ import annotations

from typing import Any

from ragbot.doctor.pieces import Contents
from ragbot.types import Chunk, Document


def contents(*documents: dict[str, Any], unread: int = 0) -> Contents:
    """Each document has a `text`, and may have `source`, `title`, `heading`, `page_starts` and properties."""
    made = [_document(number, dict(each)) for number, each in enumerate(documents)]
    return Contents(
        documents=tuple(document for document, _ in made),
        passages=tuple((chunk,) if chunk.text.strip() else () for _, chunk in made),
        unread=unread,
    )


def _document(number: int, given: dict[str, Any]) -> tuple[Document, Chunk]:
    text = given.pop("text")
    name, source = f"doc-{number}", given.pop("source", f"doc-{number}.md")
    title, heading = given.pop("title", "Notes"), given.pop("heading", "")
    page_starts = tuple(given.pop("page_starts", ()))
    meta = {"kind": "text", "language": "en"} | given
    chunk = Chunk(
        id=name,
        document_id=name,
        source=source,
        title=title,
        heading=heading,
        text=text,
        start=0,
        end=len(text),
        meta=meta,
    )
    document = Document(
        id=name, source=source, title=title, text=text, page_starts=page_starts, language=meta["language"]
    )
    return document, chunk
