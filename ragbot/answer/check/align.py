"""Which words of a claim stand in a text in the same order, and which stand in another's place.

Home of rapidfuzz's longest common subsequence in the check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_NEAR: Final = 4


@dataclass(frozen=True, slots=True)
class Alignment:
    """Shares of a claim's content words, 0..1."""

    in_order: float
    """In the longest common subsequence (as in ROUGE-L: Lin, "ROUGE", 2004)."""
    moved: float
    """Present, but out of that order."""
    replaced: float
    """Absent, where the text has other words between the same neighbours."""
    pairs: float
    """Neighbouring words that stand within four words of each other in the text too."""


def align(claim: Sequence[str], text: Sequence[str]) -> Alignment:
    """Compare two sequences of content terms."""
    if not claim:
        return Alignment(0.0, 0.0, 0.0, 0.0)
    from rapidfuzz.distance import LCSseq

    bag = frozenset(text)
    kept = replaced = 0
    blocks = LCSseq.opcodes(claim, text)
    merged = 0, 0
    for block in blocks:
        if block.tag == "equal":
            replaced += min(merged)
            merged = 0, 0
            kept += block.src_end - block.src_start
        else:
            absent = sum(term not in bag for term in claim[block.src_start : block.src_end])
            merged = merged[0] + absent, merged[1] + block.dest_end - block.dest_start
    if kept:  # what follows the last common word stands in nobody's place where the text goes on at length
        replaced += min(merged) if merged[1] <= 2 * max(1, merged[0]) else 0
    present = sum(term in bag for term in claim)
    places: dict[str, list[int]] = {}
    for place, term in enumerate(text):
        places.setdefault(term, []).append(place)
    near = sum(
        any(abs(a - b) <= _NEAR for a in places.get(one, ()) for b in places.get(other, ()))
        for one, other in pairwise(claim)
    )
    return Alignment(
        in_order=kept / len(claim),
        moved=max(0, present - kept) / len(claim),
        replaced=replaced / len(claim),
        pairs=near / (len(claim) - 1) if len(claim) > 1 else float(present),
    )
