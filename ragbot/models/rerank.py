"""Models that read question and passage together and give each passage a new score: the reader, or any cross-encoder.

It does not know how the passages were found, nor how many are kept.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import ModelError
from ragbot.models.hub import locate
from ragbot.models.manifest import MANIFEST, read_manifest
from ragbot.models.prepare import find_kind
from ragbot.models.read import Candidate, Reader, load_reader
from ragbot.models.runtime import choose_device, go_offline, quiet_transformers
from ragbot.types import Hit

if TYPE_CHECKING:
    from ragbot.protocols import Reranker
    from ragbot.settings import ModelsSettings

_BATCH = 16


def load_reranker(
    model: str, models: ModelsSettings, *, device: Literal["auto", "cpu", "cuda"] = "auto"
) -> Reranker:
    """The reader or cross-encoder called `model`, a pulled model or a folder.

    Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if it is of another kind.
    """
    folder = locate(model, models)
    if (folder / MANIFEST).is_file() and read_manifest(folder, model).kind == "reader":
        return ReaderReranker(load_reader(model, models))
    return CrossEncoderReranker(model, models, device=device)


class ReaderReranker:
    """The reader, its probability as score."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, likeliest first, with `rerank_score` and `score` the probability; ties keep their order."""
        candidates = [Candidate(text=_readable(hit)) for hit in hits]
        readings = self._reader.read(question, candidates)
        scored = [
            replace(hit, score=each.probability, rerank_score=each.probability)
            for hit, each in zip(hits, readings, strict=True)
        ]
        return sorted(scored, key=lambda hit: -hit.score)


class CrossEncoderReranker:
    """A sentence-transformers `CrossEncoder`. Safe to use from several threads, which take turns."""

    def __init__(
        self, model: str, models: ModelsSettings, *, device: Literal["auto", "cpu", "cuda"] = "auto"
    ) -> None:
        """`model`: the name of a pulled model, or a folder.

        Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if it is of another kind or gives more than one
        score for a pair.
        """
        folder = locate(model, models)
        _check_kind(model, folder)
        go_offline()
        from sentence_transformers import CrossEncoder

        try:
            with quiet_transformers():
                self._model: Any = CrossEncoder(
                    str(folder), device=choose_device(device), local_files_only=True, trust_remote_code=False
                )
        except Exception as error:  # whatever the libraries raise over a folder they cannot read
            raise ModelError(f"{model} is no cross-encoder that can be loaded ({error})") from error
        if self._model.num_labels != 1:
            raise ModelError(
                f"{model} gives {self._model.num_labels} scores for a pair, not one; it classifies, it does not rank"
            )
        self._lock = threading.Lock()

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, best first, with `rerank_score` and `score` the model's score; ties keep their order."""
        if not hits:
            return []
        pairs = [(question, _readable(hit)) for hit in hits]
        with self._lock:
            scores = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False)
        scored = [
            replace(hit, score=float(score), rerank_score=float(score))
            for hit, score in zip(hits, scores, strict=True)
        ]
        return sorted(scored, key=lambda hit: -hit.score)


def _check_kind(model: str, folder: Path) -> None:
    """The library would put an untrained head on an embedder, whose scores are noise."""
    try:
        kind = find_kind(folder)
    except ModelError as error:
        raise ModelError(f"{model} is no cross-encoder that can be loaded ({error})") from error
    if kind != "classifier":
        raise ModelError(f"{model} is no cross-encoder but of kind {kind}; set search.reranker to another")


def _readable(hit: Hit) -> str:
    """The passage under its title and headings, as it was embedded."""
    above = [part for part in (hit.chunk.title, hit.chunk.heading) if part]
    return "\n".join((*above, hit.chunk.text))
