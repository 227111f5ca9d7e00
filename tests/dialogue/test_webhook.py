"""Delivery over a real socket: what is sent, what each kind of failure does, and that nothing is lost by a kill."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clock import Clock
from packets import packet
from receiver import Receiver, receiving

from ragbot.database import Database
from ragbot.dialogue.handover.outbox import Claim, Outbox
from ragbot.dialogue.handover.webhook import Courier, Webhook, open_courier, sign
from ragbot.dialogue.memory import open_memory
from ragbot.errors import SettingsError
from ragbot.settings import HandoverSettings
from ragbot.types import to_plain


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_memory(tmp_path / "sessions.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def courier(database: Database, receiver: Receiver, clock: Clock) -> Iterator[Courier]:
    """Over a clock that only the test moves."""
    webhook = Webhook(HandoverSettings(webhook=receiver.url, timeout_seconds=0.5), clock=clock)
    yield Courier(Outbox(database, clock=clock, jitter=lambda: 1.0), webhook)
    webhook.close()


def ids(receiver: Receiver) -> list[str]:
    return [request.id for request in receiver.got]


def until(holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Waits for another thread or process; fails if it never holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def test_what_is_sent(
    courier: Courier, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packet as JSON, its id as key, and a signature over timestamp and body."""
    monkeypatch.setenv("RAGBOT_WEBHOOK_SECRET", "s3cret")
    sent = packet()
    courier.outbox.add(sent)
    report = courier.deliver_due()
    assert (report.delivered, report.failed, report.refused, report.next_at) == (1, 0, 0, None)
    (request,) = receiver.got
    assert json.loads(request.body) == to_plain(sent)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Idempotency-Key"] == sent.id
    timestamp = request.headers["X-Ragbot-Timestamp"]
    assert timestamp == str(int(clock.now))
    assert request.headers["X-Ragbot-Signature"] == sign("s3cret", timestamp, request.body)


def test_the_signature_is_the_one_of_the_standard() -> None:
    """HMAC-SHA256 as `openssl dgst -sha256 -hmac key` gives it for `1.{}`."""
    assert sign("key", "1", b"{}") == (
        "sha256="
        + subprocess.run(
            ["openssl", "dgst", "-sha256", "-hmac", "key", "-r"],
            input=b"1.{}",
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .split()[0]
    )


def test_without_a_secret_nothing_is_signed(
    courier: Courier, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants signatures sets the secret."""
    monkeypatch.delenv("RAGBOT_WEBHOOK_SECRET", raising=False)
    courier.outbox.add(packet())
    courier.deliver_due()
    assert "X-Ragbot-Signature" not in receiver.got[0].headers


def test_an_hour_of_500_loses_nothing(courier: Courier, receiver: Receiver, clock: Clock) -> None:
    """Everything arrives once and in order when the receiver is back, what was added meanwhile too."""
    receiver.says = [500]
    began = clock.now
    for number in range(3):
        courier.outbox.add(packet(f"h-{number}", at=clock.now + number / 10))
    added = 3
    while clock.now < began + 3600:
        report = courier.deliver_due()
        assert report.delivered == 0
        assert report.next_at is not None
        assert report.next_at > clock.now
        clock.now = report.next_at
        if added < 6:
            courier.outbox.add(packet(f"h-{added}", at=clock.now))
            added += 1
    assert receiver.got == []
    assert len(receiver.asked) < 60, "pauses grow"
    receiver.says = [200]
    assert courier.deliver_due().delivered == 6
    assert ids(receiver) == [f"h-{number}" for number in range(6)]
    assert courier.deliver_due().delivered == 0


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("reset", "ReadError"),
        ("hang", "ReadTimeout"),
        ("garbage", "RemoteProtocolError"),
        (301, "HTTP 301"),
        (307, "HTTP 307"),
        (408, "HTTP 408"),
        (425, "HTTP 425"),
        (429, "HTTP 429"),
        (500, "HTTP 500"),
        (503, "HTTP 503"),
    ],
)
def test_what_may_pass_is_tried_again(
    word: int | str, detail: str, courier: Courier, receiver: Receiver, clock: Clock
) -> None:
    """The packet stays, the error is a word without content, and no redirect is followed."""
    receiver.says = [word, 200]
    receiver.headers = {"Location": receiver.url}
    courier.outbox.add(packet())
    report = courier.deliver_due()
    assert (report.delivered, report.failed, report.refused) == (0, 1, 0)
    assert courier.outbox.entries()[0].error.startswith(detail)
    assert len(receiver.asked) == 1
    clock.now += 1
    assert courier.deliver_due().delivered == 1


@pytest.mark.parametrize("word", [400, 401, 404, 410, 422])
def test_what_is_refused_blocks_nobody(word: int, courier: Courier, receiver: Receiver) -> None:
    """It is kept with the reason, the next one is delivered in the same pass."""
    receiver.says = [word, 200]
    courier.outbox.add(packet("bad"))
    courier.outbox.add(packet("good", at=1001))
    report = courier.deliver_due()
    assert (report.delivered, report.refused, report.next_at) == (1, 1, None)
    assert ids(receiver) == ["good"]
    assert [(each.id, each.state) for each in courier.outbox.entries()] == [
        ("good", "delivered"),
        ("bad", "refused"),
    ]
    courier.outbox.retry("bad")
    assert courier.deliver_due().delivered == 1


def test_one_packet_that_always_fails_blocks_nobody(
    courier: Courier, receiver: Receiver, clock: Clock
) -> None:
    """The first that gets through behind it shows that the receiver is there."""
    receiver.poison = "p"
    courier.outbox.add(packet("p"))
    for number in range(3):
        courier.outbox.add(packet(f"h-{number}", at=1001 + number))
    report = courier.deliver_due()
    assert (report.delivered, report.failed) == (3, 1)
    courier.outbox.add(packet("new", at=1002))
    assert courier.deliver_due().delivered == 1
    receiver.poison = ""
    clock.now += 900
    assert courier.deliver_due().delivered == 1
    assert ids(receiver) == ["h-0", "h-1", "h-2", "new", "p"]


def test_nobody_listens(database: Database, clock: Clock) -> None:
    """A port that refuses is tried once a pass, not once for each packet."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        courier = Courier(Outbox(database, clock=clock), Webhook(HandoverSettings(webhook=url)))
        for number in range(5):
            courier.outbox.add(packet(f"h-{number}"))
        report = courier.deliver_due()
    assert (report.delivered, report.failed) == (0, 1)
    assert courier.outbox.entries()[-1].error == "ConnectError"


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", 120.0),
        ("Fri, 15 Jan 2027 08:05:00 GMT", 300.0),
        ("999999999", 3600.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 1.0),
        ("soon", 1.0),
        ("-5", 1.0),
        ("Fri, 99 Foo 2027", 1.0),
    ],
)
def test_retry_after_is_followed(
    said: str, pause: float, courier: Courier, receiver: Receiver, clock: Clock
) -> None:
    """Seconds or a date, up to an hour; nonsense counts as nothing said."""
    assert clock.now == 1_800_000_000.0  # 2027-01-15 08:00:00 UTC
    receiver.says, receiver.headers = [503], {"Retry-After": said}
    courier.outbox.add(packet())
    assert courier.deliver_due().next_at == clock.now + pause


def test_two_couriers_deliver_once(tmp_path: Path, receiver: Receiver) -> None:
    """Threads of two databases over one file: each packet arrives once, in order."""
    databases = [open_memory(tmp_path / "sessions.sqlite") for _ in range(2)]
    settings = HandoverSettings(webhook=receiver.url)
    couriers = [open_courier(database, settings) for database in databases]
    sent = [f"h-{number:02}" for number in range(20)]
    for number, identity in enumerate(sent):
        Outbox(databases[0]).add(packet(identity, at=number))
    for courier in couriers:
        assert courier is not None
        courier.start()
    until(lambda: len(receiver.got) >= len(sent))
    for courier, database in zip(couriers, databases, strict=True):
        assert courier is not None
        courier.close()
        database.close()
    assert ids(receiver) == sent
    assert receiver.asked == sent


def test_the_thread_sends_what_is_added(database: Database, receiver: Receiver) -> None:
    """At once when woken, and a failed one when its pause is over, without being woken."""
    receiver.says = [503, 200]
    webhook = Webhook(HandoverSettings(webhook=receiver.url))
    courier = Courier(Outbox(database, first_delay=0.05), webhook)
    courier.start()
    courier.start()
    courier.outbox.add(packet())
    courier.wake()
    until(lambda: ids(receiver) == ["h-1"])
    assert receiver.asked == ["h-1", "h-1"]
    until(lambda: courier.outbox.entries()[0].state == "delivered")
    courier.close()
    courier.wake()
    courier.start()
    assert not [thread for thread in threading.enumerate() if thread.name == "ragbot-courier"]


def test_the_thread_rests_between_due_times(database: Database) -> None:
    """With nothing due it makes no pass over and over."""
    passes = []

    class Counting(Outbox):
        def claim(self, *, behind: str | None = None) -> Claim | None:
            passes.append(behind)
            return super().claim(behind=behind)

    courier = Courier(Counting(database), Webhook(HandoverSettings(webhook="http://127.0.0.1:9/")))
    courier.start()
    until(lambda: len(passes) == 1)
    time.sleep(0.2)
    assert len(passes) == 1
    courier.close()


def test_closing_does_not_wait_for_a_receiver_that_hangs(tmp_path: Path, receiver: Receiver) -> None:
    """It gives up after the time it was given; the packet is there for the next process."""
    receiver.says = ["hang"]
    opened = open_memory(tmp_path / "sessions.sqlite")
    courier = open_courier(opened, HandoverSettings(webhook=receiver.url, timeout_seconds=20))
    assert courier is not None
    courier.outbox.add(packet())
    courier.start()
    until(lambda: receiver.asked == ["h-1"])
    began = time.monotonic()
    courier.close(wait=0.1)
    assert time.monotonic() - began < 2
    assert courier.outbox.entries()[0].state == "sending"
    opened.close()
    receiver.let_go.set()
    until(lambda: not [each for each in threading.enumerate() if each.name == "ragbot-courier"])


def test_no_words_of_customers_in_the_log(
    courier: Courier, receiver: Receiver, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids, statuses and attempts only."""
    receiver.says = [500, 422]
    courier.outbox.add(packet())
    with caplog.at_level(logging.DEBUG):
        courier.deliver_due()
        clock.now += 1
        courier.deliver_due()
    assert "handover h-1 again: HTTP 500, attempt 1" in caplog.messages
    assert "handover h-1 refused: HTTP 422, attempt 2" in caplog.messages
    assert not [each for each in caplog.messages if "refund" in each or "Ada" in each or "4711" in each]


DELIVERY = """
import sys
from ragbot.dialogue.memory import open_memory
from ragbot.dialogue.handover.outbox import Outbox
from ragbot.dialogue.handover.webhook import Courier, Webhook
from ragbot.settings import HandoverSettings
webhook = Webhook(HandoverSettings(webhook=sys.argv[2], timeout_seconds=20))
print(Courier(Outbox(open_memory(sys.argv[1]), lease_seconds=1.5), webhook).deliver_due().delivered)
"""


def test_a_kill_in_the_middle_of_a_delivery_loses_nothing(database: Database, receiver: Receiver) -> None:
    """The lease of the dead process runs out, and the next one sends the packet again with the same id."""
    for number in range(3):
        Outbox(database).add(packet(f"h-{number}", at=number))
    receiver.says = [200, "hang", 200]
    command = [sys.executable, "-c", DELIVERY, str(database.path), receiver.url]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE)
    until(lambda: receiver.asked == ["h-0", "h-1"])
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    until(lambda: (Outbox(database).next_at() or 0) < time.time())
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"
    assert ids(receiver) == ["h-0", "h-1", "h-2"]


@pytest.mark.parametrize(
    "url", ["desk.example/handovers", "ftp://desk.example/", "https://", "http://[::1", "file:///etc/passwd"]
)
def test_an_address_that_is_none_is_named(url: str, database: Database) -> None:
    """When the bot is built, not at the first hand-over."""
    with pytest.raises(SettingsError, match=r"handover\.webhook: .* write it like 'https://"):
        open_courier(database, HandoverSettings(webhook=url))


def test_without_an_address_there_is_no_courier(database: Database) -> None:
    """Packets wait for an operator."""
    assert open_courier(database, HandoverSettings()) is None
