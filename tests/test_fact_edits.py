"""The generator of single-fact edits: one thing changes, the controls stay true, the seed decides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

import edits_en
import edits_en_sense
import edits_zh
import paraphrases_en
import paraphrases_zh
from edits_en import Place
from fact_edits import generate
from fact_passages import Passage, read_passages

ROOT = Path(__file__).parents[1]
EDITS_EN = {**edits_en.RULES, **edits_en_sense.RULES}


def outcomes(rules: object, kind: str, sentence: str, passage: str = "") -> set[str | None]:
    """What a rule makes of a sentence, over fifty seeds."""
    place = Place(passage=passage or sentence, names={})
    assert isinstance(rules, dict)
    return {rules[kind](sentence, place, Random(seed)) for seed in range(50)}


def test_a_number_moves_to_the_side_that_is_false() -> None:
    """Above `at least` it grows, below `up to` it shrinks, and it is never a figure that the passage has."""
    grown = outcomes(
        EDITS_EN, "number", "You need at least 10 points.", "You need at least 10 points, not 20."
    )
    assert grown <= {f"You need at least {n} points." for n in range(11, 31)} - {
        "You need at least 20 points."
    }
    shrunk = outcomes(EDITS_EN, "number", "You may stay up to 90 days.")
    assert shrunk <= {f"You may stay up to {n} days." for n in range(1, 90)}
    assert outcomes(EDITS_EN, "number", "It opened in 1998.") == {None}


@pytest.mark.parametrize(
    ("kind", "sentence", "wanted"),
    [
        ("unit", "Refunds take 14 days.", {"Refunds take 14 hours.", "Refunds take 14 weeks."}),
        ("negation", "The lamp is covered.", {"The lamp is not covered."}),
        ("negation", "You cannot return it.", {"You can return it."}),
        ("modality", "You must call us.", {"You need not call us.", "You may call us."}),
        (
            "condition",
            "If it is damaged, we replace it.",
            {"Unless it is damaged, we replace it.", "We replace it."},
        ),
        ("condition", "Keep it at least a day.", {"Keep it at most a day."}),
        ("modality", "He would win should he play.", {None}),
        ("negation", "It is not only red.", {None}),
    ],
)
def test_one_thing_of_an_english_sentence_changes(kind: str, sentence: str, wanted: set[str | None]) -> None:
    """Each rule changes what it is named after, and nothing where there is nothing of that kind."""
    assert outcomes(EDITS_EN, kind, sentence) <= wanted


@pytest.mark.parametrize(
    ("kind", "sentence", "wanted"),
    [
        ("unit", "退款需要14天。", {"退款需要14小时。", "退款需要14周。"}),
        ("negation", "中枢支持蓝牙。", {"中枢不支持蓝牙。"}),
        ("modality", "您必须先登录。", {"您可以先登录。"}),
        ("condition", "如果损坏，我们会更换。", {"我们会更换。"}),
        ("condition", "至少保留一天。", {"至多保留一天。"}),
        ("modality", "那须高原很大。", {None}),
    ],
)
def test_one_thing_of_a_chinese_sentence_changes(kind: str, sentence: str, wanted: set[str | None]) -> None:
    """As in English."""
    assert outcomes(edits_zh.RULES, kind, sentence) <= wanted


def test_values_change_places() -> None:
    """Two of a kind in a sentence, or one with another sentence's; a range stays whole."""
    both = "Lamps have a warranty of 24 months and our spare batteries of 6 months."
    assert outcomes(EDITS_EN, "swap", both) == {
        "Lamps have a warranty of 6 months and our spare batteries of 24 months."
    }
    passage = "Lamps have 24 months of warranty. Batteries have 6 months."
    assert outcomes(EDITS_EN, "swap", "Batteries have 6 months.", passage) == {"Batteries have 24 months."}
    table = "Part: lamp; Price: 5 euros\nPart: cable; Price: 3 euros"
    assert outcomes(EDITS_EN, "swap", "Part: cable; Price: 3 euros", table) == {"Part: cable; Price: 5 euros"}
    assert outcomes(
        EDITS_EN, "swap", "It ran from 1990 to 1995.", "It ran from 1990 to 1995. In 2001 it ended."
    ) == {None}


@pytest.mark.parametrize(
    ("kind", "sentence", "wanted"),
    [
        ("notation", "It holds 20% of it.", {"It holds 20 percent of it."}),
        (
            "notation",
            "Paid on March 5, 2025 in full.",
            {"Paid on 5 March 2025 in full.", "Paid on 2025-03-05 in full."},
        ),
        (
            "order",
            "If it is late, your bank may charge a fee.",
            {"Your bank may charge a fee if it is late."},
        ),
        ("wording", "It does not fit.", {"It doesn't fit."}),
        (
            "shorter",
            "The doorbell (DB-230) also rings twice.",
            {"The doorbell also rings twice.", "The doorbell (DB-230) rings twice."},
        ),
        ("shorter", "The discount (unless it is reduced) holds for a year.", {None}),
    ],
)
def test_a_control_says_the_same(kind: str, sentence: str, wanted: set[str | None]) -> None:
    """Each way of saying it otherwise is one of those that follow from the sentence."""
    found = {paraphrases_en.RULES[kind](sentence, Random(seed)) for seed in range(30)}
    assert found <= wanted


def test_a_chinese_control_says_the_same() -> None:
    """Figures in another notation, words left out that nothing rests on."""
    found = {paraphrases_zh.RULES["notation"]("超过30%的用户。", Random(seed)) for seed in range(9)}
    assert found == {"超过百分之30的用户。"}
    assert (
        paraphrases_zh.RULES["shorter"]("此外，新品签收之后可以换货。", Random(0)) == "新品签收之后可以换货。"
    )


def test_the_sample_company_gives_balanced_pairs() -> None:
    """As many controls as edits, no id twice, no edit that stands in its passage; the seed alone decides."""
    passages = read_passages(ROOT / "tests" / "text", [ROOT / "knowledge"])
    items = generate(passages, seed=3, per_kind={"en": 8, "zh": 4})
    labels = Counter(each.label for each in items)
    assert labels["unsupported"] > 40
    assert labels["supported"] == labels["unsupported"]
    assert len({each.id for each in items}) == len(items)
    assert not [each.id for each in items if each.label == "unsupported" and each.claim in each.passage]
    assert items == generate(passages, seed=3, per_kind={"en": 8, "zh": 4})
    assert items != generate(passages, seed=4, per_kind={"en": 8, "zh": 4})


def test_a_passage_without_facts_gives_nothing() -> None:
    """Neither edits nor controls."""
    bare = Passage(set="s", source="d", text="Hello there, dear customers of ours.", language="en")
    assert generate([bare]) == []
