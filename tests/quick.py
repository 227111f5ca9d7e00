"""Quick stand-ins for the slow parts of a sync: an embedder without a model, a loader without processes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.ingest.blocks import Parsed, Skipped
from ragbot.ingest.limits import Limits, Refused
from ragbot.ingest.load import parse_file
from ragbot.ingest.report import SyncReport
from ragbot.ingest.sync import sync
from ragbot.protocols import Embedder
from ragbot.settings import Settings


class HashedEmbedder:
    """A text's vector counts its words, each at a hashed axis: equal texts have equal vectors, texts with
    common words are near. Satisfies `ragbot.protocols.Embedder`; keeps what it was asked to embed."""

    max_tokens = 256
    languages = frozenset({"en"})

    def __init__(self, name: str = "hashed@1", dimension: int = 32) -> None:
        self.name = name
        self.dimension = dimension
        self.embedded: list[str] = []

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        if kind == "passage":
            self.embedded.extend(texts)
        vectors = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.casefold().split():
                digest = hashlib.sha256(word.strip(".,?!").encode("utf-8", "replace")).digest()
                vectors[row, int.from_bytes(digest[:4], "little") % self.dimension] += 1
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class DirectLoader:
    """Reads files in this process; keeps which. A file that holds the word BROKEN cannot be read."""

    def __init__(self) -> None:
        self.loaded: list[Path] = []

    def load_many(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Parsed | Skipped]]:
        for path in paths:
            self.loaded.append(path)
            if b"BROKEN" in path.read_bytes():
                yield path, Skipped(source=path.name, reason="is broken; repair it")
                continue
            try:
                yield path, parse_file(path, Limits())
            except Refused as reason:
                yield path, Skipped(source=path.name, reason=str(reason))


def open_quick(folder: Path, embedder: Embedder | None = None) -> KnowledgeBase:
    """A knowledge base with default settings, whatever lies in the working folder."""
    return KnowledgeBase.open(folder, settings=Settings(), embedder=embedder or HashedEmbedder())


def quick_sync(kb: KnowledgeBase, *paths: Path, rebuild: bool = False) -> SyncReport:
    """`kb.sync` with a `DirectLoader`."""
    return sync(kb, list(paths), rebuild=rebuild, loader=DirectLoader())


def write(folder: Path, **files: str) -> Path:
    """Markdown files `name.md` with these texts; `a__b` is `a/b.md`. Returns `folder`."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
