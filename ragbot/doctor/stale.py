"""Documents that no longer hold: older versions of others, those that say so, and those whose own dates are past."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, Piece, place, shortened, where
from ragbot.index.versions import is_outdated, trust, unversioned

if TYPE_CHECKING:
    from ragbot.types import Chunk

_EXPIRY: Final = "expires expiry expiry_date expiration valid_until valid_to valid_through end_date".split()
"""Front matter that says until when a document holds."""
_MONTHS: Final = (
    "january february march april may june july august september october november december".split()
)
_ONE_DAY: Final = timedelta(days=1)
_DAY = (
    r"(?P<y1>(?:19|20)\d\d)[-/.年]\s?(?P<m1>\d{1,2})(?:[-/.月]\s?(?P<d1>\d{1,2})日?)?"
    rf"|(?:(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+)?(?P<m2>{'|'.join(_MONTHS)})\s+(?:(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?"
    r"(?P<y2>(?:19|20)\d\d)"
    r"|(?P<y3>(?:19|20)\d\d)(?![\d.,-]*\d)年?"
)
_UNTIL = re.compile(
    r"(?:\b(?:valid|in force|effective|applies|apply|available|offer(?: ends)?|promotion(?: ends)?|expires?|ends?)\b"
    r"(?:[^.!?\n]{0,30}?)\b(?:until|till|through|to|by|on)\b"
    r"|有效期至|有效期到|截止(?:到|至|日期)?[:：]?|活动(?:时间)?(?:截止|结束)(?:到|至|于)?)"
    rf"\s*(?:the end of\s+)?(?:{_DAY})",
    re.IGNORECASE,
)
"""What says that something holds no longer than to a day."""


def older_documents(contents: Contents) -> frozenset[str]:
    """The ids of documents that are older versions of others, or call themselves outdated."""
    owners = _owners(contents)
    kept = trust("", owners)
    return frozenset(chunk.document_id for chunk, weight in zip(owners, kept, strict=True) if weight < 1)


def stale(contents: Contents, today: date) -> Iterator[Finding]:
    """A finding for each document that another replaces, and for each date until which something held."""
    older = older_documents(contents)
    owners = _owners(contents)
    for chunk in owners:
        if chunk.document_id in older:
            yield _older(chunk, owners)
        elif (expiry := _expiry(chunk.meta)) is not None and expiry < today:
            yield _note(chunk, f"has expired on {expiry.isoformat()}; remove or renew it, and index again")
    for piece in contents.pieces():
        if piece.chunk.document_id not in older and (day := _past(piece, today)) is not None:
            what = f'says "{shortened(piece.text)}", and {day.isoformat()} is past; correct or remove it'
            yield _note(piece.chunk, what, piece.text)


def _owners(contents: Contents) -> list[Chunk]:
    """One passage of each document."""
    return [passages[0] for passages in contents.passages if passages]


def _older(chunk: Chunk, owners: Iterable[Chunk]) -> Finding:
    if is_outdated(chunk):
        return _note(chunk, "says itself that it is out of date; remove it unless customers ask for the past")
    bare = unversioned(chunk.title)
    others = [each.source for each in owners if each is not chunk and unversioned(each.title) == bare]
    newer = f" of {', '.join(others[:3])}" if others else ""
    return _note(chunk, f"is an older version{newer}; remove it unless customers ask for the past")


def _note(chunk: Chunk, what: str, quote: str = "") -> Finding:
    at = place(chunk, quote)
    shown = where(at) if quote else chunk.source
    return Finding(about="content", level="note", kind="stale", message=f"{shown} {what}", places=(at,))


def _expiry(meta: Any) -> date | None:
    values = (str(meta[key]) for key in _EXPIRY if meta.get(key))
    return next((day for value in values if (day := _last_day(re.match(_DAY, value, re.IGNORECASE)))), None)


def _past(piece: Piece, today: date) -> date | None:
    """The last day until which the sentence says that something holds, where it is past."""
    days = [day for match in _UNTIL.finditer(piece.text) if (day := _last_day(match)) is not None]
    return max(days) if days and max(days) < today else None


def _last_day(match: re.Match[str] | None) -> date | None:
    """The day that is named; of a month or a year the last one."""
    if match is None:
        return None
    named = match.groupdict()
    year = int(next(named[key] for key in ("y1", "y2", "y3") if named[key]))
    month = int(named["m1"]) if named["m1"] else _MONTHS.index(named["m2"].lower()) + 1 if named["m2"] else 12
    day = next((int(named[key]) for key in ("d1", "d2", "d3") if named[key]), 0)
    try:
        return date(year, month, day) if day else date(year + month // 12, month % 12 + 1, 1) - _ONE_DAY
    except ValueError:
        return None
