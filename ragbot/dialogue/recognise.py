"""A message -> the company's intent that it has, by a model that is trained anew by itself when the intents change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.dialogue.intents import Intent, Intents, labelled

if TYPE_CHECKING:
    from ragbot.dialogue.classify import IntentModel
    from ragbot.protocols import Embedder

_logger = logging.getLogger("ragbot")


class Recogniser:
    """Tells intents apart. Threads may share it; the first message waits until the model is trained or loaded."""

    def __init__(
        self,
        intents: Intents,
        embedder: Callable[[], Embedder],
        *,
        gloss: Callable[[str], str],
        folder: Path,
    ) -> None:
        """`gloss` makes a text readable to the embedder; the trained model is kept in `folder`, made if absent."""
        self.intents = intents
        self._embedder = embedder
        self._gloss = gloss
        self._folder = folder
        self._lock = threading.Lock()
        self._model: IntentModel | None = None

    def recognise(self, message: str) -> tuple[Intent | None, float]:
        """The intent and how likely it is right, 0..1; None and how likely it is that none fits.

        Raises `ModelError` where the embedder cannot run."""
        guess = self._trained().classify(message)
        found = self.intents.get(guess.intent)
        if found is None:
            return None, guess.confidence
        if guess.confidence < found.min_confidence:
            return None, 1.0 - guess.confidence
        return found, guess.confidence

    def _trained(self) -> IntentModel:
        with self._lock:
            if self._model is None:
                self._model = self._train()
            return self._model

    def _train(self) -> IntentModel:
        from ragbot.dialogue.classify import IntentModel, trained

        learnt, embedder = labelled(self.intents), self._embedder()
        try:
            return trained(learnt, embedder, self._folder, gloss=self._gloss)
        except OSError as error:
            _logger.warning(
                "the intent model is not kept: %s cannot be written (%s)", self._folder, error.strerror
            )
            return IntentModel.train(learnt, embedder, gloss=self._gloss)
