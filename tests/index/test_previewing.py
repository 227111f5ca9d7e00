"""A preview: all of a sync but that anybody sees it, until it is published as it is."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest
from quick import DirectLoader, HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import InputError, KnowledgeBaseError, KnowledgeBaseLocked
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.stage import write_lock
from ragbot.ingest.preview import STEPS, Preview, preview, waiting
from ragbot.settings import Settings

LAMP = "# Lamps\n\nA lamp may be returned within 30 days."
PARCEL = "# Parcels\n\nA parcel travels for three days."
HUB = "The hub has a button."


def quick_preview(kb: KnowledgeBase, *paths: Path, rebuild: bool = False) -> Preview:
    return preview(kb, list(paths), rebuild=rebuild, loader=DirectLoader())


def texts(kb: KnowledgeBase) -> dict[str, str]:
    return {document.source: document.text for document in kb.documents()}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)


@pytest.fixture
def kb(tmp_path: Path, shop: Path) -> KnowledgeBase:
    opened = open_quick(tmp_path / "kb")
    quick_sync(opened, shop)
    return opened


def change(shop: Path) -> Path:
    """One file changed, one new, one gone."""
    write(shop, lamp=LAMP.replace("30", "60"), hub=HUB)
    (shop / "parcel.md").unlink()
    return shop


OLD = {"shop/lamp.md", "shop/parcel.md"}
NEW = {"shop/lamp.md", "shop/hub.md"}


def test_a_preview_is_seen_by_nobody_but_itself(kb: KnowledgeBase, shop: Path) -> None:
    """The live state stays, for readers that are open and for new ones; the preview has what a sync would make."""
    before = texts(kb)
    with open_quick(kb.folder) as reader, quick_preview(kb, change(shop)) as made:
        assert (made.report.added, made.report.changed, made.report.removed) == (
            ("shop/hub.md",),
            ("shop/lamp.md",),
            ("shop/parcel.md",),
        )
        assert made.report.chunks == 2
        for seen in (kb, reader, open_quick(kb.folder)):
            assert texts(seen) == before
            assert seen.search("hub button lamp", k=9)[0].chunk.source == "shop/lamp.md"
            assert seen.stats()["revision"] == 1
            assert seen.check() == []
        assert set(texts(made.kb)) == NEW
        assert made.kb.search("hub button", k=1)[0].chunk.source == "shop/hub.md"
        assert {hit.chunk.source for hit in made.kb.search("lamp parcel hub", k=9)} == NEW
        assert "60 days" in made.kb.search("lamp", k=1)[0].chunk.text
        assert made.kb.stats()["documents"] == 2


def test_publishing_makes_it_current_and_embeds_nothing_again(tmp_path: Path, shop: Path) -> None:
    """Readers that are open see it; its indexes are those that were previewed; revisions tell what was done."""
    embedder, loader = HashedEmbedder(), DirectLoader()
    with open_quick(tmp_path / "kb", embedder) as kb, open_quick(tmp_path / "kb") as reader:
        quick_sync(kb, shop)
        made = preview(kb, change(shop), loader=loader)
        segments = [segment.place for segment in made.kb.generations.get().segments]
        embedded = len(embedder.embedded)
        assert made.publish() == 2
        assert len(embedder.embedded) == embedded
        assert [segment.place for segment in kb.generations.get().segments] == segments
        for seen in (kb, reader, open_quick(tmp_path / "kb")):
            assert set(texts(seen)) == NEW
            assert seen.search("hub button", k=1)[0].chunk.source == "shop/hub.md"
        assert kb.check() == []
        assert not (kb.folder / "PREVIEW").exists()
        assert [(each.revision, each.action, each.documents) for each in kb.revisions()] == [
            (2, "publish", 2),
            (1, "sync", 2),
            (0, "created", 0),
        ]
        assert len(loader.loaded) == 2
        again = quick_sync(kb, shop)
        assert (again.unchanged, again.embedded) == (("shop/hub.md", "shop/lamp.md"), 0)


def test_what_is_published_is_what_was_previewed(kb: KnowledgeBase, shop: Path) -> None:
    """Files that change after the preview do not get in; the next sync takes them."""
    made = quick_preview(kb, change(shop))
    write(shop, hub="Another hub.")
    made.publish()
    assert texts(kb)["shop/hub.md"] == HUB
    assert quick_sync(kb, shop).changed == ("shop/hub.md",)


def test_a_preview_outlives_the_process(kb: KnowledgeBase, shop: Path) -> None:
    """It is found again with its report, and can be searched and published."""
    first = quick_preview(kb, change(shop), shop)
    first.close()
    with open_quick(kb.folder) as later, later.previewed() as made:
        assert made.report == first.report
        assert (made.at, made.base) == (first.at, 1)
        assert made.at <= time.time()
        assert made.size() > 0
        assert set(texts(made.kb)) == NEW
        made.publish()
        assert set(texts(later)) == NEW
    assert set(texts(kb)) == NEW


def test_indexes_of_a_preview_are_never_trusted(kb: KnowledgeBase, shop: Path) -> None:
    """Damaged or missing, they are made again from the rows, for search and for publishing."""
    quick_preview(kb, change(shop)).close()
    (kb.folder / "PREVIEW").write_bytes(b"?")
    with kb.previewed() as made:
        assert {hit.chunk.source for hit in made.kb.search("lamp parcel hub", k=9)} == NEW
    (kb.folder / "PREVIEW").unlink()
    kb.previewed().publish()
    assert {hit.chunk.source for hit in kb.search("lamp parcel hub", k=9)} == NEW
    assert kb.check() == []


def test_a_discarded_preview_leaves_nothing(kb: KnowledgeBase, shop: Path) -> None:
    """Its rows, vectors and indexes are gone; publishing it says why it cannot be."""
    before = texts(kb)
    made = quick_preview(kb, change(shop))
    made.discard()
    with sqlite3.connect(kb.store.path) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM documents").fetchone()
        (vectors,) = connection.execute("SELECT count(*) FROM embeddings").fetchone()
        (marked,) = connection.execute("SELECT count(died) FROM documents").fetchone()
    connection.close()
    assert (rows, vectors, marked) == (2, 2, 0)
    assert len(list((kb.folder / "segments").iterdir())) == 1
    assert texts(kb) == before
    assert kb.check() == []
    with pytest.raises(KnowledgeBaseError, match=r"ended by its discarding .*from revision 1"):
        kb.previewed()


def test_a_preview_that_waits_is_told(kb: KnowledgeBase, shop: Path) -> None:
    """With its age, its size and what can be done with it."""
    assert waiting(kb) is None
    made = quick_preview(kb, change(shop))
    assert str(waiting(kb)) == str(made)
    assert str(made).startswith("a preview of revision 2 waits since 20")
    made.discard()
    assert waiting(kb) is None


def test_there_may_be_no_preview(kb: KnowledgeBase) -> None:
    """Then the message names the command that makes one."""
    with pytest.raises(KnowledgeBaseError, match=r"no preview; make one: ragbot index PATH\.\.\. --preview"):
        kb.previewed()


def test_a_sync_ends_the_preview_and_takes_over_its_work(tmp_path: Path, shop: Path) -> None:
    """Nothing is embedded again; the sync says so; publishing is refused, naming the revision since."""
    embedder = HashedEmbedder()
    with open_quick(tmp_path / "kb", embedder) as kb:
        quick_sync(kb, shop)
        made = quick_preview(kb, change(shop))
        (shop / "lamp.md").write_text("A third lamp.", encoding="utf-8")
        report = quick_sync(kb, shop)
        assert report.notes == ("the preview of revision 2 has ended with this",)
        assert report.embedded == 1
        assert texts(kb) == {"shop/hub.md": HUB, "shop/lamp.md": "A third lamp."}
        assert kb.check() == []
        with pytest.raises(
            KnowledgeBaseError, match=r"ended by a sync .*is at revision 2 since; preview again"
        ):
            made.publish()
        with pytest.raises(KnowledgeBaseError, match="ended by a sync"):
            made.kb.search("hub")


def test_a_sync_of_something_else_keeps_what_the_preview_would_remove(
    tmp_path: Path, kb: KnowledgeBase, shop: Path
) -> None:
    """Marks of the preview do not become deaths of another revision."""
    quick_preview(kb, change(shop))
    quick_sync(kb, write(tmp_path / "other", sofa="A sofa is heavy."))
    assert set(texts(kb)) == OLD | {"other/sofa.md"}
    assert "30 days" in texts(kb)["shop/lamp.md"]
    assert kb.check() == []


def test_a_second_preview_replaces_the_first(kb: KnowledgeBase, shop: Path) -> None:
    """The first one can be neither searched nor published any more; the second one is whole."""
    first = quick_preview(kb, change(shop))
    write(shop, parcel="A parcel is back.")
    second = quick_preview(kb, shop)
    assert second.report.changed == ("shop/lamp.md", "shop/parcel.md")
    assert second.report.embedded == 1
    for use in (first.publish, first.discard, lambda: first.kb.search("hub")):
        with pytest.raises(KnowledgeBaseError, match="ended by another preview"):
            use()
    second.publish()
    assert set(texts(kb)) == OLD | NEW
    assert kb.check() == []


def test_a_preview_cannot_be_written(kb: KnowledgeBase, shop: Path) -> None:
    """Syncing into it is an error that says what to do."""
    with quick_preview(kb, change(shop)) as made:
        with pytest.raises(KnowledgeBaseError, match="publish it"):
            quick_sync(made.kb, shop)
        assert kb.previewed().report == made.report, "and harms nothing"


def test_a_preview_of_another_embedder(tmp_path: Path, shop: Path) -> None:
    """A rebuild can be previewed: the live vectors stay those of the other model."""
    with open_quick(tmp_path / "kb") as live:
        quick_sync(live, shop)
        with (
            open_quick(tmp_path / "kb", HashedEmbedder("other@2", dimension=48)) as kb,
            quick_preview(kb, shop, rebuild=True) as made,
        ):
            assert made.kb.search("parcel travels", k=1)[0].chunk.source == "shop/parcel.md"
            assert live.search("parcel travels", k=1)[0].chunk.source == "shop/parcel.md"
            assert live.check() == []
            made.publish()
            assert kb.search("parcel travels", k=1)[0].chunk.source == "shop/parcel.md"
            assert kb.check() == []


def test_paths_are_checked_before_a_preview_ends(kb: KnowledgeBase, shop: Path, tmp_path: Path) -> None:
    """A path that does not exist costs nobody the preview."""
    quick_preview(kb, change(shop)).close()
    with pytest.raises(InputError, match="nowhere"):
        quick_preview(kb, tmp_path / "nowhere")
    assert set(texts(kb.previewed().kb)) == NEW


@pytest.mark.slow
def test_one_writer_at_a_time(kb: KnowledgeBase, shop: Path) -> None:
    """Previewing, publishing and discarding wait for another writer shortly, and then say so."""
    made = quick_preview(kb, change(shop))
    with write_lock(kb.folder, 0.0):
        for use in (made.publish, made.discard, lambda: quick_preview(kb, shop)):
            with pytest.raises(KnowledgeBaseLocked, match="another process is writing"):
                use()
    assert set(texts(made.kb)) == NEW


def test_every_step_of_a_preview_is_told(kb: KnowledgeBase, shop: Path) -> None:
    """The fault tests kill at each of them."""
    told: list[str] = []
    preview(kb, change(shop), loader=DirectLoader(), step=told.append).close()
    assert tuple(dict.fromkeys(told)) == STEPS


def test_an_interrupted_preview_is_none(kb: KnowledgeBase, shop: Path) -> None:
    """It cannot be published; the next one takes over what was staged."""

    def stop(step: str) -> None:
        if step == "published":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        preview(kb, change(shop), loader=DirectLoader(), step=stop)
    with pytest.raises(KnowledgeBaseError, match="was not finished"):
        kb.previewed()
    made = quick_preview(kb, shop)
    assert made.report.embedded == 0
    assert set(texts(made.kb)) == NEW


def test_other_files_of_the_folder_are_left_alone(kb: KnowledgeBase, shop: Path) -> None:
    """Pins, chat memory and intents are neither previewed nor published."""
    for name in ("pins.sqlite", "sessions.sqlite", "intents/learnt.json"):
        (kb.folder / name).parent.mkdir(exist_ok=True)
        (kb.folder / name).write_bytes(name.encode())
    quick_preview(kb, change(shop)).publish()
    quick_preview(kb, write(shop, more="More.")).discard()
    kb.rollback()
    for name in ("pins.sqlite", "sessions.sqlite", "intents/learnt.json"):
        assert (kb.folder / name).read_bytes() == name.encode()


def test_a_store_of_the_first_format_is_read_and_upgraded(kb: KnowledgeBase, shop: Path) -> None:
    """It opens as it is, has no preview, and gets what it lacks from the first writer."""
    kb.close()
    connection = sqlite3.connect(kb.store.path)
    with connection:
        connection.execute("DROP TABLE history")
        connection.execute("DROP TABLE previews")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'format'")
    connection.close()
    with open_quick(kb.folder) as opened:
        assert set(texts(opened)) == OLD
        assert opened.revisions() == []
        with pytest.raises(KnowledgeBaseError, match="no preview"):
            opened.previewed()
        quick_preview(opened, change(shop)).publish()
        assert [each.revision for each in opened.revisions()] == [2, 1]
        opened.rollback()
        assert set(texts(opened)) == OLD


def test_reports_are_json(kb: KnowledgeBase, shop: Path) -> None:
    """What is stored with a preview has every field, skipped files with their reasons too."""
    write(shop, bad="BROKEN")
    made = quick_preview(kb, change(shop))
    assert made.report.skipped[0].reason == "is broken; repair it"
    assert kb.previewed().report == made.report
    assert json.loads(json.dumps(made.report.to_dict())) == made.report.to_dict()


def test_the_settings_of_the_knowledge_base_apply(tmp_path: Path, shop: Path) -> None:
    """`kb.preview` is the short way, with the embedder that was given."""
    settings = Settings()
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        quick_sync(kb, shop)
        with kb.preview(shop / "lamp.md") as made:
            assert made.report.unchanged == ("shop/lamp.md",)
            assert made.kb.settings is settings
            assert made.kb.search("parcel", k=1)[0].chunk.source == "shop/parcel.md"
