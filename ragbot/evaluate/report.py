"""An `EvalReport` or a `Comparison` as tables for people, made with rich. Knows nothing of how it was measured.

Everything fits 80 columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from rich.box import SIMPLE
from rich.console import Group as Renderables
from rich.markup import escape as escape_markup
from rich.table import Table
from rich.text import Text

from ragbot.evaluate import metrics
from ragbot.evaluate.measures import MEASURES, Family
from ragbot.evaluate.values import Change, Comparison, Curves, EvalReport, Figure, Group, RiskPoint, Row

Part = Table | Text

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, with which a text could move the cursor or colour a terminal, and changes of direction."""

_IN_GROUPS = {
    "right": "right_rate",
    "precise": "answer_precision",
    "silent": "abstention_rate",
    "by facts": "right_by_facts",
    "by place": "right_by_place",
    "recall@5": "recall@5",
}
"""Heading -> figure of the table of groups."""
_WIDEST = max(map(len, MEASURES))
_COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of which the table of risks shows the nearest points."""


def render(report: EvalReport, *, failures: int = 20) -> Renderables:
    """Overall figures, groups, confusion of statuses, curves, durations, and the first `failures` questions gone
    wrong."""
    return Renderables(*_tables(report, failures))


def render_comparison(comparison: Comparison, rows: Sequence[Row], *, most: int = 20) -> Renderables:
    """What changed since the baseline, and the first `most` questions that broke and healed, out of the new `rows`."""
    return Renderables(*_compared(comparison, {row.id: row for row in rows}, most))


def _tables(report: EvalReport, failures: int) -> Iterator[Part]:
    yield Text(f"{report.overall.n} questions")
    for family in get_args(Family):
        yield from _overall(report, family)
    groups = {**report.by_language, **report.by_tag}
    if len(groups) > 1:
        yield from _groups(groups)
    if report.confusion:
        yield from _confusion(report)
    if report.curves.risk_coverage:
        yield from _risks(report.curves)
    if report.timings:
        yield from _durations(report)
    wrong = [row for row in report.rows if row.problems]
    if wrong:
        yield from _wrong(wrong, failures)


def _titled(title: str, table: Table) -> Iterator[Part]:
    yield Text(f"\n{title}\n", style="bold")
    yield table


def _table(left: Sequence[str], right: Sequence[str], *, apart: int = 2) -> Table:
    table = Table(box=SIMPLE, padding=(0, apart, 0, 0), show_edge=False, pad_edge=False)
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _overall(report: EvalReport, family: str) -> Iterator[Part]:
    table = _table(["figure"], ["value", "95 % interval", "n"])
    table.columns[0].min_width = _WIDEST
    for name, measure in MEASURES.items():
        if measure.group == family:
            figure = report.overall.figures[name]
            between = "" if figure.low is None else f"{figure.low:.3f} – {figure.high:.3f}"
            table.add_row(name, _value(figure), between, str(figure.n))
    yield from _titled(family, table)


def _groups(groups: Mapping[str, Group]) -> Iterator[Part]:
    table = _table(["group"], ["n", *_IN_GROUPS])
    for name, group in groups.items():
        figures = [group.figures[each] for each in _IN_GROUPS.values()]
        table.add_row(escape(name), str(group.n), *(_value(each) if each.n else "" for each in figures))
    yield from _titled("by language and tag (all figures, with counts: --json)", table)


def _confusion(report: EvalReport) -> Iterator[Part]:
    given = sorted({status for row in report.confusion.values() for status in row})
    table = _table([""], given)
    for expected, counts in report.confusion.items():
        table.add_row(expected, *(str(counts.get(status, 0)) for status in given))
    yield from _titled("expected status (rows), given status (columns)", table)


def _risks(curves: Curves) -> Iterator[Part]:
    told = [
        f"{name} {value:.3f}"
        for name, value in (
            ("AURC", curves.aurc),
            ("calibration error", curves.calibration_error),
            ("answerable AUROC", curves.answerable_auroc),
        )
        if value is not None
    ]
    table = _table([], ["threshold", "answered", "of these wrong"])
    for point in _spread(curves.risk_coverage):
        table.add_row(f"{point.threshold:.3f}", f"{point.coverage:.3f}", f"{point.risk:.3f}")
    yield from _titled("answers wrong or ungrounded, by the confidence that is asked for", table)
    yield Text(", ".join(told))


def _spread(points: Sequence[RiskPoint]) -> list[RiskPoint]:
    """The first point that reaches each coverage, and the last one."""
    reached = (next((each for each in points if each.coverage >= least), points[-1]) for least in _COVERAGES)
    return list(dict.fromkeys(reached))


def _durations(report: EvalReport) -> Iterator[Part]:
    table = _table([""], ["mean", "median", "95th percentile"])
    searches = [each.search_ms for each in report.timings if each.search_ms is not None]
    for name, values in (("answer", [each.answer_ms for each in report.timings]), ("search", searches)):
        if values:
            told = metrics.mean(values), metrics.percentile(values, 0.5), metrics.percentile(values, 0.95)
            table.add_row(name, *("" if each is None else f"{each:.1f}" for each in told))
    yield from _titled("milliseconds", table)


def _wrong(rows: Sequence[Row], most: int) -> Iterator[Part]:
    table = _table(["id", "question", "what"], [])
    for row in rows[:most]:
        table.add_row(escape(row.id), escape(row.question), escape("; ".join(row.problems)))
    yield from _titled(_counted("went wrong", len(rows), most), table)


def _compared(comparison: Comparison, rows: Mapping[str, Row], most: int) -> Iterator[Part]:
    yield Text("\ncompared with the baseline", style="bold")
    yield Text(f"answers changed: {len(comparison.changed)}")
    if comparison.only_before or comparison.only_after:
        there, here = len(comparison.only_before), len(comparison.only_after)
        yield Text(f"questions not compared: {there} only in the baseline, {here} only here")
    yield Text(f"what else differs: {', '.join(comparison.differing_hashes) or 'nothing'}")
    yield from _changes(comparison.changes)
    for title, ids in (("broken", comparison.broken), ("healed", comparison.healed)):
        if ids:
            table = _table(["id", "question", "now"], [])
            for row in (rows[each] for each in ids[:most]):
                now = "; ".join(row.problems) or row.status
                table.add_row(escape(row.id), escape(row.question), escape(now))
            yield from _titled(_counted(title, len(ids), most), table)


def _changes(changes: Sequence[Change]) -> Iterator[Part]:
    table = _table(["figure"], ["before", "after", "change, 95 %", "p", "least", ""], apart=1)
    table.columns[0].min_width = _WIDEST
    for change in changes:
        table.add_row(
            change.name,
            f"{change.before:.3f}",
            f"{change.after:.3f}",
            f"{change.low:+.3f} to {change.high:+.3f}",
            f"{change.p_holm:.3f}",
            f"{change.smallest:.3f}",
            "" if change.direction == "unclear" else change.direction,
        )
    yield from _titled("changes", table)
    yield Text("p: corrected for their number (Holm); least: the smallest change that would show")


def escape(text: str) -> str:
    """A text of a test set or an answer as it may stand in a table: no markup, nothing a terminal would obey."""
    return escape_markup(_UNPRINTABLE.sub("\ufffd", text))


def _counted(title: str, many: int, most: int) -> str:
    return f"{title}: {many}" + (f", the first {most}" if many > most else "")


def _value(figure: Figure) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f}"
