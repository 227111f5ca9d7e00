"""Weighed pieces -> the answer's statements, and statements -> text with numbered citations.

The extractive composer quotes and adds no word of its own. Knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragbot.answer.evidence import Scored
from ragbot.answer.units import Unit, whole_list
from ragbot.index.question import Question
from ragbot.text.sentences import sentences
from ragbot.text.words import content_terms, terms
from ragbot.types import Chunk, Citation, Claim, Hit

_RELATIVE_SUPPORT = 0.5
"""A further piece needs this share of the best one's probability..."""
_ABSOLUTE_SUPPORT = 0.3
"""...and at least this much."""
_TOO_ALIKE = 0.7  # Jaccard similarity of content terms
_MAX_CHARACTERS = 700
_LEANS_BACK = re.compile(
    r"(?:it|its|this|these|that|those|they|he|she|however|otherwise|also|then|but|in (?:this|that) case)\b"
    r"|[它这那该此其]|但|否则|然而|此外|因此",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(
    r"\bhow (?:do|can|to|should|would|does|could)\b|\bsteps?\b|\bwhat (?:do|should) (?:i|we) do\b"
    r"|\bguide\b|\bset ?up\b|\b(?:reset|install|pair|connect|replace|remove|update)\b"
    r"|怎么|怎样|如何|步骤|流程|需要哪些|有哪些",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*•‣–]|\d{1,3}[.)]|[a-z][.)])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence (or list) of the answer and the place that carries it, as offsets into its passage."""

    text: str
    hit: int
    start: int
    end: int
    claims: tuple[Claim, ...] = ()


def _overlaps(unit: Unit, chosen: Sequence[Unit]) -> bool:
    return any(unit.hit == c.hit and unit.start < c.end and c.start < unit.end for c in chosen)


def _alike(unit: Unit, chosen: Sequence[Unit]) -> bool:
    own = set(content_terms(unit.text))
    for other in chosen:
        theirs = set(content_terms(other.text))
        if own and len(own & theirs) / len(own | theirs) > _TOO_ALIKE:
            return True
    return False


def _widened(best: Unit, hits: Sequence[Hit], procedure: bool) -> Unit:
    """`best`, or the list that it introduces, or, where steps are asked for, the list that it belongs to."""
    if best.kind == "sentence" or (best.kind == "item" and procedure):
        return whole_list(best, hits[best.hit].chunk)
    return best


def choose(question: Question, scored: Sequence[Scored], hits: Sequence[Hit], *, most: int) -> list[Unit]:
    """At most `most` pieces to quote, in the order in which they should be read.

    The best piece first; another only if it is likely enough itself, is not a repetition, and covers
    something of the question that the ones before it do not.
    """
    if not scored:
        return []
    best = scored[0]
    chosen = [_widened(best.unit, hits, _PROCEDURE.search(question.original) is not None)]
    covered = _covered(question, chosen[0])
    floor = max(_ABSOLUTE_SUPPORT, _RELATIVE_SUPPORT * best.probability)
    for item in scored[1:]:
        if len(chosen) >= most or item.probability < floor:
            break
        unit = item.unit
        new = _covered(question, unit) - covered
        beside = any(unit.hit == c.hit and _gap(unit, c) <= 2 for c in chosen)
        if _overlaps(unit, chosen) or _alike(unit, chosen) or not (new or beside):
            continue
        if sum(len(c.text) for c in chosen) + len(unit.text) > _MAX_CHARACTERS:
            continue
        chosen.append(unit)
        covered |= _covered(question, unit)
    order = {hit: place for place, hit in enumerate(dict.fromkeys(unit.hit for unit in chosen))}
    return sorted(chosen, key=lambda unit: (order[unit.hit], unit.start))


def _gap(one: Unit, other: Unit) -> int:
    """Characters between two pieces of a passage."""
    return max(one.start, other.start) - min(one.end, other.end)


def _covered(question: Question, unit: Unit) -> set[str]:
    bag = frozenset(terms(unit.text))
    return {concept.own for concept in question.concepts if concept.presence(bag) >= 1.0}


def quote(chosen: Sequence[Unit], hits: Sequence[Hit]) -> list[Statement]:
    """The chosen pieces as statements; a sentence that leans on the one before it brings that along."""
    made: list[Statement] = []
    for unit in chosen:
        start, end = unit.start, unit.end
        if unit.kind == "sentence" and _LEANS_BACK.match(_BULLET.sub("", unit.text)):
            start = _previous(hits[unit.hit].chunk, start)
        if made and made[-1].hit == unit.hit and start <= made[-1].end:
            start = made[-1].end
        text = hits[unit.hit].chunk.text[start:end].strip()
        if text:
            start = hits[unit.hit].chunk.text.index(text, start)
            made.append(Statement(text=text, hit=unit.hit, start=start, end=end))
    return made


def _previous(chunk: Chunk, start: int) -> int:
    """Where the sentence before offset `start` begins, if it stands in the same paragraph."""
    before = [s for s in sentences(chunk.text[:start]) if "\n\n" not in chunk.text[s.end : start]]
    if not before or start - before[-1].start > 400:
        return start
    return before[-1].start


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """Statements with their citations."""

    parts: tuple[str, ...]
    """Each statement with its mark, such as `Refunds take 5 days. [1]`."""
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    """With the numbers of the citations that carry them."""

    @property
    def text(self) -> str:
        """The whole answer: lists stand on lines of their own."""
        return ("\n\n" if any("\n" in part for part in self.parts) else " ").join(self.parts)


def cite(statements: Sequence[Statement], hits: Sequence[Hit]) -> Cited:
    """Number the places that carry the statements; one place, one number."""
    numbers: dict[tuple[int, int, int], int] = {}
    citations: list[Citation] = []
    claims: list[Claim] = []
    parts: list[str] = []
    for statement in statements:
        place = (statement.hit, statement.start, statement.end)
        if place not in numbers:
            numbers[place] = len(citations) + 1
            citations.append(_citation(numbers[place], hits[statement.hit].chunk, statement))
        number = numbers[place]
        parts.append(f"{_readable(statement.text)} [{number}]")
        claims += [replace(claim, citations=(number,)) for claim in statement.claims]
    return Cited(parts=tuple(parts), citations=tuple(citations), claims=tuple(claims))


def _readable(text: str) -> str:
    """A single list item without its bullet; anything else as it stands."""
    return text if "\n" in text else _BULLET.sub("", text)


def _citation(number: int, chunk: Chunk, statement: Statement) -> Citation:
    return Citation(
        number=number,
        source=chunk.source,
        title=chunk.title,
        heading=chunk.heading,
        page=chunk.page,
        start=chunk.start + statement.start,
        end=chunk.start + statement.end,
        quote=chunk.text[statement.start : statement.end],
        chunk_id=chunk.id,
    )
