"""Files -> staged rows: what changed is read, cut, embedded and written where nobody sees it yet.

    list -> hash -> read -> cut -> embed -> stage (small transactions)

Where the settings leave the embedder to the documents, a sample of them is read first, as passages are cut by its
tokens. An unchanged file costs a hash. A file that cannot be read is reported, and its earlier version stays. What
becomes of the staged rows is not its business: `sync.py` makes them visible, `preview.py` shows them first.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from ragbot.errors import InputError, ModelNotFound
from ragbot.index import rows, stage
from ragbot.index.history import Past
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.prepared import Ended
from ragbot.index.revise import LOCK_SECONDS
from ragbot.index.stage import Known
from ragbot.ingest.blocks import Parsed, Skipped
from ragbot.ingest.document import to_document
from ragbot.ingest.files import list_files
from ragbot.ingest.limits import Limits
from ragbot.ingest.loader import Loader
from ragbot.ingest.report import SyncReport
from ragbot.ingest.roots import Plan, plan
from ragbot.ingest.split import split
from ragbot.ingest.staging import Stager
from ragbot.models.choose import Choice, choose_embedder
from ragbot.settings import IngestSettings
from ragbot.text.language import detect

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

VERSION = 4
"""Raised whenever the same file would give other text or other passages: all files are then read again."""

SAMPLE = 200
"""Files, spread over all, whose languages choose the embedder."""
KEPT_CHARACTERS = 10_000_000
"""Text of these that is kept until they are cut; what is beyond is read a second time."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


class Loads(Protocol):
    """Reads files: each with what it holds or why it cannot be read, in the order given."""

    def load_many(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Parsed | Skipped]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    source: str
    root: str
    sha256: str


@contextmanager
def gathered(
    kb: KnowledgeBase,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    rebuild: bool,
    progress: Progress | None,
    step: Callable[[str], None],
    loader: Loads | None,
    ends: Ended,
) -> Iterator[Run]:
    """A run that has staged what the files hold now; inside, the writer's lock is held. `ends`: see `Run`.

    Raises what `sync` does.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    with stage.write_lock(kb.folder, LOCK_SECONDS), ExitStack() as stack:
        names = plan(given, stage.roots(kb.store))
        run = Run(kb, names, rebuild=rebuild, progress=progress, step=step, ends=ends)
        if loader is None:
            loader = stack.enter_context(Loader(run.limits, workers=kb.settings.ingest.workers))
        run.find()
        if run.undecided:
            run.choose(loader)
        run.compare()
        run.take_in(loader)
        run.settle()
        yield run


class Run:
    """One sync under the writer's lock: what it found, and what it did so far. `ends` is what a preview that is
    there is told to have ended by."""

    def __init__(
        self,
        kb: KnowledgeBase,
        names: Plan,
        *,
        rebuild: bool,
        progress: Progress | None,
        step: Callable[[str], None],
        ends: Ended,
    ) -> None:
        self.started = time.perf_counter()
        self.kb, self.plan, self.rebuild, self.ends = kb, names, rebuild, ends
        self.progress: Progress = progress or (lambda _what, _done, _all: None)
        self.step = step
        self.limits = _limits(kb.settings.ingest)
        self.previous = kb.generations.get()
        self.undecided = kb.chooses and (rebuild or not self.previous.embedder)
        if not self.undecided:
            self._use(kb.load_embedder() if rebuild else kb.embedder, kb.model)
        # What is stored of these paths. A root's sources begin with its prefix: what is absorbed is found too.
        self.before = stage.visible(kb.store, {target.source for target in names.targets} | names.absorbed)
        self.skipped: list[Skipped] = []
        self.notes = list(names.notes)
        self.found: list[_File] = []
        self.read: dict[str, Parsed | Skipped] = {}
        self.choice: Choice | None = None
        self.unchanged: set[str] = set()
        self.wanted: list[_File] = []
        self.staged: set[str] = set()
        self.carried: list[Known] = []
        self.removed: set[str] = set()
        self.embedded = 0
        # Telling languages loads a model: done while the first file is read in another process.
        self.languages = Thread(target=detect, args=("What language is this?",), daemon=True)

    def _use(self, embedder: Embedder, model: str) -> None:
        """Embed with `embedder`, which the settings call `model`; empty where a caller gave it."""
        self.embedder, self.model = embedder, model
        self.signature = f"{VERSION}/{self.kb.settings.ingest.chunk_tokens}/{embedder.name}"

    def find(self) -> None:
        """Find and hash the files."""
        self.found = self._list()
        self.step("listed")

    def choose(self, loader: Loads) -> None:
        """Choose the embedder by the languages of the documents: those stored, where a file is still the same, and
        those of a sample of the others. Raises `ModelError` where it cannot be loaded."""
        stored = stage.languages(self.kb.store)
        languages = Counter(code for source, code in stored.items() if source not in self.before)
        unread: list[_File] = []
        for file in self.found:
            known = self.before.get(file.source)
            if known and known.sha256 == file.sha256:
                languages[stored[file.source]] += 1
            else:
                unread.append(file)
        sample = _spread(unread, SAMPLE)
        for code, count in Counter(self._languages_of(sample, loader)).items():
            languages[code] += round(count * len(unread) / len(sample))
        self.choice = Choice(model=choose_embedder(languages), languages=languages)
        try:
            self._use(self.kb.load_embedder(self.choice.model), self.choice.model)
        except ModelNotFound as error:
            raise ModelNotFound(f"the embedder for these documents is {self.choice}: {error}") from error

    def _languages_of(self, sample: Sequence[_File], loader: Loads) -> Iterator[str]:
        """The languages of those that can be read; what was read is kept, up to a size."""
        self.languages.start()
        room = KEPT_CHARACTERS
        outcomes = loader.load_many(file.path for file in sample)
        for number, (file, (_, outcome)) in enumerate(zip(sample, outcomes, strict=True), start=1):
            self.progress("languages", number, len(sample))
            size = 0
            if not isinstance(outcome, Skipped):
                self.languages.join()
                document, _ = to_document(file.source, outcome, file.sha256)
                size = len(document.text)
                yield document.language
            if size <= room:
                room -= size
                self.read[file.source] = outcome

    def compare(self) -> None:
        """Find out which files must be read."""
        if self.model:
            stage.name_embedder(self.kb.store, self.embedder.name, self.model)
        left = {} if self.rebuild else stage.staged(self.kb.store)
        adopted: list[int] = []
        for number, file in enumerate(self.found, start=1):
            self.progress("hash", number, len(self.found))
            now = (file.sha256, self.signature)
            known, half = self.before.get(file.source), left.get(file.source)
            if not self.rebuild and known and (known.sha256, known.signature) == now:
                self.unchanged.add(file.source)
            elif half and (half.sha256, half.signature) == now and half.root == file.root:
                adopted.append(half.row)
                self.staged.add(file.source)
            else:
                self.wanted.append(file)
        ended = stage.remove_staged(self.kb.store, adopted, self.ends)
        if ended is not None and self.ends == "a sync":
            self.notes.append(f"the preview of revision {ended.revision} has ended with this")
        self.step("hashed")

    def _list(self) -> list[_File]:
        found: list[_File] = []
        for target in self.plan.targets:
            for each in list_files(target.path, limits=self.limits):
                source = target.source_of(each.source)
                if isinstance(each, Skipped):
                    self.skipped.append(replace(each, source=source))
                    continue
                try:
                    sha256 = _sha256(each.path)
                except OSError as error:
                    reason = f"cannot be read ({error.strerror}); check the file and the disk"
                    self.skipped.append(Skipped(source=source, reason=reason))
                else:
                    found.append(_File(path=each.path, source=source, root=target.root, sha256=sha256))
        return found

    def take_in(self, loader: Loads) -> None:
        """Read, cut, embed and stage the files that changed."""
        if self.wanted and not self.languages.ident:
            self.languages.start()
        with Stager(self.kb.store, self.embedder, self.step) as stager:
            for number, (file, outcome) in enumerate(self._outcomes(loader), start=1):
                if isinstance(outcome, Skipped):
                    self.skipped.append(replace(outcome, source=file.source))
                else:
                    self._cut(file, outcome, stager)
                self.progress("index", number, len(self.wanted))
            if self.previous.embedder not in ("", self.embedder.name):
                self._carry_over(stager)
            stager.flush()
        self.embedded = stager.embedded
        if stager.truncated:
            self.notes.append(
                f"{stager.truncated} passages are longer than the {self.embedder.max_tokens} tokens that the "
                "embedder reads; search by meaning knows only their beginning"
            )

    def _outcomes(self, loader: Loads) -> Iterator[tuple[_File, Parsed | Skipped]]:
        """What each of the files holds, those of the sample not read again."""
        loaded = loader.load_many([file.path for file in self.wanted if file.source not in self.read])
        for file in self.wanted:
            kept = self.read.get(file.source)
            yield file, kept if kept is not None else next(loaded)[1]

    def _cut(self, file: _File, parsed: Parsed, stager: Stager) -> None:
        self.languages.join()
        document, placed = to_document(file.source, parsed, file.sha256)
        chunks = split(
            document,
            placed,
            count_tokens=self.embedder.count_tokens,
            chunk_tokens=self.kb.settings.ingest.chunk_tokens,
        )
        if not chunks:
            self.skipped.append(Skipped(source=file.source, reason="holds no text; fill or remove it"))
            return
        self.notes.extend(f"{file.source}: {note}" for note in parsed.notes)
        stager.add(document, chunks, root=file.root, signature=self.signature)
        self.staged.add(file.source)

    def _carry_over(self, stager: Stager) -> None:
        """With another embedder, passages that stay without being read again need new vectors too."""
        removed = self._gone()
        for known in stage.visible(self.kb.store).values():
            if known.source not in self.staged and known.source not in removed:
                with self.kb.store.reading() as connection:
                    document, chunks = rows.stored(connection, known.row)
                stager.add(
                    document, chunks, root=known.root, signature=f"carried over from {known.signature}"
                )
                self.carried.append(known)

    def _gone(self) -> set[str]:
        """Sources whose files are gone; one that merely cannot be read keeps its earlier version."""
        unread = {each.source for each in self.skipped}
        folders = tuple(each.rstrip("/") + "/" for each in unread)
        gone = self.before.keys() - self.unchanged - self.staged - unread
        return {source for source in gone if not source.startswith(folders)}

    def settle(self) -> None:
        """Tell what is removed. Raises `InputError` where none of the paths gave anything, now or earlier."""
        if not (self.unchanged or self.staged or self.before):
            reasons = "".join(f"\n  {each.source}: {each.reason}" for each in self.skipped[:10])
            raise InputError(f"nothing below the given paths could be read{reasons}")
        self.removed = self._gone()

    @property
    def dead(self) -> list[int]:
        """The document rows that are visible now and will not be."""
        replaced = [
            known.row for source, known in self.before.items() if source in self.staged | self.removed
        ]
        return [*replaced, *(known.row for known in self.carried)]

    @property
    def past(self) -> Past:
        """What the new revision has beside documents."""
        return Past(embedder=self.embedder.name, dimension=self.embedder.dimension, roots=self.plan.roots)

    def report(self, passages: int) -> SyncReport:
        """What was done; `passages` are those that there are now."""
        return SyncReport(
            added=tuple(sorted(self.staged - self.before.keys())),
            changed=tuple(sorted(self.staged & self.before.keys())),
            removed=tuple(sorted(self.removed)),
            unchanged=tuple(sorted(self.unchanged)),
            skipped=tuple(self.skipped),
            notes=tuple(self.notes),
            chunks=passages,
            embedded=self.embedded,
            seconds=time.perf_counter() - self.started,
            embedder=str(self.choice) if self.choice else "",
        )


def _spread(files: Sequence[_File], most: int) -> Sequence[_File]:
    """Up to `most` of them, at even distances."""
    many = len(files)
    return files if many <= most else [files[number * many // most] for number in range(most)]


def _limits(settings: IngestSettings) -> Limits:
    return Limits(
        file_seconds=settings.file_seconds,
        file_memory_mb=settings.file_memory_mb,
        max_file_mb=settings.max_file_mb,
        max_unpacked_mb=settings.max_unpacked_mb,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
