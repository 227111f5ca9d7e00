"""Slips of the finger, counted as Damerau and Levenshtein count. Home of rapidfuzz."""

from __future__ import annotations

from typing import Final

_SHORTEST: Final = 4
_TWO_SLIPS: Final = 8
"""Letters from which on a word may differ in two places."""


def is_slip(typed: str, meant: str) -> bool:
    """Whether `typed`, a folded word, is `meant` with one slip of the finger, two in a long word, none in the first
    letter."""
    from rapidfuzz.distance import OSA

    if min(len(typed), len(meant)) < _SHORTEST or not (typed.isalpha() and meant.isalpha()):
        return False
    most = 2 if len(meant) >= _TWO_SLIPS else 1
    return typed[0] == meant[0] and OSA.distance(typed, meant, score_cutoff=most) <= most
