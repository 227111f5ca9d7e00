"""Do customers find what answers them? BM25, embedders plain and tuned, their fusions, and the reader, in one run.

    scripts/bench_support.py DATA [--sets kagi,ucloud_zh,arduino,odoo_docs] [--systems ...] [--chunk-tokens N]

DATA holds `support/`, `kb/arduino-help-center` and `reader/` in the layout that `companies.py` describes; nothing was
trained on `support/`. Prints for each company and system what `support_figures.py` defines, 95 % bootstrap intervals of
fact@1, F1 of the chosen excerpt, and milliseconds a question without embedding the passages.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from companies import Company, read_companies, read_company
from ragbot.models.embed import OnnxEmbedder, load_embedder
from ragbot.models.read import Reader, load_reader
from ragbot.settings import EmbedderSettings, ModelsSettings, load_settings
from support_figures import Figures, asked, figures, interval, show

_RRF = 20
"""k of reciprocal rank fusion (Cormack, Clarke & Büttcher, 2009)."""
_POOL = 50
Floats = NDArray[np.float32]
EMBEDDERS = ("all-minilm-l6-v2", "minilm-support", "multilingual-e5-small", "e5-support")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default="arduino,kagi,ucloud_zh,odoo_docs")
    parser.add_argument("--embedders", default=",".join(EMBEDDERS))
    parser.add_argument("--reader", default="e5-reader")
    parser.add_argument("--chunk-tokens", type=int, default=180)
    parser.add_argument("--no-sentences", action="store_true")
    given = parser.parse_args()
    models = load_settings().models
    loaded = {name: _embedder(name, models) for name in filter(None, given.embedders.split(","))}
    reader = load_reader(given.reader, models) if given.reader else None
    counter = _embedder("multilingual-e5-small", models)
    everything: dict[str, list[Figures]] = {}
    for name in given.sets.split(","):
        for company in _companies(given.data, name, counter, given.chunk_tokens):
            for found in _of_company(company, loaded, reader):
                everything.setdefault(found.system, []).append(found)
    for found in everything.values():
        show(found)
        for each in found:
            low, high = interval(lambda drawn, each=each: float(each.found[drawn, 2].mean()), len(each.found))
            print(
                f"    {each.company}: fact@1 {low:.3f} to {high:.3f}; F1 {each.f1.mean() if each.f1.size else float('nan'):.3f}"
            )


def _embedder(name: str, models: ModelsSettings) -> OnnxEmbedder:
    embedder = load_embedder(EmbedderSettings(model=name, device="cpu"), models)
    if not isinstance(embedder, OnnxEmbedder):
        raise SystemExit(f"{name} has no int8 graph here")
    return embedder


def _companies(data: Path, name: str, counter: OnnxEmbedder, chunk_tokens: int) -> list[Company]:
    if name == "arduino":
        questions = data / "support/arduino_dev.jsonl"
        return [
            read_company(
                name, data / "kb/arduino-help-center", questions,
                count_tokens=counter.count_tokens, chunk_tokens=chunk_tokens,
            )
        ]  # fmt: skip
    folder, _, part = name.partition("/")
    home = data / "support" / folder if (data / "support" / folder).is_dir() else data / "reader" / folder
    found = read_companies(home, count_tokens=counter.count_tokens, chunk_tokens=chunk_tokens)
    return [each for each in found if not part or each.name == name]


def _of_company(company: Company, embedders: dict[str, OnnxEmbedder], reader: Reader | None) -> list[Figures]:
    questions = asked(company)
    made = [_timed(company, "BM25", bm25 := _Bm25(company).scores(questions))]
    dense = {}
    for name, embedder in embedders.items():
        began = time.perf_counter()
        index = _Index(company, embedder)
        spent = time.perf_counter() - began
        print(
            f"{company.name}: {len(company.passages) / spent:.0f} passages a second with {name}", flush=True
        )
        began = time.perf_counter()
        whole, best = index.scores(questions)
        milliseconds = 1000 * (time.perf_counter() - began) / len(questions)
        dense[name] = (whole + best) / 2
        made.append(figures(company, f"{name}, {milliseconds:.0f} ms", _ranked(whole)))
        made.append(figures(company, f"{name} + sentences", _ranked(dense[name])))
        made.append(figures(company, f"{name} + s + BM25", _ranked(_fused([dense[name], bm25]))))
    names = list(dense)
    for a, b in (("minilm-support", "e5-support"), ("all-minilm-l6-v2", "multilingual-e5-small")):
        if a in names and b in names:
            made.append(figures(company, f"{a} + {b}", _ranked(_fused([dense[a], dense[b]]))))
    return made


if __name__ == "__main__":
    main()
