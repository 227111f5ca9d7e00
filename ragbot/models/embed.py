"""Texts to unit vectors: ONNX Runtime on a CPU, sentence-transformers on a GPU or where no graph exists.

It does not know how a model is fetched or prepared, nor what becomes of the vectors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
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
Span = tuple[int, int]
"""First character of a piece of text and the one after its last."""
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
        details = manifest.details
        self.name = manifest.vectors
        self.dimension: int = details["dimension"]
        self.max_tokens: int = details["max_tokens"]
        """What the model reads of a text, its special tokens included: two of them for BERT's kin, so
        256 means 254 tokens as `count_tokens` counts."""
        self.languages: frozenset[str] = frozenset(details["languages"])
        self._prompts: dict[str, str] = details["prompts"]
        self._threads = threads
        self._session, self._tokenizer = open_graph(folder, GRAPH, manifest, max_tokens=self.max_tokens)

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
            vectors[row] = self._session.run(["embedding"], {"input_ids": ids})[0][0]

        side_by_side(run, [len(each.ids) for each in encoded], threads=self._threads)
        return vectors

    def embed_sentences(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """The vectors of passages, as `embed` gives them, and of each passage's `spans` (sentences, as offsets) read in
        it: shape (spans, dimension), of length 1, the mean of the span's tokens (Günther et al., "Late Chunking",
        2024). What exceeds `max_tokens` is not read: such a span has the passage's vector.

        >>> vectors, sentences = embedder.embed_sentences(["Open daily. Closed in May."], [[(0, 11), (12, 26)]])
        ... # doctest: +SKIP
        """
        import numpy as np

        prompt = self._prompts.get("passage", "")
        encoded = self._tokenizer.encode_batch([prompt + encodable(text) for text in texts])
        vectors = np.empty((len(encoded), self.dimension), dtype=np.float32)
        sentences: list[NDArray[np.float32]] = [vectors[:0]] * len(encoded)

        def run(row: int) -> None:
            ids = np.array([encoded[row].ids], dtype=np.int64)
            embedding, states = self._session.run(["embedding", "states"], {"input_ids": ids})
            vectors[row] = embedding[0]
            sentences[row] = np.tile(vectors[row], (len(spans[row]), 1))
            for place, found in enumerate(token_ranges(encoded[row].offsets, spans[row], shift=len(prompt))):
                if found is not None:
                    mean = states[found[0] : found[1]].mean(axis=0)
                    sentences[row][place] = mean / max(float(np.linalg.norm(mean)), 1e-12)

        side_by_side(run, [len(each.ids) for each in encoded], threads=self._threads)
        return vectors, sentences

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

    def embed_sentences(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """As `OnnxEmbedder.embed_sentences`. Raises `ModelError` where the model's tokenizer tells no offsets."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32), []
        prompt = self._prompts["passage"]
        whole = [prompt + encodable(text) for text in texts]
        with self._lock:
            if not getattr(self._model.tokenizer, "is_fast", False):
                raise ModelError(f"{self.name} has no fast tokenizer, so its sentences have no vectors")
            states = self._model.encode(whole, output_value="token_embeddings", show_progress_bar=False)
            offsets = self._model.tokenizer(
                whole, return_offsets_mapping=True, truncation=True, max_length=self.max_tokens
            )["offset_mapping"]
        vectors = self.embed(texts)
        sentences = []
        for row, own in enumerate(spans):
            found = np.tile(vectors[row], (len(own), 1))
            tokens = states[row].float().cpu().numpy()
            for place, each in enumerate(token_ranges(offsets[row], own, shift=len(prompt))):
                if each is not None:
                    mean = tokens[each[0] : each[1]].mean(axis=0)
                    found[place] = mean / max(float(np.linalg.norm(mean)), 1e-12)
            sentences.append(found)
        return vectors, sentences

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


def open_graph(folder: Path, graph: str, manifest: Manifest, *, max_tokens: int) -> tuple[Any, Any]:
    """The session of a prepared graph, one thread to a run, and its tokenizer, which cuts at `max_tokens`.

    Raises `ModelDamaged` naming the command that prepares the model again.
    """
    from tokenizers import Tokenizer

    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # done at pull
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            str(folder / graph), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # both libraries raise bare exceptions of their own
        again = f"run `ragbot models pull {manifest.name}` to prepare it again"
        raise ModelDamaged(
            f"model {manifest.name} in {folder} cannot be loaded ({error}); {again}"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return session, tokenizer


def side_by_side(run: Callable[[int], None], lengths: Sequence[int], *, threads: int) -> None:
    """Call `run` with the number of each text, one text to a thread, the longest first."""
    if len(lengths) < 2 or threads == 1:
        for number in range(len(lengths)):
            run(number)
        return
    longest_first = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    with ThreadPoolExecutor(min(threads, len(lengths))) as pool:
        for _ in pool.map(run, longest_first):
            pass


def token_ranges(offsets: Sequence[Span], spans: Sequence[Span], *, shift: int) -> list[Span | None]:
    """Ranges of characters as ranges of tokens; None for one that no token stands for. `offsets`: the characters of
    each token; `shift`: how many of them stand before the text that the spans count in."""
    places = [
        (number, start - shift, end - shift) for number, (start, end) in enumerate(offsets) if end > start
    ]
    ranges: list[Span | None] = []
    for begin, stop in spans:
        inside = [number for number, start, end in places if start < stop and end > begin]
        ranges.append((inside[0], inside[-1] + 1) if inside else None)
    return ranges


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
