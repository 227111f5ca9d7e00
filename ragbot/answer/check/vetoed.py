"""Which check the settings name: the built-in one, or a model whose verdicts the literal facts may veto.

A model of inference reads wording well and figures badly. So a claim that it supports keeps only the passages that
state every figure of the claim (numbers, dates, times, addresses, versions); without any it is unsupported, whatever
the model says. The veto never supports what the model does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ragbot.answer.check.claims import claims
from ragbot.answer.check.fact import FIGURES
from ragbot.answer.check.facts import missing
from ragbot.answer.check.verifier import GroundingVerifier
from ragbot.protocols import Verifier
from ragbot.settings import Settings
from ragbot.text.sentences import sentences
from ragbot.types import Claim, Evidence

_VETOED: Final = 0.35
"""What a veto leaves of the support: less than any threshold, and in the order of the probabilities."""


class VetoedVerifier:
    """Another verifier, whose supported claims must also have their figures in what they cite."""

    def __init__(self, model: Verifier) -> None:
        self._model = model

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        """The other verifier's claims, in its order; those whose figures no cited passage states are unsupported."""
        found = self._model.verify(text, passages, contexts=contexts)
        return [_checked(claim, passages) if claim.verdict == "supported" else claim for claim in found]


def _checked(claim: Claim, passages: Sequence[str]) -> Claim:
    """`claim` with the citations that state its figures; its evidence stays where it is one of these."""
    read = {number: passages[number - 1] for number in claim.citations}
    if claim.evidence is not None:
        seen = claim.evidence
        read[seen.passage] = passages[seen.passage - 1][seen.start : seen.end]
    lacks = {number: _figures_missing(claim.text, text) for number, text in read.items()}
    stated = tuple(number for number in claim.citations if not lacks[number])
    if not stated:
        fewest = min(lacks.values(), key=_count, default=[])
        return replace(
            claim,
            verdict="unsupported",
            support=round(claim.support * _VETOED, 4),
            citations=(),
            reason=f"not in the passage: {', '.join(fewest)}" if fewest else "nothing is cited for it",
        )
    if claim.evidence is not None and claim.evidence.passage in stated:
        return replace(claim, citations=stated)
    whole = Evidence(passage=stated[0], start=0, end=len(passages[stated[0] - 1]))
    return replace(claim, citations=stated, evidence=whole)


def _count(shown: list[str]) -> int:
    return len(shown)


def _figures_missing(claim: str, passage: str) -> list[str]:
    return [fact.shown for fact in missing(claim, passage) if fact.kind in FIGURES]


def load_verifier(settings: Settings) -> Verifier:
    """What `answer.verifier` names; empty: the built-in check.

    Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if the model is no verifier.
    """
    if not settings.answer.verifier:
        return GroundingVerifier()
    from ragbot.models.verify import NliVerifier

    model = NliVerifier(
        settings.answer.verifier,
        settings.models,
        claims=claims,
        sentences=sentences,
        device=settings.embedder.device,
    )
    return VetoedVerifier(model)
