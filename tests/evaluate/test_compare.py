"""Two reports compared question by question, and the gates that rest on it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from evaluation import report, row

from ragbot.errors import GateFailed, InputError
from ragbot.evaluate.compare import compare
from ragbot.evaluate.gates import check_gates, losses, parse_gates
from ragbot.evaluate.resample import mcnemar
from ragbot.evaluate.values import Change, Comparison, EvalReport


def rates(values: Sequence[float], measure: str = "right_rate", **hashes: str) -> EvalReport:
    """One question for each value."""
    return report([row(str(n), {measure: value}) for n, value in enumerate(values)], **hashes)


def change(comparison: Comparison, name: str) -> Change:
    (found,) = (each for each in comparison.changes if each.name == name)
    return found


def test_what_broke_healed_and_changed() -> None:
    """Told by `right_rate`; an answer may change and stay right."""
    before = report(
        [
            row("same", {"right_rate": 1}),
            row("worded", {"right_rate": 1}),
            row("broken", {"right_rate": 1}),
            row("healed", {"right_rate": 0}, status="abstained"),
            row("free", expected=None),
        ]
    )
    after = report(
        [
            row("same", {"right_rate": 1}),
            row("worded", {"right_rate": 1}, answer="Five days."),
            row("broken", {"right_rate": 0}, answer="Ten days."),
            row("healed", {"right_rate": 1}),
            row("free", expected=None, answer="Hello."),
        ]
    )
    found = compare(before, after)
    assert (found.broken, found.healed) == (("broken",), ("healed",))
    assert found.changed == ("worded", "broken", "healed", "free")
    assert change(found, "right_rate").direction == "unclear"


def test_only_questions_that_both_have_are_compared() -> None:
    """With the same wording and expectation; the others are named."""
    before = report(
        [
            row("a", {"mrr": 1}),
            row("gone", {"mrr": 0}),
            row("reworded", {"mrr": 0}),
            row("expected", {"mrr": 0}),
        ],
        testset="1",
        code="1",
    )
    after = report(
        [
            row("new", {"mrr": 0}),
            row("a", {"mrr": 1}),
            row("reworded", {"mrr": 0}, question="Otherwise?"),
            row("expected", {"mrr": 0}, expected="abstained"),
        ],
        testset="2",
        code="1",
    )
    found = compare(before, after)
    assert found.only_before == ("gone", "reworded", "expected")
    assert found.only_after == ("new", "reworded", "expected")
    assert (change(found, "mrr").n, change(found, "mrr").after) == (1, 1.0)
    assert found.differing_hashes == ("testset",)
    with pytest.raises(InputError, match="none of these questions"):
        compare(report([row("z")]), after)


def test_a_clear_change_has_its_direction() -> None:
    """Worse is lower, but for measures of which less is better; Holm counts the measures that are compared."""
    before, after = rates([1.0] * 30), rates([0.0] * 12 + [1.0] * 18)
    found = change(compare(before, after), "right_rate")
    assert found.direction == "worse"
    assert found.p == found.p_holm == pytest.approx(mcnemar(12, 0))
    assert found.low < -0.4 < found.high < 0
    less = compare(
        rates([1.0] * 30, "false_answer_rate"), rates([0.0] * 12 + [1.0] * 18, "false_answer_rate")
    )
    assert change(less, "false_answer_rate").direction == "better"


def test_several_measures_are_corrected_together() -> None:
    """Two measures double the smaller p."""
    before = report([row(str(n), {"mrr": 1.0, "right_rate": 1.0}) for n in range(20)])
    after = report([row(str(n), {"mrr": 1.0, "right_rate": float(n >= 7)}) for n in range(20)])
    found = compare(before, after)
    assert change(found, "right_rate").p_holm == pytest.approx(2 * mcnemar(7, 0))
    assert change(found, "mrr").direction == "equal"
    assert change(found, "mrr").p_holm == 1.0


def test_questions_of_one_conversation_count_once() -> None:
    """Twelve changes in one conversation are no proof."""
    before = report([row(str(n), {"right_rate": 1.0}, cluster="x" if n < 12 else "") for n in range(30)])
    after = report(
        [row(str(n), {"right_rate": float(n >= 12)}, cluster="x" if n < 12 else "") for n in range(30)]
    )
    assert change(compare(before, after), "right_rate").p == 1.0


def test_answers_that_are_new_count() -> None:
    """A bot that answers more, and wrongly, loses precision though no answer of before is worse."""
    before = report(
        [
            row(
                str(n),
                {"answer_precision": 1.0} if n < 20 else {},
                status="answered" if n < 20 else "abstained",
            )
            for n in range(40)
        ]
    )
    after = report([row(str(n), {"answer_precision": float(n < 20)}) for n in range(40)])
    found = change(compare(before, after), "answer_precision")
    assert (found.before, found.after, found.n) == (1.0, 0.5, 40)
    assert found.direction == "worse"
    assert losses(compare(before, after), {"answer_precision": 0.1})


def test_a_measure_that_one_report_lacks_is_not_compared() -> None:
    """And a gate on it fails."""
    found = compare(rates([1.0, 0.0]), report([row("0"), row("1")]))
    assert found.changes == ()
    assert losses(found, {"mrr": 0.1}) == ["mrr has no questions that both reports measure"]


def test_a_loss_within_its_margin_passes() -> None:
    """One of 400 questions broke: surely less than 0.05; of 400 healed ones none is a loss."""
    before = rates([1.0] * 400, code="1")
    after = rates([0.0] + [1.0] * 399, code="2")
    assert losses(compare(before, after), {"right_rate": 0.05}) == []
    assert losses(compare(after, before), {"right_rate": 0.01}) == []


def test_a_loss_beyond_its_margin_fails() -> None:
    """The message has both figures, the bound and the margin."""
    before, after = rates([1.0] * 100, code="1"), rates([0.0] * 20 + [1.0] * 80, code="2")
    (told,) = losses(compare(before, after), {"right_rate": 0.05})
    assert told.startswith("right_rate went from 1.0000 to 0.8000 (n=100) and may be 0.2")
    assert "too small" not in told
    with pytest.raises(GateFailed, match="gate failed: right_rate went"):
        check_gates(
            after, minimum={}, maximum={}, comparison=compare(before, after), no_worse={"right_rate": 0.05}
        )


def test_less_is_better_for_some_measures() -> None:
    """A rate of false answers that rises is the loss."""
    before = rates([0.0] * 200, "false_answer_rate", code="1")
    after = rates([1.0] * 30 + [0.0] * 170, "false_answer_rate", code="2")
    assert losses(compare(before, after), {"false_answer_rate": 0.1})
    assert losses(compare(after, before), {"false_answer_rate": 0.01}) == []


def test_a_test_set_that_is_too_small_says_so() -> None:
    """Ten questions without a change do not show that another bot is at most 0.02 worse."""
    before, after = rates([1.0] * 10, code="1"), rates([1.0] * 10, code="2")
    (told,) = losses(compare(before, after), {"right_rate": 0.02})
    assert "the test set is too small to show less" in told
    margin = float(told.split("with these questions ")[1].split()[0])
    assert losses(compare(before, after), {"right_rate": margin}) == []


def test_the_same_bot_has_nothing_to_show() -> None:
    """Equal hashes and no difference pass on any number of questions."""
    before, after = rates([1.0] * 3, code="1"), rates([1.0] * 3, code="1")
    assert losses(compare(before, after), {"right_rate": 0.0}) == []


@pytest.mark.parametrize("bad", ["recal=0.5", "mrr", "mrr=high", "mrr=80", "mrr=nan"])
def test_a_gate_that_means_nothing_is_refused(bad: str) -> None:
    """A misspelt gate must not pass."""
    with pytest.raises(InputError, match="gate"):
        parse_gates([bad])
    assert parse_gates(["mrr=0.5"]) == {"mrr": 0.5}
    with pytest.raises(InputError, match="a second time"):
        parse_gates(["mrr=0.5", "mrr=0.6"])
