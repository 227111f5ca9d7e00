"""Models that can be checked by eye: an embedder whose axes are keywords, a generator that reads from a script, a
reader that likes short passages."""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragbot.errors import GenerationError
from ragbot.types import Candidate, Generation, Message, Reading


class KeywordEmbedder:
    """Axis i counts keyword i in the text; one axis more, small and constant, keeps every vector's length 1."""

    languages: frozenset[str] = frozenset()

    def __init__(self, *keywords: str, max_tokens: int = 256) -> None:
        self.keywords = keywords
        self.name = f"keywords@{'-'.join(keywords)}"
        self.dimension = len(keywords) + 1
        self.max_tokens = max_tokens

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        """Shape (len(texts), len(keywords) + 1), float32, rows of length 1."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            read = " ".join(text.lower().split()[: self.max_tokens])
            vectors[row] = [*(read.count(each) for each in self.keywords), 1e-3]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words, parted by white space."""
        return [len(text.split()) for text in texts]


class ScriptedGenerator:
    """Gives the replies it was made with, one a call, word by word; keeps the prompts. Empty: `GenerationError`."""

    name = "scripted"

    def __init__(self, *replies: str | Exception, context_tokens: int = 4096) -> None:
        self.replies: list[str | Exception] = list(replies)
        self.context_tokens = context_tokens
        self.prompts: list[tuple[Message, ...]] = []

    def count_tokens(self, messages: Iterable[Message]) -> int:
        """Words, and one for each message."""
        return sum(1 + len(each.content.split()) for each in messages)

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        """The next reply, cut after `max_tokens` words."""
        self.prompts.append(tuple(messages))
        tokens = self.count_tokens(messages)
        if tokens >= self.context_tokens:
            raise GenerationError(f"the prompt has {tokens} tokens, the window {self.context_tokens}")
        if not self.replies:
            raise GenerationError("the script has no reply left")
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        words = reply.split(" ")
        given = words[:max_tokens]
        for position, word in enumerate(given):
            yield word if position == 0 else f" {word}"
        return Generation(
            text=" ".join(given),
            model=self.name,
            prompt_tokens=tokens,
            completion_tokens=len(given),
            finish_reason="stop" if len(given) == len(words) else "length",
            seconds=0.0,
        )


class ShortestFirst:
    """A reader for which the shorter passage is the likelier one and its first sentence the best; keeps what it was
    asked to read."""

    name = "shortest"

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def read(self, message: str, candidates: Sequence[Candidate]) -> list[Reading]:
        """The probability is one over the number of characters."""
        self.asked.append((message, len(candidates)))
        return [
            Reading(probability=1 / max(1, len(each.text)), sentence=0 if each.spans else None)
            for each in candidates
        ]
