"""From which confidence on may the bot answer, so that it is wrong no more often than stated? Two ways, both exact for
any confidence and any number of questions, as long as these are drawn like the customers' and independently.

Joint rate, P(answered and wrong) <= risk, on average over test sets: conformal risk control (Angelopoulos, Bates,
Fisch, Lei, Schuster, 2022). Conditional rate, P(wrong | answered) <= risk, for a share `confidence` of test sets:
Learn-then-Test (Angelopoulos, Bates, Candès, Jordan, Lei, 2021) with exact binomial p-values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Kind = Literal["conditional", "joint"]

GRID: Final = tuple(step / 100 for step in range(100, -1, -1))
"""The thresholds that are tried, the strictest first; fixed, so that no data chose them."""
_FIRST: Final = 4
"""Testing begins where one in so many of the answers is given. From the fewest answers that can show anything on, one
early mistake would end it; simulated with 100 to 1,000 questions, a quarter kept most coverage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one question gives where nothing holds the bot back."""

    confidence: float | None
    """Of the answer, 0..1; None: the bot does not answer it whatever the threshold."""
    wrong: bool
    """Whether the answer, if it is given, is wrong or ungrounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What happens where the bot answers from `threshold` on."""

    threshold: float
    asked: int
    answered: int
    wrong: int
    """Of those answered."""

    @property
    def coverage(self) -> float:
        """Share of the questions that are answered."""
        return self.answered / self.asked if self.asked else 0.0

    @property
    def conditional(self) -> float | None:
        """Share of wrong ones among the answers; None without an answer."""
        return self.wrong / self.answered if self.answered else None

    @property
    def joint(self) -> float:
        """Share of wrong answers among the questions."""
        return self.wrong / self.asked if self.asked else 0.0


def at(outcomes: Sequence[Outcome], threshold: float) -> Point:
    """What happens at a threshold."""
    given = [each for each in outcomes if each.confidence is not None and each.confidence >= threshold]
    wrong = sum(each.wrong for each in given)
    return Point(threshold=threshold, asked=len(outcomes), answered=len(given), wrong=wrong)


def curve(outcomes: Sequence[Outcome]) -> list[Point]:
    """A point for every threshold of `GRID`."""
    return [at(outcomes, threshold) for threshold in GRID]


def choose(points: Sequence[Point], *, kind: Kind, risk: float, confidence: float) -> Point | None:
    """Of a `curve`, the lowest threshold that holds the risk; None where none does. The joint rate knows no
    `confidence`: it holds on average."""
    return joint(points, risk) if kind == "joint" else conditional(points, risk, confidence)


def joint(points: Sequence[Point], risk: float) -> Point | None:
    """Conformal risk control, section 2 of its paper: the lowest threshold with n/(n+1) R + 1/(n+1) <= risk, where R is
    the joint rate of n questions and no loss exceeds 1. The expected joint rate of a new question is then at most
    `risk`. `points`: from the strictest threshold on."""
    held = None
    for point in points:
        if point.wrong + 1 > risk * (point.asked + 1) + 1e-9:
            break
        held = point
    return held


def conditional(points: Sequence[Point], risk: float, confidence: float) -> Point | None:
    """Learn-then-Test, with fixed-sequence testing: down from the first threshold with enough answers, until the first
    at which "the conditional rate exceeds `risk`" cannot be rejected at the level 1 - `confidence`. Where the sequence
    begins depends on how many answers there are, not on which are wrong; for that the rate must not fall where the
    threshold does. `points`: from the strictest threshold on.
    """
    if not points:
        return None
    least = max(least_answers(risk, confidence), math.ceil(points[-1].answered / _FIRST))
    held = None
    for point in points:
        if point.answered < least:
            continue
        if binomial_p(point.wrong, point.answered, risk) > 1 - confidence:
            break
        held = point
    return held


def binomial_p(wrong: int, answered: int, risk: float) -> float:
    """P(at most `wrong` of `answered`) where each is wrong with probability `risk`: the exact p-value of "the rate is
    `risk` or more"."""
    if wrong >= answered:
        return 1.0
    if risk <= 0.0 or risk >= 1.0:
        return float(risk <= 0.0)
    log_risk, log_rest = math.log(risk), math.log1p(-risk)
    terms = (
        math.lgamma(answered + 1)
        - math.lgamma(k + 1)
        - math.lgamma(answered - k + 1)
        + k * log_risk
        + (answered - k) * log_rest
        for k in range(wrong + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def upper_bound(wrong: int, answered: int, confidence: float) -> float:
    """The largest rate that `wrong` of `answered` do not contradict, one-sided (Clopper and Pearson, 1934): its
    `binomial_p` is 1 - `confidence`. 1 without an answer."""
    if wrong >= answered:
        return 1.0
    low, high = wrong / answered, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_p(wrong, answered, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def least_answers(risk: float, confidence: float) -> int:
    """How many answers, none of them wrong, show a conditional rate of at most `risk`: the least n with
    (1 - risk)^n <= 1 - confidence."""
    return max(1, math.ceil(math.log(1 - confidence) / math.log1p(-risk) - 1e-9))


def most_wrong(number: int, *, kind: Kind, risk: float, confidence: float) -> int | None:
    """How many of so many answers (of so many questions, for the joint rate) may be wrong for the risk to be held; None
    where even none is too many: there are too few."""
    if kind == "joint":
        allowed = math.floor(risk * (number + 1) + 1e-9) - 1
        return allowed if allowed >= 0 else None
    held = None
    for wrong in range(number + 1):
        if binomial_p(wrong, number, risk) > 1 - confidence:
            break
        held = wrong
    return held


def least_questions(risk: float) -> int:
    """How many questions conformal risk control needs where no answer is wrong: the least n with 1/(n+1) <= risk."""
    return max(1, math.ceil(1 / Fraction(str(risk))) - 1)


def provable(points: Sequence[Point], *, kind: Kind, confidence: float) -> tuple[float, Point] | None:
    """The smallest whole percentage that a threshold of a `curve` holds, and what happens there; None where none does.
    A risk chosen after looking is an orientation: it must be stated before the questions are asked to hold as stated.
    """
    for percent in range(1, 100):
        found = choose(points, kind=kind, risk=percent / 100, confidence=confidence)
        if found is not None and found.answered:
            return percent / 100, found
    return None
