"""Learn `ragbot/answer/check/support.json`: how likely a window carries a claim.

    scripts/train_support.py GROUNDING RETRIEVAL [--folder DOCUMENTS]... [--write]

GROUNDING holds grounding sets, RETRIEVAL and DOCUMENTS the passages whose sentences are edited (`fact_edits.py`).
Learnt from the half of the sources that `grounding_sets.in_second_half` leaves to learning; the figures that are
printed are of both halves. Of a reply with several claims that is not supported as a whole, only the claim that the
model of the round before supports least is learnt as unsupported (multiple-instance learning).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from fact_edits import load
from grounding_sets import LABELS, Item, read_sets
from logistic import logistic
from ragbot.answer.check.claims import bare, claims
from ragbot.answer.check.features import FEATURES
from ragbot.answer.check.fits import fits
from ragbot.answer.check.reading import passage

SUPPORT = Path(__file__).parent.parent / "ragbot" / "answer" / "check" / "support.json"
RISING = frozenset(("coverage", "wording"))
"""Features that may only raise the support; all others may only lower it, whatever a small set suggests."""
PRECISION = 0.98
"""Of the edits and paraphrases that come out supported at the threshold, on the learnt half."""
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Example:
    """One item: for each of its claims, the feature rows of its windows, and which of them have a fault."""

    item: Item
    rows: tuple[NDArray[np.float64], ...]
    faults: tuple[NDArray[np.bool_], ...]

    @property
    def supported(self) -> bool:
        return self.item.label == "supported"


def example(item: Item) -> Example:
    given = [passage(item.passage)]
    rows, faults = [], []
    for claim in claims(item.claim):
        said = bare(claim)
        found = fits(said, given, [""])
        rows.append(np.array([each.row for each, _ in found]).reshape(len(found), len(FEATURES)))
        faults.append(np.array([wrong is not None for _, wrong in found], dtype=np.bool_))
    return Example(item, tuple(rows), tuple(faults))


def chosen(each: Example, theta: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Of each claim the row of the window that supports it most; of an unsupported reply the least of these."""
    best = [rows[(rows @ theta[:-1]).argmax()] for rows in each.rows if len(rows)]
    if each.supported or not best:
        return best
    return [min(best, key=lambda row: float(row @ theta[:-1]))]


def learn(examples: Sequence[Example]) -> NDArray[np.float64]:
    """The model in which each set, and in it each label, counts the same."""
    theta = np.array([5.0 * (name == "coverage") for name in FEATURES] + [-3.0])
    signs = [1 if name in RISING else -1 for name in FEATURES]
    for _ in range(ROUNDS):
        picked = [(row, each) for each in examples for row in chosen(each, theta)]
        groups_of = [(group(each), each.supported) for _, each in picked]
        sizes = Counter(groups_of)
        weight = np.array([len(picked) / (len(sizes) * sizes[own]) for own in groups_of])
        right = np.array([each.supported for _, each in picked])
        theta = logistic(np.array([row for row, _ in picked]), right, weight, signs)
    return theta


def group(each: Example) -> str:
    """What counts as one set: each grounding set, and all generated pairs."""
    return "edits" if is_edit(each.item) else each.item.set


def support(each: Example, theta: NDArray[np.float64]) -> float:
    """As the verifier has it; a reply has the support of its weakest claim."""
    found = [
        float((expit(rows @ theta[:-1] + theta[-1]) * np.where(faults, 0.35, 1.0)).max())
        if len(rows)
        else 0.0
        for rows, faults in zip(each.rows, each.faults, strict=True)
    ]
    return min(found, default=0.0)


def auroc(examples: Sequence[Example], theta: NDArray[np.float64]) -> float:
    right = [each.supported for each in examples]
    if len(set(right)) < 2:
        return float("nan")
    return float(roc_auc_score(right, [support(each, theta) for each in examples]))


def report(examples: Sequence[Example], theta: NDArray[np.float64]) -> None:
    """AUROC of each set, and of each kind of edit against the paraphrases, on both halves."""
    for title, group in groups(examples):
        halves = [[e for e in group if e.item.held_out == held] for held in (False, True)]
        print(f"{title:24} {auroc(halves[0], theta):.3f} {auroc(halves[1], theta):.3f} {len(group):5}")


def is_edit(item: Item) -> bool:
    """Whether it is generated: its kind is finer than its label."""
    return item.kind not in LABELS


def groups(examples: Sequence[Example]) -> Iterator[tuple[str, list[Example]]]:
    """Each grounding set, all edits, and each kind of edit with all paraphrases of its language."""
    edits = [each for each in examples if is_edit(each.item)]
    others = [each for each in examples if not is_edit(each.item)]
    for name in dict.fromkeys(each.item.set for each in others):
        yield name, [each for each in others if each.item.set == name]
    if edits:
        yield "edits", edits
    for language in ("en", "zh"):
        spoken = [each for each in edits if each.item.id.startswith(language)]
        right = [each for each in spoken if each.supported]
        for kind in sorted({each.item.kind for each in spoken if not each.supported}):
            yield f"  {kind} {language}", [*right, *(each for each in spoken if each.item.kind == kind)]


def threshold(examples: Sequence[Example], theta: NDArray[np.float64]) -> float:
    """The least support at which `PRECISION` of the edits' pairs that come out supported are right, to 2 places;
    at least 0.6."""
    scored = sorted(((support(each, theta), each.supported) for each in examples), reverse=True)
    right = np.cumsum([supported for _, supported in scored])
    precision = right / np.arange(1, len(scored) + 1)
    enough = np.flatnonzero(precision >= PRECISION)
    least = scored[int(enough[-1])][0] if len(enough) else 1.0
    return min(0.95, max(0.6, float(np.ceil(least * 100) / 100)))


def as_json(theta: NDArray[np.float64]) -> dict[str, float]:
    return {"bias": round(float(theta[-1]), 4)} | {
        name: round(float(weight), 4) for name, weight in zip(FEATURES, theta[:-1], strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("grounding", type=Path)
    parser.add_argument("retrieval", type=Path)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    items = [
        item for found in read_sets(asked.grounding).values() for item in found if item.label != "generic"
    ]
    examples = [example(item) for item in [*items, *load(asked.retrieval, asked.folder, "all")]]
    learnt = [each for each in examples if not each.item.held_out]
    theta = learn(learnt)
    least = threshold([each for each in learnt if is_edit(each.item)], theta)
    print("AUROC of the learnt half, of the held-out half; pairs of both")
    report(examples, theta)
    shipped = {
        "about": "Logistic model over the features of a claim and a window, learnt by scripts/train_support.py",
        "threshold": least,
        "weights": as_json(theta),
    }
    print(json.dumps(shipped, indent=2))
    if asked.write:
        SUPPORT.write_text(json.dumps(shipped, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
