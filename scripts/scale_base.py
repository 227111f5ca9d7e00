"""Knowledge bases of any size for `bench_scale.py`, made of real passages.

A passage is a real one with some words exchanged for words of others, by how often they occur, so that the
vocabulary and its frequencies look real. Its vector is the real one's with noise of the real covariance. Rows go
through the store's own staging functions; nothing is embedded but the real passages.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.index import stage
from ragbot.index.history import Past
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.stage import Staging
from ragbot.protocols import Embedder
from ragbot.settings import Settings
from ragbot.text.passage import embedded_text
from ragbot.types import Chunk, Document

PASSAGES = 5
"""Of a document."""
SHELVES = 100
"""Values of the property `shelf`: a filter on one lets one of so many documents through."""
NOISE = 0.6
"""Of a vector, in the standard deviations of the real ones."""
EXCHANGED = 0.3
"""Share of words."""
ROOT = "bench"
_BATCH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """What the sets hold."""

    titles: list[str]
    texts: list[str]
    questions: list[str]
    vectors: NDArray[np.float32]
    """Of the texts, unit vectors, shape (n, dimension)."""


def read(sets: list[Path], embedder: Embedder, work: Path) -> Real:
    """Passages and questions of folders in BEIR's layout; vectors are kept in `work`."""
    titles: list[str] = []
    texts: list[str] = []
    questions: list[str] = []
    for folder in sets:
        for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
            passage = json.loads(line)
            titles.append(passage["title"])
            texts.append(" ".join(passage["text"].split()))
        lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        questions += [json.loads(line)["text"] for line in lines]
    identity = hashlib.sha256("".join([embedder.name, *texts]).encode()).hexdigest()
    kept = work / f"vectors-{identity[:12]}.npy"
    if not kept.is_file():
        chunks = [_chunk("", title, 0, text) for title, text in zip(titles, texts, strict=True)]
        np.save(kept, embedder.embed([embedded_text(chunk) for chunk in chunks]))
    chosen = np.random.default_rng(1).permutation(len(questions)).tolist()
    return Real(titles=titles, texts=texts, questions=[questions[i] for i in chosen], vectors=np.load(kept))


def fill(folder: Path, size: int, real: Real, embedder: Embedder, files: Path) -> float:
    """Stage and commit `size` passages in a new knowledge base. Returns seconds; its indexes are not made yet."""
    started = time.perf_counter()
    with KnowledgeBase.open(folder, settings=Settings()) as kb, stage.write_lock(folder, 2.0):
        for documents, vectors in _documents(size, real):
            stage.add_vectors(kb.store, vectors)
            stage.add_documents(kb.store, documents)
        roots = {ROOT: str(files)}
        past = Past(embedder=embedder.name, dimension=embedder.dimension, roots=roots)
        stage.commit(kb.store, dead=(), past=past)
    return time.perf_counter() - started


def _documents(size: int, real: Real) -> Iterator[tuple[list[Staging], list[tuple[bytes, bytes]]]]:
    """Documents with their vectors, some hundred at a time."""
    chance = np.random.default_rng(size)
    spread = np.linalg.cholesky(np.cov(real.vectors.T) + 1e-6 * np.eye(real.vectors.shape[1])).astype("f4")
    words = [text.split() for text in real.texts]
    every = np.array([word for text in words for word in text], object)
    for first in range(0, size, _BATCH * PASSAGES):
        count = min(_BATCH * PASSAGES, size - first)
        bases = chance.integers(0, len(words), count)
        noise = chance.standard_normal((count, len(spread)), dtype=np.float32) @ spread.T
        vectors = real.vectors[bases] + NOISE * noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        keys = [hashlib.sha256(f"{size} {first + i}".encode()).digest() for i in range(count)]
        texts = [_exchanged(words[base], every, chance) for base in bases.tolist()]
        documents = [
            _document(first + i, real.titles[bases[i]], texts[i : i + PASSAGES], keys[i : i + PASSAGES])
            for i in range(0, count, PASSAGES)
        ]
        blobs = [vector.astype("<f4").tobytes() for vector in vectors]
        yield documents, list(zip(keys, blobs, strict=True))


def _exchanged(words: list[str], every: NDArray[np.object_], chance: np.random.Generator) -> str:
    made = list(words)
    places = np.flatnonzero(chance.random(len(made)) < EXCHANGED)
    for place, word in zip(places.tolist(), every[chance.integers(0, len(every), len(places))], strict=True):
        made[place] = word
    return " ".join(made)


def _document(number: int, title: str, texts: list[str], keys: list[bytes]) -> Staging:
    source = f"{ROOT}/{number % 1000:03d}/{number:08d}.md"
    chunks: list[tuple[Chunk, bytes, int]] = []
    start = 0
    for text, key in zip(texts, keys, strict=True):
        chunks.append((_chunk(source, title, start, text), key, len(text.split())))
        start += len(text) + 2
    document = Document(
        id=hashlib.sha256(source.encode()).hexdigest()[:16],
        source=source,
        title=title,
        text="\n\n".join(texts),
        page_starts=(),
        language="en",
        meta={"shelf": str(number // PASSAGES % SHELVES)},
        sha256=hashlib.sha256("\n\n".join(texts).encode()).hexdigest(),
    )
    return Staging(document=document, root=ROOT, signature="bench", chunks=chunks)


def _chunk(source: str, title: str, start: int, text: str) -> Chunk:
    return Chunk(
        id=f"{hashlib.sha256(f'{source} {start} {text}'.encode()).hexdigest()[:16]}",
        document_id=hashlib.sha256(source.encode()).hexdigest()[:16],
        source=source,
        title=title,
        heading="",
        text=text,
        start=start,
        end=start + len(text),
        page=None,
        meta={"kind": "text", "language": "en"},
    )
