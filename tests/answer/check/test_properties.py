"""What holds of the check for any text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.answer.check.claims import claims
from ragbot.answer.check.facts import facts
from ragbot.answer.check.verifier import GroundingVerifier
from ragbot.text.sentences import sentences

PASSAGE = (
    "Refunds are paid within 14 days of receipt. The customer pays the return postage, unless the item is faulty. "
    "The Hub 2 does not support Zigbee. Hold the button for 10 seconds to reset it. Standard shipping takes 3 to 5 "
    "business days and costs 4.90 EUR. 退款将在收到商品后 7 个工作日内完成。定制商品不支持退货。"
)
PADDING = (
    "The museum shows paintings of the harbour. Its garden is quiet in winter. Children draw ships there. "
    "Every visitor receives a small map. 博物馆的花园里种满了玫瑰。"
)
SAID = [
    "Refunds are paid within 14 days.",
    "Refunds are paid within 30 days.",
    "The Hub 2 supports Zigbee.",
    "Hold the reset button for 10 seconds.",
    "Standard shipping costs 4.90 EUR.",
    "Shipping takes 3 to 5 business days.",
    "The item is sent by drone.",
    "定制商品支持退货。",
    "退款在收到商品后 7 个工作日内完成。",
]
_WORDS = st.sampled_from(
    "refunds the hub 2 button 14 days not only unless 5 EUR v2.1.3 E-417 \n . ; ? ! “ [1] 退款 七天 不 必须 "
    "a@b.example https://x.example/y +49 30 1234567 3-5 1,5 kg 5.79 米 百分之十 二〇二五年 下午3点 Nova Hub".split(
        " "
    )
)
TEXTS = st.one_of(st.text(max_size=120), st.lists(_WORDS, max_size=25).map(" ".join))


@given(st.text(max_size=60), st.sampled_from([each.text for each in sentences(PASSAGE)]))
def test_a_sentence_of_the_passage_is_supported(before: str, sentence: str) -> None:
    """Whatever stands in another passage before it."""
    (claim,) = GroundingVerifier().verify(sentence, [before, PASSAGE])
    assert claim.verdict == "supported"
    assert claim.support == 1.0


@given(st.sampled_from([each.text for each in sentences(PASSAGE) if re.search(r"\d", each.text)]), st.data())
def test_a_changed_digit_is_never_supported(sentence: str, data: st.DataObject) -> None:
    """A figure that is not in the passage takes the support away."""
    places = [match.start() for match in re.finditer(r"\d", sentence)]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([each for each in "6789" if each != sentence[place]]))
    changed = sentence[:place] + digit + sentence[place + 1 :]
    for claim in GroundingVerifier().verify(changed, [PASSAGE]):
        assert claim.verdict != "supported", claim


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("times", [1, 10, 100])
def test_padding_changes_no_verdict(said: str, times: int) -> None:
    """Unrelated text before and after the evidence, in the passage or beside it, is not seen."""
    alone = GroundingVerifier().verify(said, [PASSAGE])
    around = GroundingVerifier().verify(said, [f"{PADDING * times}\n\n{PASSAGE}\n\n{PADDING * times}"])
    beside = GroundingVerifier().verify(said, [PADDING * times, PASSAGE, PADDING * times])
    assert [(claim.verdict, claim.support) for claim in around] == [(c.verdict, c.support) for c in alone]
    assert [(claim.verdict, claim.support) for claim in beside] == [(c.verdict, c.support) for c in alone]


@given(TEXTS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_any_text_gives_a_verdict(said: str, passages: list[str], contexts: list[str]) -> None:
    """Nothing raises; evidence lies within its passage; only what is supported cites."""
    found = GroundingVerifier().verify(said, passages, contexts=contexts[: len(passages)])
    for claim in found:
        assert 0.0 <= claim.support <= 1.0
        assert bool(claim.citations) == (claim.verdict == "supported")
        assert (claim.reason == "") == (claim.verdict == "supported")
        if claim.evidence is not None:
            passage = passages[claim.evidence.passage - 1]
            assert 0 <= claim.evidence.start < claim.evidence.end <= len(passage)


@given(TEXTS)
def test_a_fact_stands_where_it_says(text: str) -> None:
    """Each fact has its own stretch of the text."""
    taken: set[int] = set()
    for fact in facts(text):
        place = set(range(fact.start, fact.end))
        assert place
        assert not place & taken
        taken |= place


@given(TEXTS)
def test_claims_are_pieces_of_the_text(text: str) -> None:
    """In their order, without the marks of citations."""
    at = 0
    bare = re.sub(r"\s*\[\d+\]", "", text)
    for claim in claims(text):
        at = bare.index(claim, at) + len(claim)


@pytest.mark.parametrize("unit", ["a", "1", "1 ", "1-", "不", "it's ", "x@", "9,", "\n", "；", "1.", "a-1"])
def test_a_long_text_is_read_in_bounded_time(unit: str) -> None:
    """No pattern looks at a text more than about once."""
    text = unit * (50_000 // len(unit))
    start = time.process_time()
    GroundingVerifier().verify("Refunds take 14 days after the 3rd of May.", [text])
    GroundingVerifier().verify(text[:5_000], ["Refunds take 14 days after the 3rd of May."])
    assert time.process_time() - start < 10


def test_a_megabyte_is_read_in_bounded_time() -> None:
    """A whole book is no reason to wait: only sentences that share words with the claim are looked at closely."""
    text = "".join(f"Order {n} of lamps was sent to shop {n % 97} on the third day. " for n in range(16_000))
    start = time.process_time()
    (claim,) = GroundingVerifier().verify("Refunds take 14 days.", [f"{text}Refunds take 14 days."])
    assert claim.verdict == "supported"
    assert time.process_time() - start < 30
