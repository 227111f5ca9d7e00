"""How well `ragbot gaps` groups questions: against the labels of public intent sets, beside the community detection of
sentence-transformers at its defaults and beside average linkage over plain cosines.

    python scripts/bench_gaps.py DATA [--questions 2000] [--tune] [--speed]

DATA holds `intent/banking77/train.jsonl`, `intent/clinc150/train.jsonl` ({text, label}). A stream of questions is drawn
from each set, intents as often as words are (the k-th most frequent 1/k as often as the first). The labels of a set are
split by hash into two halves; the threshold was chosen with `--tune`, on the first half of CLINC150 alone. Reported:
groups, purity (share of questions that have their group's main label), adjusted Rand index (Hubert & Arabie 1985) and
V-measure (Rosenberg & Hirschberg 2007).
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score, v_measure_score

from ragbot.gaps.cluster import Compared, groups
from ragbot.models.embed import load_embedder
from ragbot.protocols import Embedder
from ragbot.settings import load_settings

SEED = 20261124
BACKGROUND = 300
PLAIN = 0.325
"""Least average cosine of the plain baseline, chosen as `ALIKE` was."""

Cluster = Callable[[Sequence[str]], list[list[int]]]


def read(path: Path, half: int) -> dict[str, list[str]]:
    """Label -> its different questions, of one half of the labels; `oos` means none and is left out."""
    found: dict[str, dict[str, None]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["label"] != "oos" and zlib.crc32(row["label"].encode()) % 2 == half:
            found.setdefault(row["label"], {})[row["text"].strip()] = None
    return {label: list(texts) for label, texts in found.items()}


def stream(asked: dict[str, list[str]], count: int, seed: int) -> tuple[list[str], list[str]]:
    """`count` different questions and their labels; fewer where there are no more."""
    rng = np.random.default_rng(seed)
    labels = sorted(asked)
    rng.shuffle(labels)
    weights = np.array([1 / (rank + 1) for rank in range(len(labels))])
    wanted = np.ceil(weights / weights.sum() * count).astype(int)
    rows = [
        (str(text), label)
        for label, many in zip(labels, wanted, strict=True)
        for text in rng.permutation(asked[label])[:many]
    ]
    order = rng.permutation(len(rows))[:count]
    return [rows[at][0] for at in order], [rows[at][1] for at in order]


def field(path: Path, half: int) -> list[str]:
    """Questions about other things of the same field, as a knowledge base's headings are: of the other half."""
    texts = [text for label, texts in sorted(read(path, half).items()) for text in texts]
    return [str(text) for text in np.random.default_rng(SEED).permutation(texts)[:BACKGROUND]]


def scores(found: Sequence[Sequence[int]], labels: Sequence[str]) -> tuple[int, float, float, float]:
    """Groups, purity, adjusted Rand index, V-measure."""
    given = np.zeros(len(labels), int)
    for number, rows in enumerate(found):
        given[list(rows)] = number
    purity = sum(Counter(labels[row] for row in rows).most_common(1)[0][1] for rows in found) / len(labels)
    return len(found), purity, adjusted_rand_score(labels, given), v_measure_score(labels, given)


def community(texts: Sequence[str], embedder: Embedder) -> list[list[int]]:
    """The function's defaults: cosine 0.75, at least 10 members; what it leaves out is a group of its own each."""
    from sentence_transformers.util import community_detection

    found = community_detection(embedder.embed(texts, kind="query"))
    taken = {row for rows in found for row in rows}
    return [list(rows) for rows in found] + [[row] for row in range(len(texts)) if row not in taken]


def plain(texts: Sequence[str], embedder: Embedder, least: float) -> list[list[int]]:
    vectors = embedder.embed(texts, kind="query")
    return groups(np.clip(vectors @ vectors.T, 0, 1), least=least)


def tune(texts: Sequence[str], labels: Sequence[str], background: Sequence[str], embedder: Embedder) -> None:
    vectors = embedder.embed(texts, kind="query")
    whole = Compared(texts, embedder, background=background).matrix()
    for least in np.arange(0.1, 0.66, 0.025):
        for name, matrix in (("ragbot", whole), ("plain", np.clip(vectors @ vectors.T, 0, 1))):
            count, purity, rand, v = scores(groups(matrix.copy(), least=float(least)), labels)
            print(f"  {name:7} {least:.3f}: {count:5} groups, purity {purity:.2f}, ARI {rand:.3f}, V {v:.3f}")


def compare(
    name: str, texts: Sequence[str], labels: Sequence[str], background: Sequence[str], embedder: Embedder
) -> None:
    ways: dict[str, Cluster] = {
        "ragbot": lambda each: groups(Compared(each, embedder, background=background).matrix()),
        "average linkage, cosine": lambda each: plain(each, embedder, PLAIN),
        "community detection": lambda each: community(each, embedder),
    }
    print(f"{name}: {len(texts)} questions of {len(set(labels))} intents")
    for way, cluster in ways.items():
        begun = time.perf_counter()
        count, purity, rand, v = scores(cluster(texts), labels)
        seconds = time.perf_counter() - begun
        print(f"  {way:24} {count:5} groups, purity {purity:.2f}, ARI {rand:.2f}, V {v:.2f}, {seconds:.1f} s")


def speed(sets: Sequence[dict[str, list[str]]], embedder: Embedder) -> None:
    """20,000 different questions: those of the sets, and the same with a number behind them."""
    known = [text for asked in sets for texts in asked.values() for text in texts]
    texts = list(dict.fromkeys(known + [f"{text} {number}" for number in range(2) for text in known]))[
        :20_000
    ]
    begun = time.perf_counter()
    compared = Compared(texts, embedder)
    read_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    matrix = compared.matrix()
    matrix_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    found = groups(matrix)
    joined = time.perf_counter() - begun
    print(
        f"{len(texts)} questions: read {read_seconds:.0f} s, compared {matrix_seconds:.0f} s, joined {joined:.0f} s, "
        f"{len(found)} groups, matrix {matrix.nbytes / 1e9:.1f} GB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    settings = load_settings()
    embedder = load_embedder(settings.embedder, settings.models)
    files = {name: arguments.data / "intent" / name / "train.jsonl" for name in ("clinc150", "banking77")}
    if arguments.tune:
        texts, labels = stream(read(files["clinc150"], 0), arguments.questions, SEED)
        tune(texts, labels, field(files["clinc150"], 1), embedder)
        return
    if arguments.speed:
        speed([read(path, half) for path in files.values() for half in (0, 1)], embedder)
        return
    for name, half in (("clinc150", 1), ("banking77", 1), ("banking77", 0)):
        texts, labels = stream(read(files[name], half), arguments.questions, SEED)
        compare(f"{name}, half {half + 1}", texts, labels, field(files[name], 1 - half), embedder)


if __name__ == "__main__":
    main()
