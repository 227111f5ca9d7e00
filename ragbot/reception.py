"""What needs no document: a person who is asked for, small talk."""

from __future__ import annotations

from ragbot.dialogue import policy
from ragbot.inquiry import Inquiry
from ragbot.settings import Settings
from ragbot.types import Answer


class Reception:
    """Receives each message before anything is searched. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def receive(self, inquiry: Inquiry) -> Answer | None:
        """The answer, or None where the documents are to give it."""
        for step in (self._person, self._small_talk):
            answer = step(inquiry)
            if answer is not None:
                return answer
        return None

    def _person(self, inquiry: Inquiry) -> Answer | None:
        accepts = policy.accepts_offer(inquiry.message, inquiry.history)
        if not accepts and not policy.wants_person(inquiry.message):
            return None
        text = policy.handoff_reply(inquiry.language, self._settings.answer.contact)
        reason = "the customer accepts the offer of a person" if accepts else "the customer asks for a person"
        return inquiry.answer(text, "handoff", reason)

    def _small_talk(self, inquiry: Inquiry) -> Answer | None:
        kind = policy.small_talk(inquiry.message)
        if kind is None:
            return None
        return inquiry.answer(policy.small_talk_reply(kind, inquiry.language), "smalltalk", kind)
