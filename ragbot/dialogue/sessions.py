"""Chat memory: what was asked and answered in each session, and where it stands, in one SQLite file.

One row is one exchange, so a question is never stored without its answer. Sessions see nothing of each
other. Rows older than the retention limit are deleted (checked on opening, and hourly after that); what
is deleted is overwritten in the file. Knows nothing of search or models.

One `Sessions` may be shared by threads, and one file by processes. After a fork, open a new one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot.database import storable
from ragbot.dialogue.memory import FILE_NAME, open_memory
from ragbot.dialogue.state import dump_state, load_state
from ragbot.errors import InputError
from ragbot.types import Answer, Citation, State, Status, Turn, to_plain

__all__ = ["FILE_NAME", "Exchange", "SessionSummary", "Sessions", "check_session_id"]

LONGEST_ID = 128

_PURGE_EVERY_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0


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
        self.database = open_memory(self.path)
        self._purged_at = clock()
        self.purge()

    def append(self, session: str, question: str, answer: Answer) -> None:
        """Store one exchange, and the state that it leaves."""
        check_session_id(session)
        citations = json.dumps(to_plain(answer.citations), ensure_ascii=True)
        now = self._clock()
        texts = (storable(question), storable(answer.text), answer.status, citations, answer.trace_id)
        self._purge_if_due(now)
        with self.database.transaction():
            self.database.execute(
                "INSERT INTO exchange (session, at, question, answer, status, citations, trace_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (session, now, *texts),
            )
            self.database.execute(
                "INSERT INTO state (session, at, state) VALUES (?, ?, ?)"
                " ON CONFLICT (session) DO UPDATE SET at = excluded.at, state = excluded.state",
                (session, now, dump_state(answer.state)),
            )

    def state(self, session: str) -> State:
        """Where the session stands; the beginning if it is unknown."""
        rows = self.database.rows("SELECT state FROM state WHERE session = ?", (check_session_id(session),))
        return load_state(rows[0][0]) if rows else State()

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
        rows = self.database.rows(
            "SELECT at, question, answer, status, citations, trace_id FROM exchange"
            " WHERE session = ? ORDER BY id DESC LIMIT ?",
            (session, last),
        )
        return [_exchange(row) for row in reversed(rows)]

    def summaries(self) -> list[SessionSummary]:
        """All sessions, the most recently used first."""
        self._purge_if_due(self._clock())
        rows = self.database.rows(
            "SELECT session, COUNT(*), MIN(at), MAX(at) FROM exchange"
            " GROUP BY session ORDER BY MAX(at) DESC, MAX(id) DESC"
        )
        return [SessionSummary(id=a, exchanges=b, first_at=c, last_at=d) for a, b, c, d in rows]

    def delete(self, session: str) -> int:
        """Forget one session, with its feedback and its hand-overs; how many exchanges it had."""
        return self._delete("session = ?", (check_session_id(session),))

    def delete_all(self) -> int:
        """Forget every session; how many exchanges there were."""
        return self._delete("session IS NOT NULL", ())

    def purge(self, older_than_days: float | None = None) -> int:
        """Delete exchanges older than that (default: the retention limit); how many there were.

        A hand-over's age counts from its delivery or refusal: one that waits is never lost."""
        days = self.retention_days if older_than_days is None else older_than_days
        if not days >= 0:
            raise InputError(f"purge needs an age of 0 days or more, not {days}")
        self._purged_at = self._clock()
        before = (self._purged_at - days * _DAY_SECONDS,)
        return self._delete("at < ?", before, outbox="COALESCE(delivered_at, refused_at) < ?")

    def close(self) -> None:
        """Release the file."""
        self.database.close()

    def _purge_if_due(self, now: float) -> None:
        if now - self._purged_at >= _PURGE_EVERY_SECONDS:
            self.purge()

    def _delete(self, where: str, values: Sequence[Any], *, outbox: str | None = None) -> int:
        """Of every table; of the hand-overs by `outbox`, where those must be chosen otherwise."""
        with self.database.transaction():
            exchanges = self.database.execute(f"DELETE FROM exchange WHERE {where}", values)  # noqa: S608
            others = [
                self.database.execute(f"DELETE FROM {table} WHERE {chosen}", values)  # noqa: S608
                for table, chosen in (("state", where), ("feedback", where), ("outbox", outbox or where))
            ]
        if exchanges or any(others):
            self.database.forget()
        return exchanges


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
