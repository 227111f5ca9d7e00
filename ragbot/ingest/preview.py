"""What a sync would make of a knowledge base, before anybody sees it.

    with kb.preview("knowledge/") as preview:
        print(preview.report, preview.kb.search("refund by card"))
        preview.publish()                      # or preview.discard(), or neither: it stays

Documents are read, cut and embedded once: publishing makes visible what is stored already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from ragbot.errors import KnowledgeBaseError
from ragbot.index import prepared, publish, revise
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.prepared import Prepared, PreviewStore
from ragbot.ingest.blocks import Skipped
from ragbot.ingest.gather import Loads, Progress, gathered
from ragbot.ingest.report import SyncReport
from ragbot.ingest.sync import STEPS as SYNC_STEPS

STEPS = (*SYNC_STEPS[:-1], "ready", "swept")
"""What `step` is called with by `preview`, in this order."""


_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A preview of one knowledge base; a context manager that closes `kb`."""

    live: KnowledgeBase
    """The knowledge base that it is a preview of."""
    kb: KnowledgeBase
    """The previewed state, to search and to ask; it cannot be written, and is gone once published or discarded."""
    report: SyncReport
    """What the sync would do."""
    at: float
    """When it was made, in seconds since the epoch."""
    base: int
    """The revision that it would follow."""
    stamp: str
    """The mark that tells it from every other preview."""

    def publish(self) -> int:
        """Make it the newest revision, exactly as it is, whatever the files hold by now. Returns that revision.

        Raises `KnowledgeBaseError` where the knowledge base changed since, or the preview is gone.
        """
        revision = revise.publish_preview(self.live, self.stamp)
        self.close()
        return revision

    def discard(self) -> None:
        """Forget it. Raises `KnowledgeBaseError` where it is gone."""
        revise.discard_preview(self.live, self.stamp)
        self.close()

    def size(self) -> int:
        """Bytes that its own indexes take on the disk; its rows come on top, as much as they will once published."""
        live, made = self.live.generations.get(), self.kb.generations.get()
        shared = {segment.place for segment in live.segments} | set(live.words.files.values())
        own = [each.place for each in made.segments if each.place not in shared]
        files = [file for place in own for file in place.iterdir()]
        files += [file for file in made.words.files.values() if file not in shared]
        return sum(file.stat().st_size for file in files)

    def __str__(self) -> str:
        made = datetime.fromtimestamp(self.at).astimezone().isoformat(sep=" ", timespec="minutes")
        return (
            f"a preview of revision {self.base + 1} waits since {made} ({self.size() / _MEGABYTE:.1f} MB of "
            "indexes): ragbot index --publish or --discard"
        )

    def close(self) -> None:
        """Close `kb`. The preview stays."""
        self.kb.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def preview(
    kb: KnowledgeBase,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    rebuild: bool = False,
    progress: Progress | None = None,
    step: Callable[[str], None] = lambda _: None,
    loader: Loads | None = None,
) -> Preview:
    """Prepare what `sync` would do with `paths`, in place of an earlier preview, whose work it takes over.

    `step` is told each of `STEPS` as it is reached. Raises what `sync` does.
    """
    with gathered(
        kb, paths, rebuild=rebuild, progress=progress, step=step, loader=loader, ends="another preview"
    ) as run:
        step("before commit")
        past = run.past
        made = prepared.begin(
            kb.store, dead=run.dead, roots=past.roots, embedder=past.embedder, dimension=past.dimension
        )
        step("committed")
        shown = _open(kb, made)
        try:
            publish.withdraw(kb.folder)
            generation = shown.generations.renew(run.previous, step, merge=False)
            report = run.report(generation.size)
            prepared.finish(kb.store, report.to_dict())
            step("ready")
            publish.sweep(kb.folder)
            step("swept")
        except OSError as error:
            shown.close()
            raise revise.no_room(kb, error) from error
        except BaseException:
            shown.close()
            raise
    return Preview(live=kb, kb=shown, report=report, at=made.at, base=made.base, stamp=made.stamp)


def previewed(kb: KnowledgeBase) -> Preview:
    """The preview that was made last. Raises `KnowledgeBaseError` where there is none, or it has ended."""
    with kb.store.reading() as connection:
        found = prepared.require(connection, kb.store.state(connection))
        report = prepared.report_of(connection)
    return Preview(
        live=kb, kb=_open(kb, found), report=_report(report), at=found.at, base=found.base, stamp=found.stamp
    )


def waiting(kb: KnowledgeBase) -> Preview | None:
    """The preview that could be published; None where there is none."""
    try:
        return previewed(kb)
    except KnowledgeBaseError:
        return None


def _open(kb: KnowledgeBase, found: Prepared) -> KnowledgeBase:
    """The previewed state, with the models of `kb`."""
    return kb.sibling(PreviewStore(kb.folder, found.stamp))


def _report(plain: Mapping[str, Any]) -> SyncReport:
    """The report that `to_dict` gave."""
    given = dict(plain)
    for name in ("added", "changed", "removed", "unchanged", "notes"):
        given[name] = tuple(given[name])
    given["skipped"] = tuple(Skipped(**each) for each in given["skipped"])
    return SyncReport(**given)
