"""What kind of fact a question asks for, and which texts give one."""

from __future__ import annotations

import pytest

from ragbot.answer.expected import Asked, asked, gives


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How long do refunds take?", "duration"),
        ("How many business days does delivery take?", "duration"),
        ("退款需要多久？", "duration"),
        ("质保期是几年？", "duration"),
        ("How much is express shipping?", "money"),
        ("What is the price of the Pro plan?", "money"),
        ("会员多少钱一年？", "money"),
        ("How many cameras can I connect?", "count"),
        ("How much storage do I get?", "storage"),
        ("一个账号可以登录几台设备？", "count"),
        ("When are you open?", "when"),
        ("What are your opening hours?", "when"),
        ("客服几点上班？", "when"),
        ("What is your phone number?", "contact"),
        ("客服电话是什么？", "contact"),
        ("Where is the link to the form?", "url"),
        ("What percentage do you keep?", "percent"),
        ("How cold may it be outside?", "temperature"),
        ("最低温度是多少？", "temperature"),
        ("Can I return a lamp?", "none"),
        ("可以退货吗？", "none"),
        ("", "none"),
    ],
)
def test_a_question_asks_for_a_kind_of_fact(question: str, kind: Asked) -> None:
    """Its words tell, in English and Chinese; a yes-or-no question asks for none in particular."""
    assert asked(question) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Refunds take five days.", "duration"),
        ("退款需要 7 个工作日。", "duration"),
        ("Vouchers are valid immediately.", "duration"),
        ("Express costs €9.90.", "money"),
        ("Returns are free of charge.", "money"),
        ("满 99 元包邮。", "money"),
        ("We keep 15 % of the price.", "percent"),
        ("It works down to -20 °C.", "temperature"),
        ("Up to 4 cameras.", "count"),
        ("We are open from 9:00 to 17:00.", "when"),
        ("Closed on Sundays.", "when"),
        ("周一至周五营业。", "when"),
        ("Call +44 20 7946 0000.", "contact"),
        ("Write to help@shop.example.", "contact"),
        ("See https://shop.example/returns.", "url"),
    ],
)
def test_a_text_gives_a_kind_of_fact(text: str, kind: Asked) -> None:
    """A figure with the right unit, or a word that stands for one."""
    assert gives(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Refunds are paid by card.", "duration"),
        ("Express takes 2 days.", "money"),
        ("It has 4 GB.", "money"),
        ("Cameras are sold in the shop.", "count"),
        ("Refunds take 5 days.", "contact"),
        ("Ask us.", "url"),
        ("Up to 4 cameras.", "percent"),
        ("Refunds take 5 days and cost €3.", "none"),
        ("", "duration"),
    ],
)
def test_another_fact_is_not_the_one_asked_for(text: str, kind: Asked) -> None:
    """A figure of another unit, or none, does not answer; nothing answers a question for nothing."""
    assert not gives(text, kind)
