"""Checks and measures everything that a GPU changes, in one call: embedder and generator.

    python scripts/bench_gpu.py TEXTS [--device cuda|cpu] [--count 400]

TEXTS is a JSONL file with a `text` in each row. Checks that vectors of the device agree with those of ONNX
Runtime on the CPU (a knowledge base made on one is searched on the other), then prints one JSON document with
texts a second, the ratio to the CPU in the same run, and tokens a second. `--device cpu` runs the same path
without a GPU.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from ragbot.models.embed import load_embedder
from ragbot.models.generate import load_generator
from ragbot.protocols import Embedder
from ragbot.settings import EmbedderSettings, GeneratorSettings, load_settings
from ragbot.types import Message

LEAST_COSINE = 0.98


def texts_a_second(embedder: Embedder, texts: list[str]) -> float:
    """After one warm-up on a few texts."""
    embedder.embed(texts[:8])
    began = time.perf_counter()
    embedder.embed(texts)
    return len(texts) / (time.perf_counter() - began)


def main() -> None:
    """Check, measure, print; exit 1 where the vectors disagree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--count", type=int, default=400)
    asked = parser.parse_args()
    lines = asked.texts.read_text(encoding="utf-8").splitlines()[: asked.count]
    texts = [str(json.loads(line)["text"]) for line in lines]
    models = load_settings().models
    cpu = load_embedder(EmbedderSettings(device="cpu"), models)
    device = load_embedder(EmbedderSettings(device=asked.device), models)
    cosines = (cpu.embed(texts[:100]) * device.embed(texts[:100])).sum(axis=1)
    on_cpu, on_device = texts_a_second(cpu, texts), texts_a_second(device, texts)
    generator = load_generator(GeneratorSettings(device=asked.device), models)
    prompt = [Message(role="user", content=texts[0] + "\n\nSummarise this in three sentences.")]
    stream = generator.stream(prompt, max_tokens=64)
    try:
        while True:
            next(stream)
    except StopIteration as stop:
        generation = stop.value
    report = {
        "device": asked.device,
        "texts": len(texts),
        "cosine_least": round(float(cosines.min()), 4),
        "same_name": cpu.name == device.name,
        "texts_a_second": round(on_device, 1),
        "ratio_to_cpu": round(on_device / on_cpu, 2),
        "prompt_tokens": generation.prompt_tokens,
        "tokens_a_second": round(generation.completion_tokens / generation.seconds, 1),
    }
    print(json.dumps(report, indent=1))
    if cosines.min() < LEAST_COSINE or cpu.name != device.name:
        raise SystemExit("the device's vectors are not those of the CPU")


if __name__ == "__main__":
    main()
