"""Weighed pieces -> the answer's statements, and statements -> text with numbered citations.

The extractive composer quotes and adds no word of its own. Knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragbot.answer.evidence import Scored
from ragbot.answer.expected import asked
from ragbot.answer.units import Unit, announces, whole_list
from ragbot.index.question import Question
from ragbot.text.context import LEANS_BACK
from ragbot.text.sentences import sentences
from ragbot.text.words import content_terms
from ragbot.types import Chunk, Citation, Claim, Hit

_RELATIVE_SUPPORT = 0.45
"""A further piece needs this share of the best one's probability..."""
_ABSOLUTE_SUPPORT = 0.1
"""...and at least this much."""
_TOO_ALIKE = 0.7  # Jaccard similarity of content terms
_SHORT_QUOTE = 240
"""Characters that the best piece and its neighbours may have together."""
_BEFORE_SUPPORT = 0.5
"""What stands before the best piece joins it only with this share of its probability; what follows, always."""
_MAX_CHARACTERS = 700
_PROCEDURE = re.compile(
    r"\bhow (?:do|can|to|should|would|does|could)\b|\bsteps?\b|\bwhat (?:do|should) (?:i|we) do\b"
    r"|\b(?:guide|instructions|set ?up)\b|怎么|怎样|如何|步骤|流程",
    re.IGNORECASE,
)
_POINTERS = ("contact", "url")
"""Kinds of facts that a piece which points elsewhere does give."""
_BODY = 2000
"""Characters behind an announcement within which its document comes to the point."""
_NUMBERED = re.compile(r"\s*\d{1,3}[.)]\s")
_STEPS_SUPPORT = 0.5
"""A list of steps needs this share of the best piece's probability where steps are asked for."""
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
    """What to quote, in reading order: the best piece with what stands around it, and up to `most` - 1 others.

    Neighbours of the best piece join it while the quote stays short, the likelier side first: what a sentence
    means often stands in the next one. A further piece joins if it is likely enough beside the best one and
    repeats nothing, so that the less sure the choice, the more is shown.
    """
    if not scored:
        return []
    kind = asked(question.text)
    procedure = kind == "none" and _PROCEDURE.search(question.text) is not None
    if kind not in _POINTERS:
        scored = _told(scored, hits, procedure=procedure)
    best = _steps(scored) if procedure else scored[0]
    first = _widened(best.unit, hits, procedure)
    if first.kind == "list" and procedure:
        return [first]
    chosen = [_with_neighbours(first, scored, hits)]
    floor = max(_ABSOLUTE_SUPPORT, _RELATIVE_SUPPORT * best.probability)
    for item in scored[1:]:
        if len(chosen) >= most or item.probability < floor:
            break
        unit = item.unit
        too_long = sum(len(c.text) for c in chosen) + len(unit.text) > _MAX_CHARACTERS
        if too_long or _overlaps(unit, chosen) or _alike(unit, chosen):
            continue
        chosen.append(unit)
    order = {hit: place for place, hit in enumerate(dict.fromkeys(unit.hit for unit in chosen))}
    return sorted(chosen, key=lambda unit: (order[unit.hit], unit.start))


def _told(scored: Sequence[Scored], hits: Sequence[Hit], *, procedure: bool) -> list[Scored]:
    """The pieces that tell something, best first. Where the best one only announces what its document tells, the
    first thing that the document then tells takes its place, where steps are asked for its first step; all stay as they
    are where that was not found."""
    telling = [item for item in scored if not announces(item.unit)]
    best = scored[0]
    if not announces(best.unit):
        return telling
    begins = _place(best, hits)
    after = [item for item in telling if begins < _place(item, hits) < (begins[0], begins[1] + _BODY)]
    if not after:
        return list(scored)
    steps = [item for item in after if procedure and _is_step(item)]
    first = min(steps or after, key=lambda item: _place(item, hits))
    return [replace(first, probability=best.probability), *(item for item in telling if item is not first)]


def _place(item: Scored, hits: Sequence[Hit]) -> tuple[str, int]:
    """Document and offset."""
    chunk = hits[item.unit.hit].chunk
    return chunk.document_id, chunk.start + item.unit.start


def _steps(scored: Sequence[Scored]) -> Scored:
    """The best piece of a list of steps if it is nearly as likely as the best of all, which it is not to lose
    to a remark beside it; the best of all otherwise."""
    best = scored[0]
    first = next((item for item in scored if _is_step(item)), best)
    return first if first.probability >= _STEPS_SUPPORT * best.probability else best


def _is_step(item: Scored) -> bool:
    return item.unit.list_start >= 0 and _NUMBERED.match(item.unit.text) is not None


def _with_neighbours(first: Unit, scored: Sequence[Scored], hits: Sequence[Hit]) -> Unit:
    """`first` and, of the sentences before and after it in its passage, those that fit a short quote."""
    if first.kind in ("row", "faq", "list"):
        return first
    beside = {
        s.unit.start: s for s in scored if s.unit.hit == first.hit and s.unit.kind in ("sentence", "item")
    }
    starts = sorted(beside)
    low = high = starts.index(first.start)
    text = hits[first.hit].chunk.text
    start, end = first.start, first.end
    enough = _BEFORE_SUPPORT * beside[first.start].probability
    while True:
        options = []
        before = beside[starts[low - 1]] if low > 0 else None
        if before and before.probability >= enough and end - before.unit.start <= _SHORT_QUOTE:
            options.append((before.probability, -1))
        if high + 1 < len(starts) and beside[starts[high + 1]].unit.end - start <= _SHORT_QUOTE:
            options.append((beside[starts[high + 1]].probability, 1))
        if not options:
            return replace(first, start=start, end=end, text=text[start:end], kind="sentence")
        side = max(options)[1]
        low, high = (low - 1, high) if side < 0 else (low, high + 1)
        start, end = starts[low], beside[starts[high]].unit.end


def quote(chosen: Sequence[Unit], hits: Sequence[Hit]) -> list[Statement]:
    """The chosen pieces as statements; a sentence that leans on the one before it brings that along."""
    made: list[Statement] = []
    for unit in chosen:
        start, end = unit.start, unit.end
        if unit.kind == "sentence" and LEANS_BACK.match(_BULLET.sub("", unit.text)):
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
