"""The passages of a knowledge base, each with what stands above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ragbot.evaluate.draft.values import Place
from ragbot.types import Chunk, Document


class Reads(Protocol):
    """The part of `KnowledgeBase` that is read."""

    def documents(self) -> Sequence[Document]: ...

    def chunks(self, document_id: str) -> Sequence[Chunk]: ...


def read(kb: Reads, documents: Iterable[Document]) -> Iterator[Place]:
    """The passages of the documents, in order."""
    for document in documents:
        above: str | None = None
        for chunk in kb.chunks(document.id):
            faq = str(chunk.meta.get("question", ""))
            language = (
                document.language if document.language != "und" else str(chunk.meta.get("language", "en"))
            )
            yield Place(
                source=document.source,
                title=document.title,
                heading=chunk.heading.rsplit(" > ", 1)[-1],
                text=chunk.text,
                kind=str(chunk.meta.get("kind", "text")),
                language=language,
                faq_question=faq,
                faq_answer=chunk.text[int(chunk.meta.get("answer_start", 0)) :] if faq else "",
                first=chunk.heading != above,
            )
            above = chunk.heading
