"""Figures as words: percentages, intervals, and what the report comes to in a few plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ragbot.evaluate.values import Comparison, EvalReport, Figure

_PERCENT = "\N{NO-BREAK SPACE}%"
_FEW = 100
"""Below this many questions even the interval of an even rate is some 20 points wide."""


def percent(value: float | None, n: int = 0) -> str:
    """`87.3 %`; without decimals below 200 cases; never `100 %` or `0 %` for what is not; a dash for None."""
    if value is None:
        return "–"
    for digits in range(1 if n >= 200 else 0, 4):
        text = f"{100 * value:.{digits}f}"
        if float(text) not in {0.0, 100.0} or value in {0.0, 1.0}:
            return f"{text}{_PERCENT}"
    return f"> 99.999{_PERCENT}" if value > 0.5 else f"< 0.001{_PERCENT}"


def between(figure: Figure) -> str:
    """`83.1 – 90.4 %`, or nothing where there is no interval."""
    if figure.low is None or figure.high is None:
        return ""
    return f"{percent(figure.low, figure.n).removesuffix(_PERCENT)} – {percent(figure.high, figure.n)}"


def points(difference: float) -> str:
    """A difference of two shares in percentage points: `+3.1`, `−0.4`, `0.0`."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def verdict(report: EvalReport, comparison: Comparison | None) -> list[str]:
    """The sentences at the top, each out of figures that exist; the first is the shortest summary."""
    return [_in_short(report), *_in_full(report), *_compared(comparison)]


def _figure(report: EvalReport, name: str) -> Figure:
    return report.overall.figures.get(name, Figure(value=None, n=0))


def _in_short(report: EvalReport) -> str:
    if not report.rows:
        return "Nothing was asked, so nothing can be said."
    said = {
        "answer_rate": "of the answerable questions were answered",
        "answer_precision": "of the answers given are right",
        "right_by_facts": "of them say every fact that the test set asks for",
        "right_by_place": "of them cite the right place",
        "abstention_rate": "of the unanswerable questions were declined",
    }
    figures = {what: _figure(report, name) for name, what in said.items()}
    parts = [
        f"{percent(each.value, each.n)} {what}" for what, each in figures.items() if each.value is not None
    ]
    if not parts:
        return f"{_questions(len(report.rows))} asked; this test set expects nothing that can be judged."
    return "; ".join(parts) + "."


def _in_full(report: EvalReport) -> Iterator[str]:
    status = _figure(report, "right_rate")
    if status.value is not None:
        yield (
            f"{_questions(len(report.rows))} asked; {_count(status)} of the {status.n} with an expectation went "
            f"right{_interval(status)}."
        )
    answered = sum(row.status == "answered" for row in report.rows)
    right = _figure(report, "answer_precision")
    if right.value is not None:
        yield (
            f"{answered} were answered; of the {right.n} answers that can be judged, {right.n - _count(right)} "
            f"are wrong or should not have been given{_interval(right, 'right')}."
        )
    yield from _grounding(report)
    false = _figure(report, "false_answer_rate")
    if false.value is not None:
        yield f"Of {false.n} questions that the documents do not answer, {_count(false)} got an answer all the same."
    if 0 < len(report.rows) < _FEW:
        yield f"With {len(report.rows)} questions the intervals are wide: read every figure as a rough one."


def _grounding(report: EvalReport) -> Iterator[str]:
    claims = [claim for row in report.rows if row.status == "answered" for claim in row.claims]
    if not claims:
        return
    contradicted = sum(claim.verdict == "contradicted" for claim in claims)
    unsupported = sum(claim.verdict == "unsupported" for claim in claims)
    if not contradicted + unsupported:
        yield f"All {len(claims)} statements in answers are supported by the cited text, by the bot's own check."
        return
    yield (
        f"Of the {len(claims)} statements in answers, {_are(contradicted)} contradicted by the cited text and "
        f"{_are(unsupported)} not supported by it, as the bot's own check sees it."
    )


def _are(count: int) -> str:
    return "1 is" if count == 1 else f"{count or 'none'} are"


def _compared(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    better = sum(change.direction == "better" for change in comparison.changes)
    worse = sum(change.direction == "worse" for change in comparison.changes)
    yield (
        f"Against the baseline {better} of {len(comparison.changes)} measures are better and {worse} worse beyond "
        f"chance; {_questions(len(comparison.broken))} broke and {len(comparison.healed)} healed."
    )
    if comparison.only_before or comparison.only_after:
        yield (
            f"The test sets differ: {len(comparison.only_before)} questions are only in the baseline and "
            f"{len(comparison.only_after)} only here; they are not compared."
        )


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count} questions"


def _count(figure: Figure) -> int:
    return round((figure.value or 0.0) * figure.n)


def _interval(figure: Figure, of_what: str = "") -> str:
    what = f" {of_what}" if of_what else ""
    spread = f"; 95 % interval {between(figure)}" if between(figure) else ""
    return f" ({percent(figure.value, figure.n)}{what}{spread})"
