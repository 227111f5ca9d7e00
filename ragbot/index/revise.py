"""Making another revision current, whatever it comes from: committed, its indexes published, the old swept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ragbot.errors import KnowledgeBaseError
from ragbot.index import prepared, publish, stage
from ragbot.index.generation import Generation
from ragbot.index.segment import Damaged

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase

LOCK_SECONDS = 2.0
"""How long a writer waits for another one to finish."""

STEPS = ("before commit", "committed", "files written", "generation written", "published", "swept")
"""What `step` is called with by `publish_preview`, in this order."""

Step = Callable[[str], None]


def _no_step(_: str) -> None:
    pass


def revise(kb: KnowledgeBase, commit: Callable[[], object], previous: Generation, step: Step) -> None:
    """`commit` makes the newest revision; then its indexes are made, out of those of `previous` where they can be.

    The caller holds the writer's lock. Raises `KnowledgeBaseError`.
    """
    step("before commit")
    commit()
    step("committed")
    try:
        kb.generations.renew(previous, step)
        publish.withdraw(kb.folder)
        publish.sweep(kb.folder)
    except OSError as error:
        kb.generations.forget()
        raise no_room(kb, error) from error


def no_room(kb: KnowledgeBase, error: OSError) -> KnowledgeBaseError:
    """What to say where indexes cannot be written."""
    return KnowledgeBaseError(
        f"{kb.folder}: the passages are stored, but their indexes cannot be written "
        f"({error.strerror}); make room and run the command again"
    )


def publish_preview(kb: KnowledgeBase, stamp: str, *, step: Step = _no_step) -> int:
    """Make the preview marked `stamp` the newest revision, exactly as it was previewed. Returns that revision.

    Raises `KnowledgeBaseError` where it is gone, as when the knowledge base changed since.
    """
    with stage.write_lock(kb.folder, LOCK_SECONDS):
        with kb.store.reading() as connection:
            found = prepared.require(connection, kb.store.state(connection), stamp)
        previous = _indexes(kb, found)
        revise(kb, lambda: stage.commit_prepared(kb.store), previous, step)
        stage.collect(kb.store, kb.settings.index.keep_revisions)
        step("swept")
    return found.revision


def _indexes(kb: KnowledgeBase, found: prepared.Prepared) -> Generation:
    """The preview's own indexes where they are whole, else the current ones."""
    live = kb.generations.get()
    try:
        made = publish.load(kb.folder, live, publish.PREVIEW)
    except Damaged:
        return live
    return made if made.stamp == found.stamp else live


def discard_preview(kb: KnowledgeBase, stamp: str) -> None:
    """Forget the preview marked `stamp`. Raises `KnowledgeBaseError` where it is gone."""
    with stage.write_lock(kb.folder, LOCK_SECONDS):
        with kb.store.reading() as connection:
            prepared.require(connection, kb.store.state(connection), stamp)
        stage.discard(kb.store)
        publish.withdraw(kb.folder)
        publish.sweep(kb.folder)
