"""`kb.sqlite`: the one truth of a knowledge base. Connections, schema, revisions, and reading rows.

Rows are immutable. A document row is visible at revision r when `born <= r` and it has not `died` by then;
its chunks share its fate. A revision becomes visible by one insert into `revisions`, so a reader sees all
of a sync or nothing of it. Rows with `born` beyond the newest revision are staged: a sync under way, one that
was killed, or a preview, whose `died` lie beyond it too. Writing is `stage.py`; this file knows nothing of
vectors' meaning or of search.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ragbot.errors import KnowledgeBaseError, KnowledgeBaseLocked

FORMAT = 3
"""Version of the tables below. A knowledge base with a greater one was made by a newer ragbot; one with a lesser
one is read as it is, and a writer adds what is missing (`upgrade`)."""

FILE = "kb.sqlite"

# Large columns stand last: SQLite reads a row's columns in order, and listing must not walk through texts.
# AUTOINCREMENT: a row number is never used twice, so an old reader can never mistake one row for another.
_SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE revisions(revision INTEGER PRIMARY KEY, stamp TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE roots(prefix TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents(
  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, source TEXT NOT NULL, root TEXT NOT NULL,
  sha256 TEXT NOT NULL, signature TEXT NOT NULL, born INTEGER NOT NULL, died INTEGER,
  title TEXT NOT NULL, language TEXT NOT NULL, page_starts TEXT NOT NULL, meta TEXT NOT NULL,
  text TEXT NOT NULL);
CREATE INDEX documents_by_id ON documents(id);
CREATE TABLE embeddings(key BLOB PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE chunks(
  row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
  document_row INTEGER NOT NULL REFERENCES documents(row) ON DELETE CASCADE, ordinal INTEGER NOT NULL,
  vector_key BLOB NOT NULL REFERENCES embeddings(key), start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  page INTEGER, tokens INTEGER NOT NULL, heading TEXT NOT NULL, meta TEXT NOT NULL, text TEXT NOT NULL);
CREATE UNIQUE INDEX chunks_by_document ON chunks(document_row, ordinal);
CREATE INDEX chunks_by_vector ON chunks(vector_key);
"""

_ADDED = (
    # What keeps a small change from reading all documents.
    "CREATE INDEX IF NOT EXISTS documents_by_source ON documents(source)",
    "CREATE INDEX IF NOT EXISTS documents_by_death ON documents(died) WHERE died IS NOT NULL",
    # What else a revision was, so that it can be returned to.
    "CREATE TABLE IF NOT EXISTS history(revision INTEGER PRIMARY KEY, action TEXT NOT NULL, "
    "documents INTEGER NOT NULL, embedder TEXT NOT NULL, dimension INTEGER NOT NULL, roots TEXT NOT NULL)",
    # The one preview there can be, and when it ended why.
    "CREATE TABLE IF NOT EXISTS previews(one INTEGER PRIMARY KEY CHECK(one = 1), status TEXT NOT NULL, "
    "base INTEGER NOT NULL, base_stamp TEXT NOT NULL, stamp TEXT NOT NULL, at REAL NOT NULL, "
    "embedder TEXT NOT NULL, dimension INTEGER NOT NULL, roots TEXT NOT NULL, report TEXT NOT NULL)",
    # What the settings call the embedders that made vectors: true of them whatever becomes of a revision.
    "CREATE TABLE IF NOT EXISTS embedders(embedder TEXT PRIMARY KEY, model TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO history SELECT newest, iif(newest, 'sync', 'created'), "
    "(SELECT count(*) FROM documents WHERE born <= newest AND (died IS NULL OR died > newest)), "
    "(SELECT value FROM meta WHERE key = 'embedder'), (SELECT value FROM meta WHERE key = 'dimension'), "
    "(SELECT json_group_object(prefix, path) FROM roots) FROM (SELECT max(revision) newest FROM revisions) "
    "WHERE NOT EXISTS (SELECT 1 FROM history WHERE revision = newest)",
    f"UPDATE meta SET value = '{FORMAT}' WHERE key = 'format' AND CAST(value AS INTEGER) < {FORMAT}",
)
"""What has been added to the tables above since format 1. Nothing that a reader needs."""

VISIBLE = "d.born <= :revision AND (d.died IS NULL OR d.died > :revision)"
"""SQL condition on `documents AS d` for the rows of one revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the store says of itself at one moment."""

    revision: int
    stamps: dict[int, str]
    """Random mark of each revision that is kept: a derived index carries the one it was made from, so that
    an index of another history (a restored backup) is not taken for this one's."""
    embedder: str
    """Name of the embedder that made the vectors; empty while there are none."""
    dimension: int
    created: float
    """Seconds since the epoch."""
    updated: float

    @property
    def stamp(self) -> str:
        return self.stamps[self.revision]


class _Handle:
    """One thread's connection; closed when the thread ends or the store is closed."""

    def __init__(self, connection: sqlite3.Connection, seen: tuple[int, ...] | None) -> None:
        self.connection = connection
        self.seen = seen
        """Where SQLite itself cannot notice writers (read-only access): `_look` at the files when opened."""
        self.pid = os.getpid()

    def close(self) -> None:
        if self.pid == os.getpid():  # a forked child must not close its parent's file locks
            self.connection.close()

    __del__ = close


class Store:
    """The database of one knowledge base folder. Threads may share it: each gets a connection of its own."""

    pointer: ClassVar = "CURRENT"
    """The file that names the generation of what `state` says: see `publish.py`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._local = threading.local()
        self._handles: weakref.WeakSet[_Handle] = weakref.WeakSet()
        self._copies: list[tempfile.TemporaryDirectory[str]] = []
        self._guard = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Close every thread's connection; later use raises `KnowledgeBaseError`."""
        with self._guard:
            self._closed = True
            for handle in list(self._handles):
                handle.close()
            self._local = threading.local()
            while self._copies:
                self._copies.pop().cleanup()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        handle: _Handle | None = getattr(self._local, "handle", None)
        if handle is None or handle.pid != os.getpid() or (handle.seen and handle.seen != self._look()):
            with self._guard:
                if self._closed:
                    raise KnowledgeBaseError(f"{self.path.parent} is closed; open it again")
                handle = self._connect()
                self._handles.add(handle)
                self._local.handle = handle
        return handle.connection

    def _connect(self) -> _Handle:
        connection: sqlite3.Connection | None = None
        try:
            connection = _open(f"{self.path.as_uri()}?mode=rw")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return _Handle(connection, None)
        except UnicodeDecodeError:
            if connection is not None:
                connection.close()
            raise
        except sqlite3.OperationalError:
            if connection is not None:
                connection.close()
            if os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK):
                raise
        seen = self._look()
        return _Handle(self._connect_read_only(), seen)

    def _connect_read_only(self) -> sqlite3.Connection:
        """Without the right to write, WAL cannot keep its side files: read the file as it stands, or a copy
        of it in a temporary folder where a log that must be replayed lies beside it."""
        log = self.path.with_name(FILE + "-wal")
        if not log.exists() or log.stat().st_size == 0:
            return _open(f"{self.path.as_uri()}?mode=ro&immutable=1")
        copy = tempfile.TemporaryDirectory(prefix="ragbot-")
        for file in (self.path, log):
            shutil.copyfile(file, Path(copy.name) / file.name)
        self._copies.append(copy)
        return _open(f"{(Path(copy.name) / FILE).as_uri()}?mode=rw")

    def _look(self) -> tuple[int, ...]:
        """Size and time of the database and its log."""
        numbers: list[int] = []
        for path in (self.path, self.path.with_name(FILE + "-wal")):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                numbers += [found.st_size, found.st_mtime_ns]
        return tuple(numbers)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one read transaction: everything read is of one moment."""
        with self.translated():
            connection = self.connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction: committed at the end, rolled back on an error."""
        with self.translated():
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """SQLite's errors as ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise explain(self.path, error) from error
        except (
            UnicodeDecodeError
        ) as error:  # SQLite's message quotes a damaged schema, and Python cannot read it
            raise KnowledgeBaseError(damaged(self.path, "its schema is no text")) from error

    def exists(self) -> bool:
        """Whether the tables are there. Raises `KnowledgeBaseError` where the file is another database."""
        if not self.path.is_file() or self.path.stat().st_size == 0:
            return False
        with self.reading() as connection:
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            }
        if tables and not {"meta", "revisions", "documents", "chunks", "embeddings"} <= tables:
            raise KnowledgeBaseError(f"{self.path} is a database of something else; choose another folder")
        return bool(tables)

    def create(self) -> None:
        """Make the tables, in one transaction, at revision 0. The caller holds the writer's lock."""
        try:
            with self.translated():
                connection = _open(f"{self.path.as_uri()}?mode=rwc")
                with contextlib.closing(connection):
                    connection.execute("PRAGMA journal_mode=WAL")
                    now = time.time()
                    connection.executescript(f"BEGIN;{_SCHEMA}")
                    connection.executemany(
                        "INSERT INTO meta VALUES(?, ?)",
                        [
                            ("format", str(FORMAT)),
                            ("created", repr(now)),
                            ("embedder", ""),
                            ("dimension", "0"),
                        ],
                    )
                    connection.execute("INSERT INTO revisions VALUES(0, ?, ?)", (secrets.token_hex(16), now))
                    upgrade(connection)
                    connection.execute("COMMIT")
        except OSError as error:
            raise KnowledgeBaseError(f"{self.path} cannot be written: {error}") from error

    def state(self, connection: sqlite3.Connection | None = None) -> State:
        """The newest revision and what made it. Raises `KnowledgeBaseError` for a newer format."""
        if connection is None:
            with self.reading() as opened:
                return self.state(opened)
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        try:
            version = int(meta["format"])
            if version > FORMAT:
                raise KnowledgeBaseError(
                    f"{self.path} has format {version}, this ragbot reads up to {FORMAT}; upgrade ragbot"
                )
            revisions = connection.execute(
                "SELECT revision, stamp, at FROM revisions ORDER BY revision"
            ).fetchall()
            return State(
                revision=int(revisions[-1][0]),
                stamps={revision: stamp for revision, stamp, _ in revisions},
                embedder=meta["embedder"],
                dimension=int(meta["dimension"]),
                created=float(meta["created"]),
                updated=float(revisions[-1][2]),
            )
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise KnowledgeBaseError(damaged(self.path, error)) from error

    def model(self, embedder: str) -> str:
        """What the settings call the embedder of this name. Where an older ragbot, or a caller with an embedder of
        their own, did not write it down: the name up to the hash of its weights."""
        with self.reading() as connection:
            if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'embedders'").fetchone():
                query = "SELECT model FROM embedders WHERE embedder = ?"
                if row := connection.execute(query, (embedder,)).fetchone():
                    return str(row[0])
        return embedder.rpartition("@")[0] or embedder


def upgrade(connection: sqlite3.Connection) -> None:
    """Add what a knowledge base of an older format lacks; inside a writer's transaction."""
    for statement in _ADDED:
        connection.execute(statement)


def explain(path: Path, error: sqlite3.Error) -> KnowledgeBaseError:
    """SQLite's error as ours, with the next step."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return KnowledgeBaseLocked(f"{path} is being written by another process; try again when it is done")
    if "readonly" in text or "read-only" in text:
        return KnowledgeBaseError(f"{path} is on a read-only file system or not yours to write")
    if "full" in text:
        return KnowledgeBaseError(
            f"{path} cannot grow: the disk is full; make room and run the command again"
        )
    if "unable to open" in text:
        return KnowledgeBaseError(f"{path} cannot be opened; check that it exists and that you may read it")
    return KnowledgeBaseError(damaged(path, error))


def damaged(path: Path, error: object) -> str:
    """What to say of a database that contradicts itself."""
    return (
        f"{path} is damaged ({error}); restore it from a backup, or move {path.parent} away and run "
        "`ragbot index PATH...`"
    )


def _open(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=FAST"):
            connection.execute(f"PRAGMA {pragma}")
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection
