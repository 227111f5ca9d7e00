"""A sync that is killed anywhere: what was acknowledged stays, nothing half is seen, the next one completes."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drive import Driver, driver, seen, stock
from quick import open_quick, write

from ragbot.ingest.sync import STEPS


@pytest.fixture(scope="module")
def driven() -> Iterator[Driver]:
    with driver() as process:
        yield process


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_the_first_sync(driven: Driver, tmp_path: Path, step: str) -> None:
    """The knowledge base opens, holds nothing or all, and the next sync completes."""
    shop, kb = tmp_path / "shop", tmp_path / "kb"
    expected = stock(shop, 1)
    assert driven.ask(do="sync", kb=kb, shop=shop, step=step) == {"signal": signal.SIGKILL}
    assert seen(kb) in ((set(), set()), (expected, {"v1"}))
    assert driven.ask(do="sync", kb=kb, shop=shop) == {"chunks": 12}
    assert seen(kb) == (expected, {"v1"})


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_of_a_later_sync(driven: Driver, tmp_path: Path, step: str) -> None:
    """Readers see the acknowledged version or the next, whole; the next sync completes."""
    shop, kb = tmp_path / "shop", tmp_path / "kb"
    before = stock(shop, 1)
    driven.ask(do="sync", kb=kb, shop=shop)
    after = stock(shop, 2)
    assert driven.ask(do="sync", kb=kb, shop=shop, step=step) == {"signal": signal.SIGKILL}
    visible = STEPS.index(step) >= STEPS.index("committed")
    assert seen(kb) == ((after, {"v2"}) if visible else (before, {"v1"}))
    assert driven.ask(do="sync", kb=kb, shop=shop) == {"chunks": 12}
    assert seen(kb) == (after, {"v2"})


def random_kills(driven: Driver, folder: Path, kills: int, size: int) -> int:
    """Kill syncs after delays spread over what one takes; returns how many died."""
    shop, kb = folder / "shop", folder / "kb"
    versions = {1: stock(shop, 1, size)}
    driven.ask(do="sync", kb=kb, shop=shop)
    took = []
    for version in (2, 3, 4):
        versions = {version: stock(shop, version, size)}
        started = time.monotonic()
        driven.ask(do="sync", kb=kb, shop=shop)
        took.append(time.monotonic() - started)
    chance, died, acknowledged = random.Random(20), 0, 4
    for version in range(5, 5 + kills):
        versions[version] = stock(shop, version, size)
        answer = driven.ask(do="sync", kb=kb, shop=shop, delay=chance.uniform(0, min(took)))
        died += answer == {"signal": signal.SIGKILL}
        sources, found = seen(kb)
        (number,) = (int(name[1:]) for name in found)
        assert number in ((version,) if "chunks" in answer else (acknowledged, version))
        assert sources == versions[number]
        acknowledged = number
    assert driven.ask(do="sync", kb=kb, shop=shop) == {"chunks": size}
    assert seen(kb) == (versions[version], {f"v{version}"})
    return died


def test_killed_at_random_moments(driven: Driver, tmp_path: Path) -> None:
    """After each of 50 kills the last acknowledged version, or the next one, is there as a whole."""
    assert random_kills(driven, tmp_path, 50, 12) >= 25


@pytest.mark.slow
def test_killed_at_many_random_moments_of_a_larger_sync(driven: Driver, tmp_path: Path) -> None:
    """The same with several batches to a sync."""
    assert random_kills(driven, tmp_path, 40, 400) >= 20


@pytest.mark.parametrize("step", STEPS[STEPS.index("staged") :])
def test_killed_with_several_segments(driven: Driver, tmp_path: Path, step: str) -> None:
    """A large segment is shared by the generations before and after: killed in between, neither loses it."""
    shop, kb = tmp_path / "shop", tmp_path / "kb"
    write(shop, lamp="A lamp may be returned.")
    stock = [f"{number},item{number}" for number in range(2100)]
    (shop / "stock.csv").write_text("\n".join(["number,text", *stock]), encoding="utf-8")
    driven.ask(do="sync", kb=kb, shop=shop)
    for number in range(2):
        write(shop, lamp=f"A lamp shines, number {number}.")
        assert driven.ask(do="sync", kb=kb, shop=shop, step=step) == {"signal": signal.SIGKILL}
        with open_quick(kb) as opened:
            assert opened.check() == []
            assert opened.generations.get().size == 2101
        assert driven.ask(do="sync", kb=kb, shop=shop) == {"chunks": 2101}
        with open_quick(kb) as opened:
            assert len(opened.generations.get().segments) == 2
            assert opened.search("lamp", k=1)[0].chunk.text == f"A lamp shines, number {number}."
