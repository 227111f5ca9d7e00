"""The literal facts in a piece of text: numbers with units, dates, times, URLs, addresses, codes and names,
normalised over English and Chinese so that `14 days`, `fourteen days` and `十四天` are one fact.

A fact that an answer states must stand in the passage that it cites; this module says what the facts are
and whether two agree. It knows nothing of passages, models or scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

from ragbot.text.context import NAME
from ragbot.text.words import fold

FactKind = Literal["number", "date", "time", "url", "email", "code", "name", "quoted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One literal fact; `shown` is how the text writes it."""

    kind: FactKind
    value: str
    """Canonical: `14`, `2025-03-12` (`?` for a part that is not given), `09:00`, `shop.example/returns`."""
    unit: str = ""
    """Canonical unit or currency of a number, empty where none stands beside it."""
    shown: str = ""


_UNITS = {
    "second": "s sec secs second seconds 秒 秒钟",
    "minute": "min mins minute minutes 分钟 分",
    "hour": "h hr hrs hour hours 小时 个小时 钟头",
    "day": "day days 天 日 工作日 个工作日",
    "week": "week weeks 周 星期 个星期 礼拜",
    "month": "month months 个月 月",
    "year": "year years yr yrs 年",
    "percent": "% percent per-cent ％",
    "EUR": "€ eur euro euros 欧元 欧",
    "USD": "$ usd us$ dollar dollars 美元 美金",
    "GBP": "£ gbp pound pounds 英镑",
    "CNY": "¥ ￥ cny rmb yuan 元 块 人民币",
    "celsius": "°c ℃ celsius 摄氏度 度",
    "fahrenheit": "°f ℉ fahrenheit 华氏度",
    "GB": "gb gigabyte gigabytes",
    "MB": "mb megabyte megabytes",
    "TB": "tb",
    "kg": "kg kilogram kilograms 公斤 千克",
    "g": "g gram grams 克",
    "km": "km kilometre kilometres kilometer kilometers 公里",
    "m": "m metre metres meter meters 米",
    "cm": "cm 厘米",
    "mm": "mm 毫米",
    "inch": "inch inches 英寸",
    "V": "v volt volts 伏",
    "W": "w watt watts 瓦",
    "GHz": "ghz",
    "MHz": "mhz",
    "person": "people persons person users user members member 人 名 位",
    "device": "device devices camera cameras 台 个设备",
}
_UNIT_OF = {name: unit for unit, spellings in _UNITS.items() for name in spellings.split()}
_UNIT = "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
_CURRENCY = r"[€$£¥￥]|\b(?:EUR|USD|GBP|CNY|RMB)"
_WORDS = {
    word: value
    for value, spellings in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty".split()
    )
    for word in [spellings]
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
}
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_MONTHS = {
    name: number
    for number, spellings in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|"
        "oct october|nov november|dec december".split("|"),
        start=1,
    )
    for name in spellings.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'，。；）】]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATES = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?:(?P<y>\d{4})\s*年\s*)?(?P<m>\d{1,2})\s*月(?:\s*(?P<d>\d{1,2})\s*[日号])?(?!\d)"),
    re.compile(
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<m>{_MONTH})\b\.?,?(?:\s+(?P<y>\d{{4}}))?", re.I
    ),
    re.compile(rf"\b(?P<m>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}}))?", re.I),
    re.compile(rf"\b(?P<m>{_MONTH})\.?\s+(?P<y>\d{{4}})\b(?P<d>)", re.I),
    re.compile(r"(?P<y>\d{4})\s*年(?P<m>)(?P<d>)(?=[^\w]|$|[^\d])"),
)
_QUOTED = re.compile(r'"([^"\n]{2,60})"|“([^”\n]{2,60})”|「([^」\n]{1,60})」|`([^`\n]{2,60})`')
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?!\d)\s*([ap]\.?m\b)?|(?<!\d)(\d{1,2})\s*([ap])\.?m\b", re.I)
_CODE = re.compile(r"(?<![\w@.-])(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[A-Za-z]+[\w]*(?:[-.][A-Za-z0-9]+)*(?!\w)")
_NUMBER = re.compile(
    rf"(?P<cur>{_CURRENCY})?\s?(?<![\w.])(?P<num>\d+(?:[, \u00a0]\d{{3}})*(?:\.\d+)?|\.\d+)"
    rf"(?:\s?-?\s?(?:business |working |calendar )?(?P<unit>{_UNIT})(?![A-Za-z]))?",
    re.IGNORECASE,
)
_WORD_NUMBER = re.compile(
    rf"\b(?P<num>(?:{'|'.join(_WORDS)})(?:[- ](?:{'|'.join(_WORDS)}))?)[\s-]+"
    rf"(?:business |working |calendar )?(?P<unit>{_UNIT})(?![A-Za-z])",
    re.IGNORECASE,
)
_HAN_NUMBER = re.compile(
    rf"(?<![零〇一二两三四五六七八九十百])(?P<num>[零〇一二两三四五六七八九十百]{{1,12}})\s*(?P<unit>{_UNIT})"
)


def _date(match: re.Match[str]) -> str:
    year, month, day = (match.group(part) or "" for part in "ymd")
    number = _MONTHS.get(month.lower()) or (int(month) if month else 0)
    return f"{year or '?'}-{number:02d}-{int(day):02d}" if day else f"{year or '?'}-{number:02d}-?"


def _time(match: re.Match[str]) -> str:
    hour, minute, half = (
        (int(match[1]), int(match[2]), match[3]) if match[1] else (int(match[4]), 0, match[5])
    )
    if half and half[0].lower() == "p" and hour < 12:
        hour += 12
    return f"{hour:02d}:{minute:02d}"


def _decimal(text: str) -> str:
    try:
        value = Decimal(re.sub(r"[, \u00a0]", "", text))
    except InvalidOperation:
        return text
    return format(value.normalize(), "f")


def _from_words(text: str) -> str:
    """`twenty-one` -> 21, `two hundred` -> 200."""
    total = 0
    for word in re.split(r"[\s-]+", text.lower()):
        total = total * 100 if word == "hundred" and total else total + _WORDS[word]
    return str(total)


def _from_han(text: str) -> str:
    """`十四` -> 14, `三十` -> 30, `一百二十` -> 120, `二零二五` -> 2025."""
    if not re.search("[十百]", text):
        return str(int("".join(str(_HAN_DIGITS[digit]) for digit in text)))
    total = digit = 0
    for character in text:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _HAN_DIGITS[character]
    return str(total + digit)


def _literal(text: str) -> Iterator[tuple[re.Match[str], Fact]]:
    """Facts whose form is unmistakable, in the order in which they claim their characters."""
    for match in _URL.finditer(text):
        url = match.group().rstrip(".,;:!?、")
        yield (
            match,
            Fact(kind="url", value=re.sub(r"^https?://(www\.)?", "", url.lower()).rstrip("/"), shown=url),
        )
    for match in _EMAIL.finditer(text):
        yield match, Fact(kind="email", value=match.group().lower().rstrip("."), shown=match.group())
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if match.group("m") or match.group("y"):
                yield match, Fact(kind="date", value=_date(match), shown=match.group().strip(" .,"))
    for match in _TIME.finditer(text):
        yield match, Fact(kind="time", value=_time(match), shown=match.group().strip())
    for match in _CODE.finditer(text):
        value = re.sub(r"[-_.]", "", match.group().lower())
        yield match, Fact(kind="code", value=value, shown=match.group())


def _quoted(text: str) -> Iterator[tuple[re.Match[str], Fact]]:
    """What stands in quotation marks is a label or somebody's words: to be found as it is."""
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group)
        yield match, Fact(kind="quoted", value=fold(inner).strip(" .,"), shown=match.group())


def _numbers(text: str) -> Iterator[tuple[re.Match[str], Fact]]:
    readers = ((_NUMBER, _decimal), (_WORD_NUMBER, _from_words), (_HAN_NUMBER, _from_han))
    for pattern, read in readers:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            unit = (groups.get("cur") or groups.get("unit") or "").strip().lower()
            shown = match.group().strip()
            yield (
                match,
                Fact(kind="number", value=read(groups["num"]), unit=_UNIT_OF.get(unit, ""), shown=shown),
            )


def _named(text: str) -> Iterator[tuple[re.Match[str], Fact]]:
    for match in NAME.finditer(text):
        if fold(match.group()) in _UNIT_OF or fold(match.group()) in _MONTHS:
            continue
        yield match, Fact(kind="name", value=fold(match.group()), shown=match.group())


def facts(text: str, *, with_names: bool = True) -> list[Fact]:
    """The facts of `text`; each stretch of characters belongs to one fact."""
    found: list[Fact] = []
    taken = bytearray(len(text))
    named = (*_quoted(text), *_named(text)) if with_names else ()
    for source in (_literal(text), named, _numbers(text)):
        for match, fact in source:
            if any(taken[match.start() : match.end()]):
                continue
            taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
            found.append(fact)
    return found


def agrees(claimed: Fact, given: Fact) -> bool:
    """Whether `given`, from a passage, states the literal fact `claimed`. Parts left out on either side
    (a year, a unit) do not contradict."""
    if claimed.kind != given.kind:
        return False
    if claimed.kind == "date":
        pairs = zip(claimed.value.split("-"), given.value.split("-"), strict=True)
        return all(mine in ("?", "00") or mine == theirs for mine, theirs in pairs)
    if claimed.kind == "number":
        same_unit = not claimed.unit or not given.unit or claimed.unit == given.unit
        return claimed.value == given.value and same_unit
    return claimed.value == given.value


def missing(claim: str, evidence: str, context: str = "") -> list[Fact]:
    """The facts of `claim` that `evidence` does not state. `context` (title, headings) may supply names and
    codes, never figures."""
    given = facts(evidence, with_names=False)
    wide = fold(f"{context} {evidence}")
    squeezed = re.sub(r"[-_.\s]", "", wide)
    lacking: list[Fact] = []
    for fact in facts(claim):
        if fact.kind == "quoted":
            ok = fact.value in fold(evidence)
        elif fact.kind == "name":
            ok = all(word in wide for word in fact.value.split())
        elif fact.kind == "code":
            ok = fact.value in squeezed
        else:
            ok = any(agrees(fact, other) for other in given)
        if not ok:
            lacking.append(fact)
    return lacking
