"""Chat memory: exchanges stay whole, apart, no longer than the limit, and survive threads and processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from clock import Clock

from ragbot.dialogue.sessions import Sessions, check_session_id
from ragbot.dialogue.state import state_of
from ragbot.errors import InputError, KnowledgeBaseError
from ragbot.types import Answer, Citation, Form, Pending, State, Understanding

DAY = 86_400.0


def answer(text: str, question: str = "q", citations: tuple[Citation, ...] = ()) -> Answer:
    return Answer(
        text=text,
        status="answered",
        reason="",
        understanding=Understanding(question=question, standalone=question, language="en"),
        citations=citations,
        trace_id="abc",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(tmp_path: Path, clock: Clock) -> Iterator[Sessions]:
    opened = Sessions(tmp_path / "sessions.sqlite", retention_days=30, clock=clock)
    yield opened
    opened.close()


def test_history_gives_the_last_messages_oldest_first(sessions: Sessions) -> None:
    """`limit` counts messages, and the newest survive."""
    for number in range(3):
        sessions.append("a", f"q{number}", answer(f"a{number}"))
    assert [(turn.role, turn.text) for turn in sessions.history("a", 3)] == [
        ("assistant", "a1"),
        ("user", "q2"),
        ("assistant", "a2"),
    ]
    assert len(sessions.history("a", 100)) == 6
    assert sessions.history("a", 0) == []


def test_an_exchange_comes_back_as_it_was_stored(sessions: Sessions, clock: Clock) -> None:
    """Status, citations, trace id and time are kept."""
    citation = Citation(
        number=1, source="退货.md", title="退货", heading="", page=None, start=0, end=3, quote="三十天"
    )
    sessions.append("a", "退货要多久？", answer("三十天。[1]", citations=(citation,)))
    (stored,) = sessions.exchanges("a")
    assert stored.question == "退货要多久？"
    assert stored.citations == (citation,)
    assert (stored.status, stored.trace_id, stored.at) == ("answered", "abc", clock.now)


def test_sessions_see_nothing_of_each_other(sessions: Sessions) -> None:
    """Ids are compared exactly: case, spaces and wildcards make different sessions."""
    for name in ("a", "A", "a ", "%", "_", "a' OR '1'='1"):
        sessions.append(name, f"of {name}", answer("x"))
    for name in ("a", "A", "a ", "%", "_", "a' OR '1'='1"):
        assert [turn.text for turn in sessions.history(name)] == [f"of {name}", "x"]
    assert sessions.history("b") == []


def test_deleting_one_session_leaves_the_others(sessions: Sessions) -> None:
    """`delete` forgets one session, `delete_all` the rest; both say how much it was."""
    sessions.append("a", "q", answer("x"))
    sessions.append("a", "q", answer("x"))
    sessions.append("b", "q", answer("x"))
    assert sessions.delete("a") == 2
    assert sessions.delete("a") == 0
    assert [each.id for each in sessions.summaries()] == ["b"]
    assert sessions.delete_all() == 1
    assert sessions.summaries() == []


def test_deleted_words_are_gone_from_the_files(tmp_path: Path, sessions: Sessions) -> None:
    """Neither the database nor its log holds the words of a deleted session."""
    sessions.append("a", "my card is XYZZY-4111", answer("x"))
    sessions.delete("a")
    for file in tmp_path.iterdir():
        assert b"XYZZY" not in file.read_bytes()


def test_summaries_name_the_latest_session_first(sessions: Sessions, clock: Clock) -> None:
    """A summary counts exchanges and spans their times."""
    sessions.append("old", "q", answer("x"))
    clock.now += 10
    sessions.append("new", "q", answer("x"))
    clock.now += 10
    sessions.append("new", "q", answer("x"))
    first, second = sessions.summaries()
    assert (first.id, first.exchanges, first.last_at - first.first_at) == ("new", 2, 10)
    assert second.id == "old"


def test_the_retention_limit_is_applied_while_open(sessions: Sessions, clock: Clock) -> None:
    """Old exchanges leave at the next use, at most an hour late."""
    sessions.append("a", "old", answer("x"))
    clock.now += 30 * DAY + 3601
    sessions.append("a", "new", answer("x"))
    assert [each.question for each in sessions.exchanges("a")] == ["new"]


def test_the_retention_limit_is_applied_on_opening(tmp_path: Path, clock: Clock) -> None:
    """A file left alone for long is purged before anything is read."""
    path = tmp_path / "s.sqlite"
    first = Sessions(path, clock=clock)
    first.append("a", "old", answer("x"))
    first.close()
    clock.now += 31 * DAY
    second = Sessions(path, clock=clock)
    assert second.summaries() == []
    second.close()


def test_purge_takes_an_age_in_days(sessions: Sessions, clock: Clock) -> None:
    """Only exchanges older than the age go."""
    sessions.append("a", "old", answer("x"))
    clock.now += 2 * DAY
    sessions.append("a", "new", answer("x"))
    assert sessions.purge(1) == 1
    assert [each.question for each in sessions.exchanges("a")] == ["new"]
    with pytest.raises(InputError):
        sessions.purge(-1)


@pytest.mark.parametrize("bad", ["", "x" * 129, "a\nb", "a\x00", "a\ud800"])
def test_a_bad_session_id_is_refused(sessions: Sessions, bad: str) -> None:
    """Empty, long and unprintable ids are the caller's mistake, wherever they are given."""
    for call in (check_session_id, sessions.history, sessions.exchanges, sessions.delete):
        with pytest.raises(InputError, match="session id"):
            call(bad)
    with pytest.raises(InputError, match="session id"):
        sessions.append(bad, "q", answer("x"))


def test_text_that_is_no_unicode_is_stored_with_marks(sessions: Sessions) -> None:
    """A lone surrogate from a broken terminal does not lose the exchange."""
    sessions.append("a", "caf\udce9", answer("x"))
    assert sessions.exchanges("a")[0].question == "caf?"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """What is no database raises our error, with the path and the next step."""
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(KnowledgeBaseError, match=r"sessions\.sqlite is damaged.*delete it"):
        Sessions(path)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """An older ragbot does not write into what it does not know."""
    path = tmp_path / "sessions.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(KnowledgeBaseError, match="newer ragbot"):
        Sessions(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """Chat memory makes no folders."""
    with pytest.raises(KnowledgeBaseError, match="cannot be opened"):
        Sessions(tmp_path / "absent" / "sessions.sqlite")


def test_the_file_is_for_its_owner_only(tmp_path: Path, sessions: Sessions) -> None:
    """Other users of the machine cannot read what customers wrote."""
    assert (tmp_path / "sessions.sqlite").stat().st_mode & 0o077 == 0


def test_threads_may_share_it(sessions: Sessions) -> None:
    """No exchange is lost when threads append at once."""

    def work(name: str) -> None:
        for number in range(20):
            sessions.append(name, str(number), answer("x"))

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        assert [each.question for each in sessions.exchanges(f"t{number}")] == [str(n) for n in range(20)]


def test_processes_may_share_it(tmp_path: Path) -> None:
    """Processes that open a new file at the same moment all succeed, and no exchange is lost."""
    path = tmp_path / "sessions.sqlite"
    program = """
import sys
from ragbot.dialogue.sessions import Sessions
from ragbot.types import Answer, Understanding
understood = Understanding(question="q", standalone="q", language="en")
answer = Answer(text="x", status="answered", reason="", understanding=understood)
sessions = Sessions(sys.argv[1])
for number in range(10):
    sessions.append("shared", str(number), answer)
sessions.close()
"""
    command = [sys.executable, "-c", program, str(path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in running] == [""] * 4
    sessions = Sessions(path)
    assert len(sessions.exchanges("shared")) == 40
    sessions.close()


def test_a_closed_memory_says_so(tmp_path: Path) -> None:
    """Use after `close` is the caller's mistake, not damage that asks for deleting the file."""
    memory = Sessions(tmp_path / "sessions.sqlite")
    memory.close()
    with pytest.raises(KnowledgeBaseError, match="is closed"):
        memory.history("a")


def test_the_state_comes_back_and_goes_with_its_session(tmp_path: Path) -> None:
    """What an answer leaves is there after a restart, for its session alone, until that is deleted."""
    path = tmp_path / "sessions.sqlite"
    left = State(
        form=Form(intent="order", values={"number": "A-1"}, asked="e_mail", failures=1),
        pending=Pending(question="How do I reset it?", facet="product", options=("Hub 1", "Hub 2")),
        chosen=Pending(question="How long?", facet="region", options=("EU", "US")),
        choices={"region": "EU"},
        abstentions=1,
        moods=(-0.5, 0.25),
    )
    first = Sessions(path)
    first.append("a", "Where is my order?", replace(answer("Which one?"), state=left))
    first.close()
    second = Sessions(path)
    assert second.state("a") == left
    assert second.state("b") == State()
    second.delete("a")
    assert second.state("a") == State()
    second.close()


@pytest.mark.parametrize(
    "plain", [None, [], {"form": 3}, {"moods": 1}, {"form": {}}, {"pending": {"facet": "x"}}]
)
def test_a_state_that_is_none_is_refused(plain: object) -> None:
    """A caller's broken state is an error that says so."""
    with pytest.raises(InputError, match="state of a conversation"):
        state_of(plain)
