"""Filters -> which positions of a generation may be found.

A filter names `language`, `source` or any property of the documents, and one value or several of which one
must hold. A document that lacks the property is left out: what is not labelled for a reader is not shown.

Every value that a filter may name is a label; the index of the words keeps for every label the passages that have it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.errors import InputError
from ragbot.index.lexical import Lexical

Filters = Mapping[str, str | Sequence[str]]
_MOST_MASKS = 64

Key = tuple[tuple[str, tuple[str, ...]], ...]


def normal(filters: Filters | None) -> Key:
    """The filters as a hashable value. Raises `InputError` for what is no name with one or several texts."""
    if filters is None:
        return ()
    if not isinstance(filters, Mapping):
        raise InputError(f"filters must map names to values, not be {type(filters).__name__}")
    key: list[tuple[str, tuple[str, ...]]] = []
    for name, value in filters.items():
        if not isinstance(name, str):
            raise InputError(f"filter {name!r}: its name must be a text, such as 'language' or 'source'")
        values = (value,) if isinstance(value, str) else value
        if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Sequence):
            raise InputError(f"filter {name!r}: expected a text or several, got {value!r}")
        if not all(isinstance(each, str) for each in values):
            raise InputError(f"filter {name!r}: expected texts, got {value!r}")
        key.append((name, tuple(sorted(set(values)))))
    return tuple(sorted(key))


def labels(source: str, language: str, meta: Mapping[str, Any]) -> frozenset[str]:
    """All labels of a document: its source and the folders above it, its language, its properties."""
    found = {f"file\0{source}", f"language\0{language}"}
    found.update(f"folder\0{source[:place]}" for place, char in enumerate(source) if char == "/")
    for name, value in meta.items():
        values = value if isinstance(value, list) else [value]
        found.update(f"property\0{name}\0{_text(each)}" for each in values)
    return frozenset(found)


def _wanted(name: str, value: str) -> Iterator[str]:
    """The labels of which a document must have one to satisfy a filter."""
    if name == "source":
        yield f"file\0{value}"
        yield f"folder\0{value.rstrip('/')}"
    elif name == "language":
        yield f"language\0{value}"
    else:
        yield f"property\0{name}\0{value}"


def _text(value: Any) -> str:
    """A property as it is written in front matter: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Masks:
    """The masks of one generation, each made once."""

    def __init__(self, lexical: Lexical, size: int) -> None:
        """`lexical` knows the labels of the passages at positions 0..size-1."""
        self._lexical, self._size = lexical, size
        self._made: OrderedDict[Key, NDArray[np.bool_]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> NDArray[np.bool_]:
        """True at each position whose document satisfies all filters of `key`."""
        with self._lock:
            if key not in self._made:
                self._made[key] = self._mask(key)
                if len(self._made) > _MOST_MASKS:
                    self._made.popitem(last=False)
            return self._made[key]

    def languages(self) -> dict[str, int]:
        """How many passages belong to documents in each language."""
        return self._lexical.label_counts("language\0")

    def _mask(self, key: Key) -> NDArray[np.bool_]:
        mask = np.ones(self._size, bool)
        for name, values in key:
            fitting = np.zeros(self._size, bool)
            fitting[self._lexical.labelled([label for value in values for label in _wanted(name, value)])] = (
                True
            )
            mask &= fitting
        return mask
