"""Excerpts that can be shown as they stand, and their citations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage

from ragbot.answer.quote import cite, excerpt, quote
from ragbot.types import Hit

LIST = (
    "Before you begin, charge the hub.\n\nTo reset it:\n- Hold the button for 10 s.\n- Wait for the red light.\n"
    "- Let go.\n\nYour rooms and schedules stay. The log is lost."
)
ROWS = "Plan: Basic; Price: 4.99 €\nPlan: Plus; Price: 9.99 €\nPlan: Pro; Price: 19.99 €"


def shown(text: str, words: str, characters: int, **meta: Any) -> str:
    """The excerpt of a passage where `words` stand in the sentence that answers."""
    hit = passage(text, **meta)
    at = text.index(words)
    start, end = excerpt(hit.chunk, (at, at + len(words)), characters=characters)
    return text[start:end]


def test_a_short_passage_is_shown_entire() -> None:
    """Nobody is helped by a part of it."""
    assert shown(LIST, "red light", 500) == LIST


def test_a_list_comes_with_what_announces_it() -> None:
    """Whole, whichever item answers."""
    expected = LIST[LIST.index("To reset") : LIST.index("\n\nYour")]
    assert shown(LIST, "red light", 95) == expected
    assert shown(LIST, "To reset", 95) == expected


def test_a_paragraph_is_not_cut_in_a_sentence() -> None:
    """What does not fit is left out in whole sentences; a longer one is shown all the same."""
    long = "We ship to all countries of the EU. " + "Parcels take 3 to 5 days. " * 3 + "Norway takes 9 days."
    assert shown(long, "Norway takes 9 days.", 50) == "Parcels take 3 to 5 days. Norway takes 9 days."
    assert shown(long, "Norway takes 9 days.", 5) == "Norway takes 9 days."


def test_a_row_is_whole() -> None:
    """A table's line has its headers in it; the others go before it is cut."""
    assert shown(ROWS, "Plus", 30, kind="table") == "Plan: Plus; Price: 9.99 €"


def test_of_an_faq_entry_the_answer_is_shown() -> None:
    """Not the question, which the customer has just asked."""
    text = "How long do refunds take?\nRefunds take 5 days."
    assert shown(text, "How long", 500, kind="faq", answer_start=26) == "Refunds take 5 days."


def hits(*rated: tuple[str, float]) -> list[Hit]:
    return [replace(passage(text, source=f"{n}.md"), score=score) for n, (text, score) in enumerate(rated)]


def test_others_that_are_as_likely_are_shown_too() -> None:
    """As far as there is room; what repeats one before it is not."""
    found = hits(("Refunds take 5 days.", 0.6), ("Vouchers come at once.", 0.5), ("Lamps are red.", 0.2))
    assert [each.hit for each in quote(found, likely=0.5, passages=5, characters=900)] == [0, 1]
    assert [each.hit for each in quote(found, likely=0.5, passages=1, characters=900)] == [0]
    assert [each.hit for each in quote(found, likely=0.5, passages=5, characters=25)] == [0]
    again = hits(("Refunds take 5 days.", 0.6), ("Refunds take 5 days.", 0.6))
    assert [each.hit for each in quote(again, likely=0.5, passages=5, characters=900)] == [0]
    assert quote([], likely=0.5, passages=5, characters=900) == []


def test_citations_quote_their_place() -> None:
    """One number for one place; a single item is shown without its bullet."""
    found = [passage("- Hold the button.", start=40)]
    (statement,) = quote(found, likely=0.5, passages=5, characters=900)
    cited = cite([statement, statement], found)
    assert cited.parts == ("Hold the button. [1]", "Hold the button. [1]")
    (citation,) = cited.citations
    assert (citation.start, citation.end, citation.quote) == (40, 58, "- Hold the button.")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    text=st.text(alphabet="ab. \n-:1?。", max_size=80),
    at=st.integers(0, 80),
    characters=st.integers(1, 60),
    kind=st.sampled_from(["text", "table", "faq", "code"]),
)
def test_an_excerpt_is_part_of_its_passage(text: str, at: int, characters: int, kind: str) -> None:
    """Without white space around it; nothing only where the passage has nothing."""
    hit = passage(text, kind=kind)
    start, end = excerpt(hit.chunk, (at, at + 1), characters=characters)
    assert 0 <= start <= end <= len(text)
    assert text[start:end] == text[start:end].strip()
    assert (start == end) == (not text.strip())


@pytest.mark.parametrize("kind", ["text", "table"])
def test_without_a_sentence_the_beginning_is_shown(kind: str) -> None:
    """A reader that names none leaves the passage's first block."""
    chunk = passage("First. \n\nSecond.", kind=kind).chunk
    assert excerpt(chunk, None, characters=7) == (0, 6)
