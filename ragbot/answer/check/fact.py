"""What a literal fact is, and whether two agree. Knows nothing of where facts are found."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from ragbot.answer.check.units import in_base

FactKind = Literal[
    "number",
    "date",
    "weekday",
    "time",
    "url",
    "email",
    "phone",
    "version",
    "code",
    "name",
    "quoted",
]
Bound = Literal["", "least", "most", "more", "less", "low", "high"]
"""How a figure limits: `at least`, `at most`, `more than`, `less than`; the two ends of a range."""

FIGURES: Final = frozenset(("number", "date", "weekday", "time", "url", "email", "phone", "version"))
"""Kinds that only the passage itself can state."""
_LONGEST: Final = 25
"""Digits of a number that is converted."""
_UP: Final = frozenset(("least", "more", "low"))
_DOWN: Final = frozenset(("most", "less", "high"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One literal fact; `shown` is how the text writes it."""

    kind: FactKind
    value: str
    """Canonical: `14`, `2025-03-12` (`?` for a part that is not given), `09:00`, `shop.example/returns`."""
    unit: str = ""
    """Canonical unit or currency of a number, empty where none stands beside it."""
    bound: Bound = ""
    per: str = ""
    """The unit of time of a rate: `month` in "5 EUR a month"."""
    working: bool | None = None
    """Of days: whether business days (True) or calendar days (False) are said; None where neither is."""
    shown: str = ""
    start: int = 0
    """Where it stands in the text that was read."""
    end: int = 0


def same_kind(one: Fact, other: Fact) -> bool:
    """Whether two facts measure the same thing, so that one may stand in the other's place."""
    if one.kind != other.kind:
        return False
    return one.kind != "number" or _dimension(one) == _dimension(other)


def _dimension(fact: Fact) -> str:
    return in_base(Decimal(1), fact.unit)[1]


def agrees(claimed: Fact, given: Fact) -> bool:
    """Whether `given`, from a passage, states the literal fact `claimed`. Parts left out on either side
    (a year, a unit) do not contradict; one end of a range is not the value itself."""
    if claimed.kind != given.kind:
        return _same_year(claimed, given)
    if claimed.kind == "date":
        pairs = zip(claimed.value.split("-"), given.value.split("-"), strict=True)
        return all(mine in ("?", "00") or mine == theirs for mine, theirs in pairs)
    if claimed.kind == "number":
        return _same_number(claimed, given) and not _bounds_oppose(claimed, given)
    if claimed.kind == "phone":
        shorter, longer = sorted((claimed.value, given.value), key=len)
        return longer.endswith(shorter)
    return claimed.value == given.value


def _same_year(claimed: Fact, given: Fact) -> bool:
    """A year alone is written as a number: `in 2018` is stated by `10 September 2018`, `2018年` by `2018`."""
    if (claimed.kind, given.kind) == ("number", "date"):
        return len(claimed.value) == 4 and not claimed.unit and given.value.startswith(claimed.value + "-")
    if (claimed.kind, given.kind) == ("date", "number"):
        return claimed.value == f"{given.value}-00-?" and not given.unit
    return False


def _same_number(claimed: Fact, given: Fact) -> bool:
    if claimed.per and given.per and claimed.per != given.per:
        return False
    if None not in (claimed.working, given.working) and claimed.working != given.working:
        return False
    if not claimed.unit or not given.unit or claimed.unit == given.unit:
        return claimed.value == given.value
    if max(len(claimed.value), len(given.value)) > _LONGEST:
        return False
    return in_base(Decimal(claimed.value), claimed.unit) == in_base(Decimal(given.value), given.unit)


def _bounds_oppose(claimed: Fact, given: Fact) -> bool:
    """`at least 14` against `at most 14`; `3 days` against `3 to 5 days`."""
    if not claimed.bound:
        return given.bound == "low"
    return (claimed.bound in _UP and given.bound in _DOWN) or (claimed.bound in _DOWN and given.bound in _UP)
