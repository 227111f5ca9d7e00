"""Is what an answer says in the passages? Each claim is held against the window of a passage that fits it best: its
literal facts must stand there and belong to the same thing, its logic must agree, and its content must be covered.

Knows nothing of retrieval or of how the answer was made, and needs no model: the cosine of an embedder got no weight
on any of the sets that it was learnt on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.check.claims import bare, claims, parts
from ragbot.answer.check.features import Fit
from ragbot.answer.check.fits import fits
from ragbot.answer.check.reading import Passage, passage, plain, read
from ragbot.answer.check.reasons import Fault
from ragbot.answer.check.support import probability, threshold
from ragbot.types import Claim, Evidence, Verdict

_FAULTY: Final = 0.35
"""What a fault leaves of the support: less than any threshold, and in the order of the probabilities."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A claim with the place that carries it best, if any."""

    claim: str
    said: str
    """Without what leads in to it."""
    quote: Evidence | None = None
    """Where it stands word for word."""
    fit: Fit | None = None
    fault: Fault | None = None
    support: float = 0.0


class GroundingVerifier:
    """The built-in `Verifier`: explicit facts, logic and content coverage. Needs no model.

    `threshold`: least support of a supported claim; None is the one that was learnt.
    """

    def __init__(self, *, threshold: float | None = None) -> None:
        self._threshold = threshold

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        """One `Claim` for each sentence of `text` that claims something, in order; one that is parted by semicolons
        gives several. Questions and courtesies give none.

        `contexts[i]`, if given, is what stands above passage i (title, headings): it may supply the name of
        what is spoken of, never a figure.
        """
        titles = [*contexts, *[""] * (len(passages) - len(contexts))]
        given = [passage(each) for each in passages]
        judged: list[_Judged] = []
        for claim in claims(text):
            quote = _quoted(claim, given)
            if quote is not None:
                judged.append(_Judged(claim, claim, quote=quote, support=1.0))
            else:
                judged += [_judge(part, given, titles) for part in parts(claim)]
        return [self._claim(each) for each in judged]

    def _claim(self, judged: _Judged) -> Claim:
        if judged.quote is not None:
            return _as_claim(judged, "supported", judged.quote)
        if judged.fit is None:
            says = bool(read(judged.said).content)
            reason = "no passage speaks of it" if says else "states nothing that can be checked"
            return _as_claim(judged, "unsupported", None, reason)
        window = judged.fit.window
        evidence = Evidence(passage=window.passage, start=window.start, end=window.end)
        if judged.fault is not None:
            return _as_claim(judged, judged.fault.verdict, evidence, judged.fault.reason)
        least = threshold() if self._threshold is None else self._threshold
        if judged.support < least:
            return _as_claim(judged, "unsupported", evidence, "the passages say too little of it")
        return _as_claim(judged, "supported", evidence)


def _judge(claim: str, passages: Sequence[Passage], contexts: Sequence[str]) -> _Judged:
    """`claim` with the window that gives it the most support; faults count before probabilities."""
    said = bare(claim)
    best: _Judged | None = None
    for fitted, wrong in fits(said, passages, contexts):
        support = probability(fitted.row) * (1.0 if wrong is None else _FAULTY)
        if best is None or support > best.support:
            best = _Judged(claim, said, fit=fitted, fault=wrong, support=support)
    return best or _Judged(claim, said)


def _quoted(claim: str, passages: Sequence[Passage]) -> Evidence | None:
    """Where a claim stands word for word as a whole sentence, case, white space and the last mark aside.

    A part of a sentence does not count: what is cut off may be the condition.
    """
    wanted = plain(claim)
    for number, each in enumerate(passages, start=1):
        place = each.quotes.get(wanted)
        if place is not None:
            line = each.lines[place]
            return Evidence(passage=number, start=line.start, end=line.end)
    return None


def _as_claim(judged: _Judged, verdict: Verdict, evidence: Evidence | None, reason: str = "") -> Claim:
    cited = (evidence.passage,) if evidence is not None and verdict == "supported" else ()
    return Claim(
        text=judged.claim,
        verdict=verdict,
        support=round(judged.support, 4),
        citations=cited,
        evidence=evidence,
        reason=reason,
    )
