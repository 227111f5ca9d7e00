"""Is what an answer says in the passages? Each sentence is held against the window of a passage that fits
it best: its literal facts must stand there, its polarity must agree, and its content must be covered.

Knows nothing of retrieval or of how the answer was made. Works without a model; with an embedder, closeness
in meaning helps sentences that are worded otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.facts import Fact, agrees, facts, missing
from ragbot.protocols import Embedder
from ragbot.text.context import LEANS_BACK
from ragbot.text.sentences import Sentence, sentences
from ragbot.text.words import content_terms, fold, terms
from ragbot.types import Claim, Evidence, Verdict

SUPPORT_THRESHOLD: Final = 0.75
"""Least support of a supported claim."""
_CONTRADICTION_COVERAGE: Final = 0.6
"""Coverage from which a differing figure or polarity contradicts rather than merely lacks support."""
_MAX_WINDOW: Final = 3  # sentences
_FIGURES: Final = ("number", "date", "time", "url", "email")
_CITATION_MARK = re.compile(r"\s*\[\d+\]")
_SPACE = re.compile(r"\s+")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|except|unless|excluded?|excluding)\b|n['’]t\b"
    r"|不(?!仅|但|过|同|断|久|管|论)|没有?|无法|无需|未(?!来)|非(?!常)|除了|除非|禁止",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Window:
    """Neighbouring sentences of one passage, with what the claim is compared with."""

    passage: int
    start: int
    end: int
    text: str
    terms: frozenset[str]
    parts: tuple[tuple[str, frozenset[str]], ...]
    """Its sentences, each with its terms."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a window carries a claim."""

    window: _Window
    coverage: float
    lacking: tuple[Fact, ...]
    polarity_differs: bool
    scattered: bool
    """Whether the claim's figure and its subject stand in different sentences that do not belong together."""

    @property
    def rank(self) -> tuple[bool, bool, float, int]:
        good = not self.lacking and not self.scattered
        return (good, not self.polarity_differs, self.coverage, -len(self.window.text))


def _windows(number: int, passage: str) -> Iterator[_Window]:
    found = sentences(passage)
    bags = [frozenset(terms(sentence.text)) for sentence in found]
    for first in range(len(found)):
        for last in range(first, min(first + _MAX_WINDOW, len(found))):
            start, end = found[first].start, found[last].end
            bag = frozenset().union(*bags[first : last + 1])
            parts = tuple(
                (s.text, terms)
                for s, terms in zip(found[first : last + 1], bags[first : last + 1], strict=True)
            )
            yield _Window(number, start, end, passage[start:end], bag, parts)


def _negated(text: str) -> bool:
    return len(_NEGATION.findall(text)) % 2 == 1


def _coverage(claim_terms: Sequence[str], window: _Window, context_terms: frozenset[str]) -> float:
    """Share of the claim's content terms that the window has; title and headings count half."""
    if not claim_terms:
        return 0.0
    points = sum(
        1.0 if term in window.terms else 0.5 if term in context_terms else 0.0 for term in claim_terms
    )
    return points / len(claim_terms)


def _scattered(
    claim: str, claim_terms: Sequence[str], window: _Window, passage: frozenset[str], context: frozenset[str]
) -> bool:
    """Whether the passage speaks of the claim's subject elsewhere than where it states the claim's figures:
    "Lamps: 24 months. Batteries: 6 months." does not carry "Batteries: 24 months". A sentence that leans on the
    one before it speaks of that one's subject too.
    """
    figures = [fact for fact in facts(claim, with_names=False) if fact.kind in _FIGURES]
    stated = False
    for place, (text, own) in enumerate(window.parts):
        given = facts(text, with_names=False)
        if not any(agrees(figure, other) for figure in figures for other in given):
            continue
        stated = True
        before = window.parts[place - 1][1] if place and LEANS_BACK.match(text) else frozenset()
        elsewhere = passage - own - before - context
        if not any(term in elsewhere for term in claim_terms):
            return False
    return stated


class GroundingVerifier:
    """The built-in `Verifier`: explicit facts, polarity and content coverage."""

    def __init__(self, embedder: Embedder | None = None, *, threshold: float = SUPPORT_THRESHOLD) -> None:
        self._embedder = embedder
        self._threshold = threshold

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        """One `Claim` for each sentence of `text`.

        `contexts[i]`, if given, is what stands above passage i (title, headings): it may supply the name of
        what is spoken of, never a figure.
        """
        above = list(contexts) + [""] * (len(passages) - len(contexts))
        windows = [w for i, passage in enumerate(passages) for w in _windows(i + 1, passage)]
        return [self._check(sentence, passages, windows, above) for sentence in sentences(text)]

    def _check(
        self, sentence: Sentence, passages: Sequence[str], windows: Sequence[_Window], contexts: Sequence[str]
    ) -> Claim:
        claim = _CITATION_MARK.sub("", sentence.text).strip()
        quoted = _find_quote(claim, passages)
        if quoted is not None:
            return _claim(claim, "supported", 1.0, quoted)
        claim_terms = content_terms(claim)
        if not claim_terms:
            return _claim(claim, "unsupported", 0.0, None, "states nothing that can be checked")
        best = _best_fit(claim, claim_terms, windows, contexts)
        if best is None:
            return _claim(claim, "unsupported", 0.0, None, "no passage speaks of it")
        return self._judge(claim, best)

    def _judge(self, claim: str, fit: _Fit) -> Claim:
        window = fit.window
        evidence = Evidence(passage=window.passage, start=window.start, end=window.end)
        if fit.scattered:
            return _claim(claim, "unsupported", 0.3, evidence, "the figure belongs to something else there")
        if fit.lacking:
            shown = ", ".join(fact.shown for fact in fit.lacking)
            rivals = _has_rival(fit.lacking, window.text) and fit.coverage >= _CONTRADICTION_COVERAGE
            verdict: Verdict = "contradicted" if rivals else "unsupported"
            return _claim(
                claim, verdict, min(0.3, fit.coverage / 2), evidence, f"not in the passage: {shown}"
            )
        if fit.polarity_differs and fit.coverage >= _CONTRADICTION_COVERAGE:
            return _claim(claim, "contradicted", 0.2, evidence, "the passage says the opposite")
        support = self._support(claim, fit)
        if support < self._threshold:
            return _claim(claim, "unsupported", support, evidence, "the passages say too little of it")
        return _claim(claim, "supported", support, evidence)

    def _support(self, claim: str, fit: _Fit) -> float:
        """Coverage, lifted halfway towards the cosine, less 0.1, where that is higher."""
        if self._embedder is None or fit.coverage >= 1.0:
            return fit.coverage
        claimed, given = self._embedder.embed([claim, fit.window.text], kind="passage")
        cosine = float(claimed @ given)
        return fit.coverage + max(0.0, (cosine - 0.1) - fit.coverage) / 2


def _best_fit(
    claim: str, claim_terms: Sequence[str], windows: Sequence[_Window], contexts: Sequence[str]
) -> _Fit | None:
    """The window that states the claim's facts with the best coverage; facts count before words."""
    context_terms = [frozenset(terms(context)) for context in contexts]
    spoken: dict[int, frozenset[str]] = {}
    for window in windows:
        spoken[window.passage] = spoken.get(window.passage, frozenset()) | window.terms
    scored = sorted(
        ((_coverage(claim_terms, w, context_terms[w.passage - 1]), -len(w.text), w) for w in windows),
        key=lambda item: item[:2],
        reverse=True,
    )
    fits = [
        _Fit(
            window=window,
            coverage=coverage,
            lacking=tuple(missing(claim, window.text, contexts[window.passage - 1])),
            polarity_differs=_negated(claim) != _negated(window.text),
            scattered=_scattered(
                claim, claim_terms, window, spoken[window.passage], context_terms[window.passage - 1]
            ),
        )
        for coverage, _, window in scored[:12]
        if coverage > 0
    ]
    if not fits:
        return None
    best_coverage = fits[0].coverage
    near = [fit for fit in fits if fit.coverage >= best_coverage - 0.25]
    return max(near, key=lambda fit: fit.rank)


def _has_rival(lacking: Sequence[Fact], window: str) -> bool:
    """Whether the window gives another value of the same kind and unit where the claim's is lacking."""
    given = facts(window)
    return any(
        fact.kind in _FIGURES and any(other.kind == fact.kind and other.unit == fact.unit for other in given)
        for fact in lacking
    )


def _find_quote(claim: str, passages: Sequence[str]) -> Evidence | None:
    """Where a claim stands word for word as a whole sentence, case, white space and the last mark aside.

    A part of a sentence does not count: what is cut off may be the condition.
    """
    wanted = _plain(claim)
    for number, passage in enumerate(passages, start=1):
        for sentence in sentences(passage):
            if _plain(sentence.text) == wanted:
                return Evidence(passage=number, start=sentence.start, end=sentence.end)
    return None


def _plain(sentence: str) -> str:
    return _SPACE.sub(" ", fold(sentence)).strip(" .。!！;；")


def _claim(text: str, verdict: Verdict, support: float, evidence: Evidence | None, reason: str = "") -> Claim:
    cited = (evidence.passage,) if evidence is not None and verdict == "supported" else ()
    return Claim(
        text=text,
        verdict=verdict,
        support=round(support, 4),
        citations=cited,
        evidence=evidence,
        reason=reason,
    )
