"""Which messages lean on the conversation, and what completes them."""

from __future__ import annotations

import pytest

from ragbot.text.context import leans_on_history, names, standalone, subject
from ragbot.types import Turn

HISTORY = (
    Turn(role="user", text="How long do refunds take?"),
    Turn(role="assistant", text="Refunds take 5 days."),
)


@pytest.mark.parametrize(
    "message",
    [
        "And by card?",
        "what about PayPal",
        "How long is it?",
        "Why?",
        "那第二代呢？",
        "它多少钱？",
        "Does that include shipping?",
        "price?",
    ],
)
def test_fragments_and_pointers_lean(message: str) -> None:
    """Openings, pronouns without an antecedent and fragments need the turns before."""
    assert leans_on_history(message, HISTORY)


@pytest.mark.parametrize(
    "message",
    [
        "My hub is broken, how do I reset it?",
        "Is it possible to change the delivery address of an order?",
        "Which payment methods do you accept in Germany?",
        "门铃二代的保修期是多长时间？",
    ],
)
def test_whole_questions_stand_alone(message: str) -> None:
    """A question with its own subject is left as it is."""
    assert not leans_on_history(message, HISTORY)
    assert standalone(message, HISTORY) == message


def test_nothing_leans_on_no_history() -> None:
    """Without an earlier message of the customer there is nothing to lean on."""
    assert standalone("And by card?", ()) == "And by card?"
    assert standalone("And by card?", HISTORY[1:]) == "And by card?"


def test_the_subject_goes_back_to_the_last_whole_question() -> None:
    """A chain of fragments is completed by the question that began it, not by the one before that."""
    history = (
        Turn(role="user", text="Do you have a shop in Berlin or Hamburg?"),
        Turn(role="assistant", text="No."),
        *HISTORY,
        Turn(role="user", text="And by card?"),
        Turn(role="assistant", text="7 days."),
    )
    assert subject(history) == "How long do refunds take? And by card?"
    assert standalone("And by invoice?", history) == "How long do refunds take? And by card? And by invoice?"


def test_names_are_capitalised_words_within_a_sentence_and_codes() -> None:
    """The first word of a sentence is no name."""
    assert names("Please reset the Nova Hub 2. The code was E-417X.") == ["Nova Hub 2", "E-417X"]
