"""What kind of fact a question asks for ("how long" a duration, "how much" an amount), and whether a piece
of text gives one. Patterns over English and Chinese; knows nothing of passages or scores.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from ragbot.answer.check.facts import facts

Asked = Literal[
    "duration",
    "money",
    "count",
    "when",
    "contact",
    "url",
    "percent",
    "temperature",
    "weight",
    "length",
    "storage",
    "none",
]
STRICT: Final = frozenset(
    ("duration", "money", "percent", "temperature", "weight", "length", "storage", "contact", "url")
)
"""Kinds whose facts cannot be missed: what holds none of them does not answer."""

_PATTERNS: dict[Asked, str] = {
    "temperature": r"\bwhat temperature | \bhow\ (?:hot|cold|warm)\b | 温度(?:是|为)?多少 | 多少度 | 几度",
    "percent": r"\bwhat\ (?:percent|percentage|share|rate)\b | \bhow\ many\ percent | 百分之 | 多大比例 | 几折 | 利率",
    "weight": r"""
        \bhow\ (?:heavy|much\ does\b.*\bweigh)\b | \bwhat\b.*\bweigh | \bweight\ of\b | 多重 | 重量 | 几(?:公斤|克)""",
    "storage": r"""
        \b(?:how\ (?:much|many)|what|which)\b.*\b(?:storage|memory|(?:tera|giga|mega)bytes?|[TGM]B)\b(?!.*\bcosts?\b)
        | 存储(?:空间|容量)?(?:是)?多[少大] | 内存(?:是)?多[少大]""",
    "length": r"""
        \bhow\ (?:tall|wide|high|thick|deep|far)\b | \bdimensions?\b
        | \bin\ (?:mm|cm|millimet\w+|centimet\w+|inch\w*|met(?:re|er)s)\b | 尺寸 | 多[高宽厚远]""",
    "duration": r"""
        \bhow\ (?:long|soon|quickly|fast)\b | \bwithin\ (?:what|which)\ (?:time|period)
        | \bhow\ many\ (?:\w+\ )?(?:seconds|minutes|hours|days|weeks|months|years)
        | 多久 | 多长时间 | 几天 | 多少天 | 几个?(?:小时|月|工作日|星期|周) | 几年 | 多少年 | 期限 | 时限""",
    "money": r"""
        \bhow\ much\ (?:is|are|does|do|did|will|would|for|money|to|extra)\b(?!.*\b(?:storage|space|memory|time)\b)
        | \bwhat(?:'s|\ is|\ are|\ does)?\b.*\b(?:price|cost|fee|charge)s?\b | \b(?:price|cost|fee)\ of\b
        | 多少钱 | 价格 | 什么价 | 几块 | 多少元 | 费用 | 收费(?!吗) | 运费(?:是)?多少""",
    "count": r"""
        \bhow\ (?:many|much|big|large|often)\b
        | \bwhat(?:'s|\ is)\ the\ (?:max|min|limit|maximum|minimum|weight|size|range|capacity)
        | 多少 | 几[个台次位人张件项] | 多大""",
    "when": r"""
        \bwhen\b | \bwhat\ (?:date|day|time|hours)\b | \b(?:opening|business|office)\ hours\b
        | 几点 | 什么时候 | 何时 | 哪[天年日] | 日期 | 营业时间""",
    "contact": r"\bphone | \bcall\ you\b | \be-?mail\b | \b(?:hotline|telephone)\b | 电话 | 邮箱 | 热线 | 邮件地址",
    "url": r"\bwebsite | \bweb\ ?page | \burl\b | \blink\b | 网址 | 链接 | 官网",
}
_ASKED = {kind: re.compile(pattern, re.IGNORECASE | re.VERBOSE) for kind, pattern in _PATTERNS.items()}
_WEIGHT = re.compile(r"\d\s*(?:lbs?|oz|ounces?|pounds|tons?|吨|斤)\b", re.IGNORECASE)
_DIMENSION = re.compile(r"\d\s*[x×]\s*\d|\d\s*(?:ft|feet|foot|\"|miles?)(?!\w)", re.IGNORECASE)
_DURATIONS = frozenset(("second", "minute", "hour", "day", "week", "month", "year"))
_CURRENCIES = frozenset(("EUR", "USD", "GBP", "CNY"))
_FREE = re.compile(r"\b(?:free|no (?:extra )?(?:charge|cost|fee)|at no)\b|免费|不收费|包邮", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)\+?\d[\d\s().-]{6,}\d")
_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\bdaily\b|周[一二三四五六日末]|星期|每天",
    re.IGNORECASE,
)
_FREQUENCY = re.compile(
    r"\b(?:once|twice|every|daily|weekly|monthly|immediately|instantly)\b|每|立即|当天|即时", re.I
)


@lru_cache(maxsize=256)
def asked(question: str) -> Asked:
    """The kind of fact that `question` asks for; `none` where it asks for none in particular."""
    return next((kind for kind, pattern in _ASKED.items() if pattern.search(question)), "none")


@lru_cache(maxsize=8192)
def gives(text: str, kind: Asked) -> bool:
    """Whether `text` states a fact of `kind`."""
    found = facts(text, with_names=False)
    units = {fact.unit for fact in found if fact.kind == "number"}
    kinds = {fact.kind for fact in found}
    stated = {
        "duration": bool(units & _DURATIONS) or _FREQUENCY.search(text) is not None,
        "money": bool(units & _CURRENCIES) or _FREE.search(text) is not None,
        "percent": "percent" in units,
        "temperature": bool(units & {"celsius", "fahrenheit"}),
        "count": "number" in kinds or _FREQUENCY.search(text) is not None,
        "when": bool(kinds & {"date", "time"} or units & _DURATIONS) or _DAY.search(text) is not None,
        "contact": "email" in kinds or _PHONE.search(text) is not None,
        "url": "url" in kinds,
        "weight": bool(units & {"kg", "g"}) or _WEIGHT.search(text) is not None,
        "length": bool(units & {"mm", "cm", "m", "km", "inch"}) or _DIMENSION.search(text) is not None,
        "storage": bool(units & {"GB", "MB", "TB"}),
        "none": False,
    }
    return stated[kind]
