"""The seams: what a model, a store or a checker must offer to be plugged in. Implementations are
passed in; nothing is registered and nothing inherits.
"""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from ragbot.types import Candidate, Claim, Generation, Message, Mood, Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts to unit vectors."""

    @property
    def name(self) -> str:
        """Identity of the vectors, such as `all-minilm-l6-v2@53aa51172d14.2`: changes when they would."""
        ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads; the rest it silently drops."""
        ...

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes the model knows well; search trusts it less in others. Empty: all."""
        ...

    def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
    ) -> NDArray[np.float32]:
        """Shape (len(texts), dimension), float32, each row of length 1."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without truncation, special tokens not counted."""
        ...


class Generator(Protocol):
    """A chat model."""

    @property
    def name(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """Size of the window that prompt and completion share."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt as the model's chat template renders it, or an upper bound of it."""
        ...

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        """Yield text as it comes; return the whole `Generation`. Raises `GenerationError`."""
        ...


class Verifier(Protocol):
    """Checks an answer against the passages it should rest on."""

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        """One `Claim` for each sentence of `text` that claims something, in order; its citations are 1-based
        passages. Questions and courtesies need no support and give none; a sentence may be parted in several.

        `contexts[i]`, where given, is what stands above passage i: its title and headings.
        """
        ...


class Reader(Protocol):
    """Reads a message together with passages."""

    @property
    def name(self) -> str: ...

    def read(self, message: str, candidates: Sequence[Candidate]) -> list[Reading]:
        """One `Reading` for each candidate, in their order. Raises `InputError` for an empty message."""
        ...


class MoodReader(Protocol):
    """How messages sound. It shapes tone and hand-over, never what is searched."""

    def read(self, texts: Sequence[str]) -> list[Mood]:
        """One `Mood` for each text, in order."""
        ...
