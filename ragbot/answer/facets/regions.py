"""What people call countries and wider regions -> their codes. The names are data: `regions.toml`.

    "United States", "u.s.", "美国" -> US        "Europe", "欧盟" -> EU, which holds DE, FR, GB and others

A place in a customer's profile is looked up anew each time: nothing of it is kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from ragbot.text.words import fold

_SMALL_US = re.compile(
    r"\b(?:in the us|from the us|us (?:order|shop|store|site|customer|account|address|version|market|price|orders"
    r"|customers|policy))\b",
    re.IGNORECASE,
)
"""The country in small letters, told from the pronoun by what stands beside it."""
_PARTED: Final = re.compile(r"[,;/|、，；]|\s(?:and|or|&)\s|和|或|及")


@dataclass(frozen=True, slots=True)
class _Places:
    codes: Mapping[str, str]
    """Folded name or code -> code; empty for "everywhere"."""
    holds: Mapping[str, frozenset[str]]
    """Wider region -> the countries in it."""
    latin: re.Pattern[str]
    han: re.Pattern[str]
    distinct: re.Pattern[str]


@lru_cache(maxsize=1)
def _places() -> _Places:
    text = files("ragbot.answer.facets").joinpath("regions.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    wider = data["wider"]
    called = {**data["countries"], **{code: each["names"] for code, each in wider.items()}}
    names = {fold(name): code for code, listed in called.items() for name in _listed(listed)}
    free = [*names]
    codes = {**dict.fromkeys(map(fold, _listed(data["everywhere"]["names"])), ""), **names}
    codes |= {fold(code): code for code in called}
    latin = sorted((re.escape(n) for n in free if n.isascii()), key=len, reverse=True)
    han = sorted((re.escape(n) for n in free if not n.isascii()), key=len, reverse=True)
    return _Places(
        codes=codes,
        holds={code: frozenset(each["holds"].split()) for code, each in wider.items()},
        latin=re.compile(rf"(?<![\w.])(?:{'|'.join(latin)})(?!\w)"),
        han=re.compile("|".join(han)),
        distinct=re.compile(rf"(?<![\w-])(?:{'|'.join(data['codes']['distinct'].split())})(?![\w-])"),
    )


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


def region_codes(value: str) -> frozenset[str]:
    """The codes of a property or a profile's entry, which may list several: `US, EU`, `Germany`, `美国`. Empty where
    it means everywhere, or nothing that is known."""
    known = _places().codes
    parts = (fold(part).strip() for part in _PARTED.split(value))
    return frozenset(
        known[each]
        for part in parts
        for each in (part, part.rstrip("."), part.split("-")[-1])
        if known.get(each)
    )


def regions_in(text: str) -> dict[str, str]:
    """The regions that a sentence, a title or a file's name speaks of: code -> how it is called there."""
    places, folded = _places(), fold(text)
    found: dict[str, str] = {}
    for pattern, read in ((places.latin, folded), (places.han, folded), (places.distinct, text)):
        for match in pattern.finditer(read):
            shown = text[match.start() : match.end()] if len(folded) == len(text) else match.group()
            found.setdefault(places.codes[fold(match.group())], shown)
    if _SMALL_US.search(text):
        found.setdefault("US", "US")
    return found


def region_of_name(stem: str) -> frozenset[str]:
    """The same of a file's name without its ending: `shipping-us`, `returns_EU_2025`."""
    spaced = re.sub(r"[-_.]+", " ", stem).upper()
    return frozenset(_places().codes[fold(m.group())] for m in _places().distinct.finditer(spaced))


def overlap(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a place of `some` is, holds or lies in one of `others`."""
    holds = _places().holds
    return any(
        one == other
        or one in holds.get(other, ())
        or other in holds.get(one, ())
        or bool(holds.get(one, frozenset()) & holds.get(other, frozenset()))
        for one in some
        for other in others
    )
