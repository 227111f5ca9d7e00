"""What the documents say to a message: search, then a stored answer, a question back, silence, or an answer."""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ragbot.answer.abstain import answerable
from ragbot.answer.clarify import questions
from ragbot.answer.evidence import Scored
from ragbot.answer.facets.wanted import Wanted, prefer, said, wanted_of
from ragbot.answer.related import related
from ragbot.answer.respond import Found, Responder, Response
from ragbot.answer.several import questions as questions_of
from ragbot.answer.stored.match import Matcher
from ragbot.answer.stored.shortcut import Shortcut
from ragbot.answer.weigh import Scorer, as_found
from ragbot.calibration import Threshold
from ragbot.desk import Desk
from ragbot.dialogue import policy
from ragbot.dialogue.handover import triggers
from ragbot.dialogue.mood import NEGATIVE
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.inquiry import Inquiry
from ragbot.reception import Reception
from ragbot.settings import Settings
from ragbot.types import Answer, Event, Hit, Pending, Turn

_MORE: Final = 2
"""How many times the passages that are needed are searched where the question names what they may not hold for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """A message and what was found for it."""

    inquiry: Inquiry
    wanted: Wanted
    hits: list[Hit]
    scored: list[Scored]
    """The pieces by what stands in them: what could answer."""
    likely: list[Scored]
    """The same with how surely the search found them: what does answer."""

    confidence: float
    """Probability that the answer is right."""

    @property
    def found(self) -> Found:
        """What an answer is written from."""
        inquiry = self.inquiry
        return Found(
            question=inquiry.question,
            history=inquiry.history,
            hits=self.hits,
            scored=self.likely,
            trace=inquiry.trace,
        )


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
        self._scorer: Scorer | None = None
        self._threshold = Threshold(kb, settings)

    def answer(self, inquiry: Inquiry) -> Yielding[Event, None, Answer]:
        """Yield each sentence when it is ready; return the answer. Raises `KnowledgeBaseError`, `ModelError`."""
        yield Event(kind="step", text="search")
        wanted = wanted_of(inquiry.profile, inquiry.state.choices)
        with inquiry.trace.step("search"):
            hits = self._search(inquiry, wanted)
        if self._settings.dialogue.faq:
            with inquiry.trace.step("faq"):
                stored = Shortcut(self._kb, Matcher.of(self._kb)).respond(inquiry.question, hits)
            if stored is not None:
                yield Event(kind="sentence", text=stored.text)
                return (yield from self._given(inquiry, stored, hits, confidence=1.0))
        weighed = self._weigh(inquiry, wanted, hits)
        pending = self._open_question(weighed)
        if pending is not None:
            return self._ask_back(weighed, pending)
        if inquiry.chose == "none":
            return self._abstain(weighed)
        several = self._several(weighed)
        if any(self._answers(each) for each in several):
            return (yield from self._written(several))
        return (yield from self._written([weighed])) if self._answers(weighed) else self._abstain(weighed)

    # -- the steps --------------------------------------------------------------------------------------

    def _search(self, inquiry: Inquiry, wanted: Wanted) -> list[Hit]:
        """What is found for this customer and for what the question names."""
        question, k = inquiry.question, self._settings.search.k
        more = _MORE * k if said(question) else k
        found = self._kb.search(question.original, k=more, history=inquiry.history)
        return prefer(found, wanted, question)[:k]

    def _weigh(self, inquiry: Inquiry, wanted: Wanted, hits: list[Hit]) -> _Weighed:
        with inquiry.trace.step("weigh"):
            if self._scorer is None:
                self._scorer = Scorer(self._kb.embedder, self._kb.idf)
            scored = self._scorer.score(inquiry.question, hits)
            likely = as_found(scored, hits)
            confidence = round(answerable(inquiry.question, hits, scored, likely), 4)
        return _Weighed(
            inquiry=inquiry, wanted=wanted, hits=hits, scored=scored, likely=likely, confidence=confidence
        )

    def _answers(self, weighed: _Weighed) -> bool:
        return bool(weighed.scored) and weighed.confidence >= self._threshold()

    def _several(self, weighed: _Weighed) -> list[_Weighed]:
        """Each question of a message that asks several, a later one in the light of those before it; none where it
        asks one."""
        inquiry = weighed.inquiry
        parts = questions_of(inquiry.question.original, inquiry.question.language)
        if len(parts) == 1:
            return []
        found: list[_Weighed] = []
        history = inquiry.history
        for part in parts:
            own = replace(inquiry, question=self._kb.understand(part, history), history=history)
            with inquiry.trace.step("search"):
                hits = self._search(own, weighed.wanted)
            found.append(self._weigh(own, weighed.wanted, hits))
            history = (*history, Turn(role="user", text=part))
        return found

    def _open_question(self, weighed: _Weighed) -> Pending | None:
        """What must be asked before this can be answered; a customer who has just chosen is not asked again,
        nor is one asked what it is about who only vents."""
        inquiry = weighed.inquiry
        if not self._settings.dialogue.clarify or inquiry.chose:
            return None
        pending = questions.ask(
            inquiry.question,
            inquiry.history,
            weighed.hits,
            weighed.scored,
            state=inquiry.state,
            wanted=weighed.wanted,
        )
        vents = (
            inquiry.mood.sentiment <= NEGATIVE and pending is not None and pending.facet == questions.SUBJECT
        )
        return None if vents else pending

    def _ask_back(self, weighed: _Weighed, pending: Pending) -> Answer:
        text = questions.words(pending, weighed.inquiry.language)
        state = replace(weighed.inquiry.state, pending=pending)
        reason = f"the passages differ by {pending.facet}"
        answer = weighed.inquiry.answer(text, "clarify", reason, state=state, options=pending.options)
        return replace(answer, hits=tuple(weighed.hits))

    def _abstain(self, weighed: _Weighed) -> Answer:
        """Say that the documents do not answer; once that happens too often in a row, call a person."""
        state = replace(weighed.inquiry.state, abstentions=weighed.inquiry.state.abstentions + 1)
        inquiry = replace(weighed.inquiry, state=state)
        trigger = triggers.by_abstentions(state.abstentions, self._settings.handover)
        if trigger is not None and triggers.calls(trigger, state, inquiry.history):
            return self._desk.call(inquiry, trigger, hits=weighed.hits)
        reason = "the passages do not answer the question" if weighed.scored else "nothing was found"
        contact = self._settings.answer.contact
        text = policy.abstain_reply(inquiry.language, contact, called=state.handed_over)
        answer = self._reception.back_to_form(inquiry, inquiry.answer(text, "abstained", reason))
        most = self._settings.dialogue.related
        return replace(
            answer,
            hits=tuple(weighed.hits),
            confidence=weighed.confidence,
            related=related(weighed.hits, weighed.scored, (), most),
        )

    def _written(self, several: Sequence[_Weighed]) -> Yielding[Event, None, Answer]:
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
        return replace(answer, related=related(first.hits, first.scored, response.citations, most))

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
