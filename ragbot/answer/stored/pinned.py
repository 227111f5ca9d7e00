"""A message that asks what an operator has pinned an answer to -> that answer, with a place in each document that it
is bound to. What has expired or become stale is not given."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from ragbot.answer.respond import Response
from ragbot.answer.stored.match import Matcher, parse
from ragbot.answer.stored.pins import Pin, Pins
from ragbot.errors import InputError
from ragbot.index import sources
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.text.sentences import Sentence, sentences
from ragbot.text.words import content_terms
from ragbot.types import Citation, Document

_READ: Final = 100_000
"""Characters of a document in which a place is looked for."""
_ENOUGH: Final = 0.3
"""Least share of a sentence's content words, of those of the answer or its own, that must be common to be cited."""

_BEGINNING: Final = 4
"""Letters of a word by which pins are looked up."""


class Pinned:
    """Gives the pinned answers of one knowledge base. Threads may share it."""

    def __init__(self, pins: Pins, kb: KnowledgeBase, matcher: Matcher) -> None:
        self._pins = pins
        self._kb = kb
        self._matcher = matcher
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._known: Sequence[Pin] = ()
        self._by_word: dict[str, set[int]] = {}

    def respond(self, question: Question) -> Response | None:
        """The pinned answer; None where no valid pin asks what the message asks."""
        pin = self.match(question)
        if pin is None:
            return None
        citations = self._citations(pin)
        marks = "".join(f" [{citation.number}]" for citation in citations)
        return Response(
            text=pin.answer + marks, reason=f"pinned by {pin.author}", citations=citations, claims=()
        )

    def match(self, question: Question) -> Pin | None:
        """The valid pin that the message asks for: of several the one with the same words, then the newest."""
        pins = self._candidates(question)
        if not pins:
            return None
        asked = [(pin, text) for pin in pins for text in pin.questions]
        grades = self._matcher.grades(question, [text for _, text in asked])
        for wanted in ("same", "near"):
            for (pin, _), grade in zip(asked, grades, strict=True):
                if grade == wanted and self._pins.standing(pin, self._kb) == "valid":
                    return pin
        return None

    def _candidates(self, question: Question) -> list[Pin]:
        """The pins that have a word of the message in a question, the newest first."""
        with self._lock:
            version = self._pins.version()
            if version != self._read_at:
                self._remember(self._pins.list())
                self._read_at = version
            words = {
                word
                for text in (question.text, question.original)
                for word in _words(text, question.language)
            }
            places = {place for word in words for place in self._by_word.get(word, ())}
            return [self._known[place] for place in sorted(places, reverse=True)]

    def _remember(self, pins: Sequence[Pin]) -> None:
        self._known = pins
        self._by_word = {}
        for place, pin in enumerate(pins):
            for question in pin.questions:
                for word in _words(question, "en"):
                    self._by_word.setdefault(word, set()).add(place)

    def _citations(self, pin: Pin) -> tuple[Citation, ...]:
        found = sources.find(self._kb, pin.sources)
        made: list[Citation] = []
        for name in pin.sources:
            try:
                document = self._kb.document(found[name].document_id)
            except (KeyError, InputError):  # removed since the pin was found valid
                continue
            if (place := _place(document, pin)) is not None:
                made.append(_citation(document, place, len(made) + 1))
        return tuple(made)


def _words(text: str, language: str) -> frozenset[str]:
    """Beginnings of the words as they are written: stems depend on the language, which a short text hardly tells."""
    return frozenset(word[:_BEGINNING] for word in parse(text, language).written)


def _place(document: Document, pin: Pin) -> Sentence | None:
    """The sentence with the most words of the answer; where none has enough, that with most of the question's, else
    the first. None where the document has no sentence."""
    found = [each for each in sentences(document.text[:_READ]) if each.text.strip()]
    for wanted in (pin.answer, " ".join(pin.questions)):
        terms = set(content_terms(wanted))
        shares = [_share(terms, set(content_terms(each.text))) for each in found]
        if shares and max(shares) >= _ENOUGH:
            return found[shares.index(max(shares))]
    return found[0] if found else None


def _share(wanted: set[str], own: set[str]) -> float:
    """Dice's coefficient, or how much of a long answer a sentence is."""
    common = len(wanted & own)
    return 2 * common / (len(wanted) + len(own)) if common else 0.0


def _citation(document: Document, place: Sentence, number: int) -> Citation:
    page = sum(start <= place.start for start in document.page_starts) or None
    return Citation(
        number=number,
        source=document.source,
        title=document.title,
        heading="",
        page=page,
        start=place.start,
        end=place.end,
        quote=document.text[place.start : place.end],
    )
