"""What previewing, publishing and rolling back cost: `python scripts/bench_preview.py KB... --work DIR`.

Each KB, such as `bench_scale.py` keeps, is copied into DIR; documents out of it are written as files, indexed, and
changed. Measured on the same change: a plain sync (the baseline), a preview, its publishing, a rollback, and what a
preview in a store of its own would begin with: SQLite's backup of kb.sqlite and hard links of the indexes. The
smallest of `--rounds`, each round with another change. `again` is a preview of what is previewed already.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ragbot.index import rows
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.settings import Settings

MEGABYTE = 1e6


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kb", type=Path, nargs="+")
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--files", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    found = [measure(each, given.work, given.files, given.rounds) for each in given.kb]
    table = Table("", *(f"{each['passages']:,.0f} passages" for each in found))
    for name in found[0]:
        if name != "passages":
            table.add_row(name, *(f"{each[name]:,.3f}" for each in found))
    Console(width=120).print(table)


def measure(source: Path, work: Path, files: int, rounds: int) -> dict[str, float]:
    """Seconds, megabytes and ratios."""
    folder, shop = work / "kb", work / "changing"
    for old in (folder, shop):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(source, folder)
    shop.mkdir()
    best: dict[str, float] = {}
    with KnowledgeBase.open(folder, settings=Settings()) as kb:
        with kb.store.reading() as connection:
            found = islice(rows.documents(connection, kb.store.state(connection).revision), files)
            texts = {f"{number:04d}.md": each.text for number, each in enumerate(found)}
        change(shop, texts, "at first")
        kb.sync(shop)
        for number in range(rounds):
            for name, seconds in one_round(kb, shop, texts, number).items():
                best[name] = min(seconds, best.get(name, seconds))
        best["list of revisions, s"] = timed(kb.revisions)
        passages = kb.generations.get().size
        copied = work / "copy"
        best["a copy of the store, s"] = timed(lambda: copy(folder, copied))
        copy_size = size(copied / "kb.sqlite")
        shutil.rmtree(copied)
        before = size(folder / "kb.sqlite")
        change(shop, texts, "at last")
        kb.preview(shop).close()
        best["store grows by a preview, MB"] = (size(folder / "kb.sqlite") - before) / MEGABYTE
    best["a copy of the store, MB"] = copy_size / MEGABYTE
    best["preview / sync"] = best["preview, s"] / best["sync, s"]
    best["copy / preview"] = best["a copy of the store, s"] / best["preview, s"]
    return {"passages": passages, **best}


def one_round(kb: KnowledgeBase, shop: Path, texts: dict[str, str], number: int) -> dict[str, float]:
    """Each way once, on a change of its own that takes as much embedding."""
    change(shop, texts, f"synced {number}")
    taken = {"sync, s": timed(lambda: kb.sync(shop))}
    change(shop, texts, f"previewed {number}")
    taken["preview, s"] = timed(lambda: kb.preview(shop).close())
    taken["preview again, s"] = timed(lambda: kb.preview(shop).close())
    taken["publish, s"] = timed(lambda: kb.previewed().publish())
    taken["rollback, s"] = timed(kb.rollback)
    return taken


def change(shop: Path, texts: dict[str, str], what: str) -> None:
    for name, text in texts.items():
        (shop / name).write_text(f"# {name}\n\n{text}\n\nThis was {what}.\n", encoding="utf-8")


def timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def copy(folder: Path, to: Path) -> None:
    """The beginning of the other way."""
    to.mkdir()
    source, target = sqlite3.connect(folder / "kb.sqlite"), sqlite3.connect(to / "kb.sqlite")
    source.backup(target)
    source.close()
    target.close()
    for shared in ("segments", "words"):
        shutil.copytree(folder / shared, to / shared, copy_function=os.link)
    descriptor = os.open(to / "kb.sqlite", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def size(file: Path) -> int:
    return sum(each.stat().st_size for each in (file, file.with_name(file.name + "-wal")) if each.exists())


if __name__ == "__main__":
    main()
