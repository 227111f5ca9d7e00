"""Where the commands write: results to stdout, the rest to stderr, in any terminal's encoding.

Text of documents and models is printed without control characters, so that none can steer the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer

PIPE_CLOSED = 141
"""Exit code when the reader of stdout has gone, as a shell reports it: 128 + SIGPIPE."""


def prepare_streams() -> None:
    """Never fail on a character: what an encoding lacks is written as `\\u9000`, read as a mark.

    A stream that the caller has closed is nothing to read and nowhere to write.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - never closed
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)


def log_everything() -> None:
    """Send the log of ragbot, traces of answers included, to stderr."""
    import logging

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("ragbot").addHandler(handler)
    logging.getLogger("ragbot").setLevel(logging.DEBUG)


def close_quietly() -> int:
    """Point stdout at nothing after its reader has gone; the exit code for that."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
    return PIPE_CLOSED


def plain(text: str) -> str:
    """The text without control characters, but with its line breaks."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") else "\ufffd"
        for char in text.replace("\r\n", "\n")
    )


def say(text: str = "", *, end: str = "\n") -> None:
    """Print to stdout at once."""
    try:
        sys.stdout.write(plain(text) + end)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave(close_quietly())


def say_json(value: Any) -> None:
    """Print one JSON document of dataclasses, dicts and lists; escaped where stdout is not UTF-8."""
    from ragbot.types import to_plain

    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(to_plain(value), ensure_ascii=not utf8, indent=2, allow_nan=False)
    say(text.encode("utf-8", "replace").decode("utf-8"))


def say_table(renderable: Any) -> None:
    """Print a rich table to stdout."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    with console.capture() as capture:
        console.print(renderable)
    try:
        sys.stdout.write(capture.get())
        sys.stdout.flush()
    except BrokenPipeError:
        _leave(close_quietly())


def warn(text: str) -> None:
    """Print one line or more to stderr, which replaces by itself what it cannot encode."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def clean(text: str) -> str:
    """A text from the command line with bytes that were no Unicode replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr, told the step, how much is done, and of how much; silent where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(task, description=step, completed=done, total=total)


def _leave(code: int) -> NoReturn:
    raise typer.Exit(code)
