"""Words that no document has are taken for those they may have been meant for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.index.lexical import Lexical, count_terms
from ragbot.index.spelling import MOST, MOST_WORDS, Speller, respell

TEXTS = (
    "Return the gift card within 30 days.",
    "Returning a thermostat: keep the receipt of your return.",
    "The warranty covers the thermostat and the Hub 2.",
    "Error E-417 means that the battery is empty. Recharge the batteries.",
    "退款需要五个工作日",
)
LEXICAL = Lexical.build([count_terms("", "", text) for text in TEXTS])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("retrun", ("return",)),  # two letters exchanged
        ("waranti", ("warranti",)),  # one left out
        ("receiptt", ("receipt",)),  # one too many
        ("thermostst", ("thermostat",)),  # one wrong
        ("thremostta", ("thermostat",)),  # two slips in a long word
        ("giftcard", ("gift", "card")),  # two words in one
        ("coverng", ("cover",)),  # a slip in the ending
    ],
)
def test_slips_are_understood(typed: str, meant: tuple[str, ...]) -> None:
    """A slip, or two in a long word, or a forgotten space."""
    assert respell(typed, LEXICAL)[0] == meant


@pytest.mark.parametrize("typed", ["return", "thermostat", "gift"])
def test_what_the_documents_have_is_left_alone(typed: str) -> None:
    """A word that occurs is spelt right, however rare."""
    assert not respell(typed, LEXICAL)


@pytest.mark.parametrize("typed", ["e-418", "417", "e-41", "hub3", "退货款", "zyx", "", "x" * 500, "quantum"])
def test_codes_figures_and_strangers_are_no_slips(typed: str) -> None:
    """Another code is another thing, Chinese is cut otherwise, and what resembles nothing stays as it is."""
    assert not respell(typed, LEXICAL)


def test_the_more_frequent_of_equally_near_words_comes_first() -> None:
    """ "cart" stands nearer to what is written often."""
    lexical = Lexical.build([count_terms("", "", text) for text in ("card", "card", "care")])
    assert respell("carx", lexical)[0] == ("card",)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(typed=st.text(max_size=30))
def test_suggestions_are_words_of_the_documents(typed: str) -> None:
    """At most two, each of terms that occur, whatever was typed."""
    found = respell(typed, LEXICAL)
    assert len(found) <= MOST
    assert all(LEXICAL.document_frequency(term) for words in found for term in words)


def test_only_the_first_strange_words_of_a_message_are_looked_into() -> None:
    """What is pasted cannot make a search slow: known words cost nothing, strangers only so often."""
    speller = Speller(LEXICAL)
    assert speller("return", "en") == ()
    for _ in range(MOST_WORDS):
        assert speller("retrun", "en")[0] == ("return",)
    assert not speller("retrun", "en")
