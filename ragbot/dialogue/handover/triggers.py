"""When a person takes over. Pure functions over a conversation's values.

Once somebody was called, nothing that a machine notices (mood, abstentions, an intent's action, a failed function)
calls again. A customer who asks for a person again, or brings up a sensitive matter, does get a new packet, so that
neither is lost; but not while the bot's last reply already said that a person takes over: that is the same demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragbot.dialogue import policy
from ragbot.dialogue.mood import NEGATIVE
from ragbot.settings import HandoverSettings
from ragbot.types import Mood, State, Trigger, Turn

MOODS = 5
"""How many of the last moods a state remembers."""
_AVERAGED = 3
"""How many of them an average is taken of."""
_WORSE = 0.1
"""What counts as getting worse."""


def asked(message: str, history: Sequence[Turn], settings: HandoverSettings) -> Trigger | None:
    """Whether the customer takes the person who was offered, or asks for one. An offer that is taken counts whatever
    the settings say: the bot made it."""
    if policy.accepts_offer(message, history):
        return "accepted"
    return "asked" if settings.asked and policy.wants_person(message) else None


def by_intent(intent: str, settings: HandoverSettings, *, hands_over: bool = False) -> Trigger | None:
    """Whether the intent goes to a person: for it is sensitive, or its action says so (`hands_over`)."""
    if intent and intent in settings.sensitive:
        return "sensitive"
    return "intent" if hands_over else None


def by_mood(moods: Sequence[float], settings: HandoverSettings) -> Trigger | None:
    """Whether the customer's last moods, the newest last, sound so bad that a person should take over.

    That is: the last three, or the two there are, lie at the setting or below on average and the newest is bad; or
    the newest lies there and is worse than the one before. A conversation's first message has nothing to be compared
    with: it must lie halfway between the setting and -1.
    """
    limit = settings.mood
    if limit <= -1 or not moods:
        return None
    newest = moods[-1]
    if len(moods) == 1:
        return "mood" if newest <= (limit - 1) / 2 else None
    last = moods[-_AVERAGED:]
    bad = sum(last) / len(last) <= limit and newest <= min(NEGATIVE, limit / 2)
    worse = newest <= limit and newest <= moods[-2] - _WORSE
    return "mood" if bad or worse else None


def by_abstentions(abstentions: int, settings: HandoverSettings) -> Trigger | None:
    """Whether so many messages in a row, this one included, went without an answer that a person should take over."""
    return "abstentions" if 0 < settings.abstentions <= abstentions else None


def calls(trigger: Trigger, state: State, history: Sequence[Turn]) -> bool:
    """Whether the trigger makes a packet, given who was called before (see the head of this file)."""
    if not state.handed_over:
        return True
    if trigger not in ("asked", "accepted", "sensitive"):
        return False
    said = next((turn.text for turn in reversed(history) if turn.role == "assistant"), "")
    return not policy.announces_person(said)


def note_mood(state: State, mood: Mood) -> State:
    """The state with one mood more."""
    return replace(state, moods=(*state.moods, mood.sentiment)[-MOODS:])


def handed_over(state: State) -> State:
    """The state once a person was called: nothing waits any more, what was chosen stays."""
    return replace(state, form=None, pending=None, chosen=None, abstentions=0, handed_over=True)
