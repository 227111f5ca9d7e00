"""Sentences and their places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.text.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Dr. Smith paid $3.50, e.g. for v2.3.1. It works! See https://a.example/c.html. No. 5 is ok.",
            [
                "Dr. Smith paid $3.50, e.g. for v2.3.1.",
                "It works!",
                "See https://a.example/c.html.",
                "No. 5 is ok.",
            ],
        ),
        ("1. Open the app.\n2. Press OK\n3. Done", ["1. Open the app.", "2. Press OK", "3. Done"]),
        ("退款需要5天。请联系客服！好吗？", ["退款需要5天。", "请联系客服！", "好吗？"]),
        (
            "Plan: Basic; Price: 4.99\nPlan: Pro; Price: 9.99",
            ["Plan: Basic; Price: 4.99", "Plan: Pro; Price: 9.99"],
        ),
        (
            "We ship on weekdays, and orders placed before noon leave the same\nday. Others wait.",
            ["We ship on weekdays, and orders placed before noon leave the same\nday.", "Others wait."],
        ),
        ("Open 9 a.m. to 5 p.m. on weekdays. Call us.", ["Open 9 a.m. to 5 p.m. on weekdays.", "Call us."]),
        ("How long?\nIt takes 5 days.", ["How long?", "It takes 5 days."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    """Abbreviations, decimals, versions, URLs and list numbers end nothing; Chinese marks and items do."""
    assert [sentence.text for sentence in sentences(text)] == expected


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab A1.。!？\n -*;:，退款e.g.)(\t"), max_size=200))
def test_places_hold_and_nothing_is_lost(text: str) -> None:
    """Every sentence stands at its offsets, in order, and only white space lies between them."""
    found = sentences(text)
    rest = list(text)
    last = 0
    for sentence in found:
        assert text[sentence.start : sentence.end] == sentence.text
        assert last <= sentence.start < sentence.end
        last = sentence.end
        rest[sentence.start : sentence.end] = " " * (sentence.end - sentence.start)
    assert not "".join(rest).strip()
