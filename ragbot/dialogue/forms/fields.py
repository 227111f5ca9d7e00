"""The fields that an intent collects: what they look like, and where their values stand in a message.

A value is only ever what the customer's message holds, checked and in its normal form: dates as 2026-12-03, phone
numbers as +442079460000, numbers as plain decimals, yes or no, the name of an option. Home of phonenumbers (which
numbers exist in which country) and of regex (a company's pattern runs under a time limit). Knows nothing of the
conversation around.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final, Literal, get_args

from ragbot.dialogue.forms.codes import respelt
from ragbot.dialogue.forms.dates import Order, find_days
from ragbot.dialogue.forms.options import Option, matching_options
from ragbot.dialogue.forms.phrasing import yes_or_no

Kind = Literal["text", "pattern", "email", "phone", "date", "number", "choice", "yesno"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

LONGEST_MESSAGE: Final = 4000
"""Characters of a message that are read."""
LONGEST_TEXT: Final = 1000
"""Characters of a value of kind `text`."""
_PATTERN_SECONDS: Final = 0.1

_logger = logging.getLogger("ragbot")

_LATIN = "A-Za-z0-9\u00c0-\u024f"
_EMAIL = re.compile(
    rf"(?<![\w.+-])([A-Za-z0-9_+-][A-Za-z0-9.!#$%&'*/=?^_`{{|}}~+-]{{0,63}})@"
    rf"((?:[{_LATIN}](?:[{_LATIN}-]{{0,61}}[{_LATIN}])?\.)+[A-Za-z\u00c0-\u024f]{{2,63}})(?![A-Za-z0-9@])",
    re.ASCII,
)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−﹣", "-"))
_REGIONS = {
    "zh": "CN",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
    "nl": "NL",
    "ja": "JP",
    "ko": "KR",
    "pl": "PL",
}
_NUMBER_WORDS = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve".split(),
        ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"],
    )
    for number, word in enumerate(words)
} | {"两": 2}
_NUMBER = re.compile(
    r"(?<![\w.,/-])-?(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:[.,]\d{1,9})?(?![\d/]|[A-Za-z]*-?\d)|"
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b|"
    r"[零一二两三四五六七八九十](?=[个台件只套位份次张])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that the customer is asked for."""

    name: str
    kind: Kind
    ask: Mapping[str, str] = field(default_factory=dict)
    """The question in each language; empty: made from the label."""
    label: Mapping[str, str] = field(default_factory=dict)
    """What it is called: `order number`; empty: its name."""
    hint: str = ""
    """An example of a value: `A-1234`."""
    optional: bool = False
    """Whether the customer may leave it out. It is asked for only if it has a question of its own."""
    pattern: str = ""
    """Of kind `pattern`: the regular expression."""
    options: tuple[Option, ...] = ()
    """Of kind `choice`."""
    least: float | None = None
    most: float | None = None
    whole: bool = False
    """Of kind `number`: the limits, both included, and whether it has no fraction."""
    earliest: str = ""
    latest: str = ""
    """Of kind `date`: the limits, both included, as 2026-12-03 or `today`."""
    order: Order = ""
    """Of kind `date`: how 3/4/2026 is read; empty: the customer is asked where both readings exist."""
    regions: tuple[str, ...] = ()
    """Of kind `phone`: countries of numbers without a country code; empty: by the customer's language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A value of a field, or what is wrong with it, in `text[start:end]`."""

    start: int
    end: int
    value: str = ""
    """In its normal form; empty where there is a problem."""
    problem: str = ""
    """A key of `[form.en.reasons]`."""
    limit: str = ""
    """What the problem is measured against."""


def tidy(message: str) -> str:
    """A message as fields are searched in: NFKC, one kind of dash, without control characters, cut to length."""
    text = unicodedata.normalize("NFKC", message[:LONGEST_MESSAGE]).translate(_DASHES).replace("’", "'")
    plain = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)
    return plain.strip()


def find(field: Field, message: str, language: str, today: date, *, asked: bool = True) -> str | None:
    """The value of the field in the message, or None. With `asked`, the message is a reply to the question for it;
    without, only what cannot be taken for something else counts."""
    found = matches(field, tidy(message), language=language, today=today, asked=asked)
    return next((each.value for each in found if not each.problem), None)


def matches(field: Field, text: str, *, language: str, today: date, asked: bool) -> list[Match]:
    """The values of the field in a `tidy` text, in order, and what comes near one. Of a text that was not asked
    for, a free text and a bare number, yes or no are nothing."""
    if field.kind in ("text", "number", "yesno") and not asked:
        return []
    return list(_FINDERS[field.kind](field, text, _Where(language=language, today=today, asked=asked)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    language: str
    today: date
    asked: bool


def _texts(field: Field, text: str, where: _Where) -> Iterator[Match]:  # noqa: ARG001 - finders are called alike
    value = " ".join(text.split())
    if len(value) > LONGEST_TEXT:
        yield Match(start=0, end=len(text), problem="long", limit=str(LONGEST_TEXT))
    elif any(char.isalnum() for char in value):
        yield Match(start=0, end=len(text), value=value)


def _patterned(field: Field, text: str, where: _Where) -> Iterator[Match]:  # noqa: ARG001
    """As typed; else in capitals or in small letters, else with the signs of the hint between the groups, where the
    customer did not trouble."""
    compiled = _compiled(field.pattern)
    for spelling in (text, text.upper(), text.lower()):
        if len(spelling) != len(text):  # places would shift
            continue
        try:
            spans = [each.span() for each in compiled.finditer(spelling, timeout=_PATTERN_SECONDS)]
        except TimeoutError:
            _logger.warning("the pattern of field %s takes too long; simplify it", field.name)
            return
        if found := [Match(start=a, end=b, value=spelling[a:b]) for a, b in spans if b > a]:
            yield from found
            return
    for start, end, value in respelt(field.hint, text):
        if compiled.fullmatch(value):
            yield Match(start=start, end=end, value=value)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    """The regular expression, not within a longer word or number. Raises `regex.error`."""
    import regex

    return regex.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])")


def pattern_fault(pattern: str) -> str:
    """Why a company's pattern cannot be used; empty if it can."""
    import regex

    try:
        regex.compile(pattern)  # by itself: what is wrong in it must not be mended by what stands around it
        return "also fits nothing at all" if _compiled(pattern).fullmatch("") else ""
    except (regex.error, RecursionError, OverflowError) as error:
        return f"is no regular expression: {error}"


def is_region(code: str) -> bool:
    """Whether telephone numbers of that country are known: `US`."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS


def _emails(field: Field, text: str, where: _Where) -> Iterator[Match]:  # noqa: ARG001
    end = 0
    for match in _EMAIL.finditer(text):
        local, domain = match[1], match[2]
        if ".." not in local and not local.endswith(".") and len(domain) <= 253:
            yield Match(start=match.start(), end=match.end(), value=f"{local}@{domain.lower()}")
            end = match.end()
    if not end and (at := text.find("@")) >= 0 and where.asked:
        yield Match(start=at, end=at + 1, problem="incomplete_email")


def _phones(field: Field, text: str, where: _Where) -> Iterator[Match]:
    """Numbers that exist in one of the countries; of a reply to the question, also ones with a country code
    whose length is right there: the tables of a library age, and a customer knows the own number."""
    import phonenumbers

    regions = field.regions or ((_REGIONS[where.language],) if where.language in _REGIONS else ("US", "GB"))
    tries = [(phonenumbers.Leniency.VALID, region) for region in regions]
    if where.asked:
        tries.append((phonenumbers.Leniency.POSSIBLE, "ZZ"))  # no country: numbers with their code only
    for leniency, region in tries:
        found = [
            Match(
                start=each.start,
                end=each.end,
                value=phonenumbers.format_number(each.number, phonenumbers.PhoneNumberFormat.E164),
            )
            for each in phonenumbers.PhoneNumberMatcher(text, region, leniency)
        ]
        if found:
            yield from found
            return
    if where.asked and (near := re.search(r"\+?\d[\d ()/.-]{3,}\d", text, re.ASCII)):
        yield Match(start=near.start(), end=near.end(), problem="incomplete_phone")


def _dates(field: Field, text: str, where: _Where) -> Iterator[Match]:
    earliest, latest = (_limit(each, where.today) for each in (field.earliest, field.latest))
    prefer: Literal["future", "past"] = "past" if latest is not None and latest <= where.today else "future"
    for each in find_days(text, where.today, language=where.language, order=field.order, prefer=prefer):
        if each.day is None:
            yield Match(start=each.start, end=each.end, problem=each.problem)
        elif earliest is not None and each.day < earliest:
            yield Match(start=each.start, end=each.end, problem="early", limit=earliest.isoformat())
        elif latest is not None and each.day > latest:
            yield Match(start=each.start, end=each.end, problem="late", limit=latest.isoformat())
        else:
            yield Match(start=each.start, end=each.end, value=each.day.isoformat())


def _limit(text: str, today: date) -> date | None:
    if not text:
        return None
    return today if text == "today" else date.fromisoformat(text)


def _numbers(field: Field, text: str, where: _Where) -> Iterator[Match]:
    for match in _NUMBER.finditer(text):
        said = match.group().lower()
        number = float(_NUMBER_WORDS[said]) if said in _NUMBER_WORDS else _decimal(said, where.language)
        problem, limit = "", ""
        if field.whole and number != int(number):
            problem = "whole"
        elif field.least is not None and number < field.least:
            problem, limit = "small", plain_number(field.least)
        elif field.most is not None and number > field.most:
            problem, limit = "large", plain_number(field.most)
        value = "" if problem else plain_number(number)
        yield Match(start=match.start(), end=match.end(), value=value, problem=problem, limit=limit)


def _decimal(said: str, language: str) -> float:
    """`1,250.5`, and `1,5` where the language writes fractions with a comma or no thousands are meant."""
    if re.fullmatch(r"-?\d+,\d{1,9}", said) and (
        language not in ("en", "zh") or not re.search(r",\d{3}$", said)
    ):
        return float(said.replace(",", "."))
    return float(said.replace(",", ""))


def plain_number(number: float) -> str:
    """`3`, `2.5`: a decimal without exponent or needless zeros."""
    return f"{number:.9f}".rstrip("0").rstrip(".")


def _choices(field: Field, text: str, where: _Where) -> Iterator[Match]:
    found = matching_options(field.options, text, fuzzy=where.asked)
    if len({each.value for each in found}) > 1 and where.asked:
        yield Match(start=found[0].start, end=found[-1].end, problem="unclear")
        return
    for each in found[:1] if len({each.value for each in found}) == 1 else ():
        yield Match(start=each.start, end=each.end, value=each.value)


def _answers(field: Field, text: str, where: _Where) -> Iterator[Match]:  # noqa: ARG001
    answer = yes_or_no(text)
    if answer is not None:
        yield Match(start=0, end=len(text), value="yes" if answer else "no")


_FINDERS: Mapping[Kind, Callable[[Field, str, _Where], Iterator[Match]]] = {
    "text": _texts,
    "pattern": _patterned,
    "email": _emails,
    "phone": _phones,
    "date": _dates,
    "number": _numbers,
    "choice": _choices,
    "yesno": _answers,
}
