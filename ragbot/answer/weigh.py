"""The passages that were found -> their quotable pieces, each with the estimate that it answers the question."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from ragbot.answer.evidence import Scored, features, probabilities
from ragbot.answer.facets.wanted import agreement
from ragbot.answer.units import Unit, units
from ragbot.index.question import Question
from ragbot.index.versions import trust
from ragbot.protocols import Embedder
from ragbot.types import Hit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_UNITS = 96
"""Pieces that are compared with the question; those of the best passages come first."""
_REMEMBERED = 4096
_FOUND = 0.6
"""Power of the search's odds in a piece's probability: the weights know a passage by its ranks on both sides alone,
the search knows more. Chosen on the development half of the sample's test set."""
_SCARCE = 1e-6
"""Score below which it makes no difference how unlikely the search finds a passage."""
_OTHER_THING = 0.3
"""What a piece keeps of its probability where its passage holds for another product or region than is asked about."""


class Scorer:
    """Weighs pieces; remembers the vectors of the pieces it has seen. Threads may share it."""

    def __init__(self, embedder: Embedder, idf: Callable[[Iterable[str]], Mapping[str, float]]) -> None:
        self._embedder = embedder
        self._idf = idf
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def score(self, question: Question, hits: Sequence[Hit]) -> list[Scored]:
        """Every piece of `hits`, best first."""
        pieces = [unit for number, hit in enumerate(hits) for unit in units(hit, number)][:_MAX_UNITS]
        if not pieces:
            return []
        readable = [self._reads(hit) for hit in hits]
        cosines = self._cosines(question, hits, pieces, readable)
        idf = self._idf(question.all_terms())
        rows = features(question, hits, pieces, cosines, readable=readable, idf=idf)
        known = [readable[unit.hit] for unit in pieces]
        trusted = [
            each * (_OTHER_THING if agrees is False else 1.0)
            for each, agrees in zip(
                trust(question.text, [hit.chunk for hit in hits]), agreement(question, hits), strict=True
            )
        ]
        scored = [
            Scored(unit=unit, probability=p * trusted[unit.hit], known=reads, features=row)
            for unit, p, reads, row in zip(pieces, probabilities(rows, known), known, rows, strict=True)
        ]
        return sorted(scored, key=lambda item: -item.probability)

    def _reads(self, hit: Hit) -> bool:
        """Whether the embedder knows the passage's language, so that similarity says something."""
        languages = self._embedder.languages
        return not languages or hit.chunk.meta.get("language", "und") in languages | {"und"}

    def _cosines(
        self, question: Question, hits: Sequence[Hit], pieces: Sequence[Unit], readable: Sequence[bool]
    ) -> NDArray[np.float32]:
        """Shape (len(pieces),): 0 for pieces in a language that the embedder does not know."""
        cosines = np.zeros(len(pieces), np.float32)
        places = [place for place, unit in enumerate(pieces) if readable[unit.hit]]
        if places:
            asked = self._embedder.embed([question.dense_text], kind="query")[0]
            cosines[places] = self._embed([_with_heading(pieces[place], hits) for place in places]) @ asked
        return cosines

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        unseen = [text for text in dict.fromkeys(texts) if text not in known]
        if unseen:
            known |= zip(unseen, self._embedder.embed(unseen, kind="passage"), strict=True)
        with self._lock:
            self._vectors.update((text, known[text]) for text in unseen)
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])


def _with_heading(unit: Unit, hits: Sequence[Hit]) -> str:
    """A piece as the embedder reads it: the innermost heading, or the FAQ's question, says what it is about."""
    chunk = hits[unit.hit].chunk
    above = str(chunk.meta.get("question") or chunk.heading.rsplit(" > ", 1)[-1] or chunk.title)
    return "\n".join(part for part in (above, unit.lead, unit.text) if part)


def as_found(scored: Sequence[Scored], hits: Sequence[Hit]) -> list[Scored]:
    """The pieces with how likely the search finds their passages beside its best one, best first. A reranker's scores
    are no probabilities: they change nothing."""
    best = max((hit.score for hit in hits), default=0.0)
    if best <= 0 or any(hit.rerank_score is not None for hit in hits):
        return list(scored)
    standing = [(max(hit.score, _SCARCE) / best) ** _FOUND for hit in hits]
    weighed = (replace(item, probability=item.probability * standing[item.unit.hit]) for item in scored)
    return sorted(weighed, key=lambda item: -item.probability)
