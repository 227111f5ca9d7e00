"""The limits under which one file is read, and the reasons that are given when it breaks them."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass
from typing import Any, Self

MEGABYTE = 1 << 20

MAX_TEXT_CHARS = 32_000_000
"""Characters of readable text in one file: some 15 000 printed pages. More is a data dump, not a document."""

MAX_ARCHIVE_ENTRIES = 20_000
MAX_ARCHIVE_RATIO = 200.0
"""Unpacked to packed size of one entry beyond 10 MB; office files made of text stay below 100."""


OUT_OF_MEMORY = 77
"""Exit status of a parsing process that has no memory left to say so."""


class Refused(Exception):
    """A file that cannot be used; the message is the reason that the report shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for one file. They travel to the parsing process as JSON."""

    file_seconds: float = 60.0
    file_memory_mb: int = 1536
    max_file_mb: float = 200.0
    max_unpacked_mb: float = 500.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(**fields)


def too_large(size: int, limits: Limits) -> str:
    return (
        f"has {size / MEGABYTE:.1f} MB, more than the {limits.max_file_mb:g} MB of ingest.max_file_mb; "
        "split it or raise the limit"
    )


def too_slow(limits: Limits) -> str:
    return (
        f"took longer than the {limits.file_seconds:g} s of ingest.file_seconds; "
        "split or simplify it, or raise the limit"
    )


def too_hungry(limits: Limits) -> str:
    return (
        f"needs more than the {limits.file_memory_mb} MB of ingest.file_memory_mb; "
        "split it or raise the limit"
    )


def confine(limits: Limits) -> None:
    """Bind this process for good: address space, no written files, no core dumps."""
    memory = limits.file_memory_mb * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def confine_cpu(limits: Limits) -> None:
    """Let this process run `file_seconds` more: the kernel ends it even if nobody waits for it any more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + limits.file_seconds) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
