"""`ragbot intents`: what the company's intents are worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import Config, Json, read_settings
from ragbot.cli.output import clean, say, say_json, warn
from ragbot.errors import InputError, SettingsError

if TYPE_CHECKING:
    from ragbot.dialogue.classify.model import IntentModel
    from ragbot.dialogue.intents.catalogue import Intents
    from ragbot.dialogue.intents.report import Remark
    from ragbot.settings import Settings

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="The intents; default: those of the settings.")
]
_MOST_SHOWN = 20


def check(file: File = None, config: Config = None, json: Json = False) -> None:
    """Check an intents file: its examples, which intents are confused, which overlap.

    What an example would be taken for is told by a classifier that has not seen it. Ends with 0, with 3 where
    the file is malformed: every mistake is then told with its line.
    """
    from ragbot.dialogue.intents.report import remarks

    settings = read_settings(config)
    intents = _load(file, settings)
    model = _train(intents, settings)
    found = remarks(intents, model.confusions(), sensitive=settings.handover.sensitive)
    found += _without_function(intents)
    rows = [
        {"name": each.name, "action": each.action, "examples": len(each.examples), "fields": len(each.fields)}
        for each in intents.intents
    ]
    examples = sum(len(each.examples) for each in intents.intents)
    wrong = sum(each.count for each in model.confusions())
    if json:
        say_json({"intents": rows, "examples": examples, "confused": wrong, "remarks": found})
        return
    for row in rows:
        say(f"{row['examples']:6} examples  {row['action']:8} {row['name']}")
    say(f"{len(rows)} intents, {examples} examples, {wrong} of them taken for something else")
    for each in found[:_MOST_SHOWN]:
        warn(f"{each.kind:9} {each.message}")
    if len(found) > _MOST_SHOWN:
        warn(f"{len(found) - _MOST_SHOWN} more; --json has all")


def guess(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What a customer writes.")],
    file: Annotated[
        Path | None, typer.Option("--file", help="The intents; default: those of the settings.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say which intent a message is taken for, and how surely."""
    text = clean(message).strip()
    if not text:
        raise InputError("the message is empty; give what a customer writes")
    settings = read_settings(config)
    intents = _load(file, settings)
    guessed = _train(intents, settings).classify(text)
    if json:
        say_json(guessed)
        return
    found = intents.get(guessed.intent)
    what = f"{found.name} ({found.action})" if found is not None else "none of the intents"
    say(f"{guessed.confidence:.2f}  {what}")
    for name, confidence in guessed.ranked:
        say(f"      {confidence:.2f}  {name}")


def _load(file: Path | None, settings: Settings) -> Intents:
    from ragbot.dialogue.intents.catalogue import load_intents

    return load_intents(file if file is not None else settings.dialogue.intents)


def _train(intents: Intents, settings: Settings) -> IntentModel:
    from ragbot.dialogue.classify.model import IntentModel
    from ragbot.dialogue.classify.recognise import other_matters
    from ragbot.dialogue.intents.catalogue import labelled
    from ragbot.models.embed import load_embedder
    from ragbot.text.glossary import load_glossary

    glossary = load_glossary(settings.search.glossary)
    embedder = load_embedder(settings.embedder, settings.models)
    return IntentModel.train(
        labelled(intents),
        embedder,
        gloss=lambda text: glossary.gloss(text, "en") or text,
        none=other_matters(intents),
    )


def _without_function(intents: Intents) -> list[Remark]:
    """The functions that the file names and that cannot be imported from here."""
    from ragbot.dialogue.forms.functions import Functions
    from ragbot.dialogue.intents.report import Remark

    functions, found = Functions(), []
    for each in intents.intents:
        try:
            functions.find(each)
        except SettingsError as error:
            found.append(Remark(kind="function", intents=(each.name,), message=str(error)))
    return found
