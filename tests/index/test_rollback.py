"""Returning to an earlier revision, and back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from quick import DirectLoader, HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import InputError, KnowledgeBaseError, KnowledgeBaseLocked, KnowledgeBaseMismatch
from ragbot.index import rollback as rolling
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.stage import write_lock
from ragbot.ingest.preview import preview
from ragbot.settings import IndexSettings, Settings

LAMP = "A lamp may be returned within 30 days."
PARCEL = "A parcel travels for three days."


def texts(kb: KnowledgeBase) -> dict[str, str]:
    return {document.source: document.text for document in kb.documents()}


def found(kb: KnowledgeBase) -> set[str]:
    return {hit.chunk.source for hit in kb.search("lamp parcel hub", k=20)}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)


@pytest.fixture
def kb(tmp_path: Path, shop: Path) -> KnowledgeBase:
    """Revision 1 has a lamp and a parcel, revision 2 another lamp, a hub, and no parcel."""
    opened = open_quick(tmp_path / "kb")
    quick_sync(opened, shop)
    write(shop, lamp=LAMP.replace("30", "60"), hub="The hub has a button.")
    (shop / "parcel.md").unlink()
    quick_sync(opened, shop)
    return opened


def test_the_state_before_the_last_sync_is_back(kb: KnowledgeBase) -> None:
    """Texts, passages and indexes, for readers that are open and new ones; nothing is embedded."""
    with open_quick(kb.folder) as reader:
        assert found(reader) == {"shop/lamp.md", "shop/hub.md"}
        embedder = kb.load_embedder()
        assert isinstance(embedder, HashedEmbedder)
        embedded = len(embedder.embedded)
        report = kb.rollback()
        assert len(embedder.embedded) == embedded
        assert (report.to, report.before, report.revision, report.chunks) == (1, 2, 3, 2)
        assert (report.added, report.changed, report.removed) == (
            ("shop/parcel.md",),
            ("shop/lamp.md",),
            ("shop/hub.md",),
        )
        for seen in (kb, reader, open_quick(kb.folder)):
            assert texts(seen) == {"shop/lamp.md": LAMP, "shop/parcel.md": PARCEL}
            assert found(seen) == {"shop/lamp.md", "shop/parcel.md"}
            assert seen.check() == []


def test_a_rollback_is_undone_by_a_rollback(kb: KnowledgeBase) -> None:
    """Each of them returns to what was before it."""
    newer, older = texts(kb), None
    for _ in range(3):
        kb.rollback()
        assert kb.revisions()[0].documents == len(kb.documents())
        older = older or texts(kb)
        assert texts(kb) == older
        kb.rollback()
        assert texts(kb) == newer
    assert kb.check() == []


def test_the_next_sync_syncs_again(kb: KnowledgeBase, shop: Path) -> None:
    """The files are as they are: what was rolled back comes in again, without embedding."""
    newer = texts(kb)
    kb.rollback()
    report = quick_sync(kb, shop)
    assert (report.added, report.changed, report.removed) == (
        ("shop/hub.md",),
        ("shop/lamp.md",),
        ("shop/parcel.md",),
    )
    assert report.embedded == 0
    assert texts(kb) == newer


def test_any_kept_revision_by_its_number(kb: KnowledgeBase, shop: Path) -> None:
    """Several steps back at once; the list tells what there is."""
    write(shop, lamp="A third lamp.")
    quick_sync(kb, shop)
    report = kb.rollback(1)
    assert texts(kb) == {"shop/lamp.md": LAMP, "shop/parcel.md": PARCEL}
    assert str(report).startswith(
        "revision 4 holds what revision 1 held: 1 added, 1 changed, 1 removed; 2 passages"
    )
    assert [(each.revision, each.action, each.documents, each.current) for each in kb.revisions()] == [
        (4, "rollback to 1", 2, True),
        (3, "sync", 2, False),
        (2, "sync", 2, False),
        (1, "sync", 2, False),
    ]


def test_what_is_not_kept_is_told(kb: KnowledgeBase, shop: Path) -> None:
    """A revision that was swept is named with those that are kept; numbers that never were, and the newest, too."""
    for number in range(4):
        quick_sync(kb, write(shop, lamp=f"Lamp number {number}."))
    with pytest.raises(KnowledgeBaseError, match=r"revision 2 is gone; kept are 3, 4, 5, 6 \(index.keep_rev"):
        kb.rollback(2)
    for number in (7, -1):
        with pytest.raises(InputError, match=f"no revision {number};"):
            kb.rollback(number)
    with pytest.raises(InputError, match="revision 6 is the current one"):
        kb.rollback(6)


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_how_many_are_kept_is_a_setting(tmp_path: Path, shop: Path, kept: int) -> None:
    """Beyond the two that readers may be in the middle of."""
    settings = Settings(index=IndexSettings(keep_revisions=kept))
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=HashedEmbedder()) as kb:
        for number in range(8):
            quick_sync(kb, write(shop, lamp=f"Lamp number {number}."))
        oldest = 8 - max(kept, 2)
        assert [each.revision for each in kb.revisions()] == list(range(8, oldest - 1, -1))
        kb.rollback(oldest)
        assert texts(kb)["shop/lamp.md"] == f"Lamp number {oldest - 1}."


def test_old_revisions_stay_when_nothing_is_written_for_long(kb: KnowledgeBase, shop: Path) -> None:
    """Time alone takes no state away that the setting keeps; with none kept it does."""
    connection = sqlite3.connect(kb.store.path)
    with connection:
        connection.execute("UPDATE revisions SET at = at - 100000")
    connection.close()
    quick_sync(kb, shop)
    assert [each.revision for each in kb.revisions()] == [2, 1, 0]
    none = kb.settings.model_copy(update={"index": IndexSettings(keep_revisions=0)})
    with KnowledgeBase.open(kb.folder, settings=none, embedder=HashedEmbedder()) as opened:
        quick_sync(opened, shop)
        assert [each.revision for each in opened.revisions()] == [2]
        with pytest.raises(KnowledgeBaseError, match="revision 1 is gone; kept are 2"):
            opened.rollback()


def test_an_empty_state_must_be_asked_for(tmp_path: Path, shop: Path) -> None:
    """Nobody empties a knowledge base by one rollback too many."""
    with open_quick(tmp_path / "kb") as kb:
        with pytest.raises(KnowledgeBaseError, match="nothing has been indexed"):
            kb.rollback()
        quick_sync(kb, shop)
        with pytest.raises(KnowledgeBaseError, match=r"revision 0 is empty; .*--to 0"):
            kb.rollback()
        assert len(kb.documents()) == 2
        kb.rollback(0)
        assert (kb.documents(), kb.search("lamp"), kb.check()) == ([], [], [])
        kb.rollback()
        assert found(kb) == {"shop/lamp.md", "shop/parcel.md"}


def test_after_publishing_the_state_before_it_is_back(kb: KnowledgeBase, shop: Path) -> None:
    """A preview that was published and turned out wrong is one command away."""
    before = texts(kb)
    write(shop, hub="A wrong hub.")
    preview(kb, shop, loader=DirectLoader()).publish()
    assert texts(kb)["shop/hub.md"] == "A wrong hub."
    kb.rollback()
    assert texts(kb) == before


def test_a_rollback_ends_a_preview(kb: KnowledgeBase, shop: Path) -> None:
    """What was previewed followed another state; the report says so."""
    made = preview(kb, write(shop, sofa="A sofa."), loader=DirectLoader())
    assert kb.rollback().notes == ("the preview has ended with this",)
    with pytest.raises(KnowledgeBaseError, match=r"ended by a rollback .*is at revision 3 since"):
        made.publish()
    assert "shop/sofa.md" not in texts(kb)
    assert kb.check() == []


def test_a_wrong_number_ends_no_preview(kb: KnowledgeBase, shop: Path) -> None:
    """Nothing is touched before the target is known to be there."""
    preview(kb, write(shop, sofa="A sofa."), loader=DirectLoader()).close()
    with pytest.raises(InputError):
        kb.rollback(9)
    kb.previewed().publish()
    assert "shop/sofa.md" in texts(kb)


def test_another_embedder_can_be_rolled_back(tmp_path: Path, shop: Path) -> None:
    """The old vectors are back; the note, and search, tell to set the old model again."""
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)
    with open_quick(tmp_path / "kb", HashedEmbedder("other@2", dimension=48)) as kb:
        quick_sync(kb, shop, rebuild=True)
        assert kb.rollback().notes == ("its vectors are of embedder hashed@1: set [embedder] back too",)
        with pytest.raises(KnowledgeBaseMismatch):
            kb.search("lamp")
    with open_quick(tmp_path / "kb") as kb:
        assert kb.search("parcel travels", k=1)[0].chunk.source == "shop/parcel.md"
        assert kb.check() == []


def test_folders_are_named_as_they_were(tmp_path: Path) -> None:
    """Roots return with the documents: a folder taken in by another one has its name again."""
    inner = write(tmp_path / "all" / "shop", lamp=LAMP)
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, inner)
        quick_sync(kb, write(tmp_path / "all", parcel=PARCEL))
        assert set(texts(kb)) == {"all/parcel.md", "all/shop/lamp.md"}
        kb.rollback()
        assert set(texts(kb)) == {"shop/lamp.md"}
        assert quick_sync(kb, inner).unchanged == ("shop/lamp.md",)


def test_unchanged_documents_are_not_copied(kb: KnowledgeBase, shop: Path) -> None:
    """A rollback costs what differs: the other rows stay as they are."""

    def last() -> int:
        with kb.store.reading() as connection:
            row: int = connection.execute("SELECT max(row) FROM documents").fetchone()[0]
            return row

    quick_sync(kb, write(shop, sofa="A sofa."))
    before = last()
    kb.rollback()
    assert last() == before, "the sofa's row dies, and that is all"
    kb.rollback(2)
    assert last() == before, "revisions 2 and 4 hold the same"


def test_one_writer_at_a_time(kb: KnowledgeBase) -> None:
    """A rollback waits for another writer shortly, and then says so."""
    with write_lock(kb.folder, 0.0), pytest.raises(KnowledgeBaseLocked, match="another process is writing"):
        kb.rollback()


def test_every_step_is_told_in_order(kb: KnowledgeBase) -> None:
    """The fault tests kill at each of them."""
    told: list[str] = []
    rolling.rollback(kb, step=told.append)
    assert tuple(dict.fromkeys(told)) == rolling.STEPS
