"""Which messages lean on the conversation, and what completes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import pytest

from ragbot.text.context import leans_on_history, names, standalone, subject
from ragbot.text.mentions import LOOK_BACK
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
        "Is there anything else I should read before ordering?",
        "Which other colours of the case do you offer?",
        "他在哪家店工作过？",
        "那边可以停车吗？",
        "周末送货上门的呢，要加钱吗？",
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
        "When Anna Berg left the company, where did she go?",
        "Do you sell anything other than hubs and door locks?",
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


def said(*texts: str) -> tuple[Turn, ...]:
    """A conversation that the customer begins."""
    return tuple(Turn(role="assistant" if n % 2 else "user", text=text) for n, text in enumerate(texts))


@pytest.mark.parametrize(
    ("conversation", "message", "completed"),
    [
        (  # a person, named by the bot alone
            said("Who runs your workshop?", "It is run by Marta Reis in Lisbon."),
            "How long has she worked for you?",
            "Marta Reis: How long has she worked for you?",
        ),
        (  # the short name later means the long one before
            said(
                "Tell me about Marta Reis.",
                "Reis founded the shop in 1998.",
                "What did she do before?",
                "Reis taught.",
            ),
            "Did she write a book?",
            "Marta Reis: Did she write a book?",
        ),
        (  # a place
            said("Where is your workshop?", "We moved to Porto last year."),
            "Can I park a van there?",
            "Porto: Where is your workshop? Can I park a van there?",
        ),
        (  # a thing that only the answer names
            said("Can the hub stay online without my line?", "Yes, with the add-on SimLink 4G."),
            "How much does it cost?",
            "SimLink 4G: Can the hub stay online without my line? How much does it cost?",
        ),
        (  # a name in small letters
            said("any cheap hotel?", "there is one called hotel sunrise and it has two stars"),
            "do they take dogs",
            "hotel sunrise: any cheap hotel? do they take dogs",
        ),
        (
            said("谁负责上海店？", "上海店的店长是张伟。"),
            "他什么时候上班？",
            "张伟: 他什么时候上班？",
        ),
        (
            said("你们有哪些门铃？", "我们有《门铃二代》。"),
            "它防水吗？",
            "门铃二代: 你们有哪些门铃？ 它防水吗？",
        ),
    ],
)
def test_a_message_carries_the_names_it_speaks_of(
    conversation: Sequence[Turn], message: str, completed: str
) -> None:
    """Whoever said them; people are named alone, everything else with the message that is continued."""
    assert standalone(message, conversation) == completed


def test_a_name_cut_short_is_given_in_full() -> None:
    """Also where the message could be understood without."""
    history = said("How do I reset the Nova Hub 2?", "Hold its button for 5 seconds.")
    message = "Which colours does your shop sell the Nova in?"
    assert standalone(message, history) == f"Nova Hub 2: {message}"
    for whole in (
        "Which colours does the Nova Hub 2 come in?",
        "Can you send my whole order within 2 days?",
    ):
        assert standalone(whole, history) == whole
    named = said("Where do I find the Return Centre?", "In your account.")
    assert (
        standalone("Do you charge me for a return of shoes?", named)
        == "Do you charge me for a return of shoes?"
    )


def test_names_of_an_earlier_subject_are_not_carried() -> None:
    """What stood before the last message that stands alone is over."""
    history = said("Do you have a shop in Berlin or Hamburg?", "No.", *(turn.text for turn in HISTORY))
    assert standalone("And by invoice?", history) == "How long do refunds take? And by invoice?"


def test_a_model_named_instead_takes_the_place_of_the_earlier_one() -> None:
    """The earlier one is not carried beside it."""
    history = said("How do I reset a Hub 2?", "Hold the button of the Hub 2.")
    assert standalone("and the Hub 1?", history) == "How do I reset a Hub 1? and the Hub 1?"


class Counted(Sequence[Turn]):
    """A conversation that counts which of its turns are read."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.turns = turns
        self.read = 0

    def __len__(self) -> int:
        return len(self.turns)

    @overload
    def __getitem__(self, place: int) -> Turn: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Turn]: ...
    def __getitem__(self, place: int | slice) -> Turn | Sequence[Turn]:
        found = self.turns[place]
        self.read += 1 if isinstance(found, Turn) else len(found)
        return found


@pytest.mark.parametrize(
    "message", ["And by card?", "What did she do there?", "Which payment methods do you accept?"]
)
def test_a_long_conversation_costs_no_more_than_a_short_one(message: str) -> None:
    """Of 10,000 turns as many are read as of the number that is looked back, and none of the older ones counts."""
    turns = said(*(f"And what did Anna Berg say of offer {n}?" for n in range(10_000)))
    long, short = Counted(turns), Counted(turns[-LOOK_BACK:])
    assert standalone(message, long) == standalone(message, short)
    assert long.read == short.read <= 4 * LOOK_BACK
    assert subject(long) == subject(short)
    assert leans_on_history(message, long) == leans_on_history(message, short)
