"""Learn `ragbot/answer/answerable.json`: how likely the answer that would be given is right.

    scripts/train_answerable.py RETRIEVAL_DATA [--knowledge knowledge] [--work DIR] [--write]

RETRIEVAL_DATA holds the sets of `answerable_sets.py`. Learnt from one half of the articles and conversations and, of
`knowledge/`, from the questions tagged `split_dev`; the figures that are printed are of both halves. An answer is
right if the question is answerable and the quote says an answer; where a set has no answers, if it is answerable.
The sets count the same, and within each right and other answers. The two models' confidences must mean the same,
though they are learnt on other sets: the bias of the second is moved until both are as far off on the sample's
learnt half, in log-odds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from answerable_sets import Asked, ask_all
from logistic import logistic
from ragbot.answer.abstain import FEATURES

WEIGHTS = Path(__file__).parent.parent / "ragbot" / "answer" / "answerable.json"
PENALTY = 0.03
"""Of the squared weights beside the mean loss."""
SIGNS = dict.fromkeys(("names_missing", "figures_missing", "denied", "strictly_lacking"), -1)
SIGNS |= dict.fromkeys(("best", "evidence", "margin", "passage_cosine", "piece_cosine", "coverage"), 1)
"""The direction in which a feature may count, whatever a small set suggests."""
BINS = 10

Weights = Mapping[str, Mapping[str, float]]


def learn(asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """The weights, as they are written, for passages in languages that the embedder knows and for others."""
    groups = {
        name: [each for each in asked if each.row and each.known is known]
        for name, known in (("known", True), ("unknown", False))
    }
    weights = {name: _fit(part) for name, part in groups.items()}
    off = {
        name: _off([each for each in part if each.set == "sample"], weights) for name, part in groups.items()
    }
    weights["unknown"]["bias"] += off["unknown"] - off["known"]
    return {
        name: {feature: round(value, 4) for feature, value in own.items()} for name, own in weights.items()
    }


def _off(asked: Sequence[Asked], weights: Weights) -> float:
    """What to add to the log-odds so that the mean confidence is the share of right answers, within 5; 0 where all are
    right, none, or nothing was asked."""
    right = float(np.mean([each.right for each in asked])) if asked else 0.0
    if not 0.0 < right < 1.0:
        return 0.0
    odds = logit(np.clip(confidences(asked, weights), 1e-9, 1 - 1e-9))
    return float(brentq(lambda shift: float(expit(odds + shift).mean()) - right, -5.0, 5.0))


def _fit(asked: Sequence[Asked]) -> dict[str, float]:
    weight = balanced(asked)
    rows = np.array([each.row for each in asked])
    right = np.array([each.right for each in asked])
    signs = [SIGNS.get(name, 0) for name in FEATURES]
    theta = logistic(rows, right, weight / weight.sum() / PENALTY, signs)
    return {name: float(value) for name, value in zip((*FEATURES, "bias"), theta, strict=True)}


def balanced(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """Shape (len(asked),)."""
    keys = [(each.set, each.right) for each in asked]
    sizes = {key: keys.count(key) for key in set(keys)}
    return np.array([1.0 / sizes[name, right] for name, right in keys])


def confidences(asked: Sequence[Asked], weights: Weights) -> NDArray[np.float64]:
    """As `ragbot.answer.abstain` has it; shape (len(asked),)."""
    found = np.zeros(len(asked))
    for place, each in enumerate(asked):
        if each.row:
            own = weights["known" if each.known else "unknown"]
            score = sum(own[name] * value for name, value in zip(FEATURES, each.row, strict=True))
            found[place] = expit(own["bias"] + score)
    return found


def auroc(asked: Sequence[Asked], scores: Sequence[float] | NDArray[np.float64]) -> float:
    """Of answerable against unanswerable questions; not a number where one of the two is missing."""
    labels = [each.answerable for each in asked]
    return float(roc_auc_score(labels, scores)) if len(set(labels)) == 2 else float("nan")


def calibration_error(right: Sequence[bool], scores: NDArray[np.float64]) -> float:
    """Mean distance of confidence and share of right answers over bins of equally many questions, weighted by these
    (expected calibration error; Naeini, Cooper and Hauskrecht, 2015, with such bins)."""
    order = np.argsort(scores, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    hits = np.array(right, dtype=np.float64)
    gaps = [len(part) * abs(hits[part].mean() - scores[part].mean()) for part in parts]
    return float(sum(gaps) / len(scores))


def loss(asked: Sequence[Asked], weights: Weights) -> float:
    """Mean log loss, balanced as for learning."""
    weight = balanced(asked)
    sure = np.clip(confidences(asked, weights), 1e-6, 1 - 1e-6)
    right = np.array([each.right for each in asked])
    return float(-(weight * np.log(np.where(right, sure, 1 - sure))).sum() / weight.sum())


def report(asked: Sequence[Asked], weights: Mapping[str, Weights]) -> None:
    """A line for each set and half."""
    names = "   ".join(f"{name:>10}  error" for name in weights)
    print(f"{'AUROC and calibration error':34} {'n':>5}  piece   {names}")
    for name in dict.fromkeys(each.set for each in asked):
        for title, held in (("learnt from", False), ("held out", True)):
            part = [each for each in asked if each.set == name and each.held_out is held]
            if not part:
                continue
            right = [each.right for each in part]
            figures = [confidences(part, each) for each in weights.values()]
            shown = "   ".join(
                f"{auroc(part, each):>10.3f}  {calibration_error(right, each):.3f}" for each in figures
            )
            piece = auroc(part, [each.piece for each in part])
            print(f"{name:20} {title:13} {len(part):5}  {piece:.3f}   {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--work", type=Path, help="keeps the indexes for the next run")
    parser.add_argument("--write", action="store_true", help="replace answerable.json")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        asked = ask_all(arguments.data, arguments.knowledge, arguments.work or Path(scratch))
    learnt = [each for each in asked if not each.held_out]
    shipped = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    weights = {"shipped": shipped, "learnt now": learn(learnt)}
    report(asked, weights)
    for name, each in weights.items():
        print(f"log loss on all learnt halves, {name}: {loss(learnt, each):.5f}")
    text = json.dumps(weights["learnt now"], indent=2)
    print(text)
    if arguments.write:
        WEIGHTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
