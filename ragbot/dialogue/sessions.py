"""Chat memory: what was asked and answered in each session, in one SQLite file.

One row is one exchange, so a question is never stored without its answer. Sessions see nothing of each
other. Rows older than the retention limit are deleted (checked on opening, and hourly after that); what
is deleted is overwritten in the file. Knows nothing of search or models.

One `Sessions` may be shared by threads, and one file by processes. After a fork, open a new one.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot.errors import InputError, KnowledgeBaseError, KnowledgeBaseLocked
from ragbot.types import Answer, Citation, Status, Turn, to_plain

FILE_NAME = "sessions.sqlite"
LONGEST_ID = 128

_SCHEMA_VERSION = 1
_BUSY_SECONDS = 20.0
_PURGE_EVERY_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchange (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    at REAL NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    citations TEXT NOT NULL,
    trace_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS exchange_session ON exchange (session, id);
CREATE INDEX IF NOT EXISTS exchange_at ON exchange (at);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question and its answer."""

    at: float
    """Seconds since the epoch."""
    question: str
    answer: str
    status: Status
    citations: tuple[Citation, ...]
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """A session as a list shows it."""

    id: str
    exchanges: int
    first_at: float
    last_at: float


def check_session_id(session: str) -> str:
    """`session` itself. Raises `InputError` unless it has 1 to 128 printable characters."""
    if not isinstance(session, str) or not 1 <= len(session) <= LONGEST_ID or not session.isprintable():
        shown = repr(session)[:60]
        raise InputError(f"session id {shown} must be 1 to {LONGEST_ID} printable characters")
    return session


class Sessions:
    """The chat memory in the file `path`, which is made if absent (its folder must exist)."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        retention_days: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open and purge. Raises `KnowledgeBaseError` if the file cannot be used."""
        if not retention_days > 0:
            raise InputError(f"retention_days must be above 0, not {retention_days}")
        self.path = Path(path)
        self.retention_days = retention_days
        self._clock = clock
        self._lock = threading.RLock()
        with self._errors():
            self._connection = self._connect()
        self._purged_at = clock()
        self.purge()

    def append(self, session: str, question: str, answer: Answer) -> None:
        """Store one exchange."""
        check_session_id(session)
        citations = json.dumps(to_plain(answer.citations), ensure_ascii=True)
        now = self._clock()
        texts = (_storable(question), _storable(answer.text), answer.status, citations, answer.trace_id)
        self._purge_if_due(now)
        with self._lock, self._errors():
            self._connection.execute(
                "INSERT INTO exchange (session, at, question, answer, status, citations, trace_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (session, now, *texts),
            )

    def history(self, session: str, limit: int = 12) -> list[Turn]:
        """The last `limit` messages of the session, oldest first; none if it is unknown."""
        if limit < 1:
            check_session_id(session)
            return []
        turns: list[Turn] = []
        for each in self.exchanges(session, last=(limit + 1) // 2):
            turns.append(Turn(role="user", text=each.question, at=each.at))
            turns.append(Turn(role="assistant", text=each.answer, at=each.at))
        return turns[-limit:]

    def exchanges(self, session: str, *, last: int = -1) -> list[Exchange]:
        """The session's exchanges, oldest first; with `last`, only so many of the newest."""
        check_session_id(session)
        self._purge_if_due(self._clock())
        rows = self._rows(
            "SELECT at, question, answer, status, citations, trace_id FROM exchange"
            " WHERE session = ? ORDER BY id DESC LIMIT ?",
            (session, last),
        )
        return [_exchange(row) for row in reversed(rows)]

    def summaries(self) -> list[SessionSummary]:
        """All sessions, the most recently used first."""
        self._purge_if_due(self._clock())
        rows = self._rows(
            "SELECT session, COUNT(*), MIN(at), MAX(at) FROM exchange"
            " GROUP BY session ORDER BY MAX(at) DESC, MAX(id) DESC"
        )
        return [SessionSummary(id=a, exchanges=b, first_at=c, last_at=d) for a, b, c, d in rows]

    def delete(self, session: str) -> int:
        """Forget one session; how many exchanges it had."""
        return self._delete("WHERE session = ?", (check_session_id(session),))

    def delete_all(self) -> int:
        """Forget every session; how many exchanges there were."""
        return self._delete("", ())

    def purge(self, older_than_days: float | None = None) -> int:
        """Delete exchanges older than that (default: the retention limit); how many there were."""
        days = self.retention_days if older_than_days is None else older_than_days
        if not days >= 0:
            raise InputError(f"purge needs an age of 0 days or more, not {days}")
        self._purged_at = self._clock()
        return self._delete("WHERE at < ?", (self._purged_at - days * _DAY_SECONDS,))

    def close(self) -> None:
        """Release the file."""
        with self._lock, self._errors():
            self._connection.close()

    def _purge_if_due(self, now: float) -> None:
        if now - self._purged_at >= _PURGE_EVERY_SECONDS:
            self.purge()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._errors():
            return self._connection.execute(sql, values).fetchall()

    def _delete(self, where: str, values: Sequence[Any]) -> int:
        with self._lock, self._errors():
            sql = f"DELETE FROM exchange {where}"  # noqa: S608 - `where` is one of the literals above
            deleted = self._connection.execute(sql, values).rowcount
            if deleted:  # the write-ahead log still holds the deleted words until it is emptied
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return deleted

    def _connect(self) -> sqlite3.Connection:
        self.path.touch(mode=0o600, exist_ok=True)  # customers' words: for the owner only
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA secure_delete = ON")
            _use_write_ahead_log(connection)
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise KnowledgeBaseError(f"{self.path} was written by a newer ragbot; upgrade ragbot")
        if version < _SCHEMA_VERSION:
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise KnowledgeBaseLocked(f"chat memory {self.path} is in use; try again") from error
            raise KnowledgeBaseError(f"chat memory {self.path} cannot be used: {error}") from error
        except sqlite3.ProgrammingError as error:  # a DatabaseError too, but of the caller's making
            raise KnowledgeBaseError(f"chat memory {self.path} is closed; open a new Sessions") from error
        except sqlite3.DatabaseError as error:
            raise KnowledgeBaseError(
                f"chat memory {self.path} is damaged ({error}); delete it to start without past chats"
            ) from error
        except OSError as error:
            raise KnowledgeBaseError(f"chat memory {self.path} cannot be opened: {error.strerror}") from error


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


def _storable(text: str) -> str:
    """The text with lone surrogates, which SQLite cannot store, replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _exchange(row: tuple[Any, ...]) -> Exchange:
    at, question, answer, status, citations, trace_id = row
    return Exchange(
        at=at,
        question=question,
        answer=answer,
        status=status,
        citations=tuple(Citation(**each) for each in json.loads(citations)),
        trace_id=trace_id,
    )
