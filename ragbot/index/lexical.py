"""BM25 over the words of all passages. Home of tantivy.

tantivy keeps an index in a folder of files that never change but for `meta.json`, which names those that count; a
change adds small files. Here each file lies in a pool under its SHA-256, and a `Snapshot` is what `meta.json` said
at one revision with the files that belong to it: many revisions share a pool, and no change touches a file of
another one. tantivy wants to write lock files where it reads, so it opens a snapshot through links in a temporary
folder, which goes as soon as the files are mapped.

Words are cut and stemmed by `text/words.py`; tantivy is given ready terms. A passage's row is a fast field, and
results are positions: places of rows in the generation's ascending list. Deleted passages are never found; in the
weights of terms inside tantivy they count until their files are merged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ragbot.durable import sync
from ragbot.errors import KnowledgeBaseError
from ragbot.text.words import single_characters, terms, word_parts

if TYPE_CHECKING:
    import tantivy

TERMS = 1
"""The kind of terms and weights that an index is made with. Raise it with every change of `text/words.py`, of what
that uses, or of `count_terms` that gives other terms: indexes of another number are made again."""

TITLE_WEIGHT = 2
HEADING_WEIGHT = 2
"""Words of the title and the headings, against 1 for the text's own."""

Allowed = NDArray[np.bool_]

_ROW, _TERMS, _PARTS, _LABELS = "row", "terms", "parts", "labels"
_PART_MARK = "~"
_K1 = 1.2
"""tantivy's. It multiplies every score by `_K1 + 1`, which Lucene has dropped; scores here are Lucene's."""
_MEMORY = 64_000_000
"""Bytes that tantivy collects before it writes a file."""
_MOST_AT_ONCE = 2_000
"""Results that are looked through for allowed ones; where more are expected to be needed, tantivy filters."""


def count_terms(title: str, heading: str, text: str, language: str = "en") -> dict[str, int]:
    """How often each term of a passage in `language` (ISO 639-1) counts: its words by the weight of their field,
    single Chinese characters, and in languages that write compounds as one word the parts of long words."""
    counts: dict[str, int] = {}
    for each, weight in ((title, TITLE_WEIGHT), (heading, HEADING_WEIGHT), (text, 1)):
        words = terms(each, language=language)
        once = frozenset(words)
        singles = [single for single in single_characters(each) if single not in once]
        for term in (*words, *singles):
            counts[term] = counts.get(term, 0) + weight
        for part in word_parts(each, language):
            counts[part] = counts.get(part, 0) + 1
    return counts


@dataclass(frozen=True, slots=True)
class Passage:
    """What is indexed of a passage."""

    row: int
    counts: Mapping[str, int]
    labels: Iterable[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One state of an index: immutable files, each named in its pool by its SHA-256."""

    meta: str
    """What tantivy's `meta.json` says."""
    files: Mapping[str, Path]
    """tantivy's name of each file -> where it lies."""
    home: object = field(default=None, repr=False)
    """Keeps a temporary pool there as long as the snapshot is used."""

    def dead_share(self) -> float:
        """The share of its passages that are deleted and still in its files."""
        segments = json.loads(self.meta)["segments"]
        total = sum(each["max_doc"] for each in segments)
        dead = sum(each["deletes"]["num_deleted_docs"] for each in segments if each["deletes"])
        return dead / total if total else 0.0


def changed(
    pool: Path,
    previous: Snapshot | None,
    dead: Sequence[int],
    passages: Iterable[Passage],
    home: object = None,
) -> Snapshot:
    """`previous` (None: nothing) without the rows `dead` and with `passages`; new files are written into `pool`.

    Raises `OSError`.
    """
    import tantivy

    pool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=pool) as name:
        work, schema = Path(name), _schema()
        if previous is not None:
            _link(previous, work)
        with _disk_errors():
            index = tantivy.Index.open(name) if previous is not None else tantivy.Index(schema, name)
            writer = index.writer(_MEMORY, 1)
            if dead:
                writer.delete_documents_by_query(
                    tantivy.Query.term_set_query(schema, _ROW, list(map(int, dead)))
                )
        for passage in passages:
            document = _document(passage)
            with _disk_errors():
                writer.add_document(document)
        with _disk_errors():
            writer.commit()
            writer.wait_merging_threads()
        meta = (work / "meta.json").read_text(encoding="utf-8")
        files = {file.name: _pooled(file, pool) for file in sorted(_living(work, meta))}
    sync(pool)
    return Snapshot(meta, files, home)


def _document(passage: Passage) -> tantivy.Document:
    import tantivy

    document = tantivy.Document()
    document.add_unsigned(_ROW, passage.row)
    for name, part in ((_TERMS, False), (_PARTS, True)):
        ready = (
            term
            for term, count in passage.counts.items()
            if term.startswith(_PART_MARK) is part
            for _ in range(count)
        )
        document.add_text(name, " ".join(ready))
    for label in passage.labels:
        document.add_text(_LABELS, label)
    return document


def _schema() -> tantivy.Schema:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(_ROW, stored=False, indexed=True, fast=True)
    for name in (_TERMS, _PARTS):
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field(_LABELS, stored=False, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _link(snapshot: Snapshot, folder: Path) -> None:
    """What tantivy finds in `folder` is the snapshot."""
    (folder / "meta.json").write_text(snapshot.meta, encoding="utf-8")
    for name, place in snapshot.files.items():
        (folder / name).symlink_to(place.absolute())


def _living(work: Path, meta: str) -> Iterator[Path]:
    """The files that `meta` counts on: those of its segments, and of each one's lists of deletions the newest."""
    for segment in json.loads(meta)["segments"]:
        name = segment["segment_id"].replace("-", "")
        deletions = f"{name}.{segment['deletes']['opstamp']}.del" if segment["deletes"] else ""
        yield from (
            file for file in work.glob(f"{name}.*") if file.suffix != ".del" or file.name == deletions
        )


def _pooled(file: Path, pool: Path) -> Path:
    """Where `file` lies in a pool for good; what is new is moved to `pool`."""
    if file.is_symlink():
        return file.readlink()
    with file.open("rb") as content:
        place = pool / hashlib.file_digest(content, "sha256").hexdigest()
    sync(file)
    return file.replace(place)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """tantivy tells a full disk in several ways, most of them only in words."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise OSError(errno.ENOSPC, f"words cannot be indexed, the disk may be full ({error})") from error


class Lexical:
    """Searches a snapshot. Used by many threads at once."""

    def __init__(self, snapshot: Snapshot, rows: NDArray[np.int64]) -> None:
        """`rows` are those at positions 0..n-1, ascending; they hold all that `snapshot` has.

        Raises `ValueError` for files that are no index, `KnowledgeBaseError` where no temporary folder can be made.
        """
        import tantivy

        self._snapshot, self._rows, self._schema = snapshot, rows, _schema()
        try:
            name = tempfile.mkdtemp(prefix="ragbot-")
            # tantivy's own reader, which "manual" ends, may still lock the folder while it is removed: then it goes
            # with this object.
            weakref.finalize(self, shutil.rmtree, name, ignore_errors=True)
            _link(snapshot, Path(name))
            index = tantivy.Index.open(name)
            index.config_reader("manual")
            self._searcher = index.searcher()
            shutil.rmtree(name, ignore_errors=True)
        except OSError as error:
            raise KnowledgeBaseError(
                f"the index of words cannot be opened ({error}); set TMPDIR to a folder that can be written"
            ) from error
        self._whole = snapshot.dead_share() == 0

    @classmethod
    def build(cls, counts: Sequence[Mapping[str, int]]) -> Lexical:
        """Index of passages given as counts of their terms; their place in the list is their position.

        Lexical.build([count_terms("Returns", "", "Within 30 days.")]).search({"return": 1.0}, k=5)
        """
        passages = [Passage(row, each) for row, each in enumerate(counts)]
        with tempfile.TemporaryDirectory(prefix="ragbot-") as pool:
            return cls(changed(Path(pool), None, (), passages), np.arange(len(counts)))

    def __len__(self) -> int:
        """How many passages may be found."""
        return self._searcher.num_docs

    def document_frequency(self, term: str) -> int:
        """In how many passages `term` occurs."""
        return self._carriers(_term(self._schema, term))

    def idf(self, term: str) -> float:
        """Inverse document frequency, ln(1 + (N - df + 0.5) / (df + 0.5)); what occurs nowhere has the highest."""
        frequency = self.document_frequency(term)
        return math.log1p((len(self) - frequency + 0.5) / (frequency + 0.5))

    def with_prefix(self, prefix: str) -> list[tuple[str, int]]:
        """All terms that begin with `prefix`, sorted, each with its document frequency."""
        return self._dictionary(_TERMS, prefix)

    def search(
        self, query: Mapping[str, float], k: int, allowed: Allowed | None = None
    ) -> list[tuple[int, float]]:
        """Best (position, BM25 score), best first, at most k, only where `allowed` is true.

        `query` maps terms to weights, by which their scores are multiplied. k results come back whenever that many
        allowed passages have a term of it.
        """
        wanted = self._wanted(query)
        if wanted is None or k <= 0:
            return []
        if allowed is None:
            return self._hits(wanted, k)
        count = int(np.count_nonzero(allowed))
        width = 2 * k * len(allowed) // max(1, count)
        if width <= _MOST_AT_ONCE:
            found = self._hits(wanted, width)
            fitting = [hit for hit in found if allowed[hit[0]]]
            if len(fitting) >= k or len(found) < width:
                return fitting[:k]
        return self._hits(self._only(wanted, np.flatnonzero(allowed)), k) if count else []

    def labelled(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Positions of the passages that have one of `labels`."""
        import tantivy

        known = [label for label in labels if _encodable(label)]
        query = tantivy.Query.term_set_query(self._schema, _LABELS, known)
        count = self._carriers(query)
        if not count:
            return np.zeros(0, np.int64)
        hits = self._searcher.search(query, count, count=False, order_by_field=_ROW).hits
        return np.searchsorted(self._rows, np.array([row for row, _ in hits], np.int64))

    def label_counts(self, prefix: str) -> dict[str, int]:
        """How many passages have each of the labels that begin with `prefix`, which is cut off."""
        return {label.removeprefix(prefix): count for label, count in self._dictionary(_LABELS, prefix)}

    def _wanted(self, query: Mapping[str, float]) -> tantivy.Query | None:
        import tantivy

        weighted = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(_term(self._schema, term), weight / (_K1 + 1)),
            )
            for term, weight in query.items()
            if weight > 0 and _encodable(term)
        ]
        return tantivy.Query.boolean_query(weighted) if weighted else None

    def _only(self, wanted: tantivy.Query, positions: NDArray[np.int64]) -> tantivy.Query:
        """The same query with results and scores at `positions` alone."""
        import tantivy

        here = tantivy.Query.term_set_query(self._schema, _ROW, self._rows[positions].tolist())
        must = tantivy.Occur.Must
        return tantivy.Query.boolean_query(
            [(must, wanted), (must, tantivy.Query.const_score_query(here, 0.0))]
        )

    def _hits(self, query: tantivy.Query, k: int) -> list[tuple[int, float]]:
        limit = min(k, len(self))
        if not limit:
            return []
        hits = self._searcher.search(query, limit, count=False).hits
        rows: list[Any] = self._searcher.fast_field_values(_ROW, [address for _, address in hits])
        positions = np.searchsorted(self._rows, np.array(rows, np.int64)).tolist()
        return sorted(
            zip(positions, (score for score, _ in hits), strict=True), key=lambda hit: (-hit[1], hit[0])
        )

    def _carriers(self, query: tantivy.Query) -> int:
        """How many passages fit a query."""
        found = self._searcher.search(query, 1)
        return int(found.count)  # type: ignore[attr-defined]  # the stubs of tantivy 0.27 lack it

    def _dictionary(self, name: str, prefix: str) -> list[tuple[str, int]]:
        """The terms of a field that begin so, and how many passages have them."""
        import tantivy

        if not _encodable(prefix):
            return []
        living = None if self._whole else tantivy.Query.all_query()
        found = self._searcher.terms_with_prefix(name, prefix, living)
        return sorted((term, count) for term, count in found if count)


def _term(schema: tantivy.Schema, term: str) -> tantivy.Query:
    import tantivy

    if not _encodable(term):
        return tantivy.Query.empty_query()
    name = _PARTS if term.startswith(_PART_MARK) else _TERMS
    return tantivy.Query.term_query(schema, name, term, "freq")


def _encodable(text: str) -> bool:
    """Whether `text` is Unicode: halves of surrogate pairs, which no document has, are not."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
