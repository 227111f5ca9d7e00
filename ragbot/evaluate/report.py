"""An `EvalReport` or a `Comparison` as tables for people, made with rich. Knows nothing of how it was measured.

Everything fits 80 columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from rich.box import SIMPLE
from rich.console import Group as Renderables
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ragbot.evaluate import metrics
from ragbot.evaluate.measures import MEASURES, Family
from ragbot.evaluate.values import Change, Comparison, Curves, EvalReport, Figure, Group, RiskPoint, Row

_IN_GROUPS = {
    "right": "right_rate",
    "facts": "right_fact_rate",
    "precise": "answer_precision",
    "silent": "abstention_rate",
    "support": "supported_share",
    "recall@5": "recall@5",
}
"""Heading -> figure of the table of groups."""
_COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of which the table of risks shows the nearest points."""


def render(report: EvalReport, *, failures: int = 20) -> Renderables:
    """Overall figures, groups, confusion of statuses, curves, durations, and the first `failures` questions gone
    wrong."""
    return Renderables(*_tables(report, failures))


def render_comparison(comparison: Comparison, rows: Sequence[Row], *, most: int = 20) -> Renderables:
    """What changed since the baseline, and the first `most` questions that broke and healed, out of the new `rows`."""
    return Renderables(*_compared(comparison, {row.id: row for row in rows}, most))


def _tables(report: EvalReport, failures: int) -> Iterator[Table]:
    for family in get_args(Family):
        yield _overall(report, family)
    groups = {**report.by_language, **report.by_tag}
    if len(groups) > 1:
        yield _groups(groups)
    if report.confusion:
        yield _confusion(report)
    if report.curves.risk_coverage:
        yield _risks(report.curves)
    if report.timings:
        yield _durations(report)
    wrong = [row for row in report.rows if row.problems]
    if wrong:
        yield _wrong(wrong, failures)


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1), show_edge=False)
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _overall(report: EvalReport, family: str) -> Table:
    title = f"{family} ({report.overall.n} questions)"
    table = _table(title, ["figure"], ["value", "95 % interval", "n"])
    table.columns[0].min_width = max(map(len, MEASURES))
    for name, measure in MEASURES.items():
        if measure.group == family:
            figure = report.overall.figures[name]
            between = "" if figure.low is None else f"{figure.low:.3f} – {figure.high:.3f}"
            table.add_row(name, _value(figure), between, str(figure.n))
    return table


def _groups(groups: Mapping[str, Group]) -> Table:
    table = _table("by language and tag (all figures, with counts: --json)", ["group"], ["n", *_IN_GROUPS])
    for name, group in groups.items():
        figures = [group.figures[each] for each in _IN_GROUPS.values()]
        table.add_row(escape(name), str(group.n), *(_value(each) if each.n else "" for each in figures))
    return table


def _confusion(report: EvalReport) -> Table:
    given = sorted({status for row in report.confusion.values() for status in row})
    table = _table("expected status, given status", [""], given)
    for expected, counts in report.confusion.items():
        table.add_row(expected, *(str(counts.get(status, 0)) for status in given))
    return table


def _risks(curves: Curves) -> Table:
    told = [
        f"{name} {value:.3f}"
        for name, value in (
            ("AURC", curves.aurc),
            ("calibration error", curves.calibration_error),
            ("answerable AUROC", curves.answerable_auroc),
        )
        if value is not None
    ]
    title = "risk (wrong or ungrounded) by confidence asked for; " + ", ".join(told)
    table = _table(title, [], ["threshold", "answered", "of these wrong"])
    for point in _spread(curves.risk_coverage):
        table.add_row(f"{point.threshold:.3f}", f"{point.coverage:.3f}", f"{point.risk:.3f}")
    return table


def _spread(points: Sequence[RiskPoint]) -> list[RiskPoint]:
    """The first point that reaches each coverage, and the last one."""
    reached = (next((each for each in points if each.coverage >= least), points[-1]) for least in _COVERAGES)
    return list(dict.fromkeys(reached))


def _durations(report: EvalReport) -> Table:
    table = _table("milliseconds", [""], ["mean", "median", "95th percentile"])
    searches = [each.search_ms for each in report.timings if each.search_ms is not None]
    for name, values in (("answer", [each.answer_ms for each in report.timings]), ("search", searches)):
        if values:
            told = metrics.mean(values), metrics.percentile(values, 0.5), metrics.percentile(values, 0.95)
            table.add_row(name, *("" if each is None else f"{each:.1f}" for each in told))
    return table


def _wrong(rows: Sequence[Row], most: int) -> Table:
    title = f"went wrong: {len(rows)}" + (f", the first {most}" if len(rows) > most else "")
    table = _table(title, ["id", "question", "what"], [])
    for row in rows[:most]:
        table.add_row(escape(row.id), escape(row.question), escape("; ".join(row.problems)))
    return table


def _compared(comparison: Comparison, rows: Mapping[str, Row], most: int) -> Iterator[Table | Text]:
    left_out = f"{len(comparison.only_before)} only there, {len(comparison.only_after)} only here"
    differing = ", ".join(comparison.differing_hashes) or "nothing"
    yield Text(f"compared with the baseline: answers changed {len(comparison.changed)}; questions {left_out}")
    yield Text(f"what else differs: {differing}\n")
    yield _changes(comparison.changes)
    for title, ids in (("broken", comparison.broken), ("healed", comparison.healed)):
        if ids:
            shown = f"{title}: {len(ids)}" + (f", the first {most}" if len(ids) > most else "")
            table = _table(shown, ["id", "question", "now"], [])
            for each in ids[:most]:
                row = rows[each]
                table.add_row(
                    escape(row.id), escape(row.question), escape("; ".join(row.problems) or row.status)
                )
            yield table


def _changes(changes: Sequence[Change]) -> Table:
    table = _table(
        "changes (p corrected by Holm; least: the smallest difference that would show)",
        ["figure"],
        ["before", "after", "difference, 95 %", "p", "least", ""],
    )
    for change in changes:
        between = f"{change.after - change.before:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"
        direction = "" if change.direction == "unclear" else change.direction
        table.add_row(
            change.name,
            f"{change.before:.3f}",
            f"{change.after:.3f}",
            between,
            f"{change.p_holm:.3f}",
            f"{change.smallest:.3f}",
            direction,
        )
    return table


def _value(figure: Figure) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f}"
