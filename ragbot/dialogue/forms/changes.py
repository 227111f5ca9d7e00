"""What a message corrects of a form's values: "no, I meant B-77", "the e-mail is wrong", 不对，应该是B-77."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ragbot.dialogue.forms.fields import Field, Match, matches
from ragbot.dialogue.forms.phrasing import pattern, yes_or_no
from ragbot.dialogue.forms.reading import Message, called, cued, denied, overlaps, without
from ragbot.dialogue.intents.file import CONFIRM

_STRICT = ("pattern", "email", "phone")
"""Kinds whose values are told from all other words."""
_NEAR: Final = 14
"""Characters between a field's name and the word that calls it wrong."""
_SHORT: Final = 30
"""Characters of a message that calls the last value wrong without naming it."""
_POINTING = re.compile(
    r"\b(?:that|this|it|one|the|is|was|no|oh|sorry|i|a|made|s)\b|[不我这那个是写填输了说抱歉对起啊呀]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a message changes."""

    values: Mapping[str, str] = field(default_factory=dict)
    """Field -> its new value."""
    cleared: tuple[str, ...] = ()
    """Fields whose value is wrong, and no other was given."""
    rest: str = ""
    """The message without the new values."""

    @property
    def found(self) -> bool:
        return bool(self.values or self.cleared)


def changes(fields: Sequence[Field], values: Mapping[str, str], message: Message, *, asked: str) -> Changes:
    """What the message corrects of `values`, the newest value first. A second value of a kind that is asked for just
    now is that field's, unless the message says that it corrects."""
    given = [each for name in reversed([*values]) for each in fields if each.name == name and values[name]]
    open_field = next((each for each in fields if each.name == asked), None)
    new: dict[str, str] = {}
    taken: list[Match] = []
    for each in given:
        match = _new_value(each, values[each.name], message, taken, open_field, checking=asked == CONFIRM)
        if match is not None:
            new[each.name] = match.value
            taken.append(match)
    if new:
        return Changes(values=new, rest=without(message.text, taken))
    return Changes(cleared=_called_wrong(given, values, message, asked), rest=message.text)


def _new_value(
    changed: Field,
    old: str,
    message: Message,
    taken: Sequence[Match],
    open_field: Field | None,
    *,
    checking: bool,
) -> Match | None:
    if changed.kind in ("text", "yesno"):
        return None
    text = message.text
    marked = pattern("correction").search(text) is not None
    found = matches(changed, text, language=message.language, today=message.today, asked=True)
    fitting = [each for each in found if each.value and not overlaps(each, taken) and not denied(text, each)]
    fitting = [each for each in fitting if each.value != old]
    named = [each for each in fitting if cued(changed, text, each)]
    if named:
        return named[-1]
    if open_field is not None:
        if open_field.kind in (changed.kind, "text") and not marked:
            return None
        if any(cued(open_field, text, each) for each in fitting):
            return None
    strict = changed.kind in _STRICT
    meant = strict or ((marked or checking) and not pattern("question").search(text))
    alone = changed.kind != "number" or len(found) == 1
    return fitting[-1] if fitting and meant and alone else None


def _called_wrong(
    given: Sequence[Field], values: Mapping[str, str], message: Message, asked: str
) -> tuple[str, ...]:
    """The field that is said to be wrong, by its name, by its value, or as the last one that was given; where all
    are shown to be checked, it might be any."""
    text, wrong = message.text, pattern("wrong")
    if asked == CONFIRM and yes_or_no(text) is not True and not pattern("question").search(text):
        named = [each.name for each in given if called(each, text)]
        if named:
            return (named[0],)
    if not wrong.search(text):
        return ()
    for each in given:
        for name in called(each, text):
            around = (
                text[max(0, name.start() - _NEAR) : name.start()]
                + " | "
                + text[name.end() : name.end() + _NEAR]
            )
            if wrong.search(around):
                return (each.name,)
        if each.kind in _STRICT and values[each.name].casefold() in text.casefold():
            return (each.name,)
    last = given and asked != CONFIRM and len(text) <= _SHORT and _only_wrong(text)
    return (given[0].name,) if last else ()


def _only_wrong(text: str) -> bool:
    """Whether a short message says that something is wrong, and nothing of what."""
    rest = pattern("wrong").sub(" ", text)
    return not re.search(r"\w", _POINTING.sub(" ", rest))
