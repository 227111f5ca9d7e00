"""Small talk and the wish for a person."""

from __future__ import annotations

import pytest

from ragbot.dialogue import policy
from ragbot.types import Turn


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("hi", "greeting"),
        ("Hello there!", "greeting"),
        ("thanks a lot, bye", "thanks"),
        ("谢谢你", "thanks"),
        ("你好", "greeting"),
        ("在吗", "greeting"),
        ("are you a robot", "identity"),
        ("What can you do?", "ability"),
        ("ok", "agreement"),
        ("好", "agreement"),
        ("no worries", "agreement"),
        ("ok, thanks anyway", "thanks"),
        ("phew, thanks", "thanks"),
        ("thx, works now", "thanks"),
        ("搞定了，谢谢", "thanks"),
        ("no", "refusal"),
        ("no, I don't want to talk to anyone", "refusal"),
        ("I'll think about it", "refusal"),
        ("不用了", "refusal"),
        ("先不用，我再想想", "refusal"),
        ("不用转人工", "refusal"),
        ("Great, thanks!", "thanks"),
        ("再见", "goodbye"),
    ],
)
def test_courtesies_are_small_talk(message: str, kind: str) -> None:
    """A message of courtesies alone is small talk of its first kind."""
    assert policy.small_talk(message) == kind


@pytest.mark.parametrize(
    "message",
    [
        "hi, how long do refunds take?",
        "你好，怎么退款？",
        "Does the hub say hello?",
        "Thanks, and how much is shipping?",
        "What do you do with my data?",
        "",
        "🙂",
    ],
)
def test_a_question_with_a_courtesy_stays_a_question(message: str) -> None:
    """What is left after the courtesy decides."""
    assert policy.small_talk(message) is None


@pytest.mark.parametrize(
    "message",
    [
        "I want to talk to a human",
        "can I speak with someone about my refund?",
        "转人工",
        "帮我转接人工客服",
        "我要和真人说话",
        "Get me a real person now",
        "agent please",
        "I don't want to talk to a bot",
        "can somebody from your team please call me?",
        "请接一下客服",
        "please call me back",
    ],
)
def test_a_wish_for_a_person_is_heard(message: str) -> None:
    """Asking for a person is recognised in English and Chinese."""
    assert policy.wants_person(message)


@pytest.mark.parametrize(
    "message",
    [
        "What is the customer service phone number?",
        "你们的人工客服几点上班",
        "Can a second person use my account?",
        "Does the camera recognise people?",
        "谢谢，不用转人工",
        "I don't need a person, thanks",
        "I don't want to talk to anyone, just tell me the price",
    ],
)
def test_a_question_about_people_is_no_wish_for_one(message: str) -> None:
    """Opening hours and phone numbers are questions for the documents."""
    assert not policy.wants_person(message)


def test_replies_speak_the_customers_language() -> None:
    """Fixed replies exist in both languages and carry the contact."""
    assert "help@shop.example" in policy.abstain_reply("en", "help@shop.example")
    assert "人工" in policy.handoff_reply("zh", "")
    assert policy.small_talk_reply("greeting", "zh") != policy.small_talk_reply("greeting", "fr")
    assert "Chinese" in policy.foreign_lead("en", "zh")


@pytest.mark.parametrize(
    "message",
    [
        "yes please",
        "Yes!",
        "好的，谢谢",
        "sure",
        "需要",
        "sure, why not",
        "ok please do that",
        "可以，麻烦您了",
        "转吧",
    ],
)
def test_yes_to_the_offered_person_is_a_wish_for_one(message: str) -> None:
    """After an abstention that offers a person, a plain yes hands over; elsewhere it does not."""
    offer = Turn(role="assistant", text=policy.abstain_reply("en", "help@shop.example"))
    assert policy.accepts_offer(message, [Turn(role="user", text="Do you sell boats?"), offer])
    assert not policy.accepts_offer(message, [Turn(role="assistant", text="It takes 5 days.")])
    assert not policy.accepts_offer("yes, but how long does it take?", [offer])
