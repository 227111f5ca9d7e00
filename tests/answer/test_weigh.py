"""All pieces of the hits, best first; vectors that are remembered; languages that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from fakes import KeywordEmbedder
from numpy.typing import NDArray
from passages import asking, flat_idf, passage
from quick import HashedEmbedder

from ragbot.answer.evidence import FEATURES, Scored
from ragbot.answer.weigh import Scorer, as_found

REFUND = asking("How long do refunds take?")
HITS = [
    passage("Refunds take five days. The lamp is returned in its box.", heading="Refunds"),
    passage(
        "The shop opens at nine. Parrots are welcome.", source="shop/hours.md", dense=(9, 0.0), lexical=None
    ),
]


def feature(item: Scored, name: str) -> float:
    return item.features[FEATURES.index(name)]


def test_every_piece_is_weighed_best_first() -> None:
    """The piece that answers comes before those that do not."""
    scored = Scorer(HashedEmbedder(), flat_idf).score(REFUND, HITS)
    assert scored[0].unit.text == "Refunds take five days."
    assert sorted(item.unit.text for item in scored) == [
        "Parrots are welcome.",
        "Refunds take five days.",
        "The lamp is returned in its box.",
        "The shop opens at nine.",
    ]
    estimates = [item.probability for item in scored]
    assert estimates == sorted(estimates, reverse=True)
    for item in scored:
        assert HITS[item.unit.hit].chunk.text[item.unit.start : item.unit.end] == item.unit.text


def test_the_same_input_gives_the_same_output() -> None:
    """Also from the memory of vectors, and from another scorer."""
    scorer = Scorer(HashedEmbedder(), flat_idf)
    first = scorer.score(REFUND, HITS)
    assert scorer.score(REFUND, HITS) == first
    assert Scorer(HashedEmbedder(), flat_idf).score(REFUND, HITS) == first


def test_without_pieces_nothing_is_embedded() -> None:
    """No hits, and hits of white space."""
    embedder = HashedEmbedder()
    assert Scorer(embedder, flat_idf).score(REFUND, []) == []
    assert Scorer(embedder, flat_idf).score(REFUND, [passage(" \n ")]) == []
    assert embedder.embedded == []


def test_a_piece_is_embedded_once() -> None:
    """Its vector is remembered over questions, and equal pieces of one search share it."""
    embedder = HashedEmbedder()
    scorer = Scorer(embedder, flat_idf)
    scorer.score(REFUND, [*HITS, HITS[0]])
    assert len(embedder.embedded) == 4
    scorer.score(asking("Are parrots welcome?"), HITS)
    assert len(embedder.embedded) == 4


def test_a_piece_is_embedded_with_what_it_is_about() -> None:
    """The innermost heading, an FAQ's question, or the title stands before it, and a list's lead."""
    embedder = HashedEmbedder()
    faq = passage("How long?\nFive days.", kind="faq", question="How long?", answer_start=10)
    hits = [
        passage("In 5 days.", heading="Refunds > By card"),
        passage("You need:\n\n- a box", title="Parcels"),
        faq,
    ]
    Scorer(embedder, flat_idf).score(REFUND, hits)
    assert embedder.embedded == [
        "By card\nIn 5 days.",
        "Parcels\nYou need:",
        "Parcels\nYou need:\n- a box",
        "How long?\nFive days.",
    ]


def test_an_unknown_language_gets_no_cosine() -> None:
    """A passage in a language that the embedder does not know is not embedded, and is told apart."""
    embedder = HashedEmbedder()
    chinese = passage("退款需要 5 天。", language="zh", dense=(1, 0.9))
    scored = Scorer(embedder, flat_idf).score(asking("退款需要多久？"), [chinese, HITS[0]])
    by_hit = {item.unit.hit: item for item in scored}
    assert (by_hit[0].known, by_hit[1].known) == (False, True)
    assert feature(by_hit[0], "unit_cosine") == feature(by_hit[0], "passage_cosine") == 0.0
    assert feature(by_hit[1], "unit_cosine") != 0.0
    assert not any("退款" in text for text in embedder.embedded)


@pytest.mark.parametrize("language", ["en", "und"])
def test_a_language_that_may_be_known_is_read(language: str) -> None:
    """Also where the language of a short passage could not be told."""
    (item,) = Scorer(HashedEmbedder(), flat_idf).score(
        REFUND, [passage("Refunds: 5 days", language=language)]
    )
    assert item.known
    assert feature(item, "unit_cosine") > 0


def test_an_embedder_of_all_languages_reads_everything() -> None:
    """No language is foreign to a model that names none."""
    chinese = passage("退款需要 5 天。", language="zh")
    question = asking("退款需要多久？", languages=frozenset())
    (item,) = Scorer(KeywordEmbedder("退款"), flat_idf).score(question, [chinese])
    assert item.known
    assert feature(item, "unit_cosine") > 0.9


def test_the_embedder_reads_the_gloss_of_the_question() -> None:
    """A Chinese question is compared with English pieces by its English words."""
    question = asking("退款需要多久？")
    (first, *_) = Scorer(KeywordEmbedder("refund", "lamp"), flat_idf).score(question, HITS[:1])
    assert first.unit.text == "Refunds take five days."
    assert feature(first, "unit_cosine") > 0.9


def test_very_many_pieces_are_bounded() -> None:
    """A huge passage does not make an answer slow; the best passages' pieces are weighed."""
    embedder = HashedEmbedder()
    hits = [HITS[0], passage(" ".join(f"Sentence number {number} stands here." for number in range(2000)))]
    scored = Scorer(embedder, flat_idf).score(REFUND, hits)
    assert len(embedder.embedded) == len(scored) < 500
    assert scored[0].unit.hit == 0


class SlowToAnswer(HashedEmbedder):
    """Gives another thread its turn in the middle of its work."""

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        vectors = [super(SlowToAnswer, self).embed([text], kind=kind) for text in texts]
        return np.concatenate(vectors)


def test_threads_may_share_it() -> None:
    """Each thread gets what it would get alone."""
    scorer = Scorer(SlowToAnswer(), flat_idf)
    questions = [REFUND, asking("Are parrots welcome?"), asking("When does the shop open?")]
    expected = [Scorer(HashedEmbedder(), flat_idf).score(question, HITS) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda place: scorer.score(questions[place % 3], HITS), range(60)))
    for place, scored in enumerate(given):
        assert [item.unit for item in scored] == [item.unit for item in expected[place % 3]]


def test_outdated_documents_yield_unless_the_past_is_asked_for() -> None:
    """A document that calls itself archived keeps half its weight; asked about the past, all of it."""
    current = passage("Refunds take five days.", source="shop/refunds.md")
    archived = passage("Refunds take nine days.", source="shop/refunds-archived.md")
    scorer = Scorer(HashedEmbedder(), flat_idf)
    now = {item.unit.text: item.probability for item in scorer.score(REFUND, [archived, current])}
    assert now["Refunds take five days."] > now["Refunds take nine days."]
    past = asking("How long did refunds take back in 2022?")
    then = {item.unit.text: item.probability for item in scorer.score(past, [archived, current])}
    assert then["Refunds take nine days."] > now["Refunds take nine days."] / 2
    assert then["Refunds take nine days."] == pytest.approx(then["Refunds take five days."], rel=0.2)


def test_what_the_search_finds_surely_counts_more() -> None:
    """Of two pieces as likely by themselves, the one of the surer passage; a reranker's scores change nothing."""
    scored = Scorer(HashedEmbedder(), flat_idf).score(REFUND, HITS)
    even = [replace(item, probability=0.5) for item in scored]
    found = [replace(hit, score=score) for hit, score in zip(HITS, (0.01, 0.9), strict=True)]
    likely = as_found(even, found)
    assert likely[0].unit.hit == 1
    assert likely[0].probability == 0.5
    assert 0 < likely[-1].probability < 0.1
    read_again = [replace(hit, rerank_score=hit.score) for hit in found]
    assert as_found(even, read_again) == even
    assert as_found([], []) == []
