"""An `EvalReport` as what the template shows: figures with their meaning, groups, and each question in pieces."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.page.outcome import Outcome, outcome
from ragbot.evaluate.page.words import percent
from ragbot.evaluate.values import Change, Comparison, EvalReport, Figure, Group, Row
from ragbot.types import Citation, Claim

_HEADLINE = {
    "right_rate": "Questions that went right",
    "answer_precision": "Answers that are right",
    "right_by_facts": "Answers right by the facts",
    "right_by_place": "Answers right by place",
    "quote_exactness": "Quotes exact",
    "abstention_rate": "Unanswerable questions declined",
    "recall@5": "Right source found",
}
_IN_GROUPS = (
    "right_rate",
    "answer_precision",
    "right_by_facts",
    "right_by_place",
    "abstention_rate",
    "recall@5",
)
_LEVELS = 5
"""Shades of the confusion matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure with its name and meaning."""

    name: str
    label: str
    meaning: str
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The figures of languages and tags."""

    names: tuple[str, ...]
    """Measures that some group has."""
    rows: tuple[tuple[str, str, Group], ...]
    """`language` or `tag`, its name, its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A count of the confusion matrix."""

    given: str
    count: int
    level: int
    """0 (none) to 5 (all of its line)."""
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text; with a claim's key where the claim says it."""

    text: str
    claim: int | None = None
    """Index into the row's claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A citation with its quote cut where claims say the same words."""

    citation: Citation
    pieces: tuple[Piece, ...]
    claims: tuple[int, ...]
    """Which claims cite it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A row with its pieces."""

    number: int
    """From 1, in the order of the test set."""
    row: Row
    outcome: Outcome
    change: str
    """`broken`, `healed`, `changed` or nothing."""
    answer: tuple[Piece, ...]
    quotes: tuple[Quoted, ...]
    targets: tuple[int, ...]
    """For each claim the place of the first quote that it cites, from 1; 0 where it cites none."""
    support: float | None
    """Share of its claims that are supported."""


def headline(report: EvalReport) -> list[Shown]:
    """The figures that matter most, of those that have a value."""
    shown = (
        _shown(report, name, label) for name, label in _HEADLINE.items() if name in report.overall.figures
    )
    return [each for each in shown if each.figure.value is not None]


def measures(report: EvalReport) -> list[tuple[str, list[Shown]]]:
    """Every figure of the report by family, in the order of the table of measures."""
    families: dict[str, list[Shown]] = {}
    told = report.overall.figures
    for name in (
        *(each for each in MEASURES if each in told),
        *(each for each in told if each not in MEASURES),
    ):
        family = MEASURES[name].group if name in MEASURES else "other"
        families.setdefault(family, []).append(_shown(report, name, name))
    return list(families.items())


def _shown(report: EvalReport, name: str, label: str) -> Shown:
    meaning = MEASURES[name].meaning if name in MEASURES else ""
    return Shown(name=name, label=label, meaning=meaning, figure=report.overall.figures[name])


def groups(report: EvalReport) -> Groups:
    """Languages and tags, each with a few measures; empty where all rows are of one group."""
    rows = [("language", name, group) for name, group in report.by_language.items()]
    rows += [("tag", name, group) for name, group in report.by_tag.items()]
    if len(rows) < 2:
        return Groups(names=(), rows=())
    empty = Figure(value=None, n=0)
    names = [
        name
        for name in _IN_GROUPS
        if any(group.figures.get(name, empty).value is not None for _, _, group in rows)
    ]
    return Groups(names=tuple(names), rows=tuple(rows))


def confusion(report: EvalReport) -> tuple[tuple[str, ...], list[tuple[str, int, list[Cell]]]]:
    """Given statuses, and for each expected one its number of questions and its cells."""
    given = tuple(sorted({status for counts in report.confusion.values() for status in counts}))
    return given, [
        (expected, sum(counts.values()), [_cell(expected, status, counts) for status in given])
        for expected, counts in report.confusion.items()
    ]


def _cell(expected: str, given: str, counts: Mapping[str, int]) -> Cell:
    count, total = counts.get(given, 0), sum(counts.values())
    level = -(-count * _LEVELS // total) if total else 0
    return Cell(given=given, count=count, level=level, expected=given == expected)


def changes(comparison: Comparison | None) -> list[Change]:
    """The measures that changed for sure first, the worse before the better."""
    order = {"worse": 0, "better": 1, "unclear": 2, "equal": 3}
    return sorted(comparison.changes, key=lambda each: order[each.direction]) if comparison else []


def choices(report: EvalReport) -> Mapping[str, list[tuple[str, str]]]:
    """What the filters offer: name of the filter -> values that occur, each with what is shown for it."""
    occurring: dict[str, set[str]] = {
        "given": {row.status for row in report.rows},
        "expected": {row.expected for row in report.rows if row.expected},
        "language": {row.language for row in report.rows},
        "tag": {tag for row in report.rows for tag in row.tags},
    }
    return {name: [(value, value) for value in sorted(values)] for name, values in occurring.items()}


def questions(report: EvalReport, comparison: Comparison | None) -> Iterator[Question]:
    """All rows in order."""
    change: dict[str, str] = {}
    if comparison:
        change |= dict.fromkeys(comparison.changed, "changed")
        change |= dict.fromkeys(comparison.healed, "healed")
        change |= dict.fromkeys(comparison.broken, "broken")
    for number, row in enumerate(report.rows, 1):
        quotes = tuple(_quoted(citation, row.claims) for citation in row.citations)
        supported = [claim.verdict == "supported" for claim in row.claims]
        yield Question(
            number=number,
            row=row,
            outcome=outcome(row),
            change=change.get(row.id, ""),
            answer=pieces(row.answer, row.claims),
            quotes=quotes,
            targets=tuple(_target(index, quotes) for index in range(len(row.claims))),
            support=sum(supported) / len(supported) if supported else None,
        )


def by_id(asked: Sequence[Question]) -> Mapping[str, list[Question]]:
    """Ids may be anything; `[]` gives nothing for one that is not asked here."""
    found: defaultdict[str, list[Question]] = defaultdict(list)
    for question in asked:
        found[question.row.id].append(question)
    return found


def _quoted(citation: Citation, claims: Sequence[Claim]) -> Quoted:
    citing = tuple(index for index, claim in enumerate(claims) if citation.number in claim.citations)
    return Quoted(citation=citation, pieces=pieces(citation.quote, claims, citing), claims=citing)


def _target(claim: int, quotes: Sequence[Quoted]) -> int:
    return next((place for place, quoted in enumerate(quotes, 1) if claim in quoted.claims), 0)


def pieces(text: str, claims: Sequence[Claim], among: Sequence[int] | None = None) -> tuple[Piece, ...]:
    """`text` cut where claims stand in it, whatever the white space; joined, the pieces are `text`.

    Claims are looked for in their order, each behind the one before; one that is not there is passed over.
    """
    cut: list[Piece] = []
    at = 0
    for index in range(len(claims)) if among is None else among:
        words = claims[index].text.split()
        found = re.compile(r"\s+".join(map(re.escape, words))).search(text, at) if words else None
        if found is None:
            continue
        if found.start() > at:
            cut.append(Piece(text=text[at : found.start()]))
        cut.append(Piece(text=found.group(), claim=index))
        at = found.end()
    if at < len(text):
        cut.append(Piece(text=text[at:]))
    return tuple(cut)


def tip(claim: Claim) -> str:
    """What is said of a claim in a few words."""
    reason = f": {claim.reason}" if claim.reason else ""
    return f"{claim.verdict}, support {percent(claim.support)}{reason}"
