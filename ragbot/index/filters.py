"""Filters -> which positions of a generation may be found.

A filter names `language`, `source` or any property of the documents, and one value or several of which one
must hold. A document that lacks the property is left out: what is not labelled for a reader is not shown.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragbot.errors import InputError
from ragbot.index import rows
from ragbot.index.store import Store

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


class Masks:
    """The masks of one generation, each made once."""

    def __init__(self) -> None:
        self._labels: list[tuple[int, str, str, Mapping[str, Any]]] | None = None
        self._made: OrderedDict[Key, NDArray[np.bool_]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key, store: Store, revision: int, documents: NDArray[np.int64]) -> NDArray[np.bool_]:
        """True where the document (its row, per position) satisfies all filters of `key`."""
        with self._lock:
            if key not in self._made:
                if self._labels is None:
                    with store.reading() as connection:
                        self._labels = list(rows.labels(connection, revision))
                self._made[key] = _mask(key, self._labels, documents)
                if len(self._made) > _MOST_MASKS:
                    self._made.popitem(last=False)
            return self._made[key]


def _mask(
    key: Key, labels: Sequence[tuple[int, str, str, Mapping[str, Any]]], documents: NDArray[np.int64]
) -> NDArray[np.bool_]:
    fitting = [
        row
        for row, source, language, meta in labels
        if all(_fits(name, values, source, language, meta) for name, values in key)
    ]
    return np.isin(documents, np.array(fitting, np.int64))


def _fits(name: str, values: tuple[str, ...], source: str, language: str, meta: Mapping[str, Any]) -> bool:
    if name == "source":
        return any(source == value or source.startswith(value.rstrip("/") + "/") for value in values)
    if name == "language":
        return language in values
    if name not in meta:
        return False
    own = meta[name] if isinstance(meta[name], list) else [meta[name]]
    return any(_text(each) in values for each in own)


def _text(value: Any) -> str:
    """A property as it is written in front matter: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
