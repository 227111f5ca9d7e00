"""Two rankings into one, and the room that one document may take."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import asking

from ragbot.index.fuse import Ranking, dense_weight, fuse, spread

KNOWN = asking("How long do refunds take?")
UNKNOWN = asking("退款需要多长时间？")
quick = settings(max_examples=100, derandomize=True, deadline=None)


@st.composite
def rankings(draw: st.DrawFn, best: float = 1.0, least: float = 0.0) -> Ranking:
    """Positions below 30, each once, with scores from the best down."""
    positions = draw(st.lists(st.integers(0, 29), unique=True, max_size=12))
    scores = draw(st.lists(st.floats(least, best), min_size=len(positions), max_size=len(positions)))
    return list(zip(positions, sorted(scores, reverse=True), strict=True))


def places(ranking: Ranking) -> list[int]:
    return [position for position, _ in ranking]


def test_the_language_gates_the_embedder() -> None:
    """An embedder has less say on a question in a language that it does not know."""
    assert 0 < dense_weight(UNKNOWN) < dense_weight(KNOWN) < 1


@quick
@given(dense=rankings(), others=rankings(best=3.0))
def test_an_embedder_that_cannot_read_does_not_outvote_a_clear_lexical_hit(
    dense: Ranking, others: Ranking
) -> None:
    """In an unknown language, a passage with thrice the words' score of any other stays first."""
    lexical = [(100, 10.0), *others]
    assert fuse(dense, lexical, question=UNKNOWN)[0][0] == 100


def test_in_a_known_language_meaning_decides_between_equal_words() -> None:
    """Where the words say the same of two passages, the one that is nearer in meaning comes first."""
    assert places(fuse([(2, 0.8), (1, 0.3)], [(1, 4.0), (2, 4.0)], question=KNOWN)) == [2, 1]


@quick
@given(ranking=rankings(best=20.0, least=0.1), chinese=st.booleans())
def test_a_side_that_found_nothing_changes_nothing(ranking: Ranking, chinese: bool) -> None:
    """The passages and their order are then the other side's."""
    question = UNKNOWN if chinese else KNOWN
    scores = dict(ranking)
    for fused in (fuse([], ranking, question=question), fuse(ranking, [], question=question)):
        assert sorted(places(fused)) == sorted(scores)
        for first, second in pairwise(places(fused)):
            assert scores[first] >= scores[second] or scores[first] == pytest.approx(scores[second])


def test_nearness_of_nought_is_finding_nothing() -> None:
    """Cosines of 0 and below do not speak for a passage."""
    lexical = [(1, 4.0), (2, 2.0)]
    without = fuse([], lexical, question=KNOWN)
    assert fuse([(9, -0.1), (2, -0.2)], lexical, question=KNOWN) == without
    assert fuse([], [], question=KNOWN) == []


@quick
@given(dense=rankings(best=1.0, least=-1.0), lexical=rankings(best=30.0))
def test_fused_scores_are_shares_best_first(dense: Ranking, lexical: Ranking) -> None:
    """Each passage stands there once, with a score of 0 to 1, and the same input gives the same order."""
    fused = fuse(dense, lexical, question=KNOWN)
    scores = [score for _, score in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert len(set(places(fused))) == len(fused)
    assert set(places(fused)) <= {*places(dense), *places(lexical)}
    assert fuse(dense, lexical, question=KNOWN) == fused


def test_what_both_sides_found_beats_what_one_did() -> None:
    """Agreement lifts a passage above the runners-up of either side."""
    fused = fuse([(1, 0.9), (3, 0.85)], [(2, 9.0), (3, 8.5)], question=KNOWN)
    assert fused[0][0] == 3


def test_repeated_documents_are_held_back() -> None:
    """Of two passages that are nearly as good, the one of a document that is not there yet comes first."""
    ranking = [(0, 1.0), (1, 0.9), (2, 0.89)]
    documents = {0: 7, 1: 7, 2: 8}
    assert places(spread(ranking, documents, 3)) == [0, 2, 1]


def test_a_far_better_passage_stays_before_another_document() -> None:
    """Held back a little, not excluded."""
    assert places(spread([(0, 1.0), (1, 0.9), (2, 0.2)], {0: 7, 1: 7, 2: 8}, 3)) == [0, 1, 2]


def test_passages_of_different_documents_keep_their_order() -> None:
    """Where no document repeats, spreading changes nothing."""
    ranking = [(position, 1.0 - position / 10) for position in range(8)]
    assert spread(ranking, list(range(8)), 8) == ranking


@quick
@given(
    ranking=rankings(),
    documents=st.lists(st.integers(0, 3), min_size=30, max_size=30),
    k=st.integers(1, 15),
)
def test_spreading_neither_drops_nor_duplicates(ranking: Ranking, documents: list[int], k: int) -> None:
    """k passages (or all there are) of the ranking, each once, the best one first; scores only fall."""
    chosen = spread(ranking, documents, k)
    assert len(chosen) == min(k, len(ranking))
    assert len(set(places(chosen))) == len(chosen)
    assert chosen[:1] == list(ranking[:1])
    assert set(places(spread(ranking, documents, 30))) == set(places(ranking))
    scores = [score for _, score in chosen]
    assert scores == sorted(scores, reverse=True)
    assert all(score <= dict(ranking)[position] for position, score in chosen)


@quick
@given(ranking=rankings(), documents=st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_within_a_document_the_order_stays(ranking: Ranking, documents: list[int]) -> None:
    """Spreading moves documents against each other, never the passages of one."""
    chosen = places(spread(ranking, documents, 30))
    for document in range(4):
        own = [position for position in places(ranking) if documents[position] == document]
        assert [position for position in chosen if documents[position] == document] == own
