"""The index of words: scores agree with another implementation, filters lose nothing, snapshots stay as they were."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.index import lexical
from ragbot.index.lexical import HEADING_WEIGHT, TITLE_WEIGHT, Lexical, Passage, changed, count_terms

WORDS = [f"w{number}" for number in range(40)]


def corpus(size: int, seed: int = 1) -> list[list[str]]:
    chance = random.Random(seed)
    return [chance.choices(WORDS, weights=range(1, 41), k=chance.randint(3, 30)) for _ in range(size)]


def counted(texts: Sequence[list[str]]) -> list[Mapping[str, int]]:
    return [Counter(text) for text in texts]


def test_scores_agree_with_bm25s() -> None:
    """Without field weights every score is that of bm25s' Lucene variant, to float precision."""
    texts = corpus(60)
    other = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    other.index(texts, show_progress=False)
    ours = Lexical.build(counted(texts))
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


@pytest.mark.parametrize(
    ("text", "asked", "language"),
    [
        ("退款需要五个工作日", "退款", "zh"),
        ("返金には五営業日かかります", "返金", "ja"),
        ("환불은 영업일 기준 5일이 걸립니다", "환불", "ko"),
        ("Die Rückgabefrist beträgt 30 Tage", "Rückgabefrist", "de"),
        ("Error E-417 means that the battery is empty", "E-417", "en"),
    ],
)
def test_ready_terms_are_kept_as_they_are(text: str, asked: str, language: str) -> None:
    """Every term of a passage, of any script, finds it, and nothing else does."""
    index = Lexical.build([count_terms("", "", text, language), count_terms("", "", "A lamp.")])
    terms = count_terms("", "", text, language)
    assert all(index.document_frequency(term) == 1 for term in terms)
    assert [p for p, _ in index.search(dict.fromkeys(count_terms("", "", asked, language), 1.0), 5)] == [0]
    assert [position for position, _ in index.search(dict.fromkeys(terms, 1.0), 5)] == [0]


def test_parts_of_compounds_are_terms_of_their_own() -> None:
    """`Frist` finds `Rückgabefrist` by a part, and no word is mistaken for one."""
    index = Lexical.build([count_terms("", "", "Rückgabefrist", "de"), count_terms("", "", "frist", "de")])
    assert [position for position, _ in index.search({"~fris": 1.0}, 5)] == [0]
    assert "~fris" not in dict(index.with_prefix(""))


def test_results_are_sorted_limited_and_above_zero() -> None:
    """Best first, ties by position, at most k, and nothing that has no term of the query."""
    index = Lexical.build(counted([["a"], ["b"], ["a"], ["a", "a"], []]))
    assert [position for position, _ in index.search({"a": 1.0}, 10)] == [3, 0, 2]
    assert [position for position, _ in index.search({"a": 1.0}, 2)] == [3, 0]
    assert index.search({"nowhere": 1.0}, 10) == []
    assert index.search({"a": 1.0}, 0) == []
    assert index.search({"a": 0.0}, 10) == []
    assert index.search({"\ud800": 1.0}, 10) == []
    assert index.search({}, 10) == []


def test_an_empty_index_finds_nothing() -> None:
    """No passages: no results, no errors."""
    index = Lexical.build([])
    assert len(index) == 0
    assert index.search({"a": 1.0}, 5) == []
    assert index.with_prefix("") == []
    assert index.labelled(["x"]).tolist() == []


def test_rare_terms_weigh_more() -> None:
    """A term that occurs nowhere weighs most."""
    index = Lexical.build(counted([["a", "b"], ["a"], ["a", "c"]]))
    assert index.document_frequency("a") == 3
    assert index.document_frequency("z") == index.document_frequency("\udfff") == 0
    assert index.idf("z") > index.idf("b") > index.idf("a") > 0


@pytest.mark.parametrize("most", [0, 50, 10**6])
@pytest.mark.parametrize("share", [0.0, 0.003, 0.1, 0.9])
def test_filters_lose_nothing(monkeypatch: pytest.MonkeyPatch, most: int, share: float) -> None:
    """The best k allowed are those of filtering all results, whichever way the index goes and however few."""
    monkeypatch.setattr(lexical, "_MOST_AT_ONCE", most)
    chance, texts = random.Random(5), corpus(1500)
    index = Lexical.build(counted(texts))
    for _ in range(20):
        query = {word: chance.choice([0.25, 0.5, 1.0]) for word in chance.sample(WORDS, chance.randint(1, 4))}
        mask = np.array([chance.random() < share for _ in texts])
        found, everything = index.search(query, 10, mask), index.search(query, len(texts))
        expected = [(position, score) for position, score in everything if mask[position]]
        assert len(found) == min(10, len(expected))
        assert [s for _, s in found] == pytest.approx([s for _, s in expected[:10]])
        assert all(dict(expected)[position] == pytest.approx(score) for position, score in found)


small = st.lists(st.lists(st.sampled_from(WORDS[:8]), max_size=6), max_size=10)


@settings(max_examples=40, deadline=None)
@given(old=small, new=small, seed=st.integers(0, 1000))
def test_a_changed_index_knows_what_one_built_anew_knows(
    tmp_path_factory: pytest.TempPathFactory, old: list[list[str]], new: list[list[str]], seed: int
) -> None:
    """Size, frequencies, dictionary and what is found are those of the passages that are there; a snapshot from
    before the change still knows what it knew."""
    pool, chance = tmp_path_factory.mktemp("pool"), random.Random(seed)
    dead = [number for number in range(len(old)) if chance.random() < 0.4]
    passages = [Passage(row, Counter(text), ("all",)) for row, text in enumerate([*old, *new])]
    rows = np.arange(len(passages))
    before = changed(pool, None, (), passages[: len(old)])
    after = changed(pool, before, dead, passages[len(old) :])
    kept = [each for each in passages if each.row not in dead]
    for snapshot, there in ((after, kept), (before, passages[: len(old)])):
        index, anew = Lexical(snapshot, rows), Lexical.build([each.counts for each in there])
        assert len(index) == len(anew)
        assert index.with_prefix("w") == anew.with_prefix("w")
        assert [index.idf(word) for word in WORDS[:9]] == [anew.idf(word) for word in WORDS[:9]]
        assert sorted(index.labelled(["all", "none"]).tolist()) == [each.row for each in there]
        query = dict.fromkeys(chance.sample(WORDS[:9], 3), 1.0)
        found = {position for position, _ in index.search(query, 100)}
        assert found == {there[position].row for position, _ in anew.search(query, 100)}


def test_a_small_change_writes_little(tmp_path: Path) -> None:
    """One passage more, one less: no file of before is written again, and many changes leave few files."""
    texts = counted(corpus(20_000))
    snapshot = changed(tmp_path, None, (), [Passage(row, text) for row, text in enumerate(texts)])
    large = {path: path.stat().st_mtime_ns for path in snapshot.files.values() if path.stat().st_size > 1000}
    size = sum(path.stat().st_size for path in large)
    for number in range(30):
        before = set(tmp_path.iterdir())
        snapshot = changed(tmp_path, snapshot, [number], [Passage(len(texts) + number, {"new": 1})])
        assert sum(path.stat().st_size for path in set(tmp_path.iterdir()) - before) < size / 10
    assert {path: path.stat().st_mtime_ns for path in large} == large
    assert len(snapshot.files) < 100
    assert snapshot.dead_share() == pytest.approx(30 / 20_030, rel=0.1)
    assert len(Lexical(snapshot, np.arange(len(texts) + 30))) == len(texts)


def test_the_vocabulary_by_prefix() -> None:
    """Terms that begin so, sorted, with the number of passages that have them."""
    index = Lexical.build(counted([["card", "cart"], ["carton", "dog"], ["cart", "卡片"]]))
    assert index.with_prefix("cart") == [("cart", 2), ("carton", 1)]
    assert index.with_prefix("卡") == [("卡片", 1)]
    assert index.with_prefix("x") == index.with_prefix("\ud800") == []
    assert index.with_prefix("") == [("card", 1), ("cart", 2), ("carton", 1), ("dog", 1), ("卡片", 1)]
