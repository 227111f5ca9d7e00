"""Settings: the file, the environment, arguments; what is wrong is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from ragbot.errors import SettingsError
from ragbot.settings import DEFAULT_FILE, Settings, load_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty working folder and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RAGBOT_")]:
        monkeypatch.delenv(name)


def write(text: str, name: str = DEFAULT_FILE) -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_need_no_file() -> None:
    """Everything has a default."""
    assert load_settings() == Settings()
    assert Settings().answer.composer == "extract"


def test_the_file_of_the_working_folder_is_read() -> None:
    """`ragbot.toml`, with a section for each part."""
    write('[answer]\nthreshold = 0.7\ncontact = "help@shop.example"\n\n[search]\nk = 3\n')
    settings = load_settings()
    assert (settings.answer.threshold, settings.answer.contact, settings.search.k) == (
        0.7,
        "help@shop.example",
        3,
    )
    assert settings.answer.passages == Settings().answer.passages, "what is not set keeps its default"
    assert type(settings) is Settings


def test_another_file_replaces_it(tmp_path: Path) -> None:
    """The named file is read instead of, not on top of, the folder's own."""
    write("[search]\nk = 3\n")
    other = write("[answer]\npassages = 2\n", "other.toml")
    settings = load_settings(other)
    assert (settings.answer.passages, settings.search.k) == (2, Settings().search.k)
    assert load_settings(str(other)) == settings


def test_the_environment_precedes_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key of a section is replaced, its neighbours stay; numbers are read as such."""
    write('[answer]\nthreshold = 0.7\ncomposer = "generate"\n')
    monkeypatch.setenv("RAGBOT_ANSWER__THRESHOLD", "0.9")
    monkeypatch.setenv("RAGBOT_MODELS__CACHE", "/models")
    settings = load_settings()
    assert (settings.answer.threshold, settings.answer.composer) == (0.9, "generate")
    assert settings.models.cache == Path("/models")


def test_arguments_precede_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections are given as dicts; keys that they leave out come from where they came."""
    write("[answer]\nthreshold = 0.7\npassages = 2\nmax_sentences = 9\n")
    monkeypatch.setenv("RAGBOT_ANSWER__THRESHOLD", "0.9")
    monkeypatch.setenv("RAGBOT_ANSWER__PASSAGES", "4")
    answer = load_settings(answer={"threshold": 0.1}).answer
    assert (answer.threshold, answer.passages, answer.max_sentences) == (0.1, 4, 9)


def test_other_variables_are_not_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's key and the command line's folder lie beside the settings, and no .env file is read."""
    monkeypatch.setenv("RAGBOT_API_KEY", "secret")
    monkeypatch.setenv("RAGBOT_KB", "kb")
    write("RAGBOT_SEARCH__K=3\n", ".env")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[answer]\nthresold = 0.5\n", "answer.thresold"),
        ("[anser]\nthreshold = 0.5\n", "anser"),
        ("threshold = 0.5\n", "threshold"),
        ('[answer]\nthreshold = "high"\n', "answer.threshold"),
        ("[answer]\nthreshold = 1.5\n", "answer.threshold"),
        ('[answer]\ncomposer = "poet"\n', "answer.composer"),
        ("[search]\nk = 0\n", "search.k"),
        ("[search]\nk = 2.5\n", "search.k"),
        ("[search]\nreranker = 3\n", "search.reranker"),
        ("[search]\nreranker_candidates = 0\n", "search.reranker_candidates"),
        ("search = 3\n", "search"),
        ("[sessions]\nretention_days = 0\n", "sessions.retention_days"),
    ],
)
def test_a_wrong_key_or_value_is_named(text: str, named: str) -> None:
    """An unknown key, a wrong type and a value out of bounds, with its section."""
    write(text)
    with pytest.raises(SettingsError, match=rf"(?m)^  {named}: "):
        load_settings()


def test_the_wrong_value_is_shown_with_every_other_mistake() -> None:
    """All mistakes at once, so that they are mended at once."""
    write('[answer]\nthreshold = "high"\n\n[search]\nk = -2\n')
    with pytest.raises(SettingsError) as raised:
        load_settings()
    message = str(raised.value)
    assert "'high'" in message
    assert "-2" in message
    assert raised.value.exit_code == 3


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is checked like the file."""
    monkeypatch.setenv("RAGBOT_ANSWER__THRESHOLD", "high")
    with pytest.raises(SettingsError, match=r"answer\.threshold: .*'high'"):
        load_settings()
    monkeypatch.delenv("RAGBOT_ANSWER__THRESHOLD")
    monkeypatch.setenv("RAGBOT_ANSWER__THRESOLD", "0.5")
    with pytest.raises(SettingsError, match=r"answer\.thresold"):
        load_settings()


def test_a_missing_file_is_named() -> None:
    """Asked for by name, it must be there."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml does not exist"):
        load_settings("nowhere.toml")


@pytest.mark.parametrize("content", [b"[answer\n", b"answer = ", b"\xff\xfe[\x00a\x00"])
def test_a_file_that_is_no_toml_is_named(content: bytes) -> None:
    """Half a table, half a line, another encoding."""
    Path(DEFAULT_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=r"ragbot\.toml cannot be read as TOML"):
        load_settings()


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message speaks of the environment, not of a file that has no part in it."""
    monkeypatch.setenv("RAGBOT_ANSWER", "{threshold")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "answer" in str(raised.value)
    assert "TOML" not in str(raised.value)


def test_settings_are_frozen() -> None:
    """A change makes new settings and leaves the old ones as they are."""
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, "answer", settings.answer.model_copy())  # noqa: B010 - mypy forbids it too
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings.answer, "threshold", 0.9)  # noqa: B010
    changed = settings.model_copy(update={"answer": settings.answer.model_copy(update={"threshold": 0.9})})
    assert (changed.answer.threshold, settings.answer.threshold) == (0.9, Settings().answer.threshold)
    assert hash(settings.answer) == hash(Settings().answer)
