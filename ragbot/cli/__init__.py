"""The commands: `ragbot --help`. Results go to stdout, progress and errors to stderr.

This module only joins the commands and turns errors into exit codes. Each command imports what it needs
when it runs, so that `--help` stays quick.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from ragbot import __version__
from ragbot.cli import (
    calibration,
    check,
    evaluation,
    feedback,
    gaps,
    handovers,
    intents,
    knowledge,
    models,
    pins,
    preview,
    replay,
    sessions,
    talk,
    testset,
)
from ragbot.cli.output import close_quietly, log_everything, prepare_streams, warn
from ragbot.errors import RagbotError

app = typer.Typer(
    name="ragbot",
    help="Customer-service answers from a company's own documents: cited, checked, or not given.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models_app = typer.Typer(help="Fetch and list the models.", no_args_is_help=True, rich_markup_mode=None)
intents_app = typer.Typer(
    help="Check what requests are told apart by.", no_args_is_help=True, rich_markup_mode=None
)
sessions_app = typer.Typer(help="See and delete chat memory.", no_args_is_help=True, rich_markup_mode=None)
handovers_app = typer.Typer(
    help="See and deliver what waits for a person.", no_args_is_help=True, rich_markup_mode=None
)
pins_app = typer.Typer(help="Pin answers to questions.", no_args_is_help=True, rich_markup_mode=None)
feedback_app = typer.Typer(help="See and give votes on answers.", no_args_is_help=True, rich_markup_mode=None)
testset_app = typer.Typer(
    help="Check, convert and draft test sets.", no_args_is_help=True, rich_markup_mode=None
)

models_app.command("pull")(models.pull)
models_app.command("list")(models.list_models)
intents_app.command("check")(intents.check)
intents_app.command("test")(intents.guess)
sessions_app.command("list")(sessions.list_sessions)
sessions_app.command("show")(sessions.show)
sessions_app.command("delete")(sessions.delete)
sessions_app.command("purge")(sessions.purge)
handovers_app.command("list")(handovers.list_handovers)
handovers_app.command("show")(handovers.show)
handovers_app.command("deliver")(handovers.deliver)
handovers_app.command("retry")(handovers.retry)
pins_app.command("add")(pins.add)
pins_app.command("list")(pins.list_pins)
pins_app.command("remove")(pins.remove)
pins_app.command("confirm")(pins.confirm)
feedback_app.command("list")(feedback.list_feedback)
feedback_app.command("give")(feedback.give)
testset_app.command("check")(testset.check)
testset_app.command("import")(testset.import_testset)
testset_app.command("export")(testset.export_testset)
testset_app.command("score")(testset.score)
testset_app.command("draft")(testset.draft)

app.add_typer(models_app, name="models")
app.command("index")(knowledge.index)
app.command("rollback")(preview.rollback)
app.command("search")(knowledge.search)
app.command("ask")(talk.ask)
app.command("chat")(talk.chat)
app.add_typer(sessions_app, name="sessions")
app.add_typer(handovers_app, name="handovers")
app.add_typer(intents_app, name="intents")
app.add_typer(pins_app, name="pins")
app.add_typer(feedback_app, name="feedback")
app.command("eval")(evaluation.evaluate_testset)
app.command("calibrate")(calibration.calibrate)
app.add_typer(testset_app, name="testset")
app.command("replay")(replay.replay)
app.command("doctor")(check.doctor)
app.command("gaps")(gaps.gaps)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ragbot {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Customer-service answers from a company's own documents: cited, checked, or not given."""


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 2 usage, 130 interrupted, else the error's own code.

    With RAGBOT_DEBUG set, errors come with their traceback and the log goes to stderr.
    """
    prepare_streams()
    debug = bool(os.environ.get("RAGBOT_DEBUG"))
    if debug:
        log_everything()
    try:
        try:
            app(prog_name="ragbot")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(close_quietly())
    except KeyboardInterrupt:
        sys.exit(130)
    except RagbotError as error:
        if debug:
            raise
        warn(f"error: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            raise
        message = " ".join(str(error).split())
        warn(f"error: {type(error).__name__}: {message} (RAGBOT_DEBUG=1 shows where)")
        sys.exit(1)
    sys.exit(0)
