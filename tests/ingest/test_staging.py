"""Staging: bounded batches, each text once, embedding beside reading, and errors that come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from quick import HashedEmbedder, open_quick

from ragbot.errors import ModelError
from ragbot.index import stage
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.document import to_document
from ragbot.ingest.split import split
from ragbot.ingest.staging import BATCH, Stager

PATIENCE = 20.0
"""Seconds after which a thread that should have gone on is taken to hang."""


class CountingEmbedder(HashedEmbedder):
    """Keeps how many texts came at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        self.sizes.append(len(texts))
        return super().embed(texts, kind=kind)


class WaitingEmbedder(HashedEmbedder):
    """Embeds once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = Event()

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        if not self.may.wait(PATIENCE):
            raise TimeoutError("nobody went on while a batch was embedded")
        return super().embed(texts, kind=kind)


class BrokenEmbedder(HashedEmbedder):
    """Gives no numbers."""

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        return np.full((len(texts), self.dimension), np.nan, np.float32)


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with open_quick(tmp_path / "kb") as opened:
        yield opened


def add(stager: Stager, name: str, rows: Sequence[str]) -> None:
    """A document of that name with a passage for each row; the title is the same in all."""
    parsed = Parsed(title="Prices", blocks=tuple(Block(kind="row", text=row) for row in rows))
    document, placed = to_document(name, parsed, "0" * 64)
    chunks = split(document, placed, count_tokens=HashedEmbedder().count_tokens, chunk_tokens=180)
    assert len(chunks) == len(rows)
    stager.add(document, chunks, root="", signature="s")


def rows(first: int, count: int) -> list[str]:
    return [f"Article: lamp {number}; Price: {number} €" for number in range(first, first + count)]


def test_a_long_document_is_embedded_in_bounded_batches(kb: KnowledgeBase) -> None:
    """A table of many rows never reaches the embedder at once, and all of it is staged in order."""
    embedder, steps = CountingEmbedder(), list[str]()
    with Stager(kb.store, embedder, steps.append) as stager:
        add(stager, "prices.csv", rows(0, 3 * BATCH + 5))
        stager.flush()
        assert stager.embedded == 3 * BATCH + 5
    assert embedder.sizes == [BATCH, BATCH, BATCH, 5]
    assert steps == ["embedded"] * 4 + ["staged"]
    with kb.store.reading() as connection:
        found = connection.execute("SELECT text FROM chunks ORDER BY document_row, ordinal").fetchall()
    assert [text for (text,) in found] == rows(0, 3 * BATCH + 5)


def test_a_text_is_embedded_once(kb: KnowledgeBase) -> None:
    """Equal passages cost one vector: in one document, in one batch, and across batches."""
    embedder = CountingEmbedder()
    with Stager(kb.store, embedder, lambda _: None) as stager:
        add(stager, "twice.csv", [*rows(0, 10), *rows(0, 10)])
        add(stager, "same-batch.csv", rows(5, 10))
        add(stager, "fills-it.csv", rows(0, BATCH))
        add(stager, "later.csv", rows(BATCH - 10, 20))
        stager.flush()
        assert stager.embedded == BATCH + 10
    assert len(embedder.embedded) == len(set(embedder.embedded)) == BATCH + 10
    assert set(stage.staged(kb.store)) == {"twice.csv", "same-batch.csv", "fills-it.csv", "later.csv"}


def test_the_next_documents_are_taken_in_while_a_batch_is_embedded(kb: KnowledgeBase) -> None:
    """A full batch does not hold up the caller."""
    embedder = WaitingEmbedder()
    with Stager(kb.store, embedder, lambda _: None) as stager:
        add(stager, "one.csv", rows(0, BATCH))
        add(stager, "two.csv", rows(BATCH, 10))
        assert stager.embedded == 0
        embedder.may.set()
        stager.flush()
        assert stager.embedded == BATCH + 10


def test_an_error_of_a_batch_comes_back(kb: KnowledgeBase) -> None:
    """Vectors that are no numbers are an error for the caller, and their document is not staged."""
    with Stager(kb.store, BrokenEmbedder(), lambda _: None) as stager:
        add(stager, "one.csv", rows(0, BATCH))
        with pytest.raises(ModelError, match="hashed@1 gave vectors that cannot be used"):
            stager.flush()
    assert stage.staged(kb.store) == {}


def test_leaving_early_stops_between_batches(kb: KnowledgeBase) -> None:
    """Whoever stops waits for one batch, not for the rest of a long document, which is not staged."""
    embedder = WaitingEmbedder()
    with Stager(kb.store, embedder, lambda _: None) as stager:
        add(stager, "long.csv", rows(0, 8 * BATCH))
        stager.stop()
        embedder.may.set()
    assert len(embedder.embedded) <= BATCH
    assert stage.staged(kb.store) == {}
