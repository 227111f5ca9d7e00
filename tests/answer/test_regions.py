"""Countries and wider regions by any of their names."""

from __future__ import annotations

import pytest

from ragbot.answer.facets.regions import overlap, region_codes, region_of_name, regions_in


@pytest.mark.parametrize(
    "value", ["US", "us", "u.s.", "USA", "United States", "united states", "America", "美国", "en-US"]
)
def test_a_region_has_many_names(value: str) -> None:
    """A property or a profile may call it as it likes."""
    assert region_codes(value) == {"US"}


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("US, EU", {"US", "EU"}),
        ("德国、法国", {"DE", "FR"}),
        ("global", set()),
        ("Atlantis", set()),
        ("", set()),
    ],
)
def test_several_regions_everywhere_and_nowhere(value: str, codes: set[str]) -> None:
    """A list is several; everywhere and what nobody knows are none."""
    assert region_codes(value) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Return policy - United States (archived)", {"US"}),
        ("Delivery in Europe", {"EU"}),
        ("保修政策（中国大陆）2025 版", {"CN"}),
        ("Can you tell us how it works?", set()),
        ("my us order is late", {"US"}),
        ("Contact US: does it work in the UK?", {"US", "GB"}),
        ("Connect to Wi-Fi in SE mode", set()),
    ],
)
def test_regions_in_a_sentence(text: str, codes: set[str]) -> None:
    """Names anywhere, codes in capitals only, and the pronoun is no country."""
    assert {*regions_in(text)} == codes


def test_regions_in_the_name_of_a_file() -> None:
    """Codes are parts of the name; "wi-fi" is not Finland."""
    assert region_of_name("shipping-us") == {"US"}
    assert region_of_name("returns_EU_2025") == {"EU"}
    assert region_of_name("fix-wi-fi-in-de-icing") == frozenset()


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("Germany", "EU", True),
        ("EU", "Germany", True),
        ("UK", "Europe", True),
        ("EU", "EMEA", True),
        ("US", "EU", False),
        ("China", "Europe", False),
        ("US", "US, EU", True),
    ],
)
def test_what_holds_for_a_region_holds_within_it(one: str, other: str, meet: bool) -> None:
    """A country lies in the wider region."""
    assert overlap(region_codes(one), region_codes(other)) is meet
