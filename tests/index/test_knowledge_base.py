"""Opening, searching and reading a knowledge base."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from quick import HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import InputError, KnowledgeBaseError, KnowledgeBaseMismatch
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.types import Turn

SHOP = {
    "policies__returns": "# Returns\n\nYou may return a lamp within 30 days.\n\n## By card\n\nCards take five days.",
    "policies__shipping": "# Shipping\n\nA parcel travels for three days.",
    "staff__bonus": "---\ntitle: Bonus\nlabels: [staff, board]\nlevel: 2\n---\nThe bonus is paid in March.",
    "help__hub": "---\nlabels: public\n---\n# Hub\n\nPress the button of the hub for ten seconds.",
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """Shared by all tests here: none of them writes."""
    folder = tmp_path_factory.mktemp("shared")
    with open_quick(folder / "kb") as opened:
        quick_sync(opened, write(folder / "shop", **SHOP))
        yield opened


def sources(kb: KnowledgeBase, question: str, **more: object) -> list[str]:
    return [hit.chunk.source for hit in kb.search(question, **more)]  # type: ignore[arg-type]


def test_it_is_made_if_absent_and_finds_nothing(tmp_path: Path) -> None:
    """A new knowledge base is empty, and searching it is no error."""
    with open_quick(tmp_path / "deep" / "kb") as kb:
        assert kb.search("anything") == []
        assert kb.documents() == []
        assert kb.stats()["chunks"] == 0
        assert kb.check() == []


def test_a_question_finds_its_passage_with_both_sides_evidence(kb: KnowledgeBase) -> None:
    """The hit carries the chunk as stored, and rank and score of each side."""
    hit = kb.search("How long does a return by card take?", k=3)[0]
    assert hit.chunk.source == "shop/policies/returns.md"
    document = kb.document(hit.chunk.document_id)
    assert document.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
    assert hit.lexical_rank == 1
    assert hit.lexical_score is not None
    assert hit.lexical_score > 0
    assert hit.dense_rank is not None
    assert hit.dense_score is not None
    assert -1 <= hit.dense_score <= 1.0001
    scores = [each.score for each in kb.search("return", k=10)]
    assert scores == sorted(scores, reverse=True)


def test_k_limits_and_may_exceed_what_there_is(kb: KnowledgeBase) -> None:
    """At most k hits; all of them where k is larger than the knowledge base."""
    assert len(kb.search("days", k=1)) == 1
    assert len(kb.search("days", k=1000)) == kb.stats()["chunks"]


@pytest.mark.parametrize("k", [0, -1, True, 2.5, "3"])
def test_a_wrong_k_is_an_input_error(kb: KnowledgeBase, k: int) -> None:
    """The message names the value."""
    with pytest.raises(InputError, match=repr(k)):
        kb.search("days", k=k)


@pytest.mark.parametrize("question", ["", "   ", "\n\t\x00\x1f", "\u200b"])
def test_an_empty_question_is_an_input_error(kb: KnowledgeBase, question: str) -> None:
    """Nothing to search for, not an arbitrary answer."""
    with pytest.raises(InputError, match="empty"):
        kb.search(question)


@pytest.mark.parametrize(
    "question",
    ["how do I", "what", "的", "???!", "\x00return\x07 the\x1b[31m lamp", "\ud800 return", "x" * 1_000_000,
     "return the lamp " * 70_000, "返品 退货 🙂", "' OR 1=1 --", "%s {0} \\"],
)  # fmt: skip
def test_odd_questions_are_answered(kb: KnowledgeBase, question: str) -> None:
    """Stop words, punctuation, control characters, a megabyte of text: hits, and no error."""
    assert len(kb.search(question, k=2)) <= 2


def test_history_completes_a_question(kb: KnowledgeBase) -> None:
    """A follow-up is searched with what the customer spoke of before."""
    history = [
        Turn(role="user", text="How can I return my lamp?"),
        Turn(role="assistant", text="Within 30 days."),
    ]
    assert sources(kb, "And by card?", k=1, history=history) == ["shop/policies/returns.md"]


def test_filters_apply_before_the_cut(kb: KnowledgeBase) -> None:
    """The one allowed document is found at k=1 although others fit better."""
    assert sources(kb, "return lamp days", k=1, filters={"source": "shop/staff"}) == ["shop/staff/bonus.md"]
    assert sources(kb, "return lamp days", k=1, filters={"labels": "staff"}) == ["shop/staff/bonus.md"]


def test_filters_name_sources_labels_languages_and_numbers(kb: KnowledgeBase) -> None:
    """A folder or file, a value of a list, any of several values, a number as it is written; all must hold."""
    every = 20
    assert set(sources(kb, "days", k=every, filters={"source": "shop/policies/"})) == {
        "shop/policies/returns.md",
        "shop/policies/shipping.md",
    }
    assert sources(kb, "days", k=every, filters={"source": "shop/pol"}) == []
    assert set(sources(kb, "days", k=every, filters={"labels": ["board", "public"]})) == {
        "shop/staff/bonus.md",
        "shop/help/hub.md",
    }
    assert sources(kb, "days", k=every, filters={"level": "2"}) == ["shop/staff/bonus.md"]
    assert sources(kb, "days", k=every, filters={"level": "2", "labels": "public"}) == []
    assert sources(kb, "days", k=every, filters={"tenant": "acme"}) == []
    assert sources(kb, "days", k=every, filters={"language": "zh"}) == []
    assert len(sources(kb, "days", k=every, filters={})) == kb.stats()["chunks"]


@pytest.mark.parametrize(
    "filters", [{"labels": 3}, {"labels": [1]}, {"labels": {"a": "b"}}, ["labels"], {"a": b"x"}]
)
def test_wrong_filters_are_input_errors(kb: KnowledgeBase, filters: object) -> None:
    """A filter that cannot be understood never widens what is shown."""
    with pytest.raises(InputError, match="filter"):
        kb.search("days", filters=filters)  # type: ignore[arg-type]


def test_an_empty_choice_allows_nothing(kb: KnowledgeBase) -> None:
    """`labels` of a customer who has none: no hits."""
    assert kb.search("days", filters={"labels": []}) == []


def test_many_questions_give_what_each_gives_alone(kb: KnowledgeBase) -> None:
    """`search_many` is `search` for each."""
    questions = ["return a lamp", "parcel", "hub button"]
    assert kb.search_many(questions, 3) == [kb.search(question, k=3) for question in questions]
    assert kb.search_many([]) == []
    with pytest.raises(InputError):
        kb.search_many("one question")


def test_documents_and_neighbours(kb: KnowledgeBase) -> None:
    """Documents come back whole, by source; neighbours in reading order without the passage itself."""
    documents = kb.documents()
    assert [document.source for document in documents] == sorted(
        f"shop/{name.replace('__', '/')}.md" for name in SHOP
    )
    assert kb.document(documents[0].id) == documents[0]
    with pytest.raises(InputError, match="nosuch"):
        kb.document("nosuch")
    returns = next(document for document in documents if document.title == "Returns")
    passages = kb.chunks(returns.id)
    assert len(passages) == 2
    assert kb.neighbours(passages[0], 1, 1) == [passages[1]]
    assert kb.neighbours(passages[1], 1, 0) == [passages[0]]
    assert kb.neighbours(passages[1], 0, 5) == []


def test_idf_and_stats(kb: KnowledgeBase) -> None:
    """Rare terms have the higher idf; stats count what is there."""
    values = kb.idf(["day", "lamp", "nosuch"])
    assert values["day"] < values["lamp"] < values["nosuch"]
    stats = kb.stats()
    assert stats["documents"] == 4
    assert stats["languages"]["en"] == 4
    assert stats["embedder"] == "hashed@1"


def test_another_embedder_is_a_mismatch(kb: KnowledgeBase) -> None:
    """Vectors of different models are never compared; the message names the command that helps."""
    with open_quick(kb.folder, HashedEmbedder("other@2")) as other:
        with pytest.raises(KnowledgeBaseMismatch, match="ragbot index --rebuild PATH"):
            other.search("days")
        with pytest.raises(KnowledgeBaseMismatch, match=r"hashed@1.*other@2"):
            _ = other.embedder
        assert len(other.documents()) == 4


def test_threads_may_share_it(kb: KnowledgeBase) -> None:
    """Many threads search one instance; each gets what it gets alone."""
    expected = kb.search("return a lamp", k=3)
    results: list[bool] = []

    def work() -> None:
        results.extend(kb.search("return a lamp", k=3) == expected for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 160


def test_a_closed_one_says_so(tmp_path: Path) -> None:
    """Use after close is an error of ours."""
    kb = open_quick(tmp_path / "kb")
    kb.close()
    kb.close()
    with pytest.raises(KnowledgeBaseError, match="closed"):
        kb.documents()


def test_what_is_no_knowledge_base_is_refused(tmp_path: Path) -> None:
    """A file in the folder's place, another program's database, damage, a newer format: errors that help."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnowledgeBaseError, match="is a file"):
        open_quick(tmp_path / "file")
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "kb.sqlite").write_bytes(os.urandom(5000))
    with pytest.raises(KnowledgeBaseError, match=r"damaged.*ragbot index"):
        open_quick(tmp_path / "garbage")
    (tmp_path / "other").mkdir()
    with sqlite3.connect(tmp_path / "other" / "kb.sqlite") as connection:
        connection.execute("CREATE TABLE songs(title)")
    connection.close()
    with pytest.raises(KnowledgeBaseError, match="something else"):
        open_quick(tmp_path / "other")
    open_quick(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / "kb.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(KnowledgeBaseError, match=r"format 99.*upgrade"):
        open_quick(tmp_path / "newer")
