"""`ragbot sessions`: see and delete what was said."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_sessions, read_settings
from ragbot.cli.output import say, say_json
from ragbot.errors import InputError

Id = Annotated[str, typer.Argument(metavar="ID", help="As `ragbot sessions list` shows it.")]


def list_sessions(kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """List the sessions, the most recently used first."""
    with open_sessions(kb, read_settings(config)) as memory:
        summaries = memory.summaries()
    if json:
        say_json(summaries)
        return
    for each in summaries:
        say(f"{each.id}  {each.exchanges} exchanges, {_time(each.first_at)} to {_time(each.last_at)}")
    if not summaries:
        say("no sessions")


def show(session: Id, kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """Print what was asked and answered in a session."""
    with open_sessions(kb, read_settings(config)) as memory:
        exchanges = memory.exchanges(session)
    if not exchanges:
        raise InputError(f"there is no session {session!r}; `ragbot sessions list` shows those there are")
    if json:
        say_json(exchanges)
        return
    for each in exchanges:
        say(f"{_time(each.at)}  {each.status}")
        say(f"  customer: {each.question}")
        say(f"  bot:      {each.answer}")
        for citation in each.citations:
            say(f"  [{citation.number}] {citation.source}")


def delete(
    session: Annotated[str | None, typer.Argument(metavar="[ID]", help="The session to forget.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Forget every session.")] = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Forget one session, or all: the words are overwritten in the file."""
    if everything == (session is not None):
        raise typer.BadParameter("give a session's ID or --all", param_hint="ID")
    with open_sessions(kb, read_settings(config)) as memory:
        deleted = memory.delete_all() if session is None else memory.delete(session)
    if session is not None and not deleted:
        raise InputError(f"there is no session {session!r}; `ragbot sessions list` shows those there are")
    say(f"{deleted} exchanges deleted")


def purge(
    days: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Default: the retention of the settings."),
    ] = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Delete what is older than so many days."""
    with open_sessions(kb, read_settings(config)) as memory:
        say(f"{memory.purge(days)} exchanges deleted")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
