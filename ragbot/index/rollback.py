"""Returning to an earlier revision: what was replaced since is staged again and becomes a new revision, so that a
return can be taken back like any change.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragbot.errors import InputError, KnowledgeBaseError
from ragbot.index import history, stage
from ragbot.index.revise import LOCK_SECONDS, revise
from ragbot.index.stage import Known
from ragbot.index.store import VISIBLE, upgrade
from ragbot.types import to_plain

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase

BATCH = 256
"""Documents that are copied in one transaction."""

STEPS = (
    "cleared",
    "staged",
    "before commit",
    "committed",
    "files written",
    "generation written",
    "published",
    "swept",
)
"""What `step` is called with, in this order; `staged` comes once for every batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackReport:
    """What a return did. `str()` is for people, `to_dict()` for `--json`."""

    to: int
    """The revision whose state is back."""
    before: int
    """The revision that was current."""
    revision: int
    """The new revision, which holds what `to` held."""
    added: tuple[str, ...]
    """Sources that are back."""
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    chunks: int
    """Passages that the knowledge base holds now."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists with the field names above."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    def __str__(self) -> str:
        counts = f"{len(self.added)} added, {len(self.changed)} changed, {len(self.removed)} removed"
        lines = [
            f"revision {self.revision} holds what revision {self.to} held: {counts}; {self.chunks} passages, "
            f"{self.seconds:.1f} s",
            *(f"note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def rollback(
    kb: KnowledgeBase, to: int | None = None, *, step: Callable[[str], None] = lambda _: None
) -> RollbackReport:
    """Let `kb` hold what it held at revision `to` (default: the one before the newest).

    Raises `KnowledgeBaseError` where that is not kept, or empty and not asked for by its number; `InputError` where
    it is the newest.
    """
    started = time.perf_counter()
    with stage.write_lock(kb.folder, LOCK_SECONDS):
        with kb.store.writing() as connection:
            upgrade(connection)
            now = kb.store.state(connection).revision
            target = _target(now, to)
            past = history.past(connection, target)
            back, gone = _differing(connection, now, target)
            if to is None and not _documents(connection, target):
                raise KnowledgeBaseError(
                    f"revision {target} is empty; to empty the knowledge base: ragbot rollback --to {target}"
                )
        previous = kb.generations.get()
        ended = stage.remove_staged(kb.store, (), "a rollback")
        step("cleared")
        rows = sorted(each.row for each in back.values())
        for start in range(0, len(rows), BATCH):
            stage.restage(kb.store, rows[start : start + BATCH])
            step("staged")
        dead = [each.row for each in gone.values()]

        def commit() -> None:
            action = f"rollback to {target}"
            stage.commit(kb.store, dead=dead, past=past, action=action, why="a rollback")

        revise(kb, commit, previous, step)
        stage.collect(kb.store, kb.settings.index.keep_revisions)
        step("swept")
        generation = kb.generations.get()
    notes = ["the preview has ended with this"] if ended else []
    if past.embedder not in ("", previous.embedder) and not kb.chooses:
        notes.append(f"its vectors are of embedder {past.embedder}: set [embedder] back too")
    return RollbackReport(
        to=target,
        before=now,
        revision=generation.revision,
        added=tuple(sorted(back.keys() - gone.keys())),
        changed=tuple(sorted(back.keys() & gone.keys())),
        removed=tuple(sorted(gone.keys() - back.keys())),
        chunks=generation.size,
        notes=tuple(notes),
        seconds=time.perf_counter() - started,
    )


def _target(now: int, to: int | None) -> int:
    if to is None:
        if now == 0:
            raise KnowledgeBaseError("nothing has been indexed yet, so there is nothing to return to")
        return now - 1
    if to == now:
        raise InputError(f"revision {to} is the current one; ragbot rollback --list shows the others")
    if not 0 <= to < now:
        raise InputError(f"there is no revision {to}; ragbot rollback --list shows those that are kept")
    return to


def _documents(connection: sqlite3.Connection, revision: int) -> bool:
    query = f"SELECT 1 FROM documents d WHERE {VISIBLE} LIMIT 1"
    return connection.execute(query, {"revision": revision}).fetchone() is not None


_COLUMNS = "SELECT d.row, d.source, d.root, d.sha256, d.signature FROM documents d WHERE"


def _differing(
    connection: sqlite3.Connection, now: int, to: int
) -> tuple[dict[str, Known], dict[str, Known]]:
    """By source: the documents that only `to` has, and those that only `now` has."""
    at = {"now": now, "to": to}
    back = _known(connection, f"{_COLUMNS} d.died > :to AND d.died <= :now AND d.born <= :to", at)
    gone = _known(
        connection,
        f"{_COLUMNS} d.row > coalesce((SELECT row FROM documents WHERE born <= :to ORDER BY row DESC LIMIT 1), 0) "
        "AND d.born <= :now AND (d.died IS NULL OR d.died > :now)",
        at,
    )
    same = {source for source in back.keys() & gone.keys() if _same(back[source], gone[source])}
    return (
        {source: known for source, known in back.items() if source not in same},
        {source: known for source, known in gone.items() if source not in same},
    )


def _same(one: Known, other: Known) -> bool:
    """Whether two rows hold the same document, cut in the same way."""
    return (one.root, one.sha256, one.signature) == (other.root, other.sha256, other.signature)


def _known(connection: sqlite3.Connection, query: str, values: dict[str, int]) -> dict[str, Known]:
    return {
        source: Known(row=row, source=source, root=root, sha256=sha256, signature=signature)
        for row, source, root, sha256, signature in connection.execute(query, values)
    }
