"""Related articles: other documents that come near to answering."""

from __future__ import annotations

from passages import passage

from ragbot.answer.compose import Statement, cite
from ragbot.answer.evidence import Scored
from ragbot.answer.related import BESIDE_ANSWER, INSTEAD_OF_ANSWER, related
from ragbot.answer.units import units
from ragbot.types import Citation, Hit


def weighed(*likely: tuple[Hit, float]) -> tuple[list[Hit], list[Scored]]:
    """The hits, and their first pieces with these probabilities."""
    hits = [hit for hit, _ in likely]
    pieces = [
        Scored(unit=units(hit, number)[0], probability=probability, known=True, features=())
        for number, (hit, probability) in enumerate(likely)
    ]
    return hits, pieces


def citing(hits: list[Hit], number: int) -> tuple[Citation, ...]:
    text = hits[number].chunk.text
    return cite([Statement(text=text, hit=number, start=0, end=len(text))], hits).citations


RETURNS = passage("You can return any lamp within 30 days.", source="shop/returns.md", title="Returns")
LABELS = passage("Print the label at home.", source="shop/labels.md", title="Labels", heading="Printing")
SHOPS = passage("Shops open at nine.", source="shop/shops.md", title="Shops")


def test_the_likeliest_others_come_first() -> None:
    """Not the cited document, none below the floor, with the heading of what was found."""
    hits, scored = weighed((RETURNS, 0.8), (SHOPS, 0.05), (LABELS, 0.3))
    found = related(hits, scored, citing(hits, 0), 3)
    assert [(each.source, each.title, each.heading) for each in found] == [
        ("shop/labels.md", "Labels", "Printing"),
        ("shop/shops.md", "Shops", ""),
    ]
    assert related(hits, scored, citing(hits, 0), 1) == found[:1]
    assert related(hits, scored, citing(hits, 0), 0) == ()
    hits, scored = weighed((RETURNS, 0.8), (SHOPS, BESIDE_ANSWER - 0.01))
    assert related(hits, scored, citing(hits, 0), 3) == ()


def test_in_place_of_an_answer_they_must_be_likelier() -> None:
    """Between the floors an article may stand beside an answer, not instead of one."""
    between = (BESIDE_ANSWER + INSTEAD_OF_ANSWER) / 2
    hits, scored = weighed((RETURNS, 0.2), (LABELS, between))
    assert [each.source for each in related(hits, scored, (), 3)] == ["shop/returns.md"]
    assert [each.source for each in related(hits, scored, citing(hits, 0), 3)] == ["shop/labels.md"]


def test_a_document_is_named_once() -> None:
    """However many of its passages were found; by the likeliest of them."""
    second = passage(
        "Stick it on the box.", source="shop/labels.md", title="Labels", heading="Using", start=90
    )
    hits, scored = weighed((RETURNS, 0.8), (LABELS, 0.2), (second, 0.4))
    (found,) = related(hits, scored, citing(hits, 0), 3)
    assert found.heading == "Using"


def test_what_repeats_another_is_left_out() -> None:
    """A copy of the cited text helps nobody further, nor does the copy of a suggestion."""
    copy = passage(RETURNS.chunk.text, source="blog/returns.md", title="Returns")
    labels = passage(LABELS.chunk.text, source="blog/labels.md", title="Labels", heading="Printing")
    hits, scored = weighed((RETURNS, 0.8), (copy, 0.7), (LABELS, 0.3), (labels, 0.2))
    assert [each.source for each in related(hits, scored, citing(hits, 0), 3)] == ["shop/labels.md"]


def test_older_versions_are_left_out() -> None:
    """Only the policy in force is suggested."""
    old = passage("Within 14 days.", source="shop/warranty-2023.md", title="Warranty 2023")
    new = passage("Within 24 months.", source="shop/warranty-2025.md", title="Warranty 2025")
    hits, scored = weighed((RETURNS, 0.8), (old, 0.4), (new, 0.3))
    assert [each.source for each in related(hits, scored, citing(hits, 0), 3)] == ["shop/warranty-2025.md"]


def test_nothing_weighed_means_nothing_related() -> None:
    """As for small talk."""
    assert related([], [], (), 3) == ()


def test_an_entry_without_heading_is_named_by_its_question() -> None:
    """Of a file of questions the title says little."""
    entry = passage(
        "Is there a chat?\nYes.",
        source="faq.csv",
        title="FAQ",
        kind="faq",
        question="Is there a chat?",
        answer_start=17,
    )
    hits, scored = weighed((RETURNS, 0.8), (entry, 0.3))
    assert related(hits, scored, citing(hits, 0), 3)[0].heading == "Is there a chat?"
