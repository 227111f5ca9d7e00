"""The documents of a knowledge base by the names of their sources: what is there now, without reading any text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ragbot.database import storable
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.store import VISIBLE

_NEAR = 3


@dataclass(frozen=True, slots=True)
class Source:
    """One document as it stands now."""

    name: str
    document_id: str
    sha256: str
    """Of the file's bytes, in hex."""


def find(kb: KnowledgeBase, names: Iterable[str]) -> dict[str, Source]:
    """Those of the sources that are in the knowledge base, by name."""
    wanted = json.dumps([storable(name) for name in names])
    with kb.store.reading() as connection:
        found = connection.execute(
            "SELECT d.source, d.id, d.sha256 FROM documents d "
            f"WHERE d.source IN (SELECT value FROM json_each(:names)) AND {VISIBLE}",
            {"names": wanted, "revision": kb.store.state(connection).revision},
        ).fetchall()
    return {name: Source(name, identity, sha256) for name, identity, sha256 in found}


def require(kb: KnowledgeBase, name: str) -> Source:
    """The document whose source is `name`, or the only one whose source ends in it.

    Raises `InputError`, which lists sources with a like name, where there is none, or several.
    """
    known = find(kb, [name])
    if name in known:
        return known[name]
    with kb.store.reading() as connection:
        at = {"revision": kb.store.state(connection).revision}
        names = [
            row[0] for row in connection.execute(f"SELECT d.source FROM documents d WHERE {VISIBLE}", at)
        ]
    ending = [each for each in names if each.endswith(f"/{name.removeprefix('./')}")]
    if len(ending) == 1:
        return find(kb, ending)[ending[0]]
    near = ending[:_NEAR] or _near(name, names)
    advice = f"; did you mean {' or '.join(near)}?" if near else ""
    problem = "several documents have a source that ends in" if ending else "no document has the source"
    raise InputError(f"{problem} {name!r}{advice}")


def _near(name: str, names: list[str]) -> list[str]:
    """Sources whose path, or else whose last part, is like that of `name`."""
    last = {each.rsplit("/", 1)[-1].casefold(): each for each in names}
    whole = get_close_matches(name, names, n=_NEAR)
    parts = get_close_matches(name.rsplit("/", 1)[-1].casefold(), list(last), n=_NEAR)
    return list(dict.fromkeys((*whole, *(last[part] for part in parts))))[:_NEAR]
