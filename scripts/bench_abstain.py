"""Silence: does the confidence tell answerable questions from others, and do calibrated thresholds hold what they say?

    scripts/bench_abstain.py RETRIEVAL_DATA [--knowledge knowledge] [--work DIR] [--splits 200] [--json FILE]

First, on the halves that nothing was learnt from, AUROC of answerable against unanswerable questions with 95 %
intervals by resampling articles or conversations, beside baselines in the same run. Then thresholds are calibrated on a
random half of some questions and measured on the others, many times: by Learn-then-Test, which may exceed the risk in
a tenth of the splits, by conformal risk control, which holds it on average, and by a naive choice, the lowest
threshold whose rate on the calibrated half is at most the risk. The measured half is finite and exceeds the risk by
chance too: the rate over all questions, or the true one where the questions are made up, is reported beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerable_sets import SOURCES, Asked, ask_all
from ragbot.evaluate.conformal import GRID, Kind, Outcome, Point, choose, curve
from train_answerable import auroc

SETS = ("squad2", "mtrag-un")
RISKS = (0.05, 0.1, 0.2)
CONFIDENCE = 0.9
RESAMPLES = 1000
MADE_UP = 400
"""Made-up questions of a split; half of them are calibrated on."""
EXACT = 2_000_000
"""Steps of the integral that gives a made-up threshold's true rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """AUROC of one score on one set."""

    set: str
    score: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How a way to choose thresholds fared over all splits of one set."""

    set: str
    way: str
    kind: Kind
    risk: float
    exceeds: float
    """Share of splits whose rate on the measured half exceeds the risk."""
    exceeds_all: float
    """... whose true rate does, or that over all questions."""
    rate: float
    """Mean rate on the measured half; of nothing answered 0."""
    rate_all: float
    """Mean true rate, or that over all questions."""
    coverage: float
    """Mean share of the measured half that is answered."""
    silent: float
    """Share of splits without a threshold."""


def separations(asked: Sequence[Asked]) -> list[Separation]:
    """The confidence and its baselines on the held-out half of each set."""
    found = []
    for name in dict.fromkeys(each.set for each in asked):
        part = [each for each in asked if each.set == name and each.held_out]
        scores = {
            "confidence": [each.confidence for each in part],
            "best piece": [each.piece for each in part],
            "search score": [each.search for each in part],
            "dense cosine": [each.cosine for each in part],
        }
        for score, values in scores.items():
            low, high = interval(part, values)
            value = auroc(part, values)
            found.append(Separation(set=name, score=score, n=len(part), value=value, low=low, high=high))
    return found


def interval(asked: Sequence[Asked], scores: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """95 %, by a percentile bootstrap over groups: the questions of one are not independent."""
    groups: dict[str, list[int]] = {}
    for place, each in enumerate(asked):
        groups.setdefault(each.group, []).append(place)
    members = list(groups.values())
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        places = [place for at in rng.integers(len(members), size=len(members)) for place in members[at]]
        drawn.append(auroc([asked[place] for place in places], [scores[place] for place in places]))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def naive(points: Sequence[Point], *, kind: Kind, risk: float) -> Point | None:
    """The lowest threshold whose rate is at most `risk`; None where none is."""
    held = [point for point in points if point.answered and (rate(point, kind) <= risk)]
    return min(held, key=lambda point: point.threshold, default=None)


def rate(point: Point, kind: Kind) -> float:
    """0 where nothing is answered."""
    return point.joint if kind == "joint" else point.conditional or 0.0


WAYS = {
    "Learn-then-Test": ("conditional", partial(choose, kind="conditional", confidence=CONFIDENCE)),
    "naive conditional": ("conditional", partial(naive, kind="conditional")),
    "risk control": ("joint", partial(choose, kind="joint", confidence=CONFIDENCE)),
    "naive joint": ("joint", partial(naive, kind="joint")),
}
"""Name -> what is held, and how the threshold is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What the calibrated and the measured half show at every threshold of `GRID`."""

    seen: Sequence[Point]
    fresh: Sequence[Point]


def promises(name: str, splits: Sequence[Split], truth: Sequence[tuple[float, float]]) -> list[Promise]:
    """`truth`: for each threshold of `GRID` the conditional and the joint rate over all questions."""
    found = []
    for way, (held, chosen_by) in WAYS.items():
        kind: Kind = "joint" if held == "joint" else "conditional"
        for risk in RISKS:
            chosen = [chosen_by(split.seen, risk=risk) for split in splits]
            places = [GRID.index(point.threshold) if point and point.answered else None for point in chosen]
            fresh = [None if p is None else split.fresh[p] for p, split in zip(places, splits, strict=True)]
            rates = np.array([0.0 if point is None else rate(point, kind) for point in fresh])
            whole = np.array([0.0 if p is None else truth[p][kind == "joint"] for p in places])
            found.append(
                Promise(
                    set=name,
                    way=way,
                    kind=kind,
                    risk=risk,
                    exceeds=float((rates > risk + 1e-9).mean()),
                    exceeds_all=float((whole > risk + 1e-9).mean()),
                    rate=float(rates.mean()),
                    rate_all=float(whole.mean()),
                    coverage=float(np.mean([0.0 if point is None else point.coverage for point in fresh])),
                    silent=float(np.mean([p is None for p in places])),
                )
            )
    return found


def real(asked: Sequence[Asked], splits: int) -> tuple[list[Split], list[tuple[float, float]]]:
    """Random halves of the questions, and the rates over all of them."""
    outcomes = [
        Outcome(confidence=each.confidence if each.row else None, wrong=not each.right) for each in asked
    ]
    rng = np.random.default_rng(0)
    found = []
    for _ in range(splits):
        order = rng.permutation(len(outcomes))
        half = len(order) // 2
        seen, fresh = ([outcomes[place] for place in part] for part in (order[:half], order[half:]))
        found.append(Split(seen=curve(seen), fresh=curve(fresh)))
    return found, [(rate(point, "conditional"), point.joint) for point in curve(outcomes)]


def made_up(splits: int) -> tuple[list[Split], list[tuple[float, float]]]:
    """Questions with evenly spread confidences c, of which a share of .98 - .6 (1 - c)^2 is right, drawn anew for
    each split; and the true rates."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(splits):
        halves = []
        for _ in range(2):
            sure = rng.random(MADE_UP // 2)
            wrong = rng.random(len(sure)) > _right(sure)
            pairs = zip(sure.tolist(), wrong.tolist(), strict=True)
            halves.append(curve([Outcome(confidence=c, wrong=w) for c, w in pairs]))
        found.append(Split(seen=halves[0], fresh=halves[1]))
    middles = (np.arange(EXACT) + 0.5) / EXACT
    above = np.cumsum((1 - _right(middles))[::-1])[::-1] / EXACT
    joint = [float(above[min(round(each * EXACT), EXACT - 1)]) if each < 1 else 0.0 for each in GRID]
    rates = [
        (wrong / (1 - each) if each < 1 else 0.0, wrong) for each, wrong in zip(GRID, joint, strict=True)
    ]
    return found, rates


def _right(sure: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.98 - 0.6 * (1 - sure) ** 2)


def show(separated: Sequence[Separation], kept: Sequence[Promise]) -> None:
    print("\nAUROC of answerable against unanswerable, held out")
    for one in separated:
        print(f"{one.set:14} {one.score:14} {one.n:5}  {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]")
    print(f"\nThresholds at a confidence of {CONFIDENCE:g}: share of splits that exceed the risk, mean rate")
    print(f"{'':14} {'':18} risk  measured half   all/true       coverage  silent")
    for each in kept:
        print(
            f"{each.set:14} {each.way:18} {each.risk:4.2f}  {each.exceeds:5.3f}  {each.rate:5.3f}   "
            f"{each.exceeds_all:5.3f}  {each.rate_all:5.3f}   {each.coverage:7.3f}  {each.silent:7.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--work", type=Path, help="keeps the indexes for the next run")
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sources = [each for each in SOURCES if each.name in SETS and not each.withheld]
    with tempfile.TemporaryDirectory() as scratch:
        asked = ask_all(arguments.data, arguments.knowledge, arguments.work or Path(scratch), sources)
    separated = separations(asked)
    squad2 = [each for each in asked if each.set == "squad2" and each.held_out]
    sample = [each for each in asked if each.set == "sample"]
    kept = promises("squad2", *real(squad2, arguments.splits))
    kept += promises("sample", *real(sample, arguments.splits))
    kept += promises("made up", *made_up(arguments.splits))
    show(separated, kept)
    if arguments.json:
        found = {"auroc": [asdict(one) for one in separated], "splits": [asdict(each) for each in kept]}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
