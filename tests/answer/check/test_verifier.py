"""Claims against passages."""

from __future__ import annotations

import pytest

from ragbot.answer.check.verifier import GroundingVerifier

PASSAGES = [
    "Refunds are paid within 14 days of receipt. The customer pays the return postage, unless the item is faulty.",
    "The Hub 2 does not support Zigbee. Hold the button for 10 seconds to reset it.",
    "退款将在收到商品后 7 个工作日内完成。定制商品不支持退货。",
]


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("Refunds are paid within 14 days of receipt.", 1),
        ("Refunds are paid within fourteen days.", 1),
        ("Hold the reset button for 10 seconds.", 2),
        ("The Hub 2 does not support Zigbee.", 2),
        ("定制商品不支持退货。", 3),
    ],
)
def test_what_stands_there_is_supported(claim: str, passage: int) -> None:
    """A supported claim names the passage, and its evidence stands there."""
    (result,) = GroundingVerifier().verify(claim, PASSAGES)
    assert result.verdict == "supported"
    assert result.citations == (passage,)
    assert result.evidence is not None
    assert PASSAGES[passage - 1][result.evidence.start : result.evidence.end].strip()


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Refunds are paid within 30 days of receipt.", "contradicted"),
        ("The Hub 2 supports Zigbee.", "contradicted"),
        ("定制商品支持退货。", "contradicted"),
        ("We ship to Mars every Friday.", "unsupported"),
        ("Refunds are paid by Maria Lopez within 14 days.", "unsupported"),
        ("Write to refunds@shop.example about refunds within 14 days of receipt.", "unsupported"),
    ],
)
def test_what_does_not_stand_there_is_not_supported(claim: str, verdict: str) -> None:
    """Wrong figures and polarity contradict; new names, addresses and subjects are unsupported."""
    (result,) = GroundingVerifier().verify(claim, PASSAGES)
    assert result.verdict == verdict
    assert result.citations == ()
    assert result.reason


def test_part_of_a_sentence_is_no_quote() -> None:
    """What is cut off may be the condition: the polarity check sees it."""
    (result,) = GroundingVerifier().verify(
        "Returns are free", ["Returns are free unless the seal is broken."]
    )
    assert result.verdict == "contradicted"


def test_each_sentence_is_judged_by_itself() -> None:
    """One claim for each sentence, in order; marks such as [1] are no part of it."""
    text = "Refunds are paid within 14 days of receipt. [1] We ship to Mars. Hold the button for 10 seconds."
    verdicts = [claim.verdict for claim in GroundingVerifier().verify(text, PASSAGES)]
    assert verdicts == ["supported", "unsupported", "supported"]


def test_the_title_names_the_subject() -> None:
    """A name that only the title gives is no invention."""
    claim, passage = "Reset the Nova Hub by holding the button.", "Reset it by holding the button."
    bare = GroundingVerifier().verify(claim, [passage])[0]
    titled = GroundingVerifier().verify(claim, [passage], contexts=["Nova Hub"])[0]
    assert (bare.verdict, titled.verdict) == ("unsupported", "supported")


def test_without_passages_nothing_is_supported() -> None:
    """No evidence, no support."""
    assert [c.verdict for c in GroundingVerifier().verify("Refunds take 14 days.", [])] == ["unsupported"]
    assert GroundingVerifier().verify("", PASSAGES) == []


WARRANTY = ["Lamps have a warranty of 24 months. Batteries have a warranty of 6 months."]
SHIPPING = ["Standard shipping takes 3 to 5 business days. Express shipping costs 9.90 EUR."]


@pytest.mark.parametrize(
    ("claim", "passages"),
    [
        ("Batteries have a warranty of 24 months.", WARRANTY),
        ("Lamps have a warranty of 6 months.", WARRANTY),
        ("Express shipping takes 3 to 5 business days.", SHIPPING),
        ("Standard shipping costs 9.90 EUR.", SHIPPING),
    ],
)
def test_a_figure_of_something_else_is_no_support(claim: str, passages: list[str]) -> None:
    """Subject and figure must belong together, not just stand near each other."""
    assert GroundingVerifier().verify(claim, passages)[0].verdict != "supported"


def test_a_sentence_that_leans_back_carries_the_subject_on() -> None:
    """ "They take 14 days" speaks of what the sentence before named."""
    passages = ["Refunds start when the parcel arrives. They take 14 days."]
    assert GroundingVerifier().verify("Refunds take 14 days.", passages)[0].verdict == "supported"
