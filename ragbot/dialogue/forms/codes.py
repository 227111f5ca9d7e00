"""Order numbers and the like as people type them: "hv us 204518" and "HVUS204518" for HV-US-204518.

Knows nothing of patterns: whether what it makes is a value is for others to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_BETWEEN: Final = r"[\s._/#-]{0,2}"
"""What may stand between the groups of a code."""
_FEWEST_LETTERS: Final = 2
"""Letters that each group of letters must have: the A of A-1234 is also the article of "a 1234"."""


def respelt(hint: str, text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of `text` with the letters and digits of an example, whatever stands between them: begin, end, and
    how the example would spell it. None where the example has a single letter beside its digits, or only one group."""
    shape = _shape(hint)
    for match in shape.finditer(text) if shape is not None else ():
        signs = iter(re.sub(r"[^A-Za-z\d]", "", match.group()).upper())
        yield match.start(), match.end(), "".join(next(signs) if char.isalnum() else char for char in hint)


@lru_cache(maxsize=512)
def _shape(hint: str) -> re.Pattern[str] | None:
    groups = re.findall(r"[A-Za-z]+|\d+", hint) if hint.isascii() else []
    letters = [each for each in groups if each.isalpha()]
    if len(groups) < 2 or not letters or min(map(len, letters)) < _FEWEST_LETTERS:
        return None
    shapes = (rf"[A-Za-z]{{{len(each)}}}" if each.isalpha() else rf"\d{{{len(each)}}}" for each in groups)
    return re.compile(rf"(?<![A-Za-z0-9]){_BETWEEN.join(shapes)}(?![A-Za-z0-9])", re.ASCII)
