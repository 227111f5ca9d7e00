"""Personal data in examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.text.mask import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to joe.doe+x@mail.example.com, please", "write to [e-mail], please"),
        ("call +49 (170) 123-4567 or 0044 20 7946 0000", "call [number] or [number]"),
        ("order A-1234567 and order #48213377", "order [number] and order [number]"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [number]"),
        ("see https://shop.example/o?token=abc#x", "see https://shop.example/o?…"),
        ("我的订单号是20250301123，邮箱a@b.cn", "我的订单号是[number]，邮箱[e-mail]"),
        (
            "Hub 2 Pro from 2025-03-01, 1,299.00 EUR, error E-417",
            "Hub 2 Pro from 2025-03-01, 1,299.00 EUR, error E-417",
        ),
        ("30 days, 12:30, v2.3.1, CO-240", "30 days, 12:30, v2.3.1, CO-240"),
    ],
)
def test_what_is_masked(text: str, masked: str) -> None:
    """Addresses, telephone, card, account and order numbers; no product, price, date, version or error code."""
    assert mask(text) == masked


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What stands in for the data is no data."""
    assert mask(mask(text)) == mask(text)
