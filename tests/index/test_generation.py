"""Generations of several segments: equal to ones made anew in all they find, and changed at the cost of the change."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from quick import open_quick, quick_sync, write

from ragbot.index.filters import normal
from ragbot.index.generation import FALL, Generation, build, compacted, digest
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.segment import Segment

WORDS = "lamp parcel hub return card refund button cable desk sofa red green blue days weeks".split()


def page(chance: random.Random) -> str:
    """A document of one to three passages."""
    sections = [f"## {chance.choice(WORDS)}\n\n{' '.join(chance.choices(WORDS, k=9))}" for _ in range(3)]
    labels = f"---\nlabels: [{chance.choice(['staff', 'public'])}, all]\n---\n"
    return labels + "\n\n".join(sections[: chance.randint(1, 3)])


def change(shop: Path, chance: random.Random, pages: int) -> None:
    """Add, change or remove up to three of so many pages; page 0 stays."""
    write(shop, page0=page(chance))
    for number in chance.sample(range(1, pages), 3):
        path = shop / f"group{number % 3}" / f"page{number}.md"
        if path.exists() and chance.random() < 0.4:
            path.unlink()
        else:
            write(shop, **{f"group{number % 3}__page{number}": page(chance)})


def results(generation: Generation, kb: KnowledgeBase) -> list[object]:
    """What is found, by row: with each kind of filter and without, by words and by vectors. Scores of words are left
    out: what is deleted counts in them until its files are merged."""
    found: list[object] = [generation.size, generation.digest, generation.lexical.with_prefix("")]
    vectors = kb.embedder.embed(WORDS, kind="query")
    filters = [
        None,
        {"labels": "staff"},
        {"source": "shop/group1"},
        {"language": "en", "source": "shop/page0.md"},
    ]
    for each in filters:
        mask = generation.masks.get(normal(each)) if each else None
        for word, other in itertools.pairwise(WORDS):
            ranking = generation.lexical.search({word: 1.0, other: 0.5}, 200, mask)
            found.append(sorted(int(generation.rows[position]) for position, _ in ranking))
            found.append(generation.lexical.idf(word))
        for nearest in generation.dense.search(vectors, 200, mask):
            rounded = {(int(generation.rows[position]), round(score, 4)) for position, score in nearest}
            found.append(sorted(rounded))
    return found


@pytest.mark.slow
def test_whatever_was_changed_it_finds_what_one_made_anew_finds(tmp_path: Path) -> None:
    """After each of many syncs, with segments that are merged and have dead rows: the same rows."""
    chance, shop = random.Random(7), tmp_path / "shop"
    chain: Generation | None = None
    most = 0
    with open_quick(tmp_path / "kb") as kb:
        for number in range(25):
            change(shop, chance, 60)
            quick_sync(kb, shop)
            with kb.store.reading() as connection:
                state = kb.store.state(connection)
                chain = build(tmp_path / "chain", connection, state, chain, small=2)
                most = max(most, len(chain.segments))
                assert chain.digest == digest(connection, state.revision)
                anew = build(tmp_path / "anew", connection, state)
                assert results(chain, kb) == results(anew, kb)
                if number % 2:
                    chain = compacted(tmp_path / "chain", connection, state, chain) or chain
                    assert results(chain, kb) == results(anew, kb)
    assert most >= 4


@pytest.mark.slow
def test_segments_stay_few(tmp_path: Path) -> None:
    """After merging, each is at least `FALL` times as large as all newer ones together, and few rows are dead."""
    chance, shop = random.Random(8), tmp_path / "shop"
    chain: Generation | None = None
    with open_quick(tmp_path / "kb") as kb:
        for _ in range(30):
            change(shop, chance, 40)
            quick_sync(kb, shop)
            with kb.store.reading() as connection:
                state = kb.store.state(connection)
                chain = build(tmp_path / "chain", connection, state, chain, small=1)
                chain = compacted(tmp_path / "chain", connection, state, chain) or chain
                assert compacted(tmp_path / "chain", connection, state, chain) is None
            assert len(chain.lexical) == chain.size
            assert chain.words.dead_share() <= 0.2
            sizes = [
                len(s) if live is None else int(live.sum())
                for s, live in zip(chain.segments, chain.live, strict=True)
            ]
            assert all(size >= FALL * sum(sizes[i + 1 :]) for i, size in enumerate(sizes))
            assert len(chain.dead) <= 0.2 * len(chain.rows)


@pytest.fixture
def large(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A knowledge base whose first segment is too large to be made again with every change."""
    lines = [f"{number},item{number} of lot {number % 7}" for number in range(2100)]
    shop = write(tmp_path / "shop", lamp="A lamp may be returned.")
    (shop / "stock.csv").write_text("\n".join(["number,text", *lines]), encoding="utf-8")
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, shop)
        yield kb


def files(segment: Segment) -> list[tuple[str, int, int]]:
    return sorted((p.name, p.stat().st_mtime_ns, p.stat().st_ino) for p in segment.place.iterdir())


def test_a_change_leaves_large_segments_alone(large: KnowledgeBase) -> None:
    """One document more is one small segment more; an open reader keeps the large one that it has in memory."""
    shop = large.folder.parent / "shop"
    with open_quick(large.folder) as reader:
        before = reader.generations.get().segments[0]
        seen, words = files(before), list(reader.generations.get().words.files.values())
        for version in ("first", "second"):
            quick_sync(large, write(shop, hub=f"The hub has a {version} button."))
            assert any(version in hit.chunk.text for hit in reader.search("hub button", k=20))
            after = reader.generations.get()
            assert after.segments[0] is before
            assert len(after.segments) == 2
            small = {p for p in after.words.files.values() if p not in words}
            assert set(words) <= set(after.words.files.values())
            assert sum(path.stat().st_size for path in small) < sum(path.stat().st_size for path in words) / 4
        assert files(before) == seen
        assert len(after.dead) == 0, "the second version was merged with the first, which is gone"
    assert large.check() == []


def test_what_is_removed_is_not_found(large: KnowledgeBase) -> None:
    """A document of a large segment that was removed leaves searches, filters, counts and idf at once."""
    shop = large.folder.parent / "shop"
    (shop / "lamp.md").unlink()
    idf = large.idf(["lamp"])["lamp"]
    report = quick_sync(large, shop)
    generation = large.generations.get()
    assert report.chunks == generation.size == len(generation.rows) - 1 == large.stats()["chunks"]
    assert all("lamp" not in hit.chunk.source for hit in large.search("a lamp may be returned", k=50))
    assert large.search("lamp", k=50, filters={"source": "shop/lamp.md"}) == []
    assert large.idf(["lamp"])["lamp"] > idf
    assert large.check() == []


def test_segments_that_nothing_needs_are_removed(large: KnowledgeBase) -> None:
    """After some changes only segments of the generations that are kept are on disk."""
    shop = large.folder.parent / "shop"
    for number in range(8):
        quick_sync(large, write(shop, hub=f"The hub has button {number}."))
    kept = {path.name for path in (large.folder / "segments").iterdir()}
    assert {segment.place.name for segment in large.generations.get().segments} <= kept
    assert len(kept) <= 4
    pool = set((large.folder / "words").iterdir())
    assert set(large.generations.get().words.files.values()) <= pool
    named = [
        json.loads(path.read_bytes())["words"] for path in large.folder.glob("generations/*/manifest.json")
    ]
    assert {path.name for path in pool} == {name for each in named for name in each["files"].values()}


def test_a_removed_segment_is_made_again(large: KnowledgeBase) -> None:
    """With the large segment's files gone, an open instance's sync and a fresh open both come out whole."""
    shop = large.folder.parent / "shop"
    for path in large.generations.get().segments[0].place.iterdir():
        path.unlink()
    quick_sync(large, write(shop, hub="The hub has a button."))
    assert large.check() == []
    with open_quick(large.folder) as fresh:
        assert fresh.generations.get().size == 2102


def test_small_changes_need_the_added_indexes_only_for_speed(large: KnowledgeBase) -> None:
    """A knowledge base made before those indexes is read and written as any, and gets them."""
    shop = large.folder.parent / "shop"
    connection = sqlite3.connect(large.folder / "kb.sqlite")
    names = ("documents_by_source", "documents_by_death")
    with connection:
        for name in names:
            connection.execute(f"DROP INDEX {name}")
    connection.close()
    with open_quick(large.folder) as kb:
        assert kb.search("lamp", k=1)[0].chunk.source == "shop/lamp.md"
        quick_sync(kb, write(shop, lamp="A lamp shines."))
        assert kb.search("lamp", k=1)[0].chunk.text == "A lamp shines."
        assert kb.check() == []
        with kb.store.reading() as connection:
            found = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")
            }
    assert set(names) <= found


def test_no_generation_is_made_of_parts_that_do_not_fit(large: KnowledgeBase) -> None:
    """Rows out of order and dead rows that no segment has are refused."""
    generation = large.generations.get()
    values = {
        name: getattr(generation, name)
        for name in ("revision", "stamp", "embedder", "terms", "digest", "words")
    }
    with pytest.raises(ValueError, match="order"):
        Generation(**values, segments=generation.segments * 2, dead=np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="no segment"):
        Generation(**values, segments=generation.segments, dead=np.array([10**9]))
