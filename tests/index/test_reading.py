"""What a search makes of its reader: its probabilities, the order, the sentences, and what it does not read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import ShortestFirst
from quick import HashedEmbedder, quick_sync, write

from ragbot.errors import ModelNotFound
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.leaning import Leaning
from ragbot.models.nearest import EmbedderReader
from ragbot.protocols import Embedder, Reader
from ragbot.settings import EmbedderSettings, ModelsSettings, SearchSettings, Settings
from ragbot.types import Turn

CONTEXT = "I want a refund\nhow long?"
TEXTS = {
    "a": "Refunds take 30 days. They are paid to the card that was used for the order.",
    "b": "Lamps are red.",
    "c": "The lamp is charged with a cable. Refunds of lamps take 9 days.",
}


def opened(folder: Path, reader: Reader | None = None, **search: Any) -> KnowledgeBase:
    settings = Settings(
        search=SearchSettings(**search),
        embedder=EmbedderSettings(device="cpu"),
        models=ModelsSettings(cache=folder / "nowhere"),
    )
    kb = KnowledgeBase.open(folder / "kb", settings=settings, embedder=HashedEmbedder(), reader=reader)
    quick_sync(kb, write(folder / "docs", **TEXTS))
    return kb


def test_hits_have_the_probabilities_of_the_reader(tmp_path: Path) -> None:
    """Best first, with what search knew of them and the sentence that was chosen, in the passage's own offsets."""
    given = ShortestFirst()
    with opened(tmp_path, given) as kb:
        hits = kb.search("how long do refunds take?")
    assert [hit.chunk.source.rsplit("/")[-1] for hit in hits] == ["b.md", "c.md", "a.md"]
    for hit in hits:
        assert hit.rerank_score == hit.score
        assert hit.dense_rank in (1, 2, 3)
        assert hit.sentence is not None
        start, end = hit.sentence
        assert hit.chunk.text[start:end] == hit.chunk.text.split(". ")[0].rstrip(".") + "."
    assert given.asked == [("how long do refunds take?", 3)]


def test_only_so_many_are_read_and_the_others_stay_behind(tmp_path: Path) -> None:
    """Their scores lie below, their readings are unknown."""
    given = ShortestFirst()
    with opened(tmp_path, given, reranker_candidates=1) as kb:
        hits = kb.search("lamps")
    assert [count for _, count in given.asked] == [1]
    assert [hit.rerank_score is None for hit in hits] == [False, True, True]
    assert hits[0].score >= hits[1].score >= hits[2].score


@pytest.mark.parametrize(
    ("leans", "read"), [(0.0, ["how long?"]), (1.0, [CONTEXT]), (0.75, ["how long?", CONTEXT])]
)
def test_a_message_is_read_in_its_conversation_as_far_as_it_leans_on_that(
    leans: float, read: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, behind the last turns, or both; the probabilities are mixed by how far it leans."""
    monkeypatch.setattr(KnowledgeBase, "leaning", lambda *_: lambda _: leans)
    given = ShortestFirst()
    with opened(tmp_path, given) as kb:
        hits = kb.search("how long?", history=[Turn(role="user", text="I want a refund")])
    assert [message for message, _ in given.asked] == read
    assert hits[0].chunk.source.endswith("b.md")


def test_follow_ups_are_told_from_messages_that_stand_alone(embedder: Embedder) -> None:
    """In words that no example has; what is sure is 0 or 1."""
    leaning = Leaning(embedder)
    follow = ["And in Europe?", "what about the black one", "那摄像头呢？", "y en Francia?"]
    alone = ["Do you sell electric bicycles?", "How long is the warranty of the desk lamp?"]
    leant, stood = (
        [leaning(vector) for vector in embedder.embed(texts, kind="query")] for texts in (follow, alone)
    )
    assert min(leant) > 0.5 > max(stood), (leant, stood)
    assert 1.0 in leant


def test_without_a_reader_of_its_own_the_embedder_reads(tmp_path: Path) -> None:
    """Loaded once, by whichever thread comes first."""
    with opened(tmp_path) as kb:
        with ThreadPoolExecutor(8) as pool:
            loaded = list(pool.map(lambda _: kb.reader(), range(8)))
        assert isinstance(loaded[0], EmbedderReader)
        assert all(each is loaded[0] for each in loaded)
        best = kb.search("Refunds take 30 days")[0]
        assert best.chunk.source.endswith("a.md")
        assert 0 < best.score < 1
        assert best.sentence == (0, len("Refunds take 30 days."))


def test_a_reader_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By the command that fetches it."""
    with (
        opened(tmp_path, reranker="e5-reader") as kb,
        pytest.raises(ModelNotFound, match="models pull e5-reader"),
    ):
        kb.search("lamp")
