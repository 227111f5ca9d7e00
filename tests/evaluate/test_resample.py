"""Intervals and tests, each beside an independent implementation, brute force, or a simulation with known truth."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ragbot.evaluate import resample
from ragbot.evaluate.resample import Tally, tally


def singles(values: list[float]) -> Tally:
    """Each value a cluster of its own."""
    return tally([(str(number), value) for number, value in enumerate(values)])


def paired(before: list[float], after: list[float]) -> tuple[Tally, Tally]:
    return singles(before), singles(after)


def test_values_are_added_up_per_cluster() -> None:
    """In the order that is asked for, clusters without a value included."""
    found = tally([("b", 1.0), ("a", 0.5), ("b", 0.0)], ["a", "b", "c"])
    assert found.sums.tolist() == [0.5, 1.0, 0.0]
    assert found.counts.tolist() == [1.0, 2.0, 0.0]
    assert found.mean == 0.5
    assert tally([], ["a"]).mean == 0.0


def test_the_interval_is_scipys_percentile_bootstrap_at_the_expanded_level() -> None:
    """Of means of single values and the lowest and highest again, at the tail of Hesterberg's formula, worked out here
    by scipy.stats."""
    values = np.random.default_rng(1).beta(2, 3, 60)
    reach = stats.t.ppf(0.975, 61) * math.sqrt(62 / 61)
    low, high = resample.interval(singles(values.tolist())) or (0.0, 0.0)
    values = np.append(values, [values.min(), values.max()])
    other = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=20_000,
        method="percentile",
        confidence_level=1 - 2 * stats.norm.cdf(-reach),
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert (low, high) == pytest.approx((other.low, other.high), abs=0.006)


def test_clusters_are_drawn_whole() -> None:
    """The interval of a ratio over clusters of unequal size is the one of a plain loop over resamples."""
    draw = random.Random(3)
    groups = [[float(draw.random() < 0.6)] * draw.randint(2, 6) for _ in range(40)]
    values = [(str(number), value) for number, group in enumerate(groups) for value in group]
    size = sum(map(len, groups)) / len(groups)
    means = []
    for _ in range(4000):
        drawn, total, n = draw.choices([*groups, [0.0], [1.0]], k=len(groups) + 2), 0.0, 0.0
        for group in drawn:
            weight = size if len(group) == 1 else 1.0  # a made-up one
            total, n = total + weight * sum(group), n + weight * len(group)
        means.append(total / n)
    found = resample.interval(tally(values)) or (0.0, 0.0)
    tail = stats.norm.cdf(-stats.t.ppf(0.975, 41) * math.sqrt(42 / 41))
    assert found == pytest.approx(tuple(np.quantile(means, [tail, 1 - tail])), abs=0.02)
    alone = resample.interval(singles([value for _, value in values])) or (0.0, 0.0)
    assert found[1] - found[0] > 1.3 * (alone[1] - alone[0])


def test_the_same_values_give_the_same_interval() -> None:
    """Nothing depends on what was drawn before."""
    values = singles([0.0, 0.5, 1.0, 1.0, 0.0])
    first = resample.interval(values)
    resample.interval(singles([0.0, 1.0]))
    assert resample.interval(values) == first


@pytest.mark.parametrize("n", [2, 7, 50])
def test_equal_rates_get_the_exact_binomial_interval(n: int) -> None:
    """All right or all wrong is no certainty: scipy's Clopper-Pearson, with clusters as trials."""
    for value, count in ((1.0, n), (0.0, 0)):
        exact = stats.binomtest(count, n).proportion_ci(method="exact")
        assert resample.interval(singles([value] * n)) == pytest.approx((exact.low, exact.high))
    twice = tally([(str(number % n), 1.0) for number in range(2 * n)])
    assert resample.interval(twice) == resample.interval(singles([1.0] * n))


def test_equal_values_in_between_get_hoeffdings_interval() -> None:
    """2 exp(-2 n t^2) = 0.05 at its ends."""
    low, high = resample.interval(singles([0.5] * 80)) or (0.0, 0.0)
    assert high - 0.5 == pytest.approx(0.5 - low)
    assert 2 * math.exp(-2 * 80 * (high - 0.5) ** 2) == pytest.approx(0.05)


def test_one_cluster_has_no_interval() -> None:
    """However many questions it has."""
    assert resample.interval(tally([("a", 1.0), ("a", 0.0), ("a", 1.0)])) is None
    assert resample.interval(tally([])) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_an_interval_lies_within_0_and_1(pairs: list[tuple[int, float]]) -> None:
    """Whatever the values; no end is NaN."""
    found = resample.interval(tally([(str(name), value) for name, value in pairs]))
    assert found is None or 0 <= found[0] <= found[1] <= 1


@pytest.mark.parametrize(("rate", "clusters"), [(0.5, 20), (0.9, 40), (0.97, 120)])
def test_intervals_hold_the_truth_as_often_as_they_say(rate: float, clusters: int) -> None:
    """400 test sets with known truth, near 0.95, whose questions agree within conversations of one to four."""
    truth = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        sizes = truth.integers(1, 5, clusters)
        inside = truth.beta(rate * 2, (1 - rate) * 2, clusters)
        counts = sizes.astype(np.float64)
        sums = truth.binomial(sizes, inside).astype(np.float64)
        low, high = resample.interval(Tally(sums, counts)) or (0.0, 0.0)
        held += low <= rate <= high
    assert 0.93 <= held / 400 <= 0.99


@pytest.mark.parametrize(("worse", "better"), [(0, 0), (0, 5), (0, 6), (3, 9), (10, 10), (40, 21)])
def test_mcnemar_is_the_exact_binomial_test(worse: int, better: int) -> None:
    """scipy's binomtest with probability one half."""
    expected = stats.binomtest(worse, worse + better).pvalue if worse + better else 1.0
    assert resample.mcnemar(worse, better) == pytest.approx(expected)


def test_sign_flips_agree_with_scipys_permutation_test() -> None:
    """Exactly, where all flips are tried."""
    draw = np.random.default_rng(5)
    before, after = draw.random(10), draw.random(10)
    other = stats.permutation_test(
        (after, before), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert resample.sign_flip(*paired(before.tolist(), after.tolist())) == pytest.approx(other.pvalue)


def test_drawn_flips_come_near_the_exact_ones() -> None:
    """Above twelve differing clusters; and a p is never 0."""
    draw = np.random.default_rng(6)
    before = draw.random(16)
    after = before + draw.normal(0.1, 0.25, 16)
    other = stats.permutation_test(
        (after, before), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    found = resample.sign_flip(*paired(before.tolist(), after.tolist()))
    assert found == pytest.approx(other.pvalue, abs=0.015)
    assert resample.sign_flip(*paired([0.0] * 400, [1.0] * 400)) == pytest.approx(1e-4)


def test_mcnemar_is_the_sign_flip_test_of_rates() -> None:
    """Both count the same flips; `compare` takes the exact one where no two questions share a cluster."""
    before, after = [1.0, 0, 0, 0, 0, 0, 0, 1, 1], [0.0, 1, 1, 1, 1, 1, 1, 1, 0]
    tallies = paired(before, after)
    assert resample.sign_flip(*tallies) == pytest.approx(resample.mcnemar(2, 6))
    assert resample.compare(*tallies).p == pytest.approx(resample.mcnemar(2, 6))


def test_flips_of_clusters_with_different_counts_are_brute_force() -> None:
    """A measure that applies to other questions afterwards: every exchange of before and after, by a plain loop."""
    before = Tally(np.array([2.0, 0.0, 1.0, 0.0]), np.array([2.0, 1.0, 1.0, 0.0]))
    after = Tally(np.array([1.0, 0.0, 1.0, 0.0]), np.array([2.0, 3.0, 1.0, 2.0]))

    def apart(flips: tuple[int, ...]) -> float:
        sides = [[0.0, 0.0], [0.0, 0.0]]
        for cluster, flip in enumerate(flips):
            for side, one in enumerate((before, after)):
                sides[side ^ flip][0] += one.sums[cluster]
                sides[side ^ flip][1] += one.counts[cluster]
        return abs(sides[1][0] / sides[1][1] - sides[0][0] / sides[0][1])

    every = [apart(flips) for flips in itertools.product((0, 1), repeat=4)]
    expected = sum(each >= every[0] - 1e-12 for each in every) / len(every)
    assert resample.sign_flip(before, after) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.999))
def test_holm_rejects_what_the_step_down_procedure_rejects(ps: list[float], level: float) -> None:
    """Stepping up from the smallest p while p <= level / (number of those left)."""
    rejected: set[int] = set()
    for rank, each in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        if (len(ps) - rank) * ps[each] > level:
            break
        rejected.add(each)
    corrected = resample.holm(ps)
    assert {place for place, p in enumerate(corrected) if p <= level} == rejected
    assert all(ps[place] <= p <= 1 for place, p in enumerate(corrected))


def test_no_difference_is_no_certainty() -> None:
    """Equal values before and after give an interval that shrinks with the number of questions, never to nothing."""
    few, many = (resample.compare(*paired([1.0, 0.0] * n, [1.0, 0.0] * n)) for n in (10, 150))
    assert few.p == many.p == 1.0
    assert few.difference == many.difference == 0.0
    assert few.low < many.low < -0.004
    assert many.lower > many.low
    assert resample.compare(*paired([1.0], [0.0])).low == -1.0


def test_one_healed_question_does_not_shrink_the_interval() -> None:
    """The bound from below is no better for having seen a single change."""
    same = resample.compare(*paired([1.0] * 50, [1.0] * 50))
    healed = resample.compare(*paired([0.0] + [1.0] * 49, [1.0] * 50))
    assert healed.low < 0.01
    assert healed.high > same.high


@pytest.mark.parametrize("clusters", [25, 80])
def test_paired_intervals_hold_the_true_difference(clusters: int) -> None:
    """400 pairs of runs of which the second is right 0.1 more often, on correlated questions."""
    truth = np.random.default_rng(7)
    held = below = 0
    for _ in range(400):
        ease = truth.random(clusters)
        before = (ease < 0.6).astype(np.float64)
        after = np.where(truth.random(clusters) < 0.3, truth.random(clusters) < 0.9333, before).astype(
            np.float64
        )
        expected = 0.3 * (0.9333 - 0.6)
        found = resample.compare(*paired(before.tolist(), after.tolist()))
        held += found.low <= expected <= found.high
        below += expected < found.lower
    assert 0.93 <= held / 400 <= 0.995
    assert below / 400 <= 0.07


def test_a_difference_of_the_smallest_size_is_found_four_times_in_five() -> None:
    """The power of the test at the difference that the spread of one run tells."""
    truth = np.random.default_rng(8)
    n, better, worse = 150, 0.2, 0.1
    found, told = 0, []
    for _ in range(300):
        kinds = truth.random(n)
        before = [float(kind >= better) for kind in kinds]
        after = [float(not better <= kind < better + worse) for kind in kinds]
        tallies = paired(before, after)
        told.append(resample.smallest_difference(*tallies))
        changed = int((kinds < better).sum()), int(((kinds >= better) & (kinds < better + worse)).sum())
        found += resample.mcnemar(*changed) < 0.05
    at = better - worse
    power = stats.norm.cdf(at * (1.959964 + 0.841621) / np.mean(told) - 1.959964)
    assert found / 300 == pytest.approx(power, abs=0.1)


def test_the_smallest_difference_of_nothing_is_what_six_clusters_make() -> None:
    """Without any spread there is no standard error; below six clusters nothing can be shown."""
    assert resample.smallest_difference(*paired([1.0] * 60, [1.0] * 60)) == pytest.approx(0.1)
    assert resample.smallest_difference(*paired([1.0] * 5, [1.0] * 5)) == 1.0
