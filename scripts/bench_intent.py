"""How well intents are recognised, against logistic regression on the same embeddings, in the same run.

    python scripts/bench_intent.py DATA [--seeds 5] [--sets banking77,clinc150,hint3,told,zh]

DATA is a folder with `banking77/train.jsonl`, `clinc150/{train,val}.jsonl` and `hint3-*/{train,test}.jsonl`, each
line {text, label}, label `oos` for none of the intents. Of BANKING77 a fifth of each intent is held out (seed 77) and
examples are drawn from the rest. Prints one JSON line for each experiment: shares with 95 % bootstrap intervals of
the test messages. `accuracy`: of in-scope messages, likeliest intent right, whatever the threshold; `accepted`: the
same where none counts as wrong; `none_recall`: of messages out of scope; `mcc`: of all, none being one class more;
`ece`: expected calibration error of the confidence in ten bins; `baseline`: logistic regression (C = 10), the
likeliest intent. Thresholds are the default, or chosen as each line's `rule` says, on training data alone.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragbot.dialogue.classify.model import IntentModel, Labelled
from ragbot.models.embed import load_embedder
from ragbot.protocols import Embedder
from ragbot.settings import EmbedderSettings, load_settings
from ragbot.text.glossary import load_glossary

OOS = "oos"
SHARES = (0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01)
Rows = list[tuple[str, str]]


class Remembering:
    """An embedder that embeds no text twice."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}
        self.name, self.dimension = embedder.name, embedder.dimension
        self.max_tokens, self.languages = embedder.max_tokens, embedder.languages

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._embedder.embed(new, kind=kind), strict=True))
        return np.stack([self._known[text] for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)


def read(path: Path) -> Rows:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]


def parted(rows: Rows, *, seed: int, share: float = 0.0, count: int = 0) -> tuple[Rows, Rows]:
    """Of each label a `share`, or `count`, drawn at random; and the rest."""
    rng = np.random.default_rng(seed)
    by_label = defaultdict(list)
    for row in rows:
        by_label[row[1]].append(row)
    drawn, rest = [], []
    for label in sorted(by_label):
        order = rng.permutation(len(by_label[label]))
        many = count or round(share * len(order))
        drawn += [by_label[label][at] for at in order[:many]]
        rest += [by_label[label][at] for at in order[many:]]
    return drawn, rest


def labelled(rows: Rows) -> list[Labelled]:
    by_label = defaultdict(list)
    for text, label in rows:
        if label != OOS:
            by_label[label].append(text)
    return [Labelled(name=label, examples=tuple(by_label[label])) for label in sorted(by_label)]


def interval(figure: Callable[[NDArray[np.int64]], float], count: int) -> list[float]:
    """The figure of all rows, and its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    many = [figure(rng.integers(0, count, count)) for _ in range(400)]
    low, high = np.quantile(many, [0.025, 0.975])
    return [round(float(each), 4) for each in (figure(np.arange(count)), low, high)]


def mcc(truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Matthews' correlation of many classes (Gorodkin, "Comparing two K-category assignments by a K-category
    correlation coefficient", 2004)."""
    classes = int(max(truth.max(), said.max())) + 1
    true, told = np.bincount(truth, minlength=classes), np.bincount(said, minlength=classes)
    total = float(len(truth))
    above = (truth == said).sum() * total - float(true @ told)
    below = np.sqrt(total**2 - float(told @ told)) * np.sqrt(total**2 - float(true @ true))
    return float(above / below) if below else 0.0


def ece(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Guo et al., "On Calibration of Modern Neural Networks", 2017, with ten bins of equal width."""
    bins = np.minimum((confidence * 10).astype(int), 9)
    parts = [(bins == each) for each in range(10) if (bins == each).any()]
    return float(sum(abs(confidence[p].mean() - right[p].mean()) * p.mean() for p in parts))


def measure(model: IntentModel, rows: Rows, embedder: Embedder) -> dict[str, Any]:
    """The figures of one model on held-out rows."""
    texts = [text for text, _ in rows]
    guesses = model.classify_many(texts, embedder.embed(texts, kind="query"))
    place = {name: at for at, name in enumerate([*model.names, OOS])}
    truth = np.array([place[label] for _, label in rows])
    said = np.array([place[guess.intent or OOS] for guess in guesses])
    best = np.array([place[guess.best] for guess in guesses])
    inside = truth != place[OOS]
    figures: dict[str, Any] = {
        "messages": len(rows),
        "accuracy": interval(lambda at: float((best == truth)[at][inside[at]].mean()), len(rows)),
        "accepted": interval(lambda at: float((said == truth)[at][inside[at]].mean()), len(rows)),
        "ece": round(ece(np.array([guess.confidence for guess in guesses]), said == truth), 3),
    }
    if not inside.all():
        none = said == place[OOS]
        figures["none_recall"] = interval(lambda at: float(none[at][~inside[at]].mean()), len(rows))
        figures["mcc"] = interval(lambda at: mcc(truth[at], said[at]), len(rows))
    return figures


def baseline(train: Rows, test: Rows, embedder: Embedder) -> float:
    """Accuracy on in-scope messages of logistic regression on embeddings."""
    from sklearn.linear_model import LogisticRegression

    train, test = [row for row in train if row[1] != OOS], [row for row in test if row[1] != OOS]
    model = LogisticRegression(C=10, max_iter=300)
    model.fit(embedder.embed([text for text, _ in train], kind="query"), [label for _, label in train])
    said = model.predict(embedder.embed([text for text, _ in test], kind="query"))
    return round(float(np.mean([one == label for one, (_, label) in zip(said, test, strict=True)])), 4)


def report(name: str, **figures: Any) -> None:
    print(json.dumps({"set": name, **figures}), flush=True)


def timed(model: IntentModel, rows: Rows, embedder: Embedder, plain: Embedder) -> dict[str, float]:
    """Median milliseconds of one classification whose embedding is there, and of one embedding."""
    classify, embed = [], []
    for text, _ in rows[:200]:
        vector = embedder.embed([text], kind="query")[0]
        started = time.perf_counter()
        model.classify(text, vector)
        classify.append(time.perf_counter() - started)
        started = time.perf_counter()
        plain.embed([text], kind="query")
        embed.append(time.perf_counter() - started)
    return {
        "ms": round(float(np.median(classify)) * 1e3, 2),
        "ms_embedding": round(float(np.median(embed)) * 1e3, 2),
    }


def banking77(data: Path, embedder: Remembering, plain: Embedder, seeds: int) -> None:
    test, pool = parted(read(data / "banking77/train.jsonl"), seed=77, share=0.2)
    ours, theirs, ece_s = [], [], []
    for seed in range(seeds):
        few, _ = parted(pool, seed=seed, count=10)
        figures = measure(IntentModel.train(labelled(few), embedder), test, embedder)
        ours.append(figures["accuracy"][0])
        ece_s.append(figures["ece"])
        theirs.append(baseline(few, test, embedder))
    report(
        "banking77, 10 examples an intent",
        accuracy=round(float(np.mean(ours)), 4),
        of_seeds=ours,
        baseline=round(float(np.mean(theirs)), 4),
        ece=ece_s,
        interval_of_first=figures["accuracy"],
    )
    embedder.embed([text for text, _ in pool], kind="query")
    started = time.perf_counter()
    model = IntentModel.train(labelled(pool), embedder)
    seconds = round(time.perf_counter() - started, 1)
    report(
        f"banking77, {len(pool)} examples",
        **measure(model, test, embedder),
        baseline=baseline(pool, test, embedder),
        seconds_beside_embedding=seconds,
        **timed(model, test, embedder, plain),
    )


def choose_share(train: Rows, embedder: Embedder, none: Sequence[str]) -> float:
    """The greatest share under which a tenth of the training data, held out, loses at most half a point."""
    held, rest = parted([row for row in train if row[1] != OOS], seed=1, share=0.1)
    thin, _ = parted(rest, seed=2, count=40)
    model = IntentModel.train(labelled(thin), embedder, none=none)
    for share in SHARES:
        figures = measure(model.expecting(share), held, embedder)
        if figures["accuracy"][0] - figures["accepted"][0] <= 0.005:
            return share
    return SHARES[-1]


def clinc150(data: Path, embedder: Remembering, plain: Embedder) -> None:
    train, test = read(data / "clinc150/train.jsonl"), read(data / "clinc150/val.jsonl")
    own = [text for text, label in train if label == OOS]
    floor = baseline(train, test, embedder)
    for none in ([], own):
        started = time.perf_counter()
        model = IntentModel.train(labelled(train), embedder, none=none)
        seconds = round(time.perf_counter() - started, 1)
        name = f"clinc150, {len(none)} examples of none"
        chosen = choose_share(train, embedder, none)
        report(
            name,
            rule=f"half a point lost: share {chosen}",
            **measure(model.expecting(chosen), test, embedder),
            baseline=floor,
        )
        report(
            name,
            rule="default",
            **measure(model, test, embedder),
            seconds_beside_embedding=seconds,
            **timed(model, test, embedder, plain),
        )


def hint3(data: Path, embedder: Remembering) -> None:
    for name in ("curekart", "sofmattress"):
        train, test = (read(data / f"hint3-{name}" / f"{part}.jsonl") for part in ("train", "test"))
        model = IntentModel.train(labelled(train), embedder)
        report(
            f"hint3 {name}",
            rule="default",
            **measure(model, test, embedder),
            baseline=baseline(train, test, embedder),
        )


def told(data: Path, embedder: Remembering) -> None:
    """Intents of which only the name is known, all of them or every second one."""
    for path in ("banking77/train.jsonl", "clinc150/val.jsonl"):
        rows = read(data / path)
        names = [one.name for one in labelled(rows)]
        model = IntentModel.train([Labelled(name=name) for name in names], embedder)
        vectors = embedder.embed([name.replace("_", " ") for name in names], kind="query")
        inside = [row for row in rows if row[1] != OOS]
        nearest = (embedder.embed([text for text, _ in inside], kind="query") @ vectors.T).argmax(axis=1)
        cosine = np.mean([names[at] == label for at, (_, label) in zip(nearest, inside, strict=True)])
        report(f"{path}, names only", **measure(model, rows, embedder), nearest_name=round(float(cosine), 4))
    test, pool = parted(read(data / "banking77/train.jsonl"), seed=77, share=0.2)
    few, _ = parted(pool, seed=0, count=10)
    half = [one if at % 2 else Labelled(name=one.name, examples=()) for at, one in enumerate(labelled(few))]
    model = IntentModel.train(half, embedder)
    shown = {one.name for one in half if one.examples}
    for title, part in (("with", True), ("without", False)):
        rows = [row for row in test if (row[1] in shown) == part]
        report(
            f"banking77, every second intent has 10 examples; those {title}", **measure(model, rows, embedder)
        )


def chinese(embedder: Remembering) -> None:
    """The set beside this script, without and with the glossary's gloss, in few and in all examples."""
    content = tomllib.loads(Path(__file__).with_name("intent_zh.toml").read_text(encoding="utf-8"))
    none = content.pop("none")
    test = [(text, name) for name, one in content.items() for text in one["test"]] + [(t, OOS) for t in none]
    glossary = load_glossary()

    def in_english(text: str) -> str:
        return glossary.gloss(text, "en")

    for count in (3, 8):
        intents = [Labelled(name=n, examples=tuple(one["examples"][:count])) for n, one in content.items()]
        for title, gloss in (("no gloss", None), ("gloss", in_english)):
            model = IntentModel.train(intents, embedder, gloss=gloss)
            guesses = model.classify_many([text for text, _ in test])
            inside = [(g, label) for g, (_, label) in zip(guesses, test, strict=True) if label != OOS]
            outside = [g.intent == "" for g, (_, label) in zip(guesses, test, strict=True) if label == OOS]
            report(
                f"chinese, {count} examples an intent, {title}",
                messages=len(test),
                accuracy=round(float(np.mean([g.best == label for g, label in inside])), 3),
                accepted=round(float(np.mean([g.intent == label for g, label in inside])), 3),
                none_recall=round(float(np.mean(outside)), 3),
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default="zh,hint3,told,banking77,clinc150")
    asked = parser.parse_args()
    plain = load_embedder(EmbedderSettings(device="cpu"), load_settings().models)
    embedder = Remembering(plain)
    runs: dict[str, Callable[[], None]] = {
        "zh": lambda: chinese(embedder),
        "hint3": lambda: hint3(asked.data, embedder),
        "told": lambda: told(asked.data, embedder),
        "banking77": lambda: banking77(asked.data, embedder, plain, asked.seeds),
        "clinc150": lambda: clinc150(asked.data, embedder, plain),
    }
    for name in asked.sets.split(","):
        runs[name]()


if __name__ == "__main__":
    main()
