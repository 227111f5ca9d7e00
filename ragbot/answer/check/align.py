"""How much of a claim stands in a text in the claim's order. Home of rapidfuzz's common subsequence in the check."""

from __future__ import annotations

from collections.abc import Sequence


def in_order(claim: Sequence[str], text: Sequence[str]) -> float:
    """Length of the longest common subsequence as a share of the claim's, 0..1 (as recall in ROUGE-L: Lin, "ROUGE: A
    Package for Automatic Evaluation of Summaries", 2004); 0 for an empty claim."""
    if not claim:
        return 0.0
    from rapidfuzz.distance import LCSseq

    return float(LCSseq.similarity(claim, text)) / len(claim)
