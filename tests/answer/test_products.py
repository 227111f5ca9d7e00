"""Products by the form of their names, and what else they are called."""

from __future__ import annotations

import pytest
from passages import passage

from ragbot.answer.facets.products import aliases, family, named


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Reset a Hub 2 or Hub 2 Pro", ["hub 2", "hub 2 pro"]),
        ("Thermostat T1 or T2? A comparison", ["t1", "t2"]),
        ("thermostat reset t1", ["t1"]),
        ("Doorbell 2 (DB-230): installation guide", ["doorbell 2", "db230"]),
        ("UNO R4 Minima and UNO R4 WiFi", ["r4 minima", "r4 wifi"]),
        ("如何重置中枢 2 和中枢 2 Pro", ["中枢 2", "中枢 2 pro"]),
        ("中枢2怎么重置", ["中枢 2"]),
        ("智能门锁 L1（LK-60）使用说明书", ["l1", "lk60"]),
    ],
)
def test_models_and_codes_are_products(text: str, keys: list[str]) -> None:
    """A name with a number behind it, a letter with a number, a code; in English and Chinese."""
    assert [each.key for each in named(text)] == keys


@pytest.mark.parametrize(
    "text",
    [
        "Return policy 2025",
        "Zigbee 3.0 and WPA2",
        "within 14 days",
        "App 6.4",
        "exit status 1",
        "E-417 network error",
        "7 天无理由，满 199 元包邮",
        "Step 2 on page 3",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    """Dates, periods, prices, standards, versions and errors name no product."""
    assert named(text) == []


def test_a_name_keeps_the_words_before_it() -> None:
    """As people read it, in Chinese too."""
    shown = [each.shown for text in ("the Cam Outdoor 2 is offline", "温控器 T2") for each in named(text)]
    assert shown == ["Cam Outdoor 2", "温控器 T2"]


def test_a_family_is_the_name_without_its_number() -> None:
    """Which products are alike, so that one stands for "not the other"."""
    assert family("hub 1") == family("hub 2 pro") == "hub"
    assert family("t1") == family("t2") != family("l1")
    assert family("hb100") == family("hb220") != family("db130")
    assert family("smart plug") == ""


def test_codes_and_names_are_joined_by_what_the_documents_say() -> None:
    """In brackets behind the name, in a property beside the title, and through a third name."""
    known = aliases(
        [
            passage("The Hub 2 (HB-200) is small.").chunk,
            passage("Text.", title="重置中枢 2 和中枢 2 Pro", product="HB-200, HB-220").chunk,
        ]
    )
    assert known["hub 2"] == {"hub 2", "hb200", "中枢 2"}
    assert known["中枢 2 pro"] == {"中枢 2 pro", "hb220"}


@pytest.mark.parametrize(
    "text", ["Check 5: Update the IDE", "UNO (Rev3 and earlier)", "Method 2", "Option 1: by post", "Case 3"]
)
def test_numbered_headings_and_revisions_are_no_products(text: str) -> None:
    """What is counted in a text is nothing that a company sells."""
    assert named(text) == []
