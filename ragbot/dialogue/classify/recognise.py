"""A message -> the company's intent that it has, by a model that is trained anew by itself when the intents change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ragbot.dialogue.intents.catalogue import Intent, Intents, labelled, load_intents
from ragbot.text.codes import without_codes
from ragbot.text.mask import bare
from ragbot.text.words import content_terms

if TYPE_CHECKING:
    from ragbot.dialogue.classify.model import IntentModel
    from ragbot.protocols import Embedder

_ALIKE: Final = 0.5
"""Jaccard similarity of content terms from which on two examples are of one matter."""
_SHARED: Final = 0.2
"""Share of a built-in intent's examples that must be alike for the company to have that intent itself."""

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
        """The intent and how likely it is right, 0..1; None and how likely it is that none fits. Order numbers and
        addresses, which say nothing of what is wanted, are not read.

        Raises `ModelError` where the embedder cannot run."""
        guess = self._trained().classify(bare(without_codes(message)) or message)
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
        from ragbot.dialogue.classify.model import IntentModel
        from ragbot.dialogue.classify.stored import trained

        learnt, embedder, others = labelled(self.intents), self._embedder(), other_matters(self.intents)
        try:
            return trained(learnt, embedder, self._folder, gloss=self._gloss, none=others)
        except OSError as error:
            _logger.warning(
                "the intent model is not kept: %s cannot be written (%s)", self._folder, error.strerror
            )
            return IntentModel.train(learnt, embedder, gloss=self._gloss, none=others)


def other_matters(intents: Intents) -> tuple[str, ...]:
    """What customers of any company write about that these intents do not cover: examples of the built-in intents
    that are like none of them. A few intents alone would not show the model what else there is."""
    own = [bag for intent in intents.intents for bag in _bags(intent.examples)]
    names = {word for intent in intents.intents for word in intent.name.split("_")}
    found: list[str] = []
    for other in load_intents().intents:
        bags = _bags(other.examples)
        alike = sum(any(len(bag & mine) >= _ALIKE * len(bag | mine) for mine in own) for bag in bags)
        if alike < _SHARED * len(bags) and names.isdisjoint(other.name.split("_")):
            found += other.examples
    return tuple(found)


def _bags(texts: Sequence[str]) -> list[frozenset[str]]:
    bags = (frozenset(content_terms(text)) for text in texts)
    return [bag for bag in bags if bag]
