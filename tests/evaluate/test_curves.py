"""Risk and coverage, reliability and ranking of confidences: by hand, by brute force, and beside scipy."""

from __future__ import annotations

import itertools
import math

import pytest
from evaluation import row
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ragbot.evaluate import curves
from ragbot.evaluate.values import Bin, RiskPoint

ANSWERS = [(0.9, True), (0.8, False), (0.8, True), (0.3, False)]
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=8)


def test_each_confidence_is_a_threshold() -> None:
    """From the strictest on: how many of eight questions are answered, and how many of these answers are wrong."""
    assert curves.risk_coverage(ANSWERS, of=8) == (
        RiskPoint(threshold=0.9, coverage=1 / 8, risk=0.0),
        RiskPoint(threshold=0.8, coverage=3 / 8, risk=0.333333),
        RiskPoint(threshold=0.3, coverage=4 / 8, risk=0.5),
    )
    assert curves.risk_coverage([], of=0) == ()


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_area_is_the_mean_over_every_order_of_ties(answers: list[tuple[float, bool]]) -> None:
    """All orders in which confidence falls, by brute force."""
    areas = []
    for order in itertools.permutations(answers):
        if all(one[0] >= other[0] for one, other in itertools.pairwise(order)):
            wrong = list(itertools.accumulate(not right for _, right in order))
            areas.append(math.fsum(many / n for n, many in enumerate(wrong, 1)) / len(order))
    assert curves.aurc(answers) == pytest.approx(sum(areas) / len(areas))


def test_reliability_by_hand() -> None:
    """Bars of width 0.1; a confidence of 1 lies in the last; the error weighs them by their answers."""
    bars = curves.reliability([(0.85, True), (0.81, False), (1.0, True)])
    assert bars == (
        Bin(low=0.8, high=0.9, n=2, confidence=0.83, right=0.5),
        Bin(low=0.9, high=1.0, n=1, confidence=1.0, right=1.0),
    )
    assert curves.calibration_error(bars) == pytest.approx(2 / 3 * 0.33)
    assert curves.calibration_error(()) is None


@given(SCORES, SCORES)
@settings(deadline=None)
def test_auroc_is_the_mann_whitney_statistic(positives: list[float], negatives: list[float]) -> None:
    """scipy's, ties counted half."""
    expected = stats.mannwhitneyu(positives, negatives, method="asymptotic").statistic
    assert curves.auroc(positives, negatives) == pytest.approx(expected / (len(positives) * len(negatives)))


def test_an_answer_is_right_if_precise_and_supported() -> None:
    """Without facts to judge it by, nothing is said."""
    assert curves.right(row("a", {"answer_precision": 1})) is True
    assert curves.right(row("b", {"answer_precision": 1}, verdicts=("supported", "contradicted"))) is False
    assert curves.right(row("c", {"answer_precision": 0})) is False
    assert curves.right(row("d")) is None


def test_questions_that_cannot_be_judged_are_left_out() -> None:
    """They are neither answered nor counted; abstentions are counted."""
    rows = [
        row("right", {"answer_precision": 1}, confidence=0.9),
        row("unjudged", confidence=0.8),
        row("free", expected=None, confidence=0.7),
        row("silent", status="abstained", confidence=0.1),
        row("undue", {"answer_precision": 0}, expected="abstained", confidence=0.4),
    ]
    found = curves.curves(rows)
    assert [(point.threshold, point.coverage) for point in found.risk_coverage] == [
        (0.9, 0.333333),
        (0.4, 0.666667),
    ]
    assert found.answerable_auroc == pytest.approx(2 / 3, abs=1e-6)


def test_no_answers_give_no_curves() -> None:
    """None, never NaN."""
    found = curves.curves([row("a", status="abstained"), row("b", status="abstained")])
    assert (found.risk_coverage, found.reliability) == ((), ())
    assert (found.aurc, found.calibration_error, found.answerable_auroc) == (None, None, None)
