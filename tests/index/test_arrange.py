"""The order of what was found, and the room that one document may take."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage

from ragbot.index.arrange import Ranking, arrange, spread

quick = settings(max_examples=100, derandomize=True, deadline=None)


@st.composite
def rankings(draw: st.DrawFn, best: float = 1.0, least: float = 0.0) -> Ranking:
    """Positions below 30, each once, with scores from the best down."""
    positions = draw(st.lists(st.integers(0, 29), unique=True, max_size=12))
    scores = draw(st.lists(st.floats(least, best), min_size=len(positions), max_size=len(positions)))
    return list(zip(positions, sorted(scores, reverse=True), strict=True))


def places(ranking: Ranking) -> list[int]:
    return [position for position, _ in ranking]


def test_repeated_documents_are_held_back() -> None:
    """Of two passages that are nearly as good, the one of a document that is not there yet comes first."""
    ranking = [(0, 1.0), (1, 0.9), (2, 0.89)]
    assert places(spread(ranking, [7, 7, 8], 3)) == [0, 2, 1]


def test_a_far_better_passage_stays_before_another_document() -> None:
    """Held back a little, not excluded."""
    assert places(spread([(0, 1.0), (1, 0.9), (2, 0.2)], [7, 7, 8], 3)) == [0, 1, 2]


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


def test_records_of_one_file_do_not_crowd_each_other_out() -> None:
    """Passages of one record yield to those of others, as those of one document do; records do not."""
    same = [
        passage(text, source="faq.jsonl", start=100 * n, record_number=1).chunk for n, text in enumerate("ab")
    ]
    other = passage("c", source="faq.jsonl", start=500, record_number=2).chunk
    worth = [0.5, 0.26, 0.24]
    assert places(arrange("?", [*same, other], worth, 3)) == [0, 2, 1]
    documents = [passage(text, source=f"{text}.md").chunk for text in "abc"]
    assert places(arrange("?", documents, worth, 3)) == [0, 1, 2]


def test_outdated_and_repeated_passages_yield() -> None:
    """An archived version comes after the one in force though it fits better; what repeats it is left out."""
    new = passage("Returns within 45 days of delivery.", source="returns.md").chunk
    old = passage(
        "Returns within 30 days of delivery.", source="returns-archived.md", status="archived"
    ).chunk
    copy = passage("Returns within 45 days of delivery.", source="copy.md").chunk
    assert places(arrange("How long can I return?", [old, new, copy], [0.4, 0.35, 0.25], 3)) == [1, 0]
