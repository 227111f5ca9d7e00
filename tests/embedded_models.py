"""Fixtures that give the real embedded models: fetched once if this machine has none, then offline."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragbot.models.embed import load_embedder
from ragbot.models.generate import load_generator
from ragbot.models.hub import cache_folder, pull, pull_defaults
from ragbot.protocols import Embedder, Generator
from ragbot.settings import EmbedderSettings, GeneratorSettings, ModelsSettings, load_settings


@pytest.fixture(scope="session")
def models_cache() -> Path:
    """A cache that holds the embedded models: `RAGBOT_MODELS__CACHE`, else the user's."""
    models = load_settings().models
    pull_defaults(models)
    return cache_folder(models)


@pytest.fixture(scope="session")
def embedder(models_cache: Path) -> Embedder:
    """The default one, e5-support, on the CPU."""
    settings = EmbedderSettings(device="cpu")
    return load_embedder(settings, ModelsSettings(cache=models_cache))


@pytest.fixture(scope="session")
def minilm(models_cache: Path) -> Embedder:
    """all-MiniLM-L6-v2 on the CPU."""
    settings = EmbedderSettings(model="all-minilm-l6-v2", device="cpu")
    return load_embedder(settings, ModelsSettings(cache=models_cache))


@pytest.fixture(scope="session")
def multilingual(models_cache: Path) -> Embedder:
    """multilingual-e5-small on the CPU, as it comes; a default pull brings the tuned one."""
    pull("multilingual-e5-small", ModelsSettings(cache=models_cache))
    settings = EmbedderSettings(model="multilingual-e5-small", device="cpu")
    return load_embedder(settings, ModelsSettings(cache=models_cache))


@pytest.fixture(scope="session")
def generator(models_cache: Path) -> Generator:
    """SmolLM2-135M-Instruct on the CPU; tests that use it are marked slow."""
    return load_generator(GeneratorSettings(device="cpu"), ModelsSettings(cache=models_cache))
