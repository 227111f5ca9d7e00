"""Writing to `kb.sqlite`: documents are staged in small transactions and become visible in one.

Whoever is killed in between leaves staged rows, which nobody sees and the next sync adopts or removes, and
embeddings, which the next sync need not compute again. All functions expect the writer's lock to be held.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ragbot.errors import KnowledgeBaseError, KnowledgeBaseLocked
from ragbot.index import prepared
from ragbot.index.history import Past, announce, replace_roots
from ragbot.index.rows import to_json
from ragbot.index.store import VISIBLE, Store, upgrade
from ragbot.types import Chunk, Document

LOCK = "write.lock"
KEPT_REVISIONS = 3
"""Rows that died stay for the newest revision's two predecessors at least: a reader may be in the middle of one."""
SWEPT_AT_ONCE = 20_000
"""Vectors up to which all are looked at when rows are deleted."""
READER_SECONDS = 600.0
"""After so long without a change no search can still be under way in an older revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A document row as sync compares it with a file."""

    row: int
    source: str
    root: str
    sha256: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A document ready to be written: its chunks, each with the key of its vector and its token count."""

    document: Document
    root: str
    signature: str
    chunks: Sequence[tuple[Chunk, bytes, int]]


@contextlib.contextmanager
def write_lock(folder: Path, timeout: float) -> Iterator[None]:
    """Hold the writer's lock. Raises `KnowledgeBaseLocked` after `timeout` seconds."""
    lock = FileLock(folder / LOCK, timeout=timeout)
    try:
        lock.acquire()
    except Timeout as error:
        raise KnowledgeBaseLocked(
            f"another process is writing to {folder}; run the command again when it is done"
        ) from error
    except OSError as error:
        raise KnowledgeBaseError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def visible(store: Store, sources: Collection[str] | None = None) -> dict[str, Known]:
    """The documents of the newest revision by source: of these sources and the folders that they name, or all."""
    revision = store.state().revision
    if sources is None:
        return _known(store, VISIBLE, {"revision": revision})
    found: dict[str, Known] = {}
    for source in sources:
        # What begins with "a/" sorts from "a/" to before "a0".
        below = (
            f"{VISIBLE} AND (d.source = :source OR d.source >= :source || '/' AND d.source < :source || '0')"
        )
        found |= _known(store, below, {"revision": revision, "source": source})
    return found


def languages(store: Store) -> dict[str, str]:
    """The language of each document of the newest revision, by source."""
    with store.reading() as connection:
        at = {"revision": store.state(connection).revision}
        return dict(connection.execute(f"SELECT d.source, d.language FROM documents d WHERE {VISIBLE}", at))


_STAGED = "row > coalesce((SELECT row FROM documents WHERE born <= :revision ORDER BY row DESC LIMIT 1), 0)"
"""SQL condition for what is staged: `born` never falls from one row to the next."""


def staged(store: Store) -> dict[str, Known]:
    """Documents that a killed sync wrote but did not make visible, by source."""
    return _known(store, f"d.{_STAGED}", {"revision": store.state().revision})


def _known(store: Store, condition: str, values: Mapping[str, object]) -> dict[str, Known]:
    query = f"SELECT d.row, d.source, d.root, d.sha256, d.signature FROM documents d WHERE {condition}"
    with store.reading() as connection:
        found = connection.execute(query, values).fetchall()
    return {
        source: Known(row=row, source=source, root=root, sha256=sha256, signature=signature)
        for row, source, root, sha256, signature in found
    }


def remove_staged(store: Store, keep: Iterable[int], why: prepared.Ended) -> prepared.Prepared | None:
    """Delete all staged documents but those of the rows in `keep`. A preview, whose they may be, ends with it.

    Returns the preview that has ended, None where there was none.
    """
    revision, kept = store.state().revision, to_json(list(keep))
    with store.writing() as connection:
        upgrade(connection)
        ended = prepared.end(connection, why)
        connection.execute(
            f"DELETE FROM documents WHERE {_STAGED} AND row NOT IN (SELECT value FROM json_each(:kept))",
            {"revision": revision, "kept": kept},
        )
    return ended


def discard(store: Store) -> None:
    """End the preview: delete what it staged, and the vectors that only it had."""
    at = {"revision": store.state().revision}
    with store.writing() as connection:
        prepared.end(connection, "its discarding")
        keys = connection.execute(
            "SELECT DISTINCT vector_key FROM chunks WHERE document_row IN "
            f"(SELECT row FROM documents WHERE {_STAGED})",
            at,
        ).fetchall()
        connection.execute(f"DELETE FROM documents WHERE {_STAGED}", at)
        _forget_vectors(connection, keys)
    _shrink_log(store)


def missing(store: Store, keys: Iterable[bytes], dimension: int) -> set[bytes]:
    """Those of `keys` for which no vector of that dimension is stored."""
    with store.reading() as connection:
        query = "SELECT 1 FROM embeddings WHERE key = ? AND length(vector) = ?"
        size = 4 * dimension
        return {key for key in set(keys) if connection.execute(query, (key, size)).fetchone() is None}


def add_vectors(store: Store, vectors: Iterable[tuple[bytes, bytes]]) -> None:
    """Keep vectors (float32, little endian) under their keys; committed at once."""
    with store.writing() as connection:
        connection.executemany(
            "INSERT INTO embeddings VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET vector = excluded.vector",
            vectors,
        )


def name_embedder(store: Store, embedder: str, model: str) -> None:
    """Write down that the settings call `embedder` (the name that its vectors are known by) `model`."""
    with store.writing() as connection:
        upgrade(connection)
        connection.execute("INSERT OR REPLACE INTO embedders VALUES(?, ?)", (embedder, model))


def add_documents(store: Store, documents: Iterable[Staging]) -> None:
    """Stage documents for the next revision; their vectors are stored already."""
    born = store.state().revision + 1
    with store.writing() as connection:
        for each in documents:
            document = each.document
            row = connection.execute(
                "INSERT INTO documents(id, source, root, sha256, signature, born, title, language, "
                "page_starts, meta, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id,
                    document.source,
                    each.root,
                    document.sha256,
                    each.signature,
                    born,
                    document.title,
                    document.language,
                    to_json(document.page_starts),
                    to_json(dict(document.meta)),
                    document.text,
                ),
            ).lastrowid
            connection.executemany(
                'INSERT INTO chunks(id, document_row, ordinal, vector_key, start, "end", page, tokens, '
                "heading, meta, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (chunk.id, row, ordinal, key, chunk.start, chunk.end, chunk.page, tokens, chunk.heading,
                     to_json(dict(chunk.meta)), chunk.text)
                    for ordinal, (chunk, key, tokens) in enumerate(each.chunks)
                ),
            )  # fmt: skip


_COLUMNS = "id, source, root, sha256, signature"
_CONTENT = "title, language, page_starts, meta, text"
_CHUNK = 'ordinal, vector_key, start, "end", page, tokens, heading, meta, text'


def restage(store: Store, rows: Iterable[int]) -> None:
    """Stage copies of stored documents, in the order given; their chunks share the vectors."""
    born = store.state().revision + 1
    with store.writing() as connection:
        for row in rows:
            copy = connection.execute(
                f"INSERT INTO documents({_COLUMNS}, born, {_CONTENT}) "
                f"SELECT {_COLUMNS}, ?, {_CONTENT} FROM documents WHERE row = ?",
                (born, row),
            ).lastrowid
            connection.execute(
                f"INSERT INTO chunks(id, document_row, {_CHUNK}) "
                f"SELECT id, ?, {_CHUNK} FROM chunks WHERE document_row = ? ORDER BY ordinal",
                (copy, row),
            )


def commit(
    store: Store, *, dead: Iterable[int], past: Past, action: str = "sync", why: prepared.Ended = "a sync"
) -> None:
    """Make the staged documents visible and the rows in `dead` invisible, in one transaction.

    `past.roots` (prefix -> path) replaces the recorded ones. A preview ends, because of `why`.
    """
    with store.writing() as connection:
        upgrade(connection)
        prepared.end(connection, why)
        revision = store.state(connection).revision + 1
        connection.executemany(
            "UPDATE documents SET died = ? WHERE row = ?", ((revision, row) for row in dead)
        )
        announce(connection, revision=revision, stamp=secrets.token_hex(16), past=past, action=action)


def commit_prepared(store: Store) -> None:
    """Make what is previewed visible, in one transaction. Raises `KnowledgeBaseError` where it has ended."""
    with store.writing() as connection:
        found = prepared.require(connection, store.state(connection))
        past = Past(embedder=found.embedder, dimension=found.dimension, roots=found.roots)
        announce(connection, revision=found.revision, stamp=found.stamp, past=past, action="publish")
        prepared.end(connection, "its publishing")


def roots(store: Store) -> dict[str, str]:
    """Prefix of sources -> the folder or file it stands for, as an absolute path."""
    with store.reading() as connection:
        return dict(connection.execute("SELECT prefix, path FROM roots ORDER BY prefix"))


def set_roots(store: Store, new: Mapping[str, str]) -> None:
    """Replace the recorded roots where no document changed."""
    with store.writing() as connection:
        replace_roots(connection, new)


def collect(store: Store, kept: int) -> None:
    """Delete rows that neither a reader can want any more nor a return to one of the last `kept` revisions before
    the newest, and the vectors that only they used."""
    state = store.state()
    recent = time.time() - state.updated < READER_SECONDS
    oldest = state.revision - max(kept, KEPT_REVISIONS - 1 if recent else 0)
    with store.writing() as connection:
        keys = connection.execute(
            "SELECT DISTINCT c.vector_key FROM documents d CROSS JOIN chunks c ON c.document_row = d.row "
            "WHERE d.died <= ?",
            (oldest,),
        ).fetchall()
        gone = connection.execute("DELETE FROM documents WHERE died <= ?", (oldest,)).rowcount
        for table in ("history", "revisions"):
            connection.execute(f"DELETE FROM {table} WHERE revision < ?", (oldest,))
        if gone:
            _forget_vectors(connection, keys)
    if gone:
        _shrink_log(store)


def _shrink_log(store: Store) -> None:
    """Empty the write-ahead log, which still holds what was deleted, unless somebody reads in it."""
    with contextlib.suppress(KnowledgeBaseLocked), store.translated():
        store.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _forget_vectors(connection: sqlite3.Connection, keys: Sequence[tuple[bytes]]) -> None:
    """Delete vectors that no chunk has: of all, as killed syncs leave some too, unless all are very many more
    than the `keys` of chunks that are gone; then of those."""
    unused = "DELETE FROM embeddings WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE vector_key = key)"
    newest = connection.execute("SELECT max(rowid) FROM embeddings").fetchone()[0] or 0
    if newest <= SWEPT_AT_ONCE or 10 * len(keys) >= newest:
        connection.execute(unused)
    else:
        connection.executemany(f"{unused} AND key = ?", keys)
