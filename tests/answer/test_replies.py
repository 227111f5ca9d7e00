"""Replies to the question which one is meant."""

from __future__ import annotations

import pytest

from ragbot.answer.clarify.replies import resolve
from ragbot.types import Pending

HUBS = Pending(question="How do I reset it?", facet="product", options=("Hub 1", "Hub 2", "Hub 2 Pro"))
PLACES = Pending(question="How long?", facet="region", options=("United States", "Europe"))
PLANS = Pending(question="Can I pause?", facet="plan", options=("Plus monthly", "Plus yearly", "Family"))
ZH = Pending(question="怎么重置？", facet="product", options=("中枢 2", "中枢 2 Pro", "温控器 T1"))
OPEN = Pending(question="How do I reset it?", facet="subject", options=())


@pytest.mark.parametrize(
    ("pending", "reply", "option"),
    [
        (HUBS, "Hub 2", "Hub 2"),
        (HUBS, "hub 2 please", "Hub 2"),
        (HUBS, "It's the Hub 2 Pro, thanks!", "Hub 2 Pro"),
        (HUBS, "I have the hub 1", "Hub 1"),
        (HUBS, "the pro", "Hub 2 Pro"),
        (HUBS, "Pro.", "Hub 2 Pro"),
        (HUBS, "the second one", "Hub 2"),
        (HUBS, "the first", "Hub 1"),
        (HUBS, "the last one", "Hub 2 Pro"),
        (HUBS, "2", "Hub 2"),
        (HUBS, "option 3", "Hub 2 Pro"),
        (HUBS, "3", "Hub 2 Pro"),
        (HUBS, "hub2", "Hub 2"),
        (HUBS, "hbu 2", "Hub 2"),
        (HUBS, "第二个", "Hub 2"),
        (HUBS, "最后一个", "Hub 2 Pro"),
        (PLACES, "europe", "Europe"),
        (PLACES, "I'm in Germany", "Europe"),
        (PLACES, "USA", "United States"),
        (PLACES, "us", "United States"),
        (PLACES, "Untied States", "United States"),
        (PLACES, "美国", "United States"),
        (PLACES, "I live in Europe", "Europe"),
        (PLANS, "yearly", "Plus yearly"),
        (PLANS, "the family plan", "Family"),
        (PLANS, "familly", "Family"),
        (PLANS, "monthly I think", "Plus monthly"),
        (ZH, "中枢2", "中枢 2"),
        (ZH, "中枢 2 Pro 的", "中枢 2 Pro"),
        (ZH, "第一个", "中枢 2"),
        (ZH, "温控器", "温控器 T1"),
        (ZH, "我的是温控器T1", "温控器 T1"),
        (ZH, "T1", "温控器 T1"),
    ],
)
def test_a_choice_completes_the_question(pending: Pending, reply: str, option: str) -> None:
    """By name, part of the name, place, another name of the region, and misspelt."""
    choice = resolve(pending, reply)
    assert choice is not None
    assert (choice.kind, choice.option) == ("one", option)
    assert choice.question == f"{option}: {pending.question}"


@pytest.mark.parametrize(
    ("pending", "reply", "kind"),
    [
        (HUBS, "both", "all"),
        (HUBS, "all of them", "all"),
        (HUBS, "any", "all"),
        (HUBS, "either one is fine", "all"),
        (ZH, "都要", "all"),
        (ZH, "两个都要", "all"),
        (ZH, "随便", "all"),
        (HUBS, "neither", "none"),
        (HUBS, "none of these", "none"),
        (HUBS, "something else", "none"),
        (ZH, "都不是", "none"),
        (HUBS, "I don't know", "unknown"),
        (HUBS, "no idea, how can I tell?", "unknown"),
        (HUBS, "not sure", "unknown"),
        (ZH, "不知道", "unknown"),
        (ZH, "我不清楚", "unknown"),
    ],
)
def test_all_none_and_not_known_are_replies(pending: Pending, reply: str, kind: str) -> None:
    """Nothing is remembered of them; all of them complete the question."""
    choice = resolve(pending, reply)
    assert choice is not None
    assert (choice.kind, choice.option) == (kind, "")
    assert choice.question.endswith(pending.question)
    if kind == "all":
        assert all(option in choice.question for option in pending.options)


@pytest.mark.parametrize(
    ("pending", "message"),
    [
        (HUBS, "How long does the Hub 2 battery last?"),
        (HUBS, "What are your opening hours?"),
        (HUBS, "Hub 3"),
        (HUBS, "hub"),
        (HUBS, "I'd like to return my camera because the picture is bad and it came late anyway"),
        (HUBS, "where is my order"),
        (HUBS, "7"),
        (PLACES, "Canada"),
        (PLACES, "How much is the shipping to Germany?"),
        (ZH, "退货要多少钱？"),
        (ZH, "中枢 2 能连接多少个设备？"),
        (OPEN, "How long is the warranty?"),
        (HUBS, ""),
        (HUBS, "  "),
        (HUBS, "?!"),
    ],
)
def test_another_message_is_no_choice(pending: Pending, message: str) -> None:
    """A new question, even one that names an option; what is not on the list; what fits two of it."""
    assert resolve(pending, message) is None


def test_an_open_question_takes_what_is_said() -> None:
    """Where there were no options, a short reply is the choice."""
    choice = resolve(OPEN, "my doorbell.")
    assert choice is not None
    assert (choice.question, choice.option) == ("my doorbell: How do I reset it?", "my doorbell")
