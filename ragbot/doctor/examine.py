"""Every check, one after the other. It makes nothing, uses no network, and repairs no more than opening a knowledge
base does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ragbot.doctor.content import content
from ragbot.doctor.files import files
from ragbot.doctor.findings import Finding, problem
from ragbot.doctor.knowledge import chat_memory, knowledge_base
from ragbot.doctor.machine import disk, machine
from ragbot.doctor.models import models
from ragbot.doctor.setup import handover, settings_source
from ragbot.errors import RagbotError
from ragbot.settings import Settings, load_settings


def examine(
    kb: Path,
    *,
    config: Path | None = None,
    paths: Sequence[Path] = (),
    with_content: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Finding]:
    """Every finding, as it is made. Problems in one place do not keep it from looking at the others.

    `with_content`: also what the indexed documents say (conflicts, stale versions, hidden text ...).
    """
    yield from machine()
    settings: Settings | None = None
    try:
        settings = load_settings(config)
        yield Finding(about="settings", level="ok", message=settings_source(config))
    except RagbotError as error:
        yield problem("settings", error)
    if settings is not None:
        yield from models(settings, kb)
        yield from handover(settings)
        yield from knowledge_base(kb, settings)
    yield from chat_memory(kb)
    yield from disk(kb)
    if settings is not None:
        for path in paths:
            yield from files(path, settings, progress)
        if with_content:
            yield from content(kb, settings, progress)
