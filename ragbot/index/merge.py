"""Rows of SQLite and existing segments -> one new segment. Text is counted in blocks, and blocks and segments
are merged, so that memory stays bounded however many rows there are; what a segment knows is not counted again.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.index import arrays
from ragbot.index.bm25 import upper_bounds
from ragbot.index.dense import Vectors
from ragbot.index.filters import labels
from ragbot.index.lexical import count_terms
from ragbot.index.postings import UNIT, Allowed, Merge, block
from ragbot.index.rows import from_json
from ragbot.index.segment import ARRAYS, DENSE, KIND_OF, Passages, Segment, seal
from ragbot.index.store import VISIBLE, State
from ragbot.text.language import UNKNOWN

BLOCK = 20_000
"""Rows whose text is counted at once."""

Part = tuple[Passages, Allowed | None]
"""Passages and which of them are still live, None for all."""

_NEW = (
    "SELECT c.row, d.row, d.title, c.heading, c.text, json_extract(c.meta, '$.language'), "
    "d.source, d.language, d.meta "
    "FROM chunks c CROSS JOIN documents d ON d.row = c.document_row "  # CROSS: in this order
    f"WHERE c.row > :after AND {VISIBLE} ORDER BY c.row"
)
_VECTORS = (
    "SELECT e.vector FROM json_each(?) j CROSS JOIN chunks c ON c.row = j.value "
    "CROSS JOIN embeddings e ON e.key = c.vector_key ORDER BY j.key"
)


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
    with tempfile.TemporaryDirectory(prefix="blocks-", dir=place) as work:
        parts: list[Part] = [(segment.passages, live) for segment, live in merged]
        if after is not None:
            parts += [(each, None) for each in _blocks(Path(work), connection, state, after)]
        layout, passages = _merge(place / ARRAYS, parts)
    mean = float(passages.lengths.mean()) if passages.lengths.any() else 1.0
    passages.bounds[:] = upper_bounds(passages.words, passages.lengths, mean)

    def read(positions: NDArray[np.int64]) -> NDArray[np.float32]:
        return _vectors(connection, passages.rows[positions], state.dimension)

    Vectors.build(len(passages.rows), state.dimension, read).write(place / DENSE)
    return seal(place, layout, mean, home)


def _merge(path: Path, parts: Sequence[Part]) -> tuple[arrays.Layout, Passages]:
    """Write the arrays of all parts, one after the other, as one; `bounds` is left to be filled."""
    sizes = [len(passages.rows) for passages, _ in parts]
    live = [allowed for _, allowed in parts]
    sides = {
        side: Merge(
            [(getattr(part, side), *rest) for (part, _), *rest in zip(parts, sizes, live, strict=True)]
        )
        for side in ("words", "labels")
    }
    size = sum(_kept(part.rows, allowed).size for part, allowed in parts)
    lengths = {"rows": size, "documents": size, "lengths": size, "bounds": sides["words"].lengths()["ends"]}
    for side, each in sides.items():
        lengths |= {f"{side}.{name}": length for name, length in each.lengths().items()}
    layout = [(name, kind, lengths[name]) for name, kind in KIND_OF.items()]
    result = Passages.of(arrays.create(path, layout))
    for side, each in sides.items():
        each.fill(getattr(result, side))
    at = 0
    for part, allowed in parts:
        for name in ("rows", "documents", "lengths"):
            values = _kept(getattr(part, name), allowed)
            getattr(result, name)[at : at + len(values)] = values
        at += len(values)
    return layout, result


def _kept(values: NDArray[Any], allowed: Allowed | None) -> NDArray[Any]:
    return values if allowed is None else values[allowed]


def _blocks(work: Path, connection: sqlite3.Connection, state: State, after: int) -> Iterator[Passages]:
    """The rows greater than `after` in blocks; full ones wait on disk."""
    cursor = connection.execute(_NEW, {"after": after, "revision": state.revision})
    number = 0
    while lines := cursor.fetchmany(BLOCK):
        found = _counted(lines)
        if len(lines) == BLOCK:
            layout = arrays.save(work / str(number), found.arrays())
            found = Passages.of(arrays.views(arrays.mapped(work / str(number)), layout))
        yield found
        number += 1


def _counted(lines: Sequence[tuple[Any, ...]]) -> Passages:
    """The passages of some rows as `_NEW` gives them."""
    terms = [
        count_terms(title, heading, text, language or UNKNOWN)
        for _, _, title, heading, text, language, *_ in lines
    ]
    known: dict[int, dict[str, float]] = {}
    for _, document, *_, source, language, meta in lines:
        if document not in known:
            known[document] = dict.fromkeys(labels(source, language, from_json(meta)), UNIT)
    return Passages(
        rows=np.array([line[0] for line in lines], np.int64),
        documents=np.array([line[1] for line in lines], np.int64),
        lengths=np.array([sum(each.values()) / UNIT for each in terms], np.uint32),
        words=block(terms),
        labels=block([known[line[1]] for line in lines]),
        bounds=np.zeros(0, np.float32),
    )


def _vectors(connection: sqlite3.Connection, rows: NDArray[np.int64], dimension: int) -> NDArray[np.float32]:
    """The vectors of chunk rows, in their order. Raises `sqlite3.DatabaseError` where one is missing."""
    blobs = [blob for (blob,) in connection.execute(_VECTORS, (json.dumps(rows.tolist()),))]
    if len(blobs) != len(rows) or any(len(blob) != 4 * dimension for blob in blobs):
        raise sqlite3.DatabaseError("a passage has no vector of the right length")
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(rows), dimension)
