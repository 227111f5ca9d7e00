"""The company's intents: one TOML file -> frozen values. The file's form is told at the top of `builtin.toml`, the
set that ships with the package. Every mistake is found in one go and named with its line.

Knows nothing of how a message is told to belong to an intent, nor of what happens then.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

from ragbot.dialogue.forms.fields import Field
from ragbot.errors import SettingsError
from ragbot.types import to_plain

if TYPE_CHECKING:
    from ragbot.dialogue.classify.labelled import Labelled
    from ragbot.dialogue.intents.tables import Problems

Action = Literal["answer", "reply", "collect", "handoff"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

MOST_BYTES: Final = 5_000_000
MOST_INTENTS: Final = 1000
MOST_EXAMPLES: Final = 50_000
"""Of all intents together."""

_DEFAULT = "builtin.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One kind of request, and what to do about it."""

    name: str
    description: str = ""
    """One sentence; enough to know the intent by until there are examples."""
    examples: tuple[str, ...] = ()
    action: Action = "answer"
    """`answer` from the documents, give the fixed `reply`, `collect` the fields, or call a person: `handoff`."""
    reply: Mapping[str, str] = field(default_factory=dict)
    """Language -> text; `""` for all languages. Of `collect`: said when the fields are complete and there is no
    function; `{name}` stands for the value of a field."""
    fields: tuple[Field, ...] = ()
    function: str = ""
    """`package.module:name` of the company's function that gets the fields; empty: none, or given to the bot."""
    function_at: str = ""
    """Where the file names it: `intents.toml, line 12`."""
    min_confidence: float = 0.0
    """Least confidence, 0..1, with which a message is taken for this intent."""
    confirm: bool = False
    """Whether the customer is shown the fields and says yes before anything is done with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """All of them, in the order of the file."""

    intents: tuple[Intent, ...]
    signature: str
    """Hash of what they say: the same file has the same, comments and layout aside."""

    def get(self, name: str) -> Intent | None:
        """The intent of that name."""
        return next((each for each in self.intents if each.name == name), None)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in that language, else the one for all languages, the English one, or the first; empty: none."""
    for each in (language, "", "en"):
        if texts.get(each):
            return texts[each]
    return next(iter(texts.values()), "")


def filled(texts: Mapping[str, str], language: str, values: Mapping[str, str]) -> str:
    """A reply with `{name}` replaced by the value of each field, by nothing where it was left out."""
    text = in_language(texts, language)
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], ""), text)


def labelled(intents: Intents) -> tuple[Labelled, ...]:
    """What the classifier learns from."""
    from ragbot.dialogue.classify.labelled import Labelled

    return tuple(
        Labelled(name=each.name, description=each.description, examples=each.examples)
        for each in intents.intents
    )


def load_intents(path: Path | None = None) -> Intents:
    """The intents of the file; None: the default set.

    Raises `SettingsError` with one line for each mistake, or if the file cannot be read or is too large.
    """
    return _default() if path is None else _read(_text(path), path.name)


@lru_cache(maxsize=1)
def _default() -> Intents:
    text = files("ragbot.dialogue.intents").joinpath(_DEFAULT).read_text(encoding="utf-8")
    return _read(text, _DEFAULT)


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise SettingsError(
                f"intents file {path} has {size / 1e6:.1f} MB, more than {MOST_BYTES // 1_000_000}; "
                "leave out examples"
            )
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise SettingsError(
            f"intents file {path} cannot be read ({error.strerror}); correct dialogue.intents"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"intents file {path}, line {line}: is not UTF-8; save it again as UTF-8"
        ) from error


def _read(text: str, source: str) -> Intents:
    from ragbot.dialogue.intents.file import read_document
    from ragbot.dialogue.intents.positions import positions
    from ragbot.dialogue.intents.tables import Problems

    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = text.rstrip().count("\n") + 1
        place = str(error).replace("at end of document", f"at the end, line {last}")
        raise SettingsError(f"intents file {source} is no TOML: {place}") from error
    except RecursionError as error:
        raise SettingsError(f"intents file {source} is nested too deeply; flatten it") from error
    tables = sum(isinstance(value, dict) for value in plain.values())
    if tables > MOST_INTENTS:
        raise SettingsError(
            f"intents file {source} has {tables} intents, more than {MOST_INTENTS}; join some"
        )
    problems = Problems(positions(text))
    own, taken = read_document(plain, source, problems)
    examples = sum(len(intent.examples) for intent in own)
    if examples > MOST_EXAMPLES:
        raise SettingsError(
            f"intents file {source} has {examples} examples, more than {MOST_EXAMPLES}; leave some out"
        )
    intents = (*own, *(_builtin(taken, own, problems) if taken else ()))
    if not intents and not problems:
        raise SettingsError(f"intents file {source} has no intents; write one, or leave out dialogue.intents")
    if problems:
        raise SettingsError(
            "\n".join((f"intents file {source} has {len(problems)} mistakes:", *problems.lines()))
        )
    return Intents(intents=intents, signature=_signature(intents))


def _builtin(taken: bool | tuple[str, ...], own: Iterable[Intent], problems: Problems) -> list[Intent]:
    """The intents of the default set that the file takes over, without those that it has itself and without
    examples that it gives to others."""
    default = _default()
    named = {intent.name for intent in own}
    said = {spelling(example) for intent in own for example in intent.examples}
    if not isinstance(taken, bool):
        for number, name in enumerate(taken):
            if default.get(name) is None:
                known = ", ".join(each.name for each in default.intents)
                problems.add(("builtin", number), f"there is no built-in intent {name!r}; there are {known}")
    return [
        replace(each, examples=tuple(text for text in each.examples if spelling(text) not in said))
        for each in default.intents
        if each.name not in named and (taken is True or (not isinstance(taken, bool) and each.name in taken))
    ]


def spelling(example: str) -> str:
    """What two spellings of the same sentence share: its letters and digits, in small letters."""
    return " ".join(re.findall(r"\w+", example.casefold()))


def _signature(intents: tuple[Intent, ...]) -> str:
    plain = [to_plain(replace(intent, function_at="")) for intent in intents]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode("ascii")).hexdigest()
