"""`embedder.model = "auto"`: a knowledge base chooses by the languages of its documents, and keeps to that."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_line import Run
from quick import DirectLoader, HashedEmbedder, write

from ragbot.doctor.knowledge import knowledge_base
from ragbot.errors import KnowledgeBaseMismatch, ModelNotFound
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.ingest import gather
from ragbot.ingest.preview import Preview, preview
from ragbot.ingest.report import SyncReport
from ragbot.ingest.sync import STEPS, sync
from ragbot.models import embed
from ragbot.models.choose import DEFAULT, ENGLISH, MULTILINGUAL, Choice, choose_embedder
from ragbot.settings import EmbedderSettings, ModelsSettings, Settings

LAMP = "# Lamps\n\nA lamp may be returned within 30 days of the day on which it was delivered."
PARCEL = "# Parcels\n\nA parcel travels for three days, and for five days if it goes to an island."
HUB = "# 路由器\n\n路由器背面有一个按钮，按住十秒即可恢复出厂设置。"
SOFA = "# 沙发\n\n沙发可以在收到货物之后的三十天之内退货，运费由本店承担。"


class Shelf:
    """The models that are there: each name with its embedder, and which of them were loaded, in order."""

    def __init__(self, *names: str) -> None:
        self.embedders = {name: HashedEmbedder(f"{name}@{number}.2") for number, name in enumerate(names)}
        self.loaded: list[str] = []

    def load(self, settings: EmbedderSettings, models: ModelsSettings) -> HashedEmbedder:
        """As `ragbot.models.embed.load_embedder`."""
        if settings.model not in self.embedders:
            raise ModelNotFound(
                f"model {settings.model} is missing; run `ragbot models pull {settings.model}`"
            )
        self.loaded.append(settings.model)
        return self.embedders[settings.model]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Both models that `auto` chooses between, and one that it never takes; nothing is set in the environment."""
    monkeypatch.setenv("RAGBOT_EMBEDDER__MODEL", "auto")
    made = Shelf(ENGLISH, MULTILINGUAL, "org/other@v1")
    monkeypatch.setattr(embed, "load_embedder", made.load)
    return made


def opened(folder: Path, model: str | None = None) -> KnowledgeBase:
    """With the default settings, or with this model named."""
    settings = Settings() if model is None else Settings(embedder=EmbedderSettings(model=model))
    return KnowledgeBase.open(folder, settings=settings)


def take_in(kb: KnowledgeBase, *paths: Path, rebuild: bool = False) -> SyncReport:
    return sync(kb, list(paths), rebuild=rebuild, loader=DirectLoader())


def look_ahead(kb: KnowledgeBase, *paths: Path, rebuild: bool = False) -> Preview:
    return preview(kb, list(paths), rebuild=rebuild, loader=DirectLoader())


def advice(kb: Path) -> list[str]:
    """What `ragbot doctor` notes about the knowledge base, which works."""
    found = [each for each in knowledge_base(kb, Settings()) if each.about == "knowledge base"]
    assert {each.level for each in found} <= {"ok", "note"}
    return [each.message for each in found if each.level == "note"]


@pytest.mark.parametrize(
    ("languages", "model"),
    [
        ({}, DEFAULT),
        ({"und": 9}, DEFAULT),
        ({"en": 7}, ENGLISH),
        ({"en": 95, "zh": 5}, ENGLISH),
        ({"en": 94, "zh": 6}, MULTILINGUAL),
        ({"en": 95, "zh": 5, "und": 50}, ENGLISH),
        ({"zh": 3}, MULTILINGUAL),
        ({"de": 1, "en": 1}, MULTILINGUAL),
    ],
)
def test_languages_choose(languages: Mapping[str, int], model: str) -> None:
    """Nearly all documents English, or not; those of unknown language do not count."""
    assert choose_embedder(languages) == model


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        ({"zh": 61, "en": 39}, "61 % zh, 39 % en"),
        ({"en": 999, "fr": 1, "und": 4}, "over 99 % en, under 1 % fr"),
        ({"en": 4, "zh": 3, "de": 1, "fr": 1, "it": 1}, "40 % en, 30 % zh, 10 % de, 20 % others"),
        ({"und": 2}, "no document whose language is known"),
    ],
)
def test_a_choice_says_why(languages: Mapping[str, int], words: str) -> None:
    """The shares of the languages, rounded, but never to all or nothing."""
    assert str(Choice(model="m", languages=languages)) == f"m (auto: {words})"


@pytest.mark.parametrize(
    ("files", "model", "why"),
    [
        ({"lamp": LAMP, "parcel": PARCEL}, ENGLISH, "100 % en"),
        ({"hub": HUB}, MULTILINGUAL, "100 % zh"),
        ({"lamp": LAMP, "hub": HUB}, MULTILINGUAL, "50 % en, 50 % zh"),
    ],
)
def test_the_first_sync_chooses(
    tmp_path: Path, shelf: Shelf, files: Mapping[str, str], model: str, why: str
) -> None:
    """By the languages of the documents; whoever opens the knowledge base later loads that model and no other."""
    with opened(tmp_path / "kb") as kb:
        report = take_in(kb, write(tmp_path / "shop", **files))
        assert report.embedder == f"{model} (auto: {why})"
        assert kb.stats()["embedder_model"] == kb.model == model
        assert kb.stats()["embedder"] == shelf.embedders[model].name
        assert kb.embedder is shelf.embedders[model]
    assert shelf.loaded == [model]
    with opened(tmp_path / "kb") as kb:
        assert kb.search("lamp 路由器 按钮")
        assert kb.load_embedder() is kb.embedder is shelf.embedders[model]
    assert shelf.loaded == [model, model]


def test_what_the_choice_read_is_not_read_again(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many files a sample, spread over all, is read first; what is too much to be kept is read twice."""
    shop = write(
        tmp_path / "shop", **{f"a{number}": LAMP for number in range(6)}, **{"b": HUB, "c": "BROKEN"}
    )
    loader = DirectLoader()
    with opened(tmp_path / "kb") as kb:
        report = sync(kb, shop, loader=loader)
        assert sorted(path.stem for path in loader.loaded) == ["a0", "a1", "a2", "a3", "a4", "a5", "b", "c"]
        assert (len(report.added), len(report.skipped)) == (7, 1)
        assert {each.source: each.text for each in kb.documents()}["shop/b.md"].startswith("路由器")
    monkeypatch.setattr(gather, "SAMPLE", 4)
    monkeypatch.setattr(gather, "KEPT_CHARACTERS", len(LAMP))
    loader = DirectLoader()
    with opened(tmp_path / "other") as kb:
        assert sync(kb, shop, loader=loader).embedder == f"{MULTILINGUAL} (auto: 75 % en, 25 % zh)"
        names = [path.stem for path in loader.loaded]
        assert names[:4] == ["a0", "a2", "a4", "b"]
        assert sorted(names[4:]) == ["a1", "a2", "a3", "a4", "a5", "b", "c"], "only the first was kept"
        assert len(kb.documents()) == 7


def test_later_documents_change_nothing_in_silence(tmp_path: Path, shelf: Shelf) -> None:
    """The choice stays; `ragbot doctor` tells when it would be another one by now, and a rebuild makes it that."""
    shop = write(tmp_path / "shop", lamp=LAMP, parcel=PARCEL)
    with opened(tmp_path / "kb") as kb:
        take_in(kb, shop)
    assert advice(tmp_path / "kb") == []
    write(shop, hub=HUB, sofa=SOFA)
    with opened(tmp_path / "kb") as kb:
        assert take_in(kb, shop).embedder == ""
        assert kb.model == ENGLISH
    (found,) = advice(tmp_path / "kb")
    assert f"{MULTILINGUAL} (auto: 50 % en, 50 % zh), it has {ENGLISH}" in found
    assert "ragbot index PATH --rebuild" in found
    with opened(tmp_path / "kb") as reader, opened(tmp_path / "kb") as kb:
        assert reader.search("lamp")
        assert take_in(kb, shop, rebuild=True).embedder == f"{MULTILINGUAL} (auto: 50 % en, 50 % zh)"
        for seen in (kb, reader):
            assert seen.model == MULTILINGUAL
            assert seen.embedder is shelf.embedders[MULTILINGUAL], "a reader that was open follows"
            assert seen.search("lamp", k=1)[0].chunk.source == "shop/lamp.md"
        assert kb.check() == []
        report = kb.rollback()
        assert (report.notes, kb.model) == ((), ENGLISH), "a rollback brings the choice back too"
        assert kb.search("lamp", k=1)[0].chunk.source == "shop/lamp.md"


def test_a_rebuild_of_a_part_counts_the_rest(tmp_path: Path, shelf: Shelf) -> None:
    """Documents of other folders, whose vectors are made anew too, have their say."""
    lamps, hubs = write(tmp_path / "lamps", lamp=LAMP), write(tmp_path / "hubs", hub=HUB, sofa=SOFA)
    with opened(tmp_path / "kb") as kb:
        take_in(kb, lamps)
        take_in(kb, hubs)
        assert take_in(kb, lamps, rebuild=True).embedder == f"{MULTILINGUAL} (auto: 67 % zh, 33 % en)"
        assert kb.check() == []


def test_a_named_model_is_taken(tmp_path: Path, shelf: Shelf) -> None:
    """Whatever the languages; naming another one than the knowledge base has is an error that names the command, and
    `auto` afterwards keeps what was named until the next rebuild."""
    shop = write(tmp_path / "shop", hub=HUB)
    with opened(tmp_path / "kb", "org/other@v1") as kb:
        assert take_in(kb, shop).embedder == ""
        assert kb.stats()["embedder_model"] == "org/other@v1"
    with opened(tmp_path / "kb", ENGLISH) as kb:
        for use in (lambda: kb.search("按钮"), lambda: take_in(kb, shop)):
            with pytest.raises(
                KnowledgeBaseMismatch, match=r"set \[embedder\] back, or run `ragbot index --rebuild"
            ):
                use()
    with opened(tmp_path / "kb") as kb:
        assert kb.search("按钮")
        assert take_in(kb, shop).unchanged == ("shop/hub.md",)
        assert kb.model == "org/other@v1"
        take_in(kb, shop, rebuild=True)
        assert kb.model == MULTILINGUAL


def test_an_embedder_that_was_given_is_used(tmp_path: Path, shelf: Shelf) -> None:
    """Nothing is chosen and nothing loaded; `auto` cannot know where it came from, and says by what name it goes."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(), embedder=HashedEmbedder("mine@1")) as kb:
        assert take_in(kb, shop).embedder == ""
        assert (kb.chooses, kb.model, shelf.loaded) == (False, "", [])
    with (
        opened(tmp_path / "kb") as kb,
        pytest.raises(ModelNotFound, match=r"made with embedder mine@1: model mine is"),
    ):
        kb.search("lamp")


def test_an_empty_one_takes_the_default(tmp_path: Path, shelf: Shelf) -> None:
    """To be searched it needs a model for its languages, not a choice: that is still to come."""
    with opened(tmp_path / "kb") as kb:
        assert kb.search("lamp") == []
        assert kb.model == DEFAULT
        assert kb.stats()["embedder_model"] == ""
        take_in(kb, write(tmp_path / "shop", hub=HUB))
        assert kb.model == MULTILINGUAL


def test_a_model_that_is_missing(tmp_path: Path, shelf: Shelf) -> None:
    """The error tells why it is wanted and how to fetch it, and nothing is taken in."""
    del shelf.embedders[MULTILINGUAL]
    shop = write(tmp_path / "shop", hub=HUB)
    with opened(tmp_path / "kb") as kb:
        with pytest.raises(ModelNotFound, match=rf"\(auto: 100 % zh\).*ragbot models pull {MULTILINGUAL}"):
            take_in(kb, shop)
        assert kb.stats()["revision"] == 0
        shelf.embedders[MULTILINGUAL] = HashedEmbedder("multi@1")
        take_in(kb, shop)
    del shelf.embedders[MULTILINGUAL]
    with (
        opened(tmp_path / "kb") as kb,
        pytest.raises(ModelNotFound, match=f"ragbot models pull {MULTILINGUAL}"),
    ):
        kb.search("按钮")


def test_another_preparation_is_a_mismatch(tmp_path: Path, shelf: Shelf) -> None:
    """The same model, prepared otherwise, gives other vectors: the message names both, and a rebuild helps."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    with opened(tmp_path / "kb") as kb:
        take_in(kb, shop)
    shelf.embedders[ENGLISH] = HashedEmbedder(f"{ENGLISH}@0.3")
    with opened(tmp_path / "kb") as kb:
        words = (
            rf"{ENGLISH}@0\.2, the model of that name is by now {ENGLISH}@0\.3; run `ragbot index --rebuild"
        )
        for use in (lambda: kb.search("lamp"), lambda: take_in(kb, shop)):
            with pytest.raises(KnowledgeBaseMismatch, match=words):
                use()
        take_in(kb, shop, rebuild=True)
        assert kb.search("lamp")


class Stop(Exception):
    """Ends a sync where it stands, as a kill would."""


@pytest.mark.parametrize("step", STEPS[: STEPS.index("committed")])
def test_a_sync_that_ends_after_the_choice(tmp_path: Path, shelf: Shelf, step: str) -> None:
    """Nothing was chosen as long as nothing is visible: the documents of the next sync choose anew."""
    shop = write(tmp_path / "shop", hub=HUB, lamp=LAMP)

    def stop(reached: str) -> None:
        if reached == step:
            raise Stop

    with opened(tmp_path / "kb") as kb, pytest.raises(Stop):
        sync(kb, shop, loader=DirectLoader(), step=stop)
    again = tmp_path / "kb2"
    shutil.copytree(tmp_path / "kb", again)
    with opened(again) as kb:
        report = take_in(kb, shop)
        assert report.embedder == f"{MULTILINGUAL} (auto: 50 % en, 50 % zh)"
        assert (report.chunks, kb.check()) == (2, [])
    (shop / "hub.md").unlink()
    with opened(tmp_path / "kb") as kb:
        assert kb.stats()["embedder_model"] == ""
        assert take_in(kb, shop).embedder == f"{ENGLISH} (auto: 100 % en)"
        assert (kb.model, kb.check()) == (ENGLISH, [])
        assert [hit.chunk.source for hit in kb.search("lamp")] == ["shop/lamp.md"]


def test_a_preview_chooses_too(tmp_path: Path, shelf: Shelf) -> None:
    """Of an empty knowledge base, as its first sync would; published, the choice is the knowledge base's own."""
    shop = write(tmp_path / "shop", hub=HUB)
    with opened(tmp_path / "kb") as kb:
        with look_ahead(kb, shop) as made:
            assert made.report.embedder == f"{MULTILINGUAL} (auto: 100 % zh)"
            assert (made.kb.model, kb.model) == (MULTILINGUAL, DEFAULT)
            assert made.kb.search("按钮")
        assert kb.previewed().report == made.report
        (shop / "hub.md").unlink()
        write(shop, lamp=LAMP)
        with look_ahead(kb, shop) as made:
            assert made.kb.model == ENGLISH, "the next one chooses anew"
            made.publish()
        assert kb.model == ENGLISH
        write(shop, hub=HUB)
        with look_ahead(kb, shop, rebuild=True) as made:
            assert (made.kb.model, kb.model) == (MULTILINGUAL, ENGLISH)
            assert made.kb.search("按钮", k=1)[0].chunk.source == "shop/hub.md"
            assert kb.search("lamp", k=1)[0].chunk.source == "shop/lamp.md"
        assert take_in(kb, shop).embedder == ""
        assert kb.model == ENGLISH


def test_a_store_without_names_is_read(tmp_path: Path, shelf: Shelf) -> None:
    """One that an older ragbot made: the model is told by the name of its vectors, and written down by a writer."""
    shop = write(tmp_path / "shop", lamp=LAMP)
    with opened(tmp_path / "kb", "org/other@v1") as kb:
        take_in(kb, shop)
    connection = sqlite3.connect(tmp_path / "kb" / "kb.sqlite")
    with connection:
        connection.execute("DROP TABLE embedders")
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    with opened(tmp_path / "kb") as kb:
        assert (kb.model, kb.stats()["embedder_model"]) == ("org/other@v1", "org/other@v1")
        assert kb.search("lamp")
        assert take_in(kb, shop).unchanged == ("shop/lamp.md",)
    rows = connection.execute("SELECT embedder, model FROM embedders").fetchall()
    assert rows == [("org/other@v1@2.2", "org/other@v1")]
    assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == ("3",)
    connection.close()


def test_the_command_line_tells_the_choice(run: Run, shelf: Shelf, tmp_path: Path) -> None:
    """On stderr, and in the report; where nothing was chosen, nothing is told."""
    write(tmp_path / "shop", hub=HUB)
    told = f"{MULTILINGUAL} (auto: 100 % zh)"
    done = run("index", "shop", "--preview")
    assert (done.code, done.err) == (0, f"embedder: {told}\n")
    done = run("index", "shop", "--json")
    assert (done.code, done.err, done.json["embedder"]) == (0, f"embedder: {told}\n", told)
    done = run("index", "shop")
    assert (done.code, done.err) == (0, "")
    findings = run("doctor", "--json").json["findings"]
    assert any(f"embedder {MULTILINGUAL}" in each["message"] for each in findings)
    assert any(each["about"] == "model" and MULTILINGUAL in each["message"] for each in findings)
