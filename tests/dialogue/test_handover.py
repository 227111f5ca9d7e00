"""The packet for the person who takes over, and the reply to the customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from passages import passage

from ragbot.dialogue import policy
from ragbot.dialogue.handover.packet import Conversation, make_packet, mood_words, reply
from ragbot.settings import HandoverSettings
from ragbot.types import Form, Handover, Mood, Profile, State, Trigger, Turn


def talk(*texts: str) -> tuple[Turn, ...]:
    """Customer and bot in turns."""
    return tuple(
        Turn(role="assistant" if place % 2 else "user", text=text, at=float(place))
        for place, text in enumerate(texts)
    )


REFUND = Conversation(
    message="I want to talk to a human",
    history=talk(
        "Hi!",
        "Hello! What would you like to know?",
        "How long do refunds take?",
        "Refunds take 5 days. [1]",
        "Do you refund shipping to Norway?",
        policy.abstain_reply("en", ""),
    ),
    state=State(
        form=Form(intent="refund", values={"order_number": "4711"}), choices={"plan": "Pro"}, abstentions=1
    ),
    intent="refund",
    mood=Mood(sentiment=-0.45, urgency=0.8),
    hits=(
        passage("Refunds take 5 days.", source="returns.md"),
        passage("Shipping is not refunded.", source="returns.md"),
        passage("Norway is outside the EU.", source="norway.md"),
    ),
    sources=("faq.md", "norway.md"),
    profile=Profile(name="Ada"),
    session="c-17",
    trace_id="00ff",
)


def make(conversation: Conversation, trigger: Trigger = "asked", **more: Any) -> Handover:
    return make_packet(conversation, trigger, identity="h-1", now=100.0, **more)


def test_a_packet_holds_what_a_person_needs() -> None:
    """Reason, fields with the form's winning, sources once each, mood, the conversation, and for whom."""
    made = make(REFUND, open_at=200.0)
    assert made.reason == "asked for a person"
    assert made.fields == {"plan": "Pro", "order_number": "4711"}
    assert made.sources == ("returns.md", "norway.md", "faq.md")
    assert (made.sentiment, made.urgency, made.open_at) == (-0.45, 0.8, 200.0)
    assert made.transcript[-1] == Turn(role="user", text="I want to talk to a human", at=100.0)
    assert made.transcript[:-1] == REFUND.history
    assert (made.profile, made.session, made.trace_id) == (Profile(name="Ada"), "c-17", "00ff")
    assert make(REFUND, open_at=200.0) == made, "it is deterministic"


def test_the_summary_says_what_was_asked_and_tried() -> None:
    """Questions alone, without courtesies and demands; how the replies ended; fields; the mood in words."""
    assert make(REFUND).summary == (
        "The customer asks: “How long do refunds take?”; “Do you refund shipping to Norway?”."
        " Tried: answered from the documents (1); not found in the documents (1); other replies (1)."
        " Given: plan: Pro; order number: 4711. Mood: unhappy, urgent."
    )


def test_the_message_that_was_not_answered_counts() -> None:
    """Where abstentions in a row led to a person, the last of them is this one."""
    assert "not found in the documents (2)" in make(REFUND, "abstentions").summary


def test_questions_of_the_summary_follow_one_another() -> None:
    """A follow-up stands behind what it follows."""
    asked = Conversation(
        message="And the Hub 3?", history=talk("What is the range of the Hub 2?", "30 m [1]")
    )
    assert make(asked).summary.startswith(
        "The customer asks: “What is the range of the Hub 2?”; “And the Hub 3?”"
    )


def test_the_summary_speaks_chinese_to_chinese_customers() -> None:
    """As does the suggested reply."""
    asked = Conversation(
        message="转人工",
        history=talk("退款要多久？", policy.abstain_reply("zh", "")),
        language="zh",
        mood=Mood(sentiment=-0.7, urgency=0.0),
        fields={"订单号": "4711"},
        hits=(passage("退款需要五天。", source="退货.md"),),
    )
    made = make(asked)
    assert made.summary == (
        "客户的问题：“退款要多久？”。已尝试：文档中未找到（1 次）。已提供：订单号：4711。情绪：愤怒。"
    )
    assert made.suggested_reply == (
        "您好！\n给您带来不便，非常抱歉。\n我已看过您与智能助手关于“退款要多久？”的对话。\n已收到的信息：订单号：4711。\n"
        "摘自我们的文档（未针对此问题核实）：“退款需要五天。”（退货.md）\n我正在为您处理。还有什么需要我事先了解的吗？"
    )


def test_the_suggested_reply_marks_what_is_unverified() -> None:
    """It names the matter and the fields, and quotes the likeliest passage for what it is."""
    assert make(REFUND).suggested_reply == (
        "Hello Ada,\nI'm sorry for the trouble this has caused you.\n"
        "I have read your conversation with our assistant about “Do you refund shipping to Norway?”.\n"
        "I already have: plan: Pro; order number: 4711.\n"
        "From our documents, unverified for this question: “Refunds take 5 days.” (returns.md)\n"
        "I'm looking into it now. Is there anything I should know beforehand?"
    )


def test_a_first_message_is_enough() -> None:
    """Nothing asked, nothing tried, nobody known."""
    made = make(Conversation(message="agent please"))
    assert made.summary == "The customer has asked nothing yet. Tried: nothing yet."
    assert made.suggested_reply.startswith("Hello,\nI have read your conversation with our assistant.\n")
    assert (made.sentiment, made.sources, made.fields) == (None, (), {})


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ("accepted", "accepted the offer of a person"),
        ("intent", "refund goes to a person"),
        ("sensitive", "sensitive: refund"),
        ("abstentions", "messages in a row without an answer: 1"),
        ("mood", "the mood is bad or getting worse"),
        ("function", "the function for refund failed"),
    ],
)
def test_each_trigger_has_its_reason(trigger: Trigger, reason: str) -> None:
    """In a few words."""
    assert make(REFUND, trigger).reason == reason


def test_a_long_conversation_is_cut() -> None:
    """The newest 50 turns, long ones with a mark of what is missing; the packet stays small whatever came before."""
    long = Conversation(
        message="x" * 1_000_000, history=talk(*(f"How long is part {number}?" for number in range(10_000)))
    )
    made = make(long)
    assert len(made.transcript) == 50
    assert made.transcript[0].text == "How long is part 9951?"
    assert made.transcript[-1].text.endswith(" […998000 characters more]")
    assert len(made.summary) < 3000
    assert len(made.suggested_reply) < 1500


def test_braces_and_marks_of_customers_change_nothing() -> None:
    """What they type is text, not a template."""
    made = make(Conversation(message="What is {questions} and {0}?", profile=Profile(name="{name}")))
    assert "“What is {questions} and {0}?”" in made.summary
    assert made.suggested_reply.startswith("Hello {name},")


@pytest.mark.parametrize(
    ("sentiment", "urgency", "words"),
    [
        (-0.9, 0.0, ("angry",)),
        (-0.3, 0.0, ("unhappy",)),
        (0.0, 0.9, ("plain", "urgent")),
        (0.5, 0.0, ("happy",)),
    ],
)
def test_a_mood_in_words(sentiment: float, urgency: float, words: tuple[str, ...]) -> None:
    """As the summary says it."""
    assert mood_words(Mood(sentiment=sentiment, urgency=urgency)) == words


BERLIN = HandoverSettings(timezone="Europe/Berlin")
TUESDAY = datetime.fromisoformat("2026-11-24T20:00:00+01:00").timestamp()


def opening(text: str) -> float:
    return datetime.fromisoformat(f"{text}:00+01:00").timestamp()


@pytest.mark.parametrize(
    ("open_at", "en", "zh"),
    [
        ("2026-11-30T09:00", "on Monday at 09:00", "周一 09:00"),
        ("2026-11-24T22:00", "today at 22:00", "今天 22:00"),
        ("2026-12-24T10:30", "on 2026-12-24 at 10:30", "2026-12-24 10:30"),
    ],
)
def test_the_customer_reads_when_somebody_is_back(open_at: str, en: str, zh: str) -> None:
    """In the time zone of the office: today, on a day of the coming week, or on a date."""
    plain = replace(REFUND, mood=None)
    said = reply(plain, "asked", BERLIN, contact="", now=TUESDAY, open_at=opening(open_at))
    assert said == f"I'll hand you over to a person. Our team is back {en} (Europe/Berlin)."
    said = reply(
        replace(plain, language="zh"), "asked", BERLIN, contact="", now=TUESDAY, open_at=opening(open_at)
    )
    assert said == f"正在为您转接人工客服。我们的团队将于{zh}（Europe/Berlin）恢复服务。"


def test_the_reply_fits_mood_and_trigger() -> None:
    """An apology to the unhappy, a word on why a person is needed, and how to reach one."""
    said = reply(REFUND, "sensitive", BERLIN, contact="desk@shop.example", now=TUESDAY)
    assert said == (
        "I'm sorry about the trouble. This needs a person, not a program. I'll hand you over to a person."
        " You can reach our team here: desk@shop.example"
    )
    said = reply(replace(REFUND, language="zh"), "function", BERLIN, contact="", now=TUESDAY)
    assert said == "非常抱歉给您带来不便。刚才的操作没有完成。正在为您转接人工客服。"


def test_who_was_called_before_is_not_announced_anew() -> None:
    """The customer reads that the team knows."""
    said = reply(replace(REFUND, mood=None), "sensitive", BERLIN, contact="", now=TUESDAY, again=True)
    assert said == "I've already passed this on to our team; they have our conversation."
