"""What tells two sentences in the same words apart."""

from __future__ import annotations

import pytest

from ragbot.answer.check.verifier import GroundingVerifier

EDITS = [
    ("The hub does not support Zigbee.", "The hub supports Zigbee."),
    ("You must register the lamp before you use it.", "You may register the lamp before you use it."),
    ("Returns are accepted unless the seal is broken.", "Returns are accepted."),
    ("Members can borrow books.", "Only members can borrow books."),
    ("Charge the battery before the first use.", "Charge the battery after the first use."),
    ("The socket carries at most 10 A.", "The socket carries at least 10 A."),
    ("Press the button to enable the alarm.", "Press the button to disable the alarm."),
    ("Shipping to Europe is free.", "Shipping to Europe is chargeable."),
    ("The store in Rotterdam is open on Monday.", "The store in Rotterdam is open on Sunday."),
    ("安装前必须断开电源。", "安装前可以断开电源。"),
    ("电量低于 10% 时请更换电池。", "电量高于 10% 时请更换电池。"),
    ("定制商品不支持退货。", "定制商品支持退货。"),
    ("本店在上海。", "本店在北京。"),
    ("免费保管24小时。", "免费保管24分钟。"),
]


@pytest.mark.parametrize(("passage", "claim"), EDITS)
def test_one_changed_word_takes_the_support_away(passage: str, claim: str) -> None:
    """Negation, modality, exception, order in time, direction, opposites: never supported, and said why."""
    (changed,) = GroundingVerifier().verify(claim, [passage])
    assert changed.verdict != "supported"
    assert changed.reason


@pytest.mark.parametrize(
    ("passage", "claim"),
    [
        ("The hub does not support Zigbee.", "Zigbee isn't supported by the hub."),
        ("You must register the lamp.", "You have to register the lamp."),
        (
            "You have 14 days from delivery to return an item.",
            "Items may be returned for 14 days from delivery.",
        ),
        (
            "Snooze mutes the device for 15 minutes, 1 hour or 8 hours.",
            "Snooze mutes the device for 15 minutes, 1 hour or eight hours.",
        ),
        ("保修期为24个月。", "保修期是 24 个月。"),
        ("Refunds are paid within 14 days of receipt.", "Refunds are paid within two weeks of receipt."),
    ],
)
def test_other_words_for_the_same_keep_it(passage: str, claim: str) -> None:
    """A true paraphrase is supported."""
    (same,) = GroundingVerifier().verify(claim, [passage])
    assert same.verdict == "supported", same
