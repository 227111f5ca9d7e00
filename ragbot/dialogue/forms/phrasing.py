"""The bot's own words and patterns around forms: the table `[form]` of `phrases.toml`, compiled once."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

_LONGEST = 200
"""Characters of a message that says one thing only."""


@lru_cache(maxsize=1)
def _form() -> dict[str, Any]:
    text = files("ragbot.dialogue").joinpath("phrases.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["form"]
    return table


@lru_cache(maxsize=32)
def pattern(name: str) -> re.Pattern[str]:
    """One of the patterns of `[form]`."""
    entry = _form()[name]
    return re.compile(entry if isinstance(entry, str) else "|".join(entry), re.IGNORECASE)


def own_language(language: str) -> str:
    """The bot's own words exist in English and Chinese."""
    return "zh" if language == "zh" else "en"


def phrase(name: str, language: str, **parts: str) -> str:
    """A text of `[form.en]` or `[form.zh]`, its parts filled in."""
    return str(_form()[own_language(language)][name]).format(**parts)


def reason(problem: str, language: str, **parts: str) -> str:
    """What is wrong with a value, for the customer. `problem`: a key of `[form.en.reasons]`."""
    return str(_form()[own_language(language)]["reasons"][problem]).format(**parts)


def is_all(name: str, message: str) -> bool:
    """Whether a `tidy` message says nothing but the pattern `name`, as often as it likes: "ok, never mind then"."""
    if len(message) > _LONGEST:
        return False
    rest, count = _words(name).subn(" ", re.sub(r"\s+", " ", message))
    return count > 0 and re.search(r"\w", _words("filler").sub(" ", rest)) is None


@lru_cache(maxsize=8)
def _words(name: str) -> re.Pattern[str]:
    """The pattern, not within a longer word of letters."""
    return re.compile(rf"(?<![a-z'])(?:{pattern(name).pattern})(?![a-z'])", re.IGNORECASE)


def yes_or_no(message: str) -> bool | None:
    """What a `tidy` reply begins with; None where it is neither. "No problem" is a yes."""
    said = message.lstrip(" ,.!，。！\"'“")
    if pattern("unsure").match(said):
        return None
    if pattern("yes").match(said):
        return True
    return False if pattern("no").match(said) else None
