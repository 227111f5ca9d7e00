"""BM25: scores agree with another implementation, and segments with dead passages equal an index built anew."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ragbot.index.bm25 import Part, upper_bounds
from ragbot.index.lexical import (
    HEADING_WEIGHT,
    TITLE_WEIGHT,
    Lexical,
    count_terms,
)
from ragbot.index.postings import KINDS, Merge, Postings, block

WORDS = [f"w{number}" for number in range(40)]


def corpus(size: int, seed: int = 1) -> list[list[str]]:
    chance = random.Random(seed)
    return [chance.choices(WORDS, weights=range(1, 41), k=chance.randint(3, 30)) for _ in range(size)]


def counted(texts: Sequence[list[str]]) -> list[Mapping[str, float]]:
    return [{term: float(count) for term, count in Counter(text).items()} for text in texts]


@pytest.mark.parametrize(("k1", "b"), [(1.2, 0.75), (0.9, 0.4), (2.0, 1.0)])
def test_scores_agree_with_bm25s(k1: float, b: float) -> None:
    """Without field weights every score is that of bm25s' Lucene variant, to float precision."""
    texts = corpus(60)
    other = bm25s.BM25(method="lucene", k1=k1, b=b)
    other.index(texts, show_progress=False)
    ours = Lexical.build(counted(texts), k1=k1, b=b)
    for query in (["w39", "w38"], ["w0"], ["w5", "w20", "w7"], ["unknown", "w12"]):
        expected = other.get_scores([word for word in query if word != "unknown"])
        found = dict(ours.search(dict.fromkeys(query, 1.0), k=len(texts)))
        assert [found.get(i, 0.0) for i in range(len(texts))] == pytest.approx(expected.tolist(), abs=1e-5)


def test_query_weights_scale_a_terms_share() -> None:
    """A term of weight 0.5 adds half of what it adds at weight 1."""
    index = Lexical.build(counted(corpus(20)))
    whole, half = dict(index.search({"w30": 1.0}, 20)), dict(index.search({"w30": 0.5}, 20))
    assert {key: score / 2 for key, score in whole.items()} == pytest.approx(half)


def test_fields_count_by_weight() -> None:
    """A word of the title or a heading counts as that many words of the text."""
    counts = count_terms("Refunds", "Cards", "Refunds take days. Cards too")
    assert counts["refund"] == 1 + TITLE_WEIGHT
    assert counts["card"] == 1 + HEADING_WEIGHT
    assert counts["day"] == 1


def test_results_are_sorted_limited_and_above_zero() -> None:
    """Best first, ties by position, at most k, and nothing that has no term of the query."""
    index = Lexical.build(counted([["a"], ["b"], ["a"], ["a", "a"], []]))
    assert [position for position, _ in index.search({"a": 1.0}, 10)] == [3, 0, 2]
    assert [position for position, _ in index.search({"a": 1.0}, 2)] == [3, 0]
    assert index.search({"nowhere": 1.0}, 10) == []
    assert index.search({"a": 1.0}, 0) == []
    assert index.search({}, 10) == []


def test_the_filter_works_inside_the_search() -> None:
    """Positions that are not allowed take no place among the k."""
    index = Lexical.build(counted([["a"] * 9, ["a"] * 8, ["a", "b"], ["a", "b", "b"]]))
    allowed = np.array([False, False, True, True])
    assert {position for position, _ in index.search({"a": 1.0}, 2, allowed)} == {2, 3}
    assert index.search({"a": 1.0}, 2, np.zeros(4, bool)) == []


def test_an_empty_index_finds_nothing() -> None:
    """No passages: no results, no errors."""
    for index in (Lexical.build([]), Lexical([])):
        assert len(index) == 0
        assert index.search({"a": 1.0}, 5) == []
        assert index.with_prefix("") == []


def test_rare_terms_weigh_more() -> None:
    """A term that occurs nowhere weighs most."""
    index = Lexical.build(counted([["a", "b"], ["a"], ["a", "c"]]))
    assert index.document_frequency("a") == 3
    assert index.document_frequency("z") == 0
    assert index.idf("z") > index.idf("b") > index.idf("a") > 0


def parted(
    texts: Sequence[list[str]], cuts: list[int], dead: Collection[int], *, stale: float = 1.0
) -> Lexical:
    """An index of several segments with some passages dead; `stale` distorts what the segments took as the mean."""
    parts, start = [], 0
    for end in [*cuts, len(texts)]:
        counts = counted(texts[start:end])
        postings = block(counts)
        lengths = np.array([sum(each.values()) * 2 for each in counts], np.uint32)
        mean = stale * max(1.0, float(lengths.mean())) if len(lengths) else 1.0
        live = np.array([number not in dead for number in range(start, end)], bool)
        bounds = upper_bounds(postings, lengths, mean)
        parts.append(Part(postings, lengths, bounds, mean, None if live.all() else live))
        start = end
    return Lexical(parts)


def ranked(
    index: Lexical, query: Mapping[str, float], size: int, k: int, mask: NDArray[np.bool_]
) -> list[int]:
    """The best k by the scores of all positions."""
    scores = np.where(mask, index.scores(query, np.arange(size)), 0)
    return [p for p in np.lexsort((np.arange(size), -scores))[:k].tolist() if scores[p] > 0]


@pytest.mark.parametrize("stale", [0.3, 1.0, 4.0])
def test_pruning_never_loses_a_passage(stale: float) -> None:
    """The best k are those of scoring every passage, whatever the segments, the dead, the filter and the mean."""
    chance = random.Random(5)
    words = [f"w{number}" for number in range(120)]
    texts = [
        chance.choices(words, weights=[1 / (i + 1) for i in range(120)], k=chance.randint(3, 40))
        for _ in range(3000)
    ]
    dead = chance.sample(range(3000), 200)
    index = parted(texts, [1800, 2700, 2710], set(dead), stale=stale)
    alive = np.ones(3000, bool)
    alive[dead] = False
    for trial in range(60):
        query = {word: chance.choice([0.25, 0.5, 1.0]) for word in chance.sample(words, chance.randint(1, 8))}
        mask = np.array([chance.random() < 0.1 for _ in texts]) if trial % 2 else np.ones(3000, bool)
        found = index.search(query, 10, mask if trial % 2 else None)
        assert [position for position, _ in found] == ranked(index, query, 3000, 10, mask & alive)


small = st.lists(st.lists(st.sampled_from(WORDS[:8]), max_size=6), max_size=10)


@settings(max_examples=80, deadline=None)
@given(old=small, seed=st.integers(0, 1000))
def test_segments_with_dead_passages_equal_an_index_built_anew(old: list[list[str]], seed: int) -> None:
    """Document frequencies, idf, vocabulary, scores and results are those of the live passages alone."""
    chance = random.Random(seed)
    cuts = sorted(chance.choices(range(len(old) + 1), k=2))
    kept = [number for number in range(len(old)) if chance.random() < 0.7]
    index = parted(old, cuts, set(range(len(old))) - set(kept))
    anew = Lexical.build(counted([old[number] for number in kept]))
    assert len(index) == len(anew)
    assert index.with_prefix("w") == anew.with_prefix("w")
    assert [index.idf(word) for word in WORDS[:9]] == [anew.idf(word) for word in WORDS[:9]]
    query = {word: chance.choice([0.5, 1.0]) for word in chance.sample(WORDS[:9], 3)}
    assert index.search(query, 4) == [(kept[position], score) for position, score in anew.search(query, 4)]


@settings(max_examples=80, deadline=None)
@given(old=small, seed=st.integers(0, 1000))
def test_merged_postings_equal_those_counted_at_once(old: list[list[str]], seed: int) -> None:
    """Array by array, for parts of any sizes with any passages left out."""
    chance = random.Random(seed)
    cuts = [0, *sorted(chance.choices(range(len(old) + 1), k=2)), len(old)]
    live = np.array([chance.random() < 0.7 for _ in old], bool)
    parts = [
        (block(counted(old[start:end])), end - start, None if live[start:end].all() else live[start:end])
        for start, end in itertools.pairwise(cuts)
    ]
    merge, expected = (
        Merge(parts),
        block(counted([text for text, kept in zip(old, live, strict=True) if kept])),
    )
    assert merge.lengths() == {name: len(each) for name, each in expected.arrays().items()}
    merged = Postings(**{name: np.zeros(merge.lengths()[name], kind) for name, kind in KINDS.items()})
    merge.fill(merged)
    for name, each in expected.arrays().items():
        assert np.array_equal(getattr(merged, name), each), name


def test_frequencies_and_scores_at_positions() -> None:
    """What each term has in each passage, in any order of positions, and the score that search gives them."""
    index = parted([["a", "a", "b"], ["b"], ["a"], []], [2], set())
    positions = np.array([3, 2, 0])
    assert index.frequencies(["a", "b", "z"], positions).tolist() == [[0, 1, 2], [0, 0, 1], [0, 0, 0]]
    found = dict(index.search({"a": 1.0, "b": 0.5}, 10))
    assert index.scores({"a": 1.0, "b": 0.5}, positions).tolist() == [0.0, found[2], found[0]]


def test_the_vocabulary_by_prefix() -> None:
    """Terms of all segments that begin so, sorted, with the number of passages that have them."""
    index = parted([["card", "cart"], ["carton", "dog"], ["cart", "卡片"]], [1], set())
    assert index.with_prefix("cart") == [("cart", 2), ("carton", 1)]
    assert index.with_prefix("卡") == [("卡片", 1)]
    assert index.with_prefix("x") == []
    assert index.with_prefix("") == [("card", 1), ("cart", 2), ("carton", 1), ("dog", 1), ("卡片", 1)]


def test_frequencies_must_be_halves() -> None:
    """A weight that the index cannot keep is refused, not rounded."""
    with pytest.raises(ValueError, match=r"multiples of 0\.5"):
        Lexical.build([{"a": 0.3}])
