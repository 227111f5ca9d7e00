"""What an intents file may hold: each table is checked and made an `Intent`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from ragbot.dialogue.forms.fields import KINDS, Field, is_region, pattern_fault
from ragbot.dialogue.forms.options import Option
from ragbot.dialogue.intents.catalogue import ACTIONS, Intent, spelling
from ragbot.dialogue.intents.tables import LANGUAGE, Problems, Table, is_texts

LONGEST_EXAMPLE: Final = 1000
CONFIRM: Final = "confirm"
"""What `Form.asked` is while the customer checks the fields; no field may have that name."""

_RESERVED = ("question", "smalltalk", "handoff")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_INTENT_KEYS = (
    "description",
    "examples",
    "action",
    "reply",
    "fields",
    "function",
    "min_confidence",
    "confirm",
)
_FIELD_KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("type", "ask", "label", "hint", "optional"),
    "pattern": ("pattern",),
    "phone": ("regions",),
    "date": ("earliest", "latest", "order"),
    "number": ("least", "most", "whole"),
    "choice": ("options",),
}
_FUNCTION = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def read_document(
    plain: Mapping[str, Any], source: str, problems: Problems
) -> tuple[list[Intent], bool | tuple[str, ...]]:
    """The file's own intents, and which of the default set it takes over: all, none, or these."""
    taken = plain.get("builtin", False)
    if not isinstance(taken, bool) and not is_texts(taken):
        problems.add(("builtin",), "`builtin` must be true, false, or a list of names")
        taken = False
    intents = []
    for name, table in plain.items():
        if (
            name == "intents"
            and isinstance(table, Mapping)
            and any(isinstance(v, Mapping) for v in table.values())
        ):
            problems.add((name, *list(table)[:1]), "an intent begins with a line [NAME], not [intents.NAME]")
        elif isinstance(table, Mapping):
            intents.append(_intent(name, table, source, problems))
        elif name != "builtin":
            problems.add((name,), f"`{name}` is no table; an intent begins with a line [{name}]")
    _duplicates(intents, problems)
    return intents, taken if isinstance(taken, bool) else tuple(taken)


def _duplicates(intents: Iterable[Intent], problems: Problems) -> None:
    first: dict[str, tuple[str, int]] = {}
    for intent in intents:
        for number, example in enumerate(intent.examples):
            path = (intent.name, "examples", number)
            name, line = first.setdefault(spelling(example), (intent.name, problems.at(path)))
            if name != intent.name:
                problems.add(path, f"[{intent.name}] the example {example!r} is in [{name}] too, line {line}")


def _intent(name: str, table: Mapping[str, Any], source: str, problems: Problems) -> Intent:
    check = Table((name,), f"[{name}]", table, problems)
    if name in _RESERVED or not _NAME.fullmatch(name):
        rule = "is a name of ragbot's own" if name in _RESERVED else "needs small letters, digits and _"
        check.wrong((), f"the name {rule}; choose another")
    check.keys(_INTENT_KEYS)
    function = check.text("function")
    intent = Intent(
        name=name,
        description=check.text("description"),
        examples=check.texts("examples", longest=LONGEST_EXAMPLE),
        action=check.one_of("action", ACTIONS, "answer"),
        reply=check.languages("reply"),
        fields=tuple(_fields(check, problems)),
        function=function,
        function_at=f"{source}, line {problems.at((name, 'function'))}" if function else "",
        min_confidence=check.number("min_confidence", least=0, most=1) or 0.0,
        confirm=check.flag("confirm"),
    )
    _coherent(intent, table, check)
    return intent


def _coherent(intent: Intent, table: Mapping[str, Any], check: Table) -> None:
    """What the keys demand of one another."""
    if not intent.examples and not intent.description and "examples" not in table:
        check.wrong((), "has neither examples nor a description")
    if intent.function and not _FUNCTION.fullmatch(intent.function):
        check.wrong(("function",), f"`function` must be package.module:name, not {intent.function!r}")
    if intent.action == "collect":
        if not table.get("fields"):
            check.wrong(("action",), 'action "collect" needs fields: add [' + intent.name + ".fields.NAME]")
        names = {field.name for field in intent.fields}
        for language, text in intent.reply.items():
            for unknown in [each for each in re.findall(r"\{(\w+)\}", text) if each not in names]:
                check.wrong(("reply", language), f"`reply` names the field {{{unknown}}}, which there is not")
    else:
        for key in ("fields", "function", "confirm"):
            if table.get(key):
                check.wrong((key,), f'`{key}` needs action = "collect"')
    if intent.action == "reply" and "reply" not in table:
        check.wrong(("action",), 'action "reply" needs `reply`, its text')
    if intent.action not in ("reply", "collect") and intent.reply:
        check.wrong(("reply",), f'`reply` is not said with action "{intent.action}"')


def _fields(check: Table, problems: Problems) -> Iterator[Field]:
    tables = check.table.get("fields", {})
    if not isinstance(tables, Mapping):
        check.wrong(("fields",), f"fields must be tables: [{check.path[0]}.fields.NAME]")
        return
    for name, table in tables.items():
        where = f"[{check.path[0]}.fields.{name}]"
        path = (*check.path, "fields", name)
        if not isinstance(table, Mapping):
            problems.add(path, f"{where} must be a table with `type`")
            continue
        inner = Table(path, where, table, problems)
        if name == CONFIRM or not _NAME.fullmatch(name):
            rule = "is a name of ragbot's own" if name == CONFIRM else "needs small letters, digits and _"
            inner.wrong((), f"the name {rule}; choose another")
        yield _field(name, inner)


def _field(name: str, check: Table) -> Field:
    kind = check.one_of("type", KINDS, "text")
    if "type" not in check.table:
        check.wrong((), f"has no `type`; it is one of {', '.join(KINDS)}")
    elsewhere = {key for keys in _FIELD_KEYS.values() for key in keys}
    check.keys((*_FIELD_KEYS[""], *_FIELD_KEYS.get(kind, ())), others=elsewhere)
    field = Field(
        name=name,
        kind=kind,
        ask=check.languages("ask"),
        label=check.languages("label"),
        hint=check.text("hint"),
        optional=check.flag("optional"),
    )
    if kind == "pattern":
        field = replace(field, pattern=_expression(check))
    elif kind == "choice":
        field = replace(field, options=_options(check))
    elif kind == "number":
        least, most = check.number("least"), check.number("most")
        if least is not None and most is not None and least > most:
            check.wrong(("least",), "`least` is above `most`")
        field = replace(field, least=least, most=most, whole=check.flag("whole"))
    elif kind == "date":
        field = replace(
            field,
            earliest=_limit(check, "earliest"),
            latest=_limit(check, "latest"),
            order=check.one_of("order", ("", "dmy", "mdy"), ""),
        )
    elif kind == "phone":
        field = replace(field, regions=_regions(check))
    return field


def _expression(check: Table) -> str:
    pattern = check.text("pattern")
    if not pattern:
        check.wrong(("pattern",), "needs `pattern`, a regular expression")
    elif fault := pattern_fault(pattern):
        check.wrong(("pattern",), f"`pattern` {fault}")
    return pattern


def _options(check: Table) -> tuple[Option, ...]:
    plain = check.table.get("options", [])
    if is_texts(plain) and all(each.strip() for each in plain):
        options = [Option(value=each) for each in plain]
    elif isinstance(plain, Mapping):
        options = [_option(value, each, check) for value, each in plain.items()]
    else:
        check.wrong(
            ("options",), "`options` must be a list of texts, or a table of option = [its other names]"
        )
        return ()
    if len(options) < 2:
        check.wrong(("options",), "a choice needs `options`, two or more")
    names: dict[str, str] = {}
    for option in options:
        for name in (option.value, *option.label.values(), *option.also):
            other = names.setdefault(spelling(name), option.value)
            if other != option.value:
                check.wrong(("options", option.value), f"{name!r} means both {other!r} and {option.value!r}")
    return tuple(options)


def _option(value: str, plain: Any, check: Table) -> Option:
    """`small = ["little", "S"]` or `small = { en = "Small", zh = "小号", also = ["little"] }`."""
    if is_texts(plain):
        return Option(value=value, also=tuple(plain))
    if isinstance(plain, Mapping):
        also = plain.get("also", [])
        label = {key: text for key, text in plain.items() if key != "also"}
        if is_texts(also) and is_texts([*label.values()]) and all(map(LANGUAGE.fullmatch, label)):
            return Option(value=value, label=label, also=tuple(also))
    check.wrong(("options", value), 'an option is a list of its other names, or { en = "...", also = [...] }')
    return Option(value=value)


def _limit(check: Table, key: str) -> str:
    value = check.table.get(key, "")
    if isinstance(value, date):
        return value.isoformat()[:10]
    if value in ("", "today"):
        return str(value)
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        check.wrong((key,), f'`{key}` must be a day such as 2026-12-03, or "today"')
        return ""


def _regions(check: Table) -> tuple[str, ...]:
    regions = check.texts("regions", longest=2)
    for number, region in enumerate(regions):
        if not is_region(region):
            check.wrong(("regions", number), f'{region!r} is no country code such as "US"')
    return regions
