"""`ragbot handovers`, and what `ragbot doctor` says of hand-overs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Run
from packets import packet
from receiver import Receiver, receiving

from ragbot.dialogue.handover.outbox import Outbox
from ragbot.dialogue.memory import FILE_NAME, open_memory
from ragbot.types import Handover


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def keep(kb: Path, *handovers: Handover) -> None:
    """As a bot would."""
    database = open_memory(kb / FILE_NAME)
    for each in handovers:
        Outbox(database).add(each)
    database.close()


def test_without_hand_overs(run: Run, kb: Path) -> None:
    """Nothing to list, show or retry."""
    assert run("handovers", "list").out == "no hand-overs\n"
    assert run("handovers", "list", "--json").json == []
    assert run("handovers", "show", "h-1").code == 6
    assert run("handovers", "retry", "h-1").code == 6
    assert run("handovers", "retry", "--all").out == "0 due now\n"
    assert run("handovers", "retry").code == 2
    assert run("handovers", "deliver").code == 3


def test_what_waits_is_listed_and_shown(run: Run, kb: Path) -> None:
    """The list holds nothing that was said; `show` prints the packet."""
    keep(kb, packet())
    listed = run("handovers", "list")
    assert listed.out.startswith("h-1  1970-01-01 ")
    assert listed.out.endswith("  asked  waiting  session c-17\n")
    assert "refund" not in listed.out
    (entry,) = run("handovers", "list", "--json").json
    assert (entry["id"], entry["state"], entry["attempts"]) == ("h-1", "waiting", 0)
    shown = run("handovers", "show", "h-1").out
    for line in (
        "The customer asks: Where is my refund?",
        "customer: Where is my secret refund?",
        "Hello Ada,",
    ):
        assert f"{line}\n" in shown
    assert run("handovers", "show", "h-1", "--json").json["fields"] == {"order_number": "4711"}


def test_deliver_reports_and_ends_well(
    run: Run, kb: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One pass: what is refused can be retried, what is delivered is emptied."""
    monkeypatch.setenv("RAGBOT_HANDOVER__WEBHOOK", receiver.url)
    keep(kb, packet("bad"), packet("good", at=2000.0))
    receiver.says = [422, 200]
    assert run("handovers", "deliver").out == "1 delivered, 0 failed, 1 refused\n"
    assert "refused  session c-17  attempts 1  HTTP 422\n" in run("handovers", "list").out
    assert run("handovers", "show", "good").code == 6
    assert run("handovers", "retry", "--all").out == "1 due now\n"
    receiver.says = [503, 200]
    failed = run("handovers", "deliver")
    assert failed.code == 0
    assert failed.out.startswith("0 delivered, 1 failed, 0 refused\nthe next attempt is due at ")
    assert run("handovers", "retry", "bad").out == "1 due now\n"
    assert run("handovers", "deliver", "--json").json == {
        "delivered": 1,
        "failed": 0,
        "refused": 0,
        "next_at": None,
    }
    assert [request.id for request in receiver.got] == ["good", "bad"]


@pytest.mark.parametrize(
    ("toml", "code", "level", "words"),
    [
        ("", 0, "ok", "ragbot handovers list"),
        ('webhook = "https://desk.example/"', 0, "note", "RAGBOT_WEBHOOK_SECRET is not set"),
        ('webhook = "desk.example"', 3, "problem", "'desk.example' is no address"),
        ('hours = ["9-17"]', 3, "problem", "'9-17' cannot be read"),
    ],
)
def test_doctor_looks_at_hand_overs(
    toml: str, code: int, level: str, words: str, run: Run, kb: Path, tmp_path: Path
) -> None:
    """Hours and address must be readable; without a secret nothing is signed, which is said."""
    (tmp_path / "ragbot.toml").write_text(f"[handover]\n{toml}\n", encoding="utf-8")
    done = run("doctor", "--json")
    assert done.code == code
    (found,) = [each for each in done.json["findings"] if each["about"] == "hand-over"]
    assert found["level"] == level
    assert words in found["message"]
