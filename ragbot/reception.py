"""What needs no document: a person who is called, small talk, fields that are collected, a fixed reply.

Each step sees the message and gives the answer, or leaves it to the next; what all leave goes to the documents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from ragbot.answer.respond import Response
from ragbot.desk import Desk
from ragbot.dialogue import policy
from ragbot.dialogue.classify.recognise import Recogniser
from ragbot.dialogue.forms import steps
from ragbot.dialogue.forms.fields import find
from ragbot.dialogue.forms.functions import Call, Failure, Functions
from ragbot.dialogue.forms.steps import Step
from ragbot.dialogue.handover import triggers
from ragbot.dialogue.intents.catalogue import Intent, filled
from ragbot.index.question import Question
from ragbot.inquiry import Inquiry
from ragbot.settings import Settings
from ragbot.types import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What reception made of a message."""

    inquiry: Inquiry
    """With the intent that it was taken for."""
    answer: Answer | None
    """None where the documents are to give it."""


class Reception:
    """Receives each message before anything is searched. Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        *,
        recogniser: Recogniser,
        functions: Functions,
        desk: Desk,
        pinned: Callable[[Question], Response | None],
        today: Callable[[], date],
    ) -> None:
        """`pinned` gives the answer that an operator has pinned to a question; `today` is the day that "tomorrow" is
        reckoned from. Raises `SettingsError` where a function of the intents file cannot be imported."""
        self._settings = settings
        self._recogniser = recogniser
        self._functions = functions
        self._desk = desk
        self._pinned = pinned
        self._today = today
        for intent in recogniser.intents.intents:
            functions.find(intent)

    def receive(self, inquiry: Inquiry) -> Received:
        """The answer where one can be given without documents. Raises `KnowledgeBaseError`, `ModelError`."""
        trigger = triggers.asked(inquiry.message, inquiry.history, self._settings.handover)
        if trigger is not None:
            return Received(inquiry=inquiry, answer=self._desk.call(inquiry, trigger))
        current, step = self._form_intent(inquiry), self._form_step(inquiry)
        if current and step and step.kind not in ("invalid", "digression", "gave_up"):
            return Received(inquiry=inquiry, answer=self._taken(inquiry, current, step))
        talk = policy.small_talk(inquiry.message)
        if talk is not None:
            reply = inquiry.answer(policy.small_talk_reply(talk, inquiry.language), "smalltalk", talk)
            return Received(inquiry=inquiry, answer=self.back_to_form(inquiry, reply))
        inquiry, meant = self._recognised(inquiry)
        answer = (
            self._person(inquiry, meant)
            or self._unusable(inquiry, step, meant)
            or self._pinned_answer(inquiry)
            or self._act(inquiry, meant)
        )
        return Received(inquiry=inquiry, answer=answer)

    def back_to_form(self, inquiry: Inquiry, answer: Answer) -> Answer:
        """`answer` with the question that a form under way still has, if there is one."""
        intent = self._form_intent(inquiry)
        if intent is None or inquiry.state.form is None or answer.status == "handoff":
            return answer
        again = steps.ask_again(inquiry.state.form, intent, language=inquiry.language)
        return replace(answer, text=f"{answer.text}\n\n{again.text}", options=again.options)

    def given(self, inquiry: Inquiry, text: str, reason: str) -> Answer:
        """An answer to what was asked: nothing is unanswered any more, and a form under way goes on."""
        state = replace(inquiry.state, abstentions=0)
        return self.back_to_form(inquiry, inquiry.answer(text, "answered", reason, state=state))

    # -- who takes it -----------------------------------------------------------------------------------

    def _recognised(self, inquiry: Inquiry) -> tuple[Inquiry, Intent | None]:
        """With the intent, and that intent if it is sure enough to act on."""
        with inquiry.trace.step("intent") as step:
            found, confidence = self._recogniser.recognise(inquiry.message)
            step.note(intent=found.name if found else "", confidence=round(confidence, 3))
        named = replace(inquiry, intent=found.name if found else "", intent_confidence=round(confidence, 4))
        least = (found.min_confidence if found else 0.0) or self._settings.dialogue.act_confidence
        return named, found if confidence >= least or self._gives_code(inquiry, found) else None

    def _gives_code(self, inquiry: Inquiry, found: Intent | None) -> bool:
        """Whether the message holds what the intent's form asks for by a pattern, such as an order number: then a
        likely intent is sure enough."""
        return found is not None and any(
            field.kind == "pattern"
            and find(field, inquiry.message, inquiry.language, self._today(), asked=False)
            for field in found.fields
        )

    def _person(self, inquiry: Inquiry, meant: Intent | None) -> Answer | None:
        """Where the matter or the mood is a person's."""
        settings = self._settings.handover
        name, hands_over = (meant.name, meant.action == "handoff") if meant is not None else ("", False)
        trigger = triggers.by_intent(name, settings, hands_over=hands_over)
        if trigger is None:
            trigger = triggers.by_mood(inquiry.state.moods, settings)
            if trigger is not None and not triggers.calls(trigger, inquiry.state, inquiry.history):
                return None
        return self._desk.call(inquiry, trigger) if trigger is not None else None

    def _pinned_answer(self, inquiry: Inquiry) -> Answer | None:
        response = self._pinned(inquiry.question)
        if response is None:
            return None
        answer = self.given(inquiry, response.text, response.reason)
        return replace(answer, citations=response.citations, claims=response.claims, confidence=1.0)

    def _act(self, inquiry: Inquiry, meant: Intent | None) -> Answer | None:
        """What the intent's action says; None where the documents are to answer."""
        if meant is None:
            return None
        if meant.action == "reply":
            return self.given(inquiry, filled(meant.reply, inquiry.language, {}), "fixed reply")
        if meant.action != "collect":
            return None
        form = inquiry.state.form
        if form is not None and form.intent == meant.name:
            step = steps.ask_again(form, meant, language=inquiry.language)
        else:
            step = steps.begin(meant, inquiry.message, language=inquiry.language, today=self._today())
        return self._taken(inquiry, meant, step)

    # -- forms ------------------------------------------------------------------------------------------

    def _form_intent(self, inquiry: Inquiry) -> Intent | None:
        """The intent whose form is under way; None too where the company has dropped it since."""
        form = inquiry.state.form
        found = self._recogniser.intents.get(form.intent) if form is not None else None
        return found if found is not None and found.action == "collect" else None

    def _form_step(self, inquiry: Inquiry) -> Step | None:
        """What the message does to the form under way; None where there is none."""
        intent, form = self._form_intent(inquiry), inquiry.state.form
        if intent is None or form is None:
            return None
        return steps.step(form, intent, inquiry.message, language=inquiry.language, today=self._today())

    def _unusable(self, inquiry: Inquiry, step: Step | None, meant: Intent | None) -> Answer | None:
        """The answer to a message that is of no use to the form, unless it brings up another request."""
        current = self._form_intent(inquiry)
        if step is None or step.kind == "digression" or current is None:
            return None
        if meant is not None and meant.name != current.name and meant.action in ("collect", "reply"):
            return None
        return self._taken(inquiry, current, step)

    def _taken(self, inquiry: Inquiry, intent: Intent, step: Step) -> Answer:
        """The answer to a step of a form."""
        inquiry = replace(inquiry, intent=intent.name)
        state = replace(inquiry.state, form=step.form, abstentions=0)
        if step.kind == "complete":
            return self._complete(replace(inquiry, state=state), intent, step)
        if step.kind == "gave_up":
            return self._desk.call(inquiry, "form", fields=step.values, lead=step.text)
        if step.kind == "cancelled":
            return inquiry.answer(step.text, "smalltalk", f"{intent.name} cancelled", state=state)
        asked = step.form.asked if step.form is not None else ""
        return inquiry.answer(
            step.text, "clarify", f"asks for {asked}" if asked else "asks", state=state, options=step.options
        )

    def _complete(self, inquiry: Inquiry, intent: Intent, step: Step) -> Answer:
        """What the company does with the fields."""
        if self._functions.find(intent) is None:
            if intent.reply:
                text = filled(intent.reply, inquiry.language, step.values)
                return inquiry.answer(text, "answered", f"{intent.name} complete")
            return self._desk.call(inquiry, "intent", fields=step.values)
        call = Call(
            intent=intent.name,
            fields=step.values,
            language=inquiry.language,
            session=inquiry.session,
            profile=inquiry.profile,
        )
        with inquiry.trace.step("function"):
            result = self._functions.call(intent, call, self._settings.dialogue.function_seconds)
        if isinstance(result, Failure):
            reason = f"function of {intent.name}: {result.reason}"
            return self._desk.call(inquiry, "function", reason=reason, fields=step.values)
        if result.handover:
            return self._desk.call(
                inquiry, "intent", reason=result.handover, fields=step.values, lead=result.text
            )
        return inquiry.answer(result.text, "answered", f"function of {intent.name}")
