"""Arrays and a JSON header in one file, without pickle: numpy's npz, whose members carry a CRC."""

from __future__ import annotations

import io
import json
import os
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragbot import durable
from ragbot.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER = "header"


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write durably and at once: readers see the old file or the new one. Raises `OSError`."""
    content = io.BytesIO()
    packed = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(content, allow_pickle=False, **{_HEADER: packed}, **arrays)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        durable.write(beside, content.getvalue())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    durable.sync(path.parent)


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `write_arrays` wrote. Raises `FileNotFoundError`, or `ModelDamaged` if it is anything else."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelDamaged(f"{path} is damaged or no model of ours ({error}); train it again") from error
    if not isinstance(header, dict):
        raise ModelDamaged(f"{path} is no model of ours; train it again")
    return header, arrays
