"""A message that asks what an operator has pinned an answer to -> that answer, with a place in each document that it
is bound to. What has expired or become stale is not given."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.respond import Response
from ragbot.answer.stored.match import Matcher, parse
from ragbot.answer.stored.pins import Pin, Pins
from ragbot.answer.stored.same import LIGHT
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


@dataclass(frozen=True, slots=True)
class _Phrasing:
    """A question of a pin."""

    pin: Pin
    text: str
    words: int
    """How many words it is looked up by."""


class Pinned:
    """Gives the pinned answers of one knowledge base. It remembers them until one changes, so keep it. Threads may
    share it."""

    def __init__(self, pins: Pins, kb: KnowledgeBase, matcher: Matcher) -> None:
        self._pins = pins
        self._kb = kb
        self._matcher = matcher
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._phrasings: list[_Phrasing] = []
        self._by_word: dict[str, list[int]] = {}

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
        """The valid pin that the message asks for: of several one with the same words, then the newest."""
        phrasings = self._candidates(question)
        grades = self._matcher.grades(question, [each.text for each in phrasings])
        for wanted in ("same", "near"):
            for phrasing, grade in zip(phrasings, grades, strict=True):
                if grade == wanted and self._pins.standing(phrasing.pin, self._kb) == "valid":
                    return phrasing.pin
        return None

    def _candidates(self, question: Question) -> list[_Phrasing]:
        """The phrasings that have half of their words in common with the message, those of the newest pins first."""
        with self._lock:
            version = self._pins.version()
            if version != self._read_at:
                self._remember(self._pins.list())
                self._read_at = version
            found: set[int] = set()
            for text in (question.original,):
                words = _words(text)
                common = Counter(place for word in words for place in self._by_word.get(word, ()))
                found |= {
                    place for place, count in common.items() if 2 * count >= self._phrasings[place].words
                }
            return [self._phrasings[place] for place in sorted(found)]

    def _remember(self, pins: Sequence[Pin]) -> None:
        self._phrasings = []
        self._by_word = {}
        for pin in reversed(pins):
            for text in pin.questions:
                words = _words(text)
                for word in words:
                    self._by_word.setdefault(word, []).append(len(self._phrasings))
                self._phrasings.append(_Phrasing(pin, text, len(words)))

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


def _words(text: str) -> frozenset[str]:
    """Beginnings of the words, which do not depend on the language as stems do; of those that weigh little only where
    there are no others."""
    words = parse(text).words
    return frozenset(word[:_BEGINNING] for word in words if word not in LIGHT) or frozenset(words)


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
