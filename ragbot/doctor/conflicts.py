"""Passages of different documents that cannot both be right: one sentence, and another number, date or "not" in it.

Precise rather than complete: what may speak of another product, plan, region or version, of another thing by its name,
what is an exception to a rule, one of a series that follows one pattern, or an older version of the same document, is
no conflict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ragbot.answer.facets.values import facets
from ragbot.answer.facets.wanted import overlap_of
from ragbot.answer.facts import Fact, agrees
from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, place, where
from ragbot.doctor.statements import Statement, alike, same_words, statements
from ragbot.text.words import content_terms, fold

if TYPE_CHECKING:
    from ragbot.types import Chunk

_PATTERN: Final = 3
"""Different values with which one sentence stands in the documents: more are a pattern, filled in anew each time."""
_SAME: Final = 0.95
"""Least likeness of words where nothing but a denial differs."""

_NAME = re.compile(r"[A-Z][\w+-]*|[^\W_]*\d[\w.-]*")
_CONTAINER: Final = frozenset(
    "faq faqs guide guides manual policy help page document documents info information overview questions answers pdf "
    "copy section chapter terms conditions returns refunds shipping warranty support account billing i".split()
)
"""Capitals in them name nothing: they are words of titles."""

Pair = tuple[Statement, Statement, str]
"""Both sides, and what differs."""


def conflicts(contents: Contents, *, older: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """A finding for each two sentences that contradict one another; `older`: the ids of documents that others
    replace, which are told elsewhere."""
    made = [each for each in statements(contents.pieces()) if each.piece.chunk.document_id not in older]
    for one, two, what in _different(_pairs(made)):
        sides = (place(one.piece.chunk, one.text), place(two.piece.chunk, two.text))
        quotes = " but ".join(f'{where(side)} says "{side.quote}"' for side in sides)
        yield Finding(
            about="content",
            level="note",
            kind="conflict",
            message=f"{quotes} ({what}); decide which holds, correct the other, and index again",
            places=sides,
        )


def _pairs(made: Sequence[Statement]) -> list[Pair]:
    """The pairs that contradict one another, without those of a pattern."""
    found: list[Pair] = []
    values: dict[int, set[tuple[str, ...]]] = {}
    for one, two in alike(made):
        if same_words(one, two):
            continue
        for each, other in ((one, two), (two, one)):
            values.setdefault(id(each), {_values(each)}).add(_values(other))
        what = contradiction(one, two)
        if what and same_subject(one, two):
            found.append((one, two, what))
    return [
        (one, two, what)
        for one, two, what in found
        if max(len(values[id(one)]), len(values[id(two)])) <= _PATTERN
    ]


def _values(one: Statement) -> tuple[str, ...]:
    return tuple(f"{fact.value} {fact.unit}" for fact in one.values)


def _different(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """One for each two documents and what differs between them."""
    seen: set[tuple[str, str, str]] = set()
    for one, two, what in pairs:
        key = (one.piece.chunk.document_id, two.piece.chunk.document_id, what)
        if key not in seen:
            seen.add(key)
            yield one, two, what


def contradiction(one: Statement, two: Statement) -> str:
    """What differs between two sentences that are otherwise alike: `5 days / 14 days`; empty where nothing does."""
    if len(one.values) != len(two.values) or one.subjects != two.subjects:
        return ""
    differing = [
        (mine, other)
        for mine, other in zip(one.values, two.values, strict=True)
        if not (agrees(mine, other) or agrees(other, mine))
    ]
    if any(mine.kind != other.kind for mine, other in differing):
        return ""
    if differing:
        return _told(one, two, differing)
    if one.bound * two.bound < 0 and one.values:
        return "one says at least, the other at most"
    same = len(one.words & two.words) >= _SAME * len(one.words | two.words)
    return "one denies what the other says" if same and (one.denials - two.denials) % 2 else ""


def _told(one: Statement, two: Statement, differing: Sequence[tuple[Fact, Fact]]) -> str:
    """Empty where most of several values differ: two rows of one table, not one with a mistake."""
    if len(differing) > 1 and 2 * len(differing) > len(one.values):
        return ""
    if (one.denials - two.denials) % 2:
        return ""
    return ", ".join(f"{mine.shown.strip()} / {other.shown.strip()}" for mine, other in differing)


def same_subject(one: Statement, two: Statement) -> bool:
    """Whether both speak of the same thing, as far as title, headings and properties tell."""
    first, second = one.piece.chunk, two.piece.chunk
    if first.meta.get("language") != second.meta.get("language"):
        return False
    mine, other = facets(first), facets(second)
    if mine.keys() != other.keys():
        return False  # a rule and its exception
    if not all(overlap_of(mine[facet], other[facet]) for facet in mine):
        return False
    if {"row", "table"} & {first.meta.get("kind"), second.meta.get("kind")} and _row(one) != _row(two):
        return False
    return not _named_apart(first, second, one.words & two.words)


def _row(one: Statement) -> str:
    """The first cell of a table's row: what the row is about."""
    return fold(re.split(r"[;；|]", one.text, maxsplit=1)[0]).strip()


def _named_apart(first: Chunk, second: Chunk, shared: frozenset[str]) -> bool:
    """Whether titles and headings hold a name that the other side has neither there nor in the sentence."""
    mine, other = _names_above(first), _names_above(second)
    apart = (mine - _words_above(second)) | (other - _words_above(first))
    return bool(apart - shared)


def _above(chunk: Chunk) -> list[str]:
    question = str(chunk.meta.get("question") or "")
    return [part for part in (chunk.title, *chunk.heading.split(" > "), question) if part]


def _words_above(chunk: Chunk) -> frozenset[str]:
    return frozenset(word for part in _above(chunk) for word in content_terms(part, overlapping=False))


def _names_above(chunk: Chunk) -> frozenset[str]:
    """Words with a capital inside a title, in capitals, or with a digit; not those of every title."""
    found: set[str] = set()
    for part in _above(chunk):
        for match in _NAME.finditer(part):
            word = match.group()
            if (match.start() or not word[1:].islower()) and fold(word) not in _CONTAINER:
                found.update(content_terms(word, overlapping=False))
    return frozenset(found)
