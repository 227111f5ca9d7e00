"""BM25: scores agree with another implementation, and an index that was changed equals one that was built."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.index.lexical import HEADING_WEIGHT, TITLE_WEIGHT, Lexical, count_terms

WORDS = [f"w{number}" for number in range(40)]


def corpus(size: int, seed: int = 1) -> list[list[str]]:
    chance = random.Random(seed)
    return [chance.choices(WORDS, weights=range(1, 41), k=chance.randint(3, 30)) for _ in range(size)]


def counted(texts: list[list[str]]) -> list[Mapping[str, float]]:
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
    """No passages: no results, no errors, and it can be stored."""
    index = Lexical.from_files(Lexical.build([]).to_files())
    assert len(index) == 0
    assert index.search({"a": 1.0}, 5) == []


def test_rare_terms_weigh_more() -> None:
    """A term that occurs nowhere weighs most."""
    index = Lexical.build(counted([["a", "b"], ["a"], ["a", "c"]]))
    assert index.document_frequency("a") == 3
    assert index.document_frequency("z") == 0
    assert index.idf("z") > index.idf("b") > index.idf("a") > 0


def test_it_survives_storage() -> None:
    """What is written is read back to the same scores."""
    index = Lexical.build(counted(corpus(30)))
    again = Lexical.from_files(index.to_files())
    assert again.search({"w3": 1.0, "w30": 1.0}, 30) == index.search({"w3": 1.0, "w30": 1.0}, 30)
    assert again.vocabulary == index.vocabulary


texts = st.lists(st.lists(st.sampled_from(WORDS[:8]), max_size=6), max_size=8)


@settings(max_examples=60, deadline=None)
@given(old=texts, new=texts, seed=st.integers(0, 1000))
def test_a_changed_index_equals_a_built_one(old: list[list[str]], new: list[list[str]], seed: int) -> None:
    """Keeping, moving, dropping and adding passages gives byte for byte the index of the final passages."""
    chance = random.Random(seed)
    kept = [number for number in range(len(old)) if chance.random() < 0.6]
    final = [*[(number, old[number]) for number in kept], *[(None, text) for text in new]]
    moved = np.full(len(old), -1, np.int64)
    for position, (number, _) in enumerate(final):
        if number is not None:
            moved[number] = position
    counts = counted([text for _, text in final])
    added = [(position, counts[position]) for position, (number, _) in enumerate(final) if number is None]
    changed = Lexical.build(counted(old)).changed(moved, len(final), added)
    assert changed.to_files() == Lexical.build(counts).to_files()
