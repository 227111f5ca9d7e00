"""`ragbot eval`: measure a bot on a test set, and fail where a figure is below its gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Kb, open_filled, read_settings
from ragbot.cli.output import progress_bar, say_table, warn
from ragbot.errors import InputError

Gates = Annotated[
    list[str] | None,
    typer.Option("--min", metavar="METRIC=VALUE", help="Fail (exit 7) if the figure is lower."),
]
Ceilings = Annotated[
    list[str] | None,
    typer.Option("--max", metavar="METRIC=VALUE", help="Fail (exit 7) if the figure is higher."),
]


def evaluate_testset(
    testset: Annotated[Path, typer.Argument(metavar="TESTSET", help="JSON Lines, one question a line.")],
    *,
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write everything to this file; - is stdout."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Only questions with this tag; repeated: with all of them."),
    ] = None,
    minimum: Gates = None,
    maximum: Ceilings = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Measure the answers to a test set.

    Prints every figure with its count and its 95 % interval.
    """
    from ragbot.evaluate.report import render
    from ragbot.evaluate.run import evaluate
    from ragbot.evaluate.summary import check_gates, parse_gates
    from ragbot.evaluate.testset import load_testset

    try:
        floors, ceilings = parse_gates(minimum or []), parse_gates(maximum or [])
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
    cases = [case for case in load_testset(testset) if set(tags or ()) <= set(case.tags)]
    if not cases:
        raise InputError(f"no question of {testset} has the tags {', '.join(tags or ())}")
    to_stdout = json == Path("-")
    if json is not None and not to_stdout and not json.absolute().parent.is_dir():
        raise InputError(f"{json} cannot be written: there is no folder {json.parent}")
    settings = read_settings(config)
    with open_filled(kb, settings) as opened:
        from ragbot.bot import Bot

        bot = Bot(opened, settings=settings)
        with progress_bar() as progress:
            report = evaluate(bot, opened, cases, progress=progress)
    if to_stdout:
        typer.echo(report.to_json())
    else:
        say_table(render(report))
    if json is not None and not to_stdout:
        json.write_text(report.to_json() + "\n", encoding="utf-8")
        warn(f"written to {json}")
    check_gates(report, minimum=floors, maximum=ceilings)
