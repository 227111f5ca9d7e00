"""A segment: the derived indexes of some chunk rows, immutable, in a folder of its own.

    NAME/    dense.faiss, arrays.bin, and manifest.json, written last, with the SHA-256 of the pieces of both

Reading compares them all before anything is made of it. What of a segment has died since is not its
business: a generation says so. How one is made of rows and other segments is told in `merge.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.durable import sync, write
from ragbot.index import arrays
from ragbot.index.dense import Vectors
from ragbot.index.postings import KINDS, Postings
from ragbot.models.runtime import cpu_threads

FORMAT = 3
"""Version of the files; another one's are made again."""
DENSE, ARRAYS, MANIFEST = "dense.faiss", "arrays.bin", "manifest.json"

_PIECE = 1 << 26
"""Bytes that are hashed as one, so that threads share the work on a large file."""

KIND_OF = {"rows": "<i8", "documents": "<i8", "lengths": "<u4", "bounds": "<f4"} | {
    f"{side}.{name}": kind for side in ("words", "labels") for name, kind in KINDS.items()
}
"""The arrays of a segment and their types, in the order of the file."""


class Damaged(Exception):
    """Something derived is missing, incomplete, changed, or of another format."""


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """What the arrays of a segment say of its rows, in ascending order of the rows."""

    rows: NDArray[np.int64]
    documents: NDArray[np.int64]
    """The document's row, of each."""
    lengths: NDArray[np.uint32]
    """Weighted number of terms, in `postings.UNIT`s."""
    words: Postings
    labels: Postings
    bounds: NDArray[np.float32]
    """For each word the most that its saturated frequency is, at the mean length; empty in a block."""

    @classmethod
    def of(cls, found: dict[str, NDArray[Any]]) -> Passages:
        """From arrays named as in `KIND_OF`. Raises `ValueError` where they do not fit together."""
        sides = [
            Postings(**{name: found[f"{side}.{name}"] for name in KINDS}) for side in ("words", "labels")
        ]
        own = {name: found[name] for name in ("rows", "documents", "lengths", "bounds")}
        made = cls(**own, words=sides[0], labels=sides[1])
        if len({len(made.rows), len(made.documents), len(made.lengths)}) != 1:
            raise ValueError("arrays of different lengths")
        return made

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays, named as in `KIND_OF`."""
        own = {name: getattr(self, name) for name in ("rows", "documents", "lengths", "bounds")}
        for side in ("words", "labels"):
            own |= {f"{side}.{name}": array for name, array in getattr(self, side).arrays().items()}
        return {name: own[name] for name in KIND_OF}


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A segment on disk, loaded and checked."""

    place: Path
    sha256: str
    """Of its manifest: its identity."""
    passages: Passages
    mean: float
    """Mean of `passages.lengths`."""
    vectors: Vectors
    home: object = None
    """Keeps a temporary folder there as long as the segment is used."""

    def __len__(self) -> int:
        return len(self.passages.rows)


def read(place: Path, sha256: str, home: object = None) -> Segment:
    """The segment in a folder, every byte checked, its manifest against `sha256`. Raises `Damaged`."""
    content = bytes(contents(place / MANIFEST))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged(f"{place.name}/{MANIFEST} is not the one referred to")
    try:
        manifest = json.loads(content)
        if manifest["format"] != FORMAT:
            raise Damaged(f"{place.name} has format {manifest['format']}, not {FORMAT}")
        dense, arrayed = _checked(place, manifest["files"])
        passages = Passages.of(arrays.views(arrayed, manifest["layout"]))
        segment = Segment(place, sha256, passages, float(manifest["mean"]), Vectors.read(dense), home)
    except (LookupError, ValueError, TypeError, RuntimeError, EOFError) as error:
        raise Damaged(f"{place.name} cannot be understood: {error!r}") from error
    if len(segment.vectors) != len(segment):
        raise Damaged(f"{place.name} has {len(segment)} passages and {len(segment.vectors)} vectors")
    return segment


def seal(place: Path, layout: arrays.Layout, mean: float, home: object = None) -> Segment:
    """Write the manifest over the files in `place`, make all of it durable, and read it back."""
    files = {}
    for name in (DENSE, ARRAYS):
        files[name] = _hashes([contents(place / name)])
        sync(place / name)
    manifest = {"format": FORMAT, "mean": mean, "layout": [list(each) for each in layout], "files": files}
    written = json.dumps(manifest, sort_keys=True).encode()
    write(place / MANIFEST, written)
    sync(place)
    sync(place.parent)
    return read(place, hashlib.sha256(written).hexdigest(), home)


def contents(path: Path) -> memoryview:
    """The bytes of a derived file. Raises `Damaged` where there are none."""
    try:
        return arrays.mapped(path)
    except OSError as error:
        raise Damaged(f"{path.name} cannot be read: {error.strerror}") from error


def _checked(place: Path, files: dict[str, list[str]]) -> list[memoryview]:
    """The bytes of the two files, if their hashes are those of the manifest."""
    found = [contents(place / name) for name in (DENSE, ARRAYS)]
    if _hashes(found) != [*files[DENSE], *files[ARRAYS]]:
        raise Damaged(f"{place.name}: {DENSE} or {ARRAYS} is damaged")
    return found


def _hashes(files: Sequence[memoryview]) -> list[str]:
    """The SHA-256 of each piece of each file, the pieces of one after those of the other; an empty file has one."""
    pieces = [
        content[start : start + _PIECE]
        for content in files
        for start in range(0, max(1, len(content)), _PIECE)
    ]
    with ThreadPoolExecutor(min(len(pieces), cpu_threads(0))) as pool:  # hashing lets other threads run
        return list(pool.map(lambda piece: hashlib.sha256(piece).hexdigest(), pieces))
