"""Products as texts name them: a name with a number behind it, or a code.

    "Reset a Hub 2 or Hub 2 Pro"     hub 2, hub 2 pro
    "Thermostat T1 or T2?"           t1, t2
    "中枢 2 Pro（HB-220）"            中枢 2 pro = hb220

Pure functions, which keep nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ragbot.text.context import NUMBERED
from ragbot.text.words import STOP_WORDS, fold, terms
from ragbot.types import Chunk

_SUFFIX: Final = (
    r"(?:[ -]?(?:Pro|Plus|Max|Mini|Lite|Air|Ultra|Wi-?Fi|Connect|Sense|Minima|XL|SE|Gen \d)(?![a-z])"
    r"|[ ](?!OR\b|AND\b|FAQ\b|PDF\b|VS\b|EU\b|US\b|UK\b)[A-Z][A-Z]{1,2}[A-Z]?(?![A-Za-z]))+"
)
_AFTER = re.compile(_SUFFIX, re.IGNORECASE)
_CAPITALS_AFTER = re.compile(_SUFFIX)
_HAN = re.compile(
    r"([\u4e00-\u9fff]{1,8})\s?(?:([A-Z]{1,3}\d{1,4}|(?!(?:19|20)\d\d)\d{1,4})(?![\d.,:%％年月日天元期次个分小秒号楼层米克岁折步条项章节种台件张人周代版点]))"
)
_BEFORE = re.compile(r"((?:[A-Z][\w+]*[ ]){0,2})$")
_MOST_BEFORE: Final = 60
"""Letters before a number among which its name begins."""
_CODE = re.compile(r"[A-Z]{1,4}-\d{2,5}[A-Z]?", re.IGNORECASE)
_NO_PRODUCT: Final = frozenset(
    """version ver v firmware release app ide ios android windows macos page chapter part level no nr number usb wpa wi
    fi wifi zigbee thread matter bluetooth ipv p h x error e code figure table article top covid
    status exit port pin com bit led channel mode phase type class grade size set line
    row question answer rule check rev revision option method way tip solution test case stage round section appendix
    example problem issue cause reason fix note volume lesson task action scenario variant alternative attempt
    """.split()
)
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Named:
    """A product named in a text."""

    key: str
    """`hub 2 pro`, `t1`, `hb220`."""
    shown: str
    start: int
    end: int


def named(text: str) -> list[Named]:
    """The products that `text` names, each once, in order."""
    found: dict[str, Named] = {}
    for each in _all(text):
        if each.key not in found or len(each.shown) > len(found[each.key].shown):
            found[each.key] = each
    return list(found.values())


def _all(text: str) -> list[Named]:
    return sorted([*_latin(text), *_han(text)], key=lambda each: each.start)


def _latin(text: str) -> Iterable[Named]:
    for match in NUMBERED.finditer(text):
        word, number = match[1], match[2]
        if fold(word) in _NO_PRODUCT or _YEAR.fullmatch(number):
            continue
        if re.match(r"[.:,]\d|\s?[%€$°]", text[match.end() :]) or (len(word) > 3 and len(number) > 4):
            continue
        if match.start() and text[match.start() - 1] in "-_.#/" and not _CODE.fullmatch(match.group()):
            continue
        joined = not match.group()[len(word) : -len(number)]  # "T1", not "Hub 1"
        after = (_CAPITALS_AFTER if text[match.start()].isupper() else _AFTER).match(text, match.end())
        end = after.end() if after else match.end()
        suffix = fold(re.sub(r"[ -]+", " ", after.group())) if after else ""
        if _CODE.fullmatch(match.group()) or (len(word) <= 2 and joined):
            yield Named(fold(f"{word}{number}") + suffix, _name(text, match.start(), end), match.start(), end)
        elif len(word) > 1:
            yield Named(
                fold(f"{word} {number}") + suffix, _name(text, match.start(), end), match.start(), end
            )


def _name(text: str, start: int, end: int) -> str:
    """The name with the capitalised words before it; a code alone."""
    if _CODE.match(text, start):
        return text[start:end]
    before = _BEFORE.search(text[max(0, start - _MOST_BEFORE) : start])
    words = [word for word in before[1].split() if fold(word) not in STOP_WORDS] if before else []
    return " ".join([*words, text[start:end]])


def _han(text: str) -> Iterable[Named]:
    for match in _HAN.finditer(text):
        if _YEAR.fullmatch(match[2]):
            continue
        word = terms(match[1], overlapping=False)[-1]
        after = _CAPITALS_AFTER.match(text, match.end())
        end = after.end() if after else match.end()
        suffix = fold(after.group()) if after else ""
        letters = match[2][0].isalpha()
        key = fold(match[2]) if letters else f"{word} {match[2]}"
        if letters or len(word) > 1:
            yield Named(key + suffix, f"{word} {text[match.start(2) : end]}", match.start(2), end)


def family(key: str) -> str:
    """What a product shares with its like: `hub` of `hub 2 pro`, `t#` of `t1`; empty where it has no number."""
    match = re.match(r"(.*?)\s?\d", key)
    if match is None or not match[1]:
        return ""
    return match[1] if f"{match[1]} " == key[: match.end() - 1] else f"{match[1]}#"


def aliases(chunks: Iterable[Chunk]) -> Mapping[str, frozenset[str]]:
    """What else each product is called, as the texts say it: "Hub 2 (HB-200)", or a property beside a title."""
    groups: dict[str, set[str]] = {}
    for chunk in chunks:
        for text in (chunk.title, *chunk.heading.split(" > "), chunk.text):
            for one, other in _pairs(text):
                _join(groups, one, other)
        codes = named(str(chunk.meta.get("product") or chunk.meta.get("model") or ""))
        titled = named(chunk.title)
        if len(codes) == len(titled):
            for code, name in zip(codes, titled, strict=True):
                _join(groups, code.key, name.key)
    return {key: frozenset(group) for key, group in groups.items()}


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    """A name and the code in brackets behind it."""
    found = _all(text)
    for name, code in pairwise(found):
        if (
            re.fullmatch(r"\s*[(（]\s*", text[name.end : code.start])
            and text[code.end : code.end + 1] in ")）"
        ):
            yield name.key, code.key


def _join(groups: dict[str, set[str]], one: str, other: str) -> None:
    together = groups.get(one, {one}) | groups.get(other, {other})
    for key in together:
        groups[key] = together
