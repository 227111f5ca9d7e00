"""Messages that ask several things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.answer.several import MOST, questions


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (
            "How many devices can the Hub 1 manage, and how loud is the siren of the Hub 2 Pro?",
            ("How many devices can the Hub 1 manage", "how loud is the siren of the Hub 2 Pro?"),
        ),
        (
            "Which pack fits the Hub 2 Pro, what is its price, and how many years does it last?",
            ("Which pack fits the Hub 2 Pro", "what is its price", "how many years does it last?"),
        ),
        (
            "My parcel came crushed. Where do I send photos? How soon must I do that?",
            (
                "My parcel came crushed. Where do I send photos?",
                "My parcel came crushed. How soon must I do that?",
            ),
        ),
        (
            "What are the mounting heights for Doorbell 1 and Doorbell 2?",
            (
                "What are the mounting heights for Doorbell 1?",
                "What are the mounting heights for Doorbell 2?",
            ),
        ),
        ("What does the T1 weigh and how wide is it?", ("What does the T1 weigh", "how wide is it?")),
        ("门锁 L1 多少钱，保修多长时间？", ("门锁 L1 多少钱", "门锁 L1: 保修多长时间？")),
        ("年付多少钱？还有，无理由退货是几天？", ("年付多少钱？", "无理由退货是几天？")),
    ],
)
def test_each_question_stands_by_itself(message: str, parts: tuple[str, ...]) -> None:
    """Clauses, sentences and products side by side give a question each, with what was told before them."""
    language = "zh" if "\u4e00" <= message[-2] <= "\u9fff" else "en"
    assert questions(message, language) == parts


@pytest.mark.parametrize(
    "message",
    [
        "How long do refunds take?",
        "What is the difference between the Hub 2 and the Hub 2 Pro?",
        "Can I use the Hub 2 and the Hub 2 Pro together?",
        "When the light blinks red, what should I do?",
        "If I return it opened, what do you take off?",
        "I have 200 points, what are they worth?",
        "Do you know when and where it was published?",
        "Great and do they have a military discount",
        "My chime hums, why? What can I do?",
        "We have a cabin besides our house. What does adding it cost?",
        "T1 or T2?",
        "How do I pair it? Hi! Thanks!",
        "企业要专票呢，几天能开出来？",
        "在什么类型的气候中，海水中的氧含量处于较高水平？",
        "手机号早不用了，怎么办？",
        "",
        "?? and how? and what?",
    ],
)
def test_one_question_stays_whole(message: str) -> None:
    """Conditions, comparisons, courtesies and echoes are no questions of their own."""
    assert questions(message, "zh" if "，" in message else "en") == (message,)


def test_more_than_can_be_answered_apart_is_taken_as_a_whole() -> None:
    """A list of many questions is searched as it is."""
    message = " ".join(f"How do I reset the sensor{'s' * n}?" for n in range(MOST + 1))
    assert questions(message) == (message,)


@given(st.text(max_size=300))
def test_any_text_gives_at_least_one_question(message: str) -> None:
    """Whatever a customer types, something is asked, and never more than `MOST` things."""
    assert 1 <= len(questions(message)) <= MOST
