"""Do the stores of a knowledge base agree? For `doctor` and the fault tests; reads everything once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ragbot.errors import KnowledgeBaseError
from ragbot.index import publish, rows
from ragbot.index.generation import Generation, digest
from ragbot.index.segment import Damaged
from ragbot.index.store import VISIBLE, State, Store


def check(folder: Path, store: Store) -> list[str]:
    """What is wrong, one sentence each; empty where nothing is."""
    try:
        with store.reading() as connection:
            state = store.state(connection)
            problems = [*_database(connection), *_contents(connection, state)]
            try:
                problems.extend(_derived(connection, state, publish.load(folder)))
            except Damaged as damage:
                problems.append(f"indexes: {damage}; the next `ragbot search` makes them again")
            return problems
    except KnowledgeBaseError as error:
        return [str(error)]


def _database(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"kb.sqlite: {line}"
    broken = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    if broken:
        yield f"kb.sqlite: {broken} rows refer to rows that are not there"


def _contents(connection: sqlite3.Connection, state: State) -> Iterator[str]:
    at = {"revision": state.revision}
    for source, count in connection.execute(
        f"SELECT d.source, count(*) FROM documents d WHERE {VISIBLE} GROUP BY 1 HAVING count(*) > 1",
        at,
    ):
        yield f"{source} is stored {count} times"
    for document in rows.documents(connection, state.revision):
        for chunk in rows.chunks_of_document(connection, state.revision, document.id):
            if chunk.source == document.source and document.text[chunk.start : chunk.end] != chunk.text:
                yield f"{document.source}: a passage is not the text at {chunk.start}..{chunk.end}"
    vectors = connection.execute(
        "SELECT d.source, e.vector FROM documents d JOIN chunks c ON c.document_row = d.row "
        f"LEFT JOIN embeddings e ON e.key = c.vector_key WHERE {VISIBLE}",
        at,
    )
    for source, blob in vectors:
        if blob is None or len(blob) != 4 * state.dimension:
            yield f"{source}: a passage has no vector of dimension {state.dimension}"
        elif not abs(float(np.linalg.norm(np.frombuffer(blob, "<f4"))) - 1) < 1e-3:
            yield f"{source}: a vector is not of length 1"


def _derived(connection: sqlite3.Connection, state: State, generation: Generation) -> Iterator[str]:
    if generation.revision != state.revision or generation.stamp != state.stamp:
        yield f"indexes are of revision {generation.revision}, kb.sqlite is at {state.revision}"
        return
    stored = connection.execute(
        f"SELECT count(*) FROM chunks c JOIN documents d ON d.row = c.document_row WHERE {VISIBLE}",
        {"revision": state.revision},
    ).fetchone()[0]
    if generation.size != stored:
        yield f"indexes hold {generation.size} passages, kb.sqlite {stored}"
    if generation.digest != digest(connection, state.revision):
        yield "indexes hold other passages than kb.sqlite"
