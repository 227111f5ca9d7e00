"""A message as it is searched and read: alone, and behind the last turns of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.text.language import UNKNOWN, detect_query
from ragbot.types import Turn

TURNS_BEFORE: Final = 2
"""Turns that go in front of a message; the reader learnt from conversations cut so."""
_TURN_CHARACTERS: Final = 1000
_OWN_SCRIPT: Final = frozenset(("zh", "ja", "ko", UNKNOWN))
"""A message too short to tell its language is in none of these: it would show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked."""

    original: str
    """The message, cleaned."""
    language: str
    history: tuple[Turn, ...] = ()
    """The conversation before it, cleaned, oldest first."""

    @property
    def in_context(self) -> str:
        """The last turns and the message, a line each; the message itself where nothing was said before.

        >>> from ragbot.types import Turn
        >>> before = (Turn(role="user", text="How long is the warranty of the lamp?"),)
        >>> Question(original="And of the hub?", language="en", history=before).in_context
        'How long is the warranty of the lamp?\\nAnd of the hub?'
        """
        before = (turn.text[:_TURN_CHARACTERS] for turn in self.history[-TURNS_BEFORE:])
        return "\n".join((*before, self.original))


def understand(message: str, history: Sequence[Turn], *, written: Sequence[str] = ()) -> Question:
    """The question that `message` (cleaned, not empty) asks after `history` (cleaned). `written`: the languages of the
    documents, the most frequent first; a message too short to tell its own is taken for the first one that shares its
    script."""
    likely = next((code for code in written if code not in _OWN_SCRIPT), "en")
    return Question(original=message, language=detect_query(message, default=likely), history=tuple(history))
