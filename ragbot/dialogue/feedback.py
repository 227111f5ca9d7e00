"""What customers say of answers: up, down, a comment. One vote an answer, by its trace id.

It stands in the file of the chat memory and shares its sessions' fate: deleted with them, and when they are too old.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from ragbot.database import Database, storable
from ragbot.errors import InputError

Vote = Literal["up", "down"]
VOTES: Final[tuple[Vote, ...]] = ("up", "down")
MAX_COMMENT: Final = 4000
"""Characters of a comment that are kept."""

_LISTED = (
    "SELECT f.trace_id, f.session, f.at, f.vote, f.comment, e.question, e.answer, e.status FROM feedback f "
    "JOIN exchange e ON e.id = (SELECT max(id) FROM exchange WHERE trace_id = f.trace_id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One vote, with what it is about."""

    trace_id: str
    session: str
    at: float
    """Seconds since the epoch."""
    vote: Vote
    comment: str
    question: str
    answer: str
    status: str


class Feedback:
    """The feedback in a chat memory (`Sessions.database`). Threads may share it."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def give(self, trace_id: str, vote: str, comment: str = "") -> Opinion:
        """Store a vote on the answer with this trace id; one that was given before is replaced.

        Raises `InputError` where the vote is neither `up` nor `down`, the comment is too long, or no stored answer
        has the trace id.
        """
        if vote not in VOTES:
            raise InputError(f"a vote is up or down, not {vote!r}")
        if not isinstance(comment, str) or len(comment) > MAX_COMMENT:
            raise InputError(f"a comment must be a text of at most {MAX_COMMENT} characters")
        if not isinstance(trace_id, str):
            raise InputError(f"a trace id is a text, not {type(trace_id).__name__}")
        identity = storable(trace_id)
        with self._database.transaction():
            found = self._database.rows(
                "SELECT session FROM exchange WHERE trace_id = ? ORDER BY id DESC LIMIT 1", (identity,)
            )
            if not identity or not found:
                raise InputError(
                    f"no stored answer has the trace id {identity[:80]!r}; answers are stored where they are given "
                    "in a session, and `ragbot sessions show ID --json` shows theirs"
                )
            self._database.execute(
                "INSERT INTO feedback (trace_id, session, at, vote, comment) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (trace_id) DO UPDATE SET session = excluded.session, at = excluded.at,"
                " vote = excluded.vote, comment = excluded.comment",
                (identity, found[0][0], self._clock(), vote, storable(comment.strip())),
            )
            return self._opinions("WHERE f.trace_id = ?", identity)[0]

    def list(self, vote: Vote | None = None) -> tuple[Opinion, ...]:
        """What was given, the newest first; with `vote`, only such."""
        if vote is None:
            return self._opinions("ORDER BY f.at DESC, f.rowid DESC")
        return self._opinions("WHERE f.vote = ? ORDER BY f.at DESC, f.rowid DESC", vote)

    def counts(self) -> dict[Vote, int]:
        """How many votes there are of each kind."""
        found = dict(
            self._database.rows(
                "SELECT vote, count(*) FROM feedback f"
                " WHERE EXISTS (SELECT 1 FROM exchange WHERE trace_id = f.trace_id) GROUP BY vote"
            )
        )
        return {vote: int(found.get(vote, 0)) for vote in VOTES}

    def _opinions(self, where: str, *values: str) -> tuple[Opinion, ...]:
        names = ("trace_id", "session", "at", "vote", "comment", "question", "answer", "status")
        rows = self._database.rows(f"{_LISTED} {where}", values)
        return tuple(Opinion(**dict(zip(names, row, strict=True))) for row in rows)
