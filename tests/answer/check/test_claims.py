"""What of an answer is a claim."""

from __future__ import annotations

import pytest

from ragbot.answer.check.claims import asides, bare, claims, parts
from ragbot.answer.check.verifier import GroundingVerifier


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Refunds take 5 days. [1] Cards take 7.", ["Refunds take 5 days.", "Cards take 7."]),
        ("Ask Dr. Lee, e.g. by phone. It costs $3.50.", ["Ask Dr. Lee, e.g. by phone.", "It costs $3.50."]),
        ("- Press Reset.\n- Wait 10 s.", ["- Press Reset.", "- Wait 10 s."]),
        ("退款需要 5 天。定制商品不支持退货。", ["退款需要 5 天。", "定制商品不支持退货。"]),
        ("Install v2.1.3 of app.py. Run it.", ["Install v2.1.3 of app.py.", "Run it."]),
        ("Sure! Refunds take 5 days. I hope this helps!", ["Refunds take 5 days."]),
        ("好的，没问题。退款需要 5 天。希望对您有帮助！", ["退款需要 5 天。"]),
        ("Do you have the receipt? Refunds take 5 days.", ["Refunds take 5 days."]),
    ],
)
def test_claims_are_the_sentences_that_claim(text: str, found: list[str]) -> None:
    """Abbreviations, decimals, lists, Chinese and code are cut rightly; courtesies and questions are no claims."""
    assert claims(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Certainly!",
        "Of course.",
        "Thank you for your question.",
        "Let me know if you need anything else.",
        "I'm sorry to hear that.",
        "Is there anything else?",
        "您好！",
        "如果您有其他问题，请随时联系我们。",
        "还有什么可以帮您吗？",
        "...",
    ],
)
def test_courtesies_and_questions_are_set_apart(text: str) -> None:
    """They give no claim, and so are never shown as supported."""
    assert claims(text) == []
    assert list(asides(text)) == [text]
    assert GroundingVerifier().verify(text, [text]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, refunds take 30 days.",
        "Let me know by e-mail to help@shop.example.",
        "I'm sorry, custom items cannot be returned.",
        "Did you know that refunds take 30 days?",
        "抱歉，定制商品不支持退货。",
    ],
)
def test_a_polite_claim_is_a_claim(text: str) -> None:
    """What states a fact needs support, however politely it is said."""
    assert claims(text) == [text]


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("Yes, I believe that refunds take 5 days.", "refunds take 5 days."),
        ("- According to our policy, refunds take 5 days.", "refunds take 5 days."),
        ("根据退货政策，退款需要 5 天。", "退款需要 5 天。"),
        ("Refunds take 5 days.", "Refunds take 5 days."),
    ],
)
def test_what_leads_in_is_no_part_of_the_claim(claim: str, said: str) -> None:
    """ "Yes, I believe that" is not looked for in the passages."""
    assert bare(claim) == said


def test_semicolons_part_whole_statements_only() -> None:
    """Each part must say something of its own."""
    assert parts("Cards take 7 days; cash is paid at once.") == ["Cards take 7 days", "cash is paid at once."]
    assert parts("Cards take 7 days; not more.") == ["Cards take 7 days; not more."]
