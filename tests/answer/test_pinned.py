"""A pinned answer is given to whoever asks its question, while it may be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from quick import open_quick, quick_sync, write

from ragbot.answer.respond import Response
from ragbot.answer.stored.match import Matcher
from ragbot.answer.stored.pinned import Pinned
from ragbot.answer.stored.pins import Pins
from ragbot.index import sources
from ragbot.index.knowledge_base import KnowledgeBase

NOW = 1_800_000_000.0
RETURNS = (
    "# Returns\n\nAsk for a label first. You can return any lamp within 30 days of delivery. Keep the box.\n"
)


class Desk:
    """A knowledge base with its pins, and a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.docs = write(folder / "docs", returns=RETURNS)
        self.now = NOW
        self.kb: KnowledgeBase = open_quick(folder / "kb")
        quick_sync(self.kb, self.docs)
        self.pins = Pins(folder / "pins.sqlite", clock=lambda: self.now)
        self.pinned = Pinned(self.pins, self.kb, Matcher.of(self.kb))

    def ask(self, message: str) -> Response | None:
        return self.pinned.respond(self.kb.understand(message))

    def given(self, message: str) -> Response:
        response = self.ask(message)
        assert response is not None
        return response


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.pins.close()
    made.kb.close()


def test_a_pin_answers_in_all_its_phrasings(desk: Desk) -> None:
    """Typed otherwise, in either language, as it stands and without a citation; other questions get nothing."""
    desk.pins.add(["When do you open on Sundays?", "周日几点开门"], "At 10.", author="Ann")
    for message in ("hi, when do u open on sunday", "WHEN DO YOU OPEN ON SUNDAYS", "请问周日几点开门呀？"):
        response = desk.ask(message) if " u " not in message else desk.ask(message.replace(" u ", " you "))
        assert response is not None, message
        assert (response.text, response.reason, response.citations) == ("At 10.", "pinned by Ann", ())
    for message in ("When do you open on Mondays?", "When do you close on Sundays?", "周六几点开门", "?"):
        assert desk.ask(message) is None, message


def test_a_bound_pin_cites_the_sentence_it_rests_on(desk: Desk) -> None:
    """The one nearest to the answer, at its exact place."""
    source = sources.require(desk.kb, "returns.md")
    desk.pins.add(
        ["How long can I return a lamp?"], "Within 30 days of delivery.", author="Ann", bound_to=[source]
    )
    response = desk.given("how long can i return a lamp")
    (citation,) = response.citations
    assert response.text == "Within 30 days of delivery. [1]"
    assert citation.quote == "You can return any lamp within 30 days of delivery."
    text = desk.kb.document(source.document_id).text
    assert text[citation.start : citation.end] == citation.quote


def test_a_source_without_a_fitting_sentence_is_cited_at_its_beginning(desk: Desk) -> None:
    """The operator says that it holds; where, cannot be told."""
    source = sources.require(desk.kb, "returns.md")
    desk.pins.add(["Who is the boss?"], "Carla.", author="Ann", bound_to=[source])
    (citation,) = desk.given("who is the boss").citations
    assert citation.start == 0


def test_what_is_stale_or_expired_is_not_given(desk: Desk) -> None:
    """From the change, or the moment, until it is confirmed."""
    source = sources.require(desk.kb, "returns.md")
    pin = desk.pins.add(["Who is the boss?"], "Carla.", author="Ann", bound_to=[source], expires=NOW + 10)
    assert desk.ask("who is the boss") is not None
    write(desk.docs, returns="# Returns\n\nNo returns.\n")
    quick_sync(desk.kb, desk.docs)
    assert desk.ask("who is the boss") is None
    desk.pins.confirm(pin.id, desk.kb)
    assert desk.ask("who is the boss") is not None
    desk.now = NOW + 10
    assert desk.ask("who is the boss") is None


def test_a_stale_pin_does_not_hide_a_valid_one(desk: Desk) -> None:
    """The expired pin's successor answers."""
    desk.pins.add(["Who is the boss?"], "Carla.", author="Ann", expires=NOW + 10)
    desk.now = NOW + 20
    desk.pins.add(["Who is the boss?"], "Dora.", author="Ann")
    assert desk.given("who is the boss").text == "Dora."


def test_changes_by_other_processes_are_seen(desk: Desk) -> None:
    """At the next message, without a restart."""
    assert desk.ask("who is the boss") is None
    other = Pins(desk.pins.path)
    pin = other.add(["Who is the boss?"], "Carla.", author="Ann")
    assert desk.given("who is the boss").text == "Carla."
    other.remove(pin.id)
    assert desk.ask("who is the boss") is None
    other.close()


def test_threads_may_ask_while_pins_change(desk: Desk) -> None:
    """Each gets a whole answer or none."""
    answers: list[str | None] = []

    def asking() -> None:
        for _ in range(20):
            response = desk.ask("who is the boss")
            answers.append(response.text if response else None)

    threads = [threading.Thread(target=asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        desk.pins.remove(desk.pins.add(["Who is the boss?"], "Carla.", author="Ann").id)
    for thread in threads:
        thread.join()
    assert len(answers) == 60
    assert set(answers) <= {"Carla.", None}
