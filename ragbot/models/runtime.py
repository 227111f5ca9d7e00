"""Where models run: device, CPU threads, and the switch that keeps the libraries off the network.

It imports no heavy library by itself; torch only when a GPU driver is present.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ragbot.errors import ModelError

_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
"""Device files of NVIDIA's driver on Linux and under WSL; looking for them costs no import of torch."""


_HARDLY_ANY = 200_000
"""Bytes free on a disk that counts as full after a failure."""
_OFFLINE = "HF_HUB_OFFLINE"
_BY_US = "RAGBOT_WENT_OFFLINE"
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


def onnx_runtime() -> Any:
    """The module `onnxruntime`, its telemetry switched off; nothing else here imports it.

    From 1.32 on its builds for Linux write a device id and a database of events below the user's cache folder as
    soon as they are imported, so the variable must be set before; what an earlier import began, the call ends.
    """
    silence_onnx_runtime()
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    return onnxruntime


def silence_onnx_runtime() -> None:
    """Switch its telemetry off before some other library imports it."""
    os.environ[_NO_TELEMETRY] = "1"


def go_offline() -> None:
    """Keep the model libraries off the network; call before importing them. An explicit setting wins."""
    silence_onnx_runtime()
    if _OFFLINE not in os.environ:
        os.environ[_OFFLINE] = os.environ[_BY_US] = "1"


def online_environment() -> dict[str, str]:
    """The environment for a process that fetches: without the switch if it was `go_offline` that set it."""
    ours = _BY_US in os.environ
    return {key: value for key, value in os.environ.items() if not (ours and key in (_OFFLINE, _BY_US))}


def choose_device(wanted: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """`cuda` if asked for, or on `auto` if there is one; raises `ModelError` if asked for and absent."""
    if wanted == "cpu" or (wanted == "auto" and not any(Path(each).exists() for each in _DRIVERS)):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ModelError(
            'no CUDA device can be used; set device = "cpu" or "auto", or install the CUDA torch'
        )
    return "cpu"


def cpu_threads(wanted: int) -> int:
    """`wanted`, or for 0 the number of CPUs this process may use."""
    if wanted:
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def out_of_space(error: BaseException, folder: Path) -> bool:
    """Whether `error` came of a full disk; not every library says so with ENOSPC."""
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
        return True
    return folder.exists() and shutil.disk_usage(folder).free < _HARDLY_ANY


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """No progress bars while a model is loaded or saved; afterwards they are as they were."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
