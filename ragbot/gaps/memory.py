"""Chat memory -> the messages that went without a good answer, each standing alone.

Left out: small talk, messages that are but a number or an address (they fill a form), and hand-overs for another
reason than the lack of an answer, which are counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from ragbot.database import Database
from ragbot.dialogue import policy
from ragbot.errors import InputError
from ragbot.gaps.values import Asked, Reason
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.text.mask import bare
from ragbot.text.words import content_terms
from ragbot.types import Turn

_LACKING: Final = "abstentions"
"""The trigger of a hand-over because nothing was found."""
_UNTOLD: Final = "unknown"
_CLOCKS_SECONDS: Final = 1.0
"""A packet is made a moment before its exchange is stored."""
_NOWHERE: Final = "\x00"
"""A term that no passage can have: what its idf is, is that of all unknown ones."""
_TURNS: Final = 12
"""Earlier messages that a question may lean on."""

_ROWS = (
    "SELECT e.session, e.at, e.question, e.answer, e.status,"
    " (SELECT f.vote FROM feedback f WHERE f.trace_id = e.trace_id AND e.trace_id <> '') "
    "FROM exchange e WHERE e.session IN (SELECT session FROM exchange WHERE at >= ?) ORDER BY e.session, e.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """What the chat memory holds of a time."""

    asked: tuple[Asked, ...]
    """The newest first."""
    messages: int
    other_handovers: Mapping[str, int]
    left_out: int


@dataclass(frozen=True, slots=True)
class _Message:
    """A message without a good answer, before it is understood."""

    at: float
    reason: Reason
    session: str
    question: str
    turns: tuple[Turn, ...]


def unanswered(database: Database, kb: KnowledgeBase, *, since: float, most: int) -> Unanswered:
    """The newest `most` messages since then (seconds since the epoch) that went without a good answer."""
    triggers = _triggers(database)
    found: list[_Message] = []
    others: Counter[str] = Counter()
    messages = 0
    for session, rows in groupby(database.rows(_ROWS, (since,)), key=lambda row: row[0]):
        exchanges = list(rows)
        called = _assign(exchanges, triggers.get(session, ()))
        for place, (_, at, question, _, status, vote) in enumerate(exchanges):
            if at < since:
                continue
            messages += 1
            reason = _reason(status, vote, called.get(place, ""))
            if reason is not None and _asks(question):
                turns = _turns(exchanges[:place], question)
                found.append(_Message(at, reason, session, question, turns))
            elif status == "handoff":
                others[_told(question, called.get(place, ""))] += 1
    found.sort(key=lambda each: (-each.at, each.session, each.question))
    kept = (_understood(kb, each) for each in found[:most])
    return Unanswered(
        asked=tuple(each for each in kept if each is not None),
        messages=messages,
        other_handovers=dict(others.most_common()),
        left_out=max(0, len(found) - most),
    )


def _triggers(database: Database) -> dict[str, list[tuple[float, str]]]:
    """Session -> when it was handed over, and why, in order."""
    found: dict[str, list[tuple[float, str]]] = {}
    for session, at, trigger in database.rows(
        "SELECT session, at, trigger FROM outbox WHERE session IS NOT NULL ORDER BY at, rowid"
    ):
        found.setdefault(session, []).append((at, trigger))
    return found


def _assign(exchanges: Sequence[Sequence[Any]], packets: Sequence[tuple[float, str]]) -> dict[int, str]:
    """Place of an exchange -> the trigger of the packet that was made with it: the first hand-over from then on."""
    called: dict[int, str] = {}
    handed = [(place, row[1]) for place, row in enumerate(exchanges) if row[4] == "handoff"]
    for made, trigger in packets:
        place = next((p for p, at in handed if at >= made - _CLOCKS_SECONDS and p not in called), None)
        if place is not None:
            called[place] = trigger
    return called


def _reason(status: str, vote: str | None, trigger: str) -> Reason | None:
    if vote == "down" and status != "smalltalk":
        return "voted down"
    if status == "handoff":
        return "handed over" if trigger == _LACKING else None
    return "abstained" if status == "abstained" else None


def _told(question: str, trigger: str) -> str:
    """Why a person was called, where no packet tells it."""
    return trigger or ("asked" if policy.wants_person(question) else _UNTOLD)


def _asks(question: str) -> bool:
    """Whether a message asks anything: not a courtesy, a wish for a person, or a value for a form."""
    if policy.small_talk(question) or policy.wants_person(question):
        return False
    return any(not term.isdigit() for term in content_terms(bare(question)))


def _turns(exchanges: Sequence[Sequence[Any]], question: str) -> tuple[Turn, ...]:
    """What the question may lean on: not itself, asked before, nor replies that name nothing but a person."""
    turns: list[Turn] = []
    for _, at, before, answer, status, _ in exchanges[-(_TURNS // 2) :]:
        if before.strip() == question.strip():
            continue
        turns.append(Turn(role="user", text=before, at=at))
        if status not in ("abstained", "handoff"):
            turns.append(Turn(role="assistant", text=answer, at=at))
    return tuple(turns)


def _understood(kb: KnowledgeBase, message: _Message) -> Asked | None:
    """The message standing alone; None where nothing is left of it once it is cleaned."""
    try:
        understood = kb.understand(message.question, message.turns)
    except InputError:
        return None
    return Asked(
        session=message.session,
        at=message.at,
        question=message.question,
        standalone=understood.original,
        compared=bare(understood.original) or understood.original,
        language=understood.language,
        reason=message.reason,
        unknown=tuple(_unknown(kb, understood)),
    )


def _unknown(kb: KnowledgeBase, question: Question) -> Iterator[str]:
    """Terms that no passage has; none where the documents are in other languages than the question."""
    if question.language not in kb.generations.get().languages:
        return
    told = content_terms(bare(question.original), language=question.language, overlapping=False)
    idf = kb.idf((_NOWHERE, *told))
    yield from (term for term in told if idf[term] >= idf[_NOWHERE] and not term.replace(".", "").isdigit())
