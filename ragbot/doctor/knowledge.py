"""The knowledge base's stores, the pinned answers, the calibration and the chat memory: whether they are
undamaged and agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import KnowledgeBaseError, ModelError, RagbotError

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings


def knowledge_base(kb: Path, settings: Settings) -> Iterator[Finding]:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.index.store import FILE

    if not (kb / FILE).is_file():
        missing = KnowledgeBaseError(
            f"there is no knowledge base at {kb}; make one: ragbot index PATH --kb {kb}"
        )
        yield problem("knowledge base", missing)
        return
    try:
        with closing(KnowledgeBase.open(kb, settings=settings)) as opened:
            wrong = opened.check()
            stats = opened.stats()
            if not stats["documents"]:
                raise KnowledgeBaseError(f"{kb} is empty; fill it: ragbot index PATH --kb {kb}")
            _compare_embedder(opened)
            unused = [
                *_choice(kb, opened, stats),
                *_preview(opened),
                *_pins(kb, opened),
                *_calibration(opened, settings),
            ]
    except RagbotError as error:
        yield problem("knowledge base", error)
        return
    for each in wrong:
        yield Finding(
            about="knowledge base",
            level="problem",
            message=f"{each}; if it stays: ragbot index PATH --rebuild --kb {kb}",
            exit_code=KnowledgeBaseError.exit_code,
        )
    if not wrong:
        counts = (
            f"{stats['documents']} documents, {stats['chunks']} passages, embedder {stats['embedder_model']}"
        )
        yield Finding(about="knowledge base", level="ok", message=f"{kb}: {counts}, stores agree")
    yield from unused


def _choice(kb: Path, opened: KnowledgeBase, stats: Mapping[str, Any]) -> Iterator[Finding]:
    """Another embedder than the one in use that the documents, as they are by now, would be given."""
    from ragbot.models.choose import Choice, choose_embedder

    languages: Mapping[str, int] = stats["languages"]
    choice = Choice(model=choose_embedder(languages), languages=languages)
    if opened.chooses and choice.model != stats["embedder_model"]:
        message = (
            f"its documents would now get the embedder {choice}, it has {stats['embedder_model']}; "
            f"to change that: ragbot index PATH --rebuild --kb {kb}"
        )
        yield Finding(about="knowledge base", level="note", message=message)


def _preview(opened: KnowledgeBase) -> Iterator[Finding]:
    """A preview that waits to be published or discarded."""
    from ragbot.ingest.preview import waiting

    made = waiting(opened)
    if made is not None:
        with closing(made):
            yield Finding(about="knowledge base", level="note", message=str(made))


def _pins(kb: Path, opened: KnowledgeBase) -> Iterator[Finding]:
    """The pinned answers that are not given, and why."""
    from ragbot.answer.stored.pins import FILE_NAME, Pins

    if not (kb / FILE_NAME).is_file():
        return
    try:
        with closing(Pins(kb / FILE_NAME)) as pins:
            found = [(pin, pins.standing(pin, opened), pins.changed(pin, opened)) for pin in pins.list()]
    except RagbotError as error:
        yield problem("pinned answers", error)
        return
    for pin, standing, changed in found:
        what = f"pin {pin.id} ({pin.questions[0]!r}, by {pin.author}) is not given"
        remedy = f"ragbot pins confirm {pin.id}"
        if standing == "stale":
            why = f"{what}: {', '.join(changed)} changed or is gone; check it, then: {remedy}"
            yield Finding(about="pinned answers", level="note", message=why)
        elif standing == "expired":
            why = f"{what}: it has expired; {remedy} --expires DATE, or: ragbot pins remove {pin.id}"
            yield Finding(about="pinned answers", level="note", message=why)
    valid = sum(standing == "valid" for _, standing, _ in found)
    yield Finding(about="pinned answers", level="ok", message=f"{valid} of {len(found)} are given")


def _calibration(opened: KnowledgeBase, settings: Settings) -> Iterator[Finding]:
    """From which confidence on answers are given, and whether what was calibrated still holds."""
    from ragbot.calibration import findings

    for level, message in findings(opened, settings):
        code = KnowledgeBaseError.exit_code if level == "problem" else 0
        yield Finding(about="calibration", level=level, message=message, exit_code=code)


def _compare_embedder(opened: KnowledgeBase) -> None:
    """Raises `KnowledgeBaseMismatch` where the settings name another embedder than made the vectors."""
    try:
        opened.embedder  # noqa: B018 - loading it compares them
    except ModelError:
        return  # `_models` tells it


def chat_memory(kb: Path) -> Iterator[Finding]:
    """Whether the file of past conversations can be read."""
    from ragbot.dialogue.sessions import FILE_NAME

    file = kb / FILE_NAME
    if not file.exists():
        return
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            lines = [line for (line,) in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        lines = [str(error)]
    if lines == ["ok"]:
        yield Finding(about="chat memory", level="ok", message=f"{file} is undamaged")
        return
    what = f"{file}: {'; '.join(lines)}; delete it to start without past chats"
    yield problem("chat memory", KnowledgeBaseError(what))
