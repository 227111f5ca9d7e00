"""The knowledge base's reranker: given or from the settings, loaded once, reading only so many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import ShortestFirst
from passages import passage
from quick import HashedEmbedder, quick_sync, write
from tiny_models import make_classifier, make_cross_encoder

from ragbot.errors import ModelError, ModelNotFound
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.models.rerank import CrossEncoderReranker
from ragbot.protocols import Reranker
from ragbot.settings import EmbedderSettings, ModelsSettings, SearchSettings, Settings
from ragbot.types import Hit

QUESTION = "how long do refunds take ?"
HITS = [
    replace(passage(text, start=100 * place), score=0.9 - place / 10)
    for place, text in enumerate(
        ["refunds take 30 days .", "red lamp", "the lamp is charged with a cable .", "blue"]
    )
]


def opened(folder: Path, reranker: Reranker | None = None, **search: Any) -> KnowledgeBase:
    settings = Settings(
        search=SearchSettings(**search),
        embedder=EmbedderSettings(device="cpu"),
        models=ModelsSettings(cache=folder / "nowhere"),
    )
    return KnowledgeBase.open(folder / "kb", settings=settings, embedder=HashedEmbedder(), reranker=reranker)


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder of the real architecture."""
    return make_cross_encoder(tmp_path_factory.mktemp("cross") / "m")


def places(hits: list[Hit]) -> list[int]:
    return [hit.chunk.start // 100 for hit in hits]


def test_without_one_the_order_stays(tmp_path: Path) -> None:
    """No setting, no change: the very same hits."""
    with opened(tmp_path) as kb:
        assert kb.rerank(QUESTION, HITS) == HITS
        assert kb.rerank(QUESTION, []) == []


def test_a_given_one_orders_the_hits(tmp_path: Path) -> None:
    """Best first by its scores; what search knew of the hits stays."""
    given = ShortestFirst()
    with opened(tmp_path, given) as kb:
        ranked = kb.rerank(QUESTION, HITS)
    assert places(ranked) == [3, 1, 0, 2]
    assert [hit.rerank_score for hit in ranked] == [hit.score for hit in ranked] == [-4, -8, -22, -34]
    assert [hit.lexical_score for hit in ranked] == [HITS[0].lexical_score] * 4
    assert given.read == [(QUESTION, 4)]


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_it_reads_only_so_many_and_the_others_follow(tmp_path: Path, most: int) -> None:
    """The rest keep their order behind those that were read, and scores still fall."""
    given = ShortestFirst()
    with opened(tmp_path, given, reranker_candidates=most) as kb:
        ranked = kb.rerank(QUESTION, HITS)
    assert given.read == [(QUESTION, min(most, 4))]
    assert sorted(places(ranked)[:most]) == places(HITS)[:most]
    assert places(ranked)[most:] == places(HITS)[most:]
    scores = [hit.score for hit in ranked]
    assert scores == sorted(scores, reverse=True)
    assert [hit.rerank_score is None for hit in ranked] == [place >= most for place in range(4)]


def test_the_settings_name_one(tmp_path: Path, cross: Path) -> None:
    """A folder's model scores each passage together with the question, as it does by itself."""
    with opened(tmp_path, reranker=None) as plain:
        assert plain.rerank(QUESTION, HITS) == HITS
    settings = Settings(search=SearchSettings(reranker=str(cross)), embedder=EmbedderSettings(device="cpu"))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        ranked = kb.rerank(QUESTION, HITS)
    alone = CrossEncoderReranker(str(cross), ModelsSettings(), device="cpu").rerank(QUESTION, HITS)
    assert ranked == alone
    assert {hit.chunk.id for hit in ranked} == {hit.chunk.id for hit in HITS}
    assert ranked != kb.rerank("blue lamp", HITS)


def test_what_a_search_finds_can_be_reranked(tmp_path: Path, cross: Path) -> None:
    """From documents to reranked hits with a real model."""
    settings = Settings(search=SearchSettings(reranker=str(cross)), embedder=EmbedderSettings(device="cpu"))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        quick_sync(
            kb,
            write(
                tmp_path / "shop",
                a="# A\n\nRefunds take 5 days.",
                b="# B\n\nThe lamp is red.",
                c="# C\n\nReset.",
            ),
        )
        found = kb.search(QUESTION, k=3)
        ranked = kb.rerank(QUESTION, found)
    assert sorted(hit.chunk.id for hit in ranked) == sorted(hit.chunk.id for hit in found)
    assert all(hit.rerank_score is not None for hit in ranked)


def test_a_search_gives_the_rerankers_order(tmp_path: Path) -> None:
    """Of the candidates that it reads the shortest passages come first, and only k of them are given."""
    given = ShortestFirst()
    with opened(tmp_path, given, reranker_candidates=4) as kb:
        many = {f"n{n}": f"# Refunds {n}\n\nRefunds take {n} days{' of work' * n}." for n in range(1, 7)}
        quick_sync(kb, write(tmp_path / "shop", **many))
        hits = kb.search("refunds days", k=2)
        lengths = [len(hit.chunk.text) for hit in hits]
        assert (len(hits), lengths) == (2, sorted(lengths))
        assert [read for _, read in given.read] == [4]
        assert [hit.score for hit in hits] == [-length for length in lengths]
        assert len(kb.search("refunds days", k=6)) == 6
        assert kb.search_many(["refunds days"] * 2, 2) == [hits] * 2


def test_threads_load_it_once_and_get_the_same(tmp_path: Path, cross: Path) -> None:
    """Eight threads that all ask first: one model, and each gets what it would get alone."""
    settings = Settings(search=SearchSettings(reranker=str(cross)), embedder=EmbedderSettings(device="cpu"))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        with ThreadPoolExecutor(8) as pool:
            loaded = list(pool.map(lambda _: kb.load_reranker(), range(8)))
            given = list(pool.map(lambda _: kb.rerank(QUESTION, HITS), range(24)))
        assert len({id(each) for each in loaded}) == 1
        assert given == [kb.rerank(QUESTION, HITS)] * 24


def test_one_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    """Not pulled: the command that fetches it. A classifier: that it does not rank. Nothing is ranked meanwhile."""
    with opened(tmp_path, reranker_candidates=3) as kb:
        assert kb.rerank(QUESTION, HITS) == HITS
    many = make_classifier(tmp_path / "nli", ("a", "b", "c"))
    for name, error, words in (
        ("org/model@v1", ModelNotFound, "ragbot models pull org/model@v1"),
        (str(many), ModelError, "3 scores"),
    ):
        settings = Settings(
            search=SearchSettings(reranker=name), models=ModelsSettings(cache=tmp_path / "nowhere")
        )
        with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
            for _ in range(2):
                with pytest.raises(error, match=words):
                    kb.rerank(QUESTION, HITS)


def test_a_given_one_precedes_the_settings(tmp_path: Path, cross: Path) -> None:
    """What is passed in is used, and the model of the settings is not even looked for."""
    settings = Settings(search=SearchSettings(reranker="org/model@v1"))
    with KnowledgeBase.open(
        tmp_path / "kb", settings=settings, embedder=HashedEmbedder(), reranker=ShortestFirst()
    ) as kb:
        assert places(kb.rerank(QUESTION, HITS)) == [3, 1, 0, 2]


def test_fakes_and_real_ones_keep_the_protocol(cross: Path) -> None:
    """The same hits once each, best first, scores set; no hits give none."""
    made: list[Reranker] = [ShortestFirst(), CrossEncoderReranker(str(cross), ModelsSettings(), device="cpu")]
    for reranker in made:
        ranked = reranker.rerank(QUESTION, HITS)
        assert sorted(places(ranked)) == [0, 1, 2, 3]
        assert [hit.score for hit in ranked] == sorted((hit.score for hit in ranked), reverse=True)
        assert all(hit.rerank_score == hit.score for hit in ranked)
        assert reranker.rerank(QUESTION, []) == []
