"""Rows of `kb.sqlite` <-> the values of `ragbot.types`. Reading only; one place that knows the columns."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from ragbot.index.store import VISIBLE
from ragbot.types import Chunk, Document

_CHUNK = 'c.id, d.id, d.source, d.title, c.heading, c.text, c.start, c."end", c.page, c.meta'
_CHUNKS = f"SELECT c.row, {_CHUNK} FROM chunks c JOIN documents d ON d.row = c.document_row"
_DOCUMENT = (
    "SELECT d.id, d.source, d.title, d.text, d.page_starts, d.language, d.meta, d.sha256 FROM documents d"
)


def to_json(value: Any) -> str:
    """Compact JSON; what JSON does not know (a date in front matter) becomes its text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def from_json(text: str) -> Any:
    """What `to_json` gave. Raises `sqlite3.DatabaseError` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"a row holds no JSON: {error}") from error


def _chunk(row: tuple[Any, ...]) -> Chunk:
    identity, document_id, source, title, heading, text, start, end, page, meta = row
    return Chunk(
        id=identity,
        document_id=document_id,
        source=source,
        title=title,
        heading=heading,
        text=text,
        start=start,
        end=end,
        page=page,
        meta=from_json(meta),
    )


def _document(row: tuple[Any, ...]) -> Document:
    identity, source, title, text, page_starts, language, meta, sha256 = row
    return Document(
        id=identity,
        source=source,
        title=title,
        text=text,
        page_starts=tuple(from_json(page_starts)),
        language=language,
        meta=from_json(meta),
        sha256=sha256,
    )


def chunks(connection: sqlite3.Connection, rows: Iterable[int]) -> dict[int, Chunk]:
    """The chunks of the given rows; rows that are gone are not in the result."""
    wanted = json.dumps(list(rows))
    found = connection.execute(f"{_CHUNKS} WHERE c.row IN (SELECT value FROM json_each(?))", (wanted,))
    return {row[0]: _chunk(row[1:]) for row in found}


def chunks_of_document(connection: sqlite3.Connection, revision: int, document_id: str) -> list[Chunk]:
    """All chunks of a document of `revision` in reading order."""
    found = connection.execute(
        f"{_CHUNKS} WHERE d.id = :id AND {VISIBLE} ORDER BY c.ordinal",
        {"id": document_id, "revision": revision},
    )
    return [_chunk(row[1:]) for row in found]


def stored(connection: sqlite3.Connection, document_row: int) -> tuple[Document, list[Chunk]]:
    """The document of a row, visible or not, and its chunks in reading order."""
    found = connection.execute(f"{_DOCUMENT} WHERE d.row = ?", (document_row,)).fetchone()
    chunks = connection.execute(f"{_CHUNKS} WHERE c.document_row = ? ORDER BY c.ordinal", (document_row,))
    return _document(found), [_chunk(row[1:]) for row in chunks]


def neighbours(
    connection: sqlite3.Connection, revision: int, chunk: Chunk, before: int, after: int
) -> list[Chunk]:
    """Up to `before` and `after` chunks around `chunk` in reading order, itself left out."""
    place = connection.execute(
        "SELECT c.document_row, c.ordinal FROM documents d JOIN chunks c ON c.document_row = d.row "
        "WHERE d.id = :document AND c.id = :chunk "
        f"ORDER BY {VISIBLE} DESC, d.row DESC, c.start = :start DESC",
        {"document": chunk.document_id, "chunk": chunk.id, "start": chunk.start, "revision": revision},
    ).fetchone()
    if place is None:
        return []
    found = connection.execute(
        f"{_CHUNKS} WHERE c.document_row = ? AND c.ordinal BETWEEN ? AND ? AND c.ordinal <> ? "
        "ORDER BY c.ordinal",
        (place[0], place[1] - before, place[1] + after, place[1]),
    )
    return [_chunk(row[1:]) for row in found]


def document(connection: sqlite3.Connection, revision: int, document_id: str) -> Document | None:
    """The document with this id: of `revision`, else the newest that is still stored."""
    row = connection.execute(
        f"{_DOCUMENT} WHERE d.id = :id AND d.born <= :revision ORDER BY {VISIBLE} DESC, d.row DESC LIMIT 1",
        {"id": document_id, "revision": revision},
    ).fetchone()
    return None if row is None else _document(row)


def documents(connection: sqlite3.Connection, revision: int) -> Iterator[Document]:
    """All documents of a revision, by source."""
    for row in connection.execute(f"{_DOCUMENT} WHERE {VISIBLE} ORDER BY d.source", {"revision": revision}):
        yield _document(row)


def headings(connection: sqlite3.Connection, revision: int, most: int) -> list[str]:
    """Up to `most` different headings, innermost part alone, titles where there is none: a sample by the passages'
    hashes, the same for the same passages."""
    found = connection.execute(
        "SELECT CASE c.heading WHEN '' THEN d.title ELSE c.heading END AS name, min(c.id) AS first "
        f"FROM chunks c JOIN documents d ON d.row = c.document_row WHERE {VISIBLE} "
        "GROUP BY name ORDER BY first LIMIT :most",
        {"revision": revision, "most": most},
    )
    return list(dict.fromkeys(name.rsplit(" > ", 1)[-1] for name, _ in found))


def identities(connection: sqlite3.Connection, revision: int) -> Iterator[tuple[str, str, str, str]]:
    """Source, id, file's SHA-256 and signature of every document of a revision, by source; no text is read."""
    return iter(
        connection.execute(
            f"SELECT d.source, d.id, d.sha256, d.signature FROM documents d WHERE {VISIBLE} ORDER BY 1, 2",
            {"revision": revision},
        )
    )
