"""When somebody is there: office hours of a week, with holidays, in a time zone.

`Mon-Fri 09:00-17:00`, `Sat 10:00-14:00`, `Mon,Wed 08:30-12:00`, `Fri 22:00-02:00` (into Saturday),
`Sat-Sun 00:00-24:00`. A span belongs to the day on which it begins, and so does a holiday.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ragbot.errors import SettingsError
from ragbot.settings import HandoverSettings

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENTRY = re.compile(r"([^\d\s](?:[^\d]*[^\d\s])?)\s+(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_EXAMPLE = "write it like 'Mon-Fri 09:00-17:00', 'Sat 10:00-14:00' or 'Fri 22:00-02:00'"
_AHEAD_DAYS = 400
"""How far an opening is looked for: beyond the longest row of holidays that anybody lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hours of one day of the week."""

    weekday: int
    """0 is Monday."""
    start: int
    """Minutes after midnight."""
    end: int
    """Minutes after that midnight, above `start`; beyond 1440 on the next day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Office hours; without spans somebody is always there."""

    spans: tuple[Span, ...] = ()
    holidays: frozenset[date] = frozenset()
    zone: tzinfo

    def open_at(self, now: float) -> float | None:
        """None if somebody is there at `now` (seconds since the epoch) or nobody ever is, else when they are next."""
        if not self.spans:
            return None
        today = datetime.fromtimestamp(now, self.zone).date()
        for start, end in self._openings(today - timedelta(days=1)):
            if end > now:
                return start if start > now else None
        return None

    def _openings(self, first: date) -> Iterator[tuple[float, float]]:
        """Start and end of every span from the day `first` on, by start."""
        for ahead in range(_AHEAD_DAYS):
            day = first + timedelta(days=ahead)
            if day in self.holidays:
                continue
            for span in self.spans:
                if span.weekday == day.weekday():
                    start, end = self._moment(day, span.start), self._moment(day, span.end)
                    if end > start:
                        yield start, end

    def _moment(self, day: date, minutes: int) -> float:
        """By the clock on the wall: 09:00 is 09:00 on the days when the clocks change, too. A time that a change
        skips is the moment of the change or shortly after."""
        wall = datetime.combine(day, time(), self.zone) + timedelta(minutes=minutes)
        return wall.astimezone(UTC).timestamp()


def read_hours(settings: HandoverSettings) -> Hours:
    """The office hours of the settings. Raises `SettingsError` naming the entry that cannot be read."""
    spans = sorted(
        (span for entry in settings.hours for span in _spans(entry)),
        key=lambda span: (span.weekday, span.start),
    )
    return Hours(spans=tuple(spans), holidays=_holidays(settings.holidays), zone=_zone(settings.timezone))


def check(settings: HandoverSettings) -> None:
    """Raises `SettingsError` where the hours, holidays or time zone cannot be read."""
    read_hours(settings)


def _spans(entry: str) -> Iterator[Span]:
    match = _ENTRY.fullmatch(entry.strip())
    if match is None:
        raise SettingsError(f"handover.hours: {entry!r} cannot be read; {_EXAMPLE}")
    days, *numbers = match.groups()
    from_hour, from_minute, to_hour, to_minute = map(int, numbers)
    start, end = 60 * from_hour + from_minute, 60 * to_hour + to_minute
    if max(from_minute, to_minute) > 59 or start >= 1440 or end > 1440 or start == end:
        raise SettingsError(f"handover.hours: {entry!r} holds no span of time; {_EXAMPLE}")
    if end < start:
        end += 1440
    for weekday in _weekdays(entry, days):
        yield Span(weekday=weekday, start=start, end=end)


def _weekdays(entry: str, days: str) -> list[int]:
    """`Mon`, `Monday`, `Mon-Fri`, `Fri-Mon` and lists of them."""
    found: list[int] = []
    for part in days.lower().split(","):
        ends = [_weekday(entry, name.strip()) for name in part.split("-")]
        if len(ends) > 2:
            raise SettingsError(f"handover.hours: {part.strip()!r} in {entry!r} are no days; {_EXAMPLE}")
        found += [(ends[0] + step) % 7 for step in range((ends[-1] - ends[0]) % 7 + 1)]
    return sorted(set(found))


def _weekday(entry: str, name: str) -> int:
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if name in _DAYS:
        return _DAYS.index(name)
    if name in full:
        return full.index(name)
    raise SettingsError(f"handover.hours: {name!r} in {entry!r} is no day of the week; {_EXAMPLE}")


def _holidays(listed: Sequence[str]) -> frozenset[date]:
    days = set()
    for entry in listed:
        try:
            days.add(date.fromisoformat(entry.strip()))
        except ValueError as error:
            raise SettingsError(
                f"handover.holidays: {entry!r} is no date; write it like '2026-12-25'"
            ) from error
    return frozenset(days)


def _zone(name: str) -> tzinfo:
    if name == "UTC":  # needs no list of zones, which small systems lack
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError, an odd key a ValueError
        raise _no_zone(name) from error
    except KeyError as error:
        raise _no_zone(name) from error


def _no_zone(name: str) -> SettingsError:
    return SettingsError(
        f"handover.timezone: there is no time zone {name!r} here; write it like 'Europe/Berlin', or 'UTC'"
        " (a system without time zones gets them with: pip install tzdata)"
    )
