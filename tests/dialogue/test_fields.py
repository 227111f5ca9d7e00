"""Values in messages: found, checked, in their normal form; and never invented."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.dialogue.forms.fields import KINDS, Field, Kind, find, matches, tidy
from ragbot.dialogue.forms.options import Option

TODAY = date(2026, 11, 24)
PLANS = (
    Option(value="hub_2", label={"en": "Hub 2", "zh": "二代"}),
    Option(value="hub_2_pro", label={"en": "Hub 2 Pro", "zh": "二代专业版"}),
    Option(value="express", also=("overnight", "加急")),
)


def field(kind: Kind, **more: Any) -> Field:
    usual: dict[str, dict[str, Any]] = {
        "pattern": {"pattern": r"[A-Z]-\d{2,4}"},
        "choice": {"options": PLANS},
    }
    defaults = usual.get(kind, {})
    return Field(name="it", kind=kind, **(defaults | more))


def value(kind: Kind, message: str, language: str = "en", *, asked: bool = True, **more: Any) -> str | None:
    return find(field(kind, **more), message, language, TODAY, asked=asked)


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        ("pattern", "it's order A-1234, mail me at jo@x.org", "A-1234"),
        ("pattern", "订单号是A-1234", "A-1234"),
        ("pattern", "a-1234 I think", "A-1234"),
        ("pattern", "Ａ－１２３４", "A-1234"),
        ("pattern", "A–1234", "A-1234"),
        ("pattern", "AA-1234", None),
        ("pattern", "HV-Us-1 or ß A-12", "A-12"),
        ("pattern", "A-12345", None),
        ("pattern", "no idea", None),
        ("email", "mail me at Jo.Smith+x@Shop.Example.", "Jo.Smith+x@shop.example"),
        ("email", "我的邮箱是li.wei@qq.com谢谢", "li.wei@qq.com"),
        ("email", "jo@müller.de", "jo@müller.de"),
        ("email", "jo@x", None),
        ("email", "jo..x@x.org", None),
        ("email", "@halvorn on the web", None),
        ("phone", "call +44 20 7946 0000 please", "+442079460000"),
        ("phone", "(503) 555-0147", "+15035550147"),
        ("phone", "12345", None),
        ("date", "by next Friday please", "2026-12-04"),
        ("date", "30 February", None),
        ("number", "I have 3 of them", "3"),
        ("number", "two", "2"),
        ("number", "1,250.50", "1250.5"),
        ("number", "-4", "-4"),
        ("number", "A-12", None),
        ("choice", "the hub 2 pro", "hub_2_pro"),
        ("choice", "Hub 2", "hub_2"),
        ("choice", "overnigth", "express"),
        ("choice", "the second one", "hub_2_pro"),
        ("choice", "last", "express"),
        ("choice", "hub 2 or express", None),
        ("choice", "a lamp", None),
        ("yesno", "yes please", "yes"),
        ("yesno", "No, thanks", "no"),
        ("yesno", "no problem", "yes"),
        ("yesno", "not sure", None),
        ("yesno", "maybe", None),
        ("text", "  It  blinks\nred. ", "It blinks red."),
        ("text", "...", None),
    ],
)
def test_values_of_each_kind(kind: Kind, message: str, expected: str | None) -> None:
    """From within a sentence, in their normal form, or not at all."""
    assert value(kind, message) == expected


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        ("phone", "我的手机是13800138000，谢谢", "+8613800138000"),
        ("date", "下周五", "2026-12-04"),
        ("number", "两台", "2"),
        ("choice", "要二代专业版", "hub_2_pro"),
        ("choice", "加急吧", "express"),
        ("choice", "第一个", "hub_2"),
        ("yesno", "是的", "yes"),
        ("yesno", "不对", "no"),
        ("yesno", "没问题", "yes"),
        ("yesno", "没有", "no"),
        ("yesno", "好像不对", None),
        ("yesno", "不知道", None),
        ("text", "灯一直闪", "灯一直闪"),
    ],
)
def test_values_in_chinese(kind: Kind, message: str, expected: str | None) -> None:
    """Without blanks around them."""
    assert value(kind, message, "zh") == expected


def test_what_was_not_asked_for_is_taken_only_if_it_is_clear() -> None:
    """A number, a yes or a free text could be anything; a name nearly right could be another word."""
    for kind, message in (
        ("number", "I have 3"),
        ("yesno", "yes"),
        ("text", "hello"),
        ("choice", "overnigth"),
    ):
        assert value(kind, message, asked=False) is None  # type: ignore[arg-type]
    assert value("email", "I'm jo@x.org", asked=False) == "jo@x.org"
    assert value("choice", "send it overnight", asked=False) == "express"


def problem(kind: Kind, message: str, **more: Any) -> tuple[str, str]:
    (found,) = matches(field(kind, **more), tidy(message), language="en", today=TODAY, asked=True)
    assert not found.value
    return found.problem, found.limit


def test_what_is_wrong_is_told() -> None:
    """By a key of the phrases, with the limit."""
    assert problem("email", "jo@") == ("incomplete_email", "")
    assert problem("phone", "020 7946") == ("incomplete_phone", "")
    assert problem("date", "31 June") == ("impossible", "")
    assert problem("date", "3/4/2027") == ("ambiguous", "")
    assert problem("date", "yesterday", earliest="today") == ("early", "2026-11-24")
    assert problem("date", "2027-01-01", latest="2026-12-31") == ("late", "2026-12-31")
    assert problem("number", "0", least=1.0) == ("small", "1")
    assert problem("number", "2000", most=20.0) == ("large", "20")
    assert problem("number", "1.5", whole=True) == ("whole", "")
    assert problem("choice", "hub 2 or express") == ("unclear", "")
    assert problem("text", "x" * 1001) == ("long", "1000")


def test_a_decimal_comma_is_read_by_language() -> None:
    """1,5 is one and a half anywhere, 1,500 is a thousand and a half in English only."""
    assert value("number", "1,5") == "1.5"
    assert value("number", "1,500") == "1500"
    assert value("number", "1,500", "de") == "1.5"


def test_countries_of_phone_numbers_can_be_given() -> None:
    """A number without a country code belongs to the first of them that has it."""
    assert value("phone", "06 12345678", regions=("NL",)) == "+31612345678"
    assert value("phone", "06 12345678", regions=("US",)) is None


def test_a_number_with_its_country_code_need_only_be_long_enough() -> None:
    """The tables of what exists age; if it was not asked for, only a number that exists is one."""
    assert value("phone", "+1 984 182 0190") == "+19841820190"
    assert value("phone", "+1 984 182 0190", asked=False) is None
    assert value("phone", "555-0147") is None


@pytest.mark.parametrize(
    ("hint", "message", "expected"),
    [
        ("HV-US-204518", "it is hv us 330101, thanks", "HV-US-330101"),
        ("HV-US-204518", "HVEU118820", "HV-EU-118820"),
        ("HV-US-204518", "HV_US_330101", "HV-US-330101"),
        ("HV-US-204518", "HV-US-33010", None),
        ("HV-US-204518", "xhv us 330101", None),
        ("HV-US-204518", "ab us 330101", None),
        ("", "hv us 330101", None),
        ("204518", "33 01 01", None),
    ],
)
def test_a_code_may_be_typed_with_other_signs_between_its_groups(
    hint: str, message: str, expected: str | None
) -> None:
    """The hint tells how it is written; what the pattern refuses then is no value."""
    pattern = r"HV-(?:US|EU)-\d{6}|\d{6}" if hint == "204518" else r"HV-(?:US|EU)-\d{6}"
    assert value("pattern", message, pattern=pattern, hint=hint) == expected


def test_the_article_is_no_group_of_a_code() -> None:
    """A single letter beside digits is not enough to tell "a 1234" from A-1234."""
    assert value("pattern", "I have a 1234 lamps", hint="A-1234") is None


def test_a_slow_pattern_is_stopped() -> None:
    """A pattern that takes exponential time finds nothing, and soon."""
    started = time.perf_counter()
    assert value("pattern", "a" * 60 + "!", pattern=r"(a|aa)+$") is None
    assert time.perf_counter() - started < 2


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(KINDS), st.booleans(), st.sampled_from(["en", "zh", "de"]))
def test_whatever_is_typed_nothing_raises_and_nothing_is_invented(
    message: str, kind: Kind, asked: bool, language: str
) -> None:
    """Values lie in the message; codes and addresses stand there letter by letter."""
    text = tidy(message)
    for each in matches(field(kind), text, language=language, today=TODAY, asked=asked):
        assert 0 <= each.start < each.end <= len(text)
        assert bool(each.value) != bool(each.problem)
        if kind in ("pattern", "email") and each.value:
            assert each.value.casefold() in text.casefold()


def test_long_messages_are_read_in_bounded_time() -> None:
    """A megabyte of anything takes well under a second per kind."""
    for text in ("a@" * 500_000, "1-" * 500_000, "周" * 1_000_000, "next " * 200_000, "+1 " * 300_000):
        for kind in KINDS:
            started = time.perf_counter()
            value(kind, text)
            assert time.perf_counter() - started < 3, (kind, text[:5])
