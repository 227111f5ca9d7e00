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
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from logistic import logistic
from ragbot import KnowledgeBase
from ragbot.answer.evidence import FEATURES, Scored
from ragbot.answer.units import Unit
from ragbot.answer.weigh import Scorer
from ragbot.text.words import fold
from ragbot.types import Hit, Turn

WEIGHTS = Path(__file__).parent.parent / "ragbot" / "answer" / "weights.json"
SETS = ("squad2", "xquad-en", "cmrc-zh", "xquad-zh")
PER_SET = 600
TAKEN_AWAY = 0.3
"""Share of the answerable questions whose right passage is removed from what was found."""


@dataclass(frozen=True, slots=True)
class Example:
    """One question: the features of its pieces, and which of them answer it."""

    set: str
    held_out: bool
    known: NDArray[np.bool_]
    """Of each piece: whether the embedder knows its language."""
    rows: NDArray[np.float64]
    right: NDArray[np.bool_]


def plain(text: str) -> str:
    return "".join(fold(text).split())


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def examples_of(folder: Path, name: str, rng: random.Random) -> Iterator[Example]:
    """Examples of one BEIR-style set, indexed into a throwaway knowledge base."""
    corpus = {row["_id"]: row for row in read_lines(folder / name / "corpus.jsonl")}
    queries = [query for query in read_lines(folder / name / "queries.jsonl") if query["text"].strip()]
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
                yield example(name, held_out[query["paragraph"]], scored, right)


def example(name: str, held_out: bool, scored: Sequence[Scored], right: Sequence[bool]) -> Example:
    known = np.array([s.known for s in scored])
    return Example(name, held_out, known, np.array([s.features for s in scored]), np.array(right))


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
            right = [holds(s.unit, hits, case) for s in scored]
            yield example("knowledge", "split_dev" not in case["tags"], scored, right)


SIGNS = dict.fromkeys(("asked_lacking", "strictly_lacking", "named_missing", "numbered_missing"), -1)
SIGNS |= {"better_rank": -1, "worse_rank": -1}
SIGNS |= dict.fromkeys(("unit_cosine", "passage_cosine", "unit_coverage", "context_coverage"), 1)
SIGNS |= dict.fromkeys(("passage_coverage", "pairs", "asked_given", "heading_coverage", "is_faq"), 1)
"""The direction in which a feature may count, whatever a small set suggests."""


def fit(examples: list[Example], known: bool) -> NDArray[np.float64]:
    """Weights and bias of the pieces whose language the embedder knows (or not), scaled so that the probability
    of the best piece is calibrated."""
    parts = [(e.set, e.rows[e.known == known], e.right[e.known == known]) for e in examples]
    parts = [part for part in parts if len(part[1])]
    share = Counter(name for name, _, _ in parts)
    weight = np.concatenate([np.full(len(rows), 1.0 / share[name]) for name, rows, _ in parts])
    rows, right = (np.concatenate([part[i] for part in parts]) for i in (1, 2))
    signs = [SIGNS.get(name, 0) for name in FEATURES]
    theta = logistic(rows, right, weight / weight.mean(), signs)
    best = np.array([(rows @ theta[:-1] + theta[-1]).max() for _, rows, _ in parts])
    correct = np.array([right[(rows @ theta[:-1]).argmax()] for _, rows, right in parts])
    evenly = np.array([1.0 / share[name] for name, _, _ in parts])
    scale = LogisticRegression(C=1e6).fit(best[:, None], correct, sample_weight=evenly / evenly.mean())
    theta *= float(scale.coef_[0, 0])
    theta[-1] += float(scale.intercept_[0])
    return theta


def figures(examples: list[Example], weights: dict[bool, NDArray[np.float64]]) -> str:
    """Share of questions whose best piece is right, and AUROC of the best score for "answerable"."""
    scores = [
        np.where(e.known, *(e.rows @ weights[k][:-1] + weights[k][-1] for k in (True, False)))
        for e in examples
    ]
    answerable = np.array([e.right.any() for e in examples])
    best = np.array([s.max() for s in scores])
    first = np.array([e.right[s.argmax()] for e, s in zip(examples, scores, strict=True)])
    top3 = np.array([e.right[np.argsort(-s)[:3]].any() for e, s in zip(examples, scores, strict=True)])
    if not 0 < answerable.sum() < len(answerable):
        return f"n={len(examples):4} (one class only)"
    given = best > 0
    return (
        f"n={len(examples):4} best piece right {first[answerable].mean():.3f}, in the best 3 "
        f"{top3[answerable].mean():.3f}  AUROC {roc_auc_score(answerable, best):.3f}  at 0.5: "
        f"unanswerable silent {(~given[~answerable]).mean():.3f}, answerable answered {given[answerable].mean():.3f}"
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
    learnt = [e for e in examples if not e.held_out]
    weights = {known: fit(learnt, known) for known in (True, False)}
    for name in sorted({e.set for e in examples}):
        for part, held in (("learnt from", False), ("held out", True)):
            chosen = [e for e in examples if e.set == name and e.held_out is held]
            print(f"{name:10} {part:12}", figures(chosen, weights))
    result = {
        group: {name: round(float(w), 4) for name, w in zip((*FEATURES, "bias"), weights[known], strict=True)}
        for group, known in (("known", True), ("unknown", False))
    }
    print(json.dumps(result, indent=2))
    if arguments.write:
        WEIGHTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
