"""A message as it is searched: alone and in its conversation."""

from __future__ import annotations

from passages import asking

from ragbot.index.question import understand
from ragbot.types import Turn


def test_a_message_alone_is_its_own_context() -> None:
    """Nothing is put in front of it."""
    asked = asking("How long is the warranty?")
    assert asked.in_context == asked.original == "How long is the warranty?"
    assert asked.language == "en"


def test_the_last_two_turns_go_in_front() -> None:
    """Whoever said them, however long the conversation is."""
    history = [Turn(role="user", text=f"turn {number}") for number in range(9)]
    history.append(Turn(role="assistant", text="Two years. " * 1000))
    asked = understand("And the hub?", history)
    first, second, last = asked.in_context.split("\n")
    assert (first, last) == ("turn 8", "And the hub?")
    assert second == ("Two years. " * 1000)[:1000]


def test_a_short_message_is_in_the_language_of_the_documents() -> None:
    """The first of theirs that shares its script."""
    assert understand("T1?", (), written=("zh", "de")).language == "de"
    assert understand("T1?", (), written=("zh",)).language == "en"
    assert understand("保修多久？", (), written=("en",)).language == "zh"
