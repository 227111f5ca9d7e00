"""Sync: the knowledge base holds what the files hold, and nothing good is ever lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from quick import DirectLoader, HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import InputError, KnowledgeBaseLocked, KnowledgeBaseMismatch, ModelError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.stage import write_lock
from ragbot.ingest.sync import STEPS, sync
from ragbot.settings import IngestSettings, Settings

LAMP = "# Lamps\n\nA lamp may be returned within 30 days."
PARCEL = "# Parcels\n\nA parcel travels for three days."


def texts(kb: KnowledgeBase) -> dict[str, str]:
    return {document.source: document.text for document in kb.documents()}


def test_a_folder_is_taken_in_and_kept_in_step(tmp_path: Path) -> None:
    """Added, unchanged, changed and removed files are told apart; each run leaves the stores in agreement."""
    shop = write(tmp_path / "shop", lamp=LAMP, help__parcel=PARCEL)
    with open_quick(tmp_path / "kb") as kb:
        first = quick_sync(kb, shop)
        assert first.added == ("shop/help/parcel.md", "shop/lamp.md")
        assert (first.chunks, first.embedded) == (2, 2)
        again = quick_sync(kb, shop)
        assert again.unchanged == first.added
        assert again.embedded == 0
        write(shop, lamp=LAMP.replace("30", "60"), new="Something new.")
        (shop / "help" / "parcel.md").unlink()
        third = quick_sync(kb, shop)
        assert (third.added, third.changed, third.removed, third.unchanged) == (
            ("shop/new.md",),
            ("shop/lamp.md",),
            ("shop/help/parcel.md",),
            (),
        )
        assert "60 days" in texts(kb)["shop/lamp.md"]
        assert all(hit.chunk.source != "shop/help/parcel.md" for hit in kb.search("parcel travels", k=50))
        assert kb.check() == []


def test_an_unchanged_file_costs_a_hash(tmp_path: Path) -> None:
    """The second run reads, counts and embeds nothing, and publishes nothing."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    embedder, loader = HashedEmbedder(), DirectLoader()
    with open_quick(tmp_path / "kb", embedder) as kb:
        sync(kb, shop, loader=loader)
        current = (tmp_path / "kb" / "CURRENT").read_bytes()
        sync(kb, shop, loader=loader)
        assert len(loader.loaded) == 1
        assert len(embedder.embedded) == 1
        assert (tmp_path / "kb" / "CURRENT").read_bytes() == current


def test_the_same_text_is_embedded_once(tmp_path: Path) -> None:
    """Equal files are both kept, and one of them is found; their vector is computed once, and not again when they
    come back."""
    shop = write(tmp_path / "shop", one=LAMP, two=LAMP)
    embedder = HashedEmbedder()
    with open_quick(tmp_path / "kb", embedder) as kb:
        quick_sync(kb, shop)
        assert {document.source for document in kb.documents()} == {"shop/one.md", "shop/two.md"}
        assert len(embedder.embedded) == 1
        assert len(kb.search("lamp", k=5)) == 1
        write(shop, three=LAMP)
        assert quick_sync(kb, shop).embedded == 0


def test_a_bad_new_version_keeps_the_good_one(tmp_path: Path) -> None:
    """It is reported with its reason; the earlier text is still found; the repaired file replaces it."""
    shop = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)
        write(shop, lamp="BROKEN", parcel="", fresh="BROKEN")
        report = quick_sync(kb, shop)
        assert [skipped.source for skipped in report.skipped] == [
            "shop/parcel.md",
            "shop/fresh.md",
            "shop/lamp.md",
        ]
        assert report.removed == report.changed == ()
        assert set(texts(kb)) == {"shop/lamp.md", "shop/parcel.md"}
        write(shop, lamp="Repaired.")
        assert quick_sync(kb, shop).changed == ("shop/lamp.md",)


def test_paths_are_checked_before_any_work(tmp_path: Path) -> None:
    """A path that does not exist is named, and nothing was done for the others."""
    shop, embedder = write(tmp_path / "shop", lamp=LAMP), HashedEmbedder()
    with open_quick(tmp_path / "kb", embedder) as kb:
        with pytest.raises(InputError, match="nowhere"):
            quick_sync(kb, shop, tmp_path / "nowhere")
        with pytest.raises(InputError, match="no path"):
            quick_sync(kb)
        assert embedder.embedded == []
        assert kb.stats()["roots"] == {}


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    """An empty folder, or one of unreadable files, is no success; the reasons are in the message."""
    (tmp_path / "empty").mkdir()
    with open_quick(tmp_path / "kb") as kb:
        with pytest.raises(InputError, match="nothing"):
            quick_sync(kb, tmp_path / "empty")
        with pytest.raises(InputError, match=r"shop/lamp\.md: is broken"):
            quick_sync(kb, write(tmp_path / "shop", lamp="BROKEN"))


def test_an_emptied_folder_empties_its_part(tmp_path: Path) -> None:
    """Deleted files leave every index, the last one too; other folders stay."""
    shop, other = write(tmp_path / "shop", lamp=LAMP), write(tmp_path / "other", parcel=PARCEL)
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop, other)
        (shop / "lamp.md").unlink()
        assert quick_sync(kb, shop).removed == ("shop/lamp.md",)
        assert set(texts(kb)) == {"other/parcel.md"}
        (other / "parcel.md").unlink()
        quick_sync(kb, other)
        assert kb.search("parcel") == []
        assert kb.check() == []


def test_a_part_of_a_known_folder_is_synced_as_that_part(tmp_path: Path) -> None:
    """A file or a folder inside a known root keeps its name, and the rest of the root is left alone."""
    shop = write(tmp_path / "shop", lamp=LAMP, help__parcel=PARCEL)
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)
        write(shop, lamp="New lamps.", help__parcel="New parcels.", help__more="More.")
        assert quick_sync(kb, shop / "lamp.md").changed == ("shop/lamp.md",)
        report = quick_sync(kb, shop / "help")
        assert (report.changed, report.added) == (("shop/help/parcel.md",), ("shop/help/more.md",))
        assert set(texts(kb)) == {"shop/lamp.md", "shop/help/parcel.md", "shop/help/more.md"}


def test_a_rebuild_reads_all_and_embeds_nothing_new(tmp_path: Path) -> None:
    """The texts are the same, so are their vectors."""
    shop, embedder, loader = (
        write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL),
        HashedEmbedder(),
        DirectLoader(),
    )
    with open_quick(tmp_path / "kb", embedder) as kb:
        sync(kb, shop, loader=loader)
        report = sync(kb, shop, rebuild=True, loader=loader)
        assert report.changed == ("shop/lamp.md", "shop/parcel.md")
        assert (report.embedded, len(loader.loaded)) == (0, 4)
        assert kb.check() == []


def test_a_rebuild_takes_another_embedder_and_loses_nothing(tmp_path: Path) -> None:
    """Documents of other roots, and those whose files are unreadable now, get vectors of the new model."""
    shop = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)
    gone = write(tmp_path / "gone", hub="The hub has a button.")
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop, gone)
    shutil.rmtree(gone)
    write(shop, parcel="BROKEN")
    with open_quick(tmp_path / "kb", HashedEmbedder("other@2", dimension=48)) as kb:
        with pytest.raises(KnowledgeBaseMismatch, match="--rebuild"):
            quick_sync(kb, shop)
        report = quick_sync(kb, shop, rebuild=True)
        assert report.changed == ("shop/lamp.md",)
        assert report.embedded == 3
        assert kb.search("hub button", k=1)[0].chunk.source == "gone/hub.md"
        assert kb.search("parcel travels", k=1)[0].chunk.source == "shop/parcel.md"
        assert kb.check() == []
        write(shop, parcel=PARCEL)
        assert quick_sync(kb, shop).changed == ("shop/parcel.md",), "carried over passages are cut again"


def test_other_splitter_settings_cut_again(tmp_path: Path) -> None:
    """Files are the same, passages are not: the next sync makes them again."""
    shop = write(tmp_path / "shop", lamp="\n\n".join(f"Sentence {n} about lamps." for n in range(60)))
    with open_quick(tmp_path / "kb") as kb:
        before = quick_sync(kb, shop).chunks
    settings = Settings(ingest=IngestSettings(chunk_tokens=32))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        report = quick_sync(kb, shop)
        assert report.changed == ("shop/lamp.md",)
        assert report.chunks > before


def test_a_second_writer_is_told(tmp_path: Path) -> None:
    """It waits shortly, then names the folder that is being written."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    with open_quick(tmp_path / "kb") as kb, open_quick(tmp_path / "kb") as other:
        with (
            write_lock(kb.folder, 0.0),
            pytest.raises(KnowledgeBaseLocked, match="another process is writing"),
        ):
            quick_sync(other, shop)
        assert quick_sync(other, shop).chunks == 1


def test_an_open_reader_sees_the_next_sync(tmp_path: Path) -> None:
    """Without being opened again."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    with open_quick(tmp_path / "kb") as reader, open_quick(tmp_path / "kb") as writer:
        assert reader.search("lamp") == []
        quick_sync(writer, shop)
        assert len(reader.search("lamp")) == 1
        write(shop, parcel=PARCEL)
        quick_sync(writer, shop)
        assert reader.search("parcel", k=1)[0].chunk.source == "shop/parcel.md"


@pytest.mark.parametrize("at", ["embedded", "staged", "before commit"])
def test_a_stopped_run_is_invisible_and_its_work_serves_the_next(tmp_path: Path, at: str) -> None:
    """Nothing of it is found; the next run embeds nothing again and adopts what was staged."""
    shop, loader = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL), DirectLoader()
    embedder = HashedEmbedder()

    def stop(step: str) -> None:
        if step == at:
            raise KeyboardInterrupt

    with open_quick(tmp_path / "kb", embedder) as kb:
        with pytest.raises(KeyboardInterrupt):
            sync(kb, shop, loader=loader, step=stop)
        assert kb.documents() == []
        assert kb.search("lamp") == []
        report = sync(kb, shop, loader=loader)
        assert report.added == ("shop/lamp.md", "shop/parcel.md")
        assert (report.embedded, len(embedder.embedded)) == (0, 2)
        assert len(loader.loaded) == (4 if at == "embedded" else 2)
        assert kb.check() == []


def test_staged_rows_of_changed_files_are_removed(tmp_path: Path) -> None:
    """What a stopped run staged is not adopted once the file is another, or gone."""
    shop = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)

    def stop(step: str) -> None:
        if step == "before commit":
            raise KeyboardInterrupt

    with open_quick(tmp_path / "kb") as kb:
        with pytest.raises(KeyboardInterrupt):
            sync(kb, shop, loader=DirectLoader(), step=stop)
        write(shop, lamp="Other lamps.")
        (shop / "parcel.md").unlink()
        assert quick_sync(kb, shop).added == ("shop/lamp.md",)
        assert texts(kb) == {"shop/lamp.md": "Other lamps."}
        assert kb.check() == []


def test_every_step_is_told_in_order(tmp_path: Path) -> None:
    """`STEPS` is what `step` hears."""
    heard: list[str] = []
    with open_quick(tmp_path / "kb") as kb:
        sync(kb, write(tmp_path / "shop", lamp=LAMP), loader=DirectLoader(), step=heard.append)
    assert tuple(heard) == STEPS


def test_an_embedder_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Vectors that are not finite are refused before anything becomes visible."""

    class Broken(HashedEmbedder):
        def embed(
            self, texts: Sequence[str], *, kind: Literal["query", "passage"] = "passage"
        ) -> NDArray[np.float32]:
            return super().embed(texts, kind=kind) * np.float32("nan")

    with open_quick(tmp_path / "kb", Broken()) as kb:
        with pytest.raises(ModelError, match="hashed@1"):
            quick_sync(kb, write(tmp_path / "shop", lamp=LAMP))
        assert kb.documents() == []


def test_old_rows_and_generations_are_collected(tmp_path: Path) -> None:
    """However often files change, dead rows are those that a rollback may want, and vectors nobody uses leave."""
    shop = write(tmp_path / "shop", parcel=PARCEL)
    with open_quick(tmp_path / "kb") as kb:
        for number in range(8):
            quick_sync(kb, write(shop, lamp=f"Lamp number {number}."))
        assert len(list((tmp_path / "kb" / "generations").iterdir())) <= 3
        with sqlite3.connect(tmp_path / "kb" / "kb.sqlite") as connection:
            (documents,) = connection.execute("SELECT count(*) FROM documents").fetchone()
            (vectors,) = connection.execute("SELECT count(*) FROM embeddings").fetchone()
        connection.close()
        assert (documents, vectors) == (5, 5), "a parcel, a lamp, and the lamps of three earlier revisions"


def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Spaces, Chinese, quotes and percent signs in names are names."""
    shop = tmp_path / "my shop"
    write(shop, **{"退货 政策": "# 退货\n\n七天内可以退货。", "50% off's": "Half price."})
    with open_quick(tmp_path / "k b") as kb:
        report = quick_sync(kb, shop)
        assert report.added == ("my shop/50% off's.md", "my shop/退货 政策.md")
        assert "my shop/退货 政策.md" in {hit.chunk.source for hit in kb.search("退货", k=2)}


def test_the_report_is_for_people_and_programs(tmp_path: Path) -> None:
    """`str()` names counts and reasons; `to_dict()` is JSON."""
    shop = write(tmp_path / "shop", lamp=LAMP, bad="BROKEN")
    (shop / "picture.png").write_bytes(b"x")
    with open_quick(tmp_path / "kb") as kb:
        report = quick_sync(kb, shop)
    assert "1 added, 0 changed, 0 removed, 0 unchanged, 2 skipped" in str(report)
    assert "skipped shop/bad.md: is broken" in str(report)
    assert "1 file of a type that is not read" in str(report)
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["added"] == ["shop/lamp.md"]
    assert plain["skipped"][1] == {
        "source": "shop/bad.md",
        "reason": "is broken; repair it",
        "unsupported": False,
    }


def test_the_door_reads_through_limited_processes(tmp_path: Path) -> None:
    """`KnowledgeBase.sync` takes one path or several, and tells its progress."""
    shop = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)
    told: list[tuple[str, int, int]] = []
    with open_quick(tmp_path / "kb") as kb:
        report = kb.sync(str(shop), progress=lambda *all_of_it: told.append(all_of_it))
        assert len(report.added) == 2
        assert told[-1] == ("index", 2, 2)
        assert kb.sync([shop, shop / "lamp.md"]).unchanged == report.added
