"""Options that several commands share, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragbot.errors import KnowledgeBaseError

if TYPE_CHECKING:
    from ragbot.dialogue.sessions import Sessions
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings
    from ragbot.types import Profile

DEFAULT_KB = Path(".ragbot")

Kb = Annotated[Path, typer.Option("--kb", envvar="RAGBOT_KB", help="Folder of the knowledge base.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file; default: ragbot.toml if it exists.")
]
ProfileValues = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        metavar="NAME=VALUE",
        help="What is known of the customer: name, language, plan, region, products (parted by commas).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def read_profile(values: list[str] | None) -> Profile | None:
    """The profile of `--profile` options; None without one."""
    from ragbot.types import Profile

    if not values:
        return None
    known = [each.name for each in fields(Profile)]
    given: dict[str, Any] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if name not in known or not equals:
            raise typer.BadParameter(
                f"{value!r} is no NAME=VALUE with a name of {', '.join(known)}", param_hint="--profile"
            )
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        given[name] = parts if name == "products" else text.strip()
    return Profile(**given)


def read_settings(config: Path | None) -> Settings:
    """The settings of the file, the environment and the defaults."""
    from ragbot.settings import load_settings

    return load_settings(config)


@contextmanager
def open_filled(kb: Path, settings: Settings) -> Iterator[KnowledgeBase]:
    """An existing knowledge base with documents in it; raises `KnowledgeBaseError` naming the next step."""
    require(kb)
    from ragbot.index.knowledge_base import KnowledgeBase

    with closing(KnowledgeBase.open(kb, settings=settings)) as opened:
        if not opened.stats()["documents"]:
            raise KnowledgeBaseError(f"the knowledge base {kb} is empty; fill it: {_index_command(kb)}")
        yield opened


@contextmanager
def open_sessions(kb: Path, settings: Settings) -> Iterator[Sessions]:
    """The chat memory of an existing knowledge base."""
    require(kb)
    from ragbot.dialogue.sessions import FILE_NAME, Sessions

    with closing(Sessions(kb / FILE_NAME, retention_days=settings.sessions.retention_days)) as opened:
        yield opened


def require(kb: Path) -> None:
    """Raises `KnowledgeBaseError` unless there is a knowledge base at `kb`; makes nothing."""
    from ragbot.index.store import FILE

    if not (kb / FILE).is_file():
        raise KnowledgeBaseError(f"there is no knowledge base at {kb}; make one: {_index_command(kb)}")


def _index_command(kb: Path) -> str:
    return "ragbot index PATH" + ("" if kb == DEFAULT_KB else f" --kb {kb}")
