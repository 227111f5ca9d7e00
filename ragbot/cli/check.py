"""`ragbot doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb
from ragbot.cli.output import progress_bar, say, say_json


def doctor(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH...]", help="Files and folders to try to read.")
    ] = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what is wrong, and the next step.

    Looks at the settings, models, knowledge base, disk, and the files of PATH. Ends with 0 if nothing is
    wrong, else with the exit code of the first problem.
    """
    from ragbot.doctor.examine import examine

    findings = []
    with progress_bar() as progress:
        for finding in examine(kb, config=config, paths=paths or (), progress=progress):
            findings.append(finding)
            if not json:
                say(f"{finding.level:8} {finding.about}: {finding.message}")
    problems = [finding for finding in findings if finding.level == "problem"]
    if json:
        say_json({"findings": findings, "problems": len(problems)})
    else:
        say(f"{len(problems)} problems" if problems else "nothing is wrong")
    if problems:
        raise typer.Exit(problems[0].exit_code)
