"""What the indexed documents say: everything that would make an answer wrong, or that nobody meant to publish.

All findings are notes: none of them keeps the bot from working, and people decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.doctor.conflicts import conflicts
from ragbot.doctor.findings import Finding
from ragbot.doctor.hidden import hidden
from ragbot.doctor.instructions import instructions
from ragbot.doctor.pieces import Contents, read_all
from ragbot.doctor.shape import shape
from ragbot.doctor.stale import older_documents, stale
from ragbot.errors import ModelError, RagbotError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.store import FILE

if TYPE_CHECKING:
    from ragbot.protocols import Embedder
    from ragbot.settings import Settings

Progress = Callable[[str, int, int], None]


def content(kb: Path, settings: Settings, progress: Progress | None = None) -> Iterator[Finding]:
    """The findings of all documents in the knowledge base `kb`, and last how many there are. What keeps it from being
    opened is told by other checks."""
    if not (kb / FILE).is_file():
        return
    try:
        with closing(KnowledgeBase.open(kb, settings=settings)) as opened:
            contents = read_all(opened)
            embedder = _embedder(opened)
    except RagbotError:
        return
    if contents.documents:
        yield from examine_contents(contents, embedder=embedder, today=date.today(), progress=progress)


def _embedder(kb: KnowledgeBase) -> Embedder | None:
    try:
        return kb.load_embedder()
    except ModelError:
        return None


def examine_contents(
    contents: Contents, *, embedder: Embedder | None, today: date, progress: Progress | None = None
) -> Iterator[Finding]:
    """Every check over documents that were read; the last finding counts them all."""
    counts: Counter[str] = Counter()
    steps: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("looking at instructions", lambda: instructions(contents)),
        ("looking for hidden text", lambda: hidden(contents)),
        ("comparing statements", lambda: conflicts(contents, older=older_documents(contents))),
        ("looking at dates", lambda: stale(contents, today)),
        ("looking at the form", lambda: shape(contents, embedder)),
    )
    for number, (words, step) in enumerate(steps):
        if progress is not None:
            progress(words, number, len(steps))
        for finding in step():
            counts[finding.kind] += 1
            yield finding
    yield _summary(contents, counts)


def _summary(contents: Contents, counts: Counter[str]) -> Finding:
    passages = sum(map(len, contents.passages))
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing found"
    message = f"{len(contents.documents)} documents, {passages} passages looked at: {told}"
    if contents.unread:
        message += f"; {contents.unread} documents more were not looked at"
    return Finding(about="content", level="ok", message=message)
