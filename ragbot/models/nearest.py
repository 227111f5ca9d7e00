"""An embedder in place of a reader: how far a passage and its best sentence stand out among the candidates, and how
many of the message's words the passage has.

Cosines of different embedders mean different things (those of E5 lie between 0.7 and 1), so what counts is by how many
standard deviations a candidate lies above the others of its question. The weights were fitted by logistic regression
on half of two companies' customers' questions with two embedders (`scripts/LOG.md`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ragbot.errors import InputError
from ragbot.types import Candidate, Reading

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

SENTENCES_OF: Final = 8
"""Candidates whose sentences are embedded: those of the others hardly matter, and each costs time."""
_OUTSTANDING: Final = 0.89
_WORDS: Final = 2.0
_SHIFT: Final = -1.49


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which sentence of a candidate is nearest to the message."""

    sentence: int | None = None
    scores: tuple[float, ...] = ()
    """Cosine of each sentence."""


class EmbedderReader:
    """Reads by the vectors alone. Safe to use from several threads as far as the embedder is."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self._embedder = embedder

    def read(self, message: str, candidates: Sequence[Candidate]) -> list[Reading]:
        """One `Reading` for each candidate, in their order. Raises `InputError` for an empty message."""
        import numpy as np

        if not message.strip():
            raise InputError("the message is empty; give the reader a text")
        full = [number for number, each in enumerate(candidates) if each.text.strip()]
        readings = [Reading(probability=0.0, sentence=None)] * len(candidates)
        if not full:
            return readings
        kept = [candidates[number] for number in full]
        cosines = np.array(self._cosines(message, kept))
        chosen = best_sentences(self._embedder, message, kept, cosines)
        best = [max(each.scores, default=None) for each in chosen]
        worth = np.array([c if b is None else (c + b) / 2 for c, b in zip(cosines, best, strict=True)])
        spread = float(cosines.std()) or 1.0
        for number, own, each in zip(full, (worth - cosines.mean()) / spread, chosen, strict=True):
            log_odds = _OUTSTANDING * float(own) + _WORDS * candidates[number].words + _SHIFT
            probability = 1 / (1 + math.exp(-log_odds))
            readings[number] = Reading(probability=probability, sentence=each.sentence, scores=each.scores)
        return readings

    def _cosines(self, message: str, candidates: Sequence[Candidate]) -> list[float]:
        """As the search found them; where it did not, made anew."""
        if all(each.cosine is not None for each in candidates):
            return [each.cosine or 0.0 for each in candidates]
        vector = self._embedder.embed([message], kind="query")[0]
        found: list[float] = (self._embedder.embed([each.text for each in candidates]) @ vector).tolist()
        return found


def best_sentences(
    embedder: Embedder, message: str, candidates: Sequence[Candidate], worth: Any
) -> list[Chosen]:
    """The nearest sentence of the `SENTENCES_OF` candidates that are worth most; the others have none."""
    import numpy as np

    read = np.argsort(-np.asarray(worth), kind="stable")[:SENTENCES_OF].tolist()
    pieces = [(place, start, end) for place in read for start, end in candidates[place].spans]
    chosen = [Chosen()] * len(candidates)
    if not pieces:
        return chosen
    texts = [candidates[place].text[start:end] for place, start, end in pieces]
    scores = (embedder.embed(texts) @ embedder.embed([message], kind="query")[0]).tolist()
    of: dict[int, list[float]] = {}
    for (place, _, _), score in zip(pieces, scores, strict=True):
        of.setdefault(place, []).append(score)
    for place, own in of.items():
        chosen[place] = Chosen(sentence=int(np.argmax(own)), scores=tuple(own))
    return chosen
