"""The outbox: nothing is lost, nothing overtakes, nothing lies around once it is delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from clock import Clock
from packets import packet

from ragbot.database import Database
from ragbot.dialogue.handover.outbox import LONGEST_DELAY, LONGEST_RETRY_AFTER, Claim, Outbox
from ragbot.dialogue.memory import open_memory
from ragbot.dialogue.sessions import Sessions
from ragbot.errors import InputError


@pytest.fixture
def clock() -> Clock:
    return Clock(10_000.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_memory(tmp_path / "sessions.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, clock=clock, jitter=lambda: 1.0, lease_seconds=60)


def claimed(outbox: Outbox) -> Claim:
    claim = outbox.claim()
    assert claim is not None
    return claim


def test_the_oldest_goes_first(outbox: Outbox) -> None:
    """By when the hand-over was made, then by when it was added."""
    for identity, at in (("late", 30.0), ("first", 10.0), ("second", 10.0)):
        outbox.add(packet(identity, at=at))
    order = []
    while (claim := outbox.claim()) is not None:
        order.append(claim.id)
        outbox.delivered(claim)
    assert order == ["first", "second", "late"]


def test_a_packet_belongs_to_its_transaction(database: Database, outbox: Outbox) -> None:
    """What is rolled back was never handed over, and the same packet is added once."""

    def add_and_fail() -> None:
        with database.transaction():
            outbox.add(packet("gone"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    outbox.add(packet("kept"))
    outbox.add(packet("kept", summary="another"))
    assert [entry.id for entry in outbox.entries()] == ["kept"]
    assert outbox.packet("kept")["summary"] == packet().summary


def test_one_packet_is_under_way_at_a_time(outbox: Outbox, clock: Clock) -> None:
    """Nobody else gets any until it is reported or its lease runs out; then it is sent again."""
    outbox.add(packet("a", at=1))
    outbox.add(packet("b", at=2))
    first = claimed(outbox)
    assert outbox.claim() is None
    assert outbox.next_at() == clock.now + 60
    assert outbox.entries()[1].state == "sending"
    clock.now += 60
    again = claimed(outbox)
    assert (again.id, again.attempt) == ("a", 2)
    outbox.failed(first, "HTTP 500")
    assert outbox.claim() is None, "the report of an attempt that outlived its lease frees nothing"
    outbox.delivered(again)
    assert claimed(outbox).id == "b"


def test_two_processes_do_not_take_the_same(tmp_path: Path) -> None:
    """Of many threads with databases of their own, one gets the packet."""
    file = tmp_path / "sessions.sqlite"
    databases = [open_memory(file) for _ in range(4)]
    Outbox(databases[0]).add(packet())
    gate = threading.Barrier(len(databases))
    got: list[Claim | None] = []

    def take(database: Database) -> None:
        gate.wait()
        got.append(Outbox(database).claim())

    threads = [threading.Thread(target=take, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert len([claim for claim in got if claim is not None]) == 1


def test_pauses_double_up_to_a_limit_and_never_end(outbox: Outbox, clock: Clock) -> None:
    """1, 2, 4 ... 900 seconds; a week of failures loses nothing."""
    outbox.add(packet())
    pauses = []
    until = clock.now + 7 * 86_400
    while clock.now < until:
        outbox.failed(claimed(outbox), "HTTP 500")
        next_at = outbox.next_at()
        assert next_at is not None
        pauses.append(next_at - clock.now)
        assert outbox.claim() is None
        clock.now = next_at
    assert pauses[:12] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert max(pauses) == LONGEST_DELAY
    assert outbox.entries()[0].state == "waiting"
    assert outbox.packet("h-1")["fields"] == {"order_number": "4711"}


def test_chance_spreads_the_attempts(database: Database, clock: Clock) -> None:
    """A pause is between half of what it could be and all of it."""
    outbox = Outbox(database, clock=clock, jitter=lambda: 0.0, first_delay=8.0)
    outbox.add(packet())
    outbox.failed(claimed(outbox), "HTTP 500")
    assert outbox.next_at() == clock.now + 4.0


def test_a_receiver_may_ask_for_longer(outbox: Outbox, clock: Clock) -> None:
    """Its wish counts where it is the longer pause, up to an hour."""
    outbox.add(packet())
    outbox.failed(claimed(outbox), "HTTP 429", wait=120.0)
    assert outbox.next_at() == clock.now + 120
    clock.now += 120
    outbox.failed(claimed(outbox), "HTTP 429", wait=1e9)
    assert outbox.next_at() == clock.now + LONGEST_RETRY_AFTER


def test_those_behind_a_failure_wait_and_then_follow_at_once(outbox: Outbox, clock: Clock) -> None:
    """Order is kept through an outage; the first that gets through makes the others due."""
    for identity in ("a", "b", "c"):
        outbox.add(packet(identity))
    first = claimed(outbox)
    outbox.failed(first, "HTTP 500")
    behind = outbox.claim(behind="a")
    assert behind is not None
    assert behind.id == "b"
    outbox.failed(behind, "HTTP 500", wait=600.0)
    assert outbox.claim() is None
    clock.now += 1
    outbox.delivered(claimed(outbox))
    assert claimed(outbox).id == "b"


def test_what_stepped_aside_holds_up_nobody(outbox: Outbox, clock: Clock) -> None:
    """It is tried at its own times, and others go on."""
    for identity in ("poison", "b", "c"):
        outbox.add(packet(identity))
    outbox.failed(claimed(outbox), "HTTP 500")
    behind = outbox.claim(behind="poison")
    assert behind is not None
    outbox.delivered(behind, past="poison")
    claim = claimed(outbox)
    assert claim.id == "c"
    outbox.delivered(claim)
    assert outbox.claim() is None
    clock.now += 1
    assert claimed(outbox).id == "poison"


def test_what_is_refused_waits_for_an_operator(outbox: Outbox) -> None:
    """It is kept with its content and the reason, others go on, and `retry` sends it again."""
    outbox.add(packet("bad", at=1))
    outbox.add(packet("good", at=2))
    outbox.refused(claimed(outbox), "HTTP 422")
    good = claimed(outbox)
    outbox.delivered(good)
    assert outbox.claim() is None
    assert outbox.next_at() is None
    entry = next(each for each in outbox.entries() if each.id == "bad")
    assert (entry.state, entry.error, entry.attempts) == ("refused", "HTTP 422", 1)
    assert outbox.packet("bad")["profile"]["name"] == "Ada"
    outbox.retry("bad")
    assert claimed(outbox).id == "bad"


def test_what_is_delivered_keeps_no_words(outbox: Outbox, database: Database) -> None:
    """Its id and times stay; transcript and profile are in no file any more."""
    outbox.add(packet())
    outbox.delivered(claimed(outbox))
    entry = outbox.entries()[0]
    assert (entry.state, entry.delivered_at) == ("delivered", 10_000.0)
    with pytest.raises(InputError, match="its content was deleted"):
        outbox.packet("h-1")
    files = list(database.path.parent.glob("sessions.sqlite*"))
    assert files
    for file in files:
        assert b"secret refund" not in file.read_bytes()
        assert b"Ada" not in file.read_bytes()


def test_what_cannot_be_retried_is_said(outbox: Outbox) -> None:
    """Unknown, delivered, or just being sent."""
    with pytest.raises(InputError, match="no hand-over 'x'"):
        outbox.retry("x")
    with pytest.raises(InputError, match="no hand-over 'x'"):
        outbox.packet("x")
    outbox.add(packet())
    claim = claimed(outbox)
    with pytest.raises(InputError, match="is being sent"):
        outbox.retry("h-1")
    outbox.delivered(claim)
    with pytest.raises(InputError, match="is delivered"):
        outbox.retry("h-1")


def test_what_waits_outlives_its_retention(tmp_path: Path, clock: Clock) -> None:
    """The age of a hand-over counts from its delivery or refusal; deleting its session deletes it in any state."""
    memory = Sessions(tmp_path / "sessions.sqlite", retention_days=30, clock=clock)
    outbox = Outbox(memory.database, clock=clock)
    for identity in ("delivered", "refused", "waiting"):
        outbox.add(packet(identity, at=clock.now, session="c-17" if identity == "waiting" else None))
    clock.now += 40 * 86_400
    outbox.delivered(claimed(outbox))
    outbox.refused(claimed(outbox), "HTTP 410")
    memory.purge()
    assert len(outbox.entries()) == 3
    clock.now += 31 * 86_400
    memory.purge()
    assert [entry.id for entry in outbox.entries()] == ["waiting"]
    memory.delete("c-17")
    assert outbox.entries() == []
    memory.close()


def test_any_text_can_be_kept(outbox: Outbox) -> None:
    """Lone surrogates and NULs too: the packet is JSON in ASCII."""
    outbox.add(packet(summary="\ud800 \x00 退款"))
    assert claimed(outbox).body.isascii()
    assert outbox.packet("h-1")["summary"] == "\ud800 \x00 退款"
