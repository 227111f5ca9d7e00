"""Learn `ragbot/answer/weights.json`: which pieces of passages answer a question.

    scripts/train_evidence.py RETRIEVAL_DATA [--knowledge knowledge] [--write]

RETRIEVAL_DATA holds sets in BEIR's layout whose queries carry `answers` (squad2, xquad-en, cmrc-zh, xquad-zh).
Each set is split by paragraph; the questions of the second half are not learnt from and give the figures that
are printed. A piece is right if it holds an answer and stands in the right paragraph. Questions without an
answer, and questions whose right passage is taken away, teach what it looks like when nothing answers. Of
`knowledge/`, only the questions tagged `split_dev` are learnt from.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ragbot import KnowledgeBase
from ragbot.answer.evidence import FEATURES
from ragbot.answer.units import Unit
from ragbot.answer.weigh import Scorer
from ragbot.text.words import fold
from ragbot.types import Hit, Turn

WEIGHTS = Path(__file__).parent.parent / "ragbot" / "answer" / "weights.json"
SETS = ("squad2", "xquad-en", "cmrc-zh", "xquad-zh")
PER_SET = 700
TAKEN_AWAY = 0.3
"""Share of the answerable questions whose right passage is removed from what was found."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question: the features of its pieces, and which of them answer it."""

    set: str
    held_out: bool
    known: bool
    rows: NDArray[np.float64]
    right: NDArray[np.bool_]


def plain(text: str) -> str:
    return "".join(fold(text).split())


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def examples_of(folder: Path, name: str, rng: random.Random) -> Iterator[Example]:
    """Examples of one BEIR-style set, indexed into a throwaway knowledge base."""
    corpus = {row["_id"]: row for row in read_lines(folder / name / "corpus.jsonl")}
    queries = read_lines(folder / name / "queries.jsonl")
    held_out = {key: index % 2 == 1 for index, key in enumerate(sorted({q["paragraph"] for q in queries}))}
    rng.shuffle(queries)
    with tempfile.TemporaryDirectory() as scratch, KnowledgeBase.open(Path(scratch) / "kb") as kb:
        print(name, kb.sync(folder / name / "corpus.jsonl"), flush=True)
        scorer = Scorer(kb.embedder, kb.idf)
        for query in queries[:PER_SET]:
            question = kb.understand(query["text"])
            hits = kb.search(query["text"])
            gold = plain(corpus[query["paragraph"]]["text"])
            answers = [plain(answer) for answer in query.get("answers") or []]
            if answers and rng.random() < TAKEN_AWAY:
                hits = [hit for hit in hits if plain(hit.chunk.text)[:80] not in gold]
            scored = scorer.score(question, hits)
            right = [
                any(a in plain(s.unit.text) for a in answers) and plain(s.unit.text)[:80] in gold
                for s in scored
            ]
            if scored:
                rows = np.array([s.features for s in scored])
                yield Example(
                    name, held_out[query["paragraph"]], question.embedder_knows, rows, np.array(right)
                )


def holds(unit: Unit, hits: list[Hit], case: dict[str, Any]) -> bool:
    """Whether a piece of the right document states what the answer must contain (one group is enough)."""
    source = hits[unit.hit].chunk.source
    if not any(source.endswith("/" + name) for name in case.get("sources", ())):
        return False
    text = plain(unit.text)
    return any(any(plain(option) in text for option in group) for group in case.get("must_contain", ()))


def knowledge_examples(folder: Path) -> Iterator[Example]:
    """Examples of the sample company's test set."""
    with tempfile.TemporaryDirectory() as scratch, KnowledgeBase.open(Path(scratch) / "kb") as kb:
        print(folder, kb.sync(folder), flush=True)
        scorer = Scorer(kb.embedder, kb.idf)
        for case in read_lines(folder / "_testset.jsonl"):
            if case.get("expect") not in ("answered", "abstained"):
                continue
            history = [Turn(**turn) for turn in case.get("history", ())]
            question = kb.understand(case["question"], history)
            hits = kb.search(case["question"], history=history)
            scored = scorer.score(question, hits)
            right = np.array([holds(s.unit, hits, case) for s in scored])
            rows = np.array([s.features for s in scored])
            yield Example("knowledge", "split_dev" not in case["tags"], question.embedder_knows, rows, right)


def fit(examples: list[Example]) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of the pieces, then rescaled so that the best piece's probability is calibrated."""
    rows = np.concatenate([e.rows for e in examples])
    right = np.concatenate([e.right for e in examples])
    share = {name: sum(e.set == name for e in examples) for name in {e.set for e in examples}}
    weight = np.concatenate([np.full(len(e.rows), 1.0 / share[e.set]) for e in examples])
    spread = rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=2000).fit(
        rows / spread, right, sample_weight=weight / weight.mean()
    )
    weights, bias = model.coef_[0] / spread, float(model.intercept_[0])
    best = np.array([(e.rows @ weights + bias).max() for e in examples])
    correct = np.array([e.right[(e.rows @ weights).argmax()] for e in examples])
    scale = LogisticRegression(C=1e6).fit(best[:, None], correct)
    slope, shift = float(scale.coef_[0, 0]), float(scale.intercept_[0])
    return weights * slope, bias * slope + shift


def figures(examples: list[Example], weights: NDArray[np.float64], bias: float) -> str:
    """Share of questions whose best piece is right, and AUROC of the best score for "answerable"."""
    answerable = np.array([e.right.any() for e in examples])
    best = np.array([(e.rows @ weights + bias).max() for e in examples])
    first = np.array([e.right[(e.rows @ weights).argmax()] for e in examples])
    auroc = roc_auc_score(answerable, best) if 0 < answerable.sum() < len(answerable) else float("nan")
    given = best > 0
    return (
        f"n={len(examples):4} best piece right {first[answerable].mean():.3f}  AUROC {auroc:.3f}  "
        f"at 0.5: answered {given.mean():.2f}, right of these {first[given].mean():.3f}, "
        f"unanswerable kept silent {(~given[~answerable]).mean():.3f}, answerable answered {given[answerable].mean():.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--write", action="store_true", help="replace weights.json")
    arguments = parser.parse_args()
    rng = random.Random(7)
    examples = [e for name in SETS for e in examples_of(arguments.data, name, rng)]
    examples += knowledge_examples(arguments.knowledge)
    result = {}
    for group, known in (("known", True), ("unknown", False)):
        mine = [e for e in examples if e.known is known]
        weights, bias = fit([e for e in mine if not e.held_out])
        result[group] = {"bias": round(bias, 4)} | {
            name: round(float(w), 4) for name, w in zip(FEATURES, weights, strict=True)
        }
        for name in sorted({e.set for e in mine}):
            for part, held in (("learnt from", False), ("held out", True)):
                chosen = [e for e in mine if e.set == name and e.held_out is held]
                print(f"{group:8}{name:10} {part:12}", figures(chosen, weights, bias))
    print(json.dumps(result, indent=2))
    if arguments.write:
        WEIGHTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
