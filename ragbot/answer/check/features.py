"""A claim against one window -> named figures that a logistic model weighs and a person can read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ragbot.answer.check.align import align
from ragbot.answer.check.attach import misattached
from ragbot.answer.check.fact import FIGURES, Fact, same_kind
from ragbot.answer.check.facts import claimed_facts, facts, lacking
from ragbot.answer.check.opposed import Opposition, opposition
from ragbot.answer.check.windows import Window
from ragbot.text.words import fold, terms

FEATURES: Final = (
    "coverage",  # share of the claim's content terms in the window; those of title and headings count half
    "line_coverage",  # the same in the window's best sentence alone
    "uncovered",  # logarithm of how many are in neither
    "in_order",  # share of the claim's content words in the longest common subsequence
    "moved",  # present, but in another order
    "replaced",  # absent, with other words in their place
    "pairs",  # neighbouring words that are near each other in the window too
    "figures_lacking",  # numbers, dates, times, addresses that the window does not state
    "rival",  # ... and it states another of that kind
    "names_lacking",
    "labels_lacking",  # codes and quoted labels
    "misattached",  # a figure that belongs to something else there
    "polarity",
    "antonym",
    "modality",
    "weakened",
    "exception",
    "only",
    "temporal",
    "condition_dropped",
    "condition_added",
    "personal",  # speaks of the speaker, as the window does not
    "brief",  # fewer than three content words
    "cosine",  # the claim's embedding and the window's; 0 where there is none
)
_PERSONAL = re.compile(r"\b(?:i|me|my|mine|myself)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fit:
    """How a window carries a claim."""

    window: Window
    lacking: tuple[Fact, ...]
    rival: bool
    misattached: bool
    opposition: Opposition
    row: tuple[float, ...]
    """In the order of `FEATURES`, the cosine left 0."""


@lru_cache(maxsize=1024)
def above(context: str) -> tuple[frozenset[str], str]:
    """The terms of a title and headings, and the folded text."""
    return frozenset(terms(context)), fold(context)


def fit(claim: str, window: Window, region: Sequence[str], context: str) -> Fit:
    """Hold `claim` against `window`. `region`: the sentences of the passage that share its words,
    among which another thing's figure may stand."""
    context_terms, context_text = above(context)
    claimed = claimed_facts(claim)
    given = [fact for line in window.lines for fact in facts(line.text, with_names=False)]
    texts = [line.text for line in window.lines]
    lacks = tuple(lacking(claimed, given, fold("\n".join(texts)), context_text))
    figures = [fact for fact in lacks if fact.kind in FIGURES]
    rival = any(same_kind(fact, other) for fact in figures for other in given)
    best = window.readings[window.best]
    apart = misattached(claim, region, context_terms)
    differs = opposition(
        claim, texts[window.best], window.claim, best
    )
    row = _row(claim, window, context_terms, lacks, rival, apart, differs)
    return Fit(window, lacks, rival, apart, differs, row)


def _row(
    claim: str,
    window: Window,
    context: frozenset[str],
    lacks: Sequence[Fact],
    rival: bool,
    apart: bool,
    differs: Opposition,
) -> tuple[float, ...]:
    reading = window.claim
    sequence = [term for line in window.readings for term in line.sequence]
    aligned = align(reading.sequence, sequence)
    bag = frozenset().union(context, *(line.bag for line in window.readings))
    best = window.readings[window.best].bag
    kinds = [fact.kind for fact in lacks]
    text = "\n".join(line.text for line in window.lines)
    values: dict[str, float] = {
        "coverage": window.coverage,
        "line_coverage": sum(term in best for term in reading.content) / len(reading.content),
        "uncovered": math.log1p(sum(term not in bag for term in reading.content)),
        "in_order": aligned.in_order,
        "moved": aligned.moved,
        "replaced": aligned.replaced,
        "pairs": aligned.pairs,
        "figures_lacking": float(min(2, sum(kind in FIGURES for kind in kinds))),
        "rival": float(rival),
        "names_lacking": float(min(2, kinds.count("name"))),
        "labels_lacking": float(min(2, kinds.count("code") + kinds.count("quoted"))),
        "misattached": float(apart),
        "polarity": float(differs.polarity),
        "antonym": float(differs.antonym),
        "modality": float(differs.modality),
        "weakened": float(differs.weakened),
        "exception": float(differs.exception),
        "only": float(differs.only),
        "temporal": float(differs.temporal),
        "condition_dropped": differs.condition_dropped,
        "condition_added": differs.condition_added,
        "personal": float(bool(_PERSONAL.search(claim)) and not _PERSONAL.search(text)),
        "brief": float(len(reading.sequence) < 3),
        "cosine": 0.0,
    }
    return tuple(values[name] for name in FEATURES)
