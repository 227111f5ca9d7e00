"""The built-in `Verifier` as the bot makes it."""

from __future__ import annotations

from ragbot.answer.check.verifier import GroundingVerifier as _Checks
from ragbot.protocols import Embedder


class GroundingVerifier(_Checks):
    """The built-in check; an embedder may be given and is not asked."""

    def __init__(self, embedder: Embedder | None = None, *, threshold: float | None = None) -> None:
        del embedder
        super().__init__(threshold=threshold)
