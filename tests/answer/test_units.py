"""The pieces of a passage that can be quoted."""

from __future__ import annotations

from typing import Any

import pytest

from ragbot.answer.units import announces, units, whole_list
from ragbot.types import Chunk, Hit


def hit(text: str, **meta: Any) -> Hit:
    chunk = Chunk(
        id="c",
        document_id="d",
        source="s.md",
        title="T",
        heading="",
        text=text,
        start=0,
        end=len(text),
        meta=meta,
    )
    return Hit(chunk=chunk, score=1.0)


def test_every_piece_stands_at_its_offsets() -> None:
    """Sentences, rows, lists: `text[start:end]`."""
    text = (
        "Intro sentence. It has:\n\n- one\n- two\n\nPlan: A; Price: 1.50. Low; Best: yes\nPlan: B; Price: 2"
    )
    for unit in units(hit(text, kind="text"), 0):
        assert text[unit.start : unit.end] == unit.text


def test_an_item_knows_its_lead_and_its_list() -> None:
    """The item alone would not say what it is of."""
    passage = hit("You need:\n\n- a cable\n- a hub\n\nThen start.", kind="text")
    lead, cable, hub, rest = units(passage, 0)
    assert (cable.kind, cable.lead, hub.text) == ("item", "You need:", "- a hub")
    for unit in (lead, cable, hub):
        assert whole_list(unit, passage.chunk).text == "You need:\n\n- a cable\n- a hub"
    assert whole_list(rest, passage.chunk) is rest


def test_a_table_line_is_never_cut() -> None:
    """A full stop within a cell ends nothing."""
    row = "Code: E-1; Meaning: No network. Restart; Do: Wait."
    assert units(hit(f"{row}\nCode: E-2; Meaning: ok", kind="table"), 0)[0].text == row
    assert row in [unit.text for unit in units(hit(f"Errors.\n\n{row}", kind="text"), 0)]


def test_an_faq_entry_is_its_answer() -> None:
    """The question is not quoted back."""
    text = "How long?\nFive days. Not more."
    (unit,) = units(hit(text, kind="faq", question="How long?", answer_start=10), 0)
    assert (unit.text, unit.kind) == ("Five days. Not more.", "faq")


def test_a_row_is_one_piece() -> None:
    """A spreadsheet's row is quoted whole."""
    (unit,) = units(hit("Part: X. 1; Price: 3", kind="row"), 2)
    assert (unit.kind, unit.hit) == ("row", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Learn how to find a receipt.", True),
        ("Learn more about plans.", True),
        ("In this article, you will find the steps.", True),
        ("For more details, see Refunds.", True),
        ("本文介绍如何重置中枢。", True),
        ("更多信息请参阅退货政策。", True),
        ("Learners get a discount.", False),
        ("This document is valid until May.", False),
        ("For more than 20 devices, ask us.", False),
        ("See the light blink twice.", False),
        ("了解", False),
    ],
)
def test_an_announcement_is_told_from_what_tells(text: str, expected: bool) -> None:
    """What points at the answer, in English and Chinese."""
    assert announces(units(hit(text), 0)[0]) is expected
