"""`ragbot gaps`: what customers ask in vain."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, open_sessions, read_settings
from ragbot.cli.output import say, say_json

if TYPE_CHECKING:
    from ragbot.gaps.values import Gap, Survey

_SECONDS = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_AGE = re.compile(r"(\d{1,6})([hdw])")


def gaps(
    since: Annotated[
        str, typer.Option("--since", metavar="AGE", help="How far back: 12h, 30d, 8w, or a date 2026-05-01.")
    ] = "30d",
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="Gaps to show.")] = 20,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show what customers asked in vain: questions that mean the same, and what the documents lack.

    Counts messages that got no answer, that a person took over for want of one, or that were voted down.
    """
    start = _start(since)
    settings = read_settings(config)
    with open_filled(kb, settings) as opened, open_sessions(kb, settings) as memory:
        from ragbot.gaps.find import survey

        found = survey(memory.database, opened, since=start, gaps=most)
    if json:
        say_json(found)
        return
    for line in _lines(found):
        say(line)


def _start(since: str) -> float:
    """Seconds since the epoch."""
    if age := _AGE.fullmatch(since.strip()):
        return max(0.0, time.time() - int(age[1]) * _SECONDS[age[2]])
    try:
        return datetime.fromisoformat(since.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(
            f"{since!r} is no age such as 12h, 30d or 8w, and no date such as 2026-05-01",
            param_hint="--since",
        ) from None


def _lines(found: Survey) -> Iterator[str]:
    for gap in found.gaps:
        yield from _gap(gap)
        yield ""
    if found.found > len(found.gaps):
        yield f"{found.found - len(found.gaps)} more gaps: --most {found.found}"
    yield f"{found.unanswered} of {found.messages} messages went without a good answer, {found.found} gaps"
    if found.left_out:
        yield f"the oldest {found.left_out} of them were left out; choose a shorter --since"
    if found.other_handovers:
        told = ", ".join(f"{trigger} {count}" for trigger, count in found.other_handovers.items())
        yield f"handed over for other reasons: {told}"


def _gap(gap: Gap) -> Iterator[str]:
    customers = "customer" if gap.customers == 1 else "customers"
    yield f"{gap.customers} {customers}: {gap.question}"
    counts = ", ".join(f"{reason} {count}" for reason, count in gap.reasons.items() if count)
    first, last = (
        datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d") for at in (gap.first_at, gap.last_at)
    )
    yield f"  {counts}; {first}" + (f" to {last}" if last != first else "")
    yield f"  missing: {gap.missing}"
    for each in gap.nearest:
        where = each.source + (f" ({each.heading})" if each.heading else "")
        yield f"  nearest: {where}"
    for example in gap.examples:
        yield f"  also: {example}"
