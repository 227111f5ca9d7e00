"""Cut documents -> staged rows, in batches across documents, so that memory stays bounded and the embedder
always has a full batch. A text whose vector is stored already is not embedded again.

Batches are embedded and written in a thread of their own, one after the other, while the caller reads and cuts
what comes next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from ragbot.errors import ModelError
from ragbot.index import stage
from ragbot.index.stage import Staging
from ragbot.index.store import Store
from ragbot.text.passage import embedded_text
from ragbot.types import Chunk, Document

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

BATCH = 256
"""Passages that are embedded and written together."""

SPECIAL_TOKENS = 2
"""What an embedder adds around a text: `max_tokens` includes them, `count_tokens` does not."""

Row = tuple[Chunk, bytes, int]
"""A passage, the key of its vector, and its tokens."""


def vector_key(embedder: str, text: str) -> bytes:
    """Identity of a vector: SHA-256 of the embedder's name and the text that was embedded."""
    return hashlib.sha256(f"{embedder}\0{text}".encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A document that waits to be staged."""

    document: Document
    chunks: Sequence[Chunk]
    root: str
    signature: str


class Stager:
    """Collects documents; writes them whenever a batch is full and at `flush`. Use as a context manager.

    What goes wrong with a batch is raised by the next `add` or `flush`: `ModelError` where the embedder gives
    no proper vectors, and whatever it, the store or `step` raises. At most two batches are held at a time.
    """

    def __init__(self, store: Store, embedder: Embedder, step: Callable[[str], None]) -> None:
        self._store, self._embedder, self._step = store, embedder, step
        self._pending: list[_Cut] = []
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ragbot-stage")
        self._written: Future[None] | None = None
        self._stopped = Event()
        self.embedded = 0
        """How many texts were embedded; final after `flush`, like `truncated`."""
        self.truncated = 0
        """How many passages are longer, title and headings included, than the embedder reads."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.shutdown(wait=True)

    def add(self, document: Document, chunks: Sequence[Chunk], *, root: str, signature: str) -> None:
        """Take a document in; returns while an earlier batch may still be embedded."""
        self._pending.append(_Cut(document=document, chunks=chunks, root=root, signature=signature))
        self._waiting += len(chunks)
        if self._waiting >= BATCH:
            self._hand_over()

    def flush(self) -> None:
        """Return when all is staged."""
        self._hand_over()
        self._wait()

    def stop(self) -> None:
        """Begin no further batch: what is not staged by now will not be. Leaving the context does the same."""
        self._stopped.set()

    def _hand_over(self) -> None:
        self._wait()
        if self._pending:
            self._written = self._thread.submit(self._write, self._pending)
            self._pending, self._waiting = [], 0

    def _wait(self) -> None:
        written, self._written = self._written, None
        if written is not None:
            written.result()

    def _write(self, batch: Sequence[_Cut]) -> None:
        """Embed and stage documents. One with a hundred thousand passages is embedded piece by piece too."""
        chunks = [chunk for each in batch for chunk in each.chunks]
        rows: list[Row] = []
        for start in range(0, len(chunks), BATCH):
            if self._stopped.is_set():
                return
            rows += self._embed(chunks[start : start + BATCH])
        ready = iter(rows)
        stagings = [
            Staging(
                document=each.document,
                root=each.root,
                signature=each.signature,
                chunks=list(islice(ready, len(each.chunks))),
            )
            for each in batch
        ]
        stage.add_documents(self._store, stagings)
        self._step("staged")

    def _embed(self, chunks: Sequence[Chunk]) -> list[Row]:
        """Store the vectors that are missing."""
        texts = [embedded_text(chunk) for chunk in chunks]
        tokens = self._embedder.count_tokens(texts)
        self.truncated += sum(count > self._embedder.max_tokens - SPECIAL_TOKENS for count in tokens)
        keys = [vector_key(self._embedder.name, text) for text in texts]
        unknown = stage.missing(self._store, keys, self._embedder.dimension)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key in unknown}
        if missing:
            vectors = self._embedder.embed(list(missing.values()), kind="passage")
            if vectors.shape != (len(missing), self._embedder.dimension) or not np.isfinite(vectors).all():
                raise ModelError(f"embedder {self._embedder.name} gave vectors that cannot be used")
            blobs = (vector.astype("<f4").tobytes() for vector in vectors)
            stage.add_vectors(self._store, zip(missing, blobs, strict=True))
            self.embedded += len(missing)
            self._step("embedded")
        return list(zip(chunks, keys, tokens, strict=True))
