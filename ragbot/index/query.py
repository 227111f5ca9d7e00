"""A message as it is typed -> one that can be searched: without control characters, within bounds."""

from __future__ import annotations

import re

from ragbot.errors import InputError

MAX_CHARACTERS = 4000
"""An embedder reads some hundred words; what a longer message asks stands near its start or its end."""

_UNPRINTABLE = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff\ud800-\udfff]+"
)


def clean(message: str) -> str:
    """`message` without control characters, at most `MAX_CHARACTERS` long (its beginning and its end).

    Raises `InputError` where it is no text or nothing is left.
    """
    if not isinstance(message, str):
        raise InputError(f"a question must be a string, not {type(message).__name__}")
    if len(message) > 4 * MAX_CHARACTERS:
        message = f"{message[: 2 * MAX_CHARACTERS]} {message[-2 * MAX_CHARACTERS :]}"
    text = " ".join(_UNPRINTABLE.sub(" ", message).split())
    if not text:
        raise InputError("the question is empty")
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]} {text[-half:]}"
    return text
