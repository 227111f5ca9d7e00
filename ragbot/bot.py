"""A customer's message -> a checked answer: the query pipeline, from top to bottom.

understand -> receive (a person, a form, a fixed reply?) -> search -> weigh -> (ask | abstain | answer) -> remember

What the company adds: its intents (`settings.dialogue.intents`) and the functions that they call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Yielding
from dataclasses import replace
from datetime import date
from typing import Final

from ragbot.answer import clarify
from ragbot.answer.evidence import Scored
from ragbot.answer.facets import Wanted, prefer, remember, said, wanted_of
from ragbot.answer.ground import GroundingVerifier
from ragbot.answer.replies import resolve
from ragbot.answer.respond import Found, Responder, Response
from ragbot.answer.weigh import Scorer
from ragbot.desk import Desk
from ragbot.dialogue import policy, triggers
from ragbot.dialogue.functions import Function, Functions
from ragbot.dialogue.intents import load_intents
from ragbot.dialogue.mood import load_mood
from ragbot.dialogue.outbox import Outbox
from ragbot.dialogue.recognise import Recogniser
from ragbot.dialogue.rewrite import Rewriter
from ragbot.dialogue.sessions import FILE_NAME as SESSIONS_FILE
from ragbot.dialogue.sessions import Sessions
from ragbot.dialogue.webhook import Courier, open_courier
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.inquiry import Inquiry, spoken
from ragbot.protocols import Generator, MoodReader, Verifier
from ragbot.reception import Reception
from ragbot.settings import Settings
from ragbot.text.glossary import load_glossary
from ragbot.trace import Trace
from ragbot.types import Answer, Event, Hit, Mood, Pending, Profile, State, Turn

_MORE: Final = 2
"""How many times the passages that are needed are searched where some may hold for other customers."""


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
        mood: MoodReader | None = None,
        functions: Mapping[str, Function] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`settings` are the knowledge base's unless given. A `generator` is used where `settings.answer.composer`
        is `generate` or `settings.dialogue.rewrite` is `model`; without one, the model of the settings is loaded when
        it is needed. `functions`: intent -> the company's function that gets its fields. `clock` gives seconds since
        the epoch. Raises `SettingsError` where the intents or the office hours are malformed."""
        self.kb = kb
        self.settings = settings if settings is not None else kb.settings
        self._generator = generator
        self._verifier = verifier
        self._sessions = sessions
        self._scorer: Scorer | None = None
        self._mood = mood
        self._courier: Courier | None = None
        self._desk = Desk(self.settings, clock=clock)
        self._reception = Reception(
            self.settings,
            recogniser=self._recogniser(),
            functions=Functions(functions),
            desk=self._desk,
            today=lambda: date.fromtimestamp(clock()),
        )
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
        received = self._reception.receive(inquiry)
        inquiry, answer = received.inquiry, received.answer
        if answer is None:
            answer = yield from self._from_documents(inquiry)
        yield Event(kind="answer", answer=self._finish(inquiry, answer))

    def close(self) -> None:
        """Close the stored conversations, once what is being delivered has had a moment; the knowledge base stays
        open."""
        if self._courier is not None:
            self._courier.close()
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
        question = self._standalone(self.kb.understand(message, history), history, trace)
        original = question.original
        mood = self._read_mood(original)
        choice = resolve(state.pending, original) if state.pending is not None else None
        if choice is not None and state.pending is not None:
            question = self.kb.understand(choice.question, history)
            chosen = remember(state.choices, state.pending.facet, choice.option)
            state = replace(state, choices=chosen)
        return Inquiry(
            message=original,
            question=question,
            chose=choice is not None,
            language=spoken(original, question.language, history, profile),
            intent="",
            intent_confidence=1.0,
            mood=mood,
            history=history,
            state=triggers.note_mood(replace(state, pending=None), mood),
            profile=profile,
            session=session,
            trace=trace,
        )

    def _from_documents(self, inquiry: Inquiry) -> Yielding[Event, None, Answer]:
        yield Event(kind="step", text="search")
        wanted = wanted_of(inquiry.profile, inquiry.state.choices)
        with inquiry.trace.step("search"):
            hits = self._search(inquiry, wanted)
        with inquiry.trace.step("weigh"):
            scored = self._scorer_for().score(inquiry.question, hits)
        pending = self._open_question(inquiry, hits, scored, wanted)
        if pending is not None:
            return self._ask_back(inquiry, hits, pending)
        if not scored or scored[0].probability < self.settings.answer.threshold:
            return self._abstain(inquiry, hits, scored)
        answer = yield from self._answer(inquiry, hits, scored)
        return answer

    def _search(self, inquiry: Inquiry, wanted: Wanted) -> list[Hit]:
        """What is found for this customer: of more than is needed, for some may hold for others only."""
        question, k = inquiry.question, self.settings.search.k
        more = _MORE * k if wanted or said(question) else k
        found = self.kb.search(question.original, k=more, history=inquiry.history)
        return prefer(found, wanted, question)[:k]

    def _open_question(
        self, inquiry: Inquiry, hits: list[Hit], scored: list[Scored], wanted: Wanted
    ) -> Pending | None:
        """What must be asked before this can be answered; a customer who has just chosen is not asked again."""
        if not self.settings.dialogue.clarify or inquiry.chose:
            return None
        question, history = inquiry.question, inquiry.history
        return clarify.ask(question, history, hits, scored, state=inquiry.state, wanted=wanted)

    def _ask_back(self, inquiry: Inquiry, hits: list[Hit], pending: Pending) -> Answer:
        text = clarify.words(pending, inquiry.language)
        state = replace(inquiry.state, pending=pending)
        reason = f"the passages differ by {pending.facet}"
        answer = inquiry.answer(text, "clarify", reason, state=state, options=pending.options)
        return replace(answer, hits=tuple(hits))

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
        state = replace(inquiry.state, abstentions=0)
        answer = inquiry.answer(response.text, "answered", response.reason, state=state)
        whole = self._reception.back_to_form(inquiry, answer)
        if whole.text != answer.text:
            yield Event(kind="sentence", text=whole.text.removeprefix(answer.text).strip())
        return replace(
            whole,
            citations=response.citations,
            claims=response.claims,
            hits=tuple(hits),
            confidence=round(scored[0].probability, 4),
        )

    def _abstain(self, inquiry: Inquiry, hits: list[Hit], scored: list[Scored]) -> Answer:
        """Say that the documents do not answer; once that happens too often in a row, call a person."""
        state = replace(inquiry.state, abstentions=inquiry.state.abstentions + 1)
        inquiry = replace(inquiry, state=state)
        trigger = triggers.by_abstentions(state.abstentions, self.settings.handover)
        if trigger is not None and triggers.calls(trigger, state, inquiry.history):
            return self._desk.call(inquiry, trigger, hits=hits)
        reason = "the passages do not answer the question" if scored else "nothing was found"
        text = policy.abstain_reply(inquiry.language, self.settings.answer.contact)
        answer = self._reception.back_to_form(inquiry, inquiry.answer(text, "abstained", reason))
        confidence = round(scored[0].probability, 4) if scored else 0.0
        return replace(answer, hits=tuple(hits), confidence=confidence)

    def _finish(self, inquiry: Inquiry, answer: Answer) -> Answer:
        """Remember the exchange and what follows from it, all or nothing; close the trace."""
        if inquiry.session is not None:
            with inquiry.trace.step("remember"), self.sessions.database.transaction():
                self.sessions.append(inquiry.session, inquiry.message, answer)
                if answer.handover is not None:
                    Outbox(self.sessions.database).add(answer.handover)
            if answer.handover is not None:
                self._deliver()
        inquiry.trace.finish(status=answer.status, language=inquiry.language, hits=len(answer.hits))
        return replace(answer, timings_ms=inquiry.trace.timings_ms)

    def _deliver(self) -> None:
        """Have the hand-overs that wait sent by a thread, where the settings say where to."""
        if self._courier is None:
            self._courier = open_courier(self.sessions.database, self.settings.handover)
        if self._courier is not None:
            self._courier.start()
            self._courier.wake()

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

    def _recogniser(self) -> Recogniser:
        glossary = load_glossary(self.settings.search.glossary)
        return Recogniser(
            load_intents(self.settings.dialogue.intents),
            self.kb.load_embedder,
            gloss=lambda text: glossary.gloss(text, "en") or text,
            folder=self.kb.folder / "intents",
        )

    def _read_mood(self, message: str) -> Mood:
        if self._mood is None:
            self._mood = load_mood(self.settings)
        return self._mood.read([message])[0]

    def _standalone(self, question: Question, history: tuple[Turn, ...], trace: Trace) -> Question:
        """The question with what it leaves to the conversation filled in by the language model, where the settings
        ask for that and what the model writes holds; else as the rules have it."""
        if self.settings.dialogue.rewrite != "model" or not question.leans:
            return question
        with trace.step("rewrite") as step:
            written = Rewriter(self.generator).rewrite(question.original, history, language=question.language)
            step.note(how=written.how)
            step.quote(refused=written.refused)
        return question if written.how == "rules" else self.kb.understand(written.text, history)

    def _scorer_for(self) -> Scorer:
        if self._scorer is None:
            self._scorer = Scorer(self.kb.embedder, self.kb.idf)
        return self._scorer
