"""Tune an embedder to how customers ask, on companies' documentation with questions, and write the adapter that ships.

    scripts/train_embedder.py scripts/data/manifest.toml --data DATA --base multilingual-e5-small \\
        --write ragbot/models/adapters/e5-support.safetensors

The manifest names the folders (in the layout of `companies.py`) and their licences; questions beside it in `more/` go
with the folder of their name. Companies that `companies.CHOOSE` names are left out of training and measured after each
epoch. A run is resumed from its folder (`--work`): mined negatives and a checkpoint after each epoch lie there.
`--device cuda` runs on a GPU; `--share .25`, .5, ... gives the learning curve; `--soup .5` writes the mean with the
original weights (Wortsman et al., "Model soups", 2022).
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from companies import CHOOSE, Company, Question, read_companies
from ragbot.models.adapter import write_adapter
from ragbot.models.catalog import EMBEDDED
from ragbot.models.hub import locate
from ragbot.models.manifest import read_manifest
from ragbot.models.tune import Corpus, Encoder, Example, TuneSettings, tune
from ragbot.settings import load_settings
from support_figures import measure, show

_MINED = 30
"""How many passages the base model proposes for each question, to draw wrong ones from."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="where the manifest's folders lie")
    parser.add_argument("--base", default="multilingual-e5-small", help="a pulled embedder")
    parser.add_argument(
        "--work", type=Path, default=Path(".ragbot-train"), help="checkpoints and mined negatives"
    )
    parser.add_argument("--write", type=Path, help="where the adapter goes")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--chunk-tokens", type=int, default=180)
    parser.add_argument("--share", type=float, default=1.0, help="of the questions, for a learning curve")
    parser.add_argument(
        "--soup", type=float, default=1.0, help="share of the tuned weights in what is written"
    )
    parser.add_argument("--languages", default="", help="only questions in these, as en,de")
    for name, kind in TuneSettings.__annotations__.items():
        default = getattr(TuneSettings(), name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type={"int": int, "float": float}[kind], default=default
        )
    given = parser.parse_args()

    models = load_settings().models
    folder = locate(given.base, models)
    manifest = read_manifest(folder, given.base)
    encoder = Encoder(folder, device=given.device, prompts=manifest.details["prompts"])
    given.work.mkdir(parents=True, exist_ok=True)

    train, choose = read_manifest_sets(given.manifest, given.data, encoder.count_tokens, given.chunk_tokens)
    corpora = [
        _corpus(encoder, company, given.work, set(filter(None, given.languages.split(","))), given.share)
        for company in train
    ]
    print(f"{sum(len(each.examples) for each in corpora)} questions of {len(corpora)} companies", flush=True)

    def after_epoch(epoch: int) -> None:
        print(f"left-out companies after epoch {epoch}")
        show([measure(encoder, company) for company in choose])

    settings = TuneSettings(**{name: getattr(given, name) for name in TuneSettings.__annotations__})
    pairs = tune(
        encoder,
        corpora,
        settings,
        checkpoint=given.work / "checkpoint.safetensors",
        progress=lambda line: print(line, flush=True),
        after_epoch=after_epoch,
    )
    if given.write:
        weights = EMBEDDED[given.base].weights_sha256
        halves = {key: (a.numpy(), given.soup * b.numpy()) for key, (a, b) in pairs.items()}
        sha256 = write_adapter(given.write, halves, {"base": given.base, "base_sha256": weights})
        print(f"{given.write}: {given.write.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")


def read_manifest_sets(
    manifest: Path, data: Path, count_tokens: Callable[[Sequence[str]], list[int]], chunk_tokens: int
) -> tuple[list[Company], list[Company]]:
    """The companies to train on, and those left out."""
    train: list[Company] = []
    choose: list[Company] = []
    for entry in tomllib.loads(manifest.read_text(encoding="utf-8"))["set"]:
        folder = next(
            path for path in (data / entry["folder"], manifest.parent / entry["folder"]) if path.is_dir()
        )
        more = manifest.parent / "more" / f"{folder.name}.jsonl"
        companies = read_companies(
            folder,
            count_tokens=count_tokens,
            chunk_tokens=chunk_tokens,
            more=[more] if more.is_file() else [],
        )
        for company in companies:
            (choose if company.name in CHOOSE else train).append(company)
    return train, choose


def _corpus(encoder: Encoder, company: Company, work: Path, languages: set[str], share: float) -> Corpus:
    ranked = mined(encoder, company, work)
    examples = [
        _example(company, question, ranked[question.id])
        for question in company.questions
        if (not languages or question.language in languages) and _kept(question.id, share)
    ]
    return Corpus(
        name=company.name,
        texts=[passage.text for passage in company.passages],
        spans=[passage.spans for passage in company.passages],
        examples=[each for each in examples if each is not None],
    )


def _kept(name: str, share: float) -> bool:
    """The same questions for the same share, those of a smaller one among those of a larger."""
    return np.random.default_rng(list(name.encode())).random() < share


def mined(encoder: Encoder, company: Company, work: Path) -> dict[str, list[int]]:
    """Question -> the passages nearest to it by the base model, made once."""
    path = work / f"mined-{company.name.replace('/', '-')}.json"
    if path.is_file():
        found: dict[str, list[int]] = json.loads(path.read_text(encoding="utf-8"))
        if found.keys() >= {question.id for question in company.questions}:
            return found
    print(f"looking for wrong passages: {company.name}", flush=True)
    with torch.inference_mode():
        passages, _ = encoder.encode(encoder.tokenize([each.text for each in company.passages]))
        asked, _ = encoder.encode(
            encoder.tokenize([each.in_context for each in company.questions], kind="query")
        )
        best = (asked @ passages.T).topk(min(_MINED, len(passages)), dim=1).indices.tolist()
    found = {question.id: row for question, row in zip(company.questions, best, strict=True)}
    path.write_text(json.dumps(found), encoding="utf-8")
    return found


def _example(company: Company, question: Question, ranked: Sequence[int]) -> Example | None:
    messages = (
        (question.in_context,) if question.kind == "follow_up" else (question.text, question.in_context)
    )
    sources = [passage.chunk.source for passage in company.passages]
    named = {number for number, source in enumerate(sources) if source in question.articles}
    if not question.answerable:
        near = [number for number in ranked if number in named]
        return Example(messages=messages, wrong=tuple(dict.fromkeys([*near, *ranked])))
    right = sorted({number for found in company.gold(question) for number in found})
    if not right:
        return None
    unclear = frozenset(named - set(right)) if len(question.articles) > 1 else frozenset()
    return Example(
        messages=messages,
        right=tuple(right),
        sentences={number: company.gold_sentences(question, number) for number in right},
        wrong=tuple(number for number in ranked if number not in unclear and number not in right),
        unclear=unclear,
    )


if __name__ == "__main__":
    main()
