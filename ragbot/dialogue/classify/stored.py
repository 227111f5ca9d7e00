"""The intent model of a folder: read where it is of just these intents, else trained and kept there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.dialogue.classify.labelled import NONE_SHARE, Gloss, Labelled, signature
from ragbot.dialogue.classify.model import IntentModel
from ragbot.errors import ModelDamaged

if TYPE_CHECKING:
    from ragbot.protocols import Embedder


def trained(
    intents: Sequence[Labelled],
    embedder: Embedder,
    folder: Path,
    *,
    gloss: Gloss | None = None,
    none: Sequence[str] = (),
    none_share: float = NONE_SHARE,
) -> IntentModel:
    """The model of these intents: from `folder` (made if absent) if it holds just that, else trained and stored there.

    Two processes may do this at once: each stores a whole file, and the last one stays. Raises `InputError`, `OSError`.
    """
    path = folder / "intents.npz"
    wanted = signature(intents, embedder, gloss=gloss, none=none, none_share=none_share)
    try:
        stored = IntentModel.load(path, embedder, gloss=gloss)
    except (FileNotFoundError, ModelDamaged):
        stored = None
    if stored is not None and stored.signature == wanted:
        return stored
    model = IntentModel.train(intents, embedder, gloss=gloss, none=none, none_share=none_share)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return model
