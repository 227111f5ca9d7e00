"""Messages that need no search: small talk, and a wish for a person; and the bot's own fixed words.

A message is small talk only if nothing of substance is left once its courtesies are taken away, so that
"hi, how long do refunds take?" stays a question. The phrases are data: `phrases.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from ragbot.text.words import content_terms
from ragbot.types import Trigger, Turn

_FLAGS = re.IGNORECASE


@lru_cache(maxsize=1)
def _phrases() -> dict[str, Any]:
    return tomllib.loads(files("ragbot.dialogue").joinpath("phrases.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _small_talk() -> dict[str, re.Pattern[str]]:
    kinds = _phrases()["smalltalk"]
    return {kind: re.compile("|".join(entry["patterns"]), _FLAGS) for kind, entry in kinds.items()}


@lru_cache(maxsize=1)
def _filler() -> re.Pattern[str]:
    return re.compile("|".join(_phrases()["filler"]["patterns"]), _FLAGS)


@lru_cache(maxsize=1)
def _handoff() -> tuple[re.Pattern[str], re.Pattern[str]]:
    entry = _phrases()["handoff"]
    wanted = "|".join(entry["patterns"]).replace("PERSON", entry["person"])
    return re.compile(wanted, _FLAGS), re.compile("|".join(entry["except"]), _FLAGS)


def wants_person(message: str) -> bool:
    """Whether the customer asks to be handed over to a person."""
    wanted, about = _handoff()
    return wanted.search(message) is not None and about.search(message) is None


def accepts_offer(message: str, history: Sequence[Turn]) -> bool:
    """Whether `message` says yes to the person whom the bot offered in its last reply."""
    if not history or history[-1].role != "assistant":
        return False
    if not offers_person(history[-1].text):
        return False
    return re.fullmatch("|".join(_phrases()["accept"]["patterns"]), message, _FLAGS) is not None


def offers_person(text: str) -> bool:
    """Whether a reply of the bot's says that nothing was found, and offers a person."""
    return any(text.startswith(abstain_reply(language, "")) for language in ("en", "zh"))


def small_talk(message: str) -> str | None:
    """The kind of courtesy (a key of `[smalltalk]`) if the message is nothing else, else None."""
    rest = message
    found: str | None = None
    for kind, pattern in _small_talk().items():
        rest, count = pattern.subn(" ", rest)
        if count and found is None:
            found = kind
    if found is None or content_terms(_filler().sub(" ", rest)):
        return None
    return found


def _own_language(language: str) -> str:
    """The bot's own words exist in English and Chinese."""
    return "zh" if language == "zh" else "en"


def small_talk_reply(kind: str, language: str) -> str:
    return str(_phrases()["smalltalk"][kind][_own_language(language)])


def _with_contact(text: str, language: str, contact: str) -> str:
    if not contact:
        return text
    return text + str(_phrases()["handoff"][f"contact_{language}"]).format(contact=contact)


def handoff_reply(
    language: str,
    contact: str,
    *,
    trigger: Trigger | None = None,
    unhappy: bool = False,
    again: bool = False,
    closed: str = "",
) -> str:
    """Said when a person takes over; `contact` may be empty. `trigger` is what led to it, `again`: somebody was
    called before, `closed`: `opening_words` outside office hours."""
    own = _own_language(language)
    phrases = _phrases()["handoff"]
    before = phrases[f"sorry_{own}"] if unhappy else ""
    if trigger in ("sensitive", "function") and not again:
        before += phrases[f"{trigger}_{own}"]
    text = before + phrases[f"again_{own}" if again else own] + closed
    return _with_contact(text, own, contact)


def announces_person(text: str) -> bool:
    """Whether a reply of the bot's says that a person takes over, or has been called."""
    phrases = _phrases()["handoff"]
    return any(str(phrases[key]) in text for key in ("en", "zh", "again_en", "again_zh"))


def opening_words(language: str, open_at: float, now: float, timezone: str) -> str:
    """When somebody is back, both times in seconds since the epoch, told in `timezone`: ` Our team is back on Monday
    at 09:00 (Europe/Berlin).`"""
    own = _own_language(language)
    phrases = _phrases()["handoff"]
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    opening, today = datetime.fromtimestamp(open_at, zone), datetime.fromtimestamp(now, zone)
    days = (opening.date() - today.date()).days
    form = "today" if days == 0 else "week" if days < 7 else "later"
    when = phrases[f"{form}_{own}"].format(
        time=f"{opening:%H:%M}",
        weekday=phrases[f"weekdays_{own}"][opening.weekday()],
        date=opening.date().isoformat(),
    )
    return str(phrases[f"closed_{own}"]).format(when=when.strip(), zone=timezone)


def abstain_reply(language: str, contact: str, *, called: bool = False) -> str:
    """Said when the documents do not answer; `contact` may be empty. `called`: a person was called before, and is not
    offered again."""
    own = _own_language(language)
    return _with_contact(_phrases()["abstain"][f"called_{own}" if called else own], own, contact)


def not_found(language: str, question: str) -> str:
    """Said of that question of a message which the documents do not answer."""
    return str(_phrases()["abstain"][f"part_{_own_language(language)}"]).format(
        question=question.strip(" ?？")
    )


def foreign_lead(language: str, document_language: str) -> str:
    """Said before a quote in another language than the customer's."""
    own = _own_language(language)
    names = _phrases()["foreign"]["names"][own]
    return str(_phrases()["foreign"][own]).format(language=names.get(document_language, document_language))


def packet_phrases(language: str) -> Mapping[str, Any]:
    """The words of a hand-over's summary and suggested reply."""
    words: Mapping[str, Any] = _phrases()["packet"][_own_language(language)]
    return words
