"""The preview in `kb.sqlite`: what the next revision would be, marked in the rows and seen by nobody else.

New documents are staged (`born` is the next revision), replaced ones are marked (`died` is the next revision), and
one row tells the rest. Publishing inserts that revision, so nothing is copied and nothing is made twice. Whatever
else makes a revision, or touches staged rows, ends the preview in the same transaction.

All functions that take a connection expect to be inside a transaction; those that write, the writer's lock too.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, NoReturn, get_args

from ragbot.errors import KnowledgeBaseError
from ragbot.index.rows import from_json, to_json
from ragbot.index.store import State, Store

Ended = Literal["a sync", "a rollback", "another preview", "its publishing", "its discarding"]
"""What ended a preview."""

_BUILDING, _READY = "building", "ready"
_WHY_NOT = {
    _BUILDING: "the preview was not finished",
    **{why: f"the preview was ended by {why}" for why in get_args(Ended)},
}
_ADVICE = "preview again: ragbot index PATH... --preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A preview as it is recorded."""

    status: str
    """`building`, `ready`, or what ended it."""
    base: int
    """The revision that it would follow."""
    base_stamp: str
    stamp: str
    """The mark that its revision gets."""
    at: float
    """When it was made, in seconds since the epoch."""
    embedder: str
    dimension: int
    roots: Mapping[str, str]

    @property
    def revision(self) -> int:
        return self.base + 1


def find(connection: sqlite3.Connection) -> Prepared | None:
    """The last preview, ended or not."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'previews'").fetchone():
        return None
    row = connection.execute(
        "SELECT status, base, base_stamp, stamp, at, embedder, dimension, roots FROM previews"
    ).fetchone()
    if row is None:
        return None
    names = ("status", "base", "base_stamp", "stamp", "at", "embedder", "dimension")
    return Prepared(**dict(zip(names, row, strict=False)), roots=from_json(row[-1]))


def require(connection: sqlite3.Connection, state: State, stamp: str | None = None) -> Prepared:
    """The preview that can be published, that with the mark `stamp` if one is given.

    Raises `KnowledgeBaseError`, saying why there is none.
    """
    found = find(connection)
    if found is None:
        raise KnowledgeBaseError(f"there is no preview; make one: {_ADVICE.partition(': ')[2]}")
    if stamp not in (None, found.stamp):
        raise KnowledgeBaseError(f"this preview was ended by another preview; {_ADVICE}")
    if found.status != _READY:
        _gone(found, state)
    return found


def _gone(found: Prepared, state: State) -> NoReturn:
    made = datetime.fromtimestamp(found.at).astimezone().isoformat(sep=" ", timespec="minutes")
    now = (
        "" if state.revision == found.base else f"; the knowledge base is at revision {state.revision} since"
    )
    raise KnowledgeBaseError(
        f"{_WHY_NOT[found.status]} (made {made} from revision {found.base}){now}; {_ADVICE}"
    )


def report_of(connection: sqlite3.Connection) -> Mapping[str, object]:
    """What `finish` was given. The preview must be there."""
    found: Mapping[str, object] = from_json(connection.execute("SELECT report FROM previews").fetchone()[0])
    return found


def begin(
    store: Store, *, dead: Iterable[int], roots: Mapping[str, str], embedder: str, dimension: int
) -> Prepared:
    """Mark that the next revision would have what is staged, and not the document rows in `dead`."""
    with store.writing() as connection:
        state = store.state(connection)
        end(connection, "another preview")
        connection.executemany(
            "UPDATE documents SET died = ? WHERE row = ?", ((state.revision + 1, row) for row in dead)
        )
        made = Prepared(
            status=_BUILDING,
            base=state.revision,
            base_stamp=state.stamp,
            stamp=secrets.token_hex(16),
            at=time.time(),
            embedder=embedder,
            dimension=dimension,
            roots=dict(roots),
        )
        connection.execute(
            "INSERT OR REPLACE INTO previews VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, '{}')",
            (made.status, made.base, made.base_stamp, made.stamp, made.at, embedder, dimension,
             to_json(made.roots)),
        )  # fmt: skip
    return made


def finish(store: Store, report: Mapping[str, object]) -> None:
    """The preview has its indexes: it may be published."""
    with store.writing() as connection:
        connection.execute("UPDATE previews SET status = ?, report = ?", (_READY, to_json(report)))


def end(connection: sqlite3.Connection, why: Ended) -> Prepared | None:
    """Unmark what would die, and keep why there is no preview any more. What it staged stays staged.

    Returns the preview that has ended, None where there was none.
    """
    connection.execute("UPDATE documents SET died = NULL WHERE died > (SELECT max(revision) FROM revisions)")
    found = find(connection)
    if found is None or found.status not in (_BUILDING, _READY):
        return None
    connection.execute("UPDATE previews SET status = ?, report = '{}'", (why,))
    return found


class PreviewStore(Store):
    """The same database, read as the previewed revision; nothing can be written through it."""

    pointer: ClassVar = "PREVIEW"

    def __init__(self, folder: Path, stamp: str) -> None:
        super().__init__(folder)
        self._stamp = stamp

    def state(self, connection: sqlite3.Connection | None = None) -> State:
        """The previewed revision. Raises `KnowledgeBaseError` where the preview has ended."""
        if connection is None:
            with self.reading() as opened:
                return self.state(opened)
        live, found = super().state(connection), find(connection)
        if found is None or found.stamp != self._stamp or found.status != _BUILDING:
            found = require(connection, live, self._stamp)
        return replace(
            live,
            revision=found.revision,
            stamps={**live.stamps, found.revision: found.stamp},
            embedder=found.embedder,
            dimension=found.dimension,
            updated=found.at,
        )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Raises `KnowledgeBaseError`."""
        raise KnowledgeBaseError(
            "a preview cannot be written; publish it, or write to the knowledge base itself"
        )
        yield self.connection()
