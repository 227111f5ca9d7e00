"""How well confidence tells right answers from wrong ones: risk and coverage, reliability, answerability.

An answer is right here if it was due, says every fact, nothing forbidden, and each of its claims is supported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from ragbot.evaluate.judge import DIGITS
from ragbot.evaluate.values import Bin, Curves, RiskPoint, Row

BINS = 10
"""Bars of the reliability diagram, of equal width."""


def curves(rows: Sequence[Row]) -> Curves:
    """All curves over these rows; what nothing tells anything about stays empty or None."""
    told = [row for row in rows if row.expected is not None and not (answered(row) and right(row) is None)]
    answers = [(row.confidence, bool(right(row))) for row in told if answered(row)]
    due = [row.confidence for row in rows if row.expected == "answered"]
    undue = [row.confidence for row in rows if row.expected == "abstained"]
    bars = reliability(answers)
    return Curves(
        risk_coverage=risk_coverage(answers, of=len(told)),
        reliability=bars,
        aurc=_round(aurc(answers)),
        calibration_error=_round(calibration_error(bars)),
        answerable_auroc=_round(auroc(due, undue)),
    )


def answered(row: Row) -> bool:
    """Whether an answer was given."""
    return row.status == "answered"


def right(row: Row) -> bool | None:
    """Whether a given answer is right and grounded; None where there is none, or nothing to judge it by."""
    precise = row.measures.get("answer_precision")
    if precise is None:
        return None
    return precise == 1 and all(claim.verdict == "supported" for claim in row.claims)


def risk_coverage(answers: Sequence[tuple[float, bool]], *, of: int) -> tuple[RiskPoint, ...]:
    """(confidence, right) of the answers given -> a point for each confidence as threshold, from high to low.

    Coverage counts them among `of` questions (El-Yaniv and Wiener, JMLR 11, 2010).
    """
    points: list[RiskPoint] = []
    given = wrong = 0
    for threshold, ties in groupby(sorted(answers, key=_strictest), key=lambda each: each[0]):
        outcomes = [right for _, right in ties]
        given += len(outcomes)
        wrong += outcomes.count(False)
        coverage, risk = round(given / of, DIGITS), round(wrong / given, DIGITS)
        points.append(RiskPoint(threshold=threshold, coverage=coverage, risk=risk))
    return tuple(points)


def aurc(answers: Sequence[tuple[float, bool]]) -> float | None:
    """Mean risk of the first 1, 2, ... answers by falling confidence (Geifman, Uziel, El-Yaniv, ICLR 2019).

    Answers of the same confidence come in a random order: their expected share of wrong ones counts.
    """
    given, wrong, total = 0, 0.0, 0.0
    for _, ties in groupby(sorted(answers, key=_strictest), key=lambda each: each[0]):
        outcomes = [right for _, right in ties]
        share = outcomes.count(False) / len(outcomes)
        for _ in outcomes:
            given += 1
            wrong += share
            total += wrong / given
    return total / given if given else None


def reliability(answers: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    """(confidence, right) of answers -> bars of equal width that have any, from low to high."""
    bars: list[Bin] = []
    for number in range(BINS):
        own = [each for each in answers if min(BINS - 1, int(each[0] * BINS)) == number]
        if own:
            bars.append(
                Bin(
                    low=round(number / BINS, DIGITS),
                    high=round((number + 1) / BINS, DIGITS),
                    n=len(own),
                    confidence=round(math.fsum(each[0] for each in own) / len(own), DIGITS),
                    right=round(sum(each[1] for each in own) / len(own), DIGITS),
                )
            )
    return tuple(bars)


def calibration_error(bars: Sequence[Bin]) -> float | None:
    """Expected calibration error: sum of n_b / n |right_b - confidence_b| (Naeini et al., AAAI 2015)."""
    n = sum(each.n for each in bars)
    return math.fsum(each.n * abs(each.right - each.confidence) for each in bars) / n if n else None


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Probability that a positive scores above a negative, a tie counting half (Hanley and McNeil, 1982)."""
    if not positives or not negatives:
        return None
    scored = sorted([(score, True) for score in positives] + [(score, False) for score in negatives])
    below, total = 0, 0.0
    for _, ties in groupby(scored, key=lambda each: each[0]):
        kinds = [positive for _, positive in ties]
        wins, losses = kinds.count(True), kinds.count(False)
        total += wins * (below + losses / 2)
        below += losses
    return total / (len(positives) * len(negatives))


def _strictest(answer: tuple[float, bool]) -> float:
    return -answer[0]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
