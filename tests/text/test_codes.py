"""Codes of a message in the passages that were found."""

from __future__ import annotations

import pytest

from ragbot.text.codes import codes, raised


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("E-721怎么处理", {"e-721"}),
        ("the HB-220 and hb-220, T1 or 2FA", {"hb-220", "t1", "2fa"}),
        ("30 days, 2025-01-01, $5, 8:30", set()),
        ("order HV-US-330101", {"hv-us-330101"}),
        ("", set()),
    ],
)
def test_a_code_has_letters_and_digits(text: str, found: set[str]) -> None:
    """Figures and words are none."""
    assert codes(text) >= found
    assert not {code for code in codes(text) if code.isdecimal() or code.isalpha()}


def test_a_rare_code_makes_its_passages_likelier() -> None:
    """Odds times eight; the others stay as they are."""
    texts = ["E-417: battery empty.", "E-418: sensor wet.", "Lamps."]
    assert raised("What does e-418 mean?", texts, [0.5, 0.2, 0.1]) == pytest.approx([0.5, 2 / 3, 0.1])
    assert raised("What does it mean?", texts, [0.5, 0.2, 0.1]) == [0.5, 0.2, 0.1]


def test_a_code_that_many_passages_have_says_nothing() -> None:
    """A product's name is in all of its passages."""
    assert raised("Is the T1 red?", ["T1"] * 4, [0.1] * 4) == [0.1] * 4
    assert raised("T1?", ["T1"], [1.0]) == pytest.approx([1.0])
