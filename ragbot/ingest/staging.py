"""Cut documents -> staged rows, in batches across documents, so that memory stays bounded and the embedder
always has a full batch. A text whose vector is stored already is not embedded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragbot.errors import ModelError
from ragbot.index import stage
from ragbot.index.stage import Staging
from ragbot.index.store import Store
from ragbot.ingest.passage import embedded_text
from ragbot.types import Chunk, Document

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

BATCH = 256
"""Passages that are embedded and written together."""

SPECIAL_TOKENS = 2
"""What an embedder adds around a text: `max_tokens` includes them, `count_tokens` does not."""


def vector_key(embedder: str, text: str) -> bytes:
    """Identity of a vector: SHA-256 of the embedder's name and the text that was embedded."""
    return hashlib.sha256(f"{embedder}\0{text}".encode()).digest()


class Stager:
    """Collects documents; writes them whenever a batch is full and at `flush`."""

    def __init__(self, store: Store, embedder: Embedder, step: Callable[[str], None]) -> None:
        self._store, self._embedder, self._step = store, embedder, step
        self._pending: list[Staging] = []
        self._texts: dict[bytes, str] = {}
        self._waiting = 0
        self.embedded = 0
        """How many texts were embedded so far."""
        self.truncated = 0
        """How many passages are longer, title and headings included, than the embedder reads."""

    def add(self, document: Document, chunks: Sequence[Chunk], *, root: str, signature: str) -> None:
        texts = [embedded_text(chunk) for chunk in chunks]
        tokens = self._embedder.count_tokens(texts)
        keys = [vector_key(self._embedder.name, text) for text in texts]
        room = self._embedder.max_tokens - SPECIAL_TOKENS
        self.truncated += sum(count > room for count in tokens)
        self._texts.update(zip(keys, texts, strict=True))
        self._waiting += len(chunks)
        staging = Staging(
            document=document,
            root=root,
            signature=signature,
            chunks=list(zip(chunks, keys, tokens, strict=True)),
        )
        self._pending.append(staging)
        if self._waiting >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Embed and stage what is pending. Raises `ModelError` where the embedder gives no proper vectors."""
        if not self._pending:
            return
        unknown = stage.missing(self._store, self._texts, self._embedder.dimension)
        missing = [key for key in self._texts if key in unknown]
        for start in range(0, len(missing), BATCH):
            keys = missing[start : start + BATCH]
            vectors = self._embedder.embed([self._texts[key] for key in keys], kind="passage")
            if vectors.shape != (len(keys), self._embedder.dimension) or not np.isfinite(vectors).all():
                raise ModelError(f"embedder {self._embedder.name} gave vectors that cannot be used")
            blobs = (vector.astype("<f4").tobytes() for vector in vectors)
            stage.add_vectors(self._store, zip(keys, blobs, strict=True))
            self.embedded += len(keys)
            self._step("embedded")
        stage.add_documents(self._store, self._pending)
        self._step("staged")
        self._pending, self._texts, self._waiting = [], {}, 0
