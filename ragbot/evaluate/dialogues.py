"""Conversations with what is expected after each turn: read from YAML, replayed, and held against the answers.

    - name: a return, then the same for Europe
      profile: {region: US}
      turns:
        - user: How long can I return a hub?
          status: answered
          says: [30 days]
          cites: returns-us-2025
        - user: And in Europe?
          says: [45 days]
          restart: true

Knows nothing of bots: what is asked is a parameter.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

import yaml

from ragbot.errors import InputError, TestsetError
from ragbot.types import Answer, Profile, Status, to_plain

_STATUSES: tuple[str, ...] = get_args(Status)
_MOST_BYTES = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One message and what its answer must be; what is not named may be anything."""

    user: str
    status: str = ""
    intent: str = ""
    says: tuple[str, ...] = ()
    """Texts that the answer holds, whatever their case."""
    lacks: tuple[str, ...] = ()
    """Texts that it must not hold."""
    cites: tuple[str, ...] = ()
    """Parts of the names of sources, each cited at least once."""
    options: tuple[str, ...] = ()
    """What it offers, in order; a part of each is enough."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What `Answer.to_dict()["state"]` holds, or part of it."""
    handover: Mapping[str, Any] | None = None
    """What the packet holds, or part of it; None: there must be none where the status is another than handoff."""
    restart: bool = False
    """Whether the bot is closed and opened before this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """A conversation."""

    name: str
    turns: tuple[Expected, ...]
    profile: Profile | None = None


Ask = Callable[[Dialogue, Expected], Answer]
"""Asks one message in the session of its dialogue, whose turns come in order."""


def load_dialogues(path: str | os.PathLike[str]) -> list[Dialogue]:
    """The dialogues of a YAML file, in order.

    Raises `InputError` if the file cannot be read, `TestsetError` with one problem for each wrong entry.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"dialogues {file} has more than {_MOST_BYTES // 1_000_000} MB; split it")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"dialogues {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"dialogues {file} is not UTF-8: {error}") from error
    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TestsetError(f"dialogues {file} is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise TestsetError(f"dialogues {file} is nested too deeply") from error
    if not isinstance(plain, list) or not plain:
        raise TestsetError(f"dialogues {file} must be a list of dialogues, each with `name` and `turns`")
    problems: list[str] = []
    dialogues = [
        each for number, entry in enumerate(plain, 1) if (each := _dialogue(entry, number, problems))
    ]
    names = [each.name for each in dialogues]
    problems += [
        f"dialogue {name!r}: the name is used twice" for name in sorted({*names}) if names.count(name) > 1
    ]
    if problems:
        raise TestsetError(f"dialogues {file} has {len(problems)} wrong entries:", problems=tuple(problems))
    return dialogues


def replay(dialogue: Dialogue, ask: Ask) -> list[str]:
    """Ask turn by turn; one line for each expectation that does not hold."""
    problems: list[str] = []
    for number, turn in enumerate(dialogue.turns, 1):
        answer = ask(dialogue, turn)
        wrong = differences(turn, answer)
        problems += [f"{dialogue.name}, turn {number} ({turn.user[:60]}): {each}" for each in wrong]
    return problems


def differences(turn: Expected, answer: Answer) -> list[str]:
    """What the answer has otherwise than expected, one line each."""
    wrong: list[str] = []
    text, cited = _folded(answer.text), [citation.source for citation in answer.citations]
    if turn.status and answer.status != turn.status:
        wrong.append(f"status is {answer.status} ({answer.reason}), not {turn.status}: {answer.text[:200]!r}")
    if turn.intent and answer.understanding.intent != turn.intent:
        wrong.append(f"intent is {answer.understanding.intent}, not {turn.intent}")
    wrong += [
        f"does not say {each!r}: {answer.text[:200]!r}" for each in turn.says if _folded(each) not in text
    ]
    wrong += [f"says {each!r}: {answer.text[:200]!r}" for each in turn.lacks if _folded(each) in text]
    wrong += [f"cites {cited}, not {each!r}" for each in turn.cites if not any(each in s for s in cited)]
    if turn.options and not _offers(answer.options, turn.options):
        wrong.append(f"offers {list(answer.options)}, not {list(turn.options)}")
    wrong += _lacking(turn.state, to_plain(answer.state), "state")
    if turn.handover is not None:
        wrong += _lacking(turn.handover, to_plain(answer.handover), "handover")
    elif answer.handover is not None and turn.status not in ("", "handoff"):
        wrong.append(f"is handed over ({answer.handover.trigger})")
    return wrong


def _offers(options: Sequence[str], expected: Sequence[str]) -> bool:
    pairs = zip(options, expected, strict=False)
    return len(options) == len(expected) and all(_folded(part) in _folded(whole) for whole, part in pairs)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _lacking(expected: Any, found: Any, where: str) -> list[str]:
    """Where `found` lacks what `expected` holds; mappings are compared by the keys that are expected."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [
            line
            for key, value in expected.items()
            for line in _lacking(value, found.get(key), f"{where}.{key}")
        ]
    return [] if expected == found else [f"{where} is {found!r}, not {expected!r}"]


def _dialogue(plain: Any, number: int, problems: list[str]) -> Dialogue | None:
    name = str(plain.get("name") or "") if isinstance(plain, Mapping) else ""
    where = f"dialogue {number}" + (f" ({name})" if name else "")
    if not isinstance(plain, Mapping) or not name or not isinstance(plain.get("turns"), list):
        problems.append(f"{where}: needs `name` and a list of `turns`")
        return None
    before = len(problems)
    problems += [f"{where}: unknown key {key!r}" for key in plain if key not in ("name", "turns", "profile")]
    turns = [_expected(turn, f"{where}, turn {at}", problems) for at, turn in enumerate(plain["turns"], 1)]
    if not turns:
        problems.append(f"{where}: has no turns")
    profile = _profile(plain.get("profile"), where, problems)
    if len(problems) > before:
        return None
    return Dialogue(name=name, turns=tuple(turn for turn in turns if turn), profile=profile)


def _profile(plain: Any, where: str, problems: list[str]) -> Profile | None:
    if plain is None:
        return None
    known = {each.name for each in fields(Profile)}
    if not isinstance(plain, Mapping) or not set(plain) <= known:
        problems.append(f"{where}: `profile` may have {', '.join(sorted(known))}")
        return None
    values: dict[str, Any] = {key: str(value) for key, value in plain.items() if key != "products"}
    return Profile(**values, products=_texts(plain.get("products", ())))


def _texts(value: Any) -> tuple[str, ...]:
    """One text, or a list of them; YAML's numbers are written out."""
    if value is None:
        return ()
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else (str(value),)


def _expected(plain: Any, where: str, problems: list[str]) -> Expected | None:
    if not isinstance(plain, Mapping) or not isinstance(plain.get("user"), str):
        problems.append(f"{where}: needs `user`, the message, as a text")
        return None
    known = {each.name for each in fields(Expected)}
    wrong = [f"{where}: unknown key {key!r}" for key in plain if key not in known]
    if plain.get("status", "") not in ("", *_STATUSES):
        wrong.append(f"{where}: status {plain['status']!r} is none of {', '.join(_STATUSES)}")
    wrong += [
        f"{where}: `{key}` must be a mapping"
        for key in ("state", "handover")
        if not isinstance(plain.get(key, {}), Mapping)
    ]
    problems += wrong
    if wrong:
        return None
    lists = {key: _texts(plain.get(key)) for key in ("says", "lacks", "cites", "options")}
    return Expected(**{**plain, **lists})
