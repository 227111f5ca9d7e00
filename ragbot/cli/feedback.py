"""`ragbot feedback`: what customers say of answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_sessions, read_settings
from ragbot.cli.output import clean, say, say_json


class Vote(StrEnum):
    """As it is typed."""

    UP = "up"
    DOWN = "down"


def give(
    trace_id: Annotated[str, typer.Argument(help="Of the answer: `trace_id` in `ragbot ask --json`.")],
    vote: Annotated[Vote, typer.Argument(help="Whether it helped.")],
    comment: Annotated[str, typer.Option("--comment", help="In the customer's words.")] = "",
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Store a vote on an answer that was given in a session; an earlier one is replaced."""
    with open_sessions(kb, read_settings(config)) as memory:
        from ragbot.dialogue.feedback import Feedback

        Feedback(memory.database).give(clean(trace_id), vote.value, clean(comment))
    say(f"{vote.value} noted")


def list_feedback(
    down: Annotated[bool, typer.Option("--down", help="Only what did not help.")] = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """List the votes, the newest first, with what was asked and answered."""
    with open_sessions(kb, read_settings(config)) as memory:
        from ragbot.dialogue.feedback import Feedback

        feedback = Feedback(memory.database)
        opinions, counts = feedback.list("down" if down else None), feedback.counts()
    if json:
        say_json({"counts": counts, "feedback": opinions})
        return
    for each in opinions:
        time = datetime.fromtimestamp(each.at).astimezone().strftime("%Y-%m-%d %H:%M")
        say(f"{each.vote}  {time}  {each.trace_id}  session {each.session}")
        say(f"  customer: {each.question}")
        say(f"  bot:      {each.answer}")
        if each.comment:
            say(f"  comment:  {each.comment}")
    say(f"{counts['up']} up, {counts['down']} down")
