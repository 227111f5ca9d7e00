"""Messages made to cost time."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from ragbot.answer.check.facts import facts
from ragbot.dialogue.policy import small_talk, wants_person
from ragbot.text.names import names
from ragbot.text.sentences import sentences
from ragbot.text.words import terms


@pytest.fixture
def nobody_sweeping() -> Iterator[None]:
    """No collection of the whole process's garbage falls into what is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nobody_sweeping")
@pytest.mark.parametrize(
    "piece",
    [".", "a-", "A_", "Aa-", "1,", "a@", "A ", "hi ", "一", "how much ", "the ", "I want a ", "\n-", '"'],
)
def test_no_message_costs_more_than_its_length(piece: str) -> None:
    """Ten times the text takes nowhere near a hundred times as long (which a pattern that backtracks would)."""
    for read in (facts, terms, names, sentences, small_talk, wants_person):
        durations = []
        for length in (1000, 10_000):
            message = piece * (length // len(piece))
            began = time.thread_time()
            read(message)
            durations.append(time.thread_time() - began)
        assert durations[1] < max(40 * durations[0], 0.5), read.__name__
