"""What is doubtful in a test set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ragbot.evaluate.remarks import Counts, counts, remarks
from ragbot.evaluate.testset import Case
from ragbot.types import Document, Turn

GOOD = Case(
    id="good",
    question="How long do I have for a return?",
    expect="answered",
    sources=("returns.md",),
    must_contain=(("30 days",),),
    language="en",
    tags=("single",),
)
DOCUMENT = Document(
    id="1",
    source="returns.md",
    title="Returns",
    text="You have 30 days.\n\nWhere do I find my invoice? Under Orders.\n\n怎么取消我的订单？在订单页。",
)


def kinds(*cases: Case, documents: list[Document] | None = None) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.kind, each.ids) for each in remarks(cases, documents) if each.ids]


def test_counts_by_name() -> None:
    """The most frequent first; a tag given twice counts once."""
    cases = [GOOD, replace(GOOD, id="b", expect=None, tags=("x", "x")), replace(GOOD, id="c", language="zh")]
    assert counts(cases) == Counts(
        questions=3,
        by_language={"en": 2, "zh": 1},
        by_expected={"answered": 2, "none": 1},
        by_tag={"single": 2, "x": 1},
    )


def test_a_good_set_has_no_remark() -> None:
    """Enough questions, a tenth of them unanswerable, facts in their sources."""
    cases = [replace(GOOD, id=str(number), question=f"How long, in case {number}?") for number in range(45)]
    cases += [
        Case(id=f"n{n}", question=f"Sell car {n}?", expect="abstained", language="en") for n in range(5)
    ]
    assert remarks(cases, [DOCUMENT]) == []


def test_one_wording_twice() -> None:
    """Counts double, or contradicts itself; after another conversation it is another question."""
    twin = replace(GOOD, id="twin", question="how long do I have for a return")
    assert kinds(GOOD, twin) == [("duplicate", ("good", "twin"))]
    assert kinds(GOOD, replace(twin, expect="abstained", must_contain=(), sources=())) == [
        ("contradiction", ("good", "twin"))
    ]
    assert kinds(GOOD, replace(twin, history=(Turn(role="user", text="In Europe."),))) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expect": None}, "nothing tells a right answer"),
        ({"sources": (), "must_contain": ()}, "any answer counts as right"),
        ({"expect": "handoff", "sources": ()}, "is never looked at"),
        ({"expect": "abstained", "must_contain": ()}, "names sources that hold the answer"),
        ({"tags": ("two_document",)}, "not two sources"),
        ({"must_not_contain": ("30",)}, "no answer can be right"),
    ],
)
def test_rows_that_cannot_be_judged_well(change: dict[str, object], message: str) -> None:
    """Each says what to do or what it means."""
    (found,) = [each for each in remarks([replace(GOOD, **change)]) if each.kind == "judging"]  # type: ignore[arg-type]
    assert message in found.message


def test_a_forbidden_text_in_one_alternative_only_leaves_another() -> None:
    """An answer can be right, so nothing is said."""
    assert kinds(replace(GOOD, must_contain=(("30 days", "thirty days"),), must_not_contain=("30",))) == []


def test_facts_that_the_sources_do_not_say() -> None:
    """One of the alternatives is enough; without sources or documents nothing can be checked."""
    wrong = replace(GOOD, id="wrong", question="How many days?", must_contain=(("60 days", "sixty days"),))
    assert kinds(GOOD, wrong, documents=[DOCUMENT]) == [("fact", ("wrong",))]
    assert kinds(wrong) == []
    assert kinds(replace(wrong, must_contain=(("60 days", "30 days"),)), documents=[DOCUMENT]) == []


@pytest.mark.parametrize("question", ["where do I find my invoice", "怎么取消我的订单"])
def test_questions_that_stand_in_a_document(question: str) -> None:
    """Whatever case and marks; a short text may stand there by chance."""
    case = replace(GOOD, id="leak", question=question, must_contain=())
    assert kinds(case, documents=[DOCUMENT]) == [("leakage", ("leak",))]
    assert kinds(replace(case, question="30 days"), documents=[DOCUMENT]) == []


def test_what_a_set_cannot_show() -> None:
    """Few questions, none that is unanswerable, languages not named, drafts."""
    cases = [GOOD, replace(GOOD, id="b", question="And now?", language="und", tags=("draft",))]
    found = [each.message for each in remarks(cases)]
    assert [message.split(";")[0] for message in found] == [
        "2 questions show large differences only",
        "0 of 2 questions are unanswerable",
        "1 of 2 questions name no language",
        "1 questions are drafts",
    ]
