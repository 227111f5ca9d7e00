"""Names and codes in a text: by capitals and digits in Latin script, by the word classes of jieba in Chinese.

No list of names and no model: what is written in small letters is a name only where the text says so. Second home of
rjieba.
"""

from __future__ import annotations

import re
from typing import Final

from ragbot.text.words import is_han

NAME = re.compile(
    r"(?<![.!?。！？]\s)(?<!^)\b[A-Z][\w-]*(?:\s+(?:[A-Z][\w-]*|\d+\w*))*\b|\b[A-Z]{2,}[-\w]*\d[\w-]*\b"
)
"""Capitalised words within a sentence, and codes."""
LEANS_BACK = re.compile(
    r"(?:it|its|this|these|that|those|they|he|she|however|otherwise|also|then|but|in (?:this|that) case)\b"
    r"|[它这那该此其]|但|否则|然而|此外|因此",
    re.IGNORECASE,
)
"""A sentence of a text that continues the one before it."""
_CHINESE_NAMES: Final = frozenset(("nr", "nrt", "ns", "nt"))
"""jieba's word classes of people, places and organisations."""


def names(text: str) -> list[str]:
    """Names and codes in `text`, each once, in order.

    >>> names("Please reset the Nova Hub 2. The code was E-417X.")
    ['Nova Hub 2', 'E-417X']
    """
    return list(dict.fromkeys(match.group() for match in NAME.finditer(text)))


def chinese_names(text: str) -> list[str]:
    """The Chinese names of people and places in `text`, as jieba tells them: each once, in order."""
    if not any(is_han(char) for char in text):
        return []
    import rjieba

    found = (
        word for word, kind in rjieba.tag(text) if kind in _CHINESE_NAMES and len(word) > 1 and is_han(word)
    )
    return list(dict.fromkeys(found))
