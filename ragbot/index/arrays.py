"""One-dimensional arrays in one file: laid out beforehand, filled in place, mapped into memory for reading.

The layout, a list of (name, type, length), is kept by the caller; the file holds the arrays one after the
other, each at a multiple of 64 bytes. Nothing here is checked against damage: a caller compares checksums
of `mapped` before it makes arrays of it. Bytes that are mapped must not be cut short under a reader; what
ragbot writes is never changed after it was written.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Layout = Sequence[tuple[str, str, int]]
"""Name, numpy type and length of each array, in the order of the file."""

_ALIGNED = 64
_IN_MEMORY = 1 << 20
"""Files up to so many bytes are read, not mapped."""


def mapped(path: Path) -> memoryview:
    """The bytes of a file, mapped where it is large. Raises `OSError`."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _IN_MEMORY:
            return memoryview(file.read())
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def views(content: memoryview | mmap.mmap, layout: Layout) -> dict[str, NDArray[Any]]:
    """The arrays of a file with this layout, over its bytes. Raises `ValueError` where it is too short."""
    found: dict[str, NDArray[Any]] = {}
    for (name, kind, length), offset in zip(layout, _offsets(layout), strict=False):
        found[name] = np.frombuffer(content, np.dtype(kind), length, offset)
    return found


def create(path: Path, layout: Layout) -> dict[str, NDArray[Any]]:
    """A new file of zeros and its arrays, to be filled.

    Its space is taken at once: a full disk is an `OSError` here, not a fault when a page is written.
    """
    size = max(1, _offsets(layout)[-1])
    with path.open("w+b") as file:
        for start in range(0, size, _IN_MEMORY):
            file.write(bytes(min(_IN_MEMORY, size - start)))
        file.flush()
        return views(mmap.mmap(file.fileno(), size), layout)


def save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Layout:
    """Write existing arrays, in their order. Returns the layout."""
    layout = [(name, array.dtype.str, len(array)) for name, array in arrays.items()]
    for name, place in create(path, layout).items():
        place[:] = arrays[name]
    return layout


def _offsets(layout: Layout) -> list[int]:
    """Where each array begins, and where the last one ends."""
    found = [0]
    for _, kind, length in layout:
        end = found[-1] + np.dtype(kind).itemsize * length
        found.append(-(-end // _ALIGNED) * _ALIGNED)
    return found
