"""What answers depend on, each as one SHA-256: the knowledge, the settings, the models, the code.

Equal hashes: the same question gets the same answer. Nothing that only says where or how fast things run is in them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ragbot.errors import SettingsError
from ragbot.index import rows
from ragbot.models.choose import reader_for

if TYPE_CHECKING:
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings

_ELSEWHERE: Final = (
    "embedder.model",
    "embedder.device",
    "embedder.threads",
    "generator.device",
    "generator.api_key_env",
    "generator.timeout_seconds",
    "sessions.retention_days",
    "dialogue.function_seconds",
    "handover.hours",
    "handover.timezone",
    "handover.holidays",
    "handover.webhook",
    "handover.secret_env",
    "handover.timeout_seconds",
    "models",
    "ingest",
    "index",
)
"""Settings that change no answer, or only through the passages or the models, which have hashes of their own."""

_FILES: Final = ("search.glossary", "dialogue.intents")
"""Settings that name a file: what is in it counts, not where it lies."""


def fingerprint(kb: KnowledgeBase, settings: Settings, *, without: Iterable[str] = ()) -> dict[str, str]:
    """`knowledge`, `settings` (but for those named in `without`), `models`, `code` -> SHA-256 in hex.

    Raises `SettingsError` where a file that the settings name cannot be read, `ModelError` where a model is missing,
    `KnowledgeBaseError`.
    """
    return {
        "knowledge": knowledge_hash(kb),
        "settings": settings_hash(settings, without=without),
        "models": models_hash(kb, settings),
        "code": code_hash(),
    }


def knowledge_hash(kb: KnowledgeBase) -> str:
    """Of every document's source, id (a hash of its text), file's hash, and how it was split; not of the folder, the
    revision or the order in which they came. Reads no text."""
    digest = hashlib.sha256()
    with kb.store.reading() as connection:
        for row in rows.identities(connection, kb.store.state(connection).revision):
            digest.update(("\0".join(row) + "\n").encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def settings_hash(settings: Settings, *, without: Iterable[str] = ()) -> str:
    """Of the settings that can change an answer, those named in `without` (`answer.threshold`) left out.

    Raises `SettingsError` where a file that they name cannot be read.
    """
    plain: dict[str, Any] = settings.model_dump(mode="json")
    for name in (*_ELSEWHERE, *without):
        section, _, key = name.partition(".")
        if key:
            plain[section].pop(key)
        else:
            plain.pop(section)
    for name in _FILES:
        section, _, key = name.partition(".")
        if file := getattr(getattr(settings, section), key):
            plain[section][key] = _file_hash(file, name)
    return _hash(plain)


def models_hash(kb: KnowledgeBase, settings: Settings) -> str:
    """Of the embedder and of the other models that the settings use, by their weights. Raises `ModelError`."""
    names = {
        "reranker": reader_for(settings.search.reranker, kb.load_embedder().name),
        "mood": settings.dialogue.mood,
        "verifier": settings.answer.verifier,
    }
    found = {"embedder": kb.load_embedder().name}
    if settings.answer.composer == "generate" or settings.dialogue.rewrite == "model":
        if settings.generator.base_url:
            found["generator"] = f"{settings.generator.base_url} {settings.generator.model}"
        else:
            names["generator"] = settings.generator.model
    found |= {role: _identity(name, settings) for role, name in names.items() if name}
    return _hash(found)


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Of every file of the package `ragbot`: code, weights, word lists, templates."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return _hash(
        {
            path.relative_to(package).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }
    )


def _identity(name: str, settings: Settings) -> str:
    from ragbot.models.hub import locate
    from ragbot.models.manifest import MANIFEST, read_manifest, record_files

    folder = locate(name, settings.models)
    if (folder / MANIFEST).is_file():
        return read_manifest(folder, name).vectors
    return _hash({path: each.sha256 for path, each in record_files(folder).items()})


def _file_hash(file: Path, setting: str) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(f"{setting}: {file} cannot be read: {error.strerror}") from error


def _hash(plain: Mapping[str, Any]) -> str:
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
