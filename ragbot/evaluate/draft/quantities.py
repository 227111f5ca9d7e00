"""Figures in a sentence, with what they measure; and the ways in which the same figure may be written.

For drafting only: it looks for one clear figure to ask about. What must agree between answers and passages is
judged elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Measure = Literal["duration", "money", "percent", "size", "count", "date", "clock"]

_DURATION = r"(?:second|minute|hour|day|week|month|year)s?"
_SIZE = (
    r"°\s?[CF]|(?:milli|centi|kilo)?met(?:re|er)s?|mm|cm|km|kg|grams?|kilograms?|mAh|Ah|kWh|Wh|watts?|volts?|GHz|MHz|kHz|"
    r"[KMGT]i?B|lumens|degrees|inch(?:es)?|[mk]?W|[mk]?V|m?A|Hz|kΩ|Ω|dBm?|bits?|bytes?|baud|bps"
)
_MONTHS = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_NUMBER = r"\d+(?:[.,]\d+)*"
_RANGE = rf"{_NUMBER}(?:\s?(?:to|or|-|–|—)\s?{_NUMBER})?"
_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_TENS = dict(zip(range(30, 100, 10), "thirty forty fifty sixty seventy eighty ninety".split(), strict=True))
_IN_WORDS = {str(value): word for value, word in [*enumerate(_WORDS, 1), *_TENS.items()]}
_NOT_COUNTED = (
    r"(?!(?:to|or|and|of|in|on|at|for|is|are|was|were|the|a|an|if|when|with|by|from|per|x|as|than|am|pm)\b)"
)

_ENGLISH: tuple[tuple[Measure, re.Pattern[str]], ...] = (
    (
        "date",
        re.compile(
            rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? {_MONTHS}|{_MONTHS} \d{{1,2}}(?:st|nd|rd|th)?)(?:,? \d{{4}})?\b"
        ),
    ),
    ("clock", re.compile(r"\b\d{1,2}(?::\d{2})\s?(?:[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]m\b", re.IGNORECASE)),
    (
        "money",
        re.compile(rf"(?:US)?[$€£¥]\s?{_RANGE}|{_RANGE}\s?(?:€|euros?|dollars|EUR|USD|CNY|GBP|yuan)(?!\w)"),
    ),
    ("percent", re.compile(rf"{_RANGE}\s?(?:%|percent\b|per cent\b)")),
    (
        "duration",
        re.compile(
            rf"(?<![\w.-]){_RANGE}[\s-](?:(?:business|working|calendar|full|consecutive)\s)?(?P<unit>{_DURATION})\b"
            rf"|\b(?:{'|'.join(_IN_WORDS.values())})\s(?:(?:business|working|calendar|full)\s)?(?P<unit2>{_DURATION})\b",
            re.IGNORECASE,
        ),
    ),
    ("size", re.compile(rf"(?<![\w.-]){_RANGE}\s?(?:{_SIZE})(?![\w/])")),
    (
        "count",
        re.compile(
            rf"(?<![\w.$€£#/-])(?P<n>{_NUMBER})\s{_NOT_COUNTED}(?P<unit>(?:[a-z][a-z-]+\s)?[a-z]{{3,}}s)\b"
        ),
    ),
)
_HAN_NUMBER = r"(?:\d+(?:[.,]\d+)*|[一二三四五六七八九十两百]+)"
_HAN_UNITS: tuple[tuple[Measure, str], ...] = (
    ("duration", r"(?:个?工作日|个?自然日|秒钟?|分钟|个?小时|天|日|个?星期|周|个月|年)"),
    ("money", r"(?:元|块钱?|人民币|美元|欧元)"),
    ("percent", r"[%％]"),
    ("size", r"(?:毫米|厘米|公里|米|公斤|千克|克|毫安时?|瓦|伏|度|℃|流明|GB|MB|TB)"),
    ("count", r"(?:[个台次位人张件项条种组](?!月|小时|工作日|星期|自然日))"),
)
_CHINESE: tuple[tuple[Measure, re.Pattern[str]], ...] = (
    ("date", re.compile(r"(?:\d{4}\s?年\s?)?\d{1,2}\s?月\s?\d{1,2}\s?[日号]")),
    ("clock", re.compile(r"(?<!\d)\d{1,2}[:：]\d{2}(?!\d)")),
    *(
        (
            measure,
            re.compile(
                rf"(?<![\d.A-Za-z第-])(?P<n>{_HAN_NUMBER}(?:\s?(?:至|到|-|–|—|~|～)\s?{_HAN_NUMBER})?)\s?(?P<unit>{units})"
            ),
        )
        for measure, units in _HAN_UNITS
    ),
)
_ZH_UNIT = {
    "second": "秒",
    "minute": "分钟",
    "hour": "小时",
    "day": "天",
    "week": "周",
    "month": "个月",
    "year": "年",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A figure at `text[start:end]`."""

    measure: Measure
    text: str
    start: int
    end: int
    unit: str = ""
    """Of a duration and a count: `business days`, `devices`; of a Chinese figure whatever follows the number."""


def quantities(text: str, *, chinese: bool = False) -> list[Quantity]:
    """The figures of `text` in order; none overlaps another."""
    found: list[Quantity] = []
    for measure, pattern in _CHINESE if chinese else _ENGLISH:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            found.append(
                Quantity(
                    measure=measure,
                    text=match.group().strip(),
                    start=match.start(),
                    end=match.start() + len(match.group().rstrip()),
                    unit=_unit(match, measure),
                )
            )
    return sorted(found, key=lambda each: each.start)


def _unit(match: re.Match[str], measure: Measure) -> str:
    groups = match.groupdict()
    unit = groups.get("unit") or groups.get("unit2") or ""
    if measure == "duration" and unit.isascii():
        plural = unit.lower() if unit.lower().endswith("s") else f"{unit.lower()}s"
        kind = re.search(r"(business|working|calendar)\s", match.group(), re.IGNORECASE)
        return f"{kind[1].lower()} {plural}" if kind else plural
    return unit


def ways(fact: str) -> tuple[str, ...]:
    """The fact as written, and other ways to write it that a right answer may use: `30 days`, `30-day`, `thirty days`,
    `30天`; `$9.95`, `9.95`. Differences that `metrics.contains` passes over are left out."""
    found = [fact]
    if match := re.fullmatch(rf"({_RANGE})[\s-]((?:\w+\s)?)({_DURATION})", fact, re.IGNORECASE):
        number, kind, unit = match[1], match[2], match[3].lower().removesuffix("s")
        found += [
            f"{number} {kind}{unit}" if number == "1" else f"{number} {kind}{unit}s",
            f"{number}-{unit}",
        ]
        if number in _IN_WORDS:
            found.append(f"{_IN_WORDS[number]} {kind}{unit}" + ("" if number == "1" else "s"))
        if low_high := re.fullmatch(rf"({_NUMBER})\s?(?:to|-|–|—)\s?({_NUMBER})", number):
            found += [f"{low_high[1]}{join}{low_high[2]} {kind}{unit}s" for join in (" to ", "-")]
        elif not kind:
            found.append(f"{number}{_ZH_UNIT[unit]}")
    elif match := re.fullmatch(
        rf"(?:US)?[$€£¥]\s?({_NUMBER})|({_NUMBER})\s?(?:€|euros?|dollars|元|美元|欧元)", fact
    ):
        found.append(match[1] or match[2])
    elif match := re.fullmatch(rf"({_NUMBER})\s?(?:%|％|percent|per cent)", fact):
        found += [f"{match[1]} %", f"{match[1]} percent", f"百分之{match[1]}"]
    elif match := re.fullmatch(r"(\d+)\s?([一-鿿]+)", fact):
        english = next((name for name, unit in _ZH_UNIT.items() if match[2] in (unit, f"个{unit}", "日")), "")
        found += [f"{match[1]} {english}{'' if match[1] == '1' else 's'}"] if english else []
    return tuple(dict.fromkeys(found))
