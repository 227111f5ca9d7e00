"""Contradictions between documents: what is one, and what only looks like one."""

from __future__ import annotations

import pytest
from contents import contents
from hypothesis import given
from hypothesis import strategies as st

from ragbot.doctor.conflicts import conflicts
from ragbot.doctor.findings import Finding


def found(*texts: str, **about: str) -> list[Finding]:
    """The conflicts of documents with these texts, under one title."""
    return list(conflicts(contents(*({"text": text} | about for text in texts))))


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("Refunds to a card take 5 days.", "Refunds to a card take 14 days.", "5 days / 14 days"),
        ("Refunds to a card take 5 days.", "Refunds to a card take 5 weeks.", "5 days / 5 weeks"),
        (
            "The shop opens at 09:00 on Monday mornings.",
            "The shop opens at 10:00 on Monday mornings.",
            "09:00 / 10:00",
        ),
        ("The summer offer starts on 1 June.", "The summer offer starts on 1 July.", "1 June / 1 July"),
        (
            "Batteries are covered by the warranty.",
            "Batteries are not covered by the warranty.",
            "one denies what the other says",
        ),
        (
            "A returned lamp must be packed at least 3 days ahead.",
            "A returned lamp must be packed at most 3 days ahead.",
            "one says at least, the other at most",
        ),
        ("退款到银行卡需要 5 天时间。", "退款到银行卡需要 14 天时间。", "5 天 / 14 天"),
        ("电池可以享受保修服务。", "电池不可以享受保修服务。", "one denies what the other says"),
    ],
)
def test_one_fact_differs(one: str, other: str, differs: str) -> None:
    """A number, unit, time, date, denial or bound, in English and Chinese; both sides are told, with what differs."""
    language = "en" if one.isascii() else "zh"
    (finding,) = found(f"Welcome. {one}", f"Good to know. {other}", language=language)
    assert finding.kind == "conflict"
    assert f"({differs})" in finding.message
    assert "decide which holds" in finding.message
    assert [each.quote for each in finding.places] == [one, other]
    assert [each.source for each in finding.places] == ["doc-0.md", "doc-1.md"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refunds to a card take 5 days.", "Refunds to a card take five days."),
        ("Refunds to a card take 5 days.", "Refunds to a card take 5 days."),
        ("Refunds to a card take 5 days.", "Parcels to an island take 14 days."),
        ("The Hub 2 stores recordings for 30 days.", "The Hub 3 stores recordings for 60 days."),
        ("1. Unplug the lamp from the wall socket.", "3. Unplug the lamp from the wall socket."),
        ("How long does a refund to a card take, 5 days?", "How long does a refund to a card take, 14 days?"),
    ],
)
def test_no_conflict(one: str, other: str) -> None:
    """The same fact in other words, another thing, another product, a step's number, a question."""
    assert found(one, other) == []


def test_other_products_plans_and_regions_may_differ() -> None:
    """What title, heading or properties name apart is no contradiction, nor a rule beside its exception."""
    days = (
        "Returns are accepted for 30 days after delivery.",
        "Returns are accepted for 45 days after delivery.",
    )
    for one, other in (
        ({"heading": "United States"}, {"heading": "Europe"}),
        ({"heading": ""}, {"region": "EU"}),
        ({"title": "Hub 2"}, {"title": "Hub 3"}),
        ({"title": "About the Halo lamp"}, {"title": "About the Nimbus lamp"}),
    ):
        made = contents({"text": days[0]} | one, {"text": days[1]} | other)
        assert list(conflicts(made)) == [], (one, other)


def test_a_pattern_is_no_conflict() -> None:
    """A sentence that stands in many documents with another value each, or twice in one, is filled in anew."""
    many = [f"The release was published on {day} March after tests." for day in range(1, 7)]
    assert found(*many) == []
    assert found("Claims must come within 60 days of order. Claims must come within 90 days of order.",
                 "Claims must come within 90 days of order.") == []  # fmt: skip


def test_rows_of_a_table_are_compared_by_their_first_cell() -> None:
    """Another row is another thing; the same row with another value is a contradiction."""
    lamp, other, desk = (
        f"Lamp: {name}; Power in watts: {watts}; Socket kind: screw"
        for name, watts in (("Halo", 9), ("Halo", 12), ("Nimbus", 12))
    )
    assert found(lamp, desk, kind="row") == []
    assert len(found(lamp, other, kind="row")) == 1


def test_only_one_side_says_of_what() -> None:
    """A long sentence that is the same but for its value is told with a doubt."""
    text = "A new camera or doorbell comes with a free trial of the service for {} days."
    made = contents(
        {"text": text.format(30), "title": "Cam Indoor 2"}, {"text": text.format(40), "title": "Questions"}
    )
    (finding,) = conflicts(made)
    assert finding.kind == "possible conflict"
    assert "if both speak of the same thing" in finding.message


def test_two_answers_to_one_question() -> None:
    """Though worded otherwise, they are compared by the one value that each states; another measure may differ."""
    question = "How long does a refund take?"

    def answered(*answers: str) -> list[Finding]:
        texts = (f"{question}\n{answer}" for answer in answers)
        start = len(question) + 1
        made = ({"text": text, "kind": "faq", "question": question, "answer_start": start} for text in texts)
        return list(conflicts(contents(*made)))

    (finding,) = answered(
        "Your bank shows the money after 5 days.", "Please allow 14 days once the parcel is here."
    )
    assert "5 days / 14 days" in finding.message
    assert (
        answered("Your bank shows the money after 5 days.", "Please allow 5 days once the parcel is here.")
        == []
    )
    assert (
        answered("Your bank shows the money after 5 days.", "There is a fee of 14 EUR for such a payment.")
        == []
    )


def test_older_versions_are_told_elsewhere() -> None:
    """What another document replaces does not contradict it."""
    made = contents({"text": "Refunds to a card take 5 days."}, {"text": "Refunds to a card take 14 days."})
    assert list(conflicts(made, older=frozenset({"doc-0"}))) == []


@given(st.lists(st.text(max_size=200), min_size=2, max_size=4))
def test_any_text_is_read(texts: list[str]) -> None:
    """Nothing that a document may hold raises, and equal documents never contradict one another."""
    list(conflicts(contents(*({"text": text} for text in texts))))
    assert list(conflicts(contents({"text": texts[0]}, {"text": texts[0]}))) == []
