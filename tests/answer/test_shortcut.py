"""The stored answer of an FAQ entry: whole, cited, and only where nothing speaks against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from quick import open_quick, quick_sync, write

from ragbot.answer.respond import Response
from ragbot.answer.stored.match import Matcher
from ragbot.answer.stored.shortcut import Shortcut
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.types import Turn

Ask = Callable[..., Response | None]
LONG = "\n".join(f"{number}. Press button number {number} and wait for the light." for number in range(1, 60))


def faq(folder: Path, name: str, *entries: tuple[str, str]) -> Path:
    lines = [json.dumps({"question": question, "answer": answer}) for question, answer in entries]
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """Three entries, one of them long, beside an article."""
    docs = write(
        tmp_path / "docs", returns="# Returns\n\nHow do I return a lamp? Ask the desk for a label.\n"
    )
    faq(
        docs,
        "faq",
        ("How do I return a lamp?", "Print the label. Then bring the lamp to a shop."),
        ("How do I set up the bridge of the garden lights?", LONG),
        ("Can I merge two accounts?", "No."),
        ("能开专票吗？", "可以。"),
    )
    with open_quick(tmp_path / "kb") as opened:
        quick_sync(opened, docs)
        yield opened


def ask(kb: KnowledgeBase, message: str, *earlier: str) -> Response | None:
    history = [Turn(role="user", text=text) for text in earlier]
    hits = kb.search(message, k=8, history=history)
    return Shortcut(kb, Matcher.of(kb)).respond(kb.understand(message, history), hits)


def given(kb: KnowledgeBase, message: str, *earlier: str) -> Response:
    response = ask(kb, message, *earlier)
    assert response is not None
    return response


def check_place(kb: KnowledgeBase, response: Response) -> None:
    """The citation's place holds its quote, and the text is that quote."""
    (citation,) = response.citations
    (document,) = [each for each in kb.documents() if each.source == citation.source]
    assert document.text[citation.start : citation.end] == citation.quote
    assert response.text == f"{citation.quote} [1]"


@pytest.mark.parametrize(
    "message", ["How do I return a lamp?", "hi, how can i retrun the lamp pls", "HOW DO I RETURN A LAMP"]
)
def test_the_stored_answer_is_given_whole_and_cited(kb: KnowledgeBase, message: str) -> None:
    """Every sentence of it, none of the question, with the exact place."""
    response = given(kb, message)
    assert response.text == "Print the label. Then bring the lamp to a shop. [1]"
    assert response.reason == "faq"
    assert [claim.text for claim in response.claims] == ["Print the label.", "Then bring the lamp to a shop."]
    check_place(kb, response)


def test_chinese_entries_answer_chinese_messages(kb: KnowledgeBase) -> None:
    """Courtesies and other ways to say "can" are no difference."""
    assert given(kb, "您好，请问可以开专票吗").text == "可以。 [1]"


def test_an_answer_that_was_cut_into_passages_is_whole_again(kb: KnowledgeBase) -> None:
    """Whichever of its passages the search found."""
    question = "How do I set up the bridge of the garden lights?"
    document = next(each for each in kb.documents() if each.source.endswith("faq.jsonl"))
    pieces = [chunk for chunk in kb.chunks(document.id) if chunk.meta.get("question") == question]
    assert len(pieces) > 2
    shortcut, asked = Shortcut(kb, Matcher.of(kb)), kb.understand(question)
    hits = kb.search(question, k=50)
    for piece in (pieces[0], pieces[1], pieces[-1]):
        response = shortcut.respond(asked, [hit for hit in hits if hit.chunk.id == piece.id])
        assert response is not None
        assert response.citations[0].quote == LONG
        check_place(kb, response)


@pytest.mark.parametrize(
    "message",
    [
        "How do I return a lamp without a receipt?",
        "Can I merge three accounts?",
        "How do I return it?",
        "Lamps",
    ],
)
def test_other_questions_are_left_to_the_documents(kb: KnowledgeBase, message: str) -> None:
    """One word more, another figure, a pointer: no entry asks that."""
    assert ask(kb, message) is None


def test_an_article_with_the_question_in_it_is_no_entry(tmp_path: Path) -> None:
    """Only FAQ entries have a stored answer."""
    docs = write(tmp_path / "docs", returns="# Returns\n\n## How do I return a lamp?\n\nAsk the desk.\n")
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, docs)
        assert ask(kb, "How do I return a lamp?") is None


def test_entries_that_disagree_give_nothing(tmp_path: Path) -> None:
    """One question, two answers: which is meant is not for the shortcut to say; two equal answers are one."""
    docs = faq(tmp_path / "docs", "lamps", ("How do I clean the cover?", "With water."))
    faq(docs, "phones", ("How do I clean the cover?", "With a dry cloth."))
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, docs)
        assert ask(kb, "how do i clean the cover") is None
        faq(docs, "phones", ("How do I clean the cover?", "With  water."))
        quick_sync(kb, docs)
        assert given(kb, "how do i clean the cover").text.startswith("With")


def test_an_outdated_entry_is_not_given(tmp_path: Path) -> None:
    """The newer version answers; the old one alone does not."""
    docs = faq(tmp_path / "docs", "warranty-faq-2023", ("How long is the warranty?", "12 months."))
    faq(docs, "warranty-faq-2025", ("How long is the warranty?", "24 months."))
    faq(docs, "billing-faq-archived", ("Can I pay by cheque?", "Yes."))
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, docs)
        assert given(kb, "how long is the warranty").text == "24 months. [1]"
        assert ask(kb, "can i pay by cheque") is None


def test_a_document_that_is_gone_since_the_search_gives_nothing_wrong(
    kb: KnowledgeBase, tmp_path: Path
) -> None:
    """The answer is either whole, as it was found, or not given."""
    question = "How do I set up the bridge of the garden lights?"
    hits, asked = kb.search(question, k=8), kb.understand(question)
    (tmp_path / "docs" / "faq.jsonl").unlink()
    quick_sync(kb, tmp_path / "docs")
    response = Shortcut(kb, Matcher.of(kb)).respond(asked, hits)
    assert response is None or response.citations[0].quote == LONG


def test_an_entry_asked_in_the_middle_of_a_conversation(kb: KnowledgeBase) -> None:
    """What was said before does not hide it."""
    assert given(kb, "Can I merge two accounts?", "How do I return a lamp?").text == "No. [1]"
