"""Two questions are one only where nothing but the typing differs."""

from __future__ import annotations

import pytest

from ragbot.answer.stored.same import Grade, compare, read

DOCUMENTS = frozenset("return order form from month monthli account card europ".split())


def known(word: str) -> bool:
    return word in DOCUMENTS


def grade(message: str, stored: str, language: str = "en") -> Grade:
    return compare(read(message, language), read(stored, language), known)


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("How do I return a lamp?", "How do I return a lamp?"),
        ("HOW DO I RETURN A LAMP", "How do I return a lamp?"),
        ("hi, could you please tell me how I can return the lamp? thanks!", "How do I return a lamp?"),
        ("I was wondering if I can merge 2 accounts", "Can I merge two accounts?"),
        ("Am I allowed to merge two accounts?", "Can I merge two accounts?"),
        ("how do i retrun a lamp", "How do I return a lamp?"),
        ("how do i cancle my yearly subscripton now", "How do I cancel my yearly subscription now?"),
        ("In Europe, can I order by phone?", "Can I order by phone in Europe?"),
        ("Wi-Fi password?", "wifi password"),
        ("what's the e-mail address of support", "What is the email address of support?"),
        ("How do I reset the Hub2?", "How do I reset the Hub 2?"),
        ("What does error E417 mean?", "What does error E-417 mean?"),
        ("Why can't I sign in?", "why cannot I sign in"),
        ("Do you ship to the U.S.?", "do you ship to the United States"),
        ("请问有没有学生优惠？", "有学生优惠吗"),
        ("如何联系人工客服", "怎么联系人工客服？"),
        ("您好，想问一下可以开专票吗，谢谢", "能不能开专票？"),
        ("ＡＰＰ支持安卓１０吗？", "app 支持安卓 10 吗"),
        ("Wie kann ich meine Bestellung stornieren", "wie kann ich meine bestellung stornieren?"),
    ],
)
def test_the_same_typed_otherwise(message: str, stored: str) -> None:
    """Case, marks, courtesies, slips, small words and moved words change nothing, in either direction but slips."""
    assert grade(message, stored) == "same"


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("How do I reset the Hub 1?", "How do I reset the Hub 2?"),
        ("Can I merge three accounts?", "Can I merge two accounts?"),
        ("Can I not cancel my order?", "Can I cancel my order?"),
        ("Can I cancel my order?", "Can't I cancel my order?"),
        ("Can I return a lamp without a receipt?", "Can I return a lamp with a receipt?"),
        ("Can I return a lamp after 30 days?", "Can I return a lamp?"),
        ("Can I order by phone?", "Can I order by phone in Europe?"),
        ("Do you ship to the US?", "Do you ship to the EU?"),
        ("How do I turn the camera off?", "How do I turn the camera on?"),
        ("How long is the monthly plan?", "How long is the yearly plan?"),
        ("How long does it take to refund a card?", "How much does it take to refund a card?"),
        ("When can I cancel my order?", "Where can I cancel my order?"),
        ("Can I move from Basic to Plus?", "Can I move from Plus to Basic?"),
        ("Can a guest invite an owner?", "Can an owner invite a guest?"),
        ("Can you call me something else?", "Can I call you something else?"),
        ("What is your name please?", "What is my name please?"),
        ("Where is my form?", "Where is my from?"),
        ("Where is my order from?", "Where is my order form?"),
        ("Is it warm at -5 degrees?", "Is it warm at 5 degrees?"),
        ("What is error E-417?", "What is error E-471?"),
        ("v2.3.1 release notes", "v2.3.2 release notes"),
        ("有没有发票", "没有发票"),
        ("从上海寄到北京要几天", "从北京寄到上海要几天"),
        ("门锁 L1 保修多久", "门锁 L2 保修多久"),
        ("家里停电后门锁不能打开吗", "家里停电后门锁能打开吗"),
        ("", "How do I return a lamp?"),
        ("?!", "?!"),
        ("the of", "the of"),
    ],
)
def test_what_asks_something_else(message: str, stored: str) -> None:
    """A figure, a code, a name, a "not", a condition, a direction, who does what: each makes another question."""
    assert grade(message, stored) == "other"


def test_a_word_of_the_documents_is_no_slip() -> None:
    """`form` is a word, so it does not stand for `from`; a word that no document has may be a slip."""
    assert grade("how do I fill in the oder", "how do I fill in the order") == "same"
    assert grade("how do I fill in the order", "how do I fill in the older") == "other"


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("What is the way to see my invoices now?", "How do I get my invoices?"),
        ("See invoices", "What are invoices?"),
    ],
)
def test_other_kinds_of_question_are_others(message: str, stored: str) -> None:
    """How something is done is not what it is."""
    assert grade(message, stored) != "same"


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("How can I get the lamp to work with the app?", "How do I use the lamp with the app?"),
        ("Opening hours of the store", "What are the opening hours of the store?"),
        ("invoices", "an invoice"),
    ],
)
def test_near_questions_differ_by_words_that_weigh_little(message: str, stored: str) -> None:
    """They are left to the embedder; so is a question of one word that is typed otherwise."""
    assert grade(message, stored) == "near"


def test_a_pointer_without_antecedent_asks_for_nothing_known() -> None:
    """ "How do I reset it?" means whatever was spoken of, not the thing under whose title it stands."""
    assert grade("How do I reset it?", "How do I reset it?") == "other"
    assert grade("how long does it take", "How long does it take?") == "other"
    assert grade("how long does it take to ship a lamp", "How long does it take to ship a lamp?") == "same"
    assert grade("The lamp is broken. Can I return it?", "The lamp is broken. Can I return it?") == "same"


def test_long_and_strange_messages_are_read_at_once() -> None:
    """Repeated courtesies and words do not make the patterns go back and forth."""
    for text in (
        "please " * 600,
        "can you tell me if " * 200,
        "a" * 4000,
        "我想问一下" * 800,
        "i would like to " * 250,
    ):
        assert grade(text, "How do I return a lamp?") == "other"
