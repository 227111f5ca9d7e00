"""Votes on answers: one each, only on what was answered, gone with the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clock import Clock

from ragbot.dialogue.feedback import MAX_COMMENT, Feedback
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError
from ragbot.types import Answer, Understanding

DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(tmp_path: Path, clock: Clock) -> Iterator[Sessions]:
    """Two sessions with an answer each."""
    opened = Sessions(tmp_path / "sessions.sqlite", retention_days=10, clock=clock)
    for session, trace_id in (("a", "t-1"), ("b", "t-2")):
        understanding = Understanding(question="q", standalone="q", language="en")
        opened.append(
            session,
            f"question of {session}",
            Answer(text="yes", status="answered", reason="", understanding=understanding, trace_id=trace_id),
        )
    yield opened
    opened.close()


@pytest.fixture
def feedback(sessions: Sessions, clock: Clock) -> Feedback:
    return Feedback(sessions.database, clock=clock)


def test_a_vote_stands_with_what_it_is_about(feedback: Feedback, clock: Clock) -> None:
    """Session, question, answer and time; the newest first; counted by kind."""
    feedback.give("t-1", "up")
    clock.now += 5
    given = feedback.give("t-2", "down", "  not what I asked \ud800")
    assert (given.session, given.question, given.answer, given.at) == ("b", "question of b", "yes", clock.now)
    assert given.comment == "not what I asked ?"
    assert [each.trace_id for each in feedback.list()] == ["t-2", "t-1"]
    assert feedback.list("down") == (given,)
    assert feedback.counts() == {"up": 1, "down": 1}


def test_voting_again_replaces(feedback: Feedback) -> None:
    """A customer may change their mind."""
    feedback.give("t-1", "up", "good")
    feedback.give("t-1", "down")
    (only,) = feedback.list()
    assert (only.vote, only.comment) == ("down", "")
    assert feedback.counts() == {"up": 0, "down": 1}


@pytest.mark.parametrize(
    ("trace_id", "vote", "comment", "words"),
    [
        ("t-9", "up", "", "no stored answer has the trace id 't-9'"),
        ("", "up", "", "no stored answer"),
        ("\ud800", "up", "", "no stored answer"),
        ("t-1", "sideways", "", "up or down, not 'sideways'"),
        ("t-1", "", "", "up or down"),
        ("t-1", "up", "x" * (MAX_COMMENT + 1), "at most 4000"),
    ],
)
def test_what_cannot_be_used_is_refused(
    feedback: Feedback, trace_id: str, vote: str, comment: str, words: str
) -> None:
    """With what is wrong, and nothing stored."""
    with pytest.raises(InputError, match=words):
        feedback.give(trace_id, vote, comment)
    assert feedback.list() == ()


def test_feedback_goes_with_its_session(feedback: Feedback, sessions: Sessions) -> None:
    """Deleting a session deletes its votes, and no others."""
    feedback.give("t-1", "up")
    feedback.give("t-2", "down")
    sessions.delete("a")
    assert [each.trace_id for each in feedback.list()] == ["t-2"]
    assert feedback.counts() == {"up": 0, "down": 1}
    with pytest.raises(InputError, match="no stored answer"):
        feedback.give("t-1", "up")


def test_counts_and_list_agree_when_the_exchange_is_older_than_the_limit(
    feedback: Feedback, sessions: Sessions, clock: Clock
) -> None:
    """An answer that retention has deleted has no votes either, though these are younger."""
    clock.now += 9 * DAY
    feedback.give("t-1", "up")
    clock.now += 2 * DAY
    sessions.purge()
    assert feedback.list() == ()
    assert feedback.counts() == {"up": 0, "down": 0}
