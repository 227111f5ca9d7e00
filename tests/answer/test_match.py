"""Near questions are the same only where the embedder says so."""

from __future__ import annotations

from collections.abc import Iterable

from fakes import KeywordEmbedder
from passages import asking

from ragbot.answer.stored.match import Matcher
from ragbot.types import Turn


class EnglishEmbedder(KeywordEmbedder):
    """Knows English alone, and counts its calls."""

    languages = frozenset({"en"})

    def __init__(self, *keywords: str) -> None:
        super().__init__(*keywords)
        self.calls = 0

    def embed(self, texts, *, kind="passage"):  # type: ignore[no-untyped-def]  # as its base
        self.calls += 1
        return super().embed(texts, kind=kind)


def matcher(embedder: EnglishEmbedder, words: Iterable[str] = ()) -> Matcher:
    return Matcher(embedder, frozenset(words).__contains__)


def test_near_questions_need_the_embedder() -> None:
    """The same difference in words passes where the vectors agree and fails where they do not."""
    embedder = EnglishEmbedder("store", "hours", "want")
    question = asking("Opening hours of the store")
    assert matcher(embedder).grades(question, ["What are the opening hours of the store?"]) == ["near"]
    question = asking("want opening hours of the store want")
    assert matcher(embedder).grades(question, ["What are the opening hours of the store?"]) == ["other"]


def test_what_words_decide_costs_no_embedding() -> None:
    """The same questions and other ones are told apart without a vector."""
    embedder = EnglishEmbedder("store")
    stored = ["When does the store open?", "Where is the store in Rome?"]
    assert matcher(embedder).grades(asking("when does the store open"), stored) == ["same", "other"]
    assert embedder.calls == 0


def test_an_unknown_language_has_no_near_questions() -> None:
    """The embedder's vectors say nothing there."""
    embedder = EnglishEmbedder("发票")
    assert matcher(embedder).grades(asking("发票信息找"), ["找发票信息"]) == ["same"]
    assert matcher(embedder).grades(asking("find 发票 发票"), ["发票 发票"]) == ["other"]
    assert embedder.calls == 0


def test_a_message_that_leans_is_compared_as_completed_and_as_typed() -> None:
    """What the conversation fills in may make it a stored question; and a stored question asked in the middle of a
    conversation is still that question."""
    embedder = EnglishEmbedder("hub")
    earlier = Turn(role="user", text="I have a Hub 2 here").text
    leaning = asking("Is there a live chat?", earlier)
    assert matcher(embedder).grades(leaning, ["Is there a live chat?"]) == ["same"]
