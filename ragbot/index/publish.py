"""Generations on disk: written beside each other, made current by one rename, never trusted unchecked.

    segments/NAME/       vectors, which several generations may share: see `segment.py`
    words/SHA-256        files of words, which several generations may share: see `lexical.py`
    generations/NAME/    dead.npy, and manifest.json, written last, which names all of those by their hashes
    CURRENT              one line: NAME and the SHA-256 of its manifest
    PREVIEW              the same for what is previewed, while there is a preview

Reading compares each file's hash before anything is made of it; a segment or a file of words that the reader holds
already, known by its hash, is not read again.
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

from ragbot.durable import sync, write
from ragbot.index import segment
from ragbot.index.generation import SEGMENTS, WORDS, Generation
from ragbot.index.lexical import Snapshot
from ragbot.index.segment import FORMAT, MANIFEST, Damaged, contents

CURRENT = "CURRENT"
PREVIEW = "PREVIEW"
FOLDER = "generations"
KEPT = 3
"""How many generations stay: the current one and two before it, for readers in the middle of opening one."""

_LINE = re.compile(rb"([0-9]{8,}-[0-9a-f]{8}) ([0-9a-f]{64})\n")
_DEAD = "dead.npy"

Token = tuple[int, int, int]
Step = Callable[[str], None]


def token(folder: Path, pointer: str = CURRENT) -> Token | None:
    """What changes when another generation is published; None where none is. One `stat`."""
    try:
        found = os.stat(folder / pointer)  # noqa: PTH116 - the cheapest call there is, once per search
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _named_by(folder: Path, pointer: str) -> tuple[str, str]:
    match = _LINE.fullmatch(contents(folder / pointer))
    if match is None:
        raise Damaged(f"{pointer} is not one line of a name and a hash")
    return match.group(1).decode(), match.group(2).decode()


def load(folder: Path, held: Generation | None = None, pointer: str = CURRENT) -> Generation:
    """The generation that `pointer` names, every byte checked but those of files which `held` has.

    Raises `Damaged`.
    """
    name, manifest_hash = _named_by(folder, pointer)
    place = folder / FOLDER / name
    content = bytes(contents(place / MANIFEST))
    if hashlib.sha256(content).hexdigest() != manifest_hash:
        raise Damaged(f"{name}/{MANIFEST} is not the published one")
    known = {(each.place, each.sha256): each for each in held.segments} if held else {}
    try:
        manifest = json.loads(content)
        if manifest["format"] != FORMAT:
            raise Damaged(f"{name} has format {manifest['format']}, not {FORMAT}")
        words = _words(folder / WORDS, manifest["words"], held)
        return _read(place, manifest, known, words)
    except (LookupError, ValueError, TypeError, RuntimeError, EOFError) as error:
        raise Damaged(f"{name} cannot be understood: {error!r}") from error


def _read(
    place: Path, manifest: dict[str, Any], known: dict[tuple[Path, str], segment.Segment], words: Snapshot
) -> Generation:
    dead = bytes(contents(place / _DEAD))
    if hashlib.sha256(dead).hexdigest() != manifest["dead"]:
        raise Damaged(f"{place.name}/{_DEAD} is damaged")
    segments = []
    for name, sha256 in manifest["segments"]:
        where = place.parents[1] / SEGMENTS / name
        segments.append(known.get((where, sha256)) or segment.read(where, sha256))
    generation = Generation(
        **{key: manifest[key] for key in ("revision", "stamp", "embedder", "terms", "digest")},
        segments=tuple(segments),
        words=words,
        dead=np.load(io.BytesIO(dead), allow_pickle=False),
    )
    if generation.size != manifest["chunks"]:
        raise Damaged(f"{place.name} has {generation.size} passages, not {manifest['chunks']}")
    if len(generation.lexical) != generation.size:
        raise Damaged(f"{place.name} has words of {len(generation.lexical)} passages, not {generation.size}")
    return generation


def _words(pool: Path, manifest: dict[str, Any], held: Generation | None) -> Snapshot:
    """The snapshot of a manifest, each of its files checked."""
    known = set(held.words.files.values()) if held else set()
    files = {name: pool / sha256 for name, sha256 in manifest["files"].items()}
    for place in files.values():
        if place not in known and hashlib.sha256(contents(place)).hexdigest() != place.name:
            raise Damaged(f"{WORDS}/{place.name} is damaged")
    return Snapshot(manifest["meta"], files)


def holds(folder: Path, generation: Generation) -> bool:
    """Whether all files of `generation` lie in `folder`, so that it can be published there."""
    return all(
        each.place.parent == folder / SEGMENTS and (each.place / MANIFEST).is_file()
        for each in generation.segments
    ) and all(each.parent == folder / WORDS and each.is_file() for each in generation.words.files.values())


def publish(folder: Path, generation: Generation, step: Step, pointer: str = CURRENT) -> None:
    """Write `generation`, whose files are in place, beside the others and make `pointer` name it.

    The caller holds the writer's lock. Raises `OSError`.
    """
    name = f"{generation.revision:08d}-{secrets.token_hex(4)}"
    place = folder / FOLDER / name
    place.mkdir(parents=True)
    buffer = io.BytesIO()
    np.save(buffer, generation.dead, allow_pickle=False)
    write(place / _DEAD, buffer.getvalue())
    step("files written")
    manifest = json.dumps(
        _manifest(generation, hashlib.sha256(buffer.getvalue()).hexdigest()), indent=1, sort_keys=True
    ).encode()
    write(place / MANIFEST, manifest)
    for changed in (place, place.parent, folder):
        sync(changed)
    step("generation written")
    beside = folder / f"{pointer}.new"
    write(beside, f"{name} {hashlib.sha256(manifest).hexdigest()}\n".encode())
    beside.replace(folder / pointer)
    sync(folder)
    step("published")


def _manifest(generation: Generation, dead: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "revision": generation.revision,
        "stamp": generation.stamp,
        "embedder": generation.embedder,
        "terms": generation.terms,
        "digest": generation.digest,
        "chunks": generation.size,
        "dead": dead,
        "segments": [[each.place.name, each.sha256] for each in generation.segments],
        "words": {
            "meta": generation.words.meta,
            "files": {name: place.name for name, place in generation.words.files.items()},
        },
    }


def withdraw(folder: Path) -> None:
    """Let nothing be the previewed generation any more, and remove it; what only it had goes with the next `sweep`.

    The caller holds the writer's lock.
    """
    with contextlib.suppress(Damaged):
        shutil.rmtree(folder / FOLDER / _named_by(folder, PREVIEW)[0], ignore_errors=True)
    (folder / PREVIEW).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove all generations but the current one, the previewed one and the newest others, `KEPT` in all beside the
    previewed one, the segments and files of words that none of them has, and what killed runs left. The caller holds
    the writer's lock.
    """
    for pointer in (CURRENT, PREVIEW):
        (folder / f"{pointer}.new").unlink(missing_ok=True)
    try:
        named = {_named_by(folder, CURRENT)[0]}
    except Damaged:
        return
    with contextlib.suppress(Damaged):
        named.add(_named_by(folder, PREVIEW)[0])
    others = [each for each in (folder / FOLDER).iterdir() if each.name not in named]
    complete = [each for each in others if (each / MANIFEST).is_file()]
    complete.sort(key=lambda each: (each / MANIFEST).stat().st_mtime_ns, reverse=True)
    kept = complete[: KEPT - 1]
    for each in set(others) - set(kept):
        shutil.rmtree(each, ignore_errors=True)
    places = (*kept, *(folder / FOLDER / name for name in named))
    used = {name for each in places for name in _named(each)}
    for shared in (folder / SEGMENTS, folder / WORDS):
        for each in shared.iterdir() if shared.is_dir() else ():
            if each.name in used:
                continue
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)


def _named(place: Path) -> set[str]:
    """The names of a generation's segments and files of words; none where its manifest cannot be read: it cannot be
    opened either."""
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        return {name for name, _ in manifest["segments"]} | set(manifest["words"]["files"].values())
    except (OSError, LookupError, ValueError, TypeError, AttributeError):
        return set()
