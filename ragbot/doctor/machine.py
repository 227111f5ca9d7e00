"""The machine and the disk that the knowledge base lies on."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import KnowledgeBaseError

_MEGABYTE = 1 << 20
_DISK_PROBLEM_MB = 200
_DISK_NOTE_MB = 2000


def machine() -> Iterator[Finding]:
    """Versions and cores."""
    words = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    yield Finding(about="machine", level="ok", message=f"{words}, {os.cpu_count()} CPUs")


def disk(kb: Path) -> Iterator[Finding]:
    """Whether there is room, and the right to write."""
    folder = next(each for each in (kb.absolute(), *kb.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(folder).free // _MEGABYTE
    if not os.access(folder, os.W_OK):
        yield problem("disk", KnowledgeBaseError(f"{folder} may not be written; change its permissions"))
    if free < _DISK_PROBLEM_MB:
        yield problem(
            "disk", KnowledgeBaseError(f"{free} MB are free at {folder}; make room before indexing")
        )
    elif free < _DISK_NOTE_MB:
        yield Finding(about="disk", level="note", message=f"only {free} MB are free at {folder}")
    else:
        yield Finding(about="disk", level="ok", message=f"{free / 1024:.0f} GB are free at {folder}")
