"""Arrays in one file: what is written is read back, small or mapped, and the disk's space is taken beforehand."""

from __future__ import annotations

import resource
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ragbot.index import arrays


@pytest.mark.parametrize("length", [0, 1, 7, 600_000])
def test_what_is_written_is_read_back(tmp_path: Path, length: int) -> None:
    """Arrays of several types and lengths, a file large enough to be mapped too."""
    written: dict[str, NDArray[Any]] = {
        "words": np.arange(length, dtype=np.uint8),
        "none": np.zeros(0, np.int64),
        "numbers": np.arange(length, dtype=np.int64)[::-1],
        "last": np.ones(3, np.float32),
    }
    layout = arrays.save(tmp_path / "file", written)
    found = arrays.views(arrays.mapped(tmp_path / "file"), layout)
    assert list(found) == list(written)
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert not found[name].flags.writeable


def test_a_file_that_is_too_short_is_an_error(tmp_path: Path) -> None:
    """A layout that asks for more than there is never reads past the end."""
    arrays.save(tmp_path / "file", {"a": np.zeros(10, np.int64)})
    with pytest.raises(ValueError, match="buffer"):
        arrays.views(arrays.mapped(tmp_path / "file"), [("a", "<i8", 1000)])


def test_a_full_disk_is_an_error_when_the_file_is_made(tmp_path: Path) -> None:
    """Not a fault of the process when a page of the file is written."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            arrays.create(tmp_path / "file", [("a", "<i8", 100_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
