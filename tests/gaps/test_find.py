"""From stored conversations to gaps: which messages count, what stands together, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clock import Clock
from quick import HashedEmbedder, open_quick, quick_sync, write

from ragbot.dialogue.feedback import Feedback
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError
from ragbot.gaps import find_gaps, survey
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.types import Answer, Status, Understanding


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """A shop that says how to pay by card and how to return a lamp."""
    folder = tmp_path_factory.mktemp("gaps")
    write(
        folder / "docs",
        paying="# Paying\n\n## Cards\n\nYou can pay by card or by invoice.\n",
        returns="# Returns\n\n## Period\n\nLamps can be returned within 30 days.\n",
    )
    opened = open_quick(folder / "kb", HashedEmbedder(dimension=256))
    quick_sync(opened, folder / "docs")
    yield opened
    opened.close()


class Chats:
    """Stored conversations, a minute between two messages."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.sessions = Sessions(path, clock=self.clock)
        self._number = 0

    def say(
        self, session: str, question: str, status: Status = "abstained", *, trigger: str = "", vote: str = ""
    ) -> None:
        """One exchange; `trigger`: of the hand-over that was made with it."""
        self._number += 1
        self.clock.now += 60
        trace = f"t-{self._number}"
        understanding = Understanding(question=question, standalone=question, language="en")
        if trigger:
            self.sessions.database.execute(
                "INSERT INTO outbox (id, session, at, trigger, packet, next_at) VALUES (?, ?, ?, ?, '', 0)",
                (trace, session, self.clock.now - 0.5, trigger),
            )
        answer = Answer(text="…", status=status, reason="", understanding=understanding, trace_id=trace)
        self.sessions.append(session, question, answer)
        if vote:
            Feedback(self.sessions.database).give(trace, vote)


@pytest.fixture
def chats(tmp_path: Path) -> Iterator[Chats]:
    made = Chats(tmp_path / "sessions.sqlite")
    yield made
    made.sessions.close()


def test_questions_that_mean_the_same_are_one_gap(chats: Chats, kb: KnowledgeBase) -> None:
    """Counted by customers before messages, most first; times, reasons, wordings, and the nearest documents."""
    for _ in range(5):
        chats.say("a", "Do you sell blue curtains?")
    first = chats.clock.now + 60
    chats.say("b", "Can I pay with bitcoin?")
    chats.say("c", "can i pay by bitcoin")
    chats.say("d", "Can I pay with bitcoin?", "handoff", trigger="abstentions")
    bitcoin, curtains = find_gaps(chats.sessions.database, kb)
    assert (bitcoin.customers, bitcoin.count) == (3, 3)
    assert bitcoin.question == "Can I pay with bitcoin?"
    assert bitcoin.examples == ("can i pay by bitcoin",)
    assert bitcoin.reasons == {"abstained": 2, "handed over": 1, "voted down": 0}
    assert (bitcoin.first_at, bitcoin.last_at) == (first, chats.clock.now)
    assert bitcoin.unknown == ("bitcoin",)
    assert bitcoin.missing == 'no document speaks of "bitcoin"'
    assert (bitcoin.nearest[0].source, bitcoin.nearest[0].heading) == ("docs/paying.md", "Cards")
    assert (curtains.customers, curtains.count) == (1, 5)


def test_what_is_no_gap(chats: Chats, kb: KnowledgeBase) -> None:
    """Answers, courtesies, values for a form, and people who were asked for; those are counted apart."""
    chats.say("a", "How long can I return a lamp?", "answered")
    chats.say("a", "thank you!", "abstained")
    chats.say("a", "A-1234567", "abstained")
    chats.say("b", "I want to talk to a human", "handoff", trigger="asked")
    chats.say("c", "My lamp burnt my hand", "handoff", trigger="sensitive")
    chats.say("d", "Let me speak to an agent", "handoff")
    found = survey(chats.sessions.database, kb)
    assert found.gaps == ()
    assert (found.messages, found.unanswered) == (6, 0)
    assert found.other_handovers == {"asked": 2, "sensitive": 1}


def test_an_answer_that_was_voted_down_is_a_gap(chats: Chats, kb: KnowledgeBase) -> None:
    """Though the bot answered; a vote for it is none."""
    chats.say("a", "How long can I return a lamp?", "answered", vote="down")
    chats.say("b", "How long can I return a lamp?", "answered", vote="up")
    (gap,) = find_gaps(chats.sessions.database, kb)
    assert gap.reasons["voted down"] == gap.count == 1
    assert gap.missing.startswith(("the nearest passages have all its words", "no document"))


def test_slips_are_put_right_by_what_others_write(chats: Chats, kb: KnowledgeBase) -> None:
    """A word that no document has is spelt as most customers spell it; its own spelling stays in the example."""
    for session in "abc":
        chats.say(session, "Do you ship curtains?")
    chats.say("d", "Do you ship curtians?")
    (gap,) = find_gaps(chats.sessions.database, kb)
    assert gap.customers == 4
    assert "curtains" in gap.unknown
    assert gap.question == "Do you ship curtains?"


def test_personal_data_is_masked(chats: Chats, kb: KnowledgeBase) -> None:
    """In the question, the examples and what is missing."""
    chats.say("a", "Pay with bitcoin? I am joe@mail.example, order A-7654321")
    (gap,) = find_gaps(chats.sessions.database, kb)
    assert gap.question == "Pay with bitcoin? I am [e-mail], order [number]"
    assert "joe" not in repr(gap)
    assert "7654321" not in repr(gap)


def test_only_some_time_and_some_messages(chats: Chats, kb: KnowledgeBase) -> None:
    """What is older is not counted; beyond the most messages, the oldest are left out, and that is said."""
    chats.say("a", "Do you sell curtains?")
    start = chats.clock.now + 1
    chats.say("b", "Can I pay with bitcoin?")
    chats.say("c", "Is there parking outside?")
    database = chats.sessions.database
    recent = survey(database, kb, since=start)
    assert {gap.question for gap in recent.gaps} == {"Can I pay with bitcoin?", "Is there parking outside?"}
    assert recent.messages == 2
    newest = survey(database, kb, messages=1)
    assert [gap.question for gap in newest.gaps] == ["Is there parking outside?"]
    assert (newest.unanswered, newest.left_out) == (3, 2)
    first = survey(database, kb, gaps=1)
    assert (len(first.gaps), first.found) == (1, 3)
    with pytest.raises(InputError, match="1 or more"):
        survey(database, kb, gaps=0)


def test_the_same_stores_give_the_same_gaps(chats: Chats, kb: KnowledgeBase) -> None:
    """Twice the same, in the same order; and nothing of nothing."""
    assert find_gaps(chats.sessions.database, kb) == []
    for number, question in enumerate(
        ("curtains?", "blue curtains?", "bitcoin?", "比特币可以付款吗？", "可以用比特币吗")
    ):
        chats.say(f"s{number}", question)
    assert find_gaps(chats.sessions.database, kb) == find_gaps(chats.sessions.database, kb)
