"""Passages of different documents that cannot both be right: one sentence, and another number, date or "not" in it.

Precise rather than complete: what may speak of another product, plan, region or version, of another thing by its name,
what is an exception to a rule, one of a series that follows one pattern, or an older version of the same document, is
no conflict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

from ragbot.answer.check.fact import agrees
from ragbot.answer.clarify import FACETS, declared
from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, Piece, place, where
from ragbot.doctor.statements import Statement, alike, same_words, statements
from ragbot.text.words import content_terms, fold

if TYPE_CHECKING:
    from ragbot.types import Chunk

_PATTERN: Final = 3
"""Different values with which one sentence stands in the documents: more are a pattern, filled in anew each time."""
_SAME_QUESTION: Final = 20
"""Most answers to one question that are compared."""
_LONG: Final = 6
"""Words of a sentence that hardly speaks of two things."""
_SAME: Final = 0.95
"""Least likeness of words where nothing but a denial differs."""

_NAME = re.compile(r"[A-Z][\w+-]*|[^\W_]*\d[\w.-]*")
_CONTAINER: Final = frozenset(
    "faq faqs guide guides manual policy help page document documents info information overview questions answers pdf "
    "copy section chapter terms conditions returns refunds shipping warranty support account billing i".split()
)
"""Capitals in them name nothing: they are words of titles."""

Pair = tuple[Statement, Statement, str, bool]
"""Both sides, what differs, and whether it is sure that they speak of the same thing."""


def conflicts(contents: Contents, *, older: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """A finding for each two sentences that contradict one another; `older`: the ids of documents that others
    replace, which are told elsewhere."""
    made = [each for each in statements(contents.pieces()) if each.document not in older]
    for one, two, what, sure in _different([*_pairs(made), *_answers(contents, older)]):
        sides = (place(one.piece.chunk, one.text), place(two.piece.chunk, two.text))
        quotes = " but ".join(f'{where(side)} says "{side.quote}"' for side in sides)
        step = "decide which holds, correct the other, and index again"
        if not sure:
            step = f"if both speak of the same thing, {step}"
        yield Finding(
            about="content",
            level="note",
            kind="conflict" if sure else "possible conflict",
            message=f"{quotes} ({what}); {step}",
            places=sides,
        )


def _pairs(made: Sequence[Statement]) -> list[Pair]:
    """The pairs that contradict one another, without those of a pattern, and without those of which one document
    holds both sides."""
    said: dict[str, set[tuple[frozenset[str], tuple[str, ...], int, int]]] = {}
    for each in made:
        said.setdefault(each.document, set()).add(_told_by(each))
    found: list[Pair] = []
    values: dict[int, set[tuple[str, ...]]] = {}
    for one, two in alike(made):
        if same_words(one, two):
            continue
        for each, other in ((one, two), (two, one)):
            values.setdefault(id(each), {_values(each)}).add(_values(other))
        what = contradiction(one, two)
        both = _told_by(one) in said[two.document] or _told_by(two) in said[one.document]
        if what and not both and (sure := same_subject(one, two)) is not None:
            found.append((one, two, what, sure))
    return [pair for pair in found if max(len(values[id(each)]) for each in pair[:2]) <= _PATTERN]


def _answers(contents: Contents, older: frozenset[str]) -> Iterator[Pair]:
    """FAQ entries of one question whose answers state one value each, and not the same."""
    asked: dict[frozenset[str], list[Statement]] = {}
    for chunk in contents.chunks():
        question = str(chunk.meta.get("question") or "")
        start = chunk.meta.get("answer_start")
        if question and isinstance(start, int) and chunk.document_id not in older:
            answer = statements([Piece(chunk.text[start:], chunk)], fewest=0)
            asked.setdefault(frozenset(content_terms(question, overlapping=False)), []).extend(answer)
    for terms, answers in asked.items():
        for one, two in combinations(answers[:_SAME_QUESTION] if terms else (), 2):
            apart = one.document != two.document and len(one.values) == len(two.values) == 1
            if apart and (what := _one_value(one, two)) and same_subject(one, two):
                yield one, two, what, True


def _one_value(one: Statement, two: Statement) -> str:
    """What differs, where both state one value of the same measure."""
    mine, other = one.values[0], two.values[0]
    same = (mine.kind, mine.unit) == (other.kind, other.unit) and (mine.unit or mine.kind != "number")
    if not same or mine.value == other.value or agrees(mine, other) or agrees(other, mine):
        return ""
    return f"{mine.shown.strip()} / {other.shown.strip()}"


def _told_by(one: Statement) -> tuple[frozenset[str], tuple[str, ...], int, int]:
    return one.words, _values(one), one.denials % 2, one.bound


def _values(one: Statement) -> tuple[str, ...]:
    return tuple(f"{fact.value} {fact.unit}" for fact in one.values)


def _different(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """One for each two documents and what differs between them."""
    seen: set[tuple[str, str, str]] = set()
    for pair in pairs:
        key = (pair[0].document, pair[1].document, pair[2])
        if key not in seen:
            seen.add(key)
            yield pair


def contradiction(one: Statement, two: Statement) -> str:
    """What differs between two sentences that are otherwise alike: `5 days / 14 days`; empty where nothing does."""
    if len(one.values) != len(two.values) or one.subjects != two.subjects:
        return ""
    differing = [
        (mine, other)
        for mine, other in zip(one.values, two.values, strict=True)
        if (mine.value, mine.unit) != (other.value, other.unit)
        and not (agrees(mine, other) or agrees(other, mine))
    ]
    if any(mine.kind != other.kind for mine, other in differing):
        return ""
    denied = (one.denials - two.denials) % 2
    if differing:
        rows = len(differing) > 1 and 2 * len(differing) > len(
            one.values
        )  # of one table, not one with a mistake
        return (
            ""
            if rows or denied
            else ", ".join(f"{a.shown.strip()} / {b.shown.strip()}" for a, b in differing)
        )
    if len(one.words & two.words) < _SAME * len(one.words | two.words):
        return ""
    if one.bound * two.bound < 0 and one.values:
        return "one says at least, the other at most"
    return "one denies what the other says" if denied else ""


def same_subject(one: Statement, two: Statement) -> bool | None:
    """Whether both speak of the same thing, as far as title, headings and properties tell; False where only one of
    them says of what, None where they speak of different things."""
    first, second = one.piece.chunk, two.piece.chunk
    if first.meta.get("language") != second.meta.get("language"):
        return None
    mine, other = _holds_for(first), _holds_for(second)
    if any(not mine[facet] & other[facet] for facet in mine.keys() & other.keys()):
        return None
    if {"row", "table"} & {first.meta.get("kind"), second.meta.get("kind")} and _row(one) != _row(two):
        return None
    names, others = _names_above(first), _names_above(second)
    apart = ((names - _words_above(second)) | (others - _words_above(first))) - (one.words & two.words)
    if mine.keys() == other.keys() and not apart:
        return True
    alone = not (names and others and apart) and not (mine.keys() ^ other.keys()) & {"region", "plan"}
    enough = min(len(one.words), len(two.words)) >= _LONG and one.words == two.words
    return False if alone and enough else None


def _holds_for(chunk: Chunk) -> dict[str, frozenset[str]]:
    """Facet -> what the document declares to hold for, folded."""
    found = {facet: frozenset(map(fold, declared(chunk, facet))) for facet in FACETS}
    return {facet: values for facet, values in found.items() if values}


def _row(one: Statement) -> str:
    """The first cell of a table's row: what the row is about."""
    return fold(re.split(r"[;；|]", one.text, maxsplit=1)[0]).strip()


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
