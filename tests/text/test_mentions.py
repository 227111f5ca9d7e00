"""What a conversation names."""

from __future__ import annotations

import pytest

from ragbot.text.mentions import mentions
from ragbot.types import Turn


def named(*texts: str) -> list[tuple[str, str]]:
    """Text and kind of what customer and bot name by turns, the most present first."""
    turns = [Turn(role="assistant" if n % 2 else "user", text=text) for n, text in enumerate(texts)]
    return [(each.text, each.kind) for each in mentions(turns)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I met Anna Berg at the Nova Store in Porto.", ["Anna Berg", "Nova Store", "Porto"]),
        ("It plays Zappa and the Mothers of Invention.", ["Zappa and the Mothers of Invention"]),
        ("the Hub 2 Pro and the MS-45 arrived", ["Hub 2 Pro", "MS-45"]),
        ('We read "The Long Way" and “what else”.', ["The Long Way"]),
        ("there is a place called the blue door and it is open", ["the blue door"]),
        ("Jean O'Neill's dog", ["Jean O'Neill"]),
        ("《星河》是谁写的？", ["星河"]),
        ("The shop opens on Monday to Saturday since March 2024.", []),
        ("Refunds take 5 days. However, I need an answer.", []),
        ("Yes", []),
        ("In 1964,", []),
    ],
)
def test_names_are_told_from_other_capitals(text: str, found: list[str]) -> None:
    """First words of sentences, days and months are no names; quotation marks and "called" make some."""
    assert sorted(name for name, _ in named(text)) == sorted(found)


def test_a_turn_that_is_nothing_but_a_name() -> None:
    """A customer may just say it; a single word of the bot may be any word."""
    assert named("Frank Zappa") == [("Frank Zappa", "person")]
    assert named("Hub", "Amber") == [("Hub", "thing")]


def test_the_first_word_of_a_sentence_is_a_name_if_another_place_says_so() -> None:
    """It is then the longer name, which counts twice."""
    assert named("Who was Nina Simone?", "Simone sang in Carnegie Hall.") == [
        ("Nina Simone", "person"),
        ("Carnegie Hall", "place"),
    ]


def test_people_places_and_things() -> None:
    """By what stands before a name and by its words; Chinese ones by their word class."""
    assert named("Did Anna Berg send the Nova Hub to us from Porto?") == [
        ("Anna Berg", "person"),
        ("Nova Hub", "thing"),
        ("Porto", "place"),
    ]
    assert named("张伟在上海吗？") == [("张伟", "person"), ("上海", "place")]


def test_what_is_named_more_often_and_later_is_more_present() -> None:
    """And the customer's names more than the bot's."""
    assert named("I saw Anna Berg.", "I see.", "I saw Jo Lund.", "I see.")[0][0] == "Jo Lund"
    assert named("I saw Anna Berg.", "I see.", "I saw Jo Lund.", "Did Anna Berg see it?")[0][0] == "Anna Berg"
    assert named("I saw Anna Berg.", "It was Jo Lund.")[0][0] == "Anna Berg"
