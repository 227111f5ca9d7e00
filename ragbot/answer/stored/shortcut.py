"""A message that is the question of an FAQ entry -> the answer that is stored there, whole and cited.

It decides over the passages that search found, so it needs no index of its own, whatever the size of the knowledge
base. It gives nothing where entries of one question have different answers, or where the entry is outdated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.answer.respond import Response
from ragbot.answer.stored.match import Matcher
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.index.versions import trust
from ragbot.text.sentences import sentences
from ragbot.types import Chunk, Citation, Claim, Hit

REASON: Final = "faq"
_MOST_PIECES: Final = 50
"""Passages on each side that a long entry may be cut into."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An FAQ entry: the passage that was found, and where its answer stands in the document."""

    chunk: Chunk
    start: int
    end: int
    answer: str


class Shortcut:
    """Answers from the FAQ entries of one knowledge base. Threads may share it."""

    def __init__(self, kb: KnowledgeBase, matcher: Matcher) -> None:
        self._kb = kb
        self._matcher = matcher

    def respond(self, question: Question, hits: Sequence[Hit]) -> Response | None:
        """The stored answer; None where no entry asks what the message asks."""
        chunks = [hit.chunk for hit in hits]
        asked = [place for place, chunk in enumerate(chunks) if stored_question(chunk)]
        if not asked:
            return None
        grades = self._matcher.grades(question, [stored_question(chunks[place]) for place in asked])
        trusted = trust(question.original, chunks)
        for wanted in ("same", "near"):
            fitting = [
                chunks[place]
                for place, grade in zip(asked, grades, strict=True)
                if grade == wanted and trusted[place] == 1
            ]
            if fitting:
                return self._response(fitting)
        return None

    def _response(self, chunks: Sequence[Chunk]) -> Response | None:
        entries = [entry for chunk in chunks if (entry := self._entry(chunk)) is not None]
        if len({" ".join(entry.answer.split()) for entry in entries}) != 1:
            return None
        first = entries[0]
        return Response(
            text=f"{first.answer} [1]",
            reason=REASON,
            citations=(_citation(first),),
            claims=_claims(first.answer),
        )

    def _entry(self, chunk: Chunk) -> _Entry | None:
        """None where a sync has removed the document since the search."""
        pieces = self._pieces(chunk)
        start, end = pieces[0].start + int(pieces[0].meta["answer_start"]), pieces[-1].end
        if len(pieces) == 1:
            text = chunk.text[start - chunk.start :]
        else:
            try:
                text = self._kb.document(chunk.document_id).text[start:end]
            except InputError:
                return None
        answer = text.strip()
        start += text.index(answer)
        return _Entry(chunk, start, start + len(answer), answer) if answer else None

    def _pieces(self, chunk: Chunk) -> list[Chunk]:
        """The passages that a long entry was cut into, in order: all but the first begin within the answer."""
        around = sorted(
            (*self._kb.neighbours(chunk, _MOST_PIECES, _MOST_PIECES), chunk), key=lambda c: c.start
        )
        first = last = next(place for place, each in enumerate(around) if each.id == chunk.id)
        while first > 0 and not begins(around[first]) and stored_question(around[first - 1]):
            first -= 1
        while last + 1 < len(around) and _continues(around[last + 1], chunk):
            last += 1
        return around[first : last + 1]


def stored_question(chunk: Chunk) -> str:
    """The question of an FAQ entry; empty for other passages."""
    return str(chunk.meta.get("question", "")) if chunk.meta.get("kind") == "faq" else ""


def begins(chunk: Chunk) -> bool:
    """Whether an FAQ entry begins here: its question stands before the answer."""
    return int(chunk.meta.get("answer_start", 0)) > 0


def _continues(chunk: Chunk, entry: Chunk) -> bool:
    return stored_question(chunk) == stored_question(entry) and not begins(chunk)


def _citation(entry: _Entry) -> Citation:
    chunk = entry.chunk
    return Citation(
        number=1,
        source=chunk.source,
        title=chunk.title,
        heading=chunk.heading,
        page=chunk.page,
        start=entry.start,
        end=entry.end,
        quote=entry.answer,
        chunk_id=chunk.id,
    )


def _claims(answer: str) -> tuple[Claim, ...]:
    """Each sentence rests on the place that it is quoted from."""
    return tuple(
        Claim(text=sentence.text, verdict="supported", support=1.0, citations=(1,))
        for sentence in sentences(answer)
    )
