"""The state of a conversation as JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ragbot.errors import InputError
from ragbot.types import Form, Pending, State, to_plain


def dump_state(state: State) -> str:
    """JSON in ASCII."""
    return json.dumps(to_plain(state))


def load_state(text: str) -> State:
    """What `dump_state` wrote. Raises `InputError` where it is something else."""
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise InputError(f"the state of a conversation must be JSON: {error}") from error
    return state_of(plain)


def state_of(plain: Any) -> State:
    """The state that `Answer.to_dict()["state"]` holds. Raises `InputError` where it is something else."""
    known = _known(plain, State)
    form, pending, chosen = (known.pop(name, None) for name in ("form", "pending", "chosen"))
    try:
        return State(
            **known | {"moods": tuple(float(mood) for mood in known.get("moods", ()))},
            form=None if form is None else _form(form),
            pending=None if pending is None else _pending(pending),
            chosen=None if chosen is None else _pending(chosen),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"the state of a conversation cannot be read: {error}; leave it out") from error


def _form(plain: Any) -> Form:
    known = _known(plain, Form)
    return Form(**known | {"values": _texts(known.get("values", {}))})


def _pending(plain: Any) -> Pending:
    known = _known(plain, Pending)
    return Pending(**known | {"options": tuple(map(str, known.get("options", ())))})


def _texts(plain: Any) -> dict[str, str]:
    if not isinstance(plain, Mapping):
        raise TypeError("values are no mapping")
    return {str(name): str(value) for name, value in plain.items()}


def _known(plain: Any, kind: type[State | Form | Pending]) -> dict[str, Any]:
    """The fields of `plain`; those of a newer version are left out."""
    if not isinstance(plain, Mapping):
        raise InputError(f"the state of a conversation must be a mapping, not {type(plain).__name__}")
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in plain.items() if name in names}
