"""One writer, many readers; and readers that may not write."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from drive import Driver, driver, seen, stock
from quick import open_quick, quick_sync


@pytest.fixture(scope="module")
def drivers() -> Iterator[list[Driver]]:
    with driver() as one, driver() as two, driver() as writer:
        yield [one, two, writer]


def write_on(writer: Driver, folder: Path, stop: threading.Event) -> int:
    """Sync version after version, each in a process of its own, until told to stop."""
    version = 1
    while not stop.is_set():
        version += 1
        stock(folder / "shop", version)
        writer.ask(do="sync", kb=folder / "kb", shop=folder / "shop")
    return version


@pytest.mark.slow
def test_readers_never_see_an_error_or_a_mixture(drivers: list[Driver], tmp_path: Path) -> None:
    """Four threads in two processes search while a third syncs: each result is of one version, whole."""
    *readers, writer = drivers
    stock(tmp_path / "shop", 1)
    writer.ask(do="sync", kb=tmp_path / "kb", shop=tmp_path / "shop")
    for reader in readers:
        reader.tell(do="read", kb=tmp_path / "kb", seconds=5, documents=12)
    stop, versions = threading.Event(), []
    work = threading.Thread(target=lambda: versions.append(write_on(writer, tmp_path, stop)))
    work.start()
    answers = [reader.hear() for reader in readers]
    stop.set()
    work.join()
    assert [answer["problems"] for answer in answers] == [[], []]
    assert all(answer["searches"] > 20 for answer in answers)
    assert versions[0] > 5, "the writer got somewhere meanwhile"
    assert seen(tmp_path / "kb")[1] == {f"v{versions[0]}"}


def test_threads_search_while_one_syncs(tmp_path: Path) -> None:
    """The same within one process and one instance."""
    shop = tmp_path / "shop"
    stock(shop, 1)
    problems: list[str] = []
    done = threading.Event()
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)

        def read() -> None:
            try:
                while not done.is_set():
                    hits = kb.search("lamp parcel version", k=100)
                    versions = {hit.chunk.text.rsplit(" ", 1)[1] for hit in hits}
                    if len(versions) != 1 or len(hits) != 12:
                        problems.append(f"{versions} in {len(hits)}")
            except BaseException as error:
                problems.append(repr(error))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for version in range(2, 10):
            stock(shop, version)
            quick_sync(kb, shop)
        done.set()
        for thread in threads:
            thread.join()
    assert problems == []


def allow_writing(folder: Path, allowed: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = (0o777 if path.is_dir() else 0o666) if allowed else (0o555 if path.is_dir() else 0o444)
        path.chmod(mode)


@pytest.mark.parametrize("harm", ["none", "index", "log"])
def test_a_folder_that_may_not_be_written_is_read(drivers: list[Driver], tmp_path: Path, harm: str) -> None:
    """Search works without write permission: as it stands, with a damaged index, with a log that was left
    behind; a sync there is an error of ours."""
    for parent in (tmp_path, *tmp_path.parents[:3]):  # pytest's folders are for their owner alone
        parent.chmod(parent.stat().st_mode | stat.S_IXOTH | stat.S_IXGRP)
    shop, kb = tmp_path / "shop", tmp_path / "kb"
    expected = stock(shop, 1)
    command = {"do": "sync", "kb": kb, "shop": shop}
    drivers[0].ask(**(command | {"step": "swept"} if harm == "log" else command))
    assert (kb / "kb.sqlite-wal").exists() == (harm == "log")
    if harm == "log":
        (kb / "kb.sqlite-shm").unlink()
    if harm == "index":
        (kb / "CURRENT").write_bytes(b"?")
    allow_writing(kb, False)
    try:
        answer = drivers[0].ask(do="look", kb=kb, shop=shop)
    finally:
        allow_writing(kb, True)
    assert set(answer["sources"]) == expected
    assert answer["problem"].startswith("KnowledgeBaseError")
    assert "cannot be written" in answer["problem"]


def test_a_full_disk_loses_nothing(drivers: list[Driver], tmp_path: Path) -> None:
    """A sync that cannot write says so; what was there is there, and the next sync completes."""
    shop, kb = tmp_path / "shop", tmp_path / "kb"
    before = stock(shop, 1)
    drivers[0].ask(do="sync", kb=kb, shop=shop)
    size = (kb / "kb.sqlite").stat().st_size
    after = stock(shop, 2, 400)
    for limit in (size // 2, size + 5_000, 3 * size, 6 * size):
        answer = drivers[0].ask(
            do="squeeze", run={"do": "sync", "kb": str(kb), "shop": str(shop)}, bytes=limit
        )
        assert answer["problem"].startswith(("KnowledgeBaseError", "OK")), json.dumps(answer)
        assert seen(kb) in ((before, {"v1"}), (after, {"v2"}))
    assert drivers[0].ask(do="sync", kb=kb, shop=shop) == {"chunks": 400}
    assert seen(kb) == (after, {"v2"})
    assert os.access(kb, os.W_OK)
