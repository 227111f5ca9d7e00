"""A customer's message -> a checked answer: the query pipeline, from top to bottom.

understand -> receive (a person, a form, a fixed reply?) -> search -> weigh -> (ask | abstain | answer) -> remember
"""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragbot.answer.evidence import Scored
from ragbot.answer.ground import GroundingVerifier
from ragbot.answer.respond import Found, Responder, Response
from ragbot.answer.weigh import Scorer
from ragbot.dialogue import policy
from ragbot.dialogue.sessions import FILE_NAME as SESSIONS_FILE
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.inquiry import Inquiry, spoken
from ragbot.protocols import Generator, Verifier
from ragbot.reception import Reception
from ragbot.settings import Settings
from ragbot.trace import Trace
from ragbot.types import Answer, Event, Hit, Mood, Profile, State, Turn


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
        self._reception = Reception(self.settings)
        self._responder = Responder(
            kb,
            self.settings,
            generator=lambda: self.generator,
            verifier=lambda: self.verifier,
            announce=policy.foreign_lead,
        )

    def ask(
        self,
        question: str,
        *,
        session: str | None = None,
        history: Sequence[Turn] = (),
        profile: Profile | None = None,
        state: State | None = None,
    ) -> Answer:
        """The answer to one message.

        `session` continues a stored conversation; `history` gives one for this call alone, and `state` what the
        answer before it left (`Answer.state`). `profile` is what the company knows of the customer; it is kept
        nowhere. Raises `InputError` for an empty message, `KnowledgeBaseError`, `ModelError`.
        """
        events = self.stream(question, session=session, history=history, profile=profile, state=state)
        for event in events:
            if event.answer is not None:
                return event.answer
        raise AssertionError("a stream ends with its answer")

    def stream(
        self,
        question: str,
        *,
        session: str | None = None,
        history: Sequence[Turn] = (),
        profile: Profile | None = None,
        state: State | None = None,
    ) -> Iterator[Event]:
        """The same, each checked sentence as soon as it is ready; the last event carries the `Answer`."""
        trace = Trace()
        with trace.step("understand"):
            turns, before = self._conversation(session, history, state)
            inquiry = self._understand(
                question, history=turns, state=before, session=session, profile=profile, trace=trace
            )
        answer = self._reception.receive(inquiry)
        if answer is None:
            answer = yield from self._from_documents(inquiry)
        yield Event(kind="answer", answer=self._finish(inquiry, answer))

    def close(self) -> None:
        """Close the stored conversations; the knowledge base stays open."""
        if self._sessions is not None:
            self._sessions.close()

    # -- the steps --------------------------------------------------------------------------------------

    def _conversation(
        self, session: str | None, history: Sequence[Turn], state: State | None
    ) -> tuple[tuple[Turn, ...], State]:
        if session is None:
            return tuple(history), state if state is not None else State()
        if history or state is not None:
            raise InputError("give either session= or history= and state=, not both")
        turns = self.sessions.history(session, self.settings.sessions.history_turns)
        return tuple(turns), self.sessions.state(session)

    def _understand(
        self,
        message: str,
        *,
        history: tuple[Turn, ...],
        state: State,
        session: str | None,
        profile: Profile | None,
        trace: Trace,
    ) -> Inquiry:
        question = self.kb.understand(message, history)
        return Inquiry(
            message=question.original,
            question=question,
            language=spoken(question, history, profile),
            intent="",
            intent_confidence=1.0,
            mood=Mood(sentiment=0.0, urgency=0.0),
            history=history,
            state=state,
            profile=profile,
            session=session,
            trace=trace,
        )

    def _from_documents(self, inquiry: Inquiry) -> Yielding[Event, None, Answer]:
        yield Event(kind="step", text="search")
        with inquiry.trace.step("search"):
            question, k = inquiry.question.original, self.settings.search.k
            hits = self.kb.search(question, k=k, history=inquiry.history)
        with inquiry.trace.step("weigh"):
            scored = self._scorer_for().score(inquiry.question, hits)
        if not scored or scored[0].probability < self.settings.answer.threshold:
            return self._abstain(inquiry, hits, scored)
        answer = yield from self._answer(inquiry, hits, scored)
        return answer

    def _answer(
        self, inquiry: Inquiry, hits: list[Hit], scored: list[Scored]
    ) -> Yielding[Event, None, Answer]:
        found = Found(
            question=inquiry.question, history=inquiry.history, hits=hits, scored=scored, trace=inquiry.trace
        )
        parts = self._responder.respond(found)
        while True:
            try:
                yield Event(kind="sentence", text=next(parts))
            except StopIteration as stop:
                response: Response = stop.value
                break
        return replace(
            inquiry.answer(response.text, "answered", response.reason),
            citations=response.citations,
            claims=response.claims,
            hits=tuple(hits),
            confidence=round(scored[0].probability, 4),
        )

    def _abstain(self, inquiry: Inquiry, hits: list[Hit], scored: list[Scored]) -> Answer:
        reason = "the passages do not answer the question" if scored else "nothing was found"
        text = policy.abstain_reply(inquiry.language, self.settings.answer.contact)
        confidence = round(scored[0].probability, 4) if scored else 0.0
        return replace(inquiry.answer(text, "abstained", reason), hits=tuple(hits), confidence=confidence)

    def _finish(self, inquiry: Inquiry, answer: Answer) -> Answer:
        """Remember the exchange, close the trace."""
        if inquiry.session is not None:
            with inquiry.trace.step("remember"):
                self.sessions.append(inquiry.session, inquiry.message, answer)
        inquiry.trace.finish(status=answer.status, language=inquiry.language, hits=len(answer.hits))
        return replace(answer, timings_ms=inquiry.trace.timings_ms)

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
