"""How well a passage fits a question: explainable features and linear weights, learnt by
`scripts/train_ranker.py` and kept readable in `ranker.json`.

    score = sum of weight * feature, of the message + doubt^2 * the same of the conversation
    probability = softmax of the scores over the candidates
    doubt = 1 - the highest probability by the message alone

The weights are those of a conditional logit over the candidates of a question (McFadden, "Conditional Logit Analysis
of Qualitative Choice Behavior", 1973; as a ranking loss: Cao et al., "Learning to Rank: From Pairwise Approach to
Listwise Approach", 2007). One set serves questions whose language the embedder knows, one all others: that is the gate
between meaning and words. The conversation has its say where the message leaves open which passage is meant: "do they
take cards?" fits the entries of many places, a question that names its subject fits one, whatever was said before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ragbot.index.lexical import Lexical
from ragbot.index.question import Question
from ragbot.text.words import fold, is_han, terms
from ragbot.types import Chunk

FEATURES: Final = (
    "cosine",  # question and passage, as asked
    "cosine_share",  # the same, divided by the best candidate's
    "bm25_share",  # BM25 score, divided by the best candidate's
    "coverage",  # share of the question's terms that the documents have, by idf, in the passage
    "heading_coverage",  # ... in its title and headings
    "window",  # ... within a hundred characters
    "rarest_missing",  # idf of the rarest word the documents know that the passage lacks, against the highest idf
    "length",  # logarithm of its length in characters
    "context_cosine_leaning",  # the question completed by what it leans on, as a share of the best
    "context_bm25_leaning",  # the conversation's terms, as a share of the best
    "context_bm25_alone",
    "subject_leaning",  # share of the passage's subject (title, first heading) that one turn names, newer ones first
    "subject_alone",
)

_WINDOW: Final = 100
"""Characters; a quarter of them in Chinese, Japanese and Korean."""
_DENSE_SCRIPTS: Final = ("zh", "ja", "ko")
_SUBJECT_END = re.compile(r"\s*[:：]\s+|\s+>\s+")
_MOST_LETTERS: Final = 8000
"""Characters of a passage that are looked through for the window."""

CONTEXT: Final = np.array([name.startswith(("context_", "subject_")) for name in FEATURES])
"""Which features are what the conversation says; the others are the message's own."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What was proposed for one question, with the scores of both sides; arrays of one length."""

    positions: NDArray[np.int64]
    cosines: NDArray[np.float32]
    """To the message as asked."""
    context_cosines: NDArray[np.float32]
    """To the message completed; the same array where it stands alone."""
    chunks: Sequence[Chunk]


def features(question: Question, candidates: Candidates, lexical: Lexical) -> Floats:
    """`FEATURES` of each candidate, shape (candidates, features)."""
    positions, count = candidates.positions, len(candidates.positions)
    idf = {term: lexical.idf(term) if lexical.document_frequency(term) else 0.0 for term in question.terms}
    context = question.context
    leans = 1.0 if question.leans else 0.0
    subject = _subjects(question, candidates.chunks, lexical)
    spoken = _share(lexical.scores(context, positions)) if context else np.zeros(count)
    held = _held(question, positions, lexical)
    columns = {
        "cosine": candidates.cosines.astype(np.float64),
        "cosine_share": _share(candidates.cosines),
        "bm25_share": _share(lexical.scores(question.terms, positions)),
        "coverage": _coverage(question, held, idf),
        "heading_coverage": _headings(question, candidates.chunks, idf),
        "window": _windows(question, candidates.chunks, idf),
        "rarest_missing": _rarest_missing(
            question, held, idf, highest=math.log1p((len(lexical) + 0.5) / 0.5)
        ),
        "length": np.array([math.log1p(len(chunk.text)) for chunk in candidates.chunks]),
        "context_cosine_leaning": leans * _share(candidates.context_cosines),
        "context_bm25_leaning": leans * spoken,
        "context_bm25_alone": (1 - leans) * spoken,
        "subject_leaning": leans * subject,
        "subject_alone": (1 - leans) * subject,
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).reshape(count, len(FEATURES))


def _share(scores: NDArray[np.float32]) -> Floats:
    """Scores divided by the best one; below 0 counts as 0."""
    best = float(scores.max(initial=0.0))
    return np.maximum(scores, 0.0).astype(np.float64) / best if best > 0 else np.zeros(len(scores))


def _held(question: Question, positions: NDArray[np.int64], lexical: Lexical) -> NDArray[np.bool_]:
    """Which term of the question each passage has, shape (terms, passages)."""
    return lexical.frequencies(list(question.terms), positions) > 0


def _coverage(question: Question, held: NDArray[np.bool_], idf: Mapping[str, float]) -> Floats:
    worth = np.array([weight * idf[term] for term, weight in question.terms.items()])
    found: Floats = worth @ held
    return _of(found, sum(worth.tolist()))


def _headings(question: Question, chunks: Sequence[Chunk], idf: Mapping[str, float]) -> Floats:
    above = [_above(chunk.title, chunk.heading, question.language) for chunk in chunks]
    found = [sum(weight * idf[t] for t, weight in question.terms.items() if t in words) for words in above]
    return _of(np.array(found), sum(weight * idf[term] for term, weight in question.terms.items()))


@lru_cache(maxsize=20_000)
def _above(title: str, heading: str, language: str) -> frozenset[str]:
    """The terms of title and headings."""
    return frozenset(terms(f"{title}\n{heading}", language=language))


def _rarest_missing(
    question: Question, held: NDArray[np.bool_], idf: Mapping[str, float], *, highest: float
) -> Floats:
    """0 where the passage has every word of the message that the documents know, 1 where it lacks one of the
    `highest` idf there can be."""
    known = np.array([idf[term] if weight == 1.0 else 0.0 for term, weight in question.terms.items()])
    rarest: Floats = (known[:, None] * ~held).max(axis=0, initial=0.0)
    return rarest / highest


def _windows(question: Question, chunks: Sequence[Chunk], idf: Mapping[str, float]) -> Floats:
    """Largest share of the question's terms, by idf, that stand close together."""
    known = [term for term in question.terms if idf[term]]
    if any(is_han(term) and len(term) > 1 for term in known):
        known = [term for term in known if not (is_han(term) and len(term) == 1)]
    worth = [question.terms[term] * idf[term] for term in known]
    begins = [_beginning(term) for term in known]
    span = _WINDOW // 4 if question.language in _DENSE_SCRIPTS else _WINDOW
    texts = (fold(f"{chunk.heading}\n{chunk.text}"[:_MOST_LETTERS]) for chunk in chunks)
    return _of(np.array([_best_window(_places(begins, text), worth, span) for text in texts]), sum(worth))


def _of(found: Floats, whole: float) -> Floats:
    """`found` as a share of `whole`."""
    shares: Floats = found / whole if whole > 0 else np.zeros(len(found))
    return shares


def _beginning(term: str) -> tuple[str, bool]:
    """What a term begins with in folded text, for `policies` and `policy` share `polic`, and whether a word must
    begin there."""
    if is_han(term) or not term[0].isalnum():
        return term.lstrip("~"), False
    return (term[:-1] if len(term) > 3 and term[-1] == "i" else term), True


def _places(begins: Sequence[tuple[str, bool]], text: str) -> list[tuple[int, int]]:
    """(offset, number of the term), by offset."""
    found: list[tuple[int, int]] = []
    for number, (letters, a_word) in enumerate(begins):
        offset = text.find(letters)
        while offset >= 0:
            if not (a_word and offset and text[offset - 1].isalnum()):
                found.append((offset, number))
            offset = text.find(letters, offset + 1)
    found.sort()
    return found


def _best_window(places: Sequence[tuple[int, int]], worth: Sequence[float], span: int) -> float:
    """The most that different terms within `span` characters are worth together."""
    counts = [0] * len(worth)
    best = current = 0.0
    first = 0
    for offset, number in places:
        if not counts[number]:
            current += worth[number]
        counts[number] += 1
        while offset - places[first][0] > span:
            left = places[first][1]
            counts[left] -= 1
            if not counts[left]:
                current -= worth[left]
            first += 1
        best = max(best, current)
    return best


def _subjects(question: Question, chunks: Sequence[Chunk], lexical: Lexical) -> Floats:
    """For each passage the share of its subject's terms, by idf, that a turn names, times the turn's weight; of
    the best turn."""
    if not question.turns:
        return np.zeros(len(chunks))
    found = []
    for chunk in chunks:
        worth = {term: lexical.idf(term) for term in _subject(chunk.title, chunk.heading, question.language)}
        total = sum(worth.values())
        shares = (
            weight * sum(value for term, value in worth.items() if term in said) / total
            for weight, said in question.turns
        )
        found.append(max(shares) if total else 0.0)
    return np.array(found)


@lru_cache(maxsize=20_000)
def _subject(title: str, heading: str, language: str) -> frozenset[str]:
    """The terms of what a passage is about: its title, and its outermost heading up to a colon."""
    return frozenset(terms(f"{title}\n{_SUBJECT_END.split(heading, maxsplit=1)[0]}", language=language))


@lru_cache(maxsize=1)
def _weights() -> dict[str, Floats]:
    loaded = json.loads(files("ragbot.index").joinpath("ranker.json").read_text(encoding="utf-8"))
    return {group: np.array([each[name] for name in FEATURES]) for group, each in loaded.items()}


def doubt(rows: Floats, weights: Floats) -> float:
    """How far the message alone leaves open which of its candidates is meant, squared: 0 where it does not, towards 1
    where many fit equally well."""
    alone = _softmax(rows[:, ~CONTEXT] @ weights[~CONTEXT])
    return float((1.0 - alone.max()) ** 2)


def probabilities(rows: Floats, *, known: bool) -> Floats:
    """For each candidate how likely it is the one that answers best, adding up to 1; `known` picks the weights."""
    if not len(rows):
        return np.zeros(0)
    weights = _weights()["known" if known else "unknown"]
    return _softmax(np.where(CONTEXT, doubt(rows, weights), 1.0) * rows @ weights)


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max())
    shares: Floats = odds / odds.sum()
    return shares
