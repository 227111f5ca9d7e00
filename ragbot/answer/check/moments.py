"""Dates, weekdays and times of day in a text, in one form each: `2025-03-12`, `mon`, `17:00`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ragbot.answer.check.fact import Fact
from ragbot.answer.check.numerals import HAN_NUMERAL, from_han

MONTHS: Final = {
    name: number
    for number, spellings in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|"
        "oct october|nov november|dec december".split("|"),
        start=1,
    )
    for name in spellings.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?:(?P<y>\d{4})\s*年\s*)?(?P<m>\d{1,2})\s*月(?:\s*(?P<d>\d{1,2})\s*[日号])?(?!\d)"),
    re.compile(
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<m>{_MONTH})\b\.?,?(?:\s*,?\s*(?P<y>\d{{4}}))?",
        re.I,
    ),
    re.compile(
        rf"\b(?P<m>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:\s?,?\s+(?P<y>\d{{4}})\b)?", re.I
    ),
    re.compile(rf"\b(?P<m>{_MONTH})\.?,?\s+(?P<y>\d{{4}})\b(?P<d>)", re.I),
    re.compile(
        rf"\b(?:in|of|until|till|by|since|from|to|every|last|next|late|early|mid)[ -](?P<m>{_MONTH})\b(?P<y>)(?P<d>)",
        re.I,
    ),
    re.compile(r"(?P<y>\d{4})\s*年(?P<m>)(?P<d>)(?=[^\w]|$|[^\d])"),
)
_HAN_DATE = re.compile(r"([一二三四五六七八九十]{1,2})月(?:([一二三四五六七八九十]{1,3})[日号])?")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    r"\b(?i:(mon|tues|wednes|thurs|fri|satur|sun)days?)\b|\b(Mon|Tue|Tues|Wed|Thu|Thurs|Fri|Sat)\b"
    r"|(?:周|星期|礼拜)([一二三四五六日天])"
)
_HAN_DAYS: Final = dict(zip("一二三四五六日", _DAYS, strict=True)) | {"天": "sun"}
_TIME = re.compile(
    r"(?<![\d:.])(?P<h>\d{1,2})[:：](?P<min>\d{2})(?!\d)\s*(?P<half>[ap]\.?m\b)?"
    r"|(?<![\d.])(?P<hh>\d{1,2})\s*(?P<hhalf>[ap])\.?m\b"
    rf"|(?P<part>上午|早上|凌晨|中午|下午|晚上|晚)?\s*(?P<zh>\d{{1,2}}|[{HAN_NUMERAL}]{{1,3}})\s*[点時时](?![击赞评心])"
    r"(?:钟|整)?(?:(?P<zhmin>\d{1,2})分?|(?P<zhhalf>半))?"
    r"|\b(?P<noon>noon|midday)\b|\b(?P<midnight>midnight)\b",
    re.IGNORECASE,
)


def _date(match: re.Match[str]) -> str:
    year, month, day = (match.group(part) or "" for part in "ymd")
    number = MONTHS.get(month.lower()) or (int(month) if month else 0)
    return f"{year or '?'}-{number:02d}-{int(day):02d}" if day else f"{year or '?'}-{number:02d}-?"


def dates(text: str) -> Iterator[Fact]:
    """The dates of `text`, each pattern in turn; stretches may overlap."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if match.group("m") or match.group("y"):
                shown = match.group().strip(" .,")
                yield Fact(kind="date", value=_date(match), shown=shown, start=match.start(), end=match.end())
    for match in _HAN_DATE.finditer(text):
        month, day = int(from_han(match[1])), int(from_han(match[2])) if match[2] else 0
        value = f"?-{month:02d}-{day:02d}" if day else f"?-{month:02d}-?"
        yield Fact(kind="date", value=value, shown=match.group(), start=match.start(), end=match.end())


def weekdays(text: str) -> Iterator[Fact]:
    """The days of the week."""
    for match in _WEEKDAY.finditer(text):
        written = match[1] or match[2]
        value = written[:3].lower() if written else _HAN_DAYS[match[3]]
        yield Fact(kind="weekday", value=value, shown=match.group(), start=match.start(), end=match.end())


def times(text: str) -> Iterator[Fact]:
    """The times of day, in 24 hours."""
    for match in _TIME.finditer(text):
        yield Fact(
            kind="time", value=_time(match), shown=match.group().strip(), start=match.start(), end=match.end()
        )


def _time(match: re.Match[str]) -> str:
    if match["noon"] or match["midnight"]:
        return "12:00" if match["noon"] else "00:00"
    half = (match["half"] or match["hhalf"] or "").lower()
    minute = int(match["min"] or match["zhmin"] or (30 if match["zhhalf"] else 0))
    if match["zh"]:
        hour = int(match["zh"]) if match["zh"].isdigit() else int(from_han(match["zh"]))
        half = "p" if match["part"] in ("下午", "晚上", "晚") else ""
    else:
        hour = int(match["h"] or match["hh"])
    if half.startswith("p") and hour < 12:
        hour += 12
    if half.startswith("a") and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}"
