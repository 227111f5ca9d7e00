"""Files -> knowledge base: what changed is read, cut, embedded, and made visible at once.

    gather (list, hash, read, cut, embed, stage) -> one transaction -> indexes

A killed run leaves nothing visible; its embeddings and staged documents serve the next one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ragbot.index import publish, stage
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.revise import revise
from ragbot.ingest.gather import Loads, Progress, Run, gathered
from ragbot.ingest.report import SyncReport

STEPS = (
    "listed",
    "hashed",
    "embedded",
    "staged",
    "before commit",
    "committed",
    "files written",
    "generation written",
    "published",
    "swept",
)
"""What `step` is called with, in this order; `embedded` and `staged` come once for every batch."""


def sync(
    kb: KnowledgeBase,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    rebuild: bool = False,
    progress: Progress | None = None,
    step: Callable[[str], None] = lambda _: None,
    loader: Loads | None = None,
) -> SyncReport:
    """Make `kb` hold what the files and folders of `paths` hold now; what was synced from elsewhere stays.

    `rebuild` reads and cuts every file again, and may take another embedder than before. `step` is told each
    of `STEPS` as it is reached. Raises `InputError` (a path that cannot be read, nothing that could be),
    `KnowledgeBaseLocked`, `KnowledgeBaseMismatch`, `KnowledgeBaseError`, `ModelError`.
    """
    with gathered(
        kb, paths, rebuild=rebuild, progress=progress, step=step, loader=loader, ends="a sync"
    ) as run:
        _finish(run, step)
        return run.report(kb.generations.get().size)


def _finish(run: Run, step: Callable[[str], None]) -> None:
    """Make it visible and publish the indexes."""
    kb, dead = run.kb, run.dead
    if dead or run.staged:
        revise(kb, lambda: stage.commit(kb.store, dead=dead, past=run.past), run.previous, step)
    else:
        if run.plan.roots != stage.roots(kb.store):
            stage.set_roots(kb.store, run.plan.roots)
        publish.withdraw(kb.folder)
        publish.sweep(kb.folder)
    stage.collect(kb.store, kb.settings.index.keep_revisions)
    step("swept")
