"""A message among stored questions: which of them it asks, told by words, and by an embedder where they only come
near."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ragbot.answer.stored.same import Grade, Known, compare, read
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.protocols import Embedder

NEAR_COSINE: Final = 0.9
"""Least cosine similarity of near questions: `scripts/bench_faq.py`."""

parse = lru_cache(maxsize=8192)(read)
"""`read`, remembered: stored questions come again and again."""


def known_to(kb: KnowledgeBase) -> Known:
    """Whether a document has the word."""
    return lambda word: kb.generations.get().lexical.document_frequency(word) > 0


class Matcher:
    """Compares messages with stored questions. Threads may share it."""

    def __init__(self, embedder: Embedder, known: Known, *, near: float = NEAR_COSINE) -> None:
        """`near` is the least cosine similarity of near questions."""
        self._embedder = embedder
        self._known = known
        self._near = near

    @classmethod
    def of(cls, kb: KnowledgeBase) -> Matcher:
        """With the embedder and the words of a knowledge base. Raises `ModelError`."""
        return cls(kb.embedder, known_to(kb))

    def grades(self, question: Question, stored: Sequence[str]) -> list[Grade]:
        """`same`, `near` or `other` for each stored question; `near` only where the embedder finds so too."""
        texts = (question.original,)
        forms = {text: read(text, question.language) for text in texts}
        best: list[Grade] = ["other"] * len(stored)
        unsure: list[tuple[int, str]] = []
        for place, other in enumerate(stored):
            for text, form in forms.items():
                grade = compare(form, parse(other, question.language), self._known)
                if grade == "same":
                    best[place] = "same"
                elif grade == "near":
                    unsure.append((place, text))
        near = [(place, text) for place, text in unsure if best[place] == "other"]
        if near and self._reads(question.language):
            for (place, _), alike in zip(near, self._alike(near, stored), strict=True):
                best[place] = "near" if alike else best[place]
        return best

    def _reads(self, language: str) -> bool:
        return not self._embedder.languages or language in self._embedder.languages

    def _alike(self, pairs: Sequence[tuple[int, str]], stored: Sequence[str]) -> list[bool]:
        texts = list(dict.fromkeys(text for place, typed in pairs for text in (typed, stored[place])))
        vectors = dict(zip(texts, self._embedder.embed(texts, kind="query"), strict=True))
        return [float(vectors[typed] @ vectors[stored[place]]) >= self._near for place, typed in pairs]
