"""What the documents say to a message: search, then a stored answer, a question back, silence, or an answer."""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ragbot.answer import clarify
from ragbot.answer.related import related
from ragbot.answer.respond import Found, Responder, Response
from ragbot.answer.stored.match import Matcher
from ragbot.answer.stored.shortcut import Shortcut
from ragbot.calibration import Threshold
from ragbot.desk import Desk
from ragbot.dialogue import policy
from ragbot.dialogue.handover import triggers
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.inquiry import Inquiry
from ragbot.reception import Reception
from ragbot.settings import Settings
from ragbot.text.sentences import sentences
from ragbot.types import Answer, Event, Hit, Pending, Turn

_MOST_PARTS: Final = 3
"""Questions of one message that are answered one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A message and what was found for it."""

    inquiry: Inquiry
    wanted: clarify.Wanted
    hits: list[Hit]

    @property
    def confidence(self) -> float:
        """Calibrated probability that the best passage answers; 0 where there is none."""
        return round(self.hits[0].score, 4) if self.hits else 0.0

    @property
    def found(self) -> Found:
        """What an answer is written from."""
        inquiry = self.inquiry
        return Found(question=inquiry.question, history=inquiry.history, hits=self.hits, trace=inquiry.trace)


class Consultation:
    """Answers out of one knowledge base. Threads may share it."""

    def __init__(
        self, kb: KnowledgeBase, settings: Settings, *, responder: Responder, desk: Desk, reception: Reception
    ) -> None:
        self._kb = kb
        self._settings = settings
        self._responder = responder
        self._desk = desk
        self._reception = reception
        self._threshold = Threshold(kb, settings)

    def answer(self, inquiry: Inquiry) -> Yielding[Event, None, Answer]:
        """Yield each sentence when it is ready; return the answer. Raises `KnowledgeBaseError`, `ModelError`."""
        yield Event(kind="step", text="search")
        read = self._search(inquiry)
        if self._settings.dialogue.faq:
            with inquiry.trace.step("faq"):
                stored = Shortcut(self._kb, Matcher.of(self._kb)).respond(inquiry.question, read.hits)
            if stored is not None:
                yield Event(kind="sentence", text=stored.text)
                return (yield from self._given(inquiry, stored, read.hits, confidence=1.0))
        pending = self._open_question(read)
        if pending is not None:
            return self._ask_back(read, pending)
        parts = self._parts(read)
        if any(self._answers(each) for each in parts):
            return (yield from self._written(parts))
        return (yield from self._written([read])) if self._answers(read) else self._abstain(read)

    # -- the steps --------------------------------------------------------------------------------------

    def _search(self, inquiry: Inquiry) -> _Read:
        """What is found for this customer and for what the message names."""
        question = inquiry.question
        wanted = clarify.wanted_of(inquiry.profile, inquiry.state.choices)
        with inquiry.trace.step("search"):
            found = self._kb.search(question.original, k=self._settings.search.k, history=question.history)
            return _Read(inquiry=inquiry, wanted=wanted, hits=clarify.prefer(found, wanted, question))

    def _answers(self, read: _Read) -> bool:
        return bool(read.hits) and read.confidence >= self._threshold()

    def _parts(self, read: _Read) -> list[_Read]:
        """Each question of a message that asks several, a later one in the light of those before it; none where it
        asks one. What is asked ends in a question mark; the sentences between belong to the question after them."""
        asked = _questions(read.inquiry.question.original)
        if len(asked) < 2:
            return []
        found: list[_Read] = []
        history = read.inquiry.question.history
        for part in asked:
            question = self._kb.understand(part, history)
            found.append(self._search(replace(read.inquiry, question=question)))
            history = (*history, Turn(role="user", text=part))
        return found

    def _open_question(self, read: _Read) -> Pending | None:
        """What must be asked before this can be answered; a customer who has just chosen is not asked again."""
        inquiry = read.inquiry
        if not self._settings.dialogue.clarify or inquiry.chose or not self._answers(read):
            return None
        return clarify.ask(inquiry.question, read.hits, state=inquiry.state, wanted=read.wanted)

    def _ask_back(self, read: _Read, pending: Pending) -> Answer:
        text = clarify.words(pending, read.inquiry.language)
        state = replace(read.inquiry.state, pending=pending)
        reason = f"the passages differ by {pending.facet}"
        answer = read.inquiry.answer(text, "clarify", reason, state=state, options=pending.options)
        return replace(answer, hits=tuple(read.hits))

    def _abstain(self, read: _Read) -> Answer:
        """Say that the documents do not answer; once that happens too often in a row, call a person."""
        state = replace(read.inquiry.state, abstentions=read.inquiry.state.abstentions + 1)
        inquiry = replace(read.inquiry, state=state)
        trigger = triggers.by_abstentions(state.abstentions, self._settings.handover)
        if trigger is not None and triggers.calls(trigger, state, inquiry.history):
            return self._desk.call(inquiry, trigger, hits=read.hits)
        reason = "the passages do not answer the question" if read.hits else "nothing was found"
        contact = self._settings.answer.contact
        text = policy.abstain_reply(inquiry.language, contact, called=state.handed_over)
        answer = self._reception.back_to_form(inquiry, inquiry.answer(text, "abstained", reason))
        most = self._settings.dialogue.related
        return replace(
            answer,
            hits=tuple(read.hits),
            confidence=read.confidence,
            related=related(read.hits, (), most),
        )

    def _written(self, several: Sequence[_Read]) -> Yielding[Event, None, Answer]:
        """The answer to those questions that the passages answer; of the others it is said that they do not."""
        answered = [each for each in several if self._answers(each)]
        open_ones = [each for each in several if not self._answers(each)]
        parts = self._responder.respond(*(each.found for each in answered))
        while True:
            try:
                yield Event(kind="sentence", text=next(parts))
            except StopIteration as stop:
                response: Response = stop.value
                break
        for each in open_ones:
            words = policy.not_found(each.inquiry.language, each.inquiry.question.original)
            yield Event(kind="sentence", text=words)
            response = replace(response, text=f"{response.text}\n{words}")
        inquiry, hits = (
            several[0].inquiry,
            list({hit.chunk.id: hit for each in several for hit in each.hits}.values()),
        )
        confidence = min(each.confidence for each in answered)
        answer = yield from self._given(inquiry, response, hits, confidence=confidence)
        first = (open_ones or answered)[0]
        most = self._settings.dialogue.related
        return replace(answer, related=related(first.hits, response.citations, most))

    def _given(
        self, inquiry: Inquiry, response: Response, hits: list[Hit], *, confidence: float
    ) -> Yielding[Event, None, Answer]:
        """The answer of a response whose sentences were said; the question of a form under way is said after it."""
        answer = self._reception.given(inquiry, response.text, response.reason)
        if answer.text != response.text:
            yield Event(kind="sentence", text=answer.text.removeprefix(response.text).strip())
        return replace(
            answer,
            citations=response.citations,
            claims=response.claims,
            hits=tuple(hits),
            confidence=confidence,
        )


def _questions(message: str) -> list[str]:
    """The questions of a message by their marks, each with the sentences that lead up to it; the whole where it has no
    more than one, or more than can be answered at once.

    >>> _questions("I moved. Can I keep my number? And what does it cost?")
    ['I moved. Can I keep my number?', 'And what does it cost?']
    """
    parts: list[str] = []
    begin = 0
    for each in sentences(message):
        if each.text.rstrip().endswith(("?", "？", "؟")):
            parts.append(message[begin : each.end].strip())
            begin = each.end
    return parts if 1 < len(parts) <= _MOST_PARTS else [message]
