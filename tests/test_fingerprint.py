"""The hashes of what answers depend on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from quick import HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import SettingsError
from ragbot.fingerprint import code_hash, fingerprint, knowledge_hash, models_hash, settings_hash
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.settings import Settings


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    write(tmp_path / "docs", returns="Lamps go back within 30 days.", warranty="Two years.")
    with open_quick(tmp_path / "kb") as opened:
        quick_sync(opened, tmp_path / "docs")
        yield opened


def test_the_knowledge_is_known_by_its_documents(kb: KnowledgeBase, tmp_path: Path) -> None:
    """Another folder and other revisions with the same documents have the same hash; one changed word another."""
    docs, first = tmp_path / "docs", knowledge_hash(kb)
    with open_quick(tmp_path / "other") as other:
        quick_sync(other, docs)
        write(docs, extra="Something more.")
        quick_sync(other, docs)
        assert knowledge_hash(other) != first
        (docs / "extra.md").unlink()
        quick_sync(other, docs)
        assert knowledge_hash(other) == first
        write(docs, warranty="Three years.")
        quick_sync(other, docs)
        assert knowledge_hash(other) != first


@pytest.mark.parametrize(
    ("section", "key", "value", "same"),
    [
        ("answer", "max_sentences", 2, False),
        ("search", "k", 3, False),
        ("dialogue", "clarify", False, False),
        ("embedder", "threads", 2, True),
        ("embedder", "model", "auto", True),
        ("ingest", "workers", 2, True),
        ("handover", "webhook", "https://shop.example/hook", True),
        ("models", "cache", Path("/elsewhere"), True),
    ],
)
def test_settings_count_where_they_change_answers(section: str, key: str, value: object, same: bool) -> None:
    """Not where they only say where or how fast things run."""
    part = getattr(Settings(), section).model_copy(update={key: value})
    assert (settings_hash(Settings()) == settings_hash(Settings().model_copy(update={section: part}))) is same


def test_settings_can_be_left_out() -> None:
    """Two settings that differ in the one left out have the same hash, and another one without leaving it out."""
    other = Settings(answer=Settings().answer.model_copy(update={"contact": "help@shop.example"}))
    assert settings_hash(Settings()) != settings_hash(other)
    names = ("answer.contact",)
    assert settings_hash(Settings(), without=names) == settings_hash(other, without=names)


def test_a_file_counts_by_what_is_in_it(tmp_path: Path) -> None:
    """A glossary may lie elsewhere; a changed one is another; a missing one is an error that names the setting."""
    files = [tmp_path / "a.tsv", tmp_path / "b.tsv"]
    for file in files:
        file.write_text("en:lamp\tzh:灯\n", encoding="utf-8")
    first, second = (
        Settings(search=Settings().search.model_copy(update={"glossary": file})) for file in files
    )
    assert settings_hash(first) == settings_hash(second) != settings_hash(Settings())
    files[1].write_text("en:lamp\tzh:台灯\n", encoding="utf-8")
    assert settings_hash(first) != settings_hash(second)
    files[1].unlink()
    with pytest.raises(SettingsError, match=r"search\.glossary: .*b\.tsv cannot be read"):
        settings_hash(second)


def test_models_are_known_by_their_weights(kb: KnowledgeBase, tmp_path: Path) -> None:
    """Another embedder, or other files in the folder of a reranker, give another hash."""
    plain = models_hash(kb, Settings())
    with open_quick(tmp_path / "other", HashedEmbedder("hashed@2")) as other:
        assert models_hash(other, Settings()) != plain
    folder = tmp_path / "reranker"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"1")
    settings = Settings(search=Settings().search.model_copy(update={"reranker": str(folder)}))
    first = models_hash(kb, settings)
    (folder / "model.safetensors").write_bytes(b"2")
    assert len({plain, first, models_hash(kb, settings)}) == 3


def test_all_four_are_hashes(kb: KnowledgeBase) -> None:
    """Sixty-four hexadecimal digits each, the same when asked again."""
    found = fingerprint(kb, Settings())
    assert sorted(found) == ["code", "knowledge", "models", "settings"]
    assert all(len(each) == 64 and int(each, 16) >= 0 for each in found.values())
    assert found == fingerprint(kb, Settings())
    assert found["code"] == code_hash()
