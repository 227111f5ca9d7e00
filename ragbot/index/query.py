"""Messages as they are typed -> messages that can be searched: without control characters, within bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ragbot.errors import InputError
from ragbot.types import Turn

MAX_CHARACTERS: Final = 4000
"""An embedder reads some hundred words; what a longer message asks stands near its start or its end."""
MAX_TURNS: Final = 40
"""What a question leaves to the conversation was said lately."""

_UNPRINTABLE = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff]+"
)


def clean(message: str) -> str:
    """`message` without control characters, at most `MAX_CHARACTERS` long (its beginning and its end).

    Raises `InputError` where it is no text or nothing is left.
    """
    if not isinstance(message, str):
        raise InputError(f"a question must be a string, not {type(message).__name__}")
    text = _cleaned(message)
    if not text:
        raise InputError("the question is empty")
    return text


def clean_history(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The last `MAX_TURNS` turns, each cleaned as a question is; empty ones are left out.

    Raises `InputError` where it holds anything but turns.
    """
    expected = 'history must be a list of Turn(role="user", text=...)'
    if isinstance(history, (str, bytes)) or not isinstance(history, Sequence):
        raise InputError(f"{expected}, not {type(history).__name__}")
    turns = history[-MAX_TURNS:]
    for turn in turns:
        if not isinstance(turn, Turn):
            raise InputError(f"{expected}; it holds a {type(turn).__name__}")
        if not isinstance(turn.text, str):
            raise InputError(f"{expected}; the text of one is a {type(turn.text).__name__}")
    made = (replace(turn, text=_cleaned(turn.text)) for turn in turns)
    return tuple(turn for turn in made if turn.text)


def _cleaned(message: str) -> str:
    """At most `MAX_CHARACTERS` + 1 printable characters of `message`; may be empty."""
    if len(message) > 4 * MAX_CHARACTERS:
        message = f"{message[: 2 * MAX_CHARACTERS]} {message[-2 * MAX_CHARACTERS :]}"
    text = " ".join(_UNPRINTABLE.sub(" ", message).split())
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]} {text[-half:]}"
    return text
