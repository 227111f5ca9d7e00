"""A customer's message -> a checked answer: the query pipeline, from top to bottom.

understand -> search -> weigh -> (abstain | quote | draft and check) -> cite -> remember
"""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragbot.answer.evidence import Scored
from ragbot.answer.ground import GroundingVerifier
from ragbot.answer.respond import Found, Responder, Response
from ragbot.answer.weigh import Scorer
from ragbot.dialogue import policy
from ragbot.dialogue.sessions import FILE_NAME as SESSIONS_FILE
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.protocols import Generator, Verifier
from ragbot.settings import Settings
from ragbot.text.context import names
from ragbot.trace import Trace
from ragbot.types import Answer, Event, Hit, Status, Turn, Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One message on its way through the pipeline."""

    question: Question
    history: tuple[Turn, ...]
    session: str | None
    trace: Trace


class Bot:
    """Answers questions from one knowledge base. Threads may share it.

    bot = Bot(KnowledgeBase.open("support.kb"))
    answer = bot.ask("How long do refunds take?", session="c-17")
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        *,
        settings: Settings | None = None,
        generator: Generator | None = None,
        verifier: Verifier | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        """`settings` are the knowledge base's unless given. A `generator` is used where `settings.answer.composer`
        is `generate`; without one, the model of the settings is loaded at the first draft."""
        self.kb = kb
        self.settings = settings if settings is not None else kb.settings
        self._generator = generator
        self._verifier = verifier
        self._sessions = sessions
        self._scorer: Scorer | None = None
        self._responder = Responder(
            kb,
            self.settings,
            generator=lambda: self.generator,
            verifier=lambda: self.verifier,
            announce=policy.foreign_lead,
        )

    def ask(self, question: str, *, session: str | None = None, history: Sequence[Turn] = ()) -> Answer:
        """The answer to one message. `session` continues a stored conversation; `history` gives one for this
        call alone. Raises `InputError` for an empty message, `KnowledgeBaseError`, `ModelError`."""
        for event in self.stream(question, session=session, history=history):
            if event.answer is not None:
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self, question: str, *, session: str | None = None, history: Sequence[Turn] = ()
    ) -> Iterator[Event]:
        """The same, each checked sentence as soon as it is ready; the last event carries the `Answer`."""
        trace = Trace()
        with trace.step("understand"):
            case = self._understand(question, session, history, trace)
        answer = self._without_search(case)
        if answer is None:
            yield Event(kind="step", text="search")
            with trace.step("search"):
                hits = self._search(case)
            with trace.step("weigh"):
                scored = self._scorer_for().score(case.question, hits)
            if not scored or scored[0].probability < self.settings.answer.threshold:
                answer = self._abstain(case, hits, scored)
            else:
                answer = yield from self._answer(case, hits, scored)
        yield Event(kind="answer", answer=self._finish(case, answer))

    def close(self) -> None:
        """Close the stored conversations; the knowledge base stays open."""
        if self._sessions is not None:
            self._sessions.close()

    # -- the steps --------------------------------------------------------------------------------------

    def _understand(self, message: str, session: str | None, history: Sequence[Turn], trace: Trace) -> _Case:
        if session is not None and history:
            raise InputError("give either session= or history=, not both")
        turns = tuple(history)
        if session is not None:
            turns = tuple(self.sessions.history(session, self.settings.sessions.history_turns))
        question = self.kb.understand(message, turns)
        return _Case(question=question, history=turns, session=session, trace=trace)

    def _without_search(self, case: _Case) -> Answer | None:
        """Small talk and the wish for a person need no documents."""
        message, language = case.question.original, case.question.language
        accepts = policy.accepts_offer(message, case.history)
        if accepts or policy.wants_person(message):
            text = policy.handoff_reply(language, self.settings.answer.contact)
            reason = (
                "the customer accepts the offer of a person" if accepts else "the customer asks for a person"
            )
            return self._make(case, text, "handoff", reason)
        kind = policy.small_talk(message)
        if kind is not None:
            return self._make(case, policy.small_talk_reply(kind, language), "smalltalk", kind)
        return None

    def _search(self, case: _Case) -> list[Hit]:
        return self.kb.search(case.question.original, k=self.settings.search.k, history=case.history)

    def _answer(self, case: _Case, hits: list[Hit], scored: list[Scored]) -> Yielding[Event, None, Answer]:
        found = Found(
            question=case.question, history=case.history, hits=hits, scored=scored, trace=case.trace
        )
        parts = self._responder.respond(found)
        while True:
            try:
                yield Event(kind="sentence", text=next(parts))
            except StopIteration as stop:
                response: Response = stop.value
                break
        return replace(
            self._make(case, response.text, "answered", response.reason),
            citations=response.citations,
            claims=response.claims,
            hits=tuple(hits),
            confidence=round(scored[0].probability, 4),
        )

    def _abstain(self, case: _Case, hits: list[Hit], scored: list[Scored]) -> Answer:
        reason = "the passages do not answer the question" if scored else "nothing was found"
        text = policy.abstain_reply(case.question.language, self.settings.answer.contact)
        confidence = round(scored[0].probability, 4) if scored else 0.0
        return replace(self._make(case, text, "abstained", reason), hits=tuple(hits), confidence=confidence)

    # -- the parts --------------------------------------------------------------------------------------

    @property
    def verifier(self) -> Verifier:
        """What checks the answers: `verify(text, passages) -> list[Claim]`."""
        if self._verifier is None:
            self._verifier = GroundingVerifier(self.kb.embedder)
        return self._verifier

    @property
    def generator(self) -> Generator:
        """The language model, loaded at first use. Raises `ModelError`."""
        if self._generator is None:
            from ragbot.models.generate import load_generator

            self._generator = load_generator(self.settings.generator, self.settings.models)
        return self._generator

    @property
    def sessions(self) -> Sessions:
        """The stored conversations, beside the knowledge base unless given."""
        if self._sessions is None:
            file = self.kb.folder / SESSIONS_FILE
            self._sessions = Sessions(file, retention_days=self.settings.sessions.retention_days)
        return self._sessions

    def _scorer_for(self) -> Scorer:
        if self._scorer is None:
            self._scorer = Scorer(self.kb.embedder, self.kb.idf)
        return self._scorer

    def _make(self, case: _Case, text: str, status: Status, reason: str) -> Answer:
        """An answer without passages; small talk and hand-over are what the message is taken for."""
        question = case.question
        intent = status if status in ("smalltalk", "handoff") else "question"
        return Answer(
            text=text,
            status=status,
            reason=reason,
            understanding=Understanding(
                question=question.original,
                standalone=question.text,
                language=question.language,
                intent=intent,
                entities=tuple(names(question.text)),
            ),
            session=case.session,
            trace_id=case.trace.trace_id,
        )

    def _finish(self, case: _Case, answer: Answer) -> Answer:
        """Remember the exchange, close the trace."""
        if case.session is not None:
            with case.trace.step("remember"):
                self.sessions.append(case.session, case.question.original, answer)
        case.trace.finish(status=answer.status, language=case.question.language, hits=len(answer.hits))
        return replace(answer, timings_ms=case.trace.timings_ms)
