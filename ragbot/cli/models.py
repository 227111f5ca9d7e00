"""`ragbot models`: fetch models once, so that nothing after that needs a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import Config, Json, read_settings
from ragbot.cli.output import say, say_json, warn

if TYPE_CHECKING:
    from ragbot.settings import Settings


def pull(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="An embedded model, or NAME@REVISION of the model hub; default: the embedded ones and the settings'.",
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Fetch models and check their hashes."""
    from ragbot.models import hub
    from ragbot.models.catalog import DEFAULTS

    settings = read_settings(config)
    for each in [name] if name is not None else dict.fromkeys([*DEFAULTS, *_further(settings)]):
        say(str(hub.pull(each, settings.models, progress=warn)))


def list_models(config: Config = None, json: Json = False) -> None:
    """List the models that are in the cache."""
    from ragbot.models import hub

    settings = read_settings(config)
    cache = hub.cache_folder(settings.models)
    found = hub.installed(settings.models)
    if json:
        say_json({"cache": str(cache), "models": found})
        return
    for model in found:
        size = sum(file.size for file in model.files.values()) / 1e6
        say(f"{model.name}  {model.kind}, revision {model.revision}, {size:.0f} MB")
    say(f"{len(found)} models in {cache}" + ("" if found else "; run `ragbot models pull`"))


def _further(settings: Settings) -> list[str]:
    """Models of the catalogue and the hub that the settings name."""
    from ragbot.models.catalog import EMBEDDED
    from ragbot.models.choose import or_default, reader_for

    wanted = [
        settings.embedder.model,
        reader_for(settings.search.reranker, or_default(settings.embedder.model)),
        settings.dialogue.mood,
        settings.answer.verifier,
    ]
    if settings.answer.composer == "generate" and not settings.generator.base_url:
        wanted.append(settings.generator.model)
    return [name for name in wanted if "@" in name or name in EMBEDDED]
