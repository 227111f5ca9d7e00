"""The bot's own words around forms."""

from __future__ import annotations

import re
import time
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from ragbot.dialogue.forms.phrasing import is_all, phrase, yes_or_no


def table() -> dict[str, Any]:
    text = files("ragbot.dialogue").joinpath("phrases.toml").read_text(encoding="utf-8")
    form: dict[str, Any] = tomllib.loads(text)["form"]
    return form


def parts(texts: dict[str, Any]) -> dict[str, list[str]]:
    flat = {**texts, **texts["reasons"]}
    return {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in flat.items() if isinstance(text, str)}


def test_both_languages_have_the_same_phrases() -> None:
    """With the same parts to fill in."""
    assert parts(table()["en"]) == parts(table()["zh"])


def test_unknown_languages_get_english() -> None:
    """As everywhere in the bot's own words."""
    assert phrase("yes", "fr") == "Yes"
    assert phrase("yes", "zh") == "是"


@pytest.mark.parametrize(
    "message", ["Never mind.", "ok, never mind then", "算了，不用了", "please cancel that, thanks"]
)
def test_a_message_says_one_thing_only(message: str) -> None:
    """Courtesies around it, and saying it twice, change nothing."""
    assert is_all("cancel", message)


@pytest.mark.parametrize(
    "message", ["", "ok", "cancel my order", "never mind the colour, it's broken", "stopwatch", "不要紧"]
)
def test_a_message_that_says_more_is_something_else(message: str) -> None:
    """So is a word that only begins alike, or nothing at all."""
    assert not is_all("cancel", message)


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("Yes, please", True),
        ("that's right", True),
        ("no problem", True),
        ("对的", True),
        ("没问题", True),
        ("好的，谢谢", True),
        ("oui", True),
        ("No, it's blue", False),
        ("not really", False),
        ("不是", False),
        ("没有", False),
        ("I don't know", None),
        ("不知道", None),
        ("对不起", None),
        ("好像不对", None),
        ("nice", None),
        ("", None),
    ],
)
def test_a_reply_is_yes_or_no_or_neither(message: str, answer: bool | None) -> None:
    """By what it begins with."""
    assert yes_or_no(message) is answer


def test_long_messages_are_read_in_linear_time() -> None:
    """Whatever is repeated."""
    started = time.perf_counter()
    for text in ("ok " * 70, "不用了" * 66, "please " * 28, "never mind " * 18, "cancel it " * 20):
        is_all("cancel", text + "x")
        yes_or_no(text * 100)
    assert time.perf_counter() - started < 1
