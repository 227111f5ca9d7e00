"""Fields collected over several messages: what a message fills, corrects, cancels or leaves open, and what is said.

Pure functions over `Form`: the same form, message and day give the same step. A value is only ever what stands in
the customer's messages. Knows nothing of search, of functions, or of where a form is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from ragbot.dialogue.forms.changes import Changes, changes
from ragbot.dialogue.forms.fields import Field, Match, tidy
from ragbot.dialogue.forms.options import matching_options
from ragbot.dialogue.forms.phrasing import is_all, own_language, pattern, phrase, reason, yes_or_no
from ragbot.dialogue.forms.reading import Message, collected, label_of
from ragbot.dialogue.intents.catalogue import Intent, in_language
from ragbot.dialogue.intents.file import CONFIRM
from ragbot.types import Form

PATIENCE: Final = 3
"""Replies in a row that could not be used before the form is given up."""

StepKind = Literal["ask", "invalid", "corrected", "cancelled", "complete", "digression", "gave_up"]
_SOFT = ("text", "choice", "date", "number", "yesno")
"""Kinds whose values also stand in questions: "How much is express?"."""
_SINGLE = re.compile(r"\W*(?:[A-Za-z']+|[\u3400-\u9fff]{1,2})\W*")
"""One word asks what is meant, nothing else: "what?"."""
_WISH = re.compile(
    r"\W*(?:(?:yes|ok(?:ay)?|just|please|now|then)\b\W*)*cancel"
    r"(?:\W+(?:it|this|that|(?:the|my) order|now|then|please))*\W*"
    r"|\W*(?:是的?|请|帮我|就)*取消(?:它|这个|订单|吧|了|一下)*\W*",
    re.IGNORECASE,
)
"""Where cancelling is what the customer came for, these words are no more than that."""
_LONGER = re.compile(r"(?:\W*[A-Za-z0-9']+){3}|\W*[\u3400-\u9fff]{5}")
"""Three words, five Chinese characters, or more; what is shorter asks whether a value will do: "Friday?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a message did to a form, and what the customer is told."""

    kind: StepKind
    form: Form | None = None
    """The form as it goes on; None where it has ended."""
    text: str = ""
    """Empty where something else is said: the function's result, the answer to a digression."""
    options: tuple[str, ...] = ()
    """What the customer may choose from."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Field -> value, of those that the customer gave so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """One message to one form."""

    intent: Intent
    message: Message
    patience: int

    @property
    def language(self) -> str:
        return self.message.language


def begin(intent: Intent, message: str, *, language: str, today: date) -> Step:
    """The first step: the fields that the message fills already, and the question for the next (`ask`), or
    `complete`."""
    said = Message(text=tidy(message), language=language, today=today)
    found, _ = collected(intent.fields, said, asked="")
    return _onwards(found, _Talk(intent=intent, message=said, patience=PATIENCE), "ask")


def step(
    form: Form, intent: Intent, message: str, *, language: str, today: date, patience: int = PATIENCE
) -> Step:
    """What `message` does to a form that is under way.

    `ask`: a value was taken, the next is asked for; `invalid`: nothing could be used, the text says why;
    `corrected`: a value given before was changed; `cancelled`; `complete`: every value is there; `digression`: a
    question of another kind, which leaves the form as it is; `gave_up`: `patience` replies in a row were of no use.
    """
    said = Message(text=tidy(message), language=language, today=today)
    talk = _Talk(intent=intent, message=said, patience=patience)
    known = {each.name for each in intent.fields}
    values = {name: value for name, value in form.values.items() if name in known}
    aside = _set_aside(form, values, talk)
    if aside is not None:
        return aside
    changed = changes(intent.fields, values, said, asked=form.asked)
    if changed.found:
        return _change(form, values, changed, talk)
    if form.asked == CONFIRM:
        return _checked(form, values, talk)
    unfilled = [each for each in intent.fields if each.name not in values]
    found, problem = collected(unfilled, said, asked=form.asked)
    if _digresses(found, talk):
        return Step(kind="digression", form=form, values=_given(values))
    if found:
        return _onwards(values | found, talk, "ask")
    return _unusable(form, values, problem, talk)


def ask_again(form: Form, intent: Intent, *, language: str) -> Step:
    """The question that is open, asked once more after a digression: "Back to your request. ..."."""
    open_field = _asked(form, intent)
    if open_field is None:
        text, options = _confirmation(form.values, intent, language)
    else:
        text, options = _question(open_field, language)
    return Step(
        kind="ask",
        form=form,
        text=phrase("back", language, ask=text),
        options=options,
        values=_given(form.values),
    )


def _given(values: Mapping[str, str]) -> dict[str, str]:
    """Without the fields that the customer left out."""
    return {name: value for name, value in values.items() if value}


def _asked(form: Form, intent: Intent) -> Field | None:
    return next((each for each in intent.fields if each.name == form.asked), None)


def _set_aside(form: Form, values: dict[str, str], talk: _Talk) -> Step | None:
    """The step where the customer drops the form, or a field that may be left out."""
    if _cancels(form, talk):
        return Step(kind="cancelled", text=phrase("cancelled", talk.language), values=_given(values))
    asked = _asked(form, talk.intent)
    if asked is not None and asked.optional and is_all("skip", talk.message.text):
        return _onwards(values | {asked.name: ""}, talk, "ask")
    return None


def _cancels(form: Form, talk: _Talk) -> bool:
    """Whether the message calls the form off. Where cancelling is what the customer came for, the bare word is no
    more than the wish itself; "not needed" may be the answer that was asked for, and "I changed my mind" a reason."""
    text = talk.message.text
    asked = _asked(form, talk.intent)
    if asked is not None and asked.kind == "choice" and matching_options(asked.options, text, fuzzy=False):
        return False
    if not is_all("cancel", text):
        return is_all("mind", text) and (asked is None or asked.kind != "text")
    if asked is not None and is_all("skip", text) and (asked.optional or asked.kind == "yesno"):
        return False
    return not ("cancel" in talk.intent.name and _WISH.fullmatch(text))


def _digresses(found: Mapping[str, str], talk: _Talk) -> bool:
    """Whether the message asks something instead of answering. A value in it that may well belong to the question
    does not count, unless the question is a request: "Could it be express?"."""
    text = talk.message.text
    if not pattern("question").search(text) or _SINGLE.fullmatch(text):
        return False
    kinds = {each.kind for each in talk.intent.fields if each.name in found}
    if kinds - {*_SOFT}:
        return False
    asks = "text" in kinds or (_LONGER.match(text) is not None and not pattern("request").search(text))
    return not found or (asks and not kinds <= {"yesno"})


def _change(form: Form, values: dict[str, str], changed: Changes, talk: _Talk) -> Step:
    """The corrected fields, and whatever else the message fills."""
    remaining = {name: value for name, value in values.items() if name not in changed.cleared}
    corrected = {**remaining, **changed.values}
    rest = Message(text=changed.rest, language=talk.language, today=talk.message.today)
    unfilled = [
        each for each in talk.intent.fields if each.name not in values and each.kind not in ("text", "yesno")
    ]
    found, _ = collected(unfilled, rest, asked=form.asked)
    return _onwards(corrected | found, talk, "corrected", noted=changed.values)


def _checked(form: Form, values: dict[str, str], talk: _Talk) -> Step:
    """The reply to "Is that right?"."""
    text = talk.message.text
    answer = yes_or_no(text)
    if answer is True and not pattern("wrong").search(text):
        return Step(kind="complete", values=_given(values))
    if answer is None and pattern("question").search(text) and not _SINGLE.fullmatch(text):
        return Step(kind="digression", form=form, values=_given(values))
    failures = form.failures + 1
    if failures >= talk.patience:
        return Step(kind="gave_up", text=phrase("gave_up", talk.language), values=_given(values))
    again = Form(intent=form.intent, values=form.values, asked=CONFIRM, failures=failures)
    if answer is None:
        question, options = _confirmation(values, talk.intent, talk.language)
        return Step(kind="invalid", form=again, text=question, options=options, values=_given(values))
    return Step(kind="ask", form=again, text=phrase("what_else", talk.language), values=_given(values))


def _onwards(
    values: Mapping[str, str],
    talk: _Talk,
    kind: Literal["ask", "corrected"],
    *,
    noted: Mapping[str, str] | None = None,
) -> Step:
    """The next question, or the end."""
    intent, language = talk.intent, talk.language
    lead = phrase("noted", language, filled=_shown(noted, intent, language)) + " " if noted else ""
    missing = [each for each in intent.fields if each.name not in values and (each.ask or not each.optional)]
    if missing:
        text, options = _question(missing[0], language)
        asked = missing[0].name
    elif intent.confirm:
        text, options = _confirmation(values, intent, language)
        asked, lead = CONFIRM, ""
    else:
        return Step(kind="complete", values=_given(values))
    form = Form(intent=intent.name, values=dict(values), asked=asked)
    return Step(
        kind=kind, form=form, text=_joined(lead + text, language), options=options, values=_given(values)
    )


def _unusable(form: Form, values: dict[str, str], problem: Match | None, talk: _Talk) -> Step:
    asked, language = _asked(form, talk.intent), talk.language
    if asked is None:  # the intent has changed since the form began
        return _onwards(values, talk, "ask")
    failures = form.failures + 1
    if failures >= talk.patience:
        if asked.optional:
            return _onwards(values | {asked.name: ""}, talk, "ask")
        return Step(kind="gave_up", text=phrase("gave_up", language), values=_given(values))
    if problem is not None:
        why = reason(problem.problem, language, limit=problem.limit)
    elif asked.hint:
        why = reason("missing_hint", language, hint=asked.hint)
    else:
        why = reason("unclear" if asked.kind == "choice" else "missing", language)
    question, options = _question(asked, language)
    again = Form(intent=form.intent, values=form.values, asked=form.asked, failures=failures)
    text = _joined(phrase("invalid", language, reason=why, ask=question), language)
    return Step(kind="invalid", form=again, text=text, options=options, values=_given(values))


def _question(asked: Field, language: str) -> tuple[str, tuple[str, ...]]:
    """What is said to ask for the field, and the options it offers."""
    label = label_of(asked, language)
    options: tuple[str, ...] = ()
    if asked.kind == "choice":
        options = tuple(each.named(language) for each in asked.options)
        among = phrase("among", language).join(
            [phrase("list", language).join(options[:-1]), options[-1]] if len(options) > 1 else options
        )
        text = in_language(asked.ask, language) or phrase("ask_choice", language, options=among)
    elif asked.kind == "yesno":
        options = (phrase("yes", language), phrase("no", language))
        text = in_language(asked.ask, language) or phrase("ask_yesno", language, label=label)
    else:
        text = in_language(asked.ask, language) or phrase("ask", language, label=label)
    return text + (phrase("skippable", language) if asked.optional else ""), options


def _confirmation(values: Mapping[str, str], intent: Intent, language: str) -> tuple[str, tuple[str, ...]]:
    text = phrase("confirm", language, filled=_shown(_given(values), intent, language))
    return text, (phrase("yes", language), phrase("no", language))


def _shown(values: Mapping[str, str] | None, intent: Intent, language: str) -> str:
    """`order number: A-1234; delivery: Express`, in the order of the intent's fields."""
    pairs = [
        phrase(
            "pair", language, label=label_of(each, language), value=_value(each, values[each.name], language)
        )
        for each in intent.fields
        if values and each.name in values
    ]
    return phrase("between", language).join(pairs)


def _value(shown: Field, value: str, language: str) -> str:
    """As the customer reads it."""
    if shown.kind == "yesno":
        return phrase(value, language)
    return next((each.named(language) for each in shown.options if each.value == value), value)


def _joined(text: str, language: str) -> str:
    """Chinese has no blank after a full stop."""
    return text.replace("。 ", "。").strip() if own_language(language) == "zh" else text.strip()
