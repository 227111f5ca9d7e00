"""The revisions that are kept: announcing a new one, listing them, and what differs between two."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ragbot.errors import KnowledgeBaseError
from ragbot.index.rows import from_json, to_json
from ragbot.index.store import Store, upgrade
from ragbot.types import to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A state of the knowledge base that can be returned to, or the current one."""

    revision: int
    at: float
    """When it became current, in seconds since the epoch."""
    action: str
    """What made it: `created`, `sync`, `publish`, or `rollback to 3`."""
    documents: int
    current: bool

    def to_dict(self) -> dict[str, Any]:
        """A plain dict with the field names above."""
        plain: dict[str, Any] = to_plain(self)
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What belongs to a revision beside its documents."""

    embedder: str
    dimension: int
    roots: Mapping[str, str]


_NEW = "row > coalesce((SELECT row FROM documents WHERE born < :revision ORDER BY row DESC LIMIT 1), 0)"
"""SQL condition for the rows that `revision`, the newest one, brings: `born` never falls from one row to the next."""


def announce(connection: sqlite3.Connection, *, revision: int, stamp: str, past: Past, action: str) -> None:
    """Make `revision`, whose rows are staged and marked, the newest one, inside a writer's transaction that has
    upgraded the tables."""
    connection.execute("INSERT INTO revisions VALUES(?, ?, ?)", (revision, stamp, time.time()))
    for key, value in (("embedder", past.embedder), ("dimension", str(past.dimension))):
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    connection.execute(
        "INSERT INTO history SELECT :revision, :action, documents + "
        f"(SELECT count(*) FROM documents WHERE {_NEW}) - (SELECT count(*) FROM documents WHERE died = :revision), "
        ":embedder, :dimension, '{}' FROM history WHERE revision = :revision - 1",
        {
            "revision": revision,
            "action": action,
            "embedder": past.embedder,
            "dimension": past.dimension,
        },
    )
    replace_roots(connection, past.roots)


def replace_roots(connection: sqlite3.Connection, roots: Mapping[str, str]) -> None:
    """Record other roots (prefix -> path) for the newest revision, inside a writer's transaction."""
    upgrade(connection)
    connection.execute("DELETE FROM roots")
    connection.executemany("INSERT INTO roots VALUES(?, ?)", roots.items())
    connection.execute(
        "UPDATE history SET roots = ? WHERE revision = (SELECT max(revision) FROM revisions)",
        (to_json(dict(roots)),),
    )


def revisions(store: Store) -> list[Revision]:
    """The current revision and those that can be returned to, the newest first."""
    with store.reading() as connection:
        newest = store.state(connection).revision
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'history'").fetchone():
            return []
        found = connection.execute(
            "SELECT r.revision, r.at, h.action, h.documents "
            "FROM revisions r JOIN history h USING(revision) ORDER BY 1 DESC"
        ).fetchall()
        return [
            Revision(revision=number, at=at, action=action, documents=documents, current=number == newest)
            for number, at, action, documents in found
        ]


def past(connection: sqlite3.Connection, revision: int) -> Past:
    """What `revision` had. Raises `KnowledgeBaseError` where it is not kept."""
    row = connection.execute(
        "SELECT h.embedder, h.dimension, h.roots FROM history h JOIN revisions r USING(revision) "
        "WHERE revision = ?",
        (revision,),
    ).fetchone()
    if row is None:
        kept = [
            str(number)
            for (number,) in connection.execute(
                "SELECT revision FROM history JOIN revisions USING(revision) ORDER BY 1"
            )
        ]
        raise KnowledgeBaseError(
            f"revision {revision} is gone; kept are {', '.join(kept)} (index.keep_revisions sets how many)"
        )
    return Past(embedder=row[0], dimension=row[1], roots=from_json(row[2]))
