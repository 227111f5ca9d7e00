"""The benchmark of silence and its sets, on questions small enough to be checked by eye."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from answerable_sets import Asked, Source, read_source, read_testset, says
from bench_abstain import made_up, naive, promises, real, separations
from logistic import logistic
from ragbot.answer.abstain import FEATURES
from ragbot.evaluate.conformal import GRID, Outcome, curve
from train_answerable import balanced, calibration_error, confidences, learn


def asked(confidence: float, *, right: bool, group: str = "g", known: bool = True, name: str = "s") -> Asked:
    """A question whose features are all its confidence."""
    return Asked(
        set=name,
        group=group,
        held_out=True,
        answerable=right,
        right=right,
        known=known,
        row=(confidence,) * len(FEATURES),
        confidence=confidence,
        piece=1 - confidence,
        search=0.5,
        cosine=confidence,
    )


def test_thresholds_hold_the_allowed_share() -> None:
    """Where the truth is known, Learn-then-Test exceeds the risk in at most a tenth of the splits, and the joint rate
    of risk control is at most the risk on average; the naive choice breaks the first."""
    found = {(each.way, each.risk): each for each in promises("made up", *made_up(100))}
    for risk in (0.05, 0.1, 0.2):
        assert found["Learn-then-Test", risk].exceeds_all <= 0.1
        assert found["naive conditional", risk].exceeds_all > 0.2
        assert found["risk control", risk].rate_all <= risk
    assert found["Learn-then-Test", 0.2].coverage > 0.5
    assert promises("made up", *made_up(100)) == list(found.values())


def test_the_true_rates_are_those_of_many_questions() -> None:
    """Conditional and joint rate at each threshold, as counted on the drawn questions."""
    splits, truth = made_up(200)
    place = GRID.index(0.5)
    given = sum(split.fresh[place].answered for split in splits)
    wrong = sum(split.fresh[place].wrong for split in splits)
    everything = sum(split.fresh[place].asked for split in splits)
    assert truth[place] == pytest.approx((wrong / given, wrong / everything), abs=0.01)
    assert truth[0] == (0.0, 0.0)


def test_splits_are_halves_and_seeded() -> None:
    """Each question is on one side of a split, the same one each time; what was not found is never answered."""
    questions = [asked(at / 20, right=at % 3 > 0) for at in range(20)]
    splits, truth = real(questions, 5)
    for split in splits:
        assert [a.wrong + b.wrong for a, b in zip(split.seen, split.fresh, strict=True)] == [
            point.wrong
            for point in curve([Outcome(confidence=q.confidence, wrong=not q.right) for q in questions])
        ]
    assert real(questions, 5) == (splits, truth)


def test_the_naive_choice_is_the_lowest_threshold() -> None:
    """Of those whose rate on the same questions is at most the risk."""
    points = curve([Outcome(confidence=at / 10, wrong=at < 5) for at in range(10)])
    chosen = naive(points, kind="conditional", risk=0.0)
    assert chosen is not None
    assert chosen.threshold == pytest.approx(0.41)
    assert naive(curve([Outcome(confidence=0.5, wrong=True)]), kind="conditional", risk=0.1) is None


@pytest.mark.slow
def test_scores_are_told_apart_by_group() -> None:
    """A perfect score is 1 with its interval, its opposite 0, a constant one half."""
    questions = [asked(0.1 + 0.8 * (at % 2), right=at % 2 == 1, group=str(at // 2)) for at in range(20)]
    found = {each.score: (each.value, each.low, each.high) for each in separations(questions)}
    assert found["confidence"] == (1.0, 1.0, 1.0)
    assert found["best piece"] == (0.0, 0.0, 0.0)
    assert found["search score"] == (0.5, 0.5, 0.5)


def test_a_fit_keeps_to_its_directions() -> None:
    """A feature that speaks against its sign counts nothing; the others separate."""
    rng = np.random.default_rng(0)
    right = rng.random(200) > 0.5
    rows = np.stack([right + rng.normal(0, 0.3, 200), right + rng.normal(0, 0.3, 200)], axis=1)
    theta = logistic(rows, right, np.ones(200), (1, -1))
    assert theta[0] > 0.0
    assert theta[1] == 0.0
    assert (((rows @ theta[:-1] + theta[-1]) > 0) == right).mean() > 0.9


def test_learning_separates_and_balances() -> None:
    """Right and other answers of a set weigh the same, and what is learnt ranks right ones higher."""
    questions = [
        asked(0.2 + 0.6 * (at % 4 == 0), right=at % 4 == 0, known=known)
        for at in range(40)
        for known in (True, False)
    ]
    weight = balanced(questions)
    right = np.array([each.right for each in questions])
    assert weight[right].sum() == pytest.approx(weight[~right].sum())
    weights = learn(questions)
    assert all(set(each) == {*FEATURES, "bias"} for each in weights.values())
    sure = confidences(questions, weights)
    assert sure[right].min() > sure[~right].max()


def test_calibration_error_is_the_gap() -> None:
    """0 where shares and confidences agree, their distance where all are too sure."""
    assert calibration_error([True] * 20, np.ones(20)) == 0.0
    assert calibration_error([False] * 20, np.full(20, 0.7)) == pytest.approx(0.7)


def test_a_quote_is_right_by_its_words() -> None:
    """Any answer, all groups, none of what it may not say; everything is right where nothing tells."""
    assert says("It takes 30 Days.", {"answers": ["30 days"]})
    assert not says("It takes 21 days.", {"answers": ["30 days"]})
    case = {"must_contain": [["30 days", "a month"], "parcel"], "must_not_contain": ["21 days"]}
    assert says("A month after the parcel.", case)
    assert not says("A month.", case)
    assert not says("A month after the parcel, not 21 days.", case)
    assert says("anything", {})


def test_sets_are_read(tmp_path: Path) -> None:
    """Labels by answerability or by a row; of a set with withheld passages only questions with passages, their label by
    what is left; questions of one article in one half."""
    corpus = [{"_id": str(n), "title": f"T{n // 2}", "text": f"text {n}"} for n in range(8)]
    rows = [{"_id": f"q{n}", "text": f"q {n}?", "paragraph": str(n), "answers": ["x"]} for n in range(8)]
    rows += [
        {"_id": "none", "text": "none?"},
        {"_id": "vague", "text": "v?", "answerability": "underspecified"},
    ]
    for name, lines in (("corpus", corpus), ("queries", rows)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    qrels = ["query-id\tcorpus-id\tscore", *(f"q{n}\t{n}\t1" for n in range(8))]
    (tmp_path / "qrels.tsv").write_text("\n".join(qrels), encoding="utf-8")
    whole, queries = read_source(tmp_path, Source(name="s", most=99))
    assert len(whole) == 8
    assert {query.text for query in queries if not query.answerable} == {"none?"}
    assert len(queries) == 9
    halves = {query.group: {q.held_out for q in queries if q.group == query.group} for query in queries}
    assert all(len(found) == 1 for found in halves.values())
    left, fewer = read_source(tmp_path, Source(name="s", most=99, withheld=True))
    assert len(fewer) == 8
    assert sum(query.answerable for query in fewer) == len(left) < 8


def test_the_test_set_is_read(tmp_path: Path) -> None:
    """Cases to be answered or not; the development half is learnt from."""
    cases = [
        {"id": "a", "question": "A?", "expect": "answered", "tags": ["split_dev"]},
        {"id": "b", "question": "B?", "expect": "abstained", "tags": []},
        {"id": "c", "question": "C?", "expect": "clarify", "tags": []},
    ]
    (tmp_path / "_testset.jsonl").write_text("\n".join(map(json.dumps, cases)), encoding="utf-8")
    found = [(query.text, query.answerable, query.held_out) for query in read_testset(tmp_path)]
    assert found == [("A?", True, False), ("B?", False, True)]
