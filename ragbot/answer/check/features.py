"""A claim against one window -> named figures that a logistic model weighs and a person can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ragbot.answer.check.align import torn
from ragbot.answer.check.attach import misattached
from ragbot.answer.check.fact import FIGURES, Fact, same_kind
from ragbot.answer.check.facts import claimed_facts, facts, lacking
from ragbot.answer.check.opposed import Opposition, opposition
from ragbot.answer.check.reading import is_chinese
from ragbot.answer.check.windows import ABOVE, Window
from ragbot.text.words import fold, terms

FEATURES: Final = (
    "coverage",  # share of the claim's content terms in the window; those of title and headings count half
    "wording",  # share of all its terms, stop words too
    "figures_lacking",  # numbers, dates, times, addresses that the window does not state, at most 2
    "names_lacking",  # names, codes and quoted labels, at most 2
    "polarity",  # something is denied in one of them only
    "antonym",  # the opposite stands in a word's place
    "modality",  # must against may or should
    "exception",  # one of them makes an exception, the other none
    "temporal",  # before against after
    "condition_dropped",  # share of a condition of the window that the claim leaves out
)
"""What helps on none of the sets is left out: word order, replaced words, the cosine of an embedder."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a window carries a claim."""

    window: Window
    coverage: float
    """Share of the claim's content terms that the window has; those of title and headings count half, those of a
    figure that it states in another form whole."""
    lacking: tuple[Fact, ...]
    rival: bool
    misattached: bool
    torn: bool
    """Whether the claim's words stand there, but not together."""
    opposition: Opposition
    row: tuple[float, ...]
    """In the order of `FEATURES`."""


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
    differs = opposition(claim, texts[window.best], window.claim, best)
    stated = frozenset(
        term for fact in claimed if fact.kind in FIGURES and fact not in lacks for term in terms(fact.shown)
    )
    row = _row(window, context_terms, stated, lacks, differs)
    own = is_chinese(claim)
    comparable = all(line.reading.chinese == own for line in window.lines)
    apart_words = comparable and torn(_words(claim), [word for text in texts for word in _words(text)])
    return Fit(window, row[0], lacks, rival, apart, apart_words, differs, row)


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    return tuple(terms(text, overlapping=False))


def _row(
    window: Window,
    context: frozenset[str],
    stated: frozenset[str],
    lacks: Sequence[Fact],
    differs: Opposition,
) -> tuple[float, ...]:
    claim = window.claim
    inside = frozenset().union(stated, *(line.bag for line in window.readings))
    points = sum(1.0 if term in inside else ABOVE * (term in context) for term in claim.content)
    figures = sum(fact.kind in FIGURES for fact in lacks)
    values: dict[str, float] = {
        "coverage": points / len(claim.content),
        "wording": sum(term in inside or term in context for term in claim.bag) / len(claim.bag),
        "figures_lacking": float(min(2, figures)),
        "names_lacking": float(min(2, len(lacks) - figures)),
        "polarity": float(differs.polarity),
        "antonym": float(differs.antonym),
        "modality": float(differs.modality),
        "exception": float(differs.exception),
        "temporal": float(differs.temporal),
        "condition_dropped": differs.condition_dropped,
    }
    return tuple(values[name] for name in FEATURES)
