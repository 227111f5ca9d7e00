"""A generation: the derived indexes of one revision, as one immutable value. Made from SQLite alone.

Positions 0..n-1 stand for the chunk rows visible at the revision, in row order. Knows nothing of files:
`publish.py` writes generations down and reads them back.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sqlite3
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.index.dense import Dense
from ragbot.index.filters import Masks
from ragbot.index.lexical import HEADING_WEIGHT, TITLE_WEIGHT, Lexical, count_terms
from ragbot.index.store import VISIBLE, State
from ragbot.text import words

_VISIBLE_CHUNKS = f"FROM chunks c JOIN documents d ON d.row = c.document_row WHERE {VISIBLE} ORDER BY c.row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a search needs, loaded and checked."""

    revision: int
    stamp: str
    """The store's mark of this revision."""
    embedder: str
    """Name of the embedder that made the vectors; empty where there are none."""
    terms: str
    """`terms_version()` of the code that made the lexical side."""
    digest: str
    """`digest` of the chunks."""
    rows: NDArray[np.int64]
    """Chunk row at each position, ascending."""
    documents: NDArray[np.int64]
    """Document row at each position."""
    dense: Dense
    lexical: Lexical
    masks: Masks = field(default_factory=Masks)


@lru_cache(maxsize=1)
def terms_version() -> str:
    """Changes when the same text may give other terms or weights: an index of another version is stale."""
    parts = [hashlib.sha256(Path(words.__file__).read_bytes()).hexdigest()]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in ("PyStemmer", "rjieba")]
    parts += [f"title {TITLE_WEIGHT}", f"heading {HEADING_WEIGHT}"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest(connection: sqlite3.Connection, revision: int) -> str:
    """SHA-256 over row, id and vector key of every visible chunk: equal digests, equal indexes."""
    total = hashlib.sha256()
    query = f"SELECT c.row, c.id, c.vector_key {_VISIBLE_CHUNKS}"
    for row, identity, key in connection.execute(query, {"revision": revision}):
        total.update(f"{row} {identity} ".encode() + key)
    return total.hexdigest()


def build(connection: sqlite3.Connection, state: State, previous: Generation | None = None) -> Generation:
    """The generation of `state`'s revision. `connection` is inside the transaction that read `state`.

    Rows that `previous` holds are not tokenised again: rows are immutable and their numbers never reused.
    """
    query = f"SELECT c.row, c.document_row {_VISIBLE_CHUNKS}"
    pairs = connection.execute(query, {"revision": state.revision}).fetchall()
    table = np.array(pairs, np.int64).reshape(len(pairs), 2)
    chunk_rows = np.ascontiguousarray(table[:, 0])
    return Generation(
        revision=state.revision,
        stamp=state.stamp,
        embedder=state.embedder,
        terms=terms_version(),
        digest=digest(connection, state.revision),
        rows=chunk_rows,
        documents=np.ascontiguousarray(table[:, 1]),
        dense=Dense.build(_vectors(connection, state, len(chunk_rows))),
        lexical=_lexical(connection, chunk_rows, previous),
    )


def _vectors(connection: sqlite3.Connection, state: State, size: int) -> NDArray[np.float32]:
    vectors = np.zeros((size, max(1, state.dimension)), np.float32)
    query = "SELECT e.vector " + _VISIBLE_CHUNKS.replace(
        " WHERE", " LEFT JOIN embeddings e ON e.key = c.vector_key WHERE"
    )
    for position, (blob,) in enumerate(connection.execute(query, {"revision": state.revision})):
        if blob is None or len(blob) != 4 * state.dimension:
            raise sqlite3.DatabaseError("a passage has no vector of the right length")
        vectors[position] = np.frombuffer(blob, "<f4")
    return vectors


def _lexical(
    connection: sqlite3.Connection, chunk_rows: NDArray[np.int64], previous: Generation | None
) -> Lexical:
    if previous is None or previous.terms != terms_version():
        base, known = Lexical.build([]), np.zeros(0, np.int64)
    else:
        base, known = previous.lexical, previous.rows
    size = len(chunk_rows)
    place = np.searchsorted(chunk_rows, known)
    stays = np.zeros(len(known), bool)
    inside = place < size
    stays[inside] = chunk_rows[place[inside]] == known[inside]
    moved = np.where(stays, place, -1)
    new = np.setdiff1d(np.arange(size), moved[stays], assume_unique=True)
    return base.changed(moved, size, _counted(connection, chunk_rows, new))


def _counted(
    connection: sqlite3.Connection, chunk_rows: NDArray[np.int64], positions: NDArray[np.int64]
) -> list[tuple[int, dict[str, float]]]:
    query = (
        "SELECT d.title, c.heading, c.text FROM chunks c "
        "JOIN documents d ON d.row = c.document_row WHERE c.row = ?"
    )
    return [
        (position, count_terms(*connection.execute(query, (int(chunk_rows[position]),)).fetchone()))
        for position in positions.tolist()
    ]
