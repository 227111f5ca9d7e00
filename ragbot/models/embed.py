"""Texts to unit vectors: ONNX Runtime on a CPU, sentence-transformers on a GPU or where no graph exists.

It does not know how a model is fetched or prepared, nor what becomes of the vectors.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import ModelDamaged, ModelError
from ragbot.models.choose import or_default
from ragbot.models.hub import locate
from ragbot.models.manifest import MANIFEST, Manifest, file_sha256, read_manifest
from ragbot.models.runtime import choose_device, cpu_threads, go_offline, onnx_runtime, quiet_transformers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragbot.protocols import Embedder
    from ragbot.settings import EmbedderSettings, ModelsSettings

GRAPH = "model.onnx"
_WEIGHTS = ("*.safetensors", "*.gguf")


def load_embedder(settings: EmbedderSettings, models: ModelsSettings) -> Embedder:
    """The embedder that the settings name: a pulled model, or a folder in sentence-transformers' layout. Of `auto`, the
    default: what a knowledge base chose is for the knowledge base to name.

    Raises `ModelNotFound` naming the command that fetches it, `ModelDamaged`, or `ModelError` if it cannot
    run here.
    """
    named = or_default(settings.model)
    folder = locate(named, models)
    device = choose_device(settings.device)
    manifest = read_manifest(folder, named) if (folder / MANIFEST).is_file() else None
    if manifest is not None and manifest.kind != "embedder":
        raise ModelError(f"{named} is no embedder but of kind {manifest.kind}; set embedder.model to another")
    if manifest is not None and device == "cpu" and (folder / GRAPH).is_file():
        return OnnxEmbedder(folder, manifest, threads=cpu_threads(settings.threads))
    name, languages = _identity(folder, manifest)
    return SentenceTransformerEmbedder(
        folder, name=name, languages=languages, device=device, threads=cpu_threads(settings.threads)
    )


def _identity(folder: Path, manifest: Manifest | None) -> tuple[str, frozenset[str]]:
    if manifest is not None:
        return manifest.vectors, frozenset(manifest.details["languages"])
    weights = sorted(path for pattern in _WEIGHTS for path in folder.rglob(pattern))
    if not weights:
        raise ModelError(f"{folder} holds no *.safetensors weights; point embedder.model at a model's folder")
    return f"{folder.name}@{file_sha256(weights[0])[:12]}", frozenset()


class OnnxEmbedder:
    """ONNX Runtime on a CPU. Safe to use from several threads.

    Each text runs alone and unpadded, one text to a thread: measured faster than padded batches, and a
    text's vector never depends on its neighbours (dynamic int8 takes its scales from all that is in a batch).
    """

    def __init__(self, folder: Path, manifest: Manifest, *, threads: int) -> None:
        from tokenizers import Tokenizer

        onnxruntime = onnx_runtime()
        details = manifest.details
        self.name = manifest.vectors
        self.dimension: int = details["dimension"]
        self.max_tokens: int = details["max_tokens"]
        """What the model reads of a text, its special tokens included: two of them for BERT's kin, so
        256 means 254 tokens as `count_tokens` counts."""
        self.languages: frozenset[str] = frozenset(details["languages"])
        self._prompts: dict[str, str] = details["prompts"]
        self._threads = threads
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # done at pull
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare exceptions of their own
            again = f"run `ragbot models pull {manifest.name}` to prepare it again"
            raise ModelDamaged(
                f"model {manifest.name} in {folder} cannot be loaded ({error}); {again}"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        """Shape (len(texts), dimension), float32, rows of length 1; what exceeds `max_tokens` is not read."""
        import numpy as np

        prompt = self._prompts.get(kind, "")
        encoded = self._tokenizer.encode_batch_fast([prompt + encodable(text) for text in texts])
        vectors = np.empty((len(encoded), self.dimension), dtype=np.float32)

        def run(row: int) -> None:
            ids = np.array([encoded[row].ids], dtype=np.int64)
            vectors[row] = self._session.run(None, {"input_ids": ids})[0][0]

        if len(encoded) < 2 or self._threads == 1:
            for row in range(len(encoded)):
                run(row)
            return vectors
        longest_first = sorted(range(len(encoded)), key=lambda row: -len(encoded[row].ids))
        with ThreadPoolExecutor(min(self._threads, len(encoded))) as pool:
            for _ in pool.map(run, longest_first):
                pass
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without truncation, special tokens not counted."""
        encoded = self._tokenizer.encode_batch_fast(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [len(each.ids) + sum(len(more.ids) for more in each.overflowing) for each in encoded]


class SentenceTransformerEmbedder:
    """sentence-transformers on torch: any of its models, on a GPU or a CPU. Safe to use from several threads."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        languages: frozenset[str],
        device: Literal["cpu", "cuda"],
        threads: int,
    ) -> None:
        go_offline()
        import torch
        from sentence_transformers import SentenceTransformer

        if device == "cpu":
            torch.set_num_threads(threads)
        try:
            with quiet_transformers():
                self._model: Any = SentenceTransformer(
                    str(folder), device=device, local_files_only=True, trust_remote_code=False
                )
        except Exception as error:  # whatever the libraries raise over a folder they cannot read
            raise ModelError(f"{folder} is no sentence-transformers model ({error})") from error
        self.name = name
        self.languages = languages
        self.dimension: int = self._model.get_embedding_dimension()
        self.max_tokens: int = self._model.max_seq_length
        """What the model reads of a text, its special tokens included."""
        self._prompts = passage_prompts(self._model.prompts)
        self._lock = threading.Lock()

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        """Shape (len(texts), dimension), float32, rows of length 1; what exceeds `max_tokens` is not read."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode(
                [encodable(text) for text in texts],
                prompt=self._prompts[kind] or None,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without truncation, special tokens not counted."""
        if not texts:
            return []
        with self._lock:
            encoded = self._model.tokenizer(
                [encodable(text) for text in texts],
                add_special_tokens=False,
                truncation=False,
                verbose=False,
            )
        return [len(ids) for ids in encoded["input_ids"]]


def passage_prompts(prompts: dict[str, str]) -> dict[str, str]:
    """What a model wants before a query and a passage, out of sentence-transformers' named prompts."""
    passage = prompts.get("passage") or prompts.get("document") or ""
    return {"query": prompts.get("query") or "", "passage": passage}


def encodable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced by U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
