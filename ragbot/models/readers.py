"""Which reader reads: the one that was made for the embedder, a cross-encoder, or the embedder itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import InputError, ModelError
from ragbot.models.choose import reader_for
from ragbot.models.hub import locate
from ragbot.models.manifest import MANIFEST, read_manifest
from ragbot.models.nearest import EmbedderReader, best_sentences
from ragbot.models.prepare import find_kind
from ragbot.models.read import load_reader
from ragbot.models.runtime import choose_device, go_offline, quiet_transformers
from ragbot.types import Candidate, Reading

if TYPE_CHECKING:
    from ragbot.protocols import Embedder, Reader
    from ragbot.settings import ModelsSettings

_BATCH = 16


def open_reader(
    model: str, models: ModelsSettings, *, embedder: Embedder, device: Literal["auto", "cpu", "cuda"] = "auto"
) -> Reader:
    """The reader called `model` (`search.reranker`) for passages that `embedder` found.

    Raises `ModelNotFound` naming the command that fetches it, `ModelDamaged`, or `ModelError` if it is of another kind.
    """
    model = reader_for(model, embedder.name)
    if not model:
        return EmbedderReader(embedder)
    return load_named_reader(model, models, embedder=embedder, device=device)


def load_named_reader(
    model: str,
    models: ModelsSettings,
    *,
    embedder: Embedder | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Reader:
    """The reader or cross-encoder of that name; of a cross-encoder the `embedder` chooses the sentences, and without
    one it names none. Raises as `open_reader`."""
    folder = locate(model, models)
    if (folder / MANIFEST).is_file() and read_manifest(folder, model).kind == "reader":
        return load_reader(model, models)
    return CrossEncoderReader(model, models, embedder=embedder, device=device)


class CrossEncoderReader:
    """A sentence-transformers `CrossEncoder`; the sentence of a passage is the embedder's choice. Safe to use from
    several threads, which take turns."""

    def __init__(
        self,
        model: str,
        models: ModelsSettings,
        *,
        embedder: Embedder | None = None,
        device: Literal["auto", "cpu", "cuda"] = "auto",
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
        self.name = model
        self._embedder = embedder
        self._lock = threading.Lock()

    def read(self, message: str, candidates: Sequence[Candidate]) -> list[Reading]:
        """One `Reading` for each candidate, in their order: its probability is the logistic function of the model's
        score. Raises `InputError` for an empty message."""
        from torch.nn import Sigmoid

        if not message.strip():
            raise InputError("the message is empty; give the reader a text")
        if not candidates:
            return []
        with self._lock:
            scores = self._model.predict(
                [(message, each.text) for each in candidates],
                batch_size=_BATCH,
                show_progress_bar=False,
                activation_fn=Sigmoid(),
            )
        if self._embedder is None:
            return [Reading(probability=float(score), sentence=None) for score in scores]
        chosen = best_sentences(self._embedder, message, candidates, scores)
        return [
            Reading(probability=float(score), sentence=each.sentence, scores=each.scores)
            for score, each in zip(scores, chosen, strict=True)
        ]


def _check_kind(model: str, folder: Path) -> None:
    """The library would put an untrained head on an embedder, whose scores are noise."""
    try:
        kind = find_kind(folder)
    except ModelError as error:
        raise ModelError(f"{model} is no cross-encoder that can be loaded ({error})") from error
    if kind != "classifier":
        raise ModelError(f"{model} is no cross-encoder but of kind {kind}; set search.reranker to another")
