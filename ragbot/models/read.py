"""The reader: how likely a passage answers a message, and which sentence of it does. Home of its graph.

    reader = load_reader("e5-reader", settings.models)
    best = max(reader.read("wann kommt mein Geld?", candidates), key=lambda each: each.probability)

The probability comes of what the network reads and, where it is known, of the cosine by which the embedder that the
reader was made with found the passage (logistic regression over both; its weights lie beside the graph). It is
calibrated on companies that neither learnt from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ragbot.errors import InputError, ModelError
from ragbot.models.embed import Span, encodable, open_graph, side_by_side, token_ranges
from ragbot.models.hub import locate
from ragbot.models.manifest import Manifest, read_manifest
from ragbot.models.runtime import cpu_threads
from ragbot.types import Candidate, Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

READER_GRAPH: Final = "reader.onnx"
MESSAGE_TOKENS: Final = 120
"""Most tokens of a message: its beginning and its end, half each."""
PAIR_TOKENS: Final = 400
"""Most tokens of message and passage together, where the encoder does not read fewer; the rest is not read."""
Network = Callable[[Any, Any], tuple[Any, Any]]
"""Ids (1, tokens) and parts (2 + sentences, tokens) -> logit (1,) and cosines (sentences,)."""


class Reader:
    """ONNX Runtime on a CPU. Safe to use from several threads; pairs run side by side, one a thread."""

    def __init__(self, folder: Path, manifest: Manifest, *, threads: int) -> None:
        self.name = manifest.vectors
        details = manifest.details
        self.embedder: str = details["embedder"]
        """Name of the embedder whose cosines it knows."""
        self._alone: tuple[float, float] = tuple(details["alone"])
        self._with_cosine: tuple[float, float, float] = tuple(details["with_cosine"])
        self._prompts: dict[str, str] = details["prompts"]
        self._max_tokens: int = details["max_tokens"]
        self._threads = threads
        self._session, self._tokenizer = open_graph(
            folder, READER_GRAPH, manifest, max_tokens=self._max_tokens
        )

    def read(
        self, message: str, candidates: Sequence[Candidate], *, network: Network | None = None
    ) -> list[Reading]:
        """One `Reading` for each candidate, in their order. `message`: with what of the conversation matters in front.
        `network` runs in place of the int8 graph.

        Raises `InputError` where the message is empty or no text.

        >>> reader.read("when do I get my money back?", [Candidate(text="Refunds take 5 days.")])  # doctest: +SKIP
        [Reading(probability=0.87, sentence=None, scores=(0.83,))]
        """
        if not isinstance(message, str) or not message.strip():
            raise InputError("the message is empty; give the reader a text")
        question = self._question(message)
        full = [number for number, each in enumerate(candidates) if each.text.strip()]
        passages = self._tokenizer.encode_batch(
            [self._prompts.get("passage", "") + encodable(candidates[number].text) for number in full]
        )
        readings = [Reading(probability=0.0, sentence=None)] * len(candidates)

        def run(place: int) -> None:
            candidate = candidates[full[place]]
            readings[full[place]] = self._read(question, candidate, passages[place], network or self._run)

        side_by_side(run, [len(each.ids) for each in passages], threads=self._threads)
        return readings

    def _question(self, message: str) -> list[int]:
        ids = self._tokenizer.encode(self._prompts.get("query", "") + encodable(message)).ids
        return shortened(ids, min(MESSAGE_TOKENS, self._max_tokens // 2))

    def _read(self, question: Sequence[int], candidate: Candidate, encoded: Any, network: Network) -> Reading:
        shift = len(self._prompts.get("passage", ""))
        ids, ranges = pair(question, encoded, candidate.spans, shift=shift, most=self._max_tokens)
        parts, kept = parts_of(len(question), len(ids), ranges)
        logit, cosines = network(_row(ids), parts)
        best = kept[int(cosines.argmax())] if kept else None
        return Reading(
            probability=self._probability(float(logit[0]), candidate.cosine),
            sentence=best,
            scores=tuple(cosines.tolist()),
        )

    def _run(self, ids: NDArray[np.int64], parts: NDArray[np.float32]) -> tuple[Any, Any]:
        logit, cosines = self._session.run(None, {"input_ids": ids, "parts": parts})
        return logit, cosines

    def _probability(self, logit: float, cosine: float | None) -> float:
        if cosine is None:
            slope, shift = self._alone
            return _sigmoid(slope * logit + shift)
        slope, by_cosine, shift = self._with_cosine
        return _sigmoid(slope * logit + by_cosine * cosine + shift)


def load_reader(name: str, models: Any, *, threads: int = 0) -> Reader:
    """The reader called `name`. Raises `ModelNotFound` naming the command that fetches it, `ModelDamaged`, or
    `ModelError` if it is of another kind."""
    folder = locate(name, models)
    manifest = read_manifest(folder, name)
    if manifest.kind != "reader":
        raise ModelError(f"{name} is no reader but of kind {manifest.kind}")
    return Reader(folder, manifest, threads=cpu_threads(threads))


def shortened(ids: Sequence[int], most: int = MESSAGE_TOKENS) -> list[int]:
    """Token ids of a message, at most `most`: a long one asks at its beginning or at its end."""
    if len(ids) <= most:
        return list(ids)
    half = most // 2
    return [*ids[:half], *ids[-half:]]


def pair(
    question: Sequence[int], passage: Any, spans: Sequence[Span], *, shift: int, most: int = PAIR_TOKENS
) -> tuple[list[int], list[Span | None]]:
    """Ids of message and passage in one text, at most `most`, and of each span the range of its tokens there (None:
    cut off).

    `passage` is the tokenizer's `Encoding`; its first token, which begins a text, is left out. `shift`: characters of
    the prompt in front of it.
    """
    ids = [*question, *passage.ids[1:]][:most]
    moved = len(question) - 1
    ranges: list[Span | None] = []
    for found in token_ranges(passage.offsets, spans, shift=shift):
        start, end = (max(1, found[0]) + moved, min(found[1] + moved, len(ids))) if found else (0, 0)
        ranges.append((start, end) if start < end else None)
    return ids, ranges


def parts_of(
    question: int, tokens: int, ranges: Sequence[Span | None]
) -> tuple[NDArray[np.float32], list[int]]:
    """Rows that take the means: of the message's tokens, the passage's, each span's, shape (2 + spans, tokens), and the
    numbers of the spans that they stand for; where there is none, the passage stands in."""
    import numpy as np

    kept = [number for number, each in enumerate(ranges) if each is not None]
    places = [(0, question), (question, tokens), *(each for each in ranges if each is not None)]
    if not kept:
        places.append(places[1])
    parts = np.zeros((len(places), tokens), dtype=np.float32)
    for row, (start, end) in enumerate(places):
        parts[row, start:end] = 1 / max(1, end - start)
    return parts, kept


def _row(ids: Sequence[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.array([ids], dtype=np.int64)


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))
