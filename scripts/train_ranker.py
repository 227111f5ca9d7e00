"""Learn `ragbot/index/ranker.json`: how much each feature says of which passage answers.

    scripts/train_ranker.py RETRIEVAL_DATA [--knowledge knowledge] [--work DIR] [--write]

RETRIEVAL_DATA holds sets in BEIR's layout; each is split in two by article or conversation (`retrieval_sets.py`), the
weights are learnt from one half, and the figures of the other are printed. Of `knowledge/` only the questions tagged
`split_dev` are learnt from. A conditional logit: the log-probability of the relevant among all candidates, each set
counting the same. Weights keep to the direction that `SIGNS` gives. The message's are learnt on questions without a
conversation, then, with those as they are, the conversation's on those that have one, and on a third of the others,
which get one about something else, so that the weights learn to leave it alone. They are learnt on questions whose
language the embedder knows, for only they have conversations, and serve all.

Also printed: each set with weights learnt without it, which tells whether they carry over to sets never seen.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from ragbot import KnowledgeBase
from ragbot.index.rank import CONTEXT, FEATURES, doubt
from ragbot.index.search import Found, propose
from ragbot.text.words import fold
from ragbot.types import Chunk, Turn
from retrieval_sets import (
    Query,
    after_others,
    open_indexed,
    passage_texts,
    read_lines,
    read_set,
    set_folders,
)

WEIGHTS = Path(__file__).parent.parent / "ragbot" / "index" / "ranker.json"
PENALTY = 1.0
"""Of the squared weights of standardised features, against the log-likelihood of all questions."""
SIGNS = dict.fromkeys(FEATURES, 1) | {"rarest_missing": -1, "length": 0}
"""The direction in which a feature may count; 0: either."""
MESSAGE = tuple(name for name, spoken in zip(FEATURES, CONTEXT, strict=True) if not spoken)
SPOKEN = tuple(name for name, spoken in zip(FEATURES, CONTEXT, strict=True) if spoken)
ELSEWHERE = 1 / 3
"""Share of the questions without a conversation that get one about something else."""
BATCH = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question: its candidates' features, which of them are right, and what they belong to."""

    set: str
    held_out: bool
    known: bool
    conversation: bool
    """Whether anything was said before."""
    rows: Floats
    right: NDArray[np.bool_]
    passages: tuple[str, ...]
    wanted: int
    """How many right passages there are in the whole set."""


def examples_of(folder: Path, work: Path, rng: random.Random) -> Iterator[Example]:
    """The questions of a set in BEIR's layout."""
    each = read_set(folder)
    texts = passage_texts(each)
    queries = [
        after_others(query, each, texts, rng) if not query.held_out and rng.random() < ELSEWHERE else query
        for query in each.queries
    ]
    with open_indexed(each, work) as kb:
        for query, found in zip(queries, _proposed(kb, queries), strict=True):
            passages = tuple(str(chunk.meta["_id"]) for chunk in found.candidates.chunks)
            yield Example(
                set=each.name,
                held_out=query.held_out,
                known=found.question.embedder_knows,
                conversation=bool(found.question.turns),
                rows=found.features(kb.generations.get()),
                right=np.array([passage in query.relevant for passage in passages]),
                passages=passages,
                wanted=len(query.relevant),
            )


def _proposed(kb: KnowledgeBase, queries: Sequence[Query]) -> Iterator[Found]:
    generation = kb.generations.get()
    for start in range(0, len(queries), BATCH):
        batch = queries[start : start + BATCH]
        texts, histories = [query.text for query in batch], [query.history for query in batch]
        yield from propose(kb, generation, questions=texts, histories=histories)


def knowledge_examples(folder: Path, work: Path) -> Iterator[Example]:
    """The answerable questions of the sample company's test set."""
    cases = [case for case in read_lines(folder / "_testset.jsonl") if case.get("expect") == "answered"]
    with KnowledgeBase.open(work / "knowledge") as kb:
        print(folder, kb.sync(folder), flush=True)
        for case in cases:
            history = [Turn(**turn) for turn in case.get("history", ())]
            (found,) = propose(kb, kb.generations.get(), questions=[case["question"]], histories=[history])
            chunks = found.candidates.chunks
            yield Example(
                set="knowledge",
                held_out="split_dev" not in case["tags"],
                known=found.question.embedder_knows,
                conversation=bool(found.question.turns),
                rows=found.features(kb.generations.get()),
                right=np.array([_holds(chunk, case) for chunk in chunks]),
                passages=tuple(chunk.id for chunk in chunks),
                wanted=1,
            )


def _holds(chunk: Chunk, case: Mapping[str, Any]) -> bool:
    """Whether a passage of a right document states something that the answer must contain."""
    if not any(chunk.source.endswith("/" + name) for name in case.get("sources", ())):
        return False
    text = "".join(fold(chunk.text).split())
    groups = case.get("must_contain") or [[""]]
    return any("".join(fold(option).split()) in text for group in groups for option in group)


def fit(examples: Sequence[Example], fixed: Mapping[str, float]) -> dict[str, float]:
    """The weights that make the right candidates likeliest; those in `fixed` stay as they are."""
    usable = [each for each in examples if each.right.any() and not each.right.all()]
    sizes: dict[str, int] = {}
    for each in usable:
        sizes[each.set] = sizes.get(each.set, 0) + 1
    spread = np.concatenate([each.rows for each in usable]).std(axis=0) + 1e-9
    start = np.array([fixed.get(name, 0.0) for name in FEATURES]) * spread
    free = np.array([name not in fixed for name in FEATURES])
    data = [(each.rows / spread, each.right, 1 / (len(sizes) * sizes[each.set])) for each in usable]

    def loss(theta: Floats) -> tuple[float, Floats]:
        total, slope = PENALTY / len(usable) * float(theta @ theta), 2 * PENALTY / len(usable) * theta
        for rows, right, weight in data:
            scores = rows @ theta
            everything, good = logsumexp(scores), logsumexp(scores[right])
            shares = np.exp(scores - everything)
            shares[right] -= np.exp(scores[right] - good)
            total += weight * float(everything - good)
            slope = slope + weight * (shares @ rows)
        return total, np.where(free, slope, 0.0)

    limits = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    bounds = [
        limits[SIGNS[name]] if name not in fixed else (value, value)
        for name, value in zip(FEATURES, start, strict=True)
    ]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return dict(zip(FEATURES, (found.x / spread).tolist(), strict=True))


def vector(weights: Mapping[str, float]) -> Floats:
    return np.array([weights[name] for name in FEATURES])


def doubted(each: Example, weights: Mapping[str, float]) -> Floats:
    """Its features as the ranker weighs them: the conversation's by how open the message leaves it."""
    return np.where(CONTEXT, doubt(each.rows, vector(weights)), 1.0) * each.rows


def learn(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Both groups of weights: first the message's, on questions without a conversation, then the conversation's."""
    silent = dict.fromkeys(SPOKEN, 0.0)
    known, unknown = (
        fit([each for each in examples if each.known is reads and not each.conversation], silent)
        for reads in (True, False)
    )
    spoken = [each for each in examples if each.known and each.conversation]
    known = fit(
        [replace(each, rows=doubted(each, known)) for each in spoken], {name: known[name] for name in MESSAGE}
    )
    shared = {name: known[name] for name in SPOKEN if name != "context_cosine_leaning"}
    return {"known": known, "unknown": unknown | shared}


def recalls(examples: Sequence[Example], weights: Mapping[str, Mapping[str, float]]) -> tuple[float, float]:
    """R@1 and R@5 of passages, each at the rank of its first chunk."""
    at: list[tuple[float, float]] = []
    for each in examples:
        own = weights["known" if each.known else "unknown"]
        order = np.argsort(-(doubted(each, own) @ vector(own)), kind="stable")
        ranked = list(dict.fromkeys((each.passages[i], bool(each.right[i])) for i in order))
        if each.set == "knowledge":  # any right passage serves
            at.append((float(ranked[0][1]), float(any(right for _, right in ranked[:5]))))
        else:
            at.append((ranked[0][1] / each.wanted, sum(right for _, right in ranked[:5]) / each.wanted))
    one, five = np.mean(at, axis=0)
    return float(one), float(five)


def report(examples: Sequence[Example], weights: Mapping[str, Mapping[str, float]]) -> None:
    learnt = [each for each in examples if not each.held_out]
    for name in sorted({each.set for each in examples}):
        own = [each for each in examples if each.set == name]
        without = learn([each for each in learnt if each.set != name])
        cells = []
        for held_out, used in ((False, weights), (True, weights), (True, without)):
            one, five = recalls([each for each in own if each.held_out is held_out], used)
            cells.append(f"{one:.3f} {five:.3f}")
        print(
            f"{name:14} learnt from {cells[0]}   held out {cells[1]}   held out, set not seen {cells[2]}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--work", type=Path, help="where knowledge bases are kept")
    parser.add_argument("--write", action="store_true", help="replace ranker.json")
    given = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="ragbot-train-") as scratch:
        work = given.work or Path(scratch)
        examples = [each for folder in set_folders(given.data) for each in examples_of(folder, work, rng)]
        examples += knowledge_examples(given.knowledge, work)
    weights = learn([each for each in examples if not each.held_out])
    rounded = {group: {name: round(w, 3) for name, w in each.items()} for group, each in weights.items()}
    print(json.dumps(rounded, indent=2))
    if given.write:
        WEIGHTS.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
    report(examples, weights)


if __name__ == "__main__":
    main()
