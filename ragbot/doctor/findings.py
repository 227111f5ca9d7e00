"""One thing that was looked at: the value that all checks give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragbot.errors import RagbotError

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the documents something stands."""

    source: str
    heading: str
    """Path of headings above it, joined by ` > `; may be empty."""
    page: int | None
    """1-based page, slide or sheet; None where there are none."""
    quote: str
    """The words that stand there, cut where they are long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """`settings`, `model`, `hand-over`, `knowledge base`, `pinned answers`, `calibration`, `chat memory`, `machine`,
    `disk`, `file` or `content`."""
    level: Level
    message: str
    """What was found, with the next step where it is a problem."""
    exit_code: int = 0
    """What a command that meets the problem ends with; 0 where there is none."""
    kind: str = ""
    """Of content, what was found: `conflict`, `instruction`, `hidden text` ...; empty elsewhere."""
    places: tuple[Place, ...] = ()
    """Where it stands in the documents; of a conflict, both sides."""


def problem(about: str, error: RagbotError) -> Finding:
    """What an error of ours says, with its exit code."""
    return Finding(about=about, level="problem", message=str(error), exit_code=error.exit_code)
