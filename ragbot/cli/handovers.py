"""`ragbot handovers`: what waits for a person, and its delivery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_sessions, read_settings
from ragbot.cli.output import say, say_json
from ragbot.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from ragbot.dialogue.handover.outbox import Entry, Outbox
    from ragbot.settings import Settings

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ragbot handovers list` shows it.")]


def list_handovers(kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """List the hand-overs, the newest first: what became of each, nothing that was said."""
    with _outbox(kb, read_settings(config)) as outbox:
        entries = outbox.entries()
    if json:
        say_json(entries)
        return
    for entry in entries:
        say(_line(entry))
    if not entries:
        say("no hand-overs")


def show(identity: Id, kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """Print what the person is given. Once delivered, its content is deleted here."""
    with _outbox(kb, read_settings(config)) as outbox:
        packet = outbox.packet(identity)
    if json:
        say_json(packet)
        return
    for line in _lines(packet):
        say(line)


def deliver(kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """Send what is due to the webhook now, once. Ends with 0 whatever the receiver says; the report tells."""
    from ragbot.dialogue.handover.webhook import open_courier

    settings = read_settings(config)
    with open_sessions(kb, settings) as memory:
        courier = open_courier(memory.database, settings.handover)
        if courier is None:
            raise SettingsError(
                "no webhook is set; set handover.webhook to the address that takes hand-overs"
            )
        report = courier.deliver_due()
    if json:
        say_json(report)
        return
    say(f"{report.delivered} delivered, {report.failed} failed, {report.refused} refused")
    if report.next_at is not None:
        say(f"the next attempt is due at {_time(report.next_at)}")


def retry(
    identity: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The hand-over to send again.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were refused.")] = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Make a hand-over due now, also one that the receiver refused; `ragbot handovers deliver` sends it."""
    if everything == (identity is not None):
        raise typer.BadParameter("give a hand-over's ID or --all", param_hint="ID")
    with _outbox(kb, read_settings(config)) as outbox:
        chosen = (
            [identity]
            if identity is not None
            else [entry.id for entry in outbox.entries() if entry.state == "refused"]
        )
        for each in chosen:
            outbox.retry(each)
    say(f"{len(chosen)} due now")


@contextmanager
def _outbox(kb: Path, settings: Settings) -> Iterator[Outbox]:
    from ragbot.dialogue.handover.outbox import Outbox

    with open_sessions(kb, settings) as memory:
        yield Outbox(memory.database)


def _line(entry: Entry) -> str:
    words = f"{entry.id}  {_time(entry.at)}  {entry.trigger}  {entry.state}"
    if entry.session is not None:
        words += f"  session {entry.session}"
    if entry.attempts:
        words += f"  attempts {entry.attempts}"
    if entry.next_at is not None and entry.attempts:
        words += f"  next {_time(entry.next_at)}"
    return f"{words}  {entry.error}" if entry.error else words


def _lines(packet: dict[str, Any]) -> Iterator[str]:
    yield f"{packet['id']}  {_time(packet['at'])}  {packet['reason']}"
    yield packet["summary"]
    if packet["sources"]:
        yield "sources tried: " + ", ".join(packet["sources"])
    if packet["open_at"] is not None:
        yield f"somebody is there at {_time(packet['open_at'])}"
    yield ""
    names = {"user": "customer", "assistant": "bot"}
    for turn in packet["transcript"]:
        yield f"{names.get(turn['role'], turn['role'])}: {turn['text']}"
    yield ""
    yield "suggested reply:"
    yield packet["suggested_reply"]


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
