"""Office hours: what can be written, and when somebody is there next."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ragbot.dialogue.handover.hours import check, read_hours
from ragbot.errors import SettingsError
from ragbot.settings import HandoverSettings

BERLIN = ZoneInfo("Europe/Berlin")


def next_opening(
    at: str, *hours: str, holidays: tuple[str, ...] = (), zone: str = "Europe/Berlin"
) -> str | None:
    """In the words of the wall clock there; `at` is such a time too."""
    settings = HandoverSettings(hours=hours, holidays=holidays, timezone=zone)
    found = read_hours(settings).open_at(
        datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone)).timestamp()
    )
    return None if found is None else datetime.fromtimestamp(found, ZoneInfo(zone)).isoformat()[:16]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-24T10:00", None),
        ("2026-11-24T09:00", None),
        ("2026-11-24T08:59", "2026-11-24T09:00"),
        ("2026-11-24T17:00", "2026-11-25T09:00"),
        ("2026-11-27T18:00", "2026-11-28T10:00"),
        ("2026-11-28T13:59", None),
        ("2026-11-28T14:00", "2026-11-30T09:00"),
        ("2026-11-29T12:00", "2026-11-30T09:00"),
    ],
)
def test_the_next_opening(at: str, expected: str | None) -> None:
    """None while somebody is there, else the next time that a span begins; its end is outside."""
    assert next_opening(at, "Mon-Fri 09:00-17:00", "Sat 10:00-14:00") == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-27T21:00", "2026-11-27T22:00"),
        ("2026-11-27T23:30", None),
        ("2026-11-28T01:59", None),
        ("2026-11-28T02:00", "2026-12-04T22:00"),
    ],
)
def test_a_span_goes_on_after_midnight(at: str, expected: str | None) -> None:
    """What begins on Friday night ends on Saturday."""
    assert next_opening(at, "Fri 22:00-02:00") == expected


def test_days_are_listed_and_go_round_the_week() -> None:
    """Full names, lists, ranges over Sunday, and a day's midnight as 24:00."""
    assert next_opening("2026-11-24T10:00", "monday, Wed 9:00-12:00") == "2026-11-25T09:00"
    assert next_opening("2026-11-29T10:00", "Sat-Mon 00:00-24:00") is None
    assert next_opening("2026-11-24T10:00", "Sat-Mon 00:00-24:00") == "2026-11-28T00:00"


def test_nobody_is_there_on_a_holiday() -> None:
    """The day is left out; what began the evening before goes on into it."""
    hours = ("Mon-Sun 09:00-17:00",)
    holidays = ("2026-12-25", "2026-12-26")
    assert next_opening("2026-12-25T10:00", *hours, holidays=holidays) == "2026-12-27T09:00"
    assert next_opening("2026-12-25T01:00", "Mon-Sun 22:00-02:00", holidays=holidays) is None
    assert next_opening("2026-12-25T23:00", "Mon-Sun 22:00-02:00", holidays=holidays) == "2026-12-27T22:00"


def test_the_wall_clock_counts_when_clocks_change() -> None:
    """09:00 stays 09:00 around both changes, and a night over one ends by the clock on the wall."""
    hours = read_hours(HandoverSettings(hours=("Mon-Sun 09:00-17:00",), timezone="Europe/Berlin"))
    for day in ("2026-03-28", "2026-03-29", "2026-10-25"):
        before = datetime.fromisoformat(f"{day}T04:00").replace(tzinfo=BERLIN)
        opening = hours.open_at(before.timestamp())
        assert opening is not None
        assert datetime.fromtimestamp(opening, BERLIN).isoformat()[:16] == f"{day}T09:00"
    night = read_hours(HandoverSettings(hours=("Sat 22:00-06:00",), timezone="Europe/Berlin"))
    five = datetime.fromisoformat("2026-10-25T05:59").replace(tzinfo=BERLIN)
    assert night.open_at(five.timestamp()) is None
    assert night.open_at(five.timestamp() + 60) is not None


def test_a_time_that_a_change_skips_still_opens() -> None:
    """02:30 does not exist in the night when summer time begins; the span is there all the same."""
    assert next_opening("2026-03-29T01:00", "Sun 02:30-04:00") == "2026-03-29T03:30"


def test_without_hours_somebody_is_always_there() -> None:
    """No hours are no closing time."""
    assert next_opening("2026-11-24T03:00") is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"hours": ("9-17",)}, "'9-17'"),
        ({"hours": ("Mon-Fri",)}, "'Mon-Fri'"),
        ({"hours": ("Mon-Fri 09:00-17:00", "Xyz 09:00-17:00")}, "'xyz'"),
        ({"hours": ("Mon 25:00-26:00",)}, "'Mon 25:00-26:00'"),
        ({"hours": ("Mon 09:00-09:00",)}, "'Mon 09:00-09:00'"),
        ({"hours": ("Mon 09:75-10:00",)}, "'Mon 09:75-10:00'"),
        ({"hours": ("Mon-Wed-Fri 09:00-10:00",)}, "'mon-wed-fri'"),
        ({"hours": ("",)}, "''"),
        ({"holidays": ("25.12.2026",)}, "'25.12.2026'"),
        ({"timezone": "Europe/Atlantis"}, "'Europe/Atlantis'"),
        ({"timezone": "../../etc/passwd"}, "'../../etc/passwd'"),
        ({"timezone": ""}, "''"),
    ],
)
def test_what_cannot_be_read_is_named(settings: dict[str, object], named: str) -> None:
    """The error names the entry and shows how it is written."""
    with pytest.raises(SettingsError, match=r"write it like '") as caught:
        check(HandoverSettings.model_validate(settings))
    assert named in str(caught.value)
