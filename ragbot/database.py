"""A small SQLite file shared by threads and processes: opened, versioned, its errors ours. Lies under all stages.

Written for words that matter and must not leak: it survives a kill, what is deleted is overwritten, and only the
file's owner may read it. After a fork, open a new one.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragbot.errors import KnowledgeBaseError, KnowledgeBaseLocked

_BUSY_SECONDS = 20.0


class Database:
    """The file `path`, which is made if absent (its folder must exist)."""

    def __init__(
        self, path: str | os.PathLike[str], *, name: str, schema: str, version: int, advice: str
    ) -> None:
        """`name` is what people call it; `schema` makes what is absent (`IF NOT EXISTS`) whenever the file's version
        is lower; `advice` is the next step where the file is damaged. Raises `KnowledgeBaseError`."""
        self.path = Path(path)
        self._name = name
        self._advice = advice
        self._lock = threading.RLock()
        with self._errors():
            self._connection = self._connect(schema, version)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock, self._errors():
            return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; how many rows it changed."""
        with self._lock, self._errors():
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is executed inside, by this thread, or nothing of it. May stand inside another one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self.execute("ROLLBACK")
                raise

    def forget(self) -> None:
        """Empty the write-ahead log, which still holds the words that were deleted."""
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Release the file."""
        with self._lock, self._errors():
            self._connection.close()

    def _connect(self, schema: str, version: int) -> sqlite3.Connection:
        self.path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA secure_delete = ON")
            _use_write_ahead_log(connection)
            self._prepare(connection, schema, version)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, schema: str, version: int) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise KnowledgeBaseError(f"{self.path} was written by a newer ragbot; upgrade ragbot")
        if found < version:
            connection.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {version}; COMMIT;")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise KnowledgeBaseLocked(f"{self._name} {self.path} is in use; try again") from error
            raise KnowledgeBaseError(f"{self._name} {self.path} cannot be used: {error}") from error
        except sqlite3.ProgrammingError as error:  # a DatabaseError too, but of the caller's making
            raise KnowledgeBaseError(f"{self._name} {self.path} is closed; open a new one") from error
        except sqlite3.DatabaseError as error:
            raise KnowledgeBaseError(
                f"{self._name} {self.path} is damaged ({error}); {self._advice}"
            ) from error
        except OSError as error:
            raise KnowledgeBaseError(
                f"{self._name} {self.path} cannot be opened: {error.strerror}"
            ) from error


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL, trying again: SQLite does not wait its busy timeout for this one statement."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def storable(text: str) -> str:
    """The text with lone surrogates, which SQLite cannot store, replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
