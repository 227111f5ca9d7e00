"""Days that a customer names, found in a sentence: `3 December`, `next Friday`, `2026-12-03`, 下周五, 十二月三日.

English and Chinese are read here, in the middle of a sentence and mixed; a message in another language is read as
a whole by dateparser, whose home this is (its own search in sentences finds dates in words such as "may" and
"second", and it knows little Chinese). What exists in no calendar, or can be read in two ways, is found and
named as such, never guessed.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

Order = Literal["", "dmy", "mdy"]
"""Which number comes first in 3/4/2026; empty: not known."""
Prefer = Literal["future", "past"]
"""Which day `3 December` or `Friday` means, where no year or week is said."""

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_WEEKDAY = r"(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day\b"
_SHORT_WEEKDAY = r"(?P<weekday>mon|tues?|wed|thu(?:rs)?|fri|sat|sun)\b(?![-'])"
"""Also a word of its own (sun, sat), so that something must stand before it, or nothing around it."""
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4})\b)?"
_HAN_NUMBER = "[一二两三四五六七八九十廿]{1,3}"
_HAN_WEEKDAY = "(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])"
_COUNTS = {
    word: number for number, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
_COUNTS |= {"a": 1, "an": 1}
_COUNT = r"(?P<count>\d{1,3}|" + "|".join(_COUNTS) + ")"
_NEAR = {
    "day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tonight": 0,
    "day after tomorrow": 2,
    "tomorrow": 1,
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "今天": 0,
    "今日": 0,
    "明天": 1,
    "明日": 1,
    "大后天": 3,
    "后天": 2,
}
_DAY_FIRST: Final = frozenset("de fr es it pt nl pl cs ru tr sv da no fi el".split())
"""Languages that write the day before the month."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_LONGEST_ELSEWHERE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A day that stands in `text[start:end]`."""

    start: int
    end: int
    day: date | None = None
    """None where there is no such day, or more than one."""
    problem: Literal["", "impossible", "ambiguous"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    today: date
    prefer: Prefer
    order: Order


_Read = Callable[[re.Match[str], _Reading], date | None]


def find_days(
    text: str, today: date, *, language: str = "en", order: Order = "", prefer: Prefer = "future"
) -> list[Named]:
    """The days that `text` (NFKC) names, in order, none within another. Never raises."""
    reading = _Reading(today=today, prefer=prefer, order=order or ("dmy" if language in _DAY_FIRST else ""))
    found: list[Named] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            if not any(each.start < match.end() and match.start() < each.end for each in found):
                found += _named(match, read, reading)
    if not found and language not in ("en", "zh", "und"):
        found += _elsewhere(text, reading, language)
    return sorted(found, key=lambda each: each.start)


def _named(match: re.Match[str], read: _Read, reading: _Reading) -> Iterator[Named]:
    start, end = match.span()
    try:
        day = read(match, reading)
    except (ValueError, OverflowError):  # datetime's word for a day that no calendar has
        yield Named(start=start, end=end, problem="impossible")
        return
    if day is None:
        yield Named(start=start, end=end, problem="ambiguous")
    elif _FIRST_YEAR <= day.year <= _LAST_YEAR:
        yield Named(start=start, end=end, day=day)
    else:
        yield Named(start=start, end=end, problem="impossible")


def _elsewhere(text: str, reading: _Reading, language: str) -> Iterator[Named]:
    """The whole message as a day in another language."""
    import dateparser

    if len(text) > _LONGEST_ELSEWHERE:
        return
    settings = {
        "RELATIVE_BASE": datetime.combine(reading.today, datetime.min.time()),
        "PREFER_DATES_FROM": reading.prefer,
        "REQUIRE_PARTS": ["day", "month"],
        "DATE_ORDER": (reading.order or "dmy").upper(),
    }
    try:
        parsed = dateparser.parse(text.strip(" .!"), languages=[language], settings=settings)
    except (ValueError, OverflowError):  # a language that it does not know, or a figure beyond its calendar
        return
    if parsed is not None and _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        yield Named(start=0, end=len(text), day=parsed.date())


def _full(match: re.Match[str], reading: _Reading) -> date:  # noqa: ARG001 - the year says it all
    return date(int(match["year"]), int(match["month"]), int(match["day"]))


def _numbers(match: re.Match[str], reading: _Reading) -> date | None:
    """`3/4/2026`: with a dot the day comes first; else as `reading.order` says; else only if one reading exists."""
    first, second, year = int(match["first"]), int(match["second"]), match["year"]
    order = reading.order or ("dmy" if match["sign"] == "." else "")
    if not order and first != second and first <= 12 and second <= 12:
        return None
    day_first = order == "dmy" if order else first > 12
    month, day = (second, first) if day_first else (first, second)
    return _placed(f"20{year}" if year is not None and len(year) == 2 else year, month, day, reading)


def _in_words(match: re.Match[str], reading: _Reading) -> date:
    month = _MONTHS.index(match["month"][:3].casefold()) + 1
    return _placed(match["year"], month, int(match["day"]), reading)


def _in_han(match: re.Match[str], reading: _Reading) -> date:
    return _placed(_han_year(match["year"]), _han(match["month"]), _han(match["day"]), reading)


def _placed(year: str | None, month: int, day: int, reading: _Reading) -> date:
    """The day of that year; without one, the next or the last such day that exists."""
    if year is not None:
        return date(int(year), month, day)
    step = 1 if reading.prefer == "future" else -1
    for number in range(9):  # 29 February may be eight years away
        try:
            placed = date(reading.today.year + step * number, month, day)
        except ValueError:
            continue
        if (placed - reading.today).days * step >= 0:
            return placed
    raise ValueError(f"no year has {month}-{day}")


def _near_day(match: re.Match[str], reading: _Reading) -> date:
    return reading.today + timedelta(days=_NEAR[" ".join(match.group().casefold().split())])


def _counted(match: re.Match[str], reading: _Reading) -> date:
    """`in two weeks`, `3 days ago`, 三天后."""
    said = match["count"].casefold()
    count = int(said) if said.isdigit() else _COUNTS.get(said) or _han(said)
    unit = match["unit"].casefold()
    ago = match["ago"] is not None
    if unit in ("month", "个月"):
        month = reading.today.year * 12 + reading.today.month - 1 + (-count if ago else count)
        last = monthrange(month // 12, month % 12 + 1)[1]
        return date(month // 12, month % 12 + 1, min(reading.today.day, last))
    days = count * (7 if unit in ("week", "周", "个星期", "星期") else 1)
    return reading.today + timedelta(days=-days if ago else days)


def _weekday(match: re.Match[str], reading: _Reading) -> date:
    """`next Friday` and 下周五 are in the week after this one, which begins on Monday; `this Friday`, `Friday` the
    coming one; `last Friday` the one before today, 上周五 in the week before this one."""
    said = match["weekday"][:3].casefold()
    number = _WEEKDAYS.index(said) if said in _WEEKDAYS else "一二三四五六日天".index(said) % 7
    number = 6 if said == "天" else number
    today, which = reading.today, (match["which"] or "").casefold()
    monday = today - timedelta(days=today.weekday())
    week = {
        "next": 1,
        "下": 1,
        "下个": 1,
        "下下": 2,
        "上": -1,
        "上个": -1,
        "上上": -2,
        "这": 0,
        "本": 0,
        "这个": 0,
    }
    if which in week:
        return monday + timedelta(days=7 * week[which] + number)
    if which == "last" or (not which and reading.prefer == "past"):
        return today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
    return today + timedelta(days=(number - today.weekday()) % 7)


def _of_month(match: re.Match[str], reading: _Reading) -> date:
    """`the 5th`, 5号, 下个月5号."""
    day = _han(match["day"])
    which = match["which"] or ""
    first = reading.today.year * 12 + reading.today.month - 1
    if which:
        month = first + {"下": 1, "上": -1}.get(which[0], 0)
        return date(month // 12, month % 12 + 1, day)
    step = 1 if reading.prefer == "future" else -1
    for number in range(3):  # no two months in a row have less than 31 days, but for one that is passed over
        month = first + step * number
        try:
            placed = date(month // 12, month % 12 + 1, day)
        except ValueError:
            continue
        if (placed - reading.today).days * step >= 0:
            return placed
    raise ValueError(f"no month has a day {day}")


def _han(text: str) -> int:
    """十二 -> 12, 二十三 -> 23, 7 -> 7. Raises `ValueError`."""
    if text.isascii():
        return int(text)
    digits = {char: number for number, char in enumerate("一二三四五六七八九", 1)} | {"两": 2, "": 0}
    tens, ten, ones = text.replace("廿", "二十").rpartition("十")
    if ones not in digits or (ten and tens not in digits):
        raise ValueError(f"{text} is no number")
    return (digits[tens] or 1) * 10 + digits[ones] if ten else digits[ones]


def _han_year(text: str | None) -> str | None:
    """二〇二六 -> 2026."""
    return (
        None
        if text is None
        else "".join(str("〇一二三四五六七八九".find(c)) if not c.isascii() else c for c in text)
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.ASCII)


_NEAR_WORDS = "|".join(r"\s+".join(word.split()) for word in _NEAR)
_HAN_MONTH_DAY = (
    rf"(?P<month>\d{{1,2}}|{_HAN_NUMBER})月(?:份)?(?P<day>\d{{1,2}}|{_HAN_NUMBER})(?:日|号)?(?!\d)"
)

_PATTERNS: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (
        _pattern(r"(?<![\w./-])(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d-]|[./]\d)"),
        _full,
    ),
    (
        _pattern(
            r"(?<![\w./-])(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})"
            r"(?![\d-]|[./]\d)"
        ),
        _numbers,
    ),
    (
        _pattern(
            r"\A\W*(?:(?:on|for|by)\s+)?(?!24/7\b)(?P<first>\d{1,2})(?P<sign>/)(?P<second>\d{1,2})(?P<year>\Zx)?"
            r"(?:\W+please)?\W*\Z"
        ),
        _numbers,
    ),
    (_pattern(rf"(?<![\w./-]){_DAY}(?:\s+of)?[\s-]+{_MONTH}{_YEAR}"), _in_words),
    (_pattern(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?![\d/.-]\d|\d|[a-z]){_YEAR}"), _in_words),
    (_pattern(rf"(?:(?P<year>\d{{4}}|[〇一二三四五六七八九]{{4}})年)?{_HAN_MONTH_DAY}"), _in_han),
    (_pattern(rf"\bin\s+{_COUNT}\s+(?P<unit>day|week|month)s?\b(?P<ago>\Zx)?"), _counted),
    (
        _pattern(rf"\b{_COUNT}\s+(?P<unit>day|week|month)s?\s+(?:(?P<ago>ago)|from\s+(?:now|today))\b"),
        _counted,
    ),
    (
        _pattern(
            rf"(?P<count>\d{{1,3}}|{_HAN_NUMBER})(?P<unit>天|个?星期|周|个月)(?:(?P<ago>之?前|以前)|之后|以后|后)"
        ),
        _counted,
    ),
    (_pattern(rf"\b(?:(?P<which>next|this|last|coming)\s+)?{_WEEKDAY}"), _weekday),
    (
        _pattern(rf"\b(?:(?P<which>next|this|last|coming)|on|by|for|until|before)\s+{_SHORT_WEEKDAY}"),
        _weekday,
    ),
    (_pattern(rf"(?P<which>\Zx)?\A\W*{_SHORT_WEEKDAY}\W*\Z"), _weekday),
    (_pattern(rf"(?P<which>下下|上上|[下上这本]个?)?{_HAN_WEEKDAY}"), _weekday),
    (
        _pattern(rf"\b(?:{_NEAR_WORDS})\b|" + "|".join(word for word in _NEAR if not word.isascii())),
        _near_day,
    ),
    (_pattern(r"\bthe\s+(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?P<which>\Zx)?"), _of_month),
    (_pattern(rf"(?P<which>[下上这本]个?月)?(?P<day>\d{{1,2}}|{_HAN_NUMBER})[号日](?![\w码])"), _of_month),
)
"""Tried in order; a place that one has read is not read by a later one."""
