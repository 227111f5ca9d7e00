"""The built-in `Verifier` under the name by which the bot knows it."""

from __future__ import annotations

from ragbot.answer.check.verifier import GroundingVerifier

__all__ = ["GroundingVerifier"]
