"""Days in sentences, English and Chinese, against a given day: Tuesday, 24 November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.dialogue.forms.dates import find_days

TODAY = date(2026, 11, 24)


def days(text: str, **how: str) -> list[str]:
    return [str(each.day or each.problem) for each in find_days(text, TODAY, **how)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on 2026-12-03, please", "2026-12-03"),
        ("3 December", "2026-12-03"),
        ("the 3rd of december 2027", "2027-12-03"),
        ("Dec 3", "2026-12-03"),
        ("March 3rd", "2027-03-03"),
        ("13/03/2026", "2026-03-13"),
        ("3.4.2026", "2026-04-03"),
        ("29 February", "2028-02-29"),
        ("today", "2026-11-24"),
        ("the day after tomorrow", "2026-11-26"),
        ("Friday works", "2026-11-27"),
        ("this Friday", "2026-11-27"),
        ("on fri", "2026-11-27"),
        ("Sat.", "2026-11-28"),
        ("next Friday", "2026-12-04"),
        ("tuesday", "2026-11-24"),
        ("last Tuesday", "2026-11-17"),
        ("in two weeks", "2026-12-08"),
        ("3 days ago", "2026-11-21"),
        ("in 3 months", "2027-02-24"),
        ("the 5th", "2026-12-05"),
        ("下周五送", "2026-12-04"),
        ("周五", "2026-11-27"),
        ("这周一", "2026-11-23"),
        ("上周日", "2026-11-22"),
        ("星期天", "2026-11-29"),
        ("下下周一", "2026-12-07"),
        ("明天", "2026-11-25"),
        ("大后天可以吗", "2026-11-27"),
        ("前天", "2026-11-22"),
        ("三天后", "2026-11-27"),
        ("两周前", "2026-11-10"),
        ("十二月二十三日", "2026-12-23"),
        ("二〇二七年一月三号", "2027-01-03"),
        ("2026年12月3日", "2026-12-03"),
        ("12月3号吧", "2026-12-03"),
        ("下个月5号", "2026-12-05"),
    ],
)
def test_a_day_is_found(text: str, day: str) -> None:
    """As written, and as it is meant from today on."""
    assert days(text) == [day]


@pytest.mark.parametrize(
    "text", ["2026-02-30", "30 February", "31 April 2027", "2026年2月30日", "13月5日", "2026-13-01"]
)
def test_a_day_that_does_not_exist_is_told(text: str) -> None:
    """It is found, and is no day."""
    assert days(text) == ["impossible"]


def test_a_day_with_two_readings_is_not_guessed() -> None:
    """Unless the order of day and month is known, by the field or by the language."""
    assert days("3/4/2027") == days("3/4") == ["ambiguous"]
    assert days("3/4/2027", order="mdy") == ["2027-03-04"]
    assert days("3/4/2027", language="fr") == ["2027-04-03"]
    assert days("4/4/2027") == ["2027-04-04"]


@pytest.mark.parametrize(
    "text",
    [
        "A-1234",
        "24/7",
        "version 1.2.2026.4",
        "order 12345",
        "订单12号码",
        "下周",
        "may I?",
        "c'mon",
        "it sat in the sun",
        "100%",
    ],
)
def test_no_day_is_read_into_other_figures(text: str) -> None:
    """Codes, shares and vague words name none."""
    assert days(text) == []


def test_a_day_and_a_month_in_figures_are_read_where_nothing_else_is_said() -> None:
    """3/4 within a sentence is a share, a size or a score."""
    assert days("12/25") == days("on 25/12 please") == ["2026-12-25"]
    assert days("13/13") == ["impossible"]
    assert days("1/2 of them") == days("open 24/7") == days("24/7") == []


def test_without_a_year_the_past_may_be_meant() -> None:
    """Where the field lies in the past: when something was bought."""
    assert days("3 December", prefer="past") == ["2025-12-03"]
    assert days("Friday", prefer="past") == ["2026-11-20"]
    assert days("the 25th", prefer="past") == ["2026-10-25"]


def test_several_days_come_in_order() -> None:
    """Each once."""
    assert days("from 3 Dec to next Friday") == ["2026-12-03", "2026-12-04"]


def test_other_languages_are_read_as_a_whole() -> None:
    """A reply that is a day in the customer's language."""
    assert days("3. Dezember 2026", language="de") == ["2026-12-03"]
    assert days("mañana", language="es") == ["2026-11-25"]
    assert days("no sé", language="es") == []
    assert days("whatever", language="xx") == []


@given(st.text(max_size=80), st.dates(date(1999, 1, 1), date(2099, 1, 1)))
def test_nothing_raises(text: str, today: date) -> None:
    """Whatever is typed, and what is found lies in the text."""
    for each in find_days(text, today):
        assert 0 <= each.start < each.end <= len(text)
        assert (each.day is None) == bool(each.problem)


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    """In each of the full forms."""
    for text in (
        day.isoformat(),
        f"{day:%d %B %Y}",
        f"{day:%B %d, %Y}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        assert days(text) == [day.isoformat()]
