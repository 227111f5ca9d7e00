"""The values of this room: what was asked in vain, and the gaps that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Reason = Literal["abstained", "handed over", "voted down"]
REASONS: Final[tuple[Reason, ...]] = ("abstained", "handed over", "voted down")
"""The bot found no answer; it found none again and called a person; the customer said that its answer was no help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One message that went without a good answer."""

    session: str
    at: float
    """Seconds since the epoch."""
    question: str
    """As the customer typed it."""
    standalone: str
    """With what it leaves to the conversation filled in."""
    compared: str
    """The same, as it is compared with others: without personal data, slips of the finger put right."""
    language: str
    """ISO 639-1."""
    reason: Reason
    unknown: tuple[str, ...]
    """Its terms that no document has, nor a translation or another spelling of them."""
    slipped: bool = False
    """Whether a slip was put right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A document that comes nearest to answering."""

    source: str
    title: str
    heading: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Questions that mean the same and were asked in vain."""

    question: str
    """The most central of them, standing alone; personal data masked, as in all examples."""
    language: str
    customers: int
    """Different sessions: what one customer asks five times counts once."""
    count: int
    """Messages."""
    reasons: Mapping[Reason, int]
    """How many messages for each reason."""
    first_at: float
    """Seconds since the epoch."""
    last_at: float
    examples: tuple[str, ...]
    """Different wordings, the most central first; without `question` itself."""
    nearest: tuple[Nearest, ...]
    unknown: tuple[str, ...]
    """Words of the questions that no document has, as customers write them."""
    missing: str
    """What the documents lack, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The gaps, and what they were made of."""

    gaps: tuple[Gap, ...]
    """Those that most customers met first, as many as were asked for."""
    found: int
    """How many gaps there are."""
    since: float
    """Messages before this are not counted; seconds since the epoch, 0 for all."""
    messages: int
    """Stored messages of that time."""
    unanswered: int
    """Those among them that went without a good answer."""
    left_out: int
    """Unanswered messages beyond the most that are compared, the oldest ones."""
    other_handovers: Mapping[str, int]
    """Hand-overs for another reason than the lack of an answer: trigger -> how many."""
