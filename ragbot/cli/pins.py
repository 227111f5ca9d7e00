"""`ragbot pins`: answers that an operator has pinned to questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, read_settings, require
from ragbot.cli.output import clean, say, say_json
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.answer.stored.pins import Pin, Pins, Standing
    from ragbot.index.knowledge_base import KnowledgeBase

Id = Annotated[int, typer.Argument(metavar="ID", help="As `ragbot pins list` shows it.")]
Expires = Annotated[
    str | None,
    typer.Option(
        "--expires", metavar="DATE", help="Last day on which it is given, or a moment: 2026-12-31T18:00."
    ),
]


def add(
    question: Annotated[str, typer.Argument(help="What customers ask.")],
    *,
    author: Annotated[str, typer.Option("--author", help="Who answers for it.")],
    answer: Annotated[str | None, typer.Option("--answer", help="What they get.")] = None,
    answer_file: Annotated[
        Path | None, typer.Option("--answer-file", help="A UTF-8 file with what they get.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option("--also", help="Another way to ask it, in any language; repeatable.")
    ] = None,
    expires: Expires = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help="A document that it rests on: cited, and watched for changes; repeatable."
        ),
    ] = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
) -> None:
    """Pin an answer to a question: it is given as it stands to whoever asks that."""
    if (answer is None) == (answer_file is None):
        raise typer.BadParameter("give --answer or --answer-file", param_hint="--answer")
    text = answer if answer is not None else _read(answer_file)
    with _opened(kb, config) as (pins, opened):
        from ragbot.index import sources

        pin = pins.add(
            [clean(each) for each in (question, *(also or ()))],
            clean(text or ""),
            author=clean(author),
            expires=_moment(expires),
            bound_to=[sources.require(opened, clean(each)) for each in source or ()],
        )
    say(f"pin {pin.id} added")


def list_pins(kb: Kb = DEFAULT_KB, config: Config = None, json: Json = False) -> None:
    """List the pinned answers, the oldest first, and which of them are not given because they expired or are stale."""
    with _opened(kb, config) as (pins, opened):
        found = [(pin, pins.standing(pin, opened), pins.changed(pin, opened)) for pin in pins.list()]
    if json:
        say_json([_plain(*each) for each in found])
        return
    for pin, standing, changed in found:
        until = f", until {_shown(pin.expires)}" if pin.expires is not None else ""
        say(f"{pin.id}  {standing}  by {pin.author}, {_shown(pin.created)}{until}")
        for question in pin.questions:
            say(f"  Q: {question}")
        say(f"  A: {pin.answer}")
        for name in pin.sources:
            say(f"  rests on {name}" + (", which has changed or is gone" if name in changed else ""))
        if standing == "stale":
            say(f"  check it, then: ragbot pins confirm {pin.id}, or: ragbot pins remove {pin.id}")
    if not found:
        say("no pinned answers")


def remove(pin: Id, kb: Kb = DEFAULT_KB, config: Config = None) -> None:
    """Delete a pinned answer."""
    with _opened(kb, config) as (pins, _):
        pins.remove(pin)
    say(f"pin {pin} removed")


def confirm(pin: Id, expires: Expires = None, kb: Kb = DEFAULT_KB, config: Config = None) -> None:
    """Say that a pinned answer still holds, its documents being as they are now."""
    with _opened(kb, config) as (pins, opened):
        gone = set(pins.get(pin).sources)
        confirmed = pins.confirm(pin, opened, expires=_moment(expires))
    gone -= set(confirmed.sources)
    say(f"pin {pin} confirmed" + "".join(f"; {name} is gone, and no longer watched" for name in sorted(gone)))


@contextmanager
def _opened(kb: Path, config: Path | None) -> Iterator[tuple[Pins, KnowledgeBase]]:
    """The pins beside an existing knowledge base, and that."""
    require(kb)
    from ragbot.answer.stored.pins import FILE_NAME, Pins
    from ragbot.index.knowledge_base import KnowledgeBase

    with (
        closing(KnowledgeBase.open(kb, settings=read_settings(config))) as opened,
        closing(Pins(opened.folder / FILE_NAME)) as pins,
    ):
        yield pins, opened


def _read(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from error


def _moment(text: str | None) -> float | None:
    """Seconds since the epoch; a day without a time means its end, in this machine's time zone."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-12-31"):
            return (
                datetime.combine(date.fromisoformat(text) + timedelta(days=1), time())
                .astimezone()
                .timestamp()
            )
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise typer.BadParameter(f"{text!r} is no date such as 2026-12-31", param_hint="--expires") from error


def _shown(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def _plain(pin: Pin, standing: Standing, changed: tuple[str, ...]) -> dict[str, Any]:
    from ragbot.types import to_plain

    plain: dict[str, Any] = to_plain(pin)
    return plain | {"standing": standing, "changed": list(changed)}
