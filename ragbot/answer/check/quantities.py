"""Numbers in a text, with unit, limit and rate: `at least 14 business days`, `3-5 kg`, `€5 a month`, `三万元`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from ragbot.answer.check.fact import Bound, Fact
from ragbot.answer.check.numerals import HAN_NUMERAL, WORDS, from_digits, from_han, from_words
from ragbot.answer.check.units import CURRENCY, UNIT, UNIT_OF

_WORKING = r"(?P<working>business |working |calendar )?"
_PER = (
    r"(?:\s?(?:/|per |an? |each |every |每)\s?"
    r"(?P<per>second|minute|hour|day|week|month|year|秒|分钟|小时|天|日|周|月|年)(?![a-z]))?"
)
_NUMBER = re.compile(
    rf"(?P<cur>{CURRENCY})?\s?(?<![A-Za-z0-9_.])(?P<num>\d+,\d{{1,2}}(?=\s?(?:{UNIT}|{CURRENCY})(?![A-Za-z\d]))(?!\d)"
    rf"|\d+(?:[, \u00a0]\d{{3}}(?!\d))*(?:\.\d+)?|\.\d+)"
    rf"(?P<scale>[千万亿]|\s?(?:hundred|thousand|million)\b)?"
    rf"(?:\s?-?\s?{_WORKING}(?P<unit>{UNIT})(?![A-Za-z]))?{_PER}",
    re.IGNORECASE,
)
_WORD = "|".join(sorted(WORDS, key=len, reverse=True))
_WORD_NUMBER = re.compile(
    rf"\b(?P<num>(?:{_WORD})(?:(?:[- ]|\sand\s)(?:{_WORD}))*)\b"
    rf"(?:[\s-]+{_WORKING}(?P<unit>{UNIT})(?![A-Za-z]))?{_PER}",
    re.IGNORECASE,
)
_HAN_NUMBER = re.compile(
    rf"(?<![{HAN_NUMERAL}])(?P<num>[{HAN_NUMERAL}]{{1,12}})\s*(?P<unit>{UNIT}|个|次|件|张|种|项|条|倍)(?P<per>(?!))?"
)
_HAN_PERCENT = re.compile(rf"百分之(?:(\d+(?:\.\d+)?)|([{HAN_NUMERAL}]{{1,6}}))")
_HAN_PER = re.compile(r"每(?:个)?(秒|分钟|小时|天|日|周|月|年)\s*$")
_RANGE = re.compile(r"\s*(?:-|–|—|~|～|to|至|到|and|和)\s*", re.IGNORECASE)
_LIMITS: Final[tuple[tuple[Bound, str], ...]] = (
    (
        "most",
        r"at most|up to|no more than|not more than|no longer than|maximum(?: of)?|max\.?|within|not exceed(?:ing)?"
        r"|no later than|至多|最多|不超过|最高|最长|最大|不多于|上限",
    ),
    (
        "least",
        r"at least|no less than|not less than|no fewer than|minimum(?: of)?|min\.?|at minimum|starting (?:at|from)"
        r"|至少|最少|不少于|不低于|最低|最短|起码",
    ),
    (
        "more",
        r"more than|over|above|greater than|exceed(?:s|ing)?|longer than|higher than|超过|多于|高于|大于",
    ),
    (
        "less",
        r"less than|fewer than|under|below|shorter than|lower than|smaller than|少于|低于|小于|不到|不足",
    ),
)
_BEFORE: Final[tuple[tuple[Bound, re.Pattern[str]], ...]] = tuple(
    (bound, re.compile(rf"(?:{pattern})\s*(?:the |a |an |about |of |为|是)?$", re.IGNORECASE))
    for bound, pattern in _LIMITS
)
_AFTER: Final[tuple[tuple[Bound, re.Pattern[str]], ...]] = (
    (
        "least",
        re.compile(
            r"\s*(?:or (?:more|above|longer|higher|over)|and above|及以上|以上|起|minimum)", re.IGNORECASE
        ),
    ),
    (
        "most",
        re.compile(
            r"\s*(?:or (?:less|fewer|below|under|shorter)|and below|及以下|以下|以内|之内|内|maximum)",
            re.IGNORECASE,
        ),
    ),
)
_BUSINESS = re.compile(r"business|working|工作日", re.IGNORECASE)
_CALENDAR = re.compile(r"calendar|自然日", re.IGNORECASE)


def _bound(text: str, start: int, end: int) -> Bound:
    head, tail = text[max(0, start - 28) : start], text[end : end + 14]
    for bound, pattern in _BEFORE:
        if pattern.search(head):
            return bound
    return next((bound for bound, pattern in _AFTER if pattern.match(tail)), "")


def _fact(text: str, match: re.Match[str], value: str) -> Fact:
    groups = match.groupdict()
    shown = match.group().strip()
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    unit = (groups.get("cur") or groups.get("unit") or "").strip().lower()
    earlier = _HAN_PER.search(text[max(0, start - 6) : start])
    per = groups.get("per") or (earlier[1] if earlier else "")
    return Fact(
        kind="number",
        value=value,
        unit=UNIT_OF.get(unit, ""),
        bound=_bound(text, start, match.end()),
        per=UNIT_OF.get(per.lower(), "") if per else "",
        working=True if _BUSINESS.search(shown) else False if _CALENDAR.search(shown) else None,
        shown=shown,
        start=start,
        end=match.end(),
    )


def quantities(text: str) -> Iterator[Fact]:
    """The numbers of `text`, digits first, with their places; stretches may overlap."""
    for match in _HAN_PERCENT.finditer(text):
        value = from_han(match[2]) if match[2] else match[1]
        yield Fact(
            kind="number",
            value=value,
            unit="percent",
            bound=_bound(text, match.start(), match.end()),
            shown=match.group(),
            start=match.start(),
            end=match.end(),
        )
    for match in _NUMBER.finditer(text):
        yield _fact(text, match, from_digits(match["num"], (match["scale"] or "").strip().lower()))
    for match in _WORD_NUMBER.finditer(text):
        if match["num"].lower() not in ("one", "zero") or match["unit"]:  # "one" is a pronoun too
            yield _fact(text, match, from_words(match["num"]))
    for match in _HAN_NUMBER.finditer(text):
        if match["num"] not in ("一", "零") or match["unit"] in UNIT_OF:  # 一个 is the article
            yield _fact(text, match, from_han(match["num"]))


def with_ranges(text: str, numbers: Sequence[Fact]) -> list[Fact]:
    """`numbers` in order of place, the two ends of a range marked: both have the unit of the second."""
    ordered = sorted(numbers, key=lambda fact: fact.start)
    marked = list(ordered)
    for place, (first, second) in enumerate(pairwise(ordered)):
        joint = text[first.end : second.start]
        if len(joint) > 6 or not _RANGE.fullmatch(joint):
            continue
        between = re.search(r"between\s*$", text[max(0, first.start - 10) : first.start], re.IGNORECASE)
        if "and" in joint.lower() or "和" in joint:
            if not between:
                continue
        elif first.unit not in ("", second.unit):
            continue
        marked[place] = replace(marked[place], unit=first.unit or second.unit, bound="low")
        marked[place + 1] = replace(second, bound="high", unit=second.unit or first.unit)
    return marked
