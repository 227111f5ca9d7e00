"""`ragbot.toml` and the environment -> one typed, immutable `Settings`.

Precedence: arguments of `load_settings`, then the environment (`RAGBOT_ANSWER__COMPOSER=extract`),
then the file, then the defaults below. An unknown or ill-typed key is an error that names it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from ragbot.errors import SettingsError

DEFAULT_FILE = "ragbot.toml"
AUTO = "auto"
"""As `embedder.model`: a knowledge base chooses at its first `ragbot index`, by the languages of its documents."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmbedderSettings(_Section):
    """Which model turns text into vectors. Changing it asks for `ragbot index --rebuild`."""

    model: str = "e5-support"
    """A name that `ragbot models list` shows, `NAME@REVISION` from the hub, or a folder. `auto`: what the knowledge
    base chose at its first `ragbot index`, or at the last `--rebuild`, by the languages of its documents
    (`ragbot.models.choose`); where there is no knowledge base, the one for English."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = Field(default=0, ge=0)
    """CPU threads; 0 takes what the machine has."""


class IngestSettings(_Section):
    """Limits under which files are read, and how text is cut."""

    chunk_tokens: int = Field(default=180, ge=32, le=8192)
    """Most tokens (of the embedder) in a passage's own text; its title and headings come on top."""
    file_seconds: float = Field(default=60.0, gt=0)
    file_memory_mb: int = Field(default=1536, ge=256)
    max_file_mb: float = Field(default=200.0, gt=0)
    max_unpacked_mb: float = Field(default=500.0, gt=0)
    """Most that an archive (docx, pptx, xlsx) may unpack to."""
    workers: int = Field(default=0, ge=0)
    """Processes that parse files; 0 takes what the machine has, at most 4."""


class IndexSettings(_Section):
    keep_revisions: int = Field(default=3, ge=0, le=1000)
    """How many earlier states `ragbot rollback` can return to. Each costs the disk that the documents replaced since
    then took: a rebuild as much as all of them, most syncs little. What was deleted is on the disk as long."""


class SearchSettings(_Section):
    k: int = Field(default=8, ge=1, le=1000)
    candidates: int = Field(default=50, ge=1, le=10_000)
    """How many passages each side proposes before fusion."""
    reranker: str = AUTO
    """What reads message and passage together and tells how likely the one answers the other: a reader or a
    cross-encoder, by a name that `ragbot models list` shows, `NAME@REVISION` from the hub, or a folder. `auto`: the
    reader that was made for the embedder, and for an embedder without one, the embedder itself (`embedder`). A
    cross-encoder runs where the embedder does."""
    reranker_candidates: int = Field(default=20, ge=1, le=1000)
    """How many of the passages found it reads; the others stay behind them."""
    glossary: Path | None = None
    """A TSV file of term pairs (`language:term<TAB>language:term`) added to the built-in ones, so that a
    question in one language finds documents in another."""


class AnswerSettings(_Section):
    composer: Literal["extract", "generate"] = "extract"
    """`generate`: the language model drafts, each sentence is checked; `extract`: quotes only."""
    passages: int = Field(default=5, ge=1, le=50)
    """Most passages that an answer quotes, or that a draft is written from."""
    quote_characters: int = Field(default=900, ge=80, le=10_000)
    """Most characters of all that an answer quotes; a longer sentence is quoted whole."""
    also_likely: float = Field(default=0.5, ge=0, le=1)
    """Share of the likeliest passage's probability from which on another one is quoted beside it; 1: never."""
    max_sentences: int = Field(default=3, ge=1, le=20)
    """Most sentences of a draft."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Least estimated probability that the answer is right; below it the bot abstains. None: what `ragbot calibrate`
    stored with the knowledge base, else a default."""
    verifier: str = ""
    """A sequence classifier that tells whether a passage entails a claim: a name that `ragbot models list` shows,
    `NAME@REVISION` from the hub, or a folder; empty: the built-in check. It runs where the embedder does, and figures
    that the passages lack are refused whatever it says."""
    contact: str = ""
    """How to reach a person, put into replies that hand over: `support@shop.example, +44 20 7946 0000`."""


class GeneratorSettings(_Section):
    model: str = "smollm2-135m-instruct"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_tokens: int = Field(default=96, ge=1)
    base_url: str = ""
    """Of an OpenAI-compatible server, such as `http://127.0.0.1:8080/v1`; empty: run the model here."""
    api_key_env: str = "RAGBOT_API_KEY"
    """Name of the environment variable that holds the server's key."""
    context_tokens: int = Field(default=4096, ge=256)
    """Window of a remote model; a local one knows its own."""
    timeout_seconds: float = Field(default=60.0, gt=0)


class SessionSettings(_Section):
    retention_days: float = Field(default=30.0, gt=0)
    history_turns: int = Field(default=12, ge=0)
    """How many past messages a question sees."""


class DialogueSettings(_Section):
    """How a conversation is led."""

    intents: Path | None = None
    """The company's intents, a TOML file (`ragbot intents check`); None: the built-in ones."""
    act_confidence: float = Field(default=0.8, ge=0, le=1)
    """Least probability that a message has an intent for more to be done about it than to answer from the
    documents, unless the intent has a `min_confidence` of its own."""
    rewrite: Literal["rules", "model"] = "rules"
    """What completes a message that leans on the conversation; `model`: the generator, checked. `rules`, and what the
    generator writes wrong: the message is searched and read behind the last turns."""
    clarify: bool = True
    """Ask which product, plan, region or version is meant where documents that declare different ones answer."""
    faq: bool = True
    """Give the stored answer of an FAQ entry whose question the message is."""
    related: int = Field(default=3, ge=0, le=20)
    """Most related articles that an answer suggests."""
    mood: str = ""
    """A sequence classifier for moods: a name that `ragbot models list` shows, `NAME@REVISION` from the hub, or a
    folder; empty: the built-in one."""
    function_seconds: float = Field(default=10.0, gt=0)
    """How long a function of the company's may take."""


class HandoverSettings(_Section):
    """When a person takes over, and how they learn of it."""

    asked: bool = True
    """When the customer asks for a person."""
    abstentions: int = Field(default=2, ge=0)
    """After so many messages in a row without an answer; 0: never."""
    mood: float = Field(default=-0.6, ge=-1, le=1)
    """When the last messages sound this bad on average, or the newest does and they get worse; -1: never."""
    sensitive: tuple[str, ...] = ("legal_threat", "fraud", "safety", "data_deletion")
    """Intents that go to a person whatever their action says."""
    hours: tuple[str, ...] = ()
    """When somebody is there: `Mon-Fri 09:00-17:00`; empty: always."""
    timezone: str = "UTC"
    """Of the hours, such as `Europe/Berlin`."""
    holidays: tuple[str, ...] = ()
    """Days when nobody is there: `2026-12-25`."""
    webhook: str = ""
    """URL that gets each hand-over as JSON by POST; empty: they wait in the outbox (`ragbot handovers`)."""
    secret_env: str = "RAGBOT_WEBHOOK_SECRET"  # noqa: S105 - a name, not the secret
    """Name of the environment variable with the secret that signs what is sent."""
    timeout_seconds: float = Field(default=10.0, gt=0)


class ModelsSettings(_Section):
    cache: Path | None = None
    """Where models live; None: the user's cache folder (`RAGBOT_MODELS__CACHE` in the environment)."""


class Settings(BaseSettings):
    """All of it. Instances are immutable; `model_copy(update=...)` makes a changed one."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="RAGBOT_", env_nested_delimiter="__"
    )

    embedder: EmbedderSettings = EmbedderSettings()
    ingest: IngestSettings = IngestSettings()
    index: IndexSettings = IndexSettings()
    search: SearchSettings = SearchSettings()
    answer: AnswerSettings = AnswerSettings()
    generator: GeneratorSettings = GeneratorSettings()
    sessions: SessionSettings = SessionSettings()
    dialogue: DialogueSettings = DialogueSettings()
    handover: HandoverSettings = HandoverSettings()
    models: ModelsSettings = ModelsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        *sources: Any,  # noqa: ARG003
        **named: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments and the environment only: no .env file is picked up by accident."""
        return named["init_settings"], named["env_settings"]


def load_settings(file: str | os.PathLike[str] | None = None, **overrides: Any) -> Settings:
    """Read `file` (default: `ragbot.toml` if it exists), the environment and `overrides` (sections as dicts).

    Raises `SettingsError` naming each wrong key, or the file if it is missing or no TOML.
    """
    path = Path(file) if file is not None else Path(DEFAULT_FILE)
    if file is not None and not path.is_file():
        raise SettingsError(f"settings file {path} does not exist; create it or leave out --config")

    class _FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *sources: Any, **named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            first = super().settings_customise_sources(settings_cls, *sources, **named)
            return (*first, TomlConfigSettingsSource(settings_cls, toml_file=path))

    try:
        loaded = _FromFile(**overrides)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}"
            + ("" if isinstance(each.get("input"), dict) else f" (got {each.get('input')!r})")
            for each in error.errors()
        ]
        raise SettingsError("wrong settings:\n" + "\n".join(lines)) from error
    except UnreadableVariable as error:
        raise SettingsError(f"the environment (RAGBOT_...) holds no JSON: {error}") from error
    except (ValueError, OSError) as error:  # tomllib's error is a ValueError
        raise SettingsError(f"{path} cannot be read as TOML: {error}") from error
    return Settings.model_construct(**{name: getattr(loaded, name) for name in Settings.model_fields})
