"""What a calibration found, as a table and sentences for people. Knows nothing of how it was measured or stored.

Everything fits 80 columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.box import SIMPLE
from rich.console import Group as Renderables
from rich.table import Table
from rich.text import Text

from ragbot.evaluate import conformal
from ragbot.evaluate.calibrate import Calibrated
from ragbot.evaluate.conformal import Point

_ROWS: Final = 10


def render(found: Calibrated) -> Renderables:
    """The risk-coverage curve, the chosen threshold and the one in force, and what was left out."""
    lines = [Text(line) for line in ("", *_sentences(found))]
    return Renderables(Text(f"{found.current.asked} questions\n"), _curve(found), *lines)


def _curve(found: Calibrated) -> Table:
    table = Table(box=SIMPLE, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for heading in (
        "threshold",
        "answered",
        "share",
        "wrong",
        "of answers",
        f"at most ({found.confidence:g})",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for point in shown(found):
        rate = point.conditional
        table.add_row(
            f"{point.threshold:.2f}",
            str(point.answered),
            f"{point.coverage:.3f}",
            str(point.wrong),
            "" if rate is None else f"{rate:.3f}",
            f"{conformal.upper_bound(point.wrong, point.answered, found.confidence):.3f}",
        )
    return table


def shown(found: Calibrated) -> Sequence[Point]:
    """Some ten points: the first that reaches each tenth of the answers, the chosen one, and the last."""
    points = found.curve
    most = points[-1].answered
    picked = {
        next(point.threshold for point in points if point.answered * _ROWS >= most * tenth): None
        for tenth in range(1, _ROWS + 1)
    }
    chosen = () if found.chosen is None else (found.chosen.threshold,)
    kept = {*picked, *chosen}
    return [point for point in points if point.threshold in kept]


def _sentences(found: Calibrated) -> Iterator[str]:
    if found.chosen is not None:
        yield f"chosen:   {_told(found.chosen)}"
    yield f"in force: {_told(found.current)}"
    if found.unjudged:
        yield f"left out: {found.unjudged} that tell no right answer from a wrong one"
    if found.together:
        yield f"left out: {found.together} of a conversation of which another question was asked"
    if found.chosen is not None:
        yield _promise(found)
        if _passed_over(found, found.chosen):
            yield "Below the first threshold that fails none is tried: the best of many would promise too much."


def _passed_over(found: Calibrated, chosen: Point) -> bool:
    """Whether a lower threshold looks as if it held the risk."""
    return found.kind == "conditional" and any(
        point.threshold < chosen.threshold
        and conformal.upper_bound(point.wrong, point.answered, found.confidence) <= found.risk
        for point in found.curve
    )


def _told(point: Point) -> str:
    rate = "" if point.conditional is None else f" ({point.conditional:.1%} of them)"
    return (
        f"{point.threshold:g} answers {point.answered} of {point.asked} questions ({point.coverage:.1%}), "
        f"{point.wrong} wrong{rate}"
    )


def _promise(found: Calibrated) -> str:
    customers = "for questions like those of the test set, asked of the documents as they are"
    if found.kind == "joint":
        return f"On average at most {found.risk:g} of the questions get a wrong answer, {customers}."
    return f"At a confidence of {found.confidence:g}, at most {found.risk:g} of the answers are wrong, {customers}."


def refusal(found: Calibrated) -> str:
    """Why no threshold holds the risk, and what this set does show."""
    return f"no threshold holds a risk of {found.risk:g}: {_why(found)}; {_instead(found)}"


def _why(found: Calibrated) -> str:
    last = found.curve[-1]
    number, counted = (last.asked, "questions") if found.kind == "joint" else (last.answered, "answers")
    if found.kind == "joint":
        least = conformal.least_questions(found.risk)
        surely = ""
    else:
        least = conformal.least_answers(found.risk, found.confidence)
        surely = f" at a confidence of {found.confidence:g}"
    allowed = conformal.most_wrong(number, kind=found.kind, risk=found.risk, confidence=found.confidence)
    if allowed is None:
        return f"{number} {counted} are too few, it takes {least}{surely} with none of them wrong"
    may = "none may be wrong" if allowed == 0 else f"no more than {allowed} may be wrong"
    return f"of {number} {counted} {may}{surely}, {last.wrong} are, and the confidence parts them too little"


def _instead(found: Calibrated) -> str:
    if found.provable is None:
        return "this set shows no risk under 1; add questions"
    risk, point = found.provable
    return (
        f"this set shows {risk:g}, with {point.answered} of {point.asked} questions answered from "
        f"{point.threshold:g} on; add questions, correct the documents, or state such a risk"
    )
