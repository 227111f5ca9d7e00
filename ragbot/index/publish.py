"""Generations on disk: written beside each other, made current by one rename, never trusted unchecked.

    generations/NAME/    the arrays, and manifest.json, written last, with the SHA-256 of each file
    CURRENT              one line: NAME and the SHA-256 of its manifest

Reading takes each file's bytes once and compares their hash before anything is made of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.index.dense import Dense
from ragbot.index.generation import Generation
from ragbot.index.lexical import Lexical

FORMAT = 1
"""Version of the files below; another one's are rebuilt."""
CURRENT = "CURRENT"
FOLDER = "generations"
KEPT = 3
"""How many generations stay: the current one and two before it, for readers in the middle of opening one."""

_LINE = re.compile(rb"([0-9]{8,}-[0-9a-f]{8}) ([0-9a-f]{64})\n")
_LEXICAL = ("vocabulary.txt", "offsets.npy", "positions.npy", "frequencies.npy", "lengths.npy")
_PATHS = ("rows.npy", "documents.npy", "dense.faiss", *(f"lexical/{name}" for name in _LEXICAL))

Token = tuple[int, int, int]
Step = Callable[[str], None]


class Damaged(Exception):
    """A generation on disk is missing, incomplete, changed, or of another format."""


def token(folder: Path) -> Token | None:
    """What changes when another generation is published; None where none is. One `stat`."""
    try:
        found = os.stat(folder / CURRENT)  # noqa: PTH116 - the cheapest call there is, once per search
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _current(folder: Path) -> tuple[str, str]:
    match = _LINE.fullmatch(_bytes(folder / CURRENT))
    if match is None:
        raise Damaged(f"{CURRENT} is not one line of a name and a hash")
    return match.group(1).decode(), match.group(2).decode()


def load(folder: Path) -> Generation:
    """The current generation, every byte checked. Raises `Damaged`."""
    name, manifest_hash = _current(folder)
    place = folder / FOLDER / name
    content = _bytes(place / "manifest.json")
    if hashlib.sha256(content).hexdigest() != manifest_hash:
        raise Damaged(f"{name}/manifest.json is not the published one")
    try:
        return _read(place, json.loads(content))
    except (LookupError, ValueError, TypeError, RuntimeError, EOFError) as error:
        raise Damaged(f"{name} cannot be understood: {error!r}") from error


def _read(place: Path, manifest: dict[str, Any]) -> Generation:
    if manifest["format"] != FORMAT:
        raise Damaged(f"{place.name} has format {manifest['format']}, not {FORMAT}")
    files: dict[str, bytes] = {}
    for path in _PATHS:
        files[path] = _bytes(place / path)
        if hashlib.sha256(files[path]).hexdigest() != manifest["files"][path]["sha256"]:
            raise Damaged(f"{place.name}/{path} is damaged")
    generation = Generation(
        **{key: manifest[key] for key in ("revision", "stamp", "embedder", "terms", "digest")},
        rows=_array(files["rows.npy"]),
        documents=_array(files["documents.npy"]),
        dense=Dense.from_bytes(files["dense.faiss"]),
        lexical=Lexical.from_files({name: files[f"lexical/{name}"] for name in _LEXICAL}),
    )
    sizes = {len(generation.rows), len(generation.documents), len(generation.dense), len(generation.lexical)}
    if sizes != {manifest["chunks"]}:
        raise Damaged(f"{place.name} has sides of different sizes {sorted(sizes)}")
    return generation


def publish(folder: Path, generation: Generation, step: Step) -> None:
    """Write `generation` beside the others and make it current. The caller holds the writer's lock."""
    name = f"{generation.revision:08d}-{secrets.token_hex(4)}"
    place = folder / FOLDER / name
    (place / "lexical").mkdir(parents=True)
    files = _files(generation)
    for path, content in files.items():
        _write(place / path, content)
    step("files written")
    manifest = json.dumps(_manifest(generation, files), indent=1, sort_keys=True).encode()
    _write(place / "manifest.json", manifest)
    for changed in (place / "lexical", place, place.parent):
        _sync_folder(changed)
    step("generation written")
    beside = folder / f"{CURRENT}.new"
    _write(beside, f"{name} {hashlib.sha256(manifest).hexdigest()}\n".encode())
    beside.replace(folder / CURRENT)
    _sync_folder(folder)
    step("published")


def sweep(folder: Path) -> None:
    """Remove all generations but the current one and the newest others, `KEPT` in all, and what killed
    runs left. The caller holds the writer's lock."""
    (folder / f"{CURRENT}.new").unlink(missing_ok=True)
    try:
        current = _current(folder)[0]
    except Damaged:
        return
    others = [each for each in (folder / FOLDER).iterdir() if each.name != current]
    complete = [each for each in others if (each / "manifest.json").is_file()]
    complete.sort(key=lambda each: (each / "manifest.json").stat().st_mtime_ns, reverse=True)
    for each in set(others) - set(complete[: KEPT - 1]):
        shutil.rmtree(each, ignore_errors=True)


def _files(generation: Generation) -> dict[str, bytes]:
    files = {
        "rows.npy": _npy(generation.rows),
        "documents.npy": _npy(generation.documents),
        "dense.faiss": generation.dense.to_bytes(),
    }
    return files | {f"lexical/{name}": content for name, content in generation.lexical.to_files().items()}


def _manifest(generation: Generation, files: dict[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "revision": generation.revision,
        "stamp": generation.stamp,
        "embedder": generation.embedder,
        "terms": generation.terms,
        "digest": generation.digest,
        "chunks": len(generation.rows),
        "documents": len(np.unique(generation.documents)),
        "dimension": generation.dense.dimension,
        "files": {
            path: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for path, content in files.items()
        },
    }


def _npy(array: NDArray[np.int64]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(content: bytes) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.load(io.BytesIO(content), allow_pickle=False)
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        os.fsync(descriptor)
