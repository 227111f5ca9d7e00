"""Questions asked of a scripted bot -> outcomes, and what is chosen and told."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from ragbot.evaluate.calibrate import Calibrated, calibrate, can_judge, mistakes, one_of_each
from ragbot.evaluate.calibration_report import refusal, render, shown
from ragbot.evaluate.conformal import Kind, binomial_p, most_wrong
from ragbot.evaluate.testset import Case
from ragbot.types import Answer, Citation, Claim, Status, Turn, Understanding, Verdict


def case(name: str, **values: object) -> Case:
    return Case(id=name, question=f"{name}?", **{"must_contain": (("30 days",),), **values})  # type: ignore[arg-type] # one helper for all fields


def answer(
    text: str = "Within 30 days.",
    *,
    status: Status = "answered",
    confidence: float = 0.8,
    verdict: Verdict = "supported",
    source: str = "returns.md",
) -> Answer:
    cited = Citation(number=1, source=source, title="", heading="", page=None, start=0, end=1, quote="x")
    return Answer(
        text=text,
        status=status,
        reason="",
        understanding=Understanding(question="q", standalone="q", language="en"),
        citations=(cited,),
        claims=(Claim(text=text, verdict=verdict, support=0.5),),
        confidence=confidence,
    )


class ScriptedBot:
    """Gives each question its answer; keeps what it was asked."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append(question)
        return self.answers[question]


def tried(
    right: int,
    wrong: int,
    *,
    kind: Kind = "conditional",
    risk: float = 0.2,
    confidence: float = 0.9,
    current: float = 0.48,
) -> Calibrated:
    """Right answers of confidence 0.8, wrong ones of 0.3."""
    answers = {f"right{number}?": answer() for number in range(right)}
    answers |= {f"wrong{number}?": answer("Within 9 days.", confidence=0.3) for number in range(wrong)}
    cases = [case(question.removesuffix("?")) for question in answers]
    return calibrate(
        ScriptedBot(answers), cases, kind=kind, risk=risk, confidence=confidence, current=current
    )


def shown_text(found: Calibrated) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(render(found))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        (case("q"), answer(), []),
        (case("q", expect="abstained", must_contain=()), answer(), ["answered, not abstained"]),
        (case("q"), answer("Within 9 days."), ["does not say what it must"]),
        (case("q", must_not_contain=("30 days",)), answer(), ["says '30 days'"]),
        (case("q", must_contain=(), sources=("a.md", "returns.md")), answer(), []),
        (case("q", must_contain=(), sources=("a.md",)), answer(), ["cites no right source"]),
        (case("q", sources=("a.md",)), answer(), []),
        (case("q"), answer(verdict="contradicted"), ["contradicted: Within 30 days."]),
        (case("q"), answer(verdict="unsupported"), ["unsupported: Within 30 days."]),
    ],
)
def test_what_is_wrong_with_an_answer(asked: Case, given: Answer, expected: list[str]) -> None:
    """A wrong word, source or verdict, or an answer where none is due; the right words from elsewhere are right."""
    assert mistakes(asked, given) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (case("q"), True),
        (case("q", must_contain=(), reference="30 days."), False),
        (case("q", must_contain=(), expect="answered", sources=("a.md",)), True),
        (case("q", must_contain=(), must_not_contain=("9 days",)), True),
        (case("q", must_contain=(), expect="abstained"), True),
        (case("q", must_contain=(), expect="clarify"), True),
    ],
)
def test_what_can_be_judged(asked: Case, expected: bool) -> None:
    """A case with words, sources, or a status other than answered; a reference alone is not enough."""
    assert can_judge(asked) is expected


def test_one_of_each_conversation() -> None:
    """Named, or known by its first message; the draw is the same whatever the order."""
    begun = (Turn(role="user", text="a?"),)
    cases = [
        case("a"),
        case("b", history=begun),
        case("c", conversation="x"),
        case("d", conversation="x"),
        case("e"),
    ]
    kept = {each.id for each in one_of_each(cases)}
    assert len(kept) == 3
    assert "e" in kept
    assert {each.id for each in one_of_each(cases[::-1])} == kept


def test_only_what_can_be_judged_is_asked_once() -> None:
    """What is left out is counted, each for its reason, and progress counts what is asked."""
    cases = [
        case("a"),
        case("b", must_contain=()),
        case("c", conversation="x"),
        case("d", conversation="x"),
    ]
    bot = ScriptedBot({f"{each.id}?": answer() for each in cases})
    told: list[tuple[str, int, int]] = []
    found = calibrate(
        bot,
        cases,
        kind="joint",
        risk=0.5,
        confidence=0.9,
        current=0.5,
        progress=lambda *each: told.append(each),
    )
    assert len(bot.asked) == found.current.asked == 2
    assert (found.unjudged, found.together) == (1, 1)
    assert told == [("asking", 0, 2), ("asking", 1, 2), ("asking", 2, 2)]


def test_other_replies_than_answers_count_as_silence() -> None:
    """A question that the bot asks back or hands over is asked, and wrong at no threshold."""
    statuses: tuple[Status, ...] = ("abstained", "clarify", "handoff", "smalltalk")
    bot = ScriptedBot({f"{each}?": answer("No.", status=each) for each in statuses})
    found = calibrate(
        bot, [case(each) for each in statuses], kind="joint", risk=0.5, confidence=0.9, current=0.0
    )
    assert (found.current.asked, found.current.answered, found.current.wrong) == (4, 0, 0)
    assert found.chosen is None
    assert shown_text(found)


def test_the_lowest_threshold_that_holds_is_chosen() -> None:
    """Just above the wrong answers; the curve and what happens now are told, within 80 columns."""
    found = tried(40, 30)
    assert found.chosen is not None
    assert (found.chosen.threshold, found.chosen.answered, found.chosen.wrong) == (0.31, 40, 0)
    assert (found.current.answered, found.current.wrong) == (40, 0)
    text = shown_text(found)
    assert "chosen:   0.31 answers 40 of 70 questions (57.1%), 0 wrong (0.0% of them)" in text
    assert "at most 0.2 of the answers are wrong" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_a_lower_threshold_that_looks_good_is_explained() -> None:
    """Wrong answers in the middle end the search, though many right ones follow; without them nothing is said."""
    answers = {f"a{number}?": answer(confidence=0.9) for number in range(40)}
    answers |= {f"b{number}?": answer("9 days", confidence=0.6) for number in range(12)}
    answers |= {f"c{number}?": answer(confidence=0.3) for number in range(60)}
    cases = [case(question.removesuffix("?")) for question in answers]
    found = calibrate(ScriptedBot(answers), cases, kind="conditional", risk=0.2, confidence=0.9, current=0.5)
    assert found.chosen is not None
    assert found.chosen.threshold == 0.61
    assert "Below the first threshold that fails none is tried" in shown_text(found)
    assert "none is tried" not in shown_text(tried(40, 30))


def test_the_joint_rate_promises_an_average() -> None:
    """It has no confidence."""
    assert "On average at most 0.2 of the questions" in shown_text(tried(40, 3, kind="joint"))


def test_too_few_answers_are_told_with_how_many_it_takes() -> None:
    """And what they do show: ten answers, none wrong, show a risk of a fifth and more."""
    found = tried(10, 0, risk=0.05)
    assert found.chosen is None
    assert refusal(found) == (
        "no threshold holds a risk of 0.05: 10 answers are too few, it takes 45 at a confidence of 0.9 with none of "
        "them wrong; this set shows 0.21, with 10 of 10 questions answered from 0 on; add questions, correct the "
        "documents, or state such a risk"
    )
    joint = tried(10, 0, kind="joint", risk=0.05)
    assert "10 questions are too few, it takes 19 with none of them wrong" in refusal(joint)


def test_too_many_mistakes_are_told_with_how_many_there_may_be() -> None:
    """Of 45 answers none may be wrong for a risk of 0.05 at 0.9."""
    answers = {f"q{number}?": answer("9 days") for number in range(45)}
    cases = [case(question.removesuffix("?")) for question in answers]
    found = calibrate(ScriptedBot(answers), cases, kind="conditional", risk=0.05, confidence=0.9, current=0.5)
    assert "of 45 answers none may be wrong at a confidence of 0.9, 45 are" in refusal(found)
    assert refusal(found).endswith("this set shows no risk under 1; add questions")


@pytest.mark.parametrize("number", [1, 10, 45, 100, 306])
@pytest.mark.parametrize("risk", [0.02, 0.05, 0.2, 0.5])
def test_how_many_may_be_wrong(number: int, risk: float) -> None:
    """The most that the test accepts: one more is refused."""
    most = most_wrong(number, kind="conditional", risk=risk, confidence=0.9)
    held = [wrong for wrong in range(number + 1) if binomial_p(wrong, number, risk) <= 0.1]
    assert most == (max(held) if held else None)
    joint = most_wrong(number, kind="joint", risk=risk, confidence=0.9)
    within = [wrong for wrong in range(number + 1) if wrong + 1 <= risk * (number + 1) + 1e-9]
    assert joint == (max(within) if within else None)


def test_the_table_has_some_ten_points() -> None:
    """The chosen one and the last among them, each once, the strictest first."""
    answers = {f"q{number}?": answer(confidence=number / 100) for number in range(100)}
    cases = [case(question.removesuffix("?")) for question in answers]
    found = calibrate(ScriptedBot(answers), cases, kind="conditional", risk=0.1, confidence=0.9, current=0.5)
    points = shown(found)
    assert len(points) == 10
    assert found.chosen in points
    assert points[-1].answered == 100
    assert [each.threshold for each in points] == sorted({each.threshold for each in points}, reverse=True)
