"""Passages and questions as search hands them on, made by hand."""

from __future__ import annotations

from typing import Any

from ragbot.index.question import Question, understand
from ragbot.types import Chunk, Hit, Turn


def passage(
    text: str,
    *,
    source: str = "shop/returns.md",
    title: str = "Returns",
    heading: str = "",
    start: int = 0,
    dense: tuple[int, float] | None = (1, 0.5),
    lexical: tuple[int, float] | None = (1, 5.0),
    **meta: Any,
) -> Hit:
    """A hit on a passage that begins at offset `start` of its document; `dense` and `lexical` are rank, score."""
    chunk = Chunk(
        id=f"{source}:{start}",
        document_id=source,
        source=source,
        title=title,
        heading=heading,
        text=text,
        start=start,
        end=start + len(text),
        meta={"kind": "text", "language": "en"} | meta,
    )
    return Hit(
        chunk=chunk,
        score=1.0,
        dense_rank=dense[0] if dense else None,
        dense_score=dense[1] if dense else None,
        lexical_rank=lexical[0] if lexical else None,
        lexical_score=lexical[1] if lexical else None,
    )


def asking(
    message: str,
    *earlier: str,
) -> Question:
    """`message` after the customer's `earlier` ones, ."""
    history = [Turn(role="user", text=text) for text in earlier]
    return understand(message, history)
