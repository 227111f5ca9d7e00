"""The order of what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from passages import passage

from ragbot.index.arrange import arrange
from ragbot.types import Hit


def hit(text: str, score: float, source: str, **meta: Any) -> Hit:
    return replace(passage(text, source=source, **meta), score=score)


def test_the_likeliest_comes_first_and_k_are_kept() -> None:
    """Equal ones keep their order."""
    hits = [hit("a", 0.2, "a.md"), hit("b", 0.5, "b.md"), hit("c", 0.5, "c.md"), hit("d", 0.1, "d.md")]
    assert [each.chunk.text for each in arrange("?", hits, 3)] == ["b", "c", "a"]
    assert arrange("?", [], 3) == []


def test_outdated_and_repeated_passages_yield() -> None:
    """An archived version comes after the one in force though it fits better; what repeats it is left out."""
    new = hit("Returns within 45 days of delivery.", 0.35, "returns.md")
    old = hit("Returns within 30 days of delivery.", 0.4, "returns-archived.md", status="archived")
    copy = hit("Returns within 45 days of delivery.", 0.25, "copy.md")
    found = arrange("How long can I return?", [old, new, copy], 3)
    assert [each.chunk.source for each in found] == ["returns.md", "returns-archived.md"]
    assert found[1].score == pytest.approx(0.2)
