"""Why a window does not carry a claim, in words: what vetoes support whatever a model feels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ragbot.answer.check.fact import FIGURES
from ragbot.answer.check.features import Fit
from ragbot.types import Verdict

_SAME_MATTER: Final = 0.6
"""Coverage from which a differing figure or polarity contradicts rather than merely lacks support."""
_DROPPED: Final = 0.7
"""Share of a condition's words that a claim leaves out when it leaves out the condition."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a claim from being supported."""

    verdict: Verdict
    reason: str


def fault(fit: Fit) -> Fault | None:
    """The gravest fault of a fit, or None. A figure, name or label that is not there, or that belongs to something
    else, is always one; what only the logic tells apart counts where claim and window speak of the same matter.
    """
    same_matter = fit.coverage >= _SAME_MATTER
    if fit.lacking:
        shown = ", ".join(fact.shown for fact in fit.lacking)
        figure = any(fact.kind in FIGURES for fact in fit.lacking)
        contradicts = figure and fit.rival and same_matter
        return Fault("contradicted" if contradicts else "unsupported", f"not in the passage: {shown}")
    if fit.misattached:
        return Fault("unsupported", "the figure belongs to something else there")
    if fit.torn:
        return Fault("unsupported", "its words stand there, but in another connection")
    return _logical(fit) if same_matter else None


def _logical(fit: Fit) -> Fault | None:
    differs = fit.opposition
    if differs.contradicts:
        return Fault("contradicted", "the passage says the opposite")
    if differs.exception and (differs.condition_dropped >= _DROPPED or differs.condition_added >= _DROPPED):
        return Fault("contradicted", "the passage says the opposite: an exception differs")
    if differs.modality:
        return Fault("contradicted", "what must be done there may be done here, or the other way round")
    if differs.only_added:
        return Fault("unsupported", "the passage does not say that it is the only one")
    if differs.condition_added >= _DROPPED:
        return Fault("unsupported", "the passage does not make this condition")
    return None
