"""Literal facts and whether two agree."""

from __future__ import annotations

import pytest

from ragbot.answer.check.facts import facts, missing


@pytest.mark.parametrize(
    ("text", "kind", "value", "unit"),
    [
        ("within fourteen days", "number", "14", "day"),
        ("within 14 business days", "number", "14", "day"),
        ("需要十四天", "number", "14", "day"),
        ("a 30-day period", "number", "30", "day"),
        ("$1,299.00 in all", "number", "1299", "USD"),
        ("costs 49.90 EUR", "number", "49.9", "EUR"),
        ("价格为 299 元", "number", "299", "CNY"),
        ("20 % off", "number", "20", "percent"),
        ("on 12 March 2025", "date", "2025-03-12", ""),
        ("on March 12, 2025", "date", "2025-03-12", ""),
        ("2025年3月12日起", "date", "2025-03-12", ""),
        ("2025-03-12", "date", "2025-03-12", ""),
        ("until 31 January", "date", "?-01-31", ""),
        ("open until 5 p.m.", "time", "17:00", ""),
        ("from 9:30", "time", "09:30", ""),
        ("see https://www.shop.example/returns/.", "url", "shop.example/returns", ""),
        ("write to Help@Shop.example.", "email", "help@shop.example", ""),
        ("error E-417 appears", "code", "e417", ""),
    ],
)
def test_facts_are_normalised(text: str, kind: str, value: str, unit: str) -> None:
    """One fact has one form, however English or Chinese writes it."""
    assert (kind, value, unit) in [(fact.kind, fact.value, fact.unit) for fact in facts(text)]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("You have 14 days.", "Returns are accepted within fourteen days."),
        ("您有14天。", "Returns are accepted for 14 days."),
        ("It opens at 9 am.", "Opening hours: 09:00 to 17:00"),
        ("The offer ends on 31 January.", "The offer ends on 31 January 2026."),
        ("It costs 5 euros.", "The price is €5.00."),
    ],
)
def test_the_same_fact_in_other_words_is_found(claim: str, evidence: str) -> None:
    """Spelling, language and left-out parts do not make another fact."""
    assert missing(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "lacking"),
    [
        ("You have 30 days.", "You have 14 days.", "30 days"),
        ("It takes 5 hours.", "It takes 5 days.", "5 hours"),
        ("It costs $5.", "It costs €5.", "$5"),
        ("Ends on 3 May.", "Ends on 4 May.", "3 May"),
        ("See https://a.example/x", "See https://a.example/y", "https://a.example/x"),
        ("Ask for Maria Lopez.", "Ask for help.", "Maria Lopez"),
        ('Click the "Profile" button.', "Click the Login button.", '"Profile"'),
    ],
)
def test_a_changed_fact_is_missing(claim: str, evidence: str, lacking: str) -> None:
    """A figure, unit, currency, date, address or name that is not there is named."""
    assert lacking in [fact.shown for fact in missing(claim, evidence)]


def test_the_title_may_supply_names_but_no_figures() -> None:
    """What stands above a passage says what it is about, not how much."""
    assert missing("Reset the Nova Hub.", "Hold the button.", "Nova Hub") == []
    assert missing("It takes 30 days.", "Wait for it.", "30 days") != []
