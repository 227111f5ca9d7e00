"""Damaged files: every changed byte of what is derived is noticed and repaired; of what is the truth, nothing
worse than an error of ours comes out."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from quick import HashedEmbedder, open_quick, quick_sync, write

from ragbot.errors import KnowledgeBaseError
from ragbot.index import publish, segment
from ragbot.index.segment import Damaged
from ragbot.index.stage import write_lock
from ragbot.types import Hit

Harm = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small knowledge base of two revisions; tests work on copies."""
    folder = tmp_path_factory.mktemp("whole")
    shop = write(folder / "shop", lamp="# Lamps\n\nA lamp may be returned.", parcel="A parcel travels.")
    with open_quick(folder / "kb", HashedEmbedder(dimension=8)) as kb:
        quick_sync(kb, shop)
        quick_sync(kb, write(shop, hub="The hub has a button."))
    return folder / "kb"


@pytest.fixture(scope="module")
def expected(whole: Path) -> list[Hit]:
    return found(whole)


@pytest.fixture
def kb(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "kb"))


def found(folder: Path) -> list[Hit]:
    with open_quick(folder, HashedEmbedder(dimension=8)) as kb:
        return kb.search("lamp parcel hub", k=10)


def generation(folder: Path) -> Path:
    return folder / "generations" / (folder / "CURRENT").read_text().split()[0]


def derived(folder: Path) -> list[Path]:
    """All files of the current generation, of its segments and of its words."""
    manifest = json.loads((generation(folder) / "manifest.json").read_bytes())
    places = [generation(folder), *(folder / "segments" / name for name, _ in manifest["segments"])]
    words = [folder / "words" / name for name in manifest["words"]["files"].values()]
    return sorted([*words, *(path for place in places for path in place.rglob("*") if path.is_file())])


@contextlib.contextmanager
def flipped(path: Path, place: int, bits: int) -> Iterator[None]:
    """One byte changed in place, and changed back."""
    flip(path, place, bits)
    yield
    flip(path, place, bits)


def flip(path: Path, place: int, bits: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bits]))


def test_every_byte_of_the_pointer_and_the_manifest_counts(kb: Path) -> None:
    """No flip of any one byte passes for the published generation."""
    chance = random.Random(1)
    for path in (kb / "CURRENT", generation(kb) / "manifest.json"):
        for place in range(path.stat().st_size):
            with flipped(path, place, 1 << chance.randrange(8)), pytest.raises(Damaged):
                publish.load(kb)
    publish.load(kb)


def test_every_byte_of_the_data_counts(kb: Path) -> None:
    """First, last, and some hundred bytes between of every file."""
    chance = random.Random(2)
    for path in derived(kb):
        size = path.stat().st_size
        for place in {0, size - 1, *(chance.randrange(size) for _ in range(60))}:
            with flipped(path, place, 1 << chance.randrange(8)), pytest.raises(Damaged):
                publish.load(kb)
    publish.load(kb)


def test_every_piece_of_a_large_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are hashed in many pieces: a flip in any of them, and a piece too many or too few, is noticed."""
    monkeypatch.setattr(segment, "_PIECE", 100)
    with open_quick(tmp_path / "kb", HashedEmbedder(dimension=8)) as opened:
        quick_sync(
            opened, write(tmp_path / "shop", lamp="A lamp may be returned.", hub="The hub has a button.")
        )
    for path in derived(tmp_path / "kb"):
        if path.suffix in (".npy", ".faiss") and path.parent.parent.name == "segments":
            size = path.stat().st_size
            assert size > 100, "several pieces"
            for place in range(0, size, 50):
                with flipped(path, place, 8), pytest.raises(Damaged):
                    publish.load(tmp_path / "kb")
            content = path.read_bytes()
            for changed in (content + bytes(100), content[:-100], content[: size // 100 * 100]):
                path.write_bytes(changed)
                with pytest.raises(Damaged):
                    publish.load(tmp_path / "kb")
            path.write_bytes(content)
    publish.load(tmp_path / "kb")


def test_a_flip_is_repaired_and_search_is_as_before(whole: Path, expected: list[Hit], tmp_path: Path) -> None:
    """Opening after a flip in each file publishes a new generation, equal in all it finds."""
    for number, name in enumerate(["CURRENT", *(str(path.relative_to(whole)) for path in derived(whole))]):
        kb = Path(shutil.copytree(whole, tmp_path / str(number)))
        flip(kb / name, number * 7 % (kb / name).stat().st_size, 4)
        before = (kb / "CURRENT").read_bytes()
        assert found(kb) == expected, name
        assert (kb / "CURRENT").read_bytes() != before
        with open_quick(kb) as opened:
            assert opened.check() == []


@pytest.mark.slow
def test_every_byte_is_repaired(kb: Path, whole: Path, expected: list[Hit]) -> None:
    """The same for each byte of CURRENT and the manifest, and many of the data."""
    chance = random.Random(4)
    for name in [path.relative_to(kb) for path in (kb / "CURRENT", *derived(kb))]:
        size = (kb / name).stat().st_size
        some = (
            range(size) if name.suffix in ("", ".json") else {0, size - 1, *chance.choices(range(size), k=30)}
        )
        for place in some:
            flip(kb / name, place, 1 << chance.randrange(8))
            assert found(kb) == expected
            shutil.rmtree(kb)
            shutil.copytree(whole, kb)


HARMS: dict[str, Harm] = {
    "no CURRENT": lambda kb: (kb / "CURRENT").unlink(),
    "empty CURRENT": lambda kb: (kb / "CURRENT").write_bytes(b""),
    "CURRENT of two lines": lambda kb: (kb / "CURRENT").write_bytes((kb / "CURRENT").read_bytes() * 2),
    "CURRENT without its line end": lambda kb: (kb / "CURRENT").write_bytes((kb / "CURRENT").read_bytes()[:-1]),
    "CURRENT points out": lambda kb: (kb / "CURRENT").write_bytes(b"../../00000001-aaaaaaaa " + b"0" * 64 + b"\n"),
    "no segments": lambda kb: shutil.rmtree(kb / "segments"),
    "no words": lambda kb: shutil.rmtree(kb / "words"),
    "no generations": lambda kb: shutil.rmtree(kb / "generations"),
    "another generation": lambda kb: (kb / "CURRENT").write_bytes(
        (kb / "CURRENT").read_bytes().replace(b"00000002-", b"00000001-")
    ),
    "a leftover": lambda kb: (kb / "CURRENT.new").write_bytes(b"half"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_whatever_is_derived_is_made_again(kb: Path, expected: list[Hit], harm: str) -> None:
    """Opening works, search is as before, and the stores agree."""
    HARMS[harm](kb)
    assert found(kb) == expected
    with open_quick(kb) as opened:
        assert opened.check() == []


@pytest.mark.parametrize("change", ["deleted", "emptied", "cut", "longer"])
def test_every_derived_file_may_be_missing_or_of_another_length(
    whole: Path, expected: list[Hit], tmp_path: Path, change: str
) -> None:
    """One file at a time."""
    for number in range(len(derived(whole))):
        kb = Path(shutil.copytree(whole, tmp_path / str(number)))
        path = derived(kb)[number]
        content = path.read_bytes()
        path.unlink()
        if change != "deleted":
            path.write_bytes({"emptied": b"", "cut": content[:-1], "longer": content + b"\0"}[change])
        assert found(kb) == expected


def test_an_older_generation_is_stale(kb: Path, expected: list[Hit]) -> None:
    """A CURRENT restored from a backup names a whole generation of an older revision: made again."""
    (older,) = [each for each in (kb / "generations").iterdir() if each.name.startswith("00000001-")]
    digest = hashlib.sha256((older / "manifest.json").read_bytes()).hexdigest()
    (kb / "CURRENT").write_text(f"{older.name} {digest}\n")
    assert found(kb) == expected


def test_a_generation_of_another_history_is_not_trusted(whole: Path, tmp_path: Path) -> None:
    """kb.sqlite replaced by another one at the same revision: what is found is what it holds."""
    shop = write(tmp_path / "shop", sofa="A sofa is heavy.")
    with open_quick(tmp_path / "other", HashedEmbedder(dimension=8)) as other:
        quick_sync(other, shop)
        quick_sync(other, write(shop, desk="A desk is light."))
    kb = Path(shutil.copytree(whole, tmp_path / "kb"))
    shutil.copy(tmp_path / "other" / "kb.sqlite", kb / "kb.sqlite")
    assert {hit.chunk.source for hit in found(kb)} == {"shop/sofa.md", "shop/desk.md"}


def test_damage_while_another_process_writes(kb: Path, expected: list[Hit]) -> None:
    """A reader that may not repair builds in memory from the store's snapshot."""
    (kb / "CURRENT").unlink()
    with write_lock(kb, 0.0):
        assert found(kb) == expected
    assert not (kb / "CURRENT").exists()


def test_a_running_reader_outlives_the_derived_files(kb: Path, expected: list[Hit]) -> None:
    """Everything derived is deleted under an open knowledge base: it goes on, and repairs."""
    with open_quick(kb, HashedEmbedder(dimension=8)) as opened:
        assert opened.search("lamp parcel hub", k=10) == expected
        shutil.rmtree(kb / "generations")
        shutil.rmtree(kb / "segments")
        shutil.rmtree(kb / "words")
        assert opened.search("lamp parcel hub", k=10) == expected
        (kb / "CURRENT").unlink()
        assert opened.search("lamp parcel hub", k=10) == expected
        assert (kb / "CURRENT").exists()


def use(folder: Path) -> None:
    """Everything a reader does; only our own errors may come out."""
    try:
        with open_quick(folder, HashedEmbedder(dimension=8)) as kb:
            kb.check()
            kb.search("lamp parcel hub", k=10)
            kb.documents()
            kb.stats()
    except KnowledgeBaseError as error:
        assert "kb.sqlite" in str(error) or "damaged" in str(error)  # noqa: PT017 - most flips raise nothing


def test_a_damaged_store_never_crashes(whole: Path, tmp_path: Path) -> None:
    """Bytes of kb.sqlite flipped or cut off: an answer or a `KnowledgeBaseError`, with derived files or without."""
    content = (whole / "kb.sqlite").read_bytes()
    chance = random.Random(3)
    for number in range(100):
        kb = tmp_path / str(number)
        kb.mkdir()
        if number % 2:
            shutil.copytree(whole / "generations", kb / "generations")
            shutil.copytree(whole / "segments", kb / "segments")
            shutil.copytree(whole / "words", kb / "words")
            shutil.copy(whole / "CURRENT", kb / "CURRENT")
        changed = bytearray(content)
        if number % 10 == 0:
            del changed[chance.randrange(len(changed)) :]
        for _ in range(chance.choice([1, 1, 20])):
            if changed:
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        (kb / "kb.sqlite").write_bytes(changed)
        use(kb)


def test_check_names_what_does_not_agree(kb: Path) -> None:
    """Rows changed behind its back are found: text that is not at its offsets, vectors of the wrong length."""
    connection = sqlite3.connect(kb / "kb.sqlite")
    with connection:
        connection.execute("UPDATE chunks SET start = start + 1 WHERE row = 1")
        connection.execute(
            "UPDATE embeddings SET vector = x'00' WHERE key = (SELECT vector_key FROM chunks WHERE row = 2)"
        )
        connection.execute("UPDATE chunks SET id = 'other' WHERE row = 3")
    connection.close()
    with open_quick(kb, HashedEmbedder(dimension=8)) as opened:
        problems = "\n".join(opened.check())
    assert "a passage is not the text at" in problems
    assert "no vector of dimension 8" in problems
    assert "other passages than kb.sqlite" in problems


def test_a_rebuild_repairs_damaged_rows(tmp_path: Path) -> None:
    """Vectors and passages that `check` complains of are made again from the files."""
    shop = write(tmp_path / "shop", lamp="A lamp may be returned.", parcel="A parcel travels.")
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)
    connection = sqlite3.connect(tmp_path / "kb" / "kb.sqlite")
    with connection:
        connection.execute("UPDATE embeddings SET vector = x'00' WHERE rowid = 1")
        connection.execute("UPDATE chunks SET start = 3")
    connection.close()
    with open_quick(tmp_path / "kb") as kb:
        assert len(kb.check()) == 3
        assert quick_sync(kb, shop, rebuild=True).embedded == 1
        assert kb.check() == []
    (tmp_path / "kb" / "CURRENT").unlink()
    with open_quick(tmp_path / "kb") as kb:
        assert kb.search("lamp", k=1)[0].chunk.source == "shop/lamp.md"
