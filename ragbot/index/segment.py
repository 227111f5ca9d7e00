"""A segment: the vectors of some chunk rows, immutable, in a folder of its own.

    NAME/    dense.faiss, rows.npy, and manifest.json, written last, with the SHA-256 of the pieces of both

Reading compares them all before anything is made of it. What of a segment has died since is not its business: a
generation says so.
"""

from __future__ import annotations

import hashlib
import io
import json
import mmap
import os
import secrets
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.durable import sync, write
from ragbot.index.dense import Vectors
from ragbot.index.lexical import Allowed
from ragbot.index.store import VISIBLE, State
from ragbot.models.runtime import cpu_threads

FORMAT = 4
"""Version of the files; another one's are made again."""
DENSE, ROWS, MANIFEST = "dense.faiss", "rows.npy", "manifest.json"

_PIECE = 1 << 26
"""Bytes that are hashed as one, so that threads share the work on a large file."""
_IN_MEMORY = 1 << 20
"""Files up to so many bytes are read, not mapped."""

_NEW = (
    "SELECT c.row, d.row FROM chunks c CROSS JOIN documents d ON d.row = c.document_row "  # CROSS: in this order
    f"WHERE c.row > :after AND {VISIBLE} ORDER BY c.row"
)
_VECTORS = (
    "SELECT e.vector FROM json_each(?) j CROSS JOIN chunks c ON c.row = j.value "
    "CROSS JOIN embeddings e ON e.key = c.vector_key ORDER BY j.key"
)


class Damaged(Exception):
    """Something derived is missing, incomplete, changed, or of another format."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A segment on disk, loaded and checked."""

    place: Path
    sha256: str
    """Of its manifest: its identity."""
    rows: NDArray[np.int64]
    """Chunk rows, ascending."""
    documents: NDArray[np.int64]
    """The document's row, of each."""
    vectors: Vectors
    home: object = None
    """Keeps a temporary folder there as long as the segment is used."""

    def __len__(self) -> int:
        return len(self.rows)


def make(
    parent: Path,
    connection: sqlite3.Connection,
    state: State,
    merged: Sequence[tuple[Segment, Allowed | None]],
    *,
    after: int | None = None,
    home: object = None,
) -> Segment:
    """A new segment in a folder of its own below `parent`: what is live of the `merged` ones, and all rows
    visible at `state` that are greater than `after` (None: no others). The rows of `merged` are ascending,
    and not greater than `after`. Raises `OSError`, `sqlite3.Error`.
    """
    place = parent / f"{state.revision:08d}-{secrets.token_hex(4)}"
    place.mkdir(parents=True)
    parts = [
        np.array([each.rows, each.documents])[:, slice(None) if live is None else live]
        for each, live in merged
    ]
    if after is not None:
        new = connection.execute(_NEW, {"after": after, "revision": state.revision}).fetchall()
        parts.append(np.array(new, np.int64).reshape(-1, 2).T)
    rows = np.concatenate([np.zeros((2, 0), np.int64), *parts], axis=1)

    def read(positions: NDArray[np.int64]) -> NDArray[np.float32]:
        return _vectors(connection, rows[0, positions], state.dimension)

    Vectors.build(rows.shape[1], state.dimension, read).write(place / DENSE)
    buffer = io.BytesIO()
    np.save(buffer, rows, allow_pickle=False)
    write(place / ROWS, buffer.getvalue())
    return _seal(place, home)


def _vectors(connection: sqlite3.Connection, rows: NDArray[np.int64], dimension: int) -> NDArray[np.float32]:
    """The vectors of chunk rows, in their order. Raises `sqlite3.DatabaseError` where one is missing."""
    blobs = [blob for (blob,) in connection.execute(_VECTORS, (json.dumps(rows.tolist()),))]
    if len(blobs) != len(rows) or any(len(blob) != 4 * dimension for blob in blobs):
        raise sqlite3.DatabaseError("a passage has no vector of the right length")
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(rows), dimension)


def _seal(place: Path, home: object) -> Segment:
    """Write the manifest over the files in `place`, make all of it durable, and read it back."""
    files = {}
    for name in (DENSE, ROWS):
        files[name] = _hashes([contents(place / name)])
        sync(place / name)
    written = json.dumps({"format": FORMAT, "files": files}, sort_keys=True).encode()
    write(place / MANIFEST, written)
    sync(place)
    sync(place.parent)
    return read(place, hashlib.sha256(written).hexdigest(), home)


def read(place: Path, sha256: str, home: object = None) -> Segment:
    """The segment in a folder, every byte checked, its manifest against `sha256`. Raises `Damaged`."""
    content = bytes(contents(place / MANIFEST))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged(f"{place.name}/{MANIFEST} is not the one referred to")
    try:
        manifest = json.loads(content)
        if manifest["format"] != FORMAT:
            raise Damaged(f"{place.name} has format {manifest['format']}, not {FORMAT}")
        dense, saved = _checked(place, manifest["files"])
        rows, documents = np.load(io.BytesIO(saved), allow_pickle=False)
        segment = Segment(place, sha256, rows, documents, Vectors.read(dense), home)
    except (LookupError, ValueError, TypeError, RuntimeError, EOFError) as error:
        raise Damaged(f"{place.name} cannot be understood: {error!r}") from error
    if len(segment.vectors) != len(segment):
        raise Damaged(f"{place.name} has {len(segment)} passages and {len(segment.vectors)} vectors")
    return segment


def contents(path: Path) -> memoryview:
    """The bytes of a derived file, mapped where it is large: what ragbot writes is never changed after it was
    written. Raises `Damaged` where there are none."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= _IN_MEMORY:
                return memoryview(file.read())
            return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read: {error.strerror}") from error


def _checked(place: Path, files: dict[str, list[str]]) -> list[memoryview]:
    """The bytes of the two files, if their hashes are those of the manifest."""
    found = [contents(place / name) for name in (DENSE, ROWS)]
    if _hashes(found) != [*files[DENSE], *files[ROWS]]:
        raise Damaged(f"{place.name}: {DENSE} or {ROWS} is damaged")
    return found


def _hashes(files: Sequence[memoryview]) -> list[str]:
    """The SHA-256 of each piece of each file, the pieces of one after those of the other; an empty file has one."""
    pieces = [
        content[start : start + _PIECE]
        for content in files
        for start in range(0, max(1, len(content)), _PIECE)
    ]
    with ThreadPoolExecutor(min(len(pieces), cpu_threads(0))) as pool:  # hashing lets other threads run
        return list(pool.map(lambda piece: hashlib.sha256(piece).hexdigest(), pieces))
