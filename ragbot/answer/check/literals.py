"""What must be found as it is written: addresses, phone numbers, versions, part numbers, quoted labels, names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragbot.answer.check.fact import Fact
from ragbot.answer.check.moments import MONTHS
from ragbot.answer.check.units import UNIT_OF
from ragbot.text.names import NAME
from ragbot.text.words import fold

_URL = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'，。；）】]+", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.+-])(?:(?:\+|00)\d{1,3}[\s().-]{0,2}|\(0?\d{2,4}\)[\s.-]?|0\d{2,4}[\s/-]|1[\s-]\d{3}-|400-)"
    r"\d[\d\s().-]{4,14}\d(?![A-Za-z0-9_-])|(?<![A-Za-z0-9_.-])\d{3}-\d{3,4}-\d{4}(?![A-Za-z0-9_])"
)
_VERSION = re.compile(
    r"(?<![A-Za-z0-9_.])(?:v(?:ersion)?\.?\s?)?(\d+(?:\.\d+){2,3}|(?<=v)\d+(?:\.\d+)+)(?![A-Za-z0-9_]|\.\d)",
    re.I,
)
_CODE = re.compile(
    r"(?<![A-Za-z0-9_@.-])(?=[A-Za-z0-9_.-]{0,40}\d)[A-Za-z]+[A-Za-z0-9_]*(?:[-.][A-Za-z0-9]+)*(?![A-Za-z0-9_])"
)
_QUOTED = re.compile(r'"([^"\n]{2,60})"|“([^”\n]{2,60})”|「([^」\n]{1,60})」|`([^`\n]{2,60})`')
_JOINTS = re.compile(r"[-_.]")


def literals(text: str) -> Iterator[Fact]:
    """URLs, e-mail addresses, phone numbers and versions, in the order in which they claim their characters."""
    for match in _URL.finditer(text):
        url = match.group().rstrip(".,;:!?、")
        value = re.sub(r"^https?://(www\.)?|^www\.", "", url.lower()).rstrip("/")
        yield Fact(kind="url", value=value, shown=url, start=match.start(), end=match.end())
    for match in _EMAIL.finditer(text):
        shown = match.group()
        yield Fact(
            kind="email", value=shown.lower().rstrip("."), shown=shown, start=match.start(), end=match.end()
        )
    for match in _VERSION.finditer(text):
        yield Fact(kind="version", value=match[1], shown=match.group(), start=match.start(), end=match.end())


def phones(text: str) -> Iterator[Fact]:
    """Phone numbers as digits, without the zeros and the plus in front."""
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group()).lstrip("0")
        if 7 <= len(digits) <= 15:
            shown = match.group().strip()
            yield Fact(kind="phone", value=digits, shown=shown, start=match.start(), end=match.end())


def codes(text: str) -> Iterator[Fact]:
    """Letters and digits in one word: part numbers, error codes, models."""
    for match in _CODE.finditer(text):
        value = _JOINTS.sub("", match.group().lower())
        yield Fact(kind="code", value=value, shown=match.group(), start=match.start(), end=match.end())


def quoted(text: str) -> Iterator[Fact]:
    """What stands in quotation marks is a label or somebody's words: to be found as it is."""
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group)
        yield Fact(
            kind="quoted",
            value=fold(inner).strip(" .,"),
            shown=match.group(),
            start=match.start(),
            end=match.end(),
        )


def named(text: str) -> Iterator[Fact]:
    """Capitalised names within sentences."""
    for match in NAME.finditer(text):
        folded = fold(match.group())
        if folded not in UNIT_OF and folded not in MONTHS:
            yield Fact(kind="name", value=folded, shown=match.group(), start=match.start(), end=match.end())
