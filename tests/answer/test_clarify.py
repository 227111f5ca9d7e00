"""Which one is meant: by what documents declare, never by what words may mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from passages import asking, passage

from ragbot.answer.clarify import ask, chosen, declared, prefer, wanted_of, words
from ragbot.types import Hit, Pending, Profile, State

QUESTION = asking("How long can I return it?")
PENDING = Pending(question="How do I reset it?", facet="product", options=("Hub 2", "Hub 2 Pro", "Bell"))


def hit(text: str, score: float = 0.5, **meta: Any) -> Hit:
    return replace(passage(text, source=f"{text}.md", **meta), score=score)


EU = hit("30 days", 0.6, region="EU")
US = hit("45 days", 0.5, region="US")
ANY = hit("Lamps", 0.4)


def test_what_documents_declare_is_read_in_any_form() -> None:
    """One value or several, numbers too; what is no value is none."""
    assert declared(hit("a", products=["Hub 1", "Hub 2", {}]).chunk, "product") == ("Hub 1", "Hub 2")
    assert declared(hit("a", product_version=2.1, version="4").chunk, "version") == ("2.1",)
    assert declared(ANY.chunk, "plan") == ()
    assert declared(hit("a", region="US, EU").chunk, "region") == ("US", "EU")


def test_the_bot_asks_where_likely_passages_hold_for_different_things() -> None:
    """With the values as the documents write them."""
    pending = ask(QUESTION, [EU, US, ANY], state=State(), wanted={})
    assert pending == Pending(question=QUESTION.original, facet="region", options=("EU", "US"))
    assert words(pending, "en") == "Which region is it about: EU or US?"
    assert words(pending, "zh") == "请问是哪个地区：EU还是US？"


@pytest.mark.parametrize(
    ("hits", "message", "wanted", "state"),
    [
        ([EU, replace(US, score=0.1)], "How long?", {}, State()),  # the other one is unlikely
        ([EU, ANY], "How long?", {}, State()),  # the other one holds for all
        ([EU, EU], "How long?", {}, State()),
        ([EU, US], "How long in the US?", {}, State()),
        ([EU, US], "How long?", {"region": ("us",)}, State()),
        (
            [EU, US],
            "How long?",
            {},
            State(pending=Pending(question="?", facet="region", options=("US", "EU"))),
        ),
    ],
)
def test_it_does_not_ask_what_is_clear(hits: list[Hit], message: str, wanted: Any, state: State) -> None:
    """By the documents, the message, the customer, or because it was asked just before."""
    assert ask(asking(message), hits, state=state, wanted=wanted) is None


def test_it_does_not_ask_what_the_title_tells() -> None:
    """The message has a word of the best passage's title that the other's lacks."""
    hub1 = hit("12 seconds", 0.6, product="HB-100", title="Reset Hub 1")
    hub2 = hit("5 seconds", 0.5, product="HB-200", title="Reset Hub 2")
    assert ask(asking("How do I reset the Hub 1?"), [hub1, hub2], state=State(), wanted={}) is None
    assert ask(asking("How do I reset the hub?"), [hub1, hub2], state=State(), wanted={}) is not None


def test_it_does_not_ask_what_was_said_before() -> None:
    """By the customer, in the conversation."""
    assert ask(asking("How long?", "I live in the US"), [EU, US], state=State(), wanted={}) is None


def test_passages_for_others_yield() -> None:
    """What the message names comes first, then what is known of the customer; unknown values change nothing."""
    found = [EU, US, ANY]
    assert prefer(found, {"region": ("US",)}, QUESTION) == [US, ANY]
    assert prefer(found, {"region": ("US",)}, asking("And in the EU?")) == [EU, ANY]
    assert prefer(found, {"region": ("Norway",)}, QUESTION) == found
    assert prefer(found, {}, QUESTION) == found


def test_choices_count_more_than_the_profile() -> None:
    """What is empty is not known."""
    profile = Profile(plan="Basic", region="", products=("Hub 1",))
    assert wanted_of(profile, {"plan": "Pro", "subject": "x"}) == {"product": ("Hub 1",), "plan": ("Pro",)}
    assert wanted_of(None, {}) == {}


@pytest.mark.parametrize(
    ("message", "option"),
    [
        ("Hub 2", "Hub 2"),
        ("the hub 2 pro please", "Hub 2 Pro"),
        ("2", "Hub 2 Pro"),
        ("3.", "Bell"),
        ("4", None),
        ("Hub 2 or the Bell?", None),
        ("the Doorbell", None),
        ("How long is the warranty?", None),
    ],
)
def test_a_reply_names_an_option_or_is_a_message_of_its_own(message: str, option: str | None) -> None:
    """By its words or its number; a longer name is not taken for the shorter one in it."""
    assert chosen(PENDING, message) == option
