"""Messages that leave open what they are about."""

from __future__ import annotations

import pytest

from ragbot.answer.clarify.unsaid import is_bare, one_of_several
from ragbot.types import Turn

TOLD = [
    "Isaac is a tropical hurricane of 2012. It came late.",
    "In 2005 Katrina was a hurricane that hit New Orleans.",
]


@pytest.mark.parametrize(
    "message",
    [
        "How do I reset it?",
        "it doesn't work",
        "what's the price?",
        "How much is this?",
        "How long is it?",
        "这个多少钱？",
        "怎么用它？",
        "价格是多少？",
    ],
)
def test_a_bare_message_has_no_subject(message: str) -> None:
    """It points to something, or asks for the price of nothing; after a customer's turn it is clear."""
    assert is_bare(message, [])
    assert is_bare(message, [Turn(role="assistant", text="Hello!")])
    assert not is_bare(message, [Turn(role="user", text="I have a Hub 1.")])


@pytest.mark.parametrize(
    "message",
    [
        "How do I reset my thermostat?",
        "What is the warranty?",
        "opening hours",
        "Is it possible to return a lamp?",
        "Are there stores near Rotterdam?",
        "When do you open this week?",
        "How do I fix E-417 on it?",
        "退货期限是多久？",
        "运费多少钱？",
    ],
)
def test_other_messages_have_one(message: str) -> None:
    """However short."""
    assert not is_bare(message, [])


def test_a_kind_of_which_the_passages_tell_several() -> None:
    """The names are what the sentences are about, not the places and months beside them."""
    names = one_of_several("What was done after the hurricane's landfall?", [], TOLD)
    assert names is not None
    assert {*names} == {"Isaac", "Katrina"}
    assert one_of_several("What did this hurricane destroy?", [], TOLD) == names


@pytest.mark.parametrize(
    "message",
    [
        "What did hurricanes destroy?",
        "What did the Hurricane Centre say?",
        "What is the hurricane that hit Florida called?",
        "What did the first hurricane destroy?",
        "What did the storm destroy?",
    ],
)
def test_a_kind_that_is_told_apart_or_not_told_of(message: str) -> None:
    """The message speaks of all, of a name, of one that it describes, or of what the passages do not tell."""
    assert one_of_several(message, [], TOLD) is None


def test_the_conversation_may_have_named_it() -> None:
    """Its kind was spoken of before."""
    history = [Turn(role="user", text="I want to read about hurricanes."), Turn(role="assistant", text="Ok.")]
    assert one_of_several("What did the hurricane destroy?", history, TOLD) is None


def test_one_passage_or_one_name_is_not_several() -> None:
    """Two passages that tell of different ones are needed; names that cannot be read leave none."""
    assert one_of_several("What did the hurricane destroy?", [], TOLD[:1]) is None
    assert one_of_several("What did the hurricane destroy?", [], [TOLD[0], TOLD[0]]) is None
    unread = ["It is a hurricane.", "This was a hurricane."]
    assert one_of_several("What did the hurricane destroy?", [], unread) == ()
