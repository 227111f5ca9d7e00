"""How likely is it that the answer would be right: that the documents answer the question, and that these pieces do?
Explainable features of the whole answer-to-be and a logistic model.

`evidence.py` weighs one piece against others; this weighs the best of them, and what was found besides, against
silence. The weights stand in `answerable.json`, readable, learnt by `scripts/train_answerable.py`. One set serves
passages in languages that the embedder knows, one those that it does not know.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final

from ragbot.answer.check.facts import facts
from ragbot.answer.evidence import FEATURES as OF_A_PIECE
from ragbot.answer.evidence import Scored
from ragbot.answer.facets.regions import overlap, regions_in
from ragbot.index.question import Question
from ragbot.text.words import content_terms, fold, terms
from ragbot.types import Hit

FEATURES: Final = (
    "best",  # log-odds of the best piece, by what stands in it and how surely the search found it
    "evidence",  # log-odds of the piece that fits best, by what stands in it alone
    "margin",  # log-odds of the best piece over the best of another passage
    "passage_cosine",  # highest of question and a passage found; 0 where the best piece's language is not known
    "piece_cosine",  # ... of question and a piece
    "coverage",  # share of the question's concepts, by idf, in the best piece and its headings
    "names_missing",  # names of the question that the best piece and its headings do not say, at most 2
    "figures_missing",  # figures of the question, in digits or words, ..., at most 2
    "denied",  # the question denies something, the best piece does not, as far as it speaks of the same
    "strictly_lacking",  # a kind of fact is asked for that no answer can do without, and the best piece gives none
    "concepts",  # logarithm of how many concepts the message itself names
    "leans",  # the message leans on the conversation
)

_LEAST: Final = 1e-4
"""Probabilities nearer to 0 or 1 make no difference."""
_NO_OTHER: Final = -9.0
"""Log-odds that stand for a second passage where there is none: about those of `_LEAST`."""
_DENIES = re.compile(
    r"\b(?:not|never|cannot|without|neither|nor|except|unable|no longer|none|nobody|nothing)\b|n['’]t\b"
    r"|不|没|无法|未|非|勿",
    re.IGNORECASE,
)
_END = re.compile(r"(?<=[.!?。！？\n])")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*(?![a-z\d])|[a-z]+")
_OPENS = re.compile(r"\b(?:how|what|when|where|which|who|whose|why)\b", re.IGNORECASE)
_COUNTS: Final = {
    word: str(number)
    for number, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), 2)
}
_PIECE: Final = {name: place for place, name in enumerate(OF_A_PIECE)}


def answerable(
    question: Question, hits: Sequence[Hit], scored: Sequence[Scored], likely: Sequence[Scored]
) -> float:
    """Probability, 0..1, that what `likely` begins with answers the question; 0 where nothing was found.

    `scored`: the pieces by what stands in them; `likely`: also by how surely they were found; both best first.
    """
    if not likely:
        return 0.0
    row = features(question, hits, scored, likely)
    weights = _weights()["known" if likely[0].known else "unknown"]
    score = weights["bias"] + sum(weights[name] * value for name, value in zip(FEATURES, row, strict=True))
    return 1.0 / (1.0 + math.exp(-score))


def features(
    question: Question, hits: Sequence[Hit], scored: Sequence[Scored], likely: Sequence[Scored]
) -> tuple[float, ...]:
    """`FEATURES` of a question and what was found, which is not empty."""
    best = likely[0]
    piece = dict(zip(OF_A_PIECE, best.features, strict=True))
    own = [concept for concept in question.concepts if not concept.carried]
    others = (item for item in likely if item.unit.hit != best.unit.hit)
    values = {
        "best": _log_odds(best.probability),
        "evidence": _log_odds(scored[0].probability),
        "margin": _log_odds(best.probability)
        - next((_log_odds(item.probability) for item in others), _NO_OTHER),
        "passage_cosine": _highest("passage_cosine", scored) if best.known else 0.0,
        "piece_cosine": _highest("unit_cosine", scored) if best.known else 0.0,
        "coverage": piece["context_coverage"],
        "strictly_lacking": piece["strictly_lacking"],
        "concepts": math.log1p(len(own)),
        "leans": float(question.leans),
    }
    values |= _missing(question, best, hits, piece["unit_coverage"])
    return tuple(values[name] for name in FEATURES)


def _highest(feature: str, scored: Sequence[Scored]) -> float:
    return max(item.features[_PIECE[feature]] for item in scored)


def _missing(question: Question, best: Scored, hits: Sequence[Hit], coverage: float) -> dict[str, float]:
    """What the question says and the best piece does not."""
    chunk = hits[best.unit.hit].chunk
    piece = f"{best.unit.lead} {best.unit.text}"
    said = f"{chunk.title} {chunk.heading} {piece}"
    bag = frozenset(terms(said, language=question.language))
    regions = frozenset(regions_in(said))
    names = [
        content_terms(fact.shown, language=question.language, overlapping=False)
        for fact in facts(question.original)
        if fact.kind == "name" and not overlap(frozenset(regions_in(fact.shown)), regions)
    ]
    denied = _DENIES.search(_asking(question.original)) is not None and _DENIES.search(piece) is None
    return {
        "names_missing": float(min(2, sum(not bag.issuperset(name) for name in names))),
        "figures_missing": float(min(2, len(_figures(question.text) - _figures(said)))),
        "denied": coverage if denied else 0.0,
    }


def _asking(message: str) -> str:
    """The sentences of a message that ask; without a question mark, what its first question word begins, or all of it.
    What is denied elsewhere ("I don't want to call, just tell me how long ...") is not what is asked."""
    asking = "".join(part for part in _END.split(message) if part.endswith(("?", "？")))
    opens = None if asking else _OPENS.search(message)
    return asking or (message[opens.start() :] if opens else message)


def _figures(text: str) -> set[str]:
    found = _FIGURE.findall(fold(text))
    return {_COUNTS.get(each, each) for each in found if each in _COUNTS or each[0].isdigit()}


def _log_odds(probability: float) -> float:
    held = min(max(probability, _LEAST), 1.0 - _LEAST)
    return math.log(held / (1.0 - held))


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(
        files("ragbot.answer").joinpath("answerable.json").read_text(encoding="utf-8")
    )
    return loaded
