"""Previewing, publishing and rolling back, killed anywhere, on a full disk, with readers: nothing is ever mixed."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drive import Driver, driver, seen, stock
from quick import open_quick

from ragbot.errors import KnowledgeBaseError
from ragbot.index import revise, rollback
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.ingest import preview

KILLED = {"signal": signal.SIGKILL}


@pytest.fixture(scope="module")
def driven() -> Iterator[Driver]:
    with driver() as process:
        yield process


@pytest.fixture(scope="module")
def reading() -> Iterator[Driver]:
    with driver() as process:
        yield process


@pytest.fixture
def places(driven: Driver, tmp_path: Path) -> dict[str, Path]:
    """A shop whose version 1 is indexed; `kb` and `shop` as the driver wants them."""
    places = {"kb": tmp_path / "kb", "shop": tmp_path / "shop"}
    stock(places["shop"], 1)
    driven.ask(do="sync", **places)
    return places


def previewed(kb: KnowledgeBase) -> tuple[set[str], set[str]] | str:
    """Sources and versions in the preview, or why there is none."""
    try:
        with kb.previewed() as made:
            hits = made.kb.search("lamp parcel version", k=1000)
            assert {hit.chunk.source for hit in hits} == {each.source for each in made.kb.documents()}
            return {hit.chunk.source for hit in hits}, {hit.chunk.text.rsplit(" ", 1)[1] for hit in hits}
    except KnowledgeBaseError as error:
        return str(error)


@pytest.mark.parametrize("step", preview.STEPS)
def test_killed_at_a_step_of_a_preview(driven: Driver, places: dict[str, Path], step: str) -> None:
    """The live version stays whole; the preview is there as a whole or not at all; the next one completes, and so
    does a sync."""
    before = seen(places["kb"])
    after = stock(places["shop"], 2)
    assert driven.ask(do="preview", step=step, **places) == KILLED
    assert seen(places["kb"]) == before
    with open_quick(places["kb"]) as kb:
        found = previewed(kb)
        if preview.STEPS.index(step) >= preview.STEPS.index("ready"):
            assert found == (after, {"v2"})
        else:
            assert isinstance(found, str)
    again = driven.ask(do="preview", **places)
    assert again["chunks"] == 12
    assert (again["embedded"] == 0) == (preview.STEPS.index(step) >= preview.STEPS.index("embedded"))
    assert seen(places["kb"]) == before
    assert driven.ask(do="publish", **places) == {"revision": 2}
    assert seen(places["kb"]) == (after, {"v2"})


@pytest.mark.parametrize("step", preview.STEPS)
def test_a_sync_after_a_killed_preview(driven: Driver, places: dict[str, Path], step: str) -> None:
    """Nothing of the preview gets into it that the files do not hold."""
    stock(places["shop"], 2)
    assert driven.ask(do="preview", step=step, **places) == KILLED
    after = stock(places["shop"], 3)
    assert driven.ask(do="sync", **places) == {"chunks": 12}
    assert seen(places["kb"]) == (after, {"v3"})
    with open_quick(places["kb"]) as kb:
        assert "no preview" in str(previewed(kb)) or "ended by" in str(previewed(kb))


@pytest.mark.parametrize("step", revise.STEPS)
def test_killed_at_a_step_of_publishing(driven: Driver, places: dict[str, Path], step: str) -> None:
    """Readers see the live version or the previewed one, whole; what is left of it can be published, or was."""
    before = seen(places["kb"])
    after = stock(places["shop"], 2)
    driven.ask(do="preview", **places)
    stock(places["shop"], 3)
    assert driven.ask(do="publish", step=step, **places) == KILLED
    published = revise.STEPS.index(step) >= revise.STEPS.index("committed")
    assert seen(places["kb"]) == ((after, {"v2"}) if published else before)
    with open_quick(places["kb"]) as kb:
        if published:
            assert "ended by its publishing" in str(previewed(kb))
            assert kb.revisions()[0].action == "publish"
        else:
            assert previewed(kb) == (after, {"v2"})
    assert driven.ask(do="sync", **places) == {"chunks": 12}
    assert seen(places["kb"])[1] == {"v3"}
    assert not (places["kb"] / "PREVIEW").exists()


@pytest.mark.parametrize("step", rollback.STEPS)
def test_killed_at_a_step_of_a_rollback(driven: Driver, places: dict[str, Path], step: str) -> None:
    """Readers see the newer version or the older one, whole; a sync brings what the files hold."""
    older = seen(places["kb"])
    stock(places["shop"], 2)
    driven.ask(do="sync", **places)
    newer = seen(places["kb"])
    assert driven.ask(do="rollback", step=step, **places) == KILLED
    back = rollback.STEPS.index(step) >= rollback.STEPS.index("committed")
    assert seen(places["kb"]) == (older if back else newer)
    assert driven.ask(do="rollback", **places) == {"chunks": 12}
    assert seen(places["kb"]) == (newer if back else older)
    assert driven.ask(do="sync", **places) == {"chunks": 12}
    assert seen(places["kb"]) == newer


@pytest.mark.slow
def test_killed_at_random_moments(driven: Driver, places: dict[str, Path]) -> None:
    """Previews, publishings, rollbacks and syncs in any order, most of them killed: one version at a time."""
    chance, died, versions = random.Random(9), 0, {"v1": seen(places["kb"])[0]}
    started = time.monotonic()
    driven.ask(do="sync", **places)
    took = time.monotonic() - started  # where nothing changed: the least that a run takes
    for version in range(2, 42):
        versions[f"v{version}"] = stock(places["shop"], version)
        for run in chance.sample(["preview", "publish", "rollback", "sync"], 2):
            delay = {"delay": chance.uniform(0, 2 * took)} if chance.random() < 0.8 else {}
            died += driven.ask(do=run, **places, **delay) == KILLED
            sources, (name,) = seen(places["kb"])
            assert sources == versions[name]
    assert died > 20


@pytest.mark.slow
def test_readers_see_one_version_while_it_is_previewed_published_and_rolled_back(
    driven: Driver, reading: Driver, places: dict[str, Path]
) -> None:
    """Two threads of another process search all the while; no search is mixed, and none fails."""
    reading.tell(do="read", kb=places["kb"], seconds=5, documents=12)
    stop, rounds = threading.Event(), []

    def work() -> None:
        version = 1
        while not stop.is_set():
            version += 1
            stock(places["shop"], version)
            driven.ask(do="preview", **places)
            driven.ask(do="publish", **places)
            driven.ask(do="rollback", **places)
            rounds.append(version)

    thread = threading.Thread(target=work)
    thread.start()
    answer = reading.hear()
    stop.set()
    thread.join()
    assert answer["problems"] == []
    assert answer["searches"] > 20
    assert rounds, "the writer got somewhere meanwhile"


@pytest.mark.parametrize("run", ["preview", "publish", "rollback"])
def test_a_full_disk_loses_nothing(driven: Driver, places: dict[str, Path], run: str) -> None:
    """What cannot be written is an error of ours; a whole version is there; with room again it works."""
    stock(places["shop"], 2, 400)
    versions = [seen(places["kb"])]
    if run == "publish":
        driven.ask(do="preview", **places)
        with open_quick(places["kb"]) as kb:
            found = previewed(kb)
            assert not isinstance(found, str)
            versions.append(found)
    elif run == "rollback":
        driven.ask(do="sync", **places)
        versions.append(seen(places["kb"]))
        driven.ask(do="sync", kb=places["kb"], shop=other(places["shop"]))
        versions.append(seen(places["kb"]))
    size = (places["kb"] / "kb.sqlite").stat().st_size
    command = {"do": run, **{name: str(path) for name, path in places.items()}}
    for limit in (5_000, size // 2, size + 5_000, 3 * size):
        answer = driven.ask(do="squeeze", run=command, bytes=limit)
        assert answer["problem"].startswith(("KnowledgeBaseError", "OK")), json.dumps(answer)
        assert seen(places["kb"]) in versions
        if answer["problem"] == "OK":
            break
    driven.ask(do="sync", **places)
    assert seen(places["kb"])[1] <= {"v2", "v9"}


def other(shop: Path) -> Path:
    """Another folder with documents of version 9."""
    folder = shop.parent / "other"
    stock(folder, 9)
    return folder
