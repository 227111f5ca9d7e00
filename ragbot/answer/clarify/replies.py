"""A customer's reply to the question which one is meant -> the option, or that it is something else.

    Hub 1, Hub 2 or Hub 2 Pro?      "the pro" "hub2 pls" "the second one" "两个都要" "no idea"

Home of rapidfuzz beside `index/spelling.py`: there the words of all documents are compared, here five options.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from ragbot.answer.facets.regions import overlap, region_codes, regions_in
from ragbot.text.words import fold
from ragbot.types import Pending

Kind = Literal["one", "all", "none", "unknown"]

_ALIKE: Final = 75.0
"""Percent of alike letters from which on a misspelt reply means an option, where no digits differ."""
_LEAD: Final = 8.0
"""By how much the option must be more alike than the next one."""
_MOST_LEFT: Final = 3
"""Words beside the option that a reply may have; more is a message of its own."""
_MOST_WORDS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the customer made of the options."""

    kind: Kind
    """One of them; all of them or any; none of them; the customer does not know."""
    question: str
    """The waiting question, completed."""
    option: str = ""
    """To be remembered (`facets.remember`); empty unless it is one."""


def phrase(*path: str) -> str:
    """What `clarify.toml` holds at `path`."""
    value = _data()
    for name in path:
        value = value[name]
    return str(value)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(files("ragbot.answer.clarify").joinpath("clarify.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _ordinals() -> dict[str, int]:
    return {
        name.strip(): int(place) for place, names in _data()["ordinal"].items() for name in names.split(",")
    }


def resolve(pending: Pending, message: str) -> Choice | None:
    """What `message` answers to the question that waits; None where it is another message altogether."""
    said = fold(message).strip()
    if not said or _length(_words(said)) > _MOST_WORDS:
        return None
    if not pending.options:
        return None if _is_question(said) else _one(pending, message.strip(" \t\n.!?。！？"))
    option = _named(pending.options, said) or _counted(pending.options, said)
    if option is not None:
        return _one(pending, option)
    general = _general(said)
    if general == "all":
        return Choice(kind="all", question=f"{', '.join(pending.options)}: {pending.question}")
    if general is not None:
        return Choice(kind=general, question=pending.question)
    option = None if _is_question(said) else _misspelt(pending.options, said)
    return None if option is None else _one(pending, option)


def resolve_again(pending: Pending, message: str) -> Choice | None:
    """What `message` chooses instead, the question being answered for another option: "and in the US?". None where it
    names none of the options."""
    said = re.sub(phrase("reply", "instead"), " ", fold(message)).strip()
    choice = resolve(pending, said) if said else None
    return choice if choice is not None and choice.kind == "one" else None


def _one(pending: Pending, option: str) -> Choice:
    return Choice(kind="one", question=f"{option}: {pending.question}", option=option)


def _words(text: str) -> list[str]:
    """Words of letters, numbers, and each run of Chinese characters."""
    return re.findall(r"[\u4e00-\u9fff]+|[^\W\d_\u4e00-\u9fff]+|\d+(?:\.\d+)*", text)


def _length(words: Sequence[str]) -> float:
    """How many words, two Chinese characters being one."""
    return sum(len(word) / 2 if word >= "\u4e00" else 1 for word in words)


def _left(said: str) -> list[str]:
    """The words of a reply without its courtesies."""
    return _words(re.sub(phrase("reply", "filler"), " ", said))


def _is_question(said: str) -> bool:
    return re.search(phrase("reply", "question"), said) is not None


def _general(said: str) -> Kind | None:
    """Whether a short reply says all, none, or that the customer does not know."""
    for kind in ("unknown", "none", "all"):
        match = re.search(phrase("reply", kind), said)
        if match is not None:
            rest = _left(said[: match.start()] + " " + said[match.end() :])
            if len(rest) <= 1 or kind == "unknown":
                return kind
    return None


def _named(options: Sequence[str], said: str) -> str | None:
    """The option whose name the reply holds, the longest; or the one that alone has all words of the reply."""
    bags = {option: _words(fold(option)) for option in options}
    left = _left(said)
    whole = [option for option, bag in bags.items() if _holds(_words(said), bag)]
    if whole:
        best = max(whole, key=lambda option: len(bags[option]))
        others = [each for each in whole if each != best and not _holds(bags[best], bags[each])]
        rest = _length([word for word in left if word not in bags[best]])
        if not others and rest <= _MOST_LEFT and not (_is_question(said) and rest > 1):
            return best
        return None
    if _is_question(said):
        return None
    exact = [option for option, bag in bags.items() if left and sorted(left) == sorted(bag)]
    part = exact or [option for option, bag in bags.items() if left and set(left) <= set(bag)]
    if len(part) > 1 and left == [left[0]] and left[0].isdigit():
        part = [option for option in part if bags[option][-1] == left[0]]
    return part[0] if len(part) == 1 else _in_region(options, said, left)


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    """Whether `part` stands in `words`, connected; of Chinese, whether the letters do."""
    return (
        bool(part)
        and re.search(rf"(?<![a-z\d]){re.escape(' '.join(part))}(?![a-z\d])", " ".join(words)) is not None
    )


def _in_region(options: Sequence[str], said: str, left: Sequence[str]) -> str | None:
    """The option, a region, that the reply calls otherwise or lies in: "I'm in Germany" for "Europe"."""
    codes = frozenset(regions_in(said)) | region_codes(" ".join(left))
    if not codes or len(left) > _MOST_LEFT + 1:
        return None
    fitting = [option for option in options if overlap(region_codes(option), codes)]
    return fitting[0] if len(fitting) == 1 else None


def _counted(options: Sequence[str], said: str) -> str | None:
    """The option by its place: "the second one", "2", "第二个"."""
    core = re.sub(r"[个款种项]", "", re.sub(r"\W+", " ", said)).strip()
    words = [word for word in core.split() if word not in ("the", "one", "option", "number", "please", "no")]
    name = " ".join(words) or core.removeprefix("the ").strip()
    place = _ordinals().get(name) or (int(name) if name.isascii() and name.isdigit() else 0)
    if place == -1:
        return options[-1]
    return options[place - 1] if 1 <= place <= len(options) else None


def _misspelt(options: Sequence[str], said: str) -> str | None:
    """The option that a reply is most like, letter by letter; digits must be the same."""
    left = " ".join(_left(said)) or said
    if len(left) < 3:
        return None
    scores = sorted(((_alike(left, fold(option)), option) for option in options), reverse=True)
    leads = len(scores) < 2 or scores[0][0] - scores[1][0] >= _LEAD
    return scores[0][1] if scores[0][0] >= _ALIKE and leads else None


def _alike(said: str, option: str) -> float:
    """Percent, of the whole option or of one of its words; 0 where the numbers are others."""
    numbers = re.findall(r"\d+", said)
    if numbers and numbers != re.findall(r"\d+", option):
        return 0.0
    words = [word for word in _words(option) if len(word) > 3 and not word.isdigit()] if not numbers else []
    near = [100.0 * OSA.normalized_similarity(said, word) for word in words]
    return max([ratio(said, option), *near])
