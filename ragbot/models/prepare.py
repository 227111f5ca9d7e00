"""A folder of weights as fetched -> a folder that loads fast: ONNX graphs for embedders, safetensors for GGUF.

Runs once, inside `ragbot models pull`. It does not know where the files came from.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragbot.errors import ModelError
from ragbot.models.catalog import Kind
from ragbot.models.runtime import go_offline, out_of_space, quiet_transformers

HEAD = "head.safetensors"
"""A reader's last layers."""
LEAST_MEAN_COSINE = 0.99
LEAST_COSINE = 0.98
"""To the float32 vectors of sentence-transformers; below either, a graph is not used. Measured for
all-MiniLM-L6-v2 on 140 texts of all kinds: mean 0.997, least 0.992."""

MOST_READER_DIFFERENCE = 0.15
"""Of a reader's probability by the int8 graph to that by the network in float32."""

PROBES = (
    "How long do refunds take?",
    "Reset",
    "The battery is charged with the supplied 5 V adapter; a full charge takes about 90 minutes.",
    "Order no. 48-2291, EUR 1,249.50, shipped 2024-03-07 by express to 10115 Berlin.",
    "退款需要多长时间？请在七天内联系客服。",
    "Thanks, that was very helpful!",
    "In 1911 Rutherford inferred the atomic nucleus (a dense core) from the scattering of alpha particles.",
    "Our return policy covers all items bought in the online shop within thirty days of delivery. " * 30,
)
"""Short, long (longer than most models read), figures, another script: what int8 is set and checked on."""


def find_kind(folder: Path) -> Kind:
    """What a folder holds, told from its files and `architectures` in config.json; a cross-encoder is a classifier.

    Raises `ModelError` if it is none of embedder, generator, classifier.
    """
    if (folder / "modules.json").is_file():
        return "classifier" if _says_cross_encoder(folder) else "embedder"
    if any(folder.glob("*.gguf")):
        return "generator"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architectures = config.get("architectures") or [""]
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder.name} has no readable config.json, so it is no model ({error})") from error
    architecture = str(architectures[0])
    if architecture.endswith(("ForCausalLM", "LMHeadModel")):
        return "generator"
    if architecture.endswith("ForSequenceClassification"):
        return "classifier"
    return "embedder"


def _says_cross_encoder(folder: Path) -> bool:
    """modules.json stands in sentence-transformers' folders of either kind, and beside it which one it is."""
    try:
        said = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("model_type") == "CrossEncoder"


def prepare(
    folder: Path, kind: Kind, *, need_int8: bool, languages: frozenset[str], progress: Callable[[str], None]
) -> dict[str, Any]:
    """Add to `folder` what its loader needs; returns the manifest's `details`.

    `need_int8`: the int8 graph must come out near enough to the original, else `ModelError`.
    """
    if kind == "embedder":
        return _prepare_embedder(folder, need_int8=need_int8, languages=languages, progress=progress)
    if kind == "reader":
        return _prepare_reader(folder, progress=progress)
    if kind == "generator" and any(folder.glob("*.gguf")):
        from ragbot.models.gguf_convert import convert

        progress("converting the GGUF weights to safetensors")
        convert(folder)
    return {}


def _prepare_embedder(
    folder: Path, *, need_int8: bool, languages: frozenset[str], progress: Callable[[str], None]
) -> dict[str, Any]:
    go_offline()
    from sentence_transformers import SentenceTransformer

    from ragbot.models.embed import passage_prompts

    with quiet_transformers():
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    details: dict[str, Any] = {
        "dimension": model.get_embedding_dimension(),
        "max_tokens": model.max_seq_length,
        "languages": sorted(languages),
        "prompts": passage_prompts(model.prompts),
        "backend": "torch",
    }
    pooling = _plain_pooling(model)
    if pooling is None or not (folder / "tokenizer.json").is_file():
        details["reason"] = "not a plain transformer with mean or cls pooling and a fast tokenizer"
        return details
    reference = model.encode(
        list(PROBES), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
    )
    del model
    gc.collect()  # it is large and in cycles, and the export takes memory of its own
    problems: list[str] = []
    for backend, int8 in (("onnx-int8", True), ("onnx-float32", False)):
        progress(f"exporting to {backend}")
        problem, cosine = _try_export(folder, details, reference, pooling=pooling, int8=int8)
        if not problem:
            return details | {"backend": backend} | cosine
        problems.append(f"{backend}: {problem}")
        if need_int8:
            raise ModelError(f"{folder.name} could not be prepared: {problem}")
    return details | {"reason": "; ".join(problems)}


def _prepare_reader(folder: Path, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Write the reader's int8 graph; raises `ModelError` where its probabilities are not near the network's."""
    go_offline()
    import torch
    from safetensors import safe_open
    from transformers import AutoModel

    from ragbot.models.manifest import Manifest
    from ragbot.models.onnx_export import export_reader
    from ragbot.models.read import PAIR_TOKENS, READER_GRAPH, Reader
    from ragbot.models.reader_net import ReaderNet, load_head
    from ragbot.types import Candidate

    with safe_open(folder / HEAD, framework="pt") as file:
        details: dict[str, Any] = json.loads((file.metadata() or {})["reader"])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    details["max_tokens"] = min(PAIR_TOKENS, config["max_position_embeddings"])
    progress("exporting to onnx-int8")
    export_reader(
        folder,
        folder / HEAD,
        folder / READER_GRAPH,
        int8=True,
        texts=_token_ids(folder, details["max_tokens"]),
    )
    manifest = Manifest(name=folder.name, kind="reader", revision="", identity="", details=details, files={})
    reader = Reader(folder, manifest, threads=1)
    with quiet_transformers():
        encoder = AutoModel.from_pretrained(
            folder, add_pooling_layer=False, local_files_only=True, trust_remote_code=False
        )
    net = ReaderNet(encoder, load_head(folder / HEAD)).eval()

    def network(ids: Any, parts: Any) -> tuple[Any, Any]:
        with torch.inference_mode():
            logit, cosines = net(torch.as_tensor(ids), torch.as_tensor(parts))
        return logit.numpy(), cosines.numpy()

    candidates = [Candidate(text=text) for text in PROBES]
    quantised = [each.probability for message in PROBES[:2] for each in reader.read(message, candidates)]
    exact = [
        each.probability
        for message in PROBES[:2]
        for each in reader.read(message, candidates, network=network)
    ]
    difference = max(abs(a - b) for a, b in zip(quantised, exact, strict=True))
    if difference > MOST_READER_DIFFERENCE:
        raise ModelError(f"{folder.name} could not be prepared: its int8 graph is off by {difference:.2f}")
    return details | {"backend": "onnx-int8", "difference": difference}


def _plain_pooling(model: Any) -> Any:
    """`mean` or `cls` if the model is a transformer, one such pooling and at most a normalisation, else None."""
    modules = list(model)
    kinds = [type(each).__name__ for each in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return None
    if getattr(modules[0], "do_lower_case", False) or not modules[1].include_prompt:
        return None
    return modules[1].pooling_mode if modules[1].pooling_mode in ("mean", "cls") else None


def _token_ids(folder: Path, most: int) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return [encoded.ids for encoded in tokenizer.encode_batch(list(PROBES))]


def _try_export(
    folder: Path, details: dict[str, Any], reference: Any, *, pooling: Any, int8: bool
) -> tuple[str, dict[str, float]]:
    """Export, load as the embedder would, compare; returns what is wrong (or nothing) and the cosines."""
    from ragbot.models.embed import GRAPH, OnnxEmbedder
    from ragbot.models.manifest import Manifest
    from ragbot.models.onnx_export import export

    graph = folder / GRAPH
    try:
        texts = _token_ids(folder, details["max_tokens"])
        export(folder, graph, pooling=pooling, int8=int8, texts=texts)
        manifest = Manifest(
            name=folder.name,
            kind="embedder",
            revision="",
            identity="",
            details=details | {"prompts": {}},
            files={},
        )
        cosines = (OnnxEmbedder(folder, manifest, threads=1).embed(PROBES) * reference).sum(axis=1)
    except Exception as error:  # torch, onnx and onnxruntime each have their own
        if out_of_space(error, folder):
            raise  # no fault of the model
        graph.unlink(missing_ok=True)
        return f"{type(error).__name__}: {error}"[:300], {}
    figures = {"cosine_mean": float(cosines.mean()), "cosine_min": float(cosines.min())}
    if figures["cosine_mean"] < LEAST_MEAN_COSINE or figures["cosine_min"] < LEAST_COSINE:
        graph.unlink(missing_ok=True)
        return (
            f"cosine to the original only {figures['cosine_mean']:.4f}, least {figures['cosine_min']:.4f}",
            {},
        )
    return "", figures
