"""`ragbot doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb
from ragbot.cli.output import progress_bar, say, say_json

if TYPE_CHECKING:
    from ragbot.doctor.findings import Finding

_OF_A_KIND = 20
"""Findings of one kind that are printed."""


def doctor(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH...]", help="Files and folders to try to read.")
    ] = None,
    content: Annotated[
        bool, typer.Option("--content/--no-content", help="Look at what the indexed documents say, too.")
    ] = True,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what is wrong, and the next step.

    Looks at the settings, models, knowledge base, disk, the files of PATH, and what the indexed documents say:
    contradictions, stale versions, hidden text, sentences that speak to the bot. Ends with 0 if nothing is wrong, else
    with the exit code of the first problem; what documents say is a note, never a problem.
    """
    from ragbot.doctor.examine import examine

    findings: list[Finding] = []
    kinds: Counter[str] = Counter()
    with progress_bar() as progress:
        for finding in examine(kb, config=config, paths=paths or (), with_content=content, progress=progress):
            findings.append(finding)
            kinds[finding.kind] += 1
            if not json and (not finding.kind or kinds[finding.kind] <= _OF_A_KIND):
                say(f"{finding.level:8} {finding.about}: {finding.message}")
    problems = [finding for finding in findings if finding.level == "problem"]
    if json:
        say_json({"findings": findings, "problems": len(problems)})
    else:
        for kind, count in kinds.items():
            if kind and count > _OF_A_KIND:
                say(f"… and {count - _OF_A_KIND} more of {kind} (--json lists all)")
        say(f"{len(problems)} problems" if problems else "nothing is wrong")
    if problems:
        raise typer.Exit(problems[0].exit_code)
