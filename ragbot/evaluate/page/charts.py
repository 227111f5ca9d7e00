"""The report's charts. Each also is a table of its numbers, and each mark says its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ragbot.evaluate.page.drawing import (
    BOTTOM,
    HEIGHT,
    LEFT,
    TOP,
    Chart,
    Dot,
    Frame,
    Label,
    Line,
    Rect,
    axis_names,
    bars,
    grid,
)
from ragbot.evaluate.page.outcome import outcome
from ragbot.evaluate.page.words import percent, points
from ragbot.evaluate.values import EvalReport, Row

_T = TypeVar("_T")
_BINS = 20
_RANGES = [f"{100 * step // _BINS}–{100 * (step + 1) // _BINS} %" for step in range(_BINS)]


def charts(report: EvalReport) -> list[Chart]:
    """Those that the report has numbers for."""
    made = (_confidence(report), _risk(report), _reliability(report), _latency(report))
    return [chart for chart in made if chart is not None]


_KINDS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "right": ("Answerable, went right", lambda row: row.expected == "answered" and outcome(row) == "right"),
    "wrong": ("Answerable, went wrong", lambda row: row.expected == "answered" and outcome(row) == "wrong"),
    "unanswerable": ("Not answerable", lambda row: row.expected == "abstained"),
}


def _confidence(report: EvalReport) -> Chart | None:
    """Three histograms above one another, each on its own scale, so that a small class is seen too."""
    classes = {kind: [row for row in report.rows if belongs(row)] for kind, (_, belongs) in _KINDS.items()}
    if not any(classes.values()):
        return None
    all_counts = {kind: _histogram(row.confidence for row in rows) for kind, rows in classes.items()}
    given = {
        kind: _histogram(row.confidence for row in rows if _given(row)) for kind, rows in classes.items()
    }
    labels = axis_names("confidence, %", "")[:1]
    lines: list[Line] = []
    rects: list[Rect] = []
    for frame, (kind, counts) in zip(_stacked(len(classes)), all_counts.items(), strict=True):
        lines.append(frame.line([(0, 0), (1, 0)], "axis"))
        name = f"{_KINDS[kind][0]} (n={sum(counts)})"
        labels.append(Label(x=LEFT, y=frame.top - 5, text=name, anchor="start", kind="name"))
        labels.append(Label(x=LEFT - 6, y=frame.top + 8, text=str(max(counts)), anchor="end"))
        tips = [
            f"{where}: {n}, answered {some}"
            for where, n, some in zip(_RANGES, counts, given[kind], strict=True)
        ]
        rects += bars(frame, counts, f"{kind} withheld", tips, most=max(counts))
        rects += bars(frame, given[kind], kind, tips, most=max(counts))
    labels += [Label(x=frame.x(step / 4), y=frame.bottom + 15, text=f"{25 * step}") for step in range(5)]
    header = (
        "confidence",
        *(f"{name}: {what}" for name, _ in _KINDS.values() for what in ("all", "answered")),
    )
    columns = [column for kind in _KINDS for column in (all_counts[kind], given[kind])]
    return Chart(
        id="confidence",
        title="Confidence",
        about="How sure the bot was that the documents hold the answer. The further the lowest lies left of the "
        "uppermost, the better the bot knows what it knows. Strong colour: an answer was given; pale: none.",
        summary="; ".join(
            f"{name}: median {_median(row.confidence for row in classes[kind])}"
            for kind, (name, _) in _KINDS.items()
        ),
        header=header,
        table=tuple((where, *map(str, counts)) for where, *counts in zip(_RANGES, *columns, strict=True)),
        rects=tuple(rects),
        lines=tuple(lines),
        labels=tuple(labels),
    )


def _given(row: Row) -> bool:
    return row.status == "answered"


def _stacked(count: int) -> list[Frame]:
    """`count` frames of the same height beneath one another, with room for a line of words above each."""
    each = (HEIGHT - TOP - BOTTOM) / count
    return [Frame(top=TOP + place * each + 17, bottom=TOP + (place + 1) * each) for place in range(count)]


def _histogram(values: Iterable[float]) -> list[int]:
    counts = [0] * _BINS
    for value in values:
        counts[min(int(value * _BINS), _BINS - 1)] += 1
    return counts


def _median(values: Iterable[float]) -> str:
    ordered = sorted(values)
    return percent(ordered[len(ordered) // 2]) if ordered else "none"


def _ceiling(value: float) -> float:
    """The least of a few round shares that is not below."""
    return next(top for top in (0.04, 0.1, 0.2, 0.4, 0.6, 1.0) if value <= top)


def _risk(report: EvalReport) -> Chart | None:
    points = report.curves.risk_coverage
    if not points:
        return None
    frame = Frame()
    top = _ceiling(max(point.risk for point in points))
    lines, labels = grid(frame, top)
    ordered = sorted(points, key=lambda point: (point.coverage, -point.threshold))
    lines.append(frame.line([(point.coverage, point.risk / top) for point in ordered], "curve"))
    dots = [
        Dot(
            x=frame.x(point.coverage),
            y=frame.y(point.risk / top),
            r=6,
            kind="hover",
            tip=f"threshold {point.threshold:.2f}: {percent(point.coverage)} answered, "
            f"{percent(point.risk)} of them wrong",
        )
        for point in ordered
    ]
    last = ordered[-1]
    now = f"as the bot ran, {percent(last.coverage)} were answered, and {percent(last.risk)} of these were wrong"
    dots.append(Dot(x=frame.x(last.coverage), y=frame.y(last.risk / top), r=5, kind="now", tip=now))
    return Chart(
        id="risk",
        title="Risk and coverage",
        about="Were only those answers given that the bot is surest of: how many questions would get one, and how many "
        f"of these would be wrong or not supported? Lower is better. The ring: {now}.",
        summary=now,
        header=("threshold", "answered", "wrong among them"),
        table=tuple(
            (f"{point.threshold:.3f}", percent(point.coverage), percent(point.risk))
            for point in _some(ordered)
        ),
        lines=tuple(lines),
        dots=tuple(dots),
        labels=(*labels, *axis_names("answered, %", "wrong among them, %")),
    )


def _some(values: Sequence[_T], most: int = 25) -> list[_T]:
    """Evenly spaced ones, the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(step * (len(values) - 1) / (most - 1))] for step in range(most)]


def _reliability(report: EvalReport) -> Chart | None:
    bins = [each for each in report.curves.reliability if each.n]
    if not bins:
        return None
    frame = Frame()
    lines, labels = grid(frame, 1)
    lines.append(frame.line([(0, 0), (1, 1)], "ideal"))
    lines.append(frame.line([(each.confidence, each.right) for each in bins], "curve"))
    most = max(each.n for each in bins)
    dots = [
        Dot(
            x=frame.x(each.confidence),
            y=frame.y(each.right),
            r=round(3 + 6 * (each.n / most) ** 0.5, 2),
            kind="bin",
            tip=f"confidence {percent(each.confidence)}, right {percent(each.right)}, n={each.n}",
        )
        for each in bins
    ]
    error = report.curves.calibration_error
    said = "" if error is None else f" Mean distance from it: {points(error)[1:]} points."
    return Chart(
        id="reliability",
        title="Reliability",
        about="Does a confidence of 80 % mean right in 80 of 100? On the dashed line it does; below it the bot is too "
        f"sure. Larger dots are more questions.{said}",
        summary="; ".join(f"{percent(each.confidence)} sure, {percent(each.right)} right" for each in bins),
        header=("confidence", "mean confidence", "right", "n"),
        table=tuple(
            (
                f"{percent(each.low)} – {percent(each.high)}",
                percent(each.confidence),
                percent(each.right),
                str(each.n),
            )
            for each in bins
        ),
        lines=tuple(lines),
        dots=tuple(dots),
        labels=(*labels, *axis_names("confidence, %", "right, %")),
    )


def _latency(report: EvalReport) -> Chart | None:
    times = sorted(timing.answer_ms for timing in report.timings)
    if not times:
        return None
    median, late = times[len(times) // 2], times[min(int(len(times) * 0.95), len(times) - 1)]
    end = _round_up(times[min(int(len(times) * 0.99), len(times) - 1)])
    counts = [0] * _BINS
    for time in times:
        counts[min(int(time / end * _BINS), _BINS - 1)] += 1
    frame = Frame()
    lines = [frame.line([(0, 0), (1, 0)], "axis")]
    lines += [
        frame.line([(time / end, 0), (time / end, 1)], "threshold") for time in (median, late) if time <= end
    ]
    labels = [
        Label(x=frame.x(step / 4), y=frame.bottom + 15, text=f"{end * step / 4:g}") for step in range(5)
    ]
    labels.append(Label(x=LEFT - 6, y=frame.top + 8, text=str(max(counts)), anchor="end"))
    ranges = [f"{end * step / _BINS:g}–{end * (step + 1) / _BINS:g} ms" for step in range(_BINS)]
    tips = [f"{where}: {count}" for where, count in zip(ranges, counts, strict=True)]
    summary = f"median {median:.0f} ms, 95th percentile {late:.0f} ms, slowest {times[-1]:.0f} ms"
    return Chart(
        id="latency",
        title="Time to answer",
        about=f"{summary[0].upper()}{summary[1:]}, on the machine of this run. The dashed lines are the first two; the "
        "last bar holds all that took longer.",
        summary=summary,
        header=("milliseconds", "questions"),
        table=tuple(zip(ranges, map(str, counts), strict=True)),
        rects=tuple(bars(frame, counts, "plain", tips, most=max(counts))),
        lines=tuple(lines),
        labels=(*labels, *axis_names("milliseconds", "questions")),
    )


def _round_up(value: float) -> float:
    """The least of 1, 2, 4, 8 times a power of ten that is not below `value`; at least 1."""
    unit = 1.0
    while True:
        for step in (1, 2, 4, 8):
            if value <= step * unit:
                return step * unit
        unit *= 10
