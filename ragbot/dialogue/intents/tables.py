"""Tables of a TOML file whose values are taken out by type; each mistake is kept with its line, and all are told at
once. Knows nothing of what the tables are for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from ragbot.dialogue.intents.positions import Path

_T = TypeVar("_T")
_Word = TypeVar("_Word", bound=str)

LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
"""A language code, ISO 639."""


class Problems:
    """Mistakes with their lines."""

    def __init__(self, positions: Mapping[Path, int]) -> None:
        self._positions = positions
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def at(self, path: Path) -> int:
        """The line of that path, or of the nearest table around it."""
        while path and path not in self._positions:
            path = path[:-1]
        return self._positions.get(path, 1)

    def add(self, path: Path, message: str) -> None:
        self._found.append((self.at(path), message))

    def lines(self) -> list[str]:
        """In the order of the file."""
        return [
            f"  line {line}: {message}" for line, message in sorted(self._found, key=lambda each: each[0])
        ]


class Table:
    """One table of the file, whose values are taken out by type. A wrong one is noted and replaced by the default,
    so that the rest is checked too."""

    def __init__(self, path: Path, where: str, table: Mapping[str, Any], problems: Problems) -> None:
        self.path, self.where, self.table = path, where, table
        self._problems = problems

    def wrong(self, path: Path, message: str) -> None:
        self._problems.add((*self.path, *path), f"{self.where} {message}")

    def keys(self, known: Iterable[str], *, others: Iterable[str] = ()) -> None:
        """Notes each key that is not `known`; `others` are known elsewhere."""
        known = tuple(known)
        for key in self.table:
            if key in known:
                continue
            near = get_close_matches(key, known, 1)
            if key in others:
                advice = f"it has nothing to do with type {self.table.get('type')!r}"
            else:
                advice = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
            self.wrong((key,), f"unknown key `{key}`; {advice}")

    def _typed(self, key: str, fits: Callable[[Any], bool], default: _T, wanted: str) -> _T:
        value: _T = self.table.get(key, default)
        if key in self.table and not fits(value):
            self.wrong((key,), f"`{key}` must be {wanted}")
            return default
        return value

    def text(self, key: str) -> str:
        return self._typed(
            key, lambda value: isinstance(value, str) and bool(value.strip()), "", "a text"
        ).strip()

    def flag(self, key: str) -> bool:
        return self._typed(key, lambda value: isinstance(value, bool), False, "true or false")

    def number(self, key: str, *, least: float | None = None, most: float | None = None) -> float | None:
        def fits(value: Any) -> bool:
            number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
            return number and (least is None or value >= least) and (most is None or value <= most)

        wanted = "a number" if least is None else f"a number from {least:g} to {most:g}"
        value: float | None = self._typed(key, fits, None, wanted)
        return None if value is None else float(value)

    def one_of(self, key: str, allowed: tuple[_Word, ...], default: _Word) -> _Word:
        shown = ", ".join(each for each in allowed if each)
        near = get_close_matches(str(self.table.get(key)), allowed, 1)
        wanted = f"one of {shown}, not {self.table.get(key)!r}" + (
            f"; did you mean {near[0]!r}?" if near else ""
        )
        return self._typed(key, lambda value: isinstance(value, str) and value in allowed, default, wanted)

    def texts(self, key: str, *, longest: int) -> tuple[str, ...]:
        plain: list[Any] = self._typed(key, lambda value: isinstance(value, list), [], "a list of texts")
        for number, each in enumerate(plain):
            if not isinstance(each, str):
                self.wrong((key, number), f"`{key}` must be a list of texts, not of {each!r}")
            elif not any(char.isalnum() for char in each):
                self.wrong((key, number), f"an empty text in `{key}`")
            elif len(each) > longest:
                self.wrong((key, number), f"a text in `{key}` has more than {longest} characters")
        return tuple(" ".join(each.split()) for each in plain if isinstance(each, str) and each.strip())

    def languages(self, key: str) -> Mapping[str, str]:
        """A text for all languages, or one for each."""
        plain = self.table.get(key, {})
        if isinstance(plain, str) and plain.strip():
            return {"": plain.strip()}
        if not isinstance(plain, Mapping) or (key in self.table and not plain):
            self.wrong((key,), f'`{key}` must be a text, or {{ en = "...", zh = "..." }}')
            return {}
        texts = {}
        for language, text in plain.items():
            if not LANGUAGE.fullmatch(language):
                self.wrong((key, language), f"`{key}` has {language!r}, which is no language code such as en")
            elif not isinstance(text, str) or not text.strip():
                self.wrong((key, language), f"`{key}` needs a text in {language}")
            else:
                texts[language] = text.strip()
        return texts


def is_texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
