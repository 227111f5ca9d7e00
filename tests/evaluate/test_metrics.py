"""Measures, each against figures worked out by hand or published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.evaluate import metrics


def test_rank_and_reciprocal_rank() -> None:
    """The first right item counts; without one the reciprocal rank is 0."""
    assert metrics.first_rank(["a", "b", "c"], {"c", "b"}) == 2
    assert metrics.first_rank(["a"], {"z"}) is None
    assert metrics.reciprocal_rank(4) == 0.25
    assert metrics.reciprocal_rank(None) == 0.0


def test_recall_of_alternatives_and_of_all() -> None:
    """Alternatives: one is enough. All: the share that was found, repeats counted once."""
    ranked = ["a", "a", "b", "c"]
    assert metrics.recall_any(ranked, ["b", "z"], 2) == 0.0
    assert metrics.recall_any(ranked, ["b", "z"], 3) == 1.0
    assert metrics.recall_all(ranked, ["a", "c"], 3) == 0.5
    assert metrics.recall_all(ranked, [], 3) is None


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        ("Refunds take 5 days [1].", "5 days", True),
        ("Refunds take 15 days.", "5 days", False),
        ("It weighs 2.5 days", "5 days", False),
        ("It costs $50.", "$5", False),
        ("It costs $5.", "$5", True),
        ("It costs $5.50.", "$5", False),
        ("We refunded it.", "REFUND", True),
        ("A refund.", "fund", False),
        ("需要30天内退货", "30天", True),
        ("全额退款", "退款", True),
        ("Use the “Reset” button", '"reset" button', True),
        ("30–60 days", "30-60 days", True),
        ("３０ days", "30 days", True),
        ("a\nb", "a b", True),
        ("运费 45 元。", "45元", True),
        ("A fee of 10 % applies", "10%", True),
    ],
)
def test_contains_cuts_no_number_and_no_word(text: str, wanted: str, said: bool) -> None:
    """A fact is said only if its numbers are whole; letters may go on, as in plurals."""
    assert metrics.contains(text, wanted) is said


def test_every_group_needs_one_alternative() -> None:
    """Groups are joined by and, alternatives by or."""
    groups = (("5 days", "five days"), ("card",))
    assert metrics.contains_groups("Five days, by card", groups)
    assert not metrics.contains_groups("Five days", groups)


@pytest.mark.parametrize(
    ("text", "reference", "f1"),
    [
        ("the red hub", "a red hub", 1.0),
        ("red hub", "red lamp", 0.5),
        ("退款五天", "退款三天", 0.75),
        ("", "red", 0.0),
        ("", "", 1.0),
    ],
)
def test_token_f1(text: str, reference: str, f1: float) -> None:
    """Shared tokens without articles; Han characters one by one."""
    assert metrics.token_f1(text, reference) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_wilson_agrees_with_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    """The four examples of Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    interval = metrics.wilson(successes, n)
    assert interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate(counts: tuple[int, int]) -> None:
    """The interval lies in 0..1 and around the rate."""
    successes, n = counts
    interval = metrics.wilson(successes, n)
    assert interval is not None
    low, high = interval
    assert 0 <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= 1


def test_nothing_measured_is_none() -> None:
    """No figure is made out of no cases."""
    assert metrics.wilson(0, 0) is None
    assert metrics.mean([]) is None
    assert metrics.bootstrap_mean([1.0]) is None
    assert metrics.percentile([], 0.5) is None


def test_bootstrap_is_reproducible_and_near_the_normal_interval() -> None:
    """Same values, same interval; for 400 coin flips it is about 0.5 ± 0.049."""
    values = [0.0, 1.0] * 200
    assert metrics.bootstrap_mean(values) == metrics.bootstrap_mean(values)
    assert metrics.bootstrap_mean(values) == pytest.approx((0.451, 0.549), abs=0.01)


def test_percentile_is_one_of_the_values() -> None:
    """Nearest rank."""
    assert metrics.percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert metrics.percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
