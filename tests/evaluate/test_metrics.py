"""Measures, each against figures worked out by hand or published."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import ir_measures
import pytest
from hypothesis import given, settings
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
    ("text", "reference", "f"),
    [
        ("police killed the gunman", "police kill the gunman", 3 / 4),
        ("the gunman kill police", "police kill the gunman", 2 / 4),
        ("退款需要五天", "五天内退款", 4 / 11),
        ("Within 30 days.", "30 days from delivery.", 4 / 7),
        ("", "red", 0.0),
        ("", "", 1.0),
    ],
)
def test_rouge_l(text: str, reference: str, f: float) -> None:
    """Longest common subsequences counted by hand; the first two are Lin's own example."""
    assert metrics.rouge_l(text, reference) == pytest.approx(f)


@given(st.text("ab ", max_size=14), st.text("ab ", max_size=14))
def test_rouge_l_is_the_longest_subsequence_of_brute_force(text: str, reference: str) -> None:
    """Over every subsequence of the one that is in the other; the same both ways."""
    ours, theirs = text.split(), reference.split()

    def within(some: Sequence[str]) -> bool:
        rest = iter(theirs)
        return all(word in rest for word in some)

    longest = max(n for n in range(len(ours) + 1) if any(map(within, itertools.combinations(ours, n))))
    expected = 2 * longest / (len(ours) + len(theirs)) if ours and theirs else float(ours == theirs)
    assert metrics.rouge_l(text, reference) == pytest.approx(expected)
    assert metrics.rouge_l(reference, text) == pytest.approx(expected)


def test_ndcg_by_hand() -> None:
    """A document that comes again counts once, where it came first."""
    assert metrics.ndcg(["a"], ["a"], 5) == 1.0
    assert metrics.ndcg(["x", "x", "x", "a"], ["a"], 5) == pytest.approx(1 / math.log2(3))
    both = (1 / math.log2(2) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert metrics.ndcg(["a", "x", "b"], ["a", "b"], 5) == pytest.approx(both)
    assert metrics.ndcg(["x"], ["a"], 5) == 0.0
    assert metrics.ndcg(["x", "a"], ["a"], 1) == 0.0
    assert metrics.ndcg(["x"], [], 5) is None


@given(
    st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), min_size=1), st.sampled_from([1, 5, 10])
)
@settings(max_examples=30, deadline=None)
def test_retrieval_measures_agree_with_ir_measures(ranked: list[str], right: set[str], k: int) -> None:
    """nDCG, reciprocal rank, recall and success of another implementation."""
    qrels = [ir_measures.Qrel("q", each, 1) for each in right]
    run = [ir_measures.ScoredDoc("q", each, -float(place)) for place, each in enumerate(ranked)]
    wanted = {ir_measures.nDCG @ k, ir_measures.RR, ir_measures.R @ k, ir_measures.Success @ k}
    found = ir_measures.calc_aggregate(wanted, qrels, run)
    assert metrics.ndcg(ranked, right, k) == pytest.approx(found[ir_measures.nDCG @ k])
    rank = metrics.first_rank(ranked, right)
    assert metrics.reciprocal_rank(rank) == pytest.approx(found[ir_measures.RR])
    assert metrics.recall_all(ranked, right, k) == pytest.approx(found[ir_measures.R @ k])
    assert metrics.recall_any(ranked, right, k) == found[ir_measures.Success @ k]


def test_context_precision_by_hand() -> None:
    """The mean of precision@k at the ranks of what is right."""
    assert metrics.context_precision(["a", "x", "a", "x"], ["a"]) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.context_precision(["x", "a"], ["a", "b"]) == 0.5
    assert metrics.context_precision(["x"], ["a"]) == 0.0
    assert metrics.context_precision([], ["a"]) == 0.0


def test_nothing_measured_is_none() -> None:
    """No figure is made out of no cases."""
    assert metrics.mean([]) is None
    assert metrics.percentile([], 0.5) is None


def test_percentile_is_one_of_the_values() -> None:
    """Nearest rank."""
    assert metrics.percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert metrics.percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
