"""Which of a form's fields a message fills: each stretch of the message belongs to one field at most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ragbot.dialogue.forms.fields import Field, Match, matches
from ragbot.dialogue.forms.phrasing import pattern
from ragbot.dialogue.intents.catalogue import in_language
from ragbot.text.words import content_terms

_RANK = {"pattern": 0, "email": 1, "phone": 2, "date": 3, "choice": 4, "number": 5, "yesno": 6, "text": 7}
"""The kinds, the most telling first."""
_WHOLE = ("yesno", "text")
"""Kinds that the message as a whole answers, whatever else stands in it."""
_COMMON = {
    "email": r"(?<![A-Za-z])e-?mail|邮箱|邮件",
    "phone": r"(?<![A-Za-z])(?:tele)?phone|(?<![A-Za-z])mobile|电话|手机",
    "date": r"(?<![A-Za-z])(?:day|date)(?![A-Za-z])|日期|日子",
}
"""What a field is called by its kind, whatever its label says."""
_CUE: Final = 30
"""Characters within which a field's name stands before its value."""
_OWN_WORDS: Final = 3
"""Words that a message must have beside other fields' values to be a text as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What the customer said, and when."""

    text: str
    """As `tidy` gives it."""
    language: str
    today: date


def label_of(field: Field, language: str) -> str:
    """What the customer reads for the field."""
    return in_language(field.label, language) or field.name.replace("_", " ")


def labels(field: Field) -> re.Pattern[str]:
    """All names of a field, in any language, as a pattern."""
    names = [each for each in field.label.values() if each] or [field.name.replace("_", " ")]
    spelt = (
        re.sub(r"e-?mail", "E-?MAIL", re.escape(each).replace(r"\-", "-"), flags=re.IGNORECASE)
        for each in names
    )
    return re.compile("|".join(rf"(?<![A-Za-z]){each}(?![A-Za-z])" for each in spelt), re.IGNORECASE)


def called(field: Field, text: str) -> list[re.Match[str]]:
    """Where the text names the field, by its label, else by its kind."""
    found = list(labels(field).finditer(text))
    if not found and field.kind in _COMMON:
        found = list(re.finditer(_COMMON[field.kind], text, re.IGNORECASE))
    return found


def cued(field: Field, text: str, match: Match) -> bool:
    """Whether the field's name stands shortly before the match."""
    return labels(field).search(text[max(0, match.start - _CUE) : match.start]) is not None


def denied(text: str, match: Match) -> bool:
    """Whether the customer names the value to say that it is not meant: "not A-1234 but B-77"."""
    return pattern("denied").search(text[max(0, match.start - _CUE) : match.start]) is not None


def overlaps(one: Match, others: Sequence[Match]) -> bool:
    return any(other.start < one.end and one.start < other.end for other in others)


def collected(
    fields: Sequence[Field], message: Message, *, asked: str
) -> tuple[dict[str, str], Match | None]:
    """Field -> value of those of `fields` that the message fills, and what is wrong with the value of the `asked`
    one. First the value whose field is named before it, then the field that was asked for, then the most telling."""
    found: dict[str, str] = {}
    taken: list[Match] = []
    problem: Match | None = None
    for field, match in _candidates(fields, message, asked):
        if field.name in found or (field.kind not in _WHOLE and overlaps(match, taken)):
            continue
        if match.problem:
            problem = problem or (match if field.name == asked else None)
        elif field.kind != "text" or not found or _own_words(message.text, taken):
            found[field.name] = match.value
            taken += [match] if field.kind not in _WHOLE else []
    return found, problem if asked not in found else None


def _candidates(fields: Sequence[Field], message: Message, asked: str) -> list[tuple[Field, Match]]:
    ranked = []
    for place, field in enumerate(fields):
        is_asked = field.name == asked
        found = matches(field, message.text, language=message.language, today=message.today, asked=is_asked)
        for match in found:
            if denied(message.text, match):
                continue
            whole, named = field.kind in _WHOLE, cued(field, message.text, match)
            rank = (
                whole,
                bool(match.problem),
                not named,
                not is_asked,
                _RANK[field.kind],
                place,
                match.start,
            )
            ranked.append((rank, field, match))
    return [(field, match) for _, field, match in sorted(ranked, key=lambda each: each[0])]


def _own_words(text: str, taken: Sequence[Match]) -> bool:
    rest = without(text, taken)
    return len(content_terms(rest, overlapping=False)) >= _OWN_WORDS


def without(text: str, taken: Sequence[Match]) -> str:
    """The text with blanks where the matches stand."""
    for each in taken:
        text = text[: each.start] + " " * (each.end - each.start) + text[each.end :]
    return text
