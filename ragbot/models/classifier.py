"""A transformers sequence classifier from this machine's models: what reads pairs or texts in batches."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import ModelError
from ragbot.models.hub import locate
from ragbot.models.runtime import choose_device, go_offline, quiet_transformers

if TYPE_CHECKING:
    from ragbot.settings import ModelsSettings

BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A loaded model and what it is used with."""

    tokenizer: Any
    model: Any
    """On its device, in evaluation mode."""
    labels: Mapping[int, str]
    window: int
    """Tokens that it reads."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while it runs: threads take turns."""


def load_classifier(
    model: str, models: ModelsSettings, *, device: Literal["auto", "cpu", "cuda"] = "auto"
) -> Classifier:
    """`model`: the name of a pulled model, or a folder. Raises `ModelNotFound`, `ModelDamaged`, `ModelError`."""
    folder = locate(model, models)
    go_offline()
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        with quiet_transformers():
            tokenizer: Any = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            loaded: Any = AutoModelForSequenceClassification.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
            )
    except Exception as error:  # whatever the libraries raise over a folder they cannot read
        raise ModelError(f"{model} is no sequence classifier that can be loaded ({error})") from error
    return Classifier(
        tokenizer=tokenizer,
        model=loaded.to(choose_device(device)).eval(),
        labels=dict(loaded.config.id2label),
        window=min(tokenizer.model_max_length, loaded.config.max_position_embeddings),
    )
