"""The door to a knowledge base: open, sync, search, read.

    kb = KnowledgeBase.open("support.kb")
    kb.sync("knowledge/")
    hits = kb.search("refund by card", k=8)

A search runs in one immutable generation and reads that revision's rows, so it sees one moment whatever
is written meanwhile. Threads may share an instance; processes may share the folder.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ragbot.errors import InputError, KnowledgeBaseError, KnowledgeBaseMismatch, ModelNotFound
from ragbot.index import rows
from ragbot.index.filters import Filters
from ragbot.index.folder import create, size
from ragbot.index.generation import Generation
from ragbot.index.history import Revision, revisions
from ragbot.index.leaning import Leaning
from ragbot.index.query import clean, clean_history
from ragbot.index.question import Question, understand
from ragbot.index.revise import LOCK_SECONDS
from ragbot.index.search import RowsGone, search
from ragbot.index.store import VISIBLE, Store, damaged
from ragbot.index.switch import Switch
from ragbot.models.choose import DEFAULT
from ragbot.settings import AUTO, Settings, load_settings
from ragbot.types import Chunk, Document, Hit, Turn

if TYPE_CHECKING:
    from ragbot.index.rollback import RollbackReport
    from ragbot.ingest.preview import Preview
    from ragbot.ingest.report import SyncReport
    from ragbot.protocols import Embedder, Reader

_ATTEMPTS = 5
_MOST_NEIGHBOURS = 1_000_000
"""SQLite's numbers have 64 bits; no document has as many passages."""


class KnowledgeBase:
    """Made by `open`. The constructor's arguments are its parts."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        settings: Settings,
        embedder: Embedder | None,
        reader: Reader | None = None,
    ) -> None:
        self.folder = folder
        self.store = store
        self.settings = settings
        self.generations = Switch(folder, store)
        self._embedder = embedder
        self._loaded: dict[str, Embedder] = {}
        self._reader = reader
        self._readers: dict[str, Reader] = {}
        self._leaning: dict[str, Leaning] = {}
        self._loading = threading.Lock()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        reader: Reader | None = None,
    ) -> KnowledgeBase:
        """Open the knowledge base in folder `path`, made if absent; derived indexes that are missing, stale or
        damaged are made again. Embedder and reader (those of the settings unless given; of `embedder.model = "auto"`
        the one that was chosen for the documents) are loaded when needed.

        Raises `KnowledgeBaseError` where the folder is no knowledge base, damaged, or made by a newer ragbot.
        """
        folder = Path(path).expanduser().absolute()
        store = Store(folder)
        try:
            if not store.exists():
                create(folder, store, wait_seconds=LOCK_SECONDS)
            chosen = settings if settings is not None else load_settings()
            opened = cls(folder, store, chosen, embedder, reader)
            opened.generations.get()
        except BaseException:
            store.close()
            raise
        return opened

    def sibling(self, store: Store) -> KnowledgeBase:
        """The same folder, settings and models, read through another store."""
        made = KnowledgeBase(self.folder, store, self.settings, self._embedder, self._reader)
        made._loaded.update(self._loaded)
        made._readers.update(self._readers)
        made._leaning.update(self._leaning)
        return made

    def close(self) -> None:
        """Close the store; an open search in another thread may fail."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded at first use. Raises `KnowledgeBaseMismatch` if the vectors are another's."""
        return self.matching(self.generations.get())

    @property
    def chooses(self) -> bool:
        """Whether the embedder is left to the knowledge base: none was given, and the settings say `auto`."""
        return self._embedder is None and self.settings.embedder.model == AUTO

    @property
    def model(self) -> str:
        """What the settings call the embedder in use: as they say, or as was chosen for the documents. Empty where one
        was given to `open`."""
        return "" if self._embedder is not None else self._named(self.generations.get().embedder)

    def _named(self, made: str) -> str:
        """What the settings call the embedder for vectors that `made` made; empty: for those to come."""
        if not self.chooses:
            return self.settings.embedder.model
        return self.store.model(made) if made else DEFAULT

    def load_embedder(self, model: str | None = None) -> Embedder:
        """The embedder given to `open`, else the one called `model`, else that of the settings, whatever made the
        vectors that are stored; where the settings leave it to the knowledge base, the one that made them, or the
        default while there are none. Once loaded, it stays so.

        Raises `ModelError`.
        """
        if self._embedder is not None:
            return self._embedder
        return self._load(model) if model else self._embedder_for(self.generations.get().embedder)

    def _load(self, model: str) -> Embedder:
        with self._loading:
            if model not in self._loaded:
                from ragbot.models.embed import load_embedder

                named = self.settings.embedder.model_copy(update={"model": model})
                self._loaded[model] = load_embedder(named, self.settings.models)
            return self._loaded[model]

    def _embedder_for(self, made: str) -> Embedder:
        """The embedder with which to read vectors that `made` made."""
        if self._embedder is not None:
            return self._embedder
        if not (self.chooses and made):
            return self._load(self._named(made))
        for loaded in tuple(self._loaded.values()):
            if loaded.name == made:
                return loaded
        try:
            return self._load(self._named(made))
        except ModelNotFound as error:
            raise ModelNotFound(f"{self.folder} was made with embedder {made}: {error}") from error

    def matching(self, generation: Generation) -> Embedder:
        """The embedder, if it is the one that made the vectors of `generation`."""
        embedder = self._embedder_for(generation.embedder)
        if generation.embedder not in ("", embedder.name):
            says, do = "the settings ask for", "set [embedder] back, or run"
            if self.chooses:
                says, do = "the model of that name is by now", "run"
            raise KnowledgeBaseMismatch(
                f"{self.folder} was made with embedder {generation.embedder}, {says} "
                f"{embedder.name}; {do} `ragbot index --rebuild PATH...`"
            )
        return embedder

    def sync(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        rebuild: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> SyncReport:
        """Make the knowledge base hold what `paths` hold now: see `ragbot.ingest.sync.sync`."""
        from ragbot.ingest.sync import sync

        return sync(self, paths, rebuild=rebuild, progress=progress)

    def preview(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        rebuild: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Preview:
        """What `sync` would make of the knowledge base, to be looked at, published or discarded; nobody else sees
        it, and it stays when the process ends: see `ragbot.ingest.preview`."""
        from ragbot.ingest.preview import preview

        return preview(self, paths, rebuild=rebuild, progress=progress)

    def previewed(self) -> Preview:
        """The preview that was made last. Raises `KnowledgeBaseError` where there is none, or it has ended."""
        from ragbot.ingest.preview import previewed

        return previewed(self)

    def rollback(self, to: int | None = None) -> RollbackReport:
        """Return to an earlier revision (default: the one before): see `ragbot.index.rollback.rollback`."""
        from ragbot.index.rollback import rollback

        return rollback(self, to)

    def revisions(self) -> list[Revision]:
        """The current revision and those that `rollback` can return to, the newest first."""
        return revisions(self.store)

    def search(
        self,
        question: str,
        *,
        k: int | None = None,
        history: Sequence[Turn] = (),
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The best k passages (default `settings.search.k`), best first; fewer where there are fewer.

        `history` completes a question that leans on it. `filters` maps `language`, `source` (a file or a
        folder) or a property of the documents to the value, or values, of which one must hold.
        Raises `InputError` for an empty question or k below 1.
        """
        return self.search_many([question], k=k, histories=[history], filters=filters)[0]

    def search_many(
        self,
        questions: Sequence[str],
        k: int | None = None,
        *,
        histories: Sequence[Sequence[Turn]] | None = None,
        filters: Filters | None = None,
    ) -> list[list[Hit]]:
        """`search` for several questions at once, embedded together and answered from one revision.

        `histories`, where given, has one conversation for each question.
        """
        if isinstance(questions, (str, bytes)) or not isinstance(questions, Sequence):
            raise InputError("search_many takes a list of questions; use search for one")
        turns = histories if histories is not None else [()] * len(questions)
        if not isinstance(turns, Sequence) or len(turns) != len(questions):
            raise InputError(
                f"histories must have one list of turns for each of the {len(questions)} questions"
            )
        for last in range(_ATTEMPTS - 1, -1, -1):
            generation = self.generations.get()
            try:
                return search(self, generation, questions=questions, histories=turns, k=k, filters=filters)
            except RowsGone:  # several syncs ended during this search: start again in the newest revision
                self.generations.forget()
                if not last:
                    raise KnowledgeBaseError(damaged(self.store.path, "passages are missing")) from None
        raise AssertionError("unreachable")

    def understand(self, message: str, history: Sequence[Turn] = ()) -> Question:
        """`message` as `search` takes it: cleaned, with its language and its conversation.

        Raises `InputError` where it is empty.
        """
        written = self.generations.get().languages
        return understand(clean(message), clean_history(history), written=written)

    def reader(self, generation: Generation | None = None) -> Reader:
        """What tells how likely a passage answers a message, loaded at first use: the one given to `open`, else that
        of `search.reranker`. Raises `ModelError`, or `KnowledgeBaseMismatch` as `matching` does."""
        if self._reader is not None:
            return self._reader
        embedder = self.matching(generation if generation is not None else self.generations.get())
        with self._loading:
            if embedder.name not in self._readers:
                from ragbot.models.readers import open_reader

                search, device = self.settings.search, self.settings.embedder.device
                self._readers[embedder.name] = open_reader(
                    search.reranker, self.settings.models, embedder=embedder, device=device
                )
            return self._readers[embedder.name]

    def leaning(self, embedder: Embedder) -> Leaning:
        """What tells how far messages lean on their conversation, learnt at first use."""
        with self._loading:
            if embedder.name not in self._leaning:
                self._leaning[embedder.name] = Leaning(embedder)
            return self._leaning[embedder.name]

    def document(self, document_id: str) -> Document:
        """The document with this id. Raises `InputError` where there is none."""
        found = None
        if _storable(document_id):
            with self.store.reading() as connection:
                found = rows.document(connection, self.store.state(connection).revision, document_id)
        if found is None:
            raise InputError(f"no document has the id {document_id!r}")
        return found

    def documents(self) -> list[Document]:
        """All documents, by source."""
        with self.store.reading() as connection:
            return list(rows.documents(connection, self.store.state(connection).revision))

    def chunks(self, document_id: str) -> list[Chunk]:
        """The passages of a document in reading order; empty where there is none with this id."""
        if not _storable(document_id):
            return []
        with self.store.reading() as connection:
            return rows.chunks_of_document(connection, self.store.state(connection).revision, document_id)

    def headings(self, most: int) -> list[str]:
        """A sample of up to `most` different headings and titles: what the documents are about, in short texts."""
        with self.store.reading() as connection:
            return rows.headings(connection, self.store.state(connection).revision, most)

    def neighbours(self, chunk: Chunk, before: int = 1, after: int = 1) -> list[Chunk]:
        """Up to `before` and `after` passages around `chunk` in reading order, itself left out."""
        before, after = (min(max(0, many), _MOST_NEIGHBOURS) for many in (before, after))
        with self.store.reading() as connection:
            revision = self.store.state(connection).revision
            return rows.neighbours(connection, revision, chunk, before, after)

    def idf(self, terms: Iterable[str]) -> dict[str, float]:
        """Inverse document frequency of each term (`ragbot.text.words.terms`) over all passages."""
        lexical = self.generations.get().lexical
        return {term: lexical.idf(term) for term in terms}

    def stats(self) -> Mapping[str, Any]:
        """Counts and facts for people: JSON values only."""
        with self.store.reading() as connection:
            state = self.store.state(connection)
            at = {"revision": state.revision}
            languages = connection.execute(
                f"SELECT d.language, count(*) FROM documents d WHERE {VISIBLE} GROUP BY 1 ORDER BY 2 DESC, 1",
                at,
            ).fetchall()
            passages, tokens, longest = connection.execute(
                "SELECT count(*), coalesce(sum(c.tokens), 0), coalesce(max(c.tokens), 0) "
                f"FROM chunks c JOIN documents d ON d.row = c.document_row WHERE {VISIBLE}",
                at,
            ).fetchone()
            roots = dict(connection.execute("SELECT prefix, path FROM roots ORDER BY prefix"))
        return {
            "documents": sum(count for _, count in languages),
            "chunks": passages,
            "tokens": tokens,
            "longest_chunk_tokens": longest,
            "languages": dict(languages),
            "roots": roots,
            "embedder": state.embedder,
            "embedder_model": self.store.model(state.embedder),
            "dimension": state.dimension,
            "revision": state.revision,
            "created": state.created,
            "updated": state.updated,
            "bytes": size(self.folder),
        }

    def check(self) -> list[str]:
        """What is wrong with the stored data, one sentence each; empty where nothing is. Reads everything."""
        from ragbot.index.check import check

        return check(self.folder, self.store)


def _storable(name: str) -> bool:
    """Whether SQLite can hold `name`: a text without lone surrogates."""
    try:
        name.encode("utf-8")
    except (UnicodeEncodeError, AttributeError):
        return False
    return True
