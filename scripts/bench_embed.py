"""How fast, how large and how near the original each embedder is, beside sentence-transformers in the same run.

    python scripts/bench_embed.py TEXTS [--model NAME]... [--count 200] [--rounds 3] [--threads 0]

TEXTS is a folder of text files (cut at blank lines) or a JSONL file with a `text` in each row. Prints one JSON
document with, for each embedder: passages a second (best of the rounds, which take turns; both on as many threads),
their ratio, milliseconds for one question, cosines to float32, and the peak of resident memory of a process that
loads the int8 model and embeds the texts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.models.catalog import DEFAULTS, EMBEDDED
from ragbot.models.embed import load_embedder, passage_prompts
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


def peak_mb(model: str, texts: list[str], threads: int) -> float:
    """Resident memory, at its peak, of a process of its own that loads the model and embeds the texts, in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "-", "--model", model, "--threads", str(threads)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def print_peak(model: str, threads: int) -> None:
    """What that process does."""
    import resource

    load_embedder(settings(model, threads), load_settings().models).embed(json.load(sys.stdin))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6)


def settings(model: str, threads: int) -> EmbedderSettings:
    """The model on the CPU."""
    return EmbedderSettings(model=model, device="cpu", threads=threads)


def measure(model: str, texts: list[str], *, rounds: int, threads: int) -> dict[str, float]:
    """The figures of one embedder."""
    models = load_settings().models
    load = seconds(lambda: load_embedder(settings(model, threads), models))
    ours = load_embedder(settings(model, threads), models)
    go_offline()
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(cpu_threads(threads))
    with quiet_transformers():
        theirs = SentenceTransformer(str(locate(model, models)), device="cpu", local_files_only=True)
    prompts = passage_prompts(theirs.prompts)

    def encode(texts: list[str], kind: str = "passage") -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = theirs.encode(
            texts, prompt=prompts[kind] or None, show_progress_bar=False, normalize_embeddings=True
        )
        return vectors

    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        times["ours"].append(seconds(lambda: ours.embed(texts)))
        times["theirs"].append(seconds(lambda: encode(texts)))
    one = [seconds(lambda text=text: ours.embed([text], kind="query")) for text in QUESTIONS * 30]  # type: ignore[misc]
    one_theirs = [seconds(lambda text=text: encode([text], "query")) for text in QUESTIONS * 10]  # type: ignore[misc]
    cosines = (ours.embed(texts) * encode(texts)).sum(1)
    return {
        "texts": len(texts),
        "tokens_mean": statistics.mean(ours.count_tokens(texts)),
        "threads": cpu_threads(threads),
        "load_s": load,
        "passages_per_s": len(texts) / min(times["ours"]),
        "sentence_transformers_passages_per_s": len(texts) / min(times["theirs"]),
        "ratio": min(times["theirs"]) / min(times["ours"]),
        "question_ms": statistics.median(one) * 1000,
        "question_sentence_transformers_ms": statistics.median(one_theirs) * 1000,
        "cosine_mean": float(np.mean(cosines)),
        "cosine_min": float(np.min(cosines)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "texts", type=Path, help="-: only print the memory that the texts on standard input take"
    )
    parser.add_argument("--model", action="append", help="may be repeated; default: the embedded ones")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0: one for each CPU")
    asked = parser.parse_args()
    chosen = asked.model or [name for name in DEFAULTS if EMBEDDED[name].kind == "embedder"]
    if str(asked.texts) == "-":
        print_peak(chosen[0], asked.threads)
        return
    texts = read_texts(asked.texts, asked.count)
    peaks = {
        model: peak_mb(model, texts, asked.threads) for model in chosen
    }  # first: Linux hands a peak down
    report = {
        model: {"peak_mb": peaks[model]} | measure(model, texts, rounds=asked.rounds, threads=asked.threads)
        for model in chosen
    }
    rounded = {
        model: {key: round(value, 4) for key, value in figures.items()} for model, figures in report.items()
    }
    print(json.dumps(rounded, indent=1))


if __name__ == "__main__":
    main()
