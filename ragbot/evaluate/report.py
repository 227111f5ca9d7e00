"""An `EvalReport` as tables for people, made with rich. Knows nothing of how it was measured."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.console import Group as Renderables
from rich.markup import escape
from rich.table import Table

from ragbot.evaluate.summary import METRICS, EvalReport, Figure, Group

_IN_GROUPS = {
    "status": "status_accuracy",
    "facts": "right_fact_rate",
    "precision": "answer_precision",
    "refusals": "abstention_rate",
    "recall@5": "recall@5",
    "mrr": "mrr",
}
"""Heading -> figure of the table of groups."""


def render(report: EvalReport, *, failures: int = 20) -> Renderables:
    """Overall figures, groups, the confusion of statuses, and the first `failures` questions gone wrong."""
    return Renderables(*_tables(report, failures))


def _tables(report: EvalReport, failures: int) -> Iterator[Table]:
    yield _overall(report)
    groups = {**report.by_language, **report.by_tag}
    if len(groups) > 1:
        yield _groups(groups)
    if report.confusion:
        yield _confusion(report)
    wrong = _wrong(report, failures)
    if wrong.row_count:
        yield wrong


def _overall(report: EvalReport) -> Table:
    timing = report.timings.get("answer", {}).get("median")
    speed = "" if timing is None else f", {timing:.0f} ms per answer (median)"
    table = Table(box=SIMPLE, title=f"{report.overall.n} questions{speed}", title_justify="left")
    table.add_column("figure")
    for heading in ("value", "95 % interval", "n"):
        table.add_column(heading, justify="right")
    for name in METRICS:
        figure = report.overall.figures[name]
        between = "" if figure.low is None else f"{figure.low:.3f} – {figure.high:.3f}"
        counted = f"{figure.count}/{figure.n}" if figure.count is not None else str(figure.n)
        table.add_row(name, _value(figure), between, counted)
    return table


def _groups(groups: dict[str, Group]) -> Table:
    table = Table(
        title="by language and tag (counts of each figure: --json)", title_justify="left", box=SIMPLE
    )
    table.add_column("group", no_wrap=True)
    table.add_column("n", justify="right")
    for heading in _IN_GROUPS:
        table.add_column(heading, justify="right")
    for name, group in groups.items():
        figures = [group.figures[each] for each in _IN_GROUPS.values()]
        table.add_row(escape(name), str(group.n), *(_value(each) if each.n else "" for each in figures))
    return table


def _confusion(report: EvalReport) -> Table:
    given = sorted({status for row in report.confusion.values() for status in row})
    table = Table(title="expected status, given status", title_justify="left", box=SIMPLE)
    table.add_column("")
    for status in given:
        table.add_column(status, justify="right")
    for expected, counts in report.confusion.items():
        table.add_row(expected, *(str(counts.get(status, 0)) for status in given))
    return table


def _wrong(report: EvalReport, most: int) -> Table:
    table = Table(title="went wrong", title_justify="left", box=SIMPLE)
    for heading in ("id", "question", "what"):
        table.add_column(heading, overflow="fold")
    for row in report.rows:
        what = []
        if row.expected is not None and row.status != row.expected:
            what.append(f"{row.status}, not {row.expected}")
        elif row.status == "answered" and row.fact_said is False:
            what.append("fact missing")
        if row.forbidden_said:
            what.append("says " + ", ".join(map(repr, row.forbidden_said)))
        if row.reciprocal_rank == 0:
            what.append("source not found")
        if what and table.row_count < most:
            table.add_row(escape(row.id), escape(row.question), escape("; ".join(what)))
    return table


def _value(figure: Figure) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f}"
