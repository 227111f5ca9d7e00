"""What a sync did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ragbot.ingest.blocks import Skipped
from ragbot.types import to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """Sources by what became of them; `str()` is for people, `to_dict()` for `--json`."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Read again because the file, the settings or a rebuild asked for it."""
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Files that could not be read; where an earlier version was stored, it stays."""
    notes: tuple[str, ...] = ()
    chunks: int = 0
    """Passages that the knowledge base holds now."""
    embedded: int = 0
    """Texts that had to be embedded; the others' vectors were stored already."""
    seconds: float = 0.0
    embedder: str = ""
    """Which embedder was chosen, and why, where this sync chose one (`embedder.model = "auto"`); else empty."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists with the field names above."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    def __str__(self) -> str:
        foreign = sum(each.unsupported for each in self.skipped)
        counts = ", ".join(
            f"{len(getattr(self, name))} {name}"
            for name in ("added", "changed", "removed", "unchanged", "skipped")
        )
        lines = [f"{counts}; {self.chunks} passages, {self.embedded} embedded, {self.seconds:.1f} s"]
        lines += [f"skipped {each.source}: {each.reason}" for each in self.skipped if not each.unsupported]
        if foreign:
            what = "1 file of a type that is" if foreign == 1 else f"{foreign} files of types that are"
            lines.append(f"skipped {what} not read")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])
