"""The folder of a knowledge base: made once, measured for people. Knows nothing of what is in it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ragbot.errors import KnowledgeBaseError
from ragbot.index.stage import write_lock
from ragbot.index.store import Store


def create(folder: Path, store: Store, *, wait_seconds: float) -> None:
    """Make the folder and its store, unless another process does so first, for which it waits.

    Raises `KnowledgeBaseError` where it cannot be made, `KnowledgeBaseLocked` where the other takes too long.
    """
    if folder.exists() and not folder.is_dir():
        raise KnowledgeBaseError(f"{folder} is a file; a knowledge base is a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnowledgeBaseError(f"{folder} cannot be made: {error.strerror}") from error
    with write_lock(folder, wait_seconds):
        if not store.exists():
            store.create()


def size(folder: Path) -> int:
    """Bytes of all files; what a writer removes meanwhile does not count."""
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total
