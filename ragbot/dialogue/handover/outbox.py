"""The hand-overs that wait for delivery: kept with the exchange they belong to, sent at least once, oldest first.

At most one packet is under way at a time, in whatever process: it holds a lease, which runs out if the process dies,
and then it is sent again; its id tells the receiver. A packet that fails is tried again for ever, ever more seldom,
and those behind it wait, so that a receiver that was down gets them in order. If a later one gets through where an
older one just failed, the older one steps aside and holds up nobody. What is refused stays for an operator. Once
delivered, a packet's content is emptied: it holds a customer's words. Knows nothing of how packets are sent.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ragbot.database import Database
from ragbot.errors import InputError
from ragbot.types import Handover, to_plain

LONGEST_DELAY = 900.0
"""Seconds between two attempts at most, unless the receiver asks for more."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds up to which a receiver's wish to wait is followed."""
_LONGEST_ERROR = 200
_WAITING = "delivered_at IS NULL AND refused_at IS NULL"

EntryState = Literal["waiting", "sending", "delivered", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A packet that this process may send now."""

    id: str
    attempt: int
    """1-based; what is reported about an attempt that is no longer the newest is dropped."""
    body: bytes
    """The packet as JSON, in ASCII."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A packet as a list shows it: nothing that a customer said."""

    id: str
    at: float
    trigger: str
    session: str | None
    state: EntryState
    attempts: int
    next_at: float | None
    """When it is tried again, seconds since the epoch; None where it is not."""
    delivered_at: float | None
    error: str
    """What the last attempt met: `HTTP 503`."""


class Outbox:
    """The table `outbox` of the chat memory. Threads and processes may share it."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        first_delay: float = 1.0,
        lease_seconds: float = 60.0,
    ) -> None:
        """`database`: of `open_memory`; `jitter` gives numbers from 0 to 1; `first_delay`: seconds before the second
        attempt, doubled from one to the next; `lease_seconds`: longer than any attempt takes."""
        self._database = database
        self.clock = clock
        self._jitter = jitter
        self._first_delay = first_delay
        self._lease = lease_seconds

    def add(self, handover: Handover) -> None:
        """Keep it for delivery, as part of the transaction under way; one that is there already stays as it is."""
        self._database.execute(
            "INSERT INTO outbox (id, session, at, trigger, packet, next_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (
                handover.id,
                handover.session,
                handover.at,
                handover.trigger,
                json.dumps(to_plain(handover)),
                self.clock(),
            ),
        )

    def claim(self, *, behind: str | None = None) -> Claim | None:
        """The packet to be sent next, leased to the caller; None if none is due or one is under way.

        `behind`: a packet that just failed; then the one that waits behind it, due or not.
        """
        now = self.clock()
        with self._database.transaction():
            if self._leased_until() > now:
                return None
            found = self._behind(behind) if behind is not None else self._due(now)
            if found is None:
                return None
            identity, packet, attempts = found
            self._database.execute(
                "UPDATE outbox SET attempts = ?, leased_until = ? WHERE id = ?",
                (attempts + 1, now + self._lease, identity),
            )
        return Claim(id=identity, attempt=attempts + 1, body=packet.encode("ascii"))

    def delivered(self, claim: Claim, *, past: str | None = None) -> None:
        """It arrived: its content is emptied, also where the file keeps what was overwritten; those that waited in
        line behind it are due, since the receiver is there. `past`: one before it that just failed; it steps aside."""
        now = self.clock()
        with self._database.transaction():
            if past is not None:
                self._database.execute("UPDATE outbox SET aside = 1 WHERE id = ?", (past,))
            self._database.execute(
                "UPDATE outbox SET delivered_at = ?, packet = '', error = '', leased_until = 0 WHERE id = ?",
                (now, claim.id),
            )
            self._database.execute(
                f"UPDATE outbox SET next_at = ? WHERE {_WAITING} AND aside = 0 AND next_at > ?",  # noqa: S608
                (now, now),
            )
        self._database.forget()

    def failed(self, claim: Claim, error: str, *, wait: float | None = None) -> None:
        """Try again after a pause, or after `wait` seconds if that is longer. `error` holds no customer's words."""
        delay = max(self._delay(claim.attempt), min(wait or 0.0, LONGEST_RETRY_AFTER))
        self._report(claim, "next_at = ?, error = ?", self.clock() + delay, error[:_LONGEST_ERROR])

    def refused(self, claim: Claim, error: str) -> None:
        """The receiver will not have it: kept until it is retried by hand, or its retention ends."""
        self._report(claim, "refused_at = ?, error = ?", self.clock(), error[:_LONGEST_ERROR])

    def next_at(self) -> float | None:
        """When something can be claimed next, seconds since the epoch, maybe past; None if nothing waits."""
        times = [row[0] for row in self._candidates()]
        return max(min(times), self._leased_until()) if times else None

    def entries(self) -> list[Entry]:
        """All packets, the newest first."""
        rows = self._database.rows(
            "SELECT id, at, trigger, session, attempts, next_at, leased_until, delivered_at, refused_at, error"
            " FROM outbox ORDER BY at DESC, rowid DESC"
        )
        return [self._entry(row) for row in rows]

    def packet(self, identity: str) -> dict[str, Any]:
        """The content of a packet that is not delivered yet. Raises `InputError` where there is none."""
        rows = self._database.rows("SELECT packet FROM outbox WHERE id = ?", (identity,))
        if not rows:
            raise InputError(_missing(identity))
        if not rows[0][0]:
            raise InputError(f"hand-over {identity} is delivered; its content was deleted then")
        plain: dict[str, Any] = json.loads(rows[0][0])
        return plain

    def retry(self, identity: str) -> None:
        """Make it due now, refused or not. Raises `InputError` if it is unknown, delivered, or just being sent."""
        now = self.clock()
        changed = self._database.execute(
            "UPDATE outbox SET refused_at = NULL, next_at = ?, aside = 0"
            " WHERE id = ? AND delivered_at IS NULL AND leased_until <= ?",
            (now, identity, now),
        )
        if changed:
            return
        rows = self._database.rows("SELECT delivered_at FROM outbox WHERE id = ?", (identity,))
        if not rows:
            raise InputError(_missing(identity))
        what = "is delivered" if rows[0][0] is not None else "is being sent just now"
        raise InputError(f"hand-over {identity} {what}; there is nothing to retry")

    # -- the parts --------------------------------------------------------------------------------------

    def _delay(self, attempt: int) -> float:
        """Seconds: half of a doubling pause, and up to half of it more by chance, so that the attempts of several
        senders spread ("equal jitter", M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015)."""
        whole = min(self._first_delay * 2.0 ** min(attempt - 1, 30), LONGEST_DELAY)
        return whole * (0.5 + 0.5 * self._jitter())

    def _report(self, claim: Claim, change: str, *values: Any) -> None:
        """Unless a later attempt is under way, because this one outlived its lease."""
        self._database.execute(
            f"UPDATE outbox SET {change}, leased_until = 0"  # noqa: S608 - `change` is one of ours
            f" WHERE id = ? AND attempts = ? AND {_WAITING}",
            (*values, claim.id, claim.attempt),
        )

    def _leased_until(self) -> float:
        """When the packet that is under way may be sent by another, maybe past."""
        rows = self._database.rows(f"SELECT MAX(leased_until) FROM outbox WHERE {_WAITING}")  # noqa: S608
        return float(rows[0][0] or 0.0)

    def _candidates(self) -> list[tuple[Any, ...]]:
        """next_at, id, packet, attempts of what may be sent when its time comes, oldest first: of those in line the
        first, and all that stepped aside."""
        columns = "SELECT next_at, id, packet, attempts, at, rowid FROM outbox WHERE"
        line = self._database.rows(f"{columns} {_WAITING} AND aside = 0 ORDER BY at, rowid LIMIT 1")
        aside = self._database.rows(f"{columns} {_WAITING} AND aside = 1 ORDER BY at, rowid")
        return sorted(line + aside, key=lambda row: row[4:])

    def _due(self, now: float) -> tuple[str, str, int] | None:
        for next_at, identity, packet, attempts, *_ in self._candidates():
            if next_at <= now:
                return identity, packet, attempts
        return None

    def _behind(self, identity: str) -> tuple[str, str, int] | None:
        rows = self._database.rows(
            "SELECT later.id, later.packet, later.attempts FROM outbox AS later, outbox AS failed"
            " WHERE failed.id = ? AND (later.at, later.rowid) > (failed.at, failed.rowid)"
            " AND failed.aside = 0 AND later.aside = 0"
            " AND later.delivered_at IS NULL AND later.refused_at IS NULL ORDER BY later.at, later.rowid LIMIT 1",
            (identity,),
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        identity, at, trigger, session, attempts, next_at, leased_until, delivered_at, refused_at, error = row
        state: EntryState = "waiting"
        if delivered_at is not None:
            state = "delivered"
        elif refused_at is not None:
            state = "refused"
        elif leased_until > self.clock():
            state = "sending"
        return Entry(
            id=identity,
            at=at,
            trigger=trigger,
            session=session,
            state=state,
            attempts=attempts,
            next_at=next_at if state == "waiting" else None,
            delivered_at=delivered_at,
            error=error,
        )


def _missing(identity: str) -> str:
    return f"there is no hand-over {identity!r}; `ragbot handovers list` shows those there are"
