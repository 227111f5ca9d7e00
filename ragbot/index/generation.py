"""A generation: the derived indexes of one revision, as one immutable value. Made from SQLite alone.

It is an ordered tuple of segments, and the rows in them that are dead at the revision. Positions 0..n-1 stand
for the rows of all segments, ascending; dead ones have positions too, but nothing finds them. A change makes one
new segment of the rows that are new; segments are merged so that their sizes fall by `FALL` at least from one to
the next (the log-structured merge of O'Neil et al., "The Log-Structured Merge-Tree", 1996). Knows nothing of how
generations are published: that is `publish.py`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragbot.index.dense import Dense
from ragbot.index.filters import Masks, labels
from ragbot.index.lexical import TERMS, Allowed, Lexical, Passage, Snapshot, changed, count_terms
from ragbot.index.rows import from_json, to_json
from ragbot.index.segment import Segment, make
from ragbot.index.store import VISIBLE, State
from ragbot.text.language import UNKNOWN

SEGMENTS, WORDS = "segments", "words"
"""Folders of what several generations may share: segments, and files of words."""
SMALL = 2048
"""Rows up to which the newest segments are made again with each change."""
FALL = 4
"""How many times as many live rows as all newer segments together an older one has, at least."""
MOST_DEAD = 0.2
"""Share of the rows of a segment, or of the words' index, that may be dead before it is made again without them."""

LANGUAGE_SHARE = 0.05
"""Share of the passages from which on a question is stemmed as their language too."""
MOST_LANGUAGES = 3

_CHUNKS = "FROM chunks c CROSS JOIN documents d ON d.row = c.document_row WHERE"  # CROSS: in this order
_DIED = (
    "SELECT c.row FROM documents d CROSS JOIN chunks c ON c.document_row = d.row "
    "WHERE d.died > :before AND d.died <= :revision AND d.born <= :before ORDER BY c.row"
)
_TEXTS = (
    "SELECT c.row, d.title, c.heading, c.text, json_extract(c.meta, '$.language'), d.source, d.language, d.meta "
    f"{_CHUNKS} c.row > :after AND {VISIBLE} ORDER BY c.row"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a search needs, loaded and checked."""

    revision: int
    stamp: str
    """The store's mark of this revision."""
    embedder: str
    """Name of the embedder that made the vectors; empty where there are none."""
    terms: int
    """`lexical.TERMS` of the code that made the lexical side."""
    digest: str
    """`digest` of the chunks."""
    segments: tuple[Segment, ...]
    dead: NDArray[np.int64]
    """Rows of the segments that are not visible at the revision, ascending."""
    words: Snapshot
    """The index of the words, without the dead rows."""
    rows: NDArray[np.int64] = field(init=False)
    """Chunk row at each position, ascending."""
    documents: NDArray[np.int64] = field(init=False)
    """Document row at each position."""
    live: tuple[Allowed | None, ...] = field(init=False)
    """For each segment which of its rows are visible; None for all."""
    dense: Dense = field(init=False)
    lexical: Lexical = field(init=False)
    masks: Masks = field(init=False)
    languages: tuple[str, ...] = field(init=False)
    """The languages that a fair share of the documents is written in, the most frequent first."""

    def __post_init__(self) -> None:
        """Raises `ValueError` where rows are out of order or dead ones are not there."""
        none = [np.zeros(0, np.int64)]
        rows = np.concatenate([segment.rows for segment in self.segments] or none)
        if (np.diff(rows) <= 0).any():
            raise ValueError("rows are not in ascending order")
        places = np.searchsorted(rows, self.dead)
        if len(places) and (places[-1] >= len(rows) or (rows[places] != self.dead).any()):
            raise ValueError("dead rows are in no segment")
        all_live = np.ones(len(rows), bool)
        all_live[places] = False
        parted = np.split(all_live, np.cumsum([len(segment) for segment in self.segments])[:-1])
        live = tuple(None if each.all() else each for each in parted[: len(self.segments)])
        values = {
            "rows": rows,
            "documents": np.concatenate([segment.documents for segment in self.segments] or none),
            "live": live,
            "dense": Dense([segment.vectors for segment in self.segments], all_live if len(places) else None),
            "lexical": (lexical := Lexical(self.words, rows)),
            "masks": Masks(lexical, len(rows)),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "languages", _frequent(self.masks.languages()))

    @property
    def size(self) -> int:
        """How many chunks are visible."""
        return len(self.rows) - len(self.dead)


def _frequent(passages: Mapping[str, int]) -> tuple[str, ...]:
    ordered = sorted(passages, key=lambda code: (-passages[code], code))
    least = LANGUAGE_SHARE * sum(passages.values())
    return tuple(code for code in ordered[:MOST_LANGUAGES] if code != UNKNOWN and passages[code] >= least)


def digest(connection: sqlite3.Connection, revision: int) -> str:
    """A hash over row, id and vector key of every visible chunk: equal digests, equal indexes.

    The sum of the SHA-256 of each chunk modulo 2**256 (AdHash of Bellare & Micciancio, "A New Paradigm for
    Collision-Free Hashing", 1997): it can be kept up to date without reading what did not change.
    """
    return _hexadecimal(_sum(connection, f"{_CHUNKS} {VISIBLE}", {"revision": revision}))


def _sum(connection: sqlite3.Connection, which: str, values: dict[str, object]) -> int:
    total = 0
    for row, identity, key in connection.execute(f"SELECT c.row, c.id, c.vector_key {which}", values):
        total += int.from_bytes(hashlib.sha256(f"{row} {identity} ".encode() + key).digest(), "big")
    return total


def _hexadecimal(total: int) -> str:
    return f"{total % (1 << 256):064x}"


def build(
    folder: Path,
    connection: sqlite3.Connection,
    state: State,
    previous: Generation | None = None,
    *,
    home: object = None,
    small: int = SMALL,
) -> Generation:
    """The generation of `state`'s revision; new files are written below `folder`.

    `connection` is inside the transaction that read `state`. Of `previous`, whose revision must be of this
    store's history, whatever is still right is used: rows are immutable, their numbers are never used again,
    and rows that become visible have greater numbers than all before them. `home` is kept with new files;
    the newest segments are made again while they and the new rows are `small` together.
    Raises `OSError`, `sqlite3.Error`.
    """
    if previous is None or not _usable(previous, state):
        segments: list[Segment] = []
        before, known, words = 0, 0, None
        dead = new_dead = np.zeros(0, np.int64)
    else:
        segments, before, known = list(previous.segments), previous.revision, int(previous.digest, 16)
        words = previous.words
        died = connection.execute(_DIED, {"before": before, "revision": state.revision}).fetchall()
        new_dead = np.array([row for (row,) in died], np.int64)
        known -= _sum(
            connection, f"{_CHUNKS} c.row IN (SELECT value FROM json_each(:dead))",
            {"dead": to_json(new_dead.tolist())},
        )  # fmt: skip
        dead = np.union1d(previous.dead, new_dead)
    last = max((int(segment.rows[-1]) for segment in segments), default=0)
    at: dict[str, object] = {"after": last, "revision": state.revision}
    new = f"{_CHUNKS} c.row > :after AND {VISIBLE}"
    count = connection.execute(f"SELECT count(*) {new}", at).fetchone()[0]
    made = _changed(
        folder / SEGMENTS, connection, state, segments, dead=dead, count=count, home=home, small=small
    )
    if words is None or count or len(new_dead):
        passages = _passages(connection, state, last)
        words = changed(folder / WORDS, words, new_dead.tolist(), passages, home)
    return _generation(state, made, dead, _hexadecimal(known + _sum(connection, new, at)), words)


def _passages(connection: sqlite3.Connection, state: State, after: int) -> Iterator[Passage]:
    """What is indexed of the words of all rows visible at `state` that are greater than `after`."""
    cursor = connection.execute(_TEXTS, {"after": after, "revision": state.revision})
    for row, title, heading, text, written, source, language, meta in cursor:
        counts = count_terms(title, heading, text, written or UNKNOWN)
        yield Passage(row, counts, labels(source, language, from_json(meta)))


def compacted(
    folder: Path, connection: sqlite3.Connection, state: State, previous: Generation
) -> Generation | None:
    """The same generation with segments merged and dead rows left out where that is due; None where it is not."""
    segments: list[Segment] = []
    groups = _groups(previous)
    for group in groups:
        (first, live), *_ = group
        if len(group) > 1 or (live is not None and np.mean(live) < 1 - MOST_DEAD):
            segments.append(make(folder / SEGMENTS, connection, state, group))
        else:
            segments.append(first)
    words = previous.words
    if words.dead_share() > MOST_DEAD:
        words = changed(folder / WORDS, None, (), _passages(connection, state, 0))
    if segments == list(previous.segments) and words is previous.words:
        return None
    return _generation(state, segments, previous.dead, previous.digest, words)


def _usable(previous: Generation, state: State) -> bool:
    return (
        state.stamps.get(previous.revision) == previous.stamp
        and previous.terms == TERMS
        and previous.embedder in ("", state.embedder)
    )


def _changed(
    parent: Path,
    connection: sqlite3.Connection,
    state: State,
    segments: Sequence[Segment],
    *,
    dead: NDArray[np.int64],
    count: int,
    home: object,
    small: int,
) -> list[Segment]:
    """The segments with `count` rows more: the last ones are made again with them while that is little."""
    lives = [_live(segment, dead) for segment in segments]
    kept = [
        (segment, live) for segment, live in zip(segments, lives, strict=True) if live is None or live.any()
    ]
    if not count:
        return [segment for segment, _ in kept]
    merged: list[tuple[Segment, Allowed | None]] = []
    total = count
    while kept and (total := total + _size(*kept[-1])) <= small:
        merged.insert(0, kept.pop())
    after = max((int(segment.rows[-1]) for segment in segments), default=0)
    return [
        *(segment for segment, _ in kept),
        make(parent, connection, state, merged, after=after, home=home),
    ]


def _groups(generation: Generation) -> list[list[tuple[Segment, Allowed | None]]]:
    """Which segments belong together: from the newest on, what is not `FALL` times as large as its successors."""
    groups: list[list[tuple[Segment, Allowed | None]]] = []
    for pair in zip(generation.segments, generation.live, strict=True):
        groups.append([pair])
        while len(groups) > 1 and _sizes(groups[-2]) < FALL * _sizes(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _sizes(group: Sequence[tuple[Segment, Allowed | None]]) -> int:
    return sum(_size(*pair) for pair in group)


def _size(segment: Segment, live: Allowed | None) -> int:
    return len(segment) if live is None else int(np.count_nonzero(live))


def _live(segment: Segment, dead: NDArray[np.int64]) -> Allowed | None:
    """Which rows of a segment are not in `dead`; None where all are."""
    rows = segment.rows
    places = np.searchsorted(rows, dead)
    hit = places < len(rows)
    hit[hit] = rows[places[hit]] == dead[hit]
    if not hit.any():
        return None
    live = np.ones(len(rows), bool)
    live[places[hit]] = False
    return live


def _generation(
    state: State, segments: Sequence[Segment], dead: NDArray[np.int64], digest: str, words: Snapshot
) -> Generation:
    held = [dead[np.isin(dead, segment.rows)] for segment in segments] if len(dead) else []
    return Generation(
        revision=state.revision,
        stamp=state.stamp,
        embedder=state.embedder,
        terms=TERMS,
        digest=digest,
        segments=tuple(segments),
        words=words,
        dead=np.concatenate([*held, np.zeros(0, np.int64)]),
    )
