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
        ("错误E-417出现", "code", "e417", ""),
        ("身高5.79米", "number", "5.79", "m"),
        ("共一百二十元", "number", "120", "CNY"),
        ("三万元", "number", "30000", "CNY"),
        ("约1.2万人", "number", "12000", "person"),
        ("百分之15", "number", "15", "percent"),
        ("weighs 1,5 kg", "number", "1.5", "kg"),
        ("two hundred and fifty users", "number", "250", "person"),
        ("下午3点半关门", "time", "15:30", ""),
        ("closes at noon", "time", "12:00", ""),
        ("open on Mondays", "weekday", "mon", ""),
        ("周六休息", "weekday", "sat", ""),
        ("firmware v2.1.3", "version", "2.1.3", ""),
        ("call +49 30 1234567", "phone", "49301234567", ""),
        ("电话400-555-0188", "phone", "4005550188", ""),
        ("born on December 30 , 1984", "date", "1984-12-30", ""),
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
        ("It weighs 2 kg.", "Weight: 2000 g"),
        ("Two years of warranty.", "The warranty lasts 24 months."),
        ("It takes 90 minutes.", "It takes 1.5 h."),
        ("Delivery within 3-5 days.", "Delivery takes between 3 and 5 days."),
        ("At least 14 days.", "14 days or more."),
        ("It was founded in 1923.", "Founded on October 16, 1923."),
        ("Call 030 1234567.", "Phone: +49 30 1234567"),
        ("保修期为24个月。", "The warranty lasts 24 months."),
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
        ("It takes 3 days.", "It takes 3 to 5 days.", "3 days"),
        ("At least 14 days.", "At most 14 days.", "14 days"),
        ("It costs €5 a month.", "It costs €5 a year.", "€5 a month"),
        ("7 calendar days.", "7 business days.", "7 calendar days"),
        ("Open on Monday.", "Open on Tuesday.", "Monday"),
        ("Use version 2.1.3.", "Use version 2.13.", "version 2.1.3"),
        ("重达10克", "重达10公斤", "10克"),
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
