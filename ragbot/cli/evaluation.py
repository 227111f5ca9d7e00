"""`ragbot eval`: measure a bot on a test set, compare with an earlier time, and fail where a gate does."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Kb, open_filled, read_settings
from ragbot.cli.output import progress_bar, say_table, warn
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.evaluate.testset import Case
    from ragbot.evaluate.values import Comparison, EvalReport

STDOUT = Path("-")

Gates = Annotated[
    list[str] | None,
    typer.Option("--min", metavar="METRIC=VALUE", help="Fail (exit 7) if the figure is lower."),
]
Ceilings = Annotated[
    list[str] | None,
    typer.Option("--max", metavar="METRIC=VALUE", help="Fail (exit 7) if the figure is higher."),
]
Margins = Annotated[
    list[str] | None,
    typer.Option(
        "--no-worse",
        metavar="METRIC=MARGIN",
        help="Fail (exit 7) unless the figure is shown to be at most MARGIN worse than the baseline's.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gates:
    """What must hold."""

    minimum: Mapping[str, float]
    maximum: Mapping[str, float]
    no_worse: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outputs:
    """Files that are written."""

    json: Path | None
    page: Path | None
    timings: Path | None

    def check(self, inputs: Sequence[Path]) -> None:
        """Raises `InputError` where one cannot be written, or is one of the files that are read."""
        files = [each for each in (self.json, self.page, self.timings) if each is not None and each != STDOUT]
        for file in files:
            if file.is_dir():
                raise InputError(f"{file} cannot be written: it is a folder; name a file in it")
            if not file.absolute().parent.is_dir():
                raise InputError(f"{file} cannot be written: there is no folder {file.parent}; make it first")
            if not os.access(file if file.exists() else file.absolute().parent, os.W_OK):
                raise InputError(f"{file} cannot be written: permission denied; name another file")
            for read in inputs:
                if file.exists() and read.exists() and file.samefile(read):
                    raise InputError(
                        f"{file} cannot be written: it is read by this command; name another file"
                    )
        if len({each.resolve() for each in files}) < len(files):
            raise InputError("two outputs have the same file; name a file for each")
        if STDOUT in (self.page, self.timings):
            raise InputError("only --json can go to stdout; name a file for the others")


def evaluate_testset(
    testset: Annotated[Path, typer.Argument(metavar="TESTSET", help="JSON Lines, one question a line.")],
    *,
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write everything to this file; - is stdout."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write a page for a browser.")
    ] = None,
    timings: Annotated[
        Path | None, typer.Option("--timings", metavar="FILE", help="Also write how long each answer took.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Compare with this earlier JSON report."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Only questions with this tag; repeated: with all of them."),
    ] = None,
    minimum: Gates = None,
    maximum: Ceilings = None,
    no_worse: Margins = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Measure the answers to a test set.

    Prints every figure with its count and its 95 % interval.
    """
    from ragbot.evaluate.summary import read_report

    gates = _parse(minimum, maximum, no_worse)
    if gates.no_worse and baseline is None:
        raise typer.BadParameter("needs --baseline FILE", param_hint="--no-worse")
    outputs = _Outputs(json=json, page=page, timings=timings)
    outputs.check([each for each in (testset, config) if each is not None])
    before = read_report(baseline) if baseline is not None else None
    cases = read_cases(testset, tags or ())
    if before is not None:
        _check_common(before, cases)
    report = _measure(cases, kb, config)
    comparison = _compare(before, report) if before is not None else None
    _show(report, comparison, to_stdout=json == STDOUT)
    _write(outputs, report, comparison, title=testset.name)
    _check(gates, report, comparison)


def _parse(minimum: list[str] | None, maximum: list[str] | None, no_worse: list[str] | None) -> _Gates:
    from ragbot.evaluate.gates import parse_gates

    try:
        return _Gates(
            minimum=parse_gates(minimum or []),
            maximum=parse_gates(maximum or []),
            no_worse=parse_gates(no_worse or []),
        )
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def read_cases(testset: Path, tags: Sequence[str]) -> list[Case]:
    """The questions of a test set that have all of these tags; tells how many of them nobody has edited.

    Raises `InputError` where there is none, `TestsetError` for malformed rows.
    """
    from ragbot.evaluate.drafting import DRAFT
    from ragbot.evaluate.testset import load_testset

    cases = [case for case in load_testset(testset) if set(tags) <= set(case.tags)]
    if not cases:
        raise InputError(f"no question of {testset} has the tags {', '.join(tags)}")
    drafts = sum(DRAFT in case.tags for case in cases)
    if drafts:
        told = "1 question is a draft" if drafts == 1 else f"{drafts} questions are drafts"
        warn(f"{told} nobody has edited; correct what is wrong and take the tag {DRAFT} away")
    return cases


def _check_common(before: EvalReport, cases: Sequence[Case]) -> None:
    """Raises `InputError`, before any question, where the baseline has none of the cases."""
    common = {row.id for row in before.rows} & {case.id for case in cases}
    if not common:
        raise InputError(
            "the baseline has none of these questions; give a report of the same test set, "
            "made by `ragbot eval TESTSET --json FILE`"
        )
    if len(common) < len(cases) or len(common) < len(before.rows):
        warn(f"the baseline is of another test set: only the {len(common)} common questions are compared")


def _measure(cases: Sequence[Case], kb: Path, config: Path | None) -> EvalReport:
    from ragbot.evaluate.run import evaluate

    settings = read_settings(config)
    with open_filled(kb, settings) as opened:
        from ragbot.bot import Bot
        from ragbot.calibration import threshold_hash
        from ragbot.fingerprint import fingerprint

        bot = Bot(opened, settings=settings)
        hashes = fingerprint(opened, settings) | {"calibration": threshold_hash(opened.folder, settings)}
        with progress_bar() as progress:
            return evaluate(bot, opened, cases, verifier=bot.verifier, hashes=hashes, progress=progress)


def _compare(before: EvalReport, after: EvalReport) -> Comparison:
    from ragbot.evaluate.compare import compare

    return compare(before, after)


def _show(report: EvalReport, comparison: Comparison | None, *, to_stdout: bool) -> None:
    from ragbot.evaluate.report import render, render_comparison
    from ragbot.evaluate.summary import to_json

    if to_stdout:
        typer.echo(to_json(report, comparison), nl=False)
        return
    say_table(render(report))
    if comparison is not None:
        say_table(render_comparison(comparison, report.rows))


def _write(outputs: _Outputs, report: EvalReport, comparison: Comparison | None, *, title: str) -> None:
    from ragbot.evaluate.summary import timings_json, to_json

    if outputs.json is not None and outputs.json != STDOUT:
        _save(outputs.json, to_json(report, comparison))
    if outputs.timings is not None:
        _save(outputs.timings, timings_json(report))
    if outputs.page is not None:
        from ragbot.evaluate.page.page import render_page

        _save(outputs.page, render_page(report, title=title, comparison=comparison))


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error
    warn(f"written to {file}")


def _check(gates: _Gates, report: EvalReport, comparison: Comparison | None) -> None:
    from ragbot.evaluate.gates import check_gates

    check_gates(
        report,
        minimum=gates.minimum,
        maximum=gates.maximum,
        comparison=comparison,
        no_worse=gates.no_worse,
    )
