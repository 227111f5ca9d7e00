"""`ragbot models`: fetch models once, so that nothing after that needs a network."""

from __future__ import annotations

from typing import Annotated

import typer

from ragbot.cli.options import Config, Json, read_settings
from ragbot.cli.output import say, say_json, warn


def pull(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME@REVISION]", help="A model of the hub; default: what the settings need."
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Fetch models into the user's cache and check their hashes."""
    from ragbot.models import hub


def list_models(config: Config = None, json: Json = False) -> None:
    """List the models that are in the cache."""
    from ragbot.models import hub
