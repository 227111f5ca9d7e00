"""Personal data in a customer's message, replaced by what it is: `[e-mail]`, `[number]`.

Only what has an unmistakable form: addresses, links with a query, and runs of digits as long as telephone, card,
account and order numbers. Names and postal addresses stay; a report of examples is for the operator's eyes.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_QUERY = re.compile(r"(https?://[^\s?#]+)[?#]\S+", re.IGNORECASE)
_YEARS = r"(?:19|20)\d\d"
_DATE = re.compile(rf"{_YEARS}[-/.年]\d{{1,2}}[-/.月]\d{{1,2}}日?|\d{{1,2}}[-/.]\d{{1,2}}[-/.]{_YEARS}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{4}){2,7}(?:[ -]?[A-Z\d]{1,3})?\b", re.ASCII)
_CODE = re.compile(
    r"(?<![\w-])#?(?=[\w-]*\d[\w-]*\d[\w-]*\d[\w-]*\d)[A-Za-z]{1,6}[-_]?\d[\w-]{3,}(?![\w-])", re.ASCII
)
"""An order or customer number: letters, then at least four digits."""
_DIGITS = re.compile(r"(?<![\w.])(?:\(?\+|00|\(|#)?\d(?:[ ().\-/x]{0,3}\d){5,}(?!\w)", re.ASCII)

_MARK = re.compile(r"\[(?:number|e-mail)\]")


def mask(text: str) -> str:
    """`text` with personal data masked. A date stays: it identifies nobody and may be what is asked about."""
    text = _QUERY.sub(r"\1?…", _EMAIL.sub("[e-mail]", text))
    text = _IBAN.sub("[number]", text)
    return _DIGITS.sub(_unless_date, _CODE.sub("[number]", text))


def bare(text: str) -> str:
    """`text` without personal data, and without what stands in for it."""
    return " ".join(_MARK.sub(" ", mask(text)).split())


def _unless_date(match: re.Match[str]) -> str:
    return match.group() if _DATE.fullmatch(match.group().strip()) else "[number]"
