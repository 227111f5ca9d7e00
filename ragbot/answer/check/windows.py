"""The places of the passages that may carry a claim: neighbouring sentences that share its words.

What stands elsewhere in a passage never counts, so a longer passage gives the same windows and the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.check.reading import Line, Passage, Reading, Said

MOST_LINES: Final = 3
_KEPT: Final = 4
"""Windows that are looked at closely."""
_BEHIND: Final = 0.25
"""How far behind the best one a window may be."""
_LINE_COST: Final = 0.02
"""What a further sentence must bring, as a share of the claim's terms."""
ABOVE: Final = 0.5
"""What a term counts that only the title or a heading has."""

_ROW = re.compile(r"\w[:：]\s[^:：\n]+[;；]\s?[^:：;；\n]+[:：]\s")
"""A row of a table, `Property: value; Property: value`: what it says belongs together, and nothing else to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Neighbouring sentences of one passage, as the claim's language reads them."""

    passage: int
    """1-based."""
    start: int
    end: int
    claim: Reading
    """The claim in the language of the comparison."""
    lines: tuple[Line, ...]
    readings: tuple[Reading, ...]
    """Of the lines, glossed where the claim is in another language."""
    coverage: float
    """Share of the claim's content terms that it has; those of title and headings count half."""
    best: int
    """Index of the line that has most of them."""


def _of_passage(
    number: int, passage: Passage, claim: Said, above: frozenset[str]
) -> Iterator[tuple[float, int, int, int]]:
    """Score, passage, first and last line of each window whose first and last line share terms with the claim."""
    asked = [frozenset(claim.reading(line).content) for line in passage.lines]
    shared = [wanted & reading.bag for wanted, reading in zip(asked, passage.readings(claim), strict=True)]
    for first, start in enumerate(shared):
        if not start:
            continue
        wanted = asked[first]
        halves = ABOVE * len(wanted & above)
        union: frozenset[str] = frozenset()
        for last in range(first, min(first + MOST_LINES, len(shared))):
            if last > first and not _joined(passage.lines[first], passage.lines[last]):
                break
            if shared[last] <= union:
                continue
            union |= shared[last]
            points = len(union) + halves - ABOVE * len(union & above)
            yield points / len(wanted) - _LINE_COST * (last - first), number, first, last


def _joined(first: Line, later: Line) -> bool:
    """Whether two lines may be read as one place: text in one language, no rows of a table."""
    return first.reading.chinese == later.reading.chinese and not _ROW.search(first.text)


def windows(claim: Said, passages: Sequence[Passage], contexts: Sequence[frozenset[str]]) -> list[Window]:
    """The likeliest windows for a claim, the best first; none where no passage shares a term with it.
    `contexts[i]`: terms of the title and headings above passage i."""
    scored = [
        item
        for number, (passage, above) in enumerate(zip(passages, contexts, strict=True), start=1)
        for item in _of_passage(number, passage, claim, above)
    ]
    scored.sort(key=lambda item: (-item[0], *item[1:]))
    found = []
    for item in scored[:_KEPT]:
        if item[0] < scored[0][0] - _BEHIND:
            break
        found.append(_window(claim, passages[item[1] - 1], item))
    return found


def _window(claim: Said, passage: Passage, found: tuple[float, int, int, int]) -> Window:
    score, number, first, last = found
    lines = passage.lines[first : last + 1]
    said, readings = claim.reading(passage.lines[first]), passage.readings(claim)[first : last + 1]
    wanted = frozenset(said.content)
    return Window(
        passage=number,
        start=lines[0].start,
        end=lines[-1].end,
        claim=said,
        lines=lines,
        readings=readings,
        coverage=round(score + _LINE_COST * (last - first), 6),
        best=max(range(len(lines)), key=lambda place: len(wanted & readings[place].bag)),
    )


def region(found: Sequence[Window], number: int) -> list[str]:
    """The sentences of passage `number` that the windows show, in order."""
    lines = {line.start: line.text for window in found if window.passage == number for line in window.lines}
    return [lines[start] for start in sorted(lines)]
