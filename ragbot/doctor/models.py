"""The models that the settings name: whether each is there, undamaged, and can do what it is for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import ModelError

if TYPE_CHECKING:
    from ragbot.settings import Settings


def models(settings: Settings) -> Iterator[Finding]:
    """Embedder, language model, reranker and reader of moods, as far as the settings ask for them."""
    from ragbot.models import hub

    wanted = [settings.embedder.model]
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
    if settings.search.reranker:
        yield _reranker(settings)
    if settings.dialogue.mood:
        yield _mood(settings)


def _reranker(settings: Settings) -> Finding:
    """Loads it: whether a model ranks can only be told from the model itself."""
    from ragbot.models import hub
    from ragbot.models.rerank import CrossEncoderReranker

    name = settings.search.reranker
    try:
        hub.locate(name, settings.models, verify=True)
        CrossEncoderReranker(name, settings.models, device=settings.embedder.device)
    except ModelError as error:
        return problem("model", error)
    return Finding(about="model", level="ok", message=f"{name} is undamaged and can rerank")


def _mood(settings: Settings) -> Finding:
    """Loads it: whether a model's labels are moods can only be told from the model itself."""
    from ragbot.dialogue.mood import load_mood
    from ragbot.models import hub

    name = settings.dialogue.mood
    try:
        hub.locate(name, settings.models, verify=True)
        load_mood(settings)
    except ModelError as error:
        return problem("model", error)
    return Finding(about="model", level="ok", message=f"{name} is undamaged and tells moods")


def _remote(settings: Settings) -> Finding:
    where = f"answers are drafted by {settings.generator.model} at {settings.generator.base_url}"
    key = settings.generator.api_key_env
    if os.environ.get(key):
        return Finding(about="model", level="ok", message=where)
    return Finding(about="model", level="note", message=f"{where}; {key} is not set, so no key is sent")
