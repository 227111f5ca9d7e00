"""Questions drafted out of documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import open_quick, quick_sync

from ragbot.errors import InputError
from ragbot.evaluate.draft import chinese, english, headings, tables
from ragbot.evaluate.draft.draft import DRAFT, UNANSWERABLE, draft
from ragbot.evaluate.draft.misses import Invented
from ragbot.evaluate.draft.quantities import quantities, ways
from ragbot.evaluate.exchange.native import to_text
from ragbot.evaluate.metrics import contains, contains_groups
from ragbot.evaluate.testset import load_testset, resolve_sources
from ragbot.index.knowledge_base import KnowledgeBase

RETURNS = """# Returns of the Lamp L-20

## Period

Devices may be returned within 21 days of delivery. The label costs $9.95. You can store 100 scenes on the lamp.

## Reset the lamp to its factory settings

Hold the button on the back for 10 seconds. The restart takes about 90 seconds. Then open the app and pair it again.

## If your lamp does not blink

Check the power supply first. If that does not help, write to us and name the serial number of the lamp.

| Model | Stock code | Weight |
|---|---|---|
| Lamp 2 | LA200-WHT | 1.2 kg |
| Lamp 2 Pro | LA220-WHT | 1.4 kg |
"""
FAQ = "question,answer\nHow do I pay?,With a card.\nHow long does a refund take?,It takes 5 days.\n"
ZH = """# 配送说明

## 取消订单

订单满199元包邮；快递柜免费保管24小时。发货前可以在小程序里自行取消，退款原路返回。
"""


@pytest.fixture
def kb(tmp_path: Path) -> KnowledgeBase:
    """A knowledge base with a page, an FAQ and a Chinese page."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "returns.md").write_text(RETURNS, encoding="utf-8")
    (folder / "faq.csv").write_text(FAQ, encoding="utf-8")
    (folder / "zh.md").write_text(ZH, encoding="utf-8")
    opened = open_quick(tmp_path / "kb")
    quick_sync(opened, folder)
    return opened


@pytest.mark.parametrize(
    ("sentence", "question", "fact"),
    [
        (
            "Devices may be returned within 21 days of delivery.",
            "Within how many days of delivery may devices be returned?",
            "21 days",
        ),
        ("Backups are kept for 60 days.", "How long are backups kept?", "60 days"),
        ("The restart takes about 90 seconds.", "How long does the restart take?", "90 seconds"),
        ("The label fee is $9.95.", "How much is the label fee?", "$9.95"),
        ("The label costs $9.95.", "How much does the label cost?", "$9.95"),
        ("You can store 100 scenes on your hub.", "How many scenes can I store on my hub?", "100 scenes"),
        (
            "We answer within 5 business days.",
            "Within how many business days do you answer?",
            "5 business days",
        ),
        ("Hold the button for 10 seconds.", "How long do I need to hold the button?", "10 seconds"),
        ("Batteries have a warranty of 6 months.", "What is the warranty of batteries?", "6 months"),
        ("The typical range is 10 km.", "What is the typical range?", "10 km"),
        ("The offer ends on 31 January.", "When does the offer end?", "31 January"),
        ("A key is valid for one year.", "How long is a key valid?", "one year"),
    ],
)
def test_a_sentence_becomes_the_question_for_its_figure(sentence: str, question: str, fact: str) -> None:
    """In the customer's mouth."""
    assert english.ask(sentence) == (question, fact)


@pytest.mark.parametrize(
    "sentence",
    [
        "It takes 5 days.",
        "If you wait for 5 days, the price falls.",
        "You must be at least 16 years old.",
        "The price is $5 or 6 euros.",
        "Devices are not kept for 60 days.",
        "See https://shop.example for 5 days.",
        "The hub, which waits for 5 days, is blue.",
        "Delivery: 5 days.",
        "Nothing of the kind is known here.",
        "5 days.",
        "",
    ],
)
def test_a_sentence_that_fits_no_pattern_safely_gives_none(sentence: str) -> None:
    """A wrong question costs its reader more than a missing one."""
    assert english.ask(sentence) is None


@given(st.text(alphabet="The hubs costyouwearein5 days$.,?()2:\n€", max_size=60))
@settings(max_examples=200)
def test_any_text_is_safe_to_ask_about(text: str) -> None:
    """No text breaks the patterns; every fact stands in its text."""
    for found in (english.ask(text), *chinese.ask(text)):
        assert found is None or (found[1] in " ".join(text.split()) and found[0].endswith(("?", "？")))
    headings.ask(text)
    headings.ask_chinese(text)
    list(tables.ask(text))


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Reset the password for your account", "How do I reset the password for my account?"),
        ("How to delete your account", "How do I delete my account?"),
        ("Using the included licenses", "How do I use the included licenses?"),
        ("2. Add a device", "How do I add a device?"),
        ("If your device can't be added", "My device can't be added. What can I do?"),
        ("Error: No device found", "I get the error No device found. What can I do?"),
        ("How do I change my name?", "What do I have to do to change my name?"),
        ("Can I share a clip?", "Is it possible to share a clip?"),
    ],
)
def test_headings_that_say_what_to_do(heading: str, question: str) -> None:
    """Instructions, problems and questions."""
    assert headings.ask(heading) == question


@pytest.mark.parametrize(
    "heading",
    [
        "Return and refund policy",
        "Export and sanctions",
        "Error codes",
        "Schedule of changes",
        "Setting up",
        "Overview",
        "Lamp 1 or 2?",
        "Buying on invoice",
        "If you still need help",
        "Selling or giving away the hub",
    ],
)
def test_headings_that_say_nothing_to_do(heading: str) -> None:
    """Nouns that look like verbs, and what is too short or too general."""
    assert headings.ask(heading) is None


@pytest.mark.parametrize(
    ("sentence", "asked"),
    [
        (
            "订单满199元包邮；不满199元收取运费12元。",
            [("订单满多少元包邮？", "199元"), ("不满199元收取运费多少元？", "12元")],
        ),
        ("请放在离地 1 至 1.5 米处，避开窗口。", [("要放在离地多少米处？", "1 至 1.5 米")]),
        ("工作日16:00前付款的订单当天发货。", [("工作日几点前付款的订单当天发货？", "16:00")]),
        ("注销账号后有十五天冷静期。", [("注销账号后有多少天冷静期？", "十五天")]),
        ("其保修期为 24 个月。", []),
        ("电量低于10%", []),
        ("连续输错 5 次密码", []),
    ],
)
def test_chinese_clauses_keep_their_order(sentence: str, asked: list[tuple[str, str]]) -> None:
    """The figure gives way to its question word, where it stands."""
    assert chinese.ask(sentence) == asked


def test_chinese_headings() -> None:
    """Instructions and questions; titles of rules are none."""
    assert headings.ask_chinese("如何重置中枢 2") == "怎样才能重置中枢 2？"
    assert headings.ask_chinese("三、修改收货地址") == "怎么修改收货地址？"
    assert headings.ask_chinese("可以开发票吗？") == "可不可以开发票？"
    assert headings.ask_chinese("安装说明书") is None


def test_rows_of_tables() -> None:
    """Things in the first column, or properties; figures only, and no cell that cannot be asked about."""
    asked = [
        (question, cell)
        for question, cell, _ in tables.ask("Model: Hub 2; Stock code: HB200-A; In shops: yes")
    ]
    assert asked == [("What is the stock code of Hub 2?", "HB200-A")]
    asked = [
        (question, cell) for question, cell, _ in tables.ask("Property: Automations; Hub 1: 25; Hub 2: no")
    ]
    assert asked == [("How many automations does Hub 1 have?", "25")]
    asked = [
        (question, cell) for question, cell, _ in tables.ask("型号: BT-230; 价格: 219 元; 名称: 电池 2 号")
    ]
    assert asked == [("BT-230的价格是多少？", "219 元"), ("BT-230的名称是什么？", "电池 2 号")]


@pytest.mark.parametrize(
    ("fact", "others"),
    [
        ("30 days", ["30-day", "thirty days", "30天"]),
        ("5 to 7 business days", ["5-7 business days"]),
        ("$9.95", ["9.95"]),
        ("15 %", ["15%", "15 percent"]),
        ("24小时", ["24 hours"]),
        ("1 day", ["one day"]),
    ],
)
def test_a_fact_may_be_written_otherwise(fact: str, others: list[str]) -> None:
    """A right answer is right in these wordings, and a wrong figure in none."""
    for other in (fact, *others):
        assert contains_groups(f"It is {other}.", [ways(fact)]), other
    assert not contains_groups("It is 31 days, 8.95, 16%, 25 hours, 2 days.", [ways(fact)])


def test_figures_do_not_overlap() -> None:
    """A price is not also a number of things."""
    found = quantities("It costs $5 per month for 3 months and 20 % of 4 devices from 9:00 on 5 May 2025.")
    assert [each.text for each in found] == ["$5", "3 months", "20 %", "4 devices", "9:00", "5 May 2025"]


def test_a_near_miss_asks_about_a_name_that_no_document_has() -> None:
    """All that names the thing changes, its code in brackets too; without a name there is none."""
    import random

    invented = Invented(["Hub 2 (HB-200), Hub 4, Hub 5, Hub 6"], random.Random(1))
    made = invented.instead("What is the weight of Hub 2 (HB-200)?")
    assert made is not None
    question, old, new = made
    assert (old, question) == ("Hub 2", f"What is the weight of {new}?")
    assert new in ("Hub 3", "Hub 7", "Hub 8", "Hub 9")
    assert invented.instead("How long does a refund take?") is None


def test_a_draft_is_a_test_set(kb: KnowledgeBase, tmp_path: Path) -> None:
    """Its rows load, its sources exist, its facts stand in them, and no question comes twice."""
    cases = draft(kb, 40)
    file = tmp_path / "draft.jsonl"
    file.write_text(to_text(cases), encoding="utf-8")
    assert load_testset(file) == cases
    texts = {document.source: document.text for document in kb.documents()}
    assert resolve_sources(cases, texts) == cases
    assert len({case.question for case in cases}) == len(cases)
    for case in cases:
        assert case.tags[0] == DRAFT
        for group in case.must_contain:
            assert contains(texts[case.sources[0]], group[0])
    questions = {case.question: case for case in cases}
    assert any(question.endswith("ow long does the restart take?") for question in questions)
    assert questions["How much time does a refund take?"].must_contain[0][0] == "5 days"
    assert questions["What is the stock code of Lamp 2?"].sources == ("docs/returns.md",)


def test_a_fifth_of_a_draft_is_unanswerable(kb: KnowledgeBase) -> None:
    """They name what no document names, expect silence, and have no source."""
    cases = draft(kb, 10)
    missing = [case for case in cases if UNANSWERABLE in case.tags]
    assert (len(cases), len(missing)) == (10, 2)
    assert all(case.expect == "abstained" and not case.sources and not case.must_contain for case in missing)


def test_the_same_seed_gives_the_same_draft(kb: KnowledgeBase) -> None:
    """And another seed another one."""
    assert draft(kb, 10, seed=3) == draft(kb, 10, seed=3)
    assert draft(kb, 10, seed=3) != draft(kb, 10, seed=4)


def test_documents_take_turns(kb: KnowledgeBase) -> None:
    """Few questions come from different documents."""
    cases = [case for case in draft(kb, 4) if case.sources]
    assert len({case.sources for case in cases}) == 3


def test_a_draft_in_one_language(kb: KnowledgeBase) -> None:
    """Of its documents only; where there are none, the error says what is needed."""
    assert {case.language for case in draft(kb, 10, language="zh")} == {"zh"}
    with pytest.raises(InputError, match="no question can be made of the 0 documents in de"):
        draft(kb, 10, language="de")
