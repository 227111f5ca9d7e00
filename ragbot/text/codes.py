"""Codes of a message, such as `E-721` or `HB-220`, looked up in the passages that were found.

To a reader E-417 and E-418 are much the same. Which passage has the code is for the books to say: a code that few
passages have makes those likelier, whatever else they say. Pure functions; only the form of a code is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

FEW: Final = 3
"""Passages found with a code up to which it tells them from others; a product's name stands in many."""
RARE: Final = 8.0
"""By how much the odds rise of a passage that has a rare code of the message. Set by hand: the sets have too few."""

_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:[A-Z]+-)*[A-Za-z]+[-_.]?\d[A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*|\d+[A-Za-z][A-Za-z0-9]*)(?![A-Za-z0-9])"
)


def codes(text: str) -> frozenset[str]:
    """Words of Latin letters and digits together, folded.

    >>> sorted(codes("E-721 怎么处理? The HB-220 shows e-721, 30 days."))
    ['e-721', 'hb-220']
    """
    return frozenset(match.casefold() for match in _CODE.findall(text))


def without_codes(text: str) -> str:
    """`text` without its codes.

    >>> without_codes("Where is order HV-118820?")
    'Where is order ?'
    """
    return " ".join(_CODE.sub(" ", text).split())


def raised(message: str, texts: Iterable[str], probabilities: Iterable[float]) -> list[float]:
    """The probabilities of passages with these texts, those that have a code of the message raised where few do."""
    asked = codes(message)
    likely = list(probabilities)
    if not asked:
        return likely
    held = [asked & codes(text) for text in texts]
    for code in asked:
        places = [place for place, own in enumerate(held) if code in own]
        if len(places) <= FEW:
            for place in places:
                odds = RARE * likely[place] / max(1e-9, 1 - likely[place])
                likely[place] = odds / (1 + odds)
    return likely
