"""What a person who takes over is given, and what the customer reads meanwhile. Pure functions over a conversation's
values: the same conversation gives the same packet. When that happens is told by `triggers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ragbot.dialogue import policy
from ragbot.dialogue.mood import NEGATIVE, URGENT
from ragbot.settings import HandoverSettings
from ragbot.types import Handover, Hit, Mood, Profile, State, Trigger, Turn

_ANGRY = -0.6

_TURNS = 50
_TURN_CHARACTERS = 2000
_QUESTIONS = 5
_QUESTION_CHARACTERS = 300
_PASSAGE_CHARACTERS = 400
_SOURCES = 8
_CITED = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a packet is made of. Everything but the message may be missing."""

    message: str
    """The one that led here."""
    history: Sequence[Turn] = ()
    """What came before it, oldest first."""
    state: State = field(default_factory=State)
    """With the fields that are being collected, and the choices."""
    language: str = "en"
    intent: str = ""
    mood: Mood | None = None
    hits: Sequence[Hit] = ()
    """What was found for it, the likeliest first."""
    sources: Sequence[str] = ()
    """Documents that earlier answers quoted."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of a form that is complete; those of a form under way are in the state."""
    profile: Profile | None = None
    session: str | None = None
    trace_id: str = ""


def make_packet(
    conversation: Conversation, trigger: Trigger, *, identity: str, now: float, open_at: float | None = None
) -> Handover:
    """What the person is given. `identity` is unique; `now` and `open_at`, when somebody is there next, are seconds
    since the epoch. The same conversation gives the same packet."""
    mood = conversation.mood
    fields = _fields(conversation)
    questions = _questions(conversation)
    return Handover(
        id=identity,
        at=now,
        trigger=trigger,
        reason=_reason(trigger, conversation),
        summary=_summary(conversation, questions, fields, failed=trigger == "abstentions"),
        intent=conversation.intent,
        language=conversation.language,
        fields=fields,
        sources=_sources(conversation),
        sentiment=None if mood is None else mood.sentiment,
        urgency=None if mood is None else mood.urgency,
        transcript=_transcript(conversation, now),
        suggested_reply=_suggested_reply(conversation, questions, fields),
        profile=conversation.profile,
        session=conversation.session,
        trace_id=conversation.trace_id,
        open_at=open_at,
    )


def reply(
    conversation: Conversation,
    trigger: Trigger,
    settings: HandoverSettings,
    *,
    contact: str,
    now: float,
    open_at: float | None = None,
    again: bool = False,
) -> str:
    """What the customer reads; `again`: somebody was called before, and no new packet is made."""
    closed = ""
    if open_at is not None:
        closed = policy.opening_words(conversation.language, open_at, now, settings.timezone)
    unhappy = conversation.mood is not None and conversation.mood.sentiment <= NEGATIVE
    return policy.handoff_reply(
        conversation.language, contact, trigger=trigger, unhappy=unhappy, again=again, closed=closed
    )


def mood_words(mood: Mood) -> tuple[str, ...]:
    """The mood in a word, and `urgent` where it is: `angry`, `unhappy`, `plain`, `happy`."""
    word = "plain"
    if mood.sentiment <= _ANGRY:
        word = "angry"
    elif mood.sentiment <= NEGATIVE:
        word = "unhappy"
    elif mood.sentiment >= -NEGATIVE:
        word = "happy"
    return (word, "urgent") if mood.urgency >= URGENT else (word,)


# -- the parts ----------------------------------------------------------------------------------------


def _reason(trigger: Trigger, conversation: Conversation) -> str:
    intent = conversation.intent or "the intent"
    reasons: Mapping[Trigger, str] = {
        "asked": "asked for a person",
        "accepted": "accepted the offer of a person",
        "intent": f"{intent} goes to a person",
        "sensitive": f"sensitive: {intent}",
        "abstentions": f"messages in a row without an answer: {conversation.state.abstentions}",
        "mood": "the mood is bad or getting worse",
        "function": f"the function for {intent} failed",
        "form": f"the fields for {intent} could not be collected",
    }
    return reasons[trigger]


def _fields(conversation: Conversation) -> dict[str, str]:
    """What the customer chose, and the form's values, which win."""
    form = conversation.state.form
    return {
        **conversation.state.choices,
        **(form.values if form is not None else {}),
        **conversation.fields,
    }


def _sources(conversation: Conversation) -> tuple[str, ...]:
    found = [hit.chunk.source for hit in conversation.hits]
    return tuple(dict.fromkeys((*found, *conversation.sources)))[:_SOURCES]


def _transcript(conversation: Conversation, now: float) -> tuple[Turn, ...]:
    newest = (*conversation.history, Turn(role="user", text=conversation.message, at=now))[-_TURNS:]
    return tuple(replace(turn, text=_cut(turn.text, _TURN_CHARACTERS, counted=True)) for turn in newest)


def _questions(conversation: Conversation) -> list[str]:
    """What the customer asked, the newest last; courtesies and demands for a person are none."""
    said = (*conversation.history[-_TURNS:], Turn(role="user", text=conversation.message))
    turns = [replace(turn, text=turn.text[:_TURN_CHARACTERS]) for turn in said]
    found: list[str] = []
    for place, turn in enumerate(turns):
        if turn.role != "user" or not _asks(turn.text, turns[:place]):
            continue
        question = _cut(" ".join(turn.text.split()), _QUESTION_CHARACTERS)
        found = [each for each in found if each != question] + [question]
    return found[-_QUESTIONS:]


def _asks(text: str, history: Sequence[Turn]) -> bool:
    return bool(text.strip()) and not (
        policy.small_talk(text) or policy.wants_person(text) or policy.accepts_offer(text, history)
    )


def _summary(
    conversation: Conversation, questions: Sequence[str], fields: Mapping[str, str], *, failed: bool
) -> str:
    """What they want, what was tried, what they gave, how they sound; a sentence each. `failed`: this message found
    no answer either."""
    words = policy.packet_phrases(conversation.language)
    quoted = words["join"].join(words["quote"].format(text=question) for question in questions)
    parts = [words["wants"].format(questions=quoted) if questions else words["unclear"]]
    parts.append(words["tried"].format(counts=_tried(conversation, words, failed=failed)))
    if fields:
        parts.append(words["fields"].format(fields=_listed(fields, words)))
    if conversation.mood is not None:
        named = ", ".join(words["moods"][word] for word in mood_words(conversation.mood))
        parts.append(words["mood"].format(mood=named))
    return str(words["space"]).join(parts)


def _tried(conversation: Conversation, words: Mapping[str, str], *, failed: bool) -> str:
    """How the bot's replies ended."""
    counts = {"answered": 0, "abstained": int(failed), "other": 0}
    for turn in conversation.history:
        if turn.role == "assistant":
            abstained = policy.offers_person(turn.text)
            counts["abstained" if abstained else "answered" if _CITED.search(turn.text) else "other"] += 1
    told = [words[kind].format(count=count) for kind, count in counts.items() if count]
    return words["join"].join(told) or words["nothing"]


def _listed(fields: Mapping[str, str], words: Mapping[str, str]) -> str:
    return words["join"].join(
        words["pair"].format(name=name.replace("_", " "), value=_cut(value, _QUESTION_CHARACTERS))
        for name, value in fields.items()
    )


def _suggested_reply(conversation: Conversation, questions: Sequence[str], fields: Mapping[str, str]) -> str:
    """A beginning for the person: nothing in it is promised, and what the documents say is marked as unverified."""
    words = policy.packet_phrases(conversation.language)
    name = conversation.profile.name if conversation.profile is not None else ""
    lines = [words["greeting"].format(name=name) if name else words["greeting_nameless"]]
    if conversation.mood is not None and conversation.mood.sentiment <= NEGATIVE:
        lines.append(words["sorry"])
    matter = words["quote"].format(text=questions[-1]) if questions else ""
    lines.append(words["matter"].format(matter=matter) if matter else words["no_matter"])
    if fields:
        lines.append(words["have"].format(fields=_listed(fields, words)))
    if conversation.hits:
        best = conversation.hits[0].chunk
        passage = words["quote"].format(text=_cut(" ".join(best.text.split()), _PASSAGE_CHARACTERS))
        lines.append(words["passage"].format(passage=passage, source=best.source))
    lines.append(words["closing"])
    return "\n".join(lines)


def _cut(text: str, longest: int, *, counted: bool = False) -> str:
    """The beginning of a long text, with a mark; `counted`: that says how much is missing."""
    if len(text) <= longest:
        return text
    mark = f" […{len(text) - longest} characters more]" if counted else "…"
    return text[:longest].rstrip() + mark
