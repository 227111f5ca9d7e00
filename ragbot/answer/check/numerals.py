"""Numerals as people write them -> plain decimals: `1,299.00`, `1,5`, `twenty-one`, `一百二十`, `1.2万`."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

WORDS: Final = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1000,
    "million": 1_000_000,
}
_SCALES: Final = (100, 1000, 1_000_000)
_HAN_DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_HAN_SCALES: Final = {"万": 10_000, "亿": 100_000_000}
HAN_NUMERAL: Final = "零〇一二两三四五六七八九十百千万亿"
_DECIMAL_COMMA = re.compile(r"\d+,\d{1,2}")
_LONGEST: Final = 25
"""Digits of a number that is read as a decimal; a longer one is compared as it is written."""
_GROUPS = re.compile(r"[, \u00a0]")


def plain(value: Decimal) -> str:
    """Without exponent or trailing zeros."""
    return format(value.normalize(), "f")


def from_digits(text: str, scale: str = "") -> str:
    """`1,299.00` -> 1299, `1,5` -> 1.5, `1.2` and `万` -> 12000; `text` itself where it is no number."""
    written = text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else _GROUPS.sub("", text)
    if len(written) > _LONGEST:
        return written
    try:
        return plain(Decimal(written) * _HAN_SCALES.get(scale, _HAN_TENS.get(scale, WORDS.get(scale, 1))))
    except InvalidOperation:
        return text


def from_words(text: str) -> str:
    """`twenty-one` -> 21, `two hundred` -> 200."""
    total = current = 0
    for word in re.split(r"[\s-]+", text.lower()):
        value = WORDS.get(word, 0)
        if value in _SCALES:
            current = (current or 1) * value
            if value > 100:
                total, current = total + current, 0
        else:
            current += value
    return str(total + current)


def from_han(text: str) -> str:
    """`十四` -> 14, `一百二十` -> 120, `三万` -> 30000, `二零二五` -> 2025."""
    if not any(character in _HAN_TENS or character in _HAN_SCALES for character in text):
        return str(int("".join(str(_HAN_DIGITS[digit]) for digit in text)))
    total = section = digit = 0
    for character in text:
        if character in _HAN_DIGITS:
            digit = _HAN_DIGITS[character]
        elif character in _HAN_TENS:
            section += (digit or 1) * _HAN_TENS[character]
            digit = 0
        else:
            total = (total + section + digit or 1) * _HAN_SCALES[character]
            section = digit = 0
    return str(total + section + digit)
