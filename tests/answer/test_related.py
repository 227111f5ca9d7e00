"""Articles that may help further."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from passages import passage

from ragbot.answer.quote import Statement, cite
from ragbot.answer.related import related
from ragbot.types import Hit


def hit(source: str, score: float, text: str = "", **meta: Any) -> Hit:
    return replace(passage(text or f"About {source}.", source=source, title=source, **meta), score=score)


FOUND = [hit("a", 0.6), hit("b", 0.3), hit("b", 0.25, text="More of b."), hit("c", 0.2), hit("d", 0.05)]


def sources(hits: list[Hit], *cited: int, most: int = 3) -> list[str]:
    statements = [Statement(text="x", hit=number, start=0, end=1) for number in cited]
    return [each.source for each in related(hits, cite(statements, hits).citations, most)]


def test_likely_documents_that_are_not_cited() -> None:
    """Each once, the likeliest first, at most so many."""
    assert sources(FOUND, 0) == ["b", "c"]
    assert sources(FOUND) == ["a", "b", "c"]
    assert sources(FOUND, most=1) == ["a"]
    assert sources(FOUND, most=0) == []
    assert sources([]) == []


def test_what_is_outdated_or_says_the_same_is_left_out() -> None:
    """Also where it repeats what is cited."""
    old = hit("old", 0.5, status="archived")
    copy = hit("copy", 0.5, text=FOUND[0].chunk.text)
    assert sources([FOUND[0], old, copy], 0) == []
