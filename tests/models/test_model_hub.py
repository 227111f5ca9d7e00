"""Pulls from a model hub: a small server on this machine that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tiny_models import make_classifier, make_cross_encoder, make_embedder, make_generator, make_gguf

from ragbot.errors import ModelDamaged, ModelError, ModelNotFound
from ragbot.models.embed import OnnxEmbedder, load_embedder
from ragbot.models.generate import load_generator
from ragbot.models.hub import locate, pull
from ragbot.models.manifest import read_manifest
from ragbot.models.readers import CrossEncoderReader
from ragbot.settings import EmbedderSettings, GeneratorSettings, ModelsSettings
from ragbot.types import Candidate, Message

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HELLO = [Message(role="user", content="how long do refunds take ?")]


class Handler(BaseHTTPRequestHandler):
    """The three calls that fetching a snapshot makes: the revision, its tree, its files."""

    server: Hub

    def do_HEAD(self) -> None:
        """Headers of a file."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """A revision, a tree, or a file."""
        self._answer(body=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append(path)
        repo = "acme/tiny"
        if path in (f"/api/models/{repo}/revision/v1", f"/api/models/{repo}/revision/{COMMIT}"):
            self._json(
                {"id": repo, "sha": COMMIT, "siblings": [self._sibling(name) for name in self.server.files]}
            )
        elif path.startswith(f"/api/models/{repo}/tree/{COMMIT}"):
            self._json([self._entry(name) for name in self.server.files])
        elif path.startswith(f"/{repo}/resolve/{COMMIT}/"):
            self._file(path.removeprefix(f"/{repo}/resolve/{COMMIT}/"), body=body)
        else:
            missing = "RevisionNotFound" if path.startswith(f"/api/models/{repo}/") else "RepoNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", missing)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _entry(self, name: str) -> dict[str, Any]:
        content = self.server.files[name]
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
        if name.endswith((".safetensors", ".gguf")):
            entry["lfs"] = {
                "oid": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "pointerSize": 130,
            }
        return entry

    def _sibling(self, name: str) -> dict[str, Any]:
        entry = self._entry(name)
        sibling = {"rfilename": name, "size": entry["size"], "blobId": entry["oid"]}
        if "lfs" in entry:
            lfs = entry["lfs"]
            sibling["lfs"] = {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}
        return sibling

    def _file(self, name: str, *, body: bool) -> None:
        content = self.server.sent.get(name, self.server.files[name])
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.sha256(self.server.files[name]).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _json(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Hub(ThreadingHTTPServer):
    """A hub with one repository, `acme/tiny`, at tag v1."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.sent: dict[str, bytes] = {}
        """Where what is sent is not what was announced."""
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def hold(self, folder: Path) -> None:
        """Offer the files of `folder`, and some that must not be taken."""
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.files |= {
            "pytorch_model.bin": b"pickle",
            "modeling_tiny.py": b"raise SystemExit",
            "onnx/model.onnx": b"o",
        }


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A running hub; this process may have gone offline before, which must not matter."""
    with Hub() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def models(tmp_path: Path) -> ModelsSettings:
    """An empty cache of one's own."""
    return ModelsSettings(cache=tmp_path / "cache")


def test_an_embedder_of_the_hub(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """Weights, configuration and tokenizer arrive at the commit behind the tag; code and pickles stay there."""
    hub.hold(make_embedder(tmp_path / "tiny"))
    folder = pull("acme/tiny@v1", models, endpoint=hub.url)
    manifest = read_manifest(folder, "acme/tiny@v1")
    assert (manifest.name, manifest.kind, manifest.revision) == ("acme/tiny@v1", "embedder", COMMIT)
    names = {path.name for path in folder.rglob("*")}
    assert "model.safetensors" in names
    assert not {"pytorch_model.bin", "modeling_tiny.py", ".cache"} & names
    asked = len(hub.asked)
    loaded = load_embedder(EmbedderSettings(model="acme/tiny@v1", device="cpu"), models)
    assert isinstance(loaded, OnnxEmbedder)
    assert loaded.name == f"acme/tiny@v1@{manifest.identity}.2"
    assert loaded.languages == frozenset()
    assert loaded.embed(["red"]).shape == (1, 32)
    assert pull("acme/tiny@v1", models, endpoint=hub.url) == locate("acme/tiny@v1", models, verify=True)
    assert len(hub.asked) == asked


def test_a_generator_and_a_classifier_of_the_hub(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """The kind is told from the configuration."""
    hub.hold(make_generator(tmp_path / "chat"))
    name = f"acme/tiny@{COMMIT}"
    assert read_manifest(pull(name, models, endpoint=hub.url), name).kind == "generator"
    assert load_generator(GeneratorSettings(model=name, device="cpu"), models).count_tokens(HELLO) > 6
    hub.hold(make_classifier(tmp_path / "nli", ("entailment", "contradiction")))
    assert read_manifest(pull("acme/tiny@v1", models, endpoint=hub.url), "acme/tiny@v1").kind == "classifier"


def test_a_cross_encoder_of_the_hub(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """It is no embedder although it has an embedder's modules.json; it loads from the cache and ranks."""
    hub.hold(make_cross_encoder(tmp_path / "cross"))
    folder = pull("acme/tiny@v1", models, endpoint=hub.url)
    assert read_manifest(folder, "acme/tiny@v1").kind == "classifier"
    assert not (folder / "model.onnx").exists()
    reader = CrossEncoderReader("acme/tiny@v1", models, device="cpu")
    read = reader.read("red", [Candidate(text="refunds"), Candidate(text="blue")])
    assert len({each.probability for each in read}) == 2


def test_gguf_of_the_hub_becomes_safetensors(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """The GGUF is converted once and goes; of several files one is named."""
    make_gguf(tmp_path / "gguf" / "tiny-q8.gguf")
    hub.hold(tmp_path / "gguf")
    hub.files["tiny-f16.gguf"] = b"another"
    with pytest.raises(ModelNotFound, match=r"2 GGUF files; name one as acme/tiny/tiny-f16\.gguf@REVISION"):
        pull("acme/tiny@v1", models, endpoint=hub.url)
    name = "acme/tiny/tiny-q8.gguf@v1"
    folder = pull(name, models, endpoint=hub.url)
    assert (folder / "model.safetensors").is_file()
    assert not list(folder.glob("*.gguf"))
    made = load_generator(GeneratorSettings(model=name, device="cpu"), models)
    assert made.context_tokens == 64
    assert list(made.stream(HELLO, max_tokens=4))


def test_what_the_hub_has_not(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """An unknown repository, revision or kind of weights is `ModelNotFound`; nothing is installed."""
    hub.files = {"config.json": b"{}", "pytorch_model.bin": b"pickle"}
    for name, message in (
        ("acme/none@v1", "does not give out"),
        ("acme/tiny@v2", "does not give out"),
        ("acme/tiny@v1", "safetensors or GGUF"),
    ):
        with pytest.raises(ModelNotFound, match=message):
            pull(name, models, endpoint=hub.url)
    assert models.cache is not None
    assert [path.name for path in models.cache.iterdir()] == [".lock"]


def test_a_file_that_is_not_what_was_announced(hub: Hub, models: ModelsSettings, tmp_path: Path) -> None:
    """Weights with another hash than the hub states are refused."""
    hub.hold(make_embedder(tmp_path / "tiny"))
    whole = hub.files["model.safetensors"]
    hub.sent["model.safetensors"] = whole[:-1] + bytes([whole[-1] ^ 1])
    with pytest.raises(ModelDamaged, match=r"model\.safetensors"):
        pull("acme/tiny@v1", models, endpoint=hub.url)
    assert models.cache is not None
    assert [path.name for path in models.cache.iterdir()] == [".lock"]


def test_no_hub_says_so(models: ModelsSettings) -> None:
    """A hub that cannot be reached is an error with the next step."""
    with pytest.raises(ModelError, match="check the network"):
        pull("acme/tiny@v1", models, endpoint="http://127.0.0.1:9")
