"""The models that the settings name: whether each is there, undamaged, and can do what it is for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import KnowledgeBaseError, ModelError
from ragbot.index.store import FILE, Store
from ragbot.models.choose import or_default, reader_for
from ragbot.settings import AUTO

if TYPE_CHECKING:
    from ragbot.settings import Settings


def models(settings: Settings, kb: Path) -> Iterator[Finding]:
    """Embedder (where the settings leave it to the knowledge base `kb`, the one that it has), language model, reranker,
    reader of moods and verifier, as far as the settings ask for them."""
    from ragbot.models import hub

    wanted = [_embedder(settings, kb)]
    if settings.answer.composer == "generate":
        if settings.generator.base_url:
            yield _remote(settings)
        else:
            wanted.append(settings.generator.model)
    for name in wanted:
        try:
            hub.locate(name, settings.models, verify=True)
            yield Finding(about="model", level="ok", message=f"{name} is present and undamaged")
        except ModelError as error:
            yield problem("model", error)
    for name, load, able in _loadable(settings, wanted[0]):
        if name:
            yield _loaded(name, load, able, settings)


def _embedder(settings: Settings, kb: Path) -> str:
    """The embedder that is used. What keeps the knowledge base from being read is told by other checks."""
    if settings.embedder.model == AUTO and (kb / FILE).is_file():
        with suppress(KnowledgeBaseError), closing(Store(kb.absolute())) as store:
            if made := store.state().embedder:
                return store.model(made)
    return or_default(settings.embedder.model)


def _loadable(settings: Settings, embedder: str) -> tuple[tuple[str, Callable[[], object], str], ...]:
    """Models of which only loading tells whether they are of the right kind: name, how to load it, what it then can."""
    from ragbot.answer.check.vetoed import load_verifier
    from ragbot.dialogue.mood import load_mood
    from ragbot.models.readers import load_named_reader

    reader, device = reader_for(settings.search.reranker, embedder), settings.embedder.device
    return (
        (reader, lambda: load_named_reader(reader, settings.models, device=device), "can read"),
        (settings.dialogue.mood, lambda: load_mood(settings), "tells moods"),
        (settings.answer.verifier, lambda: load_verifier(settings), "can check claims"),
    )


def _loaded(name: str, load: Callable[[], object], able: str, settings: Settings) -> Finding:
    from ragbot.models import hub

    try:
        hub.locate(name, settings.models, verify=True)
        load()
    except ModelError as error:
        return problem("model", error)
    return Finding(about="model", level="ok", message=f"{name} is undamaged and {able}")


def _remote(settings: Settings) -> Finding:
    where = f"answers are drafted by {settings.generator.model} at {settings.generator.base_url}"
    key = settings.generator.api_key_env
    if os.environ.get(key):
        return Finding(about="model", level="ok", message=where)
    return Finding(about="model", level="note", message=f"{where}; {key} is not set, so no key is sent")
