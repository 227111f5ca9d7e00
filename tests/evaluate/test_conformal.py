"""Thresholds for a stated risk: the formulas against others' and against every possible outcome, and simulations with
a known truth."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from ragbot.evaluate import conformal
from ragbot.evaluate.conformal import (
    GRID,
    Kind,
    Outcome,
    Point,
    at,
    binomial_p,
    curve,
    least_answers,
    least_questions,
    provable,
    upper_bound,
)

KINDS: tuple[Kind, ...] = ("conditional", "joint")

outcome = st.builds(
    lambda confidence, wrong: Outcome(confidence=confidence, wrong=wrong),
    st.none() | st.sampled_from((0.0, 0.1, 0.3, 0.305, 0.5, 0.9, 1.0)),
    st.booleans(),
)


def choose(outcomes: Sequence[Outcome], *, kind: Kind, risk: float, confidence: float) -> Point | None:
    return conformal.choose(curve(outcomes), kind=kind, risk=risk, confidence=confidence)


def answers(right: int, wrong: int, confidence: float = 0.8) -> list[Outcome]:
    return [Outcome(confidence=confidence, wrong=number < wrong) for number in range(right + wrong)]


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_p_value_is_the_binomial_distributions(wrong: int, right: int, risk: float) -> None:
    """As scipy has it."""
    assert binomial_p(wrong, wrong + right, risk) == pytest.approx(
        binom.cdf(wrong, wrong + right, risk), abs=1e-9
    )


@pytest.mark.parametrize(("risk", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_risk_of_nothing_or_all(risk: float, expected: float) -> None:
    """Under a rate of 0 no mistake is sure, under a rate of 1 it is impossible."""
    assert binomial_p(0, 5, risk) == expected


def test_many_answers_keep_their_p_value() -> None:
    """A hundred thousand answers neither overflow nor vanish."""
    assert binomial_p(4900, 100_000, 0.05) == pytest.approx(binom.cdf(4900, 100_000, 0.05), rel=1e-6)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.5, 0.99))
def test_the_upper_bound_is_clopper_and_pearsons(wrong: int, right: int, confidence: float) -> None:
    """The quantile of a beta distribution; 1 where everything, or nothing, was wrong."""
    expected = beta.ppf(confidence, wrong + 1, right) if right else 1.0
    assert upper_bound(wrong, wrong + right, confidence) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.01, 0.6), st.floats(0.5, 0.99))
def test_the_fewest_answers_that_can_show_a_risk(risk: float, confidence: float) -> None:
    """So many without a mistake are enough, one fewer is not."""
    n = least_answers(risk, confidence)
    assert (1 - risk) ** n <= 1 - confidence + 1e-9
    assert n == 1 or (1 - risk) ** (n - 1) > 1 - confidence - 1e-9


def test_known_numbers() -> None:
    """A risk of 5 % takes 45 answers at a confidence of .9, and 19 questions on average."""
    assert (least_answers(0.05, 0.9), least_questions(0.05), least_questions(0.3)) == (45, 19, 3)


@given(st.lists(outcome, max_size=40), st.sampled_from(KINDS), st.floats(0.02, 0.5))
def test_what_is_chosen_holds_the_risk_on_the_test_set_itself(
    outcomes: list[Outcome], kind: Kind, risk: float
) -> None:
    """With a margin: the observed rate lies below the risk; ties in confidence stay together; the threshold is of the
    grid."""
    found = choose(outcomes, kind=kind, risk=risk, confidence=0.9)
    if found is None:
        return
    assert found.threshold in GRID
    assert found == at(outcomes, found.threshold)
    rate = found.joint if kind == "joint" else found.conditional
    assert rate is not None
    assert rate < risk


@given(st.lists(outcome, max_size=30), st.floats(0.05, 0.5))
def test_the_joint_choice_is_the_lowest_that_fits(outcomes: list[Outcome], risk: float) -> None:
    """By brute force: of all thresholds from which on the bound holds at every stricter one, the lowest."""
    n = len(outcomes)
    fits = [n / (n + 1) * point.joint + 1 / (n + 1) <= risk + 1e-12 for point in curve(outcomes)]
    held = [threshold for place, threshold in enumerate(GRID) if all(fits[: place + 1])]
    found = choose(outcomes, kind="joint", risk=risk, confidence=0.9)
    assert (found.threshold if found else None) == (held[-1] if held else None)


@given(st.lists(outcome, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_questions_does_not_matter(outcomes: list[Outcome], draw: random.Random) -> None:
    """Nor which of two equal ones comes first."""
    shuffled = draw.sample(outcomes, len(outcomes))
    for kind in KINDS:
        first, second = (choose(each, kind=kind, risk=0.3, confidence=0.6) for each in (outcomes, shuffled))
        assert first == second


def test_all_right_answers_everything() -> None:
    """With enough questions the threshold falls to 0."""
    for kind in KINDS:
        found = choose(answers(60, 0), kind=kind, risk=0.05, confidence=0.9)
        assert found is not None
        assert (found.threshold, found.coverage) == (0.0, 1.0)


def test_all_wrong_answers_nothing() -> None:
    """The joint rate is held by answering nothing of it; the conditional one cannot be shown."""
    outcomes = answers(0, 60)
    found = choose(outcomes, kind="joint", risk=0.05, confidence=0.9)
    assert found is not None
    assert (found.threshold, found.answered) == (0.81, 0)
    assert choose(outcomes, kind="conditional", risk=0.05, confidence=0.9) is None
    assert provable(curve(outcomes), kind="conditional", confidence=0.9) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "outcomes", [[], [Outcome(confidence=None, wrong=False)] * 3], ids=["none", "silent"]
)
def test_too_few_answers_show_nothing(kind: Kind, outcomes: list[Outcome]) -> None:
    """No question, and none that is answered."""
    assert choose(outcomes, kind=kind, risk=0.05, confidence=0.9) is None


def test_one_answer_too_few() -> None:
    """44 answers without a mistake do not show 5 %, 45 do; what 44 show is 6 %."""
    assert choose(answers(44, 0), kind="conditional", risk=0.05, confidence=0.9) is None
    assert choose(answers(45, 0), kind="conditional", risk=0.05, confidence=0.9) is not None
    shown = provable(curve(answers(44, 0)), kind="conditional", confidence=0.9)
    assert shown is not None
    assert shown[0] == 0.06


def test_ties_are_answered_together() -> None:
    """Sixty answers of one confidence, half of them wrong, cannot be told apart: none is given."""
    mixed = answers(30, 30, confidence=0.5) + answers(60, 0, confidence=0.9)
    found = choose(mixed, kind="conditional", risk=0.05, confidence=0.9)
    assert found is not None
    assert (found.answered, found.wrong, found.threshold) == (60, 0, 0.51)


def _questions(draw: random.Random, n: int, right: Callable[[float], float]) -> list[Outcome]:
    """Questions whose answers are right with a known probability of their confidence."""
    made = []
    for _ in range(n):
        confidence = draw.betavariate(1.2, 1.5)
        made.append(Outcome(confidence=confidence, wrong=draw.random() >= right(confidence)))
    return made


@pytest.mark.parametrize("risk", [0.1, 0.2])
def test_the_stated_risk_holds_where_the_truth_is_known(risk: float) -> None:
    """Of 200 test sets, the conditional rate is exceeded in no more than a tenth, allowing for the chance of 200 draws;
    the joint one holds on average. Choosing by the observed rate alone exceeds it far more often."""

    def right(confidence: float) -> float:
        return 1 / (1 + math.exp(-8 * (confidence - 0.25)))

    draw = random.Random(5)
    truth = {point.threshold: point for point in curve(_questions(draw, 60_000, right))}
    over, joint, naive = 0, 0.0, 0
    for _ in range(200):
        outcomes = _questions(draw, 150, right)
        held = choose(outcomes, kind="conditional", risk=risk, confidence=0.9)
        over += held is not None and (truth[held.threshold].conditional or 0.0) > risk
        on_average = choose(outcomes, kind="joint", risk=risk, confidence=0.9)
        joint += truth[on_average.threshold].joint if on_average else 0.0
        seen = [p.threshold for p in curve(outcomes) if p.answered and p.wrong <= risk * p.answered]
        naive += bool(seen) and (truth[min(seen)].conditional or 0.0) > risk
    assert over <= binom.ppf(0.99, 200, 0.1)
    assert joint / 200 <= risk
    assert naive > 2 * over + 20


@settings(max_examples=20)
@given(st.floats(0.05, 0.3), st.floats(0.7, 0.95))
def test_no_wrong_threshold_is_accepted_too_often(risk: float, confidence: float) -> None:
    """Where every answer is wrong with just more than the risk whatever its confidence, the exact chance of accepting
    the first test, over all possible numbers of mistakes, is at most 1 - confidence."""
    n = least_answers(risk, confidence) + 20
    accepted = sum(
        binom.pmf(wrong, n, risk)
        for wrong in range(n + 1)
        if choose(answers(n - wrong, wrong), kind="conditional", risk=risk, confidence=confidence)
    )
    assert accepted <= 1 - confidence + 1e-9
