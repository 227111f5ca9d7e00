"""Where models run: device, CPU threads, and the switch that keeps the libraries off the network.

It imports no heavy library by itself; torch only when a GPU driver is present.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from ragbot.errors import ModelError

_DRIVERS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg")
"""Device files of NVIDIA's driver on Linux and under WSL; looking for them costs no import of torch."""


def go_offline() -> None:
    """Keep the model libraries off the network; call before importing them. An explicit setting wins."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


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
