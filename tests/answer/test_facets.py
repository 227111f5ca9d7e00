"""What passages hold for, and which of them a known customer gets."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import replace
from functools import _lru_cache_wrapper
from typing import Any

import pytest
from passages import asking, passage

from ragbot.answer.facets.values import FACETS, facets, read
from ragbot.answer.facets.wanted import moved, prefer, remember, wanted_of
from ragbot.types import Hit, Profile

US = passage("30 days.", source="returns-us.md", title="Return policy - United States", region="US")
EU = passage("45 days.", source="returns-eu.md", title="Return policy - Europe", region="EU")
HUB_1 = passage("Hold for 10 seconds.", source="hub-1.md", title="Reset a Hub 1", product="HB-100")
HUB_2 = passage("Hold for 5 seconds.", source="hub-2.md", title="Reset a Hub 2 or Hub 2 Pro")
CAM = passage("Press the button.", source="cam.md", title="Cam Outdoor 2 guide")
MONTHLY = passage(
    "At any time.", source="monthly.md", title="Plus plan, monthly payment", plan="plus-monthly"
)
YEARLY = passage("Within 14 days.", source="yearly.md", title="Plus plan, yearly payment", plan="plus-yearly")
FAMILY = passage("In the app.", source="family.md", title="Family plan")
PLAIN = passage("We are happy to help.", source="help.md", title="Help")


def held(hit: Hit) -> dict[str, list[str]]:
    return {facet: [value.key for value in values] for facet, values in facets(hit.chunk).items()}


def sources(hits: list[Hit]) -> list[str]:
    return [hit.chunk.source for hit in hits]


def row(text: str) -> Hit:
    return passage(text, title="Price list", kind="row")


@pytest.mark.parametrize(
    ("hit", "expected"),
    [
        (US, {"region": ["US"]}),
        (HUB_2, {"product": ["hub 2", "hub 2 pro"]}),
        (MONTHLY, {"plan": ["monthly plus"]}),
        (FAMILY, {"plan": ["family"]}),
        (PLAIN, {}),
        (passage("x", title="Shipping", source="shop/shipping-us.html"), {"region": ["US"]}),
        (passage("x", title="Hub firmware 2.9 - release notes"), {"version": ["2.9"]}),
        (passage("x", title="Help", region=["US", "CN"]), {"region": ["US", "CN"]}),
        (passage("x", title="Help", region="worldwide"), {}),
        (row("Part number: HB-200; Product: Hub 2; Price: 129"), {"product": ["hub 2"]}),
        (row("套餐: 家庭版; 价格: 36 元"), {"plan": ["family"]}),
    ],
)
def test_what_a_passage_holds_for(hit: Hit, expected: dict[str, list[str]]) -> None:
    """Told by properties, fields of a row, title and file name."""
    assert held(hit) == expected


def test_an_inner_heading_narrows_the_document() -> None:
    """To what the document holds for as well; another product in a heading is a comparison."""
    both = "Reset a Hub 2 or Hub 2 Pro"
    assert held(passage("x", title=both, heading="Resetting > Hub 2 Pro")) == {"product": ["hub 2 pro"]}
    assert held(passage("x", title=both, heading="Moving from Hub 1")) == {"product": ["hub 2", "hub 2 pro"]}
    assert held(passage("x", title="FAQ", heading="Hub 1")) == {"product": ["hub 1"]}


def test_a_faqs_question_says_what_it_holds_for() -> None:
    """It stands for the heading."""
    hit = passage("Q A", title="FAQ", kind="faq", question="Does Hub 1 support Matter?", answer_start=2)
    assert held(hit) == {"product": ["hub 1"]}


@pytest.mark.parametrize(
    ("region", "kept"),
    [
        ("us", ["returns-us.md", "help.md"]),
        ("United States", ["returns-us.md", "help.md"]),
        ("美国", ["returns-us.md", "help.md"]),
        ("Germany", ["returns-eu.md", "help.md"]),
        ("CN", ["help.md"]),
        ("Atlantis", ["returns-us.md", "returns-eu.md", "help.md"]),
        ("", ["returns-us.md", "returns-eu.md", "help.md"]),
    ],
)
def test_passages_of_another_region_are_left_out(region: str, kept: list[str]) -> None:
    """However the profile spells it; what holds everywhere stays; a region nobody knows filters nothing."""
    wanted = wanted_of(Profile(region=region), {})
    assert sources(prefer([US, EU, PLAIN], wanted, asking("How long may I keep it?"))) == kept


@pytest.mark.parametrize(
    ("products", "kept"),
    [
        (("Hub 1",), ["hub-1.md", "cam.md"]),
        (("hb-100",), ["hub-1.md", "cam.md"]),
        (("hub2 pro",), ["hub-2.md", "cam.md"]),
        (("Hub 2 Pro",), ["hub-2.md", "cam.md"]),
        (("Hub 1", "Hub 2"), ["hub-1.md", "hub-2.md", "cam.md"]),
        (("Doorbell 1",), ["hub-1.md", "hub-2.md", "cam.md"]),
    ],
)
def test_only_a_product_of_the_same_family_excludes(products: tuple[str, ...], kept: list[str]) -> None:
    """Who owns a Hub 1 does not own the Hub 2, but may own a camera."""
    wanted = wanted_of(Profile(products=products), {})
    assert sources(prefer([HUB_1, HUB_2, CAM], wanted, asking("How do I reset the thing?"))) == kept


@pytest.mark.parametrize(
    ("plan", "kept"),
    [
        ("Plus", ["monthly.md", "yearly.md"]),
        ("plus annual", ["yearly.md"]),
        ("Plus 月付", ["monthly.md"]),
        ("家庭版", ["family.md"]),
        ("Enterprise", []),
    ],
)
def test_passages_of_another_plan_are_left_out(plan: str, kept: list[str]) -> None:
    """A plan without its term of payment fits both."""
    wanted = wanted_of(Profile(plan=plan), {})
    assert sources(prefer([MONTHLY, YEARLY, FAMILY], wanted, asking("How can I cancel?"))) == kept


@pytest.mark.parametrize(
    "message",
    [
        "How long can I return things in Europe?",
        "Which regions have longer periods?",
        "What is the difference between the policies?",
        "欧洲的退货期限是多久？",
        "我在海外买的可以退吗？",
    ],
)
def test_a_message_that_speaks_of_the_region_is_answered_as_asked(message: str) -> None:
    """The profile says where the customer lives, not what the question is about."""
    wanted = wanted_of(Profile(region="US"), {})
    assert len(prefer([US, EU], wanted, asking(message))) == 2


def test_a_message_that_names_another_plan_or_product_is_answered_as_asked() -> None:
    """Customers ask about what they do not have."""
    plan = wanted_of(Profile(plan="Plus monthly"), {})
    assert len(prefer([MONTHLY, FAMILY], plan, asking("What does Family cost?"))) == 2
    product = wanted_of(Profile(products=("Hub 1",)), {})
    assert len(prefer([HUB_1, HUB_2], product, asking("Does the Hub 2 do Matter?"))) == 2


def test_what_matches_goes_up() -> None:
    """A passage for the customer's region comes before an equal one for everywhere."""
    wanted = wanted_of(Profile(region="US"), {})
    even = [replace(PLAIN, score=0.4), replace(US, score=0.4)]
    assert sources(prefer(even, wanted, asking("How long may I keep it?"))) == [
        "returns-us.md",
        "help.md",
    ]


def test_nothing_known_changes_nothing() -> None:
    """The very hits, in their order."""
    hits = [EU, US, PLAIN]
    assert prefer(hits, wanted_of(None, {}), asking("How long?")) == hits
    assert (
        prefer(hits, wanted_of(Profile(name="Ada", language="en"), {"subject": "Fees"}), asking("Hm?"))
        == hits
    )


def test_a_choice_counts_more_than_the_profile() -> None:
    """Of products, within its family only."""
    profile = Profile(region="EU", plan="Plus", products=("Hub 1", "Cam Outdoor 2"))
    wanted = wanted_of(profile, {"region": "United States", "product": "Hub 2"})
    assert wanted["region"] == ("United States",)
    assert wanted["plan"] == ("Plus",)
    assert wanted["product"] == ("Cam Outdoor 2", "Hub 2")


def test_choices_are_remembered_one_for_each_kind_of_product() -> None:
    """A thermostat stands beside a hub, another hub in its place; an empty choice changes nothing."""
    choices = remember({}, "product", "Hub 1")
    choices = remember(choices, "product", "Thermostat T2")
    choices = remember(choices, "product", "Hub 2 Pro")
    choices = remember(choices, "region", "Europe")
    assert choices == {"product": "Thermostat T2; Hub 2 Pro", "region": "Europe"}
    assert remember(choices, "region", "US")["region"] == "US"
    assert remember(choices, "region", "") == choices
    assert remember(choices, "subject", "Fees") == choices
    assert wanted_of(None, choices)["product"] == ("Thermostat T2", "Hub 2 Pro")


def cached_values() -> list[Any]:
    """How full every cache of the package is."""
    caches = [each for each in gc.get_objects() if type(each) is _lru_cache_wrapper]
    return [c.cache_info().currsize for c in caches if (c.__module__ or "").startswith("ragbot")]


def test_a_profile_is_neither_kept_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    """No cache grows by what is wanted, no log speaks of it, and no passage carries it."""
    hits = [US, EU, HUB_1, HUB_2, MONTHLY]
    message = "How long may I keep it?"
    secret = Profile(name="Zoe Quux", plan="Quuxplan", products=("Quux 77",), region="Quuxland; US")
    with caplog.at_level(logging.DEBUG):
        before = prefer(hits, wanted_of(Profile(region="US"), {}), asking(message))
        filled = cached_values()
        found = prefer(hits, wanted_of(secret, {}), asking(message))
        assert cached_values() == filled
    assert filled
    assert caplog.text == ""
    assert "uux" not in repr(found).casefold()
    assert prefer(hits, wanted_of(Profile(region="US"), {}), asking(message)) == before


def test_long_texts_are_read_in_time_that_grows_with_them() -> None:
    """Names that repeat thousands of times, in a message and in a passage."""
    began = time.perf_counter()
    for text in ("Hub 1 " * 8000, "A-1 " * 8000, "Plus Plus plan " * 4000, "中枢2 " * 8000):
        assert all(isinstance(read(text, facet), tuple) for facet in FACETS)
    assert time.perf_counter() - began < 5


def test_versions_are_read_where_they_are_called_so() -> None:
    """And fit by their beginnings; a figure alone is none."""
    assert [each.key for each in read("Firmware 2.9.1 and app v6.4", "version")] == ["2.9.1", "6.4"]
    assert read("It costs 2.9 euro", "version") == ()
    notes = [
        passage("a", source="29.md", title="Firmware 2.9.1"),
        passage("b", source="28.md", title="Firmware 2.8"),
    ]
    wanted = wanted_of(None, {"version": "2.9"})
    assert sources(prefer(notes, wanted, asking("How do I go back?"))) == ["29.md"]


@pytest.mark.parametrize(
    ("earlier", "message", "asks"),
    [
        (
            "How long can I return a lamp in the US?",
            "And in Europe?",
            "How long can I return a lamp in the Europe?",
        ),
        ("美国的退货期是几天？", "欧洲呢？", "欧洲的退货期是几天？"),
        ("How long can I return a lamp in the US?", "And for how much in Europe?", None),
        ("How long can I return a lamp?", "And in Europe?", None),
        ("How long can I return a lamp in Germany?", "And in Europe?", None),
    ],
)
def test_a_message_that_names_another_region_asks_the_same_there(
    earlier: str, message: str, asks: str | None
) -> None:
    """The question before with the other region; nothing where the message says more, or no other one was named."""
    assert moved(asking(message, earlier)) == asks
