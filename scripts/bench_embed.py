"""How fast and how near the original the embedder is, against sentence-transformers' default in the same run.

    python scripts/bench_embed.py TEXTS [--count 200] [--rounds 3]

TEXTS is a folder of text files (cut at blank lines) or a JSONL file with a `text` in each row. Prints one JSON
document: seconds for all texts (best of the rounds, which take turns), their ratio, milliseconds for one
question, and cosines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ragbot.models.embed import load_embedder
from ragbot.models.hub import locate
from ragbot.models.runtime import cpu_threads, go_offline, quiet_transformers
from ragbot.settings import EmbedderSettings, load_settings

QUESTIONS = (
    "How long do refunds take?",
    "Where do I find the serial number of my thermostat?",
    "reset password",
)


def read_texts(source: Path, count: int) -> list[str]:
    """`count` texts spread evenly over the source."""
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.suffix in (".txt", ".md"))
        texts = [
            part for path in files for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip()
        ]
    else:
        texts = [json.loads(line)["text"] for line in source.read_text(encoding="utf-8").splitlines()]
    if not texts:
        raise SystemExit(f"{source} holds no texts")
    return texts[:: max(1, len(texts) // count)][:count]


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    texts = read_texts(asked.texts, asked.count)
    models = load_settings().models
    load = seconds(lambda: load_embedder(EmbedderSettings(device="cpu"), models))
    ours = load_embedder(EmbedderSettings(device="cpu"), models)
    go_offline()
    from sentence_transformers import SentenceTransformer

    with quiet_transformers():
        theirs = SentenceTransformer(
            str(locate("all-minilm-l6-v2", models)), device="cpu", local_files_only=True
        )
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(asked.rounds):
        times["ours"].append(seconds(lambda: ours.embed(texts)))
        times["theirs"].append(seconds(lambda: theirs.encode(texts, show_progress_bar=False)))
    one = [seconds(lambda text=text: ours.embed([text], kind="query")) for text in QUESTIONS * 30]  # type: ignore[misc]
    one_theirs = [
        seconds(lambda text=text: theirs.encode([text], show_progress_bar=False))  # type: ignore[misc]
        for text in QUESTIONS * 10
    ]
    cosines = (
        ours.embed(texts) * theirs.encode(texts, show_progress_bar=False, normalize_embeddings=True)
    ).sum(1)
    report = {
        "texts": len(texts),
        "tokens_mean": statistics.mean(ours.count_tokens(texts)),
        "threads": cpu_threads(0),
        "load_s": load,
        "ours_s": min(times["ours"]),
        "sentence_transformers_s": min(times["theirs"]),
        "ratio": min(times["theirs"]) / min(times["ours"]),
        "question_ms": statistics.median(one) * 1000,
        "question_sentence_transformers_ms": statistics.median(one_theirs) * 1000,
        "cosine_mean": float(np.mean(cosines)),
        "cosine_min": float(np.min(cosines)),
    }
    print(json.dumps({key: round(value, 4) for key, value in report.items()}, indent=1))


if __name__ == "__main__":
    main()
