"""Dictionary-based query translation: which terms of another language mean what a question says.

A question in Chinese finds an English document although the embedder knows no Chinese: the words of the
question that the glossary knows are searched in the other language too. After Ballesteros & Croft,
"Phrasal Translation and Query Expansion Techniques for Cross-Language Information Retrieval" (1997): the
longest phrase wins, and all translations of one phrase count as one concept.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from ragbot.errors import SettingsError
from ragbot.text.words import fold, is_han, stem

_PIECE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+")
_LONGEST = 8  # words of a Latin phrase, characters of a Chinese one


@dataclass(frozen=True, slots=True)
class Concept:
    """A phrase of a question and what it is called in another language."""

    phrase: str
    translations: tuple[str, ...]
    language: str
    """Language of the translations."""


class Glossary:
    """Phrases and their translations, both ways."""

    def __init__(self, entries: Iterable[Mapping[str, tuple[str, ...]]]) -> None:
        self._known: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        for entry in entries:
            for language, phrases in entry.items():
                for phrase in phrases:
                    others = dict(entry) | {language: tuple(other for other in phrases if other != phrase)}
                    self._add(tuple(_pieces(phrase)), others)

    def _add(self, key: tuple[str, ...], others: Mapping[str, tuple[str, ...]]) -> None:
        known = self._known.setdefault(key, {})
        for code, words in others.items():
            known[code] = tuple(dict.fromkeys((*known.get(code, ()), *words)))

    def __len__(self) -> int:
        return len(self._known)

    def concepts(self, text: str, language: str) -> list[Concept]:
        """The phrases of `text`, longest first at each place, that are called something else in `language`: in
        the language of the text itself, those are its synonyms."""
        return [concept for _, concept in self._scan(text, language) if concept is not None]

    def gloss(self, text: str, language: str) -> str:
        """`text` word by word in `language` (not `zh`), as an embedder of that language can read it: the first
        translation of each Chinese phrase, and all other words as they are; unknown Chinese is left out."""
        words = []
        for written, concept in self._scan(text, language):
            if not is_han(written):
                words.append(written)
            elif concept is not None:
                words.append(concept.translations[0])
        return " ".join(words)

    def _scan(self, text: str, language: str) -> Iterator[tuple[str, Concept | None]]:
        """The phrases of `text` as written, each with its concept if it has one."""
        written = _PIECE.findall(text)
        pieces = [_piece(word) for word in written]
        index = 0
        while index < len(pieces):
            length = self._longest(pieces, index, language)
            joiner = "" if is_han(written[index]) else " "
            phrase = joiner.join(written[index : index + max(1, length)])
            key = tuple(pieces[index : index + length])
            yield phrase, Concept(phrase, self._known[key][language], language) if length else None
            index += max(1, length)

    def _longest(self, pieces: Sequence[str], index: int, language: str) -> int:
        """How many pieces the longest known phrase at `index` has; 0 if none begins there."""
        for length in range(min(_LONGEST, len(pieces) - index), 0, -1):
            if self._known.get(tuple(pieces[index : index + length]), {}).get(language):
                return length
        return 0


def _piece(word: str) -> str:
    """A Chinese character as it is, another word folded and stemmed."""
    return word if is_han(word) else stem(fold(word))


def _pieces(text: str) -> list[str]:
    return [_piece(word) for word in _PIECE.findall(text)]


def _read(lines: Iterable[str], name: str) -> Iterator[dict[str, tuple[str, ...]]]:
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    header = next(rows, [])
    if len(header) < 2 or any(not re.fullmatch(r"[a-z]{2,3}", code) for code in header):
        raise SettingsError(f"{name}, line 1: expected language codes separated by tabs, such as `zh<TAB>en`")
    for number, row in enumerate(rows, start=2):
        if not row or not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise SettingsError(f"{name}, line {number}: {len(row)} columns instead of {len(header)}")
        cells = ([word.strip() for word in cell.split("|") if word.strip()] for cell in row)
        yield {code: tuple(words) for code, words in zip(header, cells, strict=True) if words}


@lru_cache(maxsize=4)
def load_glossary(extra: Path | None = None) -> Glossary:
    """The built-in glossary together with the one in file `extra`.

    Raises `SettingsError` naming the file and the line that is wrong.
    """
    built_in = files("ragbot.text").joinpath("glossary.tsv").read_text(encoding="utf-8")
    entries = list(_read(built_in.splitlines(), "glossary.tsv"))
    if extra is not None:
        try:
            entries += _read(extra.read_text(encoding="utf-8-sig").splitlines(), str(extra))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"glossary {extra} cannot be read: {error}; see [search] glossary") from error
    return Glossary(entries)
