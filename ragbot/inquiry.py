"""One message on its way to an answer: what is known of it, and the answers that can be made of that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ragbot.index.question import Question
from ragbot.text.language import UNKNOWN, detect, script_language
from ragbot.text.names import names
from ragbot.trace import Trace
from ragbot.types import Answer, Handover, Mood, Profile, State, Status, Turn, Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A message, its conversation, and what both were taken to mean."""

    message: str
    """As the customer typed it, cleaned."""
    question: Question
    """What it asks; more than the message where it is the choice that another question waited for."""
    chose: str
    """The option that the customer chose of those that were offered; empty where the message is no choice."""
    language: str
    """Of the bot's own words."""
    intent: str
    """The company's intent that it was taken for; empty where it is none."""
    intent_confidence: float
    mood: Mood
    history: tuple[Turn, ...]
    state: State
    """Where the conversation stood before it, its mood noted."""
    profile: Profile | None
    session: str | None
    trace: Trace

    def answer(
        self,
        text: str,
        status: Status,
        reason: str,
        *,
        state: State | None = None,
        options: tuple[str, ...] = (),
        handover: Handover | None = None,
    ) -> Answer:
        """An answer without passages; the state stays as it is unless given."""
        taken_for = status if status in ("smalltalk", "handoff") else "question"
        return Answer(
            text=text,
            status=status,
            reason=reason,
            understanding=Understanding(
                question=self.message,
                standalone=self.question.original,
                language=self.language,
                intent=self.intent or taken_for,
                intent_confidence=self.intent_confidence,
                sentiment=self.mood.sentiment,
                urgency=self.mood.urgency,
                entities=tuple(names(self.question.original)),
            ),
            options=options,
            state=self.state if state is None else state,
            handover=handover,
            session=self.session,
            trace_id=self.trace.trace_id,
        )


_LATIN_WORD = re.compile(r"(?<!\S)[a-z]+(?=[,.!?;:]*(?:\s|$))")
_ENOUGH_WORDS: Final = 3
"""So many words in small Latin letters are no name in a text of another script."""
_OTHER_SCRIPTS: Final = frozenset(("zh", "ja", "ko"))


def spoken(message: str, likely: str, history: Sequence[Turn], profile: Profile | None) -> str:
    """The language to reply in: the message's; where it is too short to tell, as an order number is, that of what
    the customer said before in the same script, else the profile's, else the `likely` one."""
    if detect(message) != UNKNOWN:
        return likely
    written = len(_LATIN_WORD.findall(message)) >= _ENOUGH_WORDS
    for turn in reversed(history):
        if turn.role != "user" or (earlier := detect(turn.text)) == UNKNOWN:
            continue
        if not (written and script_language(turn.text)):
            return earlier
    if written and profile is not None and profile.language in _OTHER_SCRIPTS:
        return likely
    return profile.language if profile is not None and profile.language else likely
