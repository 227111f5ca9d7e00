"""A customer's message -> a checked answer: the query pipeline, from top to bottom.

understand -> receive (a person, a form, a fixed reply?) -> search, read -> (ask | abstain | answer) -> remember

What the company adds: its intents (`settings.dialogue.intents`) and the functions that they call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from ragbot.answer import clarify
from ragbot.answer.check.vetoed import load_verifier
from ragbot.answer.respond import Responder, Response
from ragbot.answer.stored.match import Matcher
from ragbot.answer.stored.pinned import Pinned
from ragbot.answer.stored.pins import FILE_NAME as PINS_FILE
from ragbot.answer.stored.pins import Pins
from ragbot.consult import Consultation
from ragbot.desk import Desk
from ragbot.dialogue import policy
from ragbot.dialogue.classify.recognise import Recogniser
from ragbot.dialogue.feedback import Feedback, Vote
from ragbot.dialogue.forms.functions import Function, Functions
from ragbot.dialogue.handover import triggers
from ragbot.dialogue.handover.outbox import Outbox
from ragbot.dialogue.handover.webhook import Courier, open_courier
from ragbot.dialogue.intents.catalogue import load_intents
from ragbot.dialogue.mood import load_mood
from ragbot.dialogue.rewrite import Rewriter
from ragbot.dialogue.sessions import FILE_NAME as SESSIONS_FILE
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.inquiry import Inquiry, spoken
from ragbot.protocols import Generator, MoodReader, Verifier
from ragbot.reception import Reception
from ragbot.settings import Settings
from ragbot.text.glossary import load_glossary
from ragbot.trace import Trace
from ragbot.types import Answer, Event, Mood, Pending, Profile, State, Turn


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
        self._mood = mood
        self._courier: Courier | None = None
        self._pins: Pins | None = None
        self._pinned_answers: Pinned | None = None
        self._opening = threading.RLock()  # what is opened at first use is opened once
        desk = Desk(self.settings, clock=clock)
        self._reception = Reception(
            self.settings,
            recogniser=self._recogniser(),
            functions=Functions(functions),
            desk=desk,
            pinned=self._pinned,
            today=lambda: date.fromtimestamp(clock()),
        )
        responder = Responder(
            kb,
            self.settings,
            generator=lambda: self.generator,
            verifier=lambda: self.verifier,
            announce=policy.foreign_lead,
        )
        self._consultation = Consultation(
            kb, self.settings, responder=responder, desk=desk, reception=self._reception
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
            answer = yield from self._consultation.answer(inquiry)
        yield Event(kind="answer", answer=self._finish(inquiry, answer))

    def feedback(self, trace_id: str, vote: Vote, comment: str = "") -> None:
        """Keep what the customer thinks of the answer with that `trace_id`, which was given in a session; a later vote
        takes the place of an earlier one. Raises `InputError` where there is no such answer."""
        Feedback(self.sessions.database).give(trace_id, vote, comment)

    def close(self) -> None:
        """Close the stored conversations, once what is being delivered has had a moment; the knowledge base stays
        open."""
        if self._courier is not None:
            self._courier.close()
        if self._sessions is not None:
            self._sessions.close()
        if self._pins is not None:
            self._pins.close()

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
        original = question.original
        mood = self._read_mood(original)
        asked = state.pending or state.chosen
        option = clarify.chosen(asked, original) if asked is not None else None
        if asked is not None and option is not None:
            question = self.kb.understand(asked.question, history)
            state = replace(state, choices={**state.choices, asked.facet: option})
        else:
            question = self._standalone(question, trace)
        return Inquiry(
            message=original,
            question=question,
            chose=option or "",
            language=spoken(original, question.language, history, profile),
            intent="",
            intent_confidence=1.0,
            mood=mood,
            history=history,
            state=triggers.note_mood(_settled(state, asked, option, original), mood),
            profile=profile,
            session=session,
            trace=trace,
        )

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
        with self._opening:
            if self._courier is None:
                self._courier = open_courier(self.sessions.database, self.settings.handover)
        if self._courier is not None:
            self._courier.start()
            self._courier.wake()

    # -- the parts --------------------------------------------------------------------------------------

    @property
    def verifier(self) -> Verifier:
        """What checks the answers: `verify(text, passages) -> list[Claim]`. Raises `ModelError` at first use."""
        if self._verifier is None:
            self._verifier = load_verifier(self.settings)
        return self._verifier

    @property
    def generator(self) -> Generator:
        """The language model, loaded at first use. Raises `ModelError`."""
        with self._opening:
            if self._generator is None:
                from ragbot.models.generate import load_generator

                self._generator = load_generator(self.settings.generator, self.settings.models)
            return self._generator

    @property
    def sessions(self) -> Sessions:
        """The stored conversations, beside the knowledge base unless given."""
        with self._opening:
            if self._sessions is None:
                file = self.kb.folder / SESSIONS_FILE
                self._sessions = Sessions(file, retention_days=self.settings.sessions.retention_days)
            return self._sessions

    @property
    def pins(self) -> Pins:
        """The pinned answers, beside the knowledge base; their file is made at first use."""
        with self._opening:
            if self._pins is None:
                self._pins = Pins(self.kb.folder / PINS_FILE)
            return self._pins

    def _pinned(self, question: Question) -> Response | None:
        """The answer that is pinned to the question, if one is."""
        if self._pins is None and not (self.kb.folder / PINS_FILE).is_file():
            return None
        with self._opening:
            if self._pinned_answers is None:
                self._pinned_answers = Pinned(self.pins, self.kb, Matcher.of(self.kb))
        return self._pinned_answers.respond(question)

    def _recogniser(self) -> Recogniser:
        glossary = load_glossary(self.settings.search.glossary)
        return Recogniser(
            load_intents(self.settings.dialogue.intents),
            self.kb.load_embedder,
            gloss=lambda text: glossary.gloss(text, "en") or text,
            folder=self.kb.folder / "intents",
        )

    def _read_mood(self, message: str) -> Mood:
        with self._opening:
            if self._mood is None:
                self._mood = load_mood(self.settings)
        return self._mood.read([message])[0]

    def _standalone(self, question: Question, trace: Trace) -> Question:
        """The question with what it leaves to the conversation filled in by the language model, where the settings
        ask for that and what the model writes holds; else as it is, to be read in its context."""
        if self.settings.dialogue.rewrite != "model" or not question.history:
            return question
        with trace.step("rewrite") as step:
            written = Rewriter(self.generator).rewrite(
                question.original, question.history, language=question.language
            )
            step.note(how=written.how)
            step.quote(refused=written.refused)
        return self.kb.understand(written.text) if written.how == "model" else question


def _settled(state: State, asked: Pending | None, option: str | None, message: str) -> State:
    """The state once a message has come after a question back: a choice may be made otherwise, a courtesy leaves the
    question open, anything else closes it."""
    if option is not None:
        return replace(state, pending=None, chosen=asked)
    if policy.small_talk(message):
        return state
    return replace(state, pending=None, chosen=None)
