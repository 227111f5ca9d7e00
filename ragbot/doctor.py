"""What is wrong with the settings, the models, the knowledge base, the machine and the files to be indexed.

Each check gives findings: what was looked at, whether it holds, and the next step where it does not. It makes
nothing, uses no network, and repairs no more than opening a knowledge base does.
"""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragbot.errors import InputError, KnowledgeBaseError, ModelError, RagbotError, SettingsError

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.ingest.blocks import Skipped
    from ragbot.settings import Settings

Level = Literal["ok", "note", "problem"]

_MEGABYTE = 1 << 20
_DISK_PROBLEM_MB = 200
_DISK_NOTE_MB = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """`settings`, `model`, `hand-over`, `knowledge base`, `pinned answers`, `chat memory`, `machine`, `disk` or
    `file`."""
    level: Level
    message: str
    """What was found, with the next step where it is a problem."""
    exit_code: int = 0
    """What a command that meets the problem ends with; 0 where there is none."""


def examine(
    kb: Path,
    *,
    config: Path | None = None,
    paths: Sequence[Path] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Finding]:
    """Every finding, as it is made. Problems in one place do not keep it from looking at the others."""
    from ragbot.settings import load_settings

    yield from _machine()
    settings: Settings | None = None
    try:
        settings = load_settings(config)
        yield Finding(about="settings", level="ok", message=_settings_source(config))
    except RagbotError as error:
        yield _problem("settings", error)
    if settings is not None:
        yield from _models(settings)
        yield from _handover(settings)
        yield from _knowledge_base(kb, settings)
    yield from _chat_memory(kb)
    yield from _disk(kb)
    if settings is not None:
        for path in paths:
            yield from _files(path, settings, progress)


def _machine() -> Iterator[Finding]:
    words = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    yield Finding(about="machine", level="ok", message=f"{words}, {os.cpu_count()} CPUs")


def _settings_source(config: Path | None) -> str:
    from ragbot.settings import DEFAULT_FILE

    if config is not None:
        return f"read from {config}"
    return f"read from {DEFAULT_FILE}" if Path(DEFAULT_FILE).is_file() else "defaults (no ragbot.toml here)"


def _models(settings: Settings) -> Iterator[Finding]:
    from ragbot.models import hub

    wanted = [settings.embedder.model]
    if settings.answer.composer == "generate":
        if settings.generator.base_url:
            yield _remote(settings)
        else:
            wanted.append(settings.generator.model)
    for name in wanted:
        try:
            hub.locate(name, settings.models, verify=True)
            yield Finding(about="model", level="ok", message=f"{name} is present and undamaged")
        except ModelError as error:
            yield _problem("model", error)
    if settings.search.reranker:
        yield _reranker(settings)
    if settings.dialogue.mood:
        yield _mood(settings)


def _reranker(settings: Settings) -> Finding:
    """Loads it: whether a model ranks can only be told from the model itself."""
    from ragbot.models import hub
    from ragbot.models.rerank import CrossEncoderReranker

    name = settings.search.reranker
    try:
        hub.locate(name, settings.models, verify=True)
        CrossEncoderReranker(name, settings.models, device=settings.embedder.device)
    except ModelError as error:
        return _problem("model", error)
    return Finding(about="model", level="ok", message=f"{name} is undamaged and can rerank")


def _mood(settings: Settings) -> Finding:
    """Loads it: whether a model's labels are moods can only be told from the model itself."""
    from ragbot.dialogue.mood import load_mood
    from ragbot.models import hub

    name = settings.dialogue.mood
    try:
        hub.locate(name, settings.models, verify=True)
        load_mood(settings)
    except ModelError as error:
        return _problem("model", error)
    return Finding(about="model", level="ok", message=f"{name} is undamaged and tells moods")


def _remote(settings: Settings) -> Finding:
    where = f"answers are drafted by {settings.generator.model} at {settings.generator.base_url}"
    key = settings.generator.api_key_env
    if os.environ.get(key):
        return Finding(about="model", level="ok", message=where)
    return Finding(about="model", level="note", message=f"{where}; {key} is not set, so no key is sent")


def _handover(settings: Settings) -> Iterator[Finding]:
    """The form of the office hours and of the webhook; nothing is sent."""
    from ragbot.dialogue.handover import hours, webhook

    wanted = settings.handover
    try:
        hours.check(wanted)
        if not wanted.webhook:
            where = "hand-overs wait in the outbox: ragbot handovers list"
            yield Finding(about="hand-over", level="ok", message=where)
            return
        webhook.check_url(wanted.webhook)
    except SettingsError as error:
        yield _problem("hand-over", error)
        return
    where = "hand-overs are sent to the webhook"
    if os.environ.get(wanted.secret_env):
        yield Finding(about="hand-over", level="ok", message=f"{where}, signed")
        return
    unsigned = f"{where}; {wanted.secret_env} is not set, so nothing is signed"
    yield Finding(about="hand-over", level="note", message=unsigned)


def _knowledge_base(kb: Path, settings: Settings) -> Iterator[Finding]:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.index.store import FILE

    if not (kb / FILE).is_file():
        missing = KnowledgeBaseError(
            f"there is no knowledge base at {kb}; make one: ragbot index PATH --kb {kb}"
        )
        yield _problem("knowledge base", missing)
        return
    try:
        with closing(KnowledgeBase.open(kb, settings=settings)) as opened:
            wrong = opened.check()
            stats = opened.stats()
            if not stats["documents"]:
                raise KnowledgeBaseError(f"{kb} is empty; fill it: ragbot index PATH --kb {kb}")
            _compare_embedder(opened)
            unused = list(_pins(kb, opened))
    except RagbotError as error:
        yield _problem("knowledge base", error)
        return
    for each in wrong:
        yield Finding(
            about="knowledge base",
            level="problem",
            message=f"{each}; if it stays: ragbot index PATH --rebuild --kb {kb}",
            exit_code=KnowledgeBaseError.exit_code,
        )
    if not wrong:
        counts = f"{stats['documents']} documents, {stats['chunks']} passages"
        yield Finding(about="knowledge base", level="ok", message=f"{kb}: {counts}, stores agree")
    yield from unused


def _pins(kb: Path, opened: KnowledgeBase) -> Iterator[Finding]:
    """The pinned answers that are not given, and why."""
    from ragbot.answer.stored.pins import FILE_NAME, Pins

    if not (kb / FILE_NAME).is_file():
        return
    try:
        with closing(Pins(kb / FILE_NAME)) as pins:
            found = [(pin, pins.standing(pin, opened), pins.changed(pin, opened)) for pin in pins.list()]
    except RagbotError as error:
        yield _problem("pinned answers", error)
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


def _compare_embedder(opened: KnowledgeBase) -> None:
    """Raises `KnowledgeBaseMismatch` where the settings name another embedder than made the vectors."""
    try:
        opened.embedder  # noqa: B018 - loading it compares them
    except ModelError:
        return  # `_models` tells it


def _chat_memory(kb: Path) -> Iterator[Finding]:
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
    yield _problem("chat memory", KnowledgeBaseError(what))


def _disk(kb: Path) -> Iterator[Finding]:
    folder = next(each for each in (kb.absolute(), *kb.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(folder).free // _MEGABYTE
    if not os.access(folder, os.W_OK):
        yield _problem("disk", KnowledgeBaseError(f"{folder} may not be written; change its permissions"))
    if free < _DISK_PROBLEM_MB:
        yield _problem(
            "disk", KnowledgeBaseError(f"{free} MB are free at {folder}; make room before indexing")
        )
    elif free < _DISK_NOTE_MB:
        yield Finding(about="disk", level="note", message=f"only {free} MB are free at {folder}")
    else:
        yield Finding(about="disk", level="ok", message=f"{free / 1024:.0f} GB are free at {folder}")


def _files(
    path: Path, settings: Settings, progress: Callable[[str, int, int], None] | None
) -> Iterator[Finding]:
    """Reads every file below `path` as `ragbot index` would, and keeps nothing."""
    from ragbot.ingest.blocks import Skipped
    from ragbot.ingest.files import list_files
    from ragbot.ingest.limits import Limits
    from ragbot.ingest.loader import Loader

    ingest = settings.ingest
    limits = Limits(
        file_seconds=ingest.file_seconds,
        file_memory_mb=ingest.file_memory_mb,
        max_file_mb=ingest.max_file_mb,
        max_unpacked_mb=ingest.max_unpacked_mb,
    )
    try:
        listed = list(list_files(path, limits=limits))
    except InputError as error:
        yield _problem("file", error)
        return
    found = [each for each in listed if not isinstance(each, Skipped)]
    yield from (_unreadable(each) for each in listed if isinstance(each, Skipped))
    names = {each.path: each.source for each in found}
    readable = 0
    with Loader(limits, workers=ingest.workers) as loader:
        for done, (file, result) in enumerate(loader.load_many([each.path for each in found])):
            if progress is not None:
                progress("reading", done, len(found))
            if isinstance(result, Skipped):
                yield _unreadable(Skipped(source=names[file], reason=result.reason))
            else:
                readable += 1
                for note in result.notes:
                    yield Finding(about="file", level="note", message=f"{names[file]}: {note}")
    yield Finding(about="file", level="ok", message=f"{path}: {readable} of {len(listed)} files can be read")


def _unreadable(skipped: Skipped) -> Finding:
    message = f"{skipped.source}: {skipped.reason}"
    if skipped.unsupported:
        return Finding(about="file", level="note", message=message)
    return Finding(about="file", level="problem", message=message, exit_code=InputError.exit_code)


def _problem(about: str, error: RagbotError) -> Finding:
    return Finding(about=about, level="problem", message=str(error), exit_code=error.exit_code)
