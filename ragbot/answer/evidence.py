"""How likely is it that a piece of a passage answers the question? Explainable features and a logistic model.

The weights stand in `weights.json`, readable, learnt by `scripts/train_evidence.py`. One set serves passages in
languages that the embedder knows, one those that it does not know (there, similarity says nothing).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ragbot.answer.check.facts import facts
from ragbot.answer.expected import STRICT, asked, gives
from ragbot.answer.units import Unit
from ragbot.index.question import Question
from ragbot.text.context import NUMBERED
from ragbot.text.words import fold, terms
from ragbot.types import Hit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES: Final = (
    "unit_cosine",  # question and piece (with its heading)
    "passage_cosine",  # question and passage
    "unit_coverage",  # share of the question's concepts, by idf, in the piece
    "context_coverage",  # ... in the piece, its headings and title
    "passage_coverage",  # ... in the passage, its headings and title
    "pairs",  # share of neighbouring concepts of the question that the piece has within a few words
    "asked_given",  # a kind of fact is asked for, and the piece gives one
    "asked_lacking",  # ... and the piece gives none
    "strictly_lacking",  # ... of a kind that no answer can do without
    "named_missing",  # names, codes and figures of the question that the passage does not speak of
    "numbered_missing",  # models such as "Hub 3" and codes such as "E-417" that it does not speak of
    "better_rank",  # logarithm of the better of the passage's two ranks
    "worse_rank",  # ... of the worse one: small where meaning and words agree
    "length",  # logarithm of the piece's length in words
    "heading_coverage",  # share of the question's concepts in the headings and the title
    "is_item",
    "is_faq",
)


_JOINTS = re.compile(r"[-_.\s]")
_UNRANKED: Final = 60
"""Stands for the rank on a side that did not propose the passage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A piece with the estimate that it answers the question."""

    unit: Unit
    probability: float
    known: bool
    """Whether the embedder knows the passage's language."""
    features: tuple[float, ...]
    """In the order of `FEATURES`."""


@dataclass(frozen=True, slots=True)
class _Bags:
    """The terms of a passage's parts."""

    around: frozenset[str]
    """Title and headings."""
    passage: frozenset[str]
    folded: str


def _coverage(question: Question, idf: Mapping[str, float], *bags: frozenset[str]) -> float:
    """Share of the question's concepts, weighted by idf, that the bags contain."""
    total = sum(question.weight(concept, idf) for concept in question.concepts)
    if not total:
        return 0.0
    found: float = sum(
        question.weight(concept, idf) * max((concept.presence(bag) for bag in bags), default=0.0)
        for concept in question.concepts
    )
    return found / total


def _pairs(question: Question, unit_terms: Sequence[str]) -> float:
    """Share of neighbouring concepts of the question that stand within five words of each other in the piece."""
    places: dict[str, list[int]] = {}
    for place, term in enumerate(unit_terms):
        places.setdefault(term, []).append(place)
    concepts = question.concepts
    if len(concepts) < 2:
        return 0.0
    near = 0
    for first, second in pairwise(concepts):
        here = [p for term in first.single_terms for p in places.get(term, ())]
        there = [p for term in second.single_terms for p in places.get(term, ())]
        near += any(abs(a - b) <= 5 for a in here for b in there)
    return near / (len(concepts) - 1)


def _named_missing(question: Question, bag: frozenset[str], folded: str) -> float:
    """How many names, codes and figures of the question the passage lacks, at most 2."""
    squeezed = folded.replace("-", "").replace(" ", "")
    lacking = 0
    for fact in facts(question.original):
        if fact.kind == "name":
            lacking += not all(
                term in bag for term in terms(fact.shown, language=question.language, overlapping=False)
            )
        elif fact.kind == "code":
            lacking += fact.value not in squeezed
        elif fact.kind == "number" and len(fact.value) > 1:
            lacking += fact.value not in bag
    return float(min(lacking, 2))


def _numbered_missing(question: Question, folded: str) -> float:
    """How many models and codes of the question the passage lacks, at most 2."""
    squeezed = _JOINTS.sub("", folded)
    asked_for = {_JOINTS.sub("", fold(match.group())) for match in NUMBERED.finditer(question.text)}
    lacking = sum(re.search(rf"{re.escape(name)}(?!\d)", squeezed) is None for name in asked_for)
    return float(min(lacking, 2))


def _bags(hit: Hit, language: str) -> _Bags:
    chunk = hit.chunk
    above = f"{chunk.title} {chunk.heading}"
    around = frozenset(terms(above, language=language))
    inside = frozenset(terms(chunk.text, language=language))
    return _Bags(around, inside | around, fold(f"{above} {chunk.text}"))


def features(
    question: Question,
    hits: Sequence[Hit],
    units: Sequence[Unit],
    cosines: NDArray[np.float32],
    *,
    readable: Sequence[bool],
    idf: Mapping[str, float],
) -> list[tuple[float, ...]]:
    """`FEATURES` of each unit. `cosines` has shape (len(units),): question against piece, 0 where unknown;
    `readable[i]`: whether the embedder knows the language of hit i."""
    bags = [_bags(hit, question.language) for hit in hits]
    kind = asked(question.text)
    passage_rows = [
        _passage_features(question, hit, bag, idf, readable=reads)
        for hit, bag, reads in zip(hits, bags, readable, strict=True)
    ]
    rows: list[tuple[float, ...]] = []
    for unit, cosine in zip(units, cosines, strict=True):
        bag, passage = bags[unit.hit], passage_rows[unit.hit]
        unit_terms = terms(f"{unit.lead} {unit.text}", language=question.language)
        own = frozenset(unit_terms)
        given = kind != "none" and gives(unit.text, kind)
        values = passage | {
            "unit_cosine": float(cosine),
            "unit_coverage": _coverage(question, idf, own),
            "context_coverage": _coverage(question, idf, own | bag.around),
            "pairs": _pairs(question, unit_terms),
            "asked_given": float(given),
            "asked_lacking": float(kind != "none" and not given),
            "strictly_lacking": float(kind in STRICT and not given),
            "length": math.log1p(len(unit_terms)),
            "is_item": float(unit.kind == "item"),
            "is_faq": float(unit.kind == "faq"),
        }
        rows.append(tuple(values[name] for name in FEATURES))
    return rows


def _passage_features(
    question: Question, hit: Hit, bag: _Bags, idf: Mapping[str, float], *, readable: bool
) -> dict[str, float]:
    ranks = (hit.dense_rank or _UNRANKED, hit.lexical_rank or _UNRANKED)
    return {
        "passage_cosine": (hit.dense_score or 0.0) if readable else 0.0,
        "passage_coverage": _coverage(question, idf, bag.passage),
        "numbered_missing": _numbered_missing(question, bag.folded),
        "named_missing": _named_missing(question, bag.passage, bag.folded),
        "better_rank": math.log1p(min(ranks)),
        "worse_rank": math.log1p(max(ranks)),
        "heading_coverage": _coverage(question, idf, bag.around),
    }


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(
        files("ragbot.answer").joinpath("weights.json").read_text(encoding="utf-8")
    )
    return loaded


def probabilities(rows: Sequence[tuple[float, ...]], known: Sequence[bool]) -> list[float]:
    """Logistic model: 1 / (1 + exp(-(bias + weights . features))), each in 0..1; `known` picks the weights."""
    estimates = []
    for row, reads in zip(rows, known, strict=True):
        weights = _weights()["known" if reads else "unknown"]
        score = weights["bias"] + sum(
            weights[name] * value for name, value in zip(FEATURES, row, strict=True)
        )
        estimates.append(1.0 / (1.0 + math.exp(-score)))
    return estimates
