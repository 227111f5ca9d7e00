"""Words that stand in a text, in order or torn from it."""

from __future__ import annotations

import random

import pytest

from ragbot.answer.check.align import torn
from ragbot.answer.check.verifier import GroundingVerifier

PASSAGE = (
    "Refunds are paid to the card within five days after the parcel reaches our warehouse in Leeds. "
    "Gift cards are paid back as store credit and never in cash, whatever the reason of the return."
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("refunds are paid to the card within five days", False),
        ("within five days refunds are paid to the card", False),
        ("card five the to refunds days are within paid", True),
        ("five card to", False),
        ("nothing of this stands there at all today", False),
        ("", False),
    ],
)
def test_words_that_stand_apart_are_torn(claim: str, expected: bool) -> None:
    """A clause may move; a short claim, or one without neighbours of the text's, tells nothing."""
    assert torn(claim.split(), PASSAGE.lower().replace(".", "").split()) is expected


def test_copied_words_in_random_order_are_not_supported() -> None:
    """Whatever words of a passage are shuffled into a sentence."""
    rng = random.Random(5)
    words = PASSAGE.replace(".", "").replace(",", "").split()
    for _ in range(20):
        claim = " ".join(rng.sample(words, 14)) + "."
        assert all(each.verdict != "supported" for each in GroundingVerifier().verify(claim, [PASSAGE]))
