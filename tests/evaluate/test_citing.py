"""Citation recall and precision over a verifier that can be checked by eye, and exactness of quotes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ragbot.evaluate.citing import cited, exact_quotes
from ragbot.types import Answer, Citation, Claim, Status, Understanding


class Words:
    """A verifier to which a claim is supported where its passage has every word of it."""

    def __init__(self) -> None:
        self.contexts: list[Sequence[str]] = []

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        self.contexts.append(contexts)
        held = any(set(text.split()) <= set(passage.split()) for passage in passages)
        return [Claim(text=text, verdict="supported" if held else "unsupported", support=float(held))]


def citation(number: int, quote: str) -> Citation:
    return Citation(
        number=number,
        source="a.md",
        title="Returns",
        heading="Period",
        page=None,
        start=2,
        end=5,
        quote=quote,
    )


def answer(
    claims: Sequence[tuple[str, tuple[int, ...]]], quotes: Sequence[str], status: Status = "answered"
) -> Answer:
    return Answer(
        text="",
        status=status,
        reason="",
        understanding=Understanding(question="q", standalone="q", language="en"),
        claims=tuple(Claim(text=text, verdict="supported", support=1, citations=own) for text, own in claims),
        citations=tuple(citation(number, quote) for number, quote in enumerate(quotes, 1)),
    )


QUOTES = ("lamps thirty days", "batteries months", "six", "weather")


@pytest.mark.parametrize(
    ("claims", "recall", "precision"),
    [
        ([("lamps thirty", (1,))], 1.0, 1.0),
        ([("lamps forty", (1,))], 0.0, 0.0),
        ([("batteries six months", (2, 3))], 1.0, 1.0),
        ([("batteries six months", (2, 3, 4))], 1.0, 2 / 3),
        ([("lamps thirty", (1, 4))], 1.0, 1 / 2),
        ([("lamps thirty", (1, 1))], 1.0, 1.0),
        ([("lamps thirty", (1,)), ("weather forecast", (4,))], 1 / 2, 1 / 2),
        ([("lamps thirty", (1,)), ("nothing cited", ())], 1 / 2, 1.0),
        ([("nothing cited", ())], 0.0, 0.0),
        ([("no such number", (9,))], 0.0, 0.0),
    ],
)
def test_recall_and_precision_by_hand(
    claims: list[tuple[str, tuple[int, ...]]], recall: float, precision: float
) -> None:
    """Together they support; alone each is needed or enough; what supports nothing is no use."""
    assert cited(answer(claims, QUOTES), Words()) == (recall, precision)


def test_what_is_no_answer_is_not_measured() -> None:
    """Abstentions, and answers that claim nothing."""
    assert cited(answer([("lamps", (1,))], QUOTES, status="abstained"), Words()) is None
    assert cited(answer([], QUOTES), Words()) is None


def test_the_verifier_reads_what_stands_above_the_quote() -> None:
    """Title and heading, once."""
    verifier = Words()
    cited(answer([("batteries six months", (2, 3))], QUOTES), verifier)
    assert verifier.contexts[0] == ["Returns > Period"]


def test_quotes_stand_letter_for_letter_where_they_say() -> None:
    """In a document of that name; another place, another case or no such document is inexact."""
    given = answer([], ["abc", "Abc", "xyz"])
    assert exact_quotes(given, {"a.md": ["__abc__", "__xyz"]}) == (True, False, True)
    assert exact_quotes(given, {"b.md": ["__abc__"]}) == (False, False, False)
