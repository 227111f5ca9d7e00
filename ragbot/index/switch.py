"""Which generation a reader uses now: noticed cheaply, checked, switched atomically, repaired if need be."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import weakref
from pathlib import Path

from ragbot.errors import KnowledgeBaseError, KnowledgeBaseLocked
from ragbot.index import publish
from ragbot.index.generation import Generation, build, compacted
from ragbot.index.lexical import TERMS
from ragbot.index.segment import Damaged
from ragbot.index.stage import write_lock
from ragbot.index.store import State, Store

_LOG = logging.getLogger(__name__)


def _no_step(_: str) -> None:
    pass


class _Home:
    """A temporary folder that is removed when nothing refers to it any more."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="ragbot-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Switch:
    """Holds the current generation of one knowledge base for all threads."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store, self._pointer = folder, store, store.pointer
        self._lock = threading.Lock()
        self._held: tuple[publish.Token | None, Generation] | None = None

    def get(self) -> Generation:
        """The newest generation; costs one `stat` unless another was published."""
        held = self._held
        if held is not None and held[0] == publish.token(self._folder, self._pointer):
            return held[1]
        with self._lock:
            token = publish.token(
                self._folder, self._pointer
            )  # before reading: what comes later is noticed next time
            if self._held is None or self._held[0] != token:
                self._held = self._find(token)
            return self._held[1]

    def forget(self) -> None:
        """Look again at what is published, even if nothing seems to have changed."""
        with self._lock:
            self._held = None

    def renew(self, previous: Generation | None, step: publish.Step, *, merge: bool = True) -> Generation:
        """Make the newest revision's generation and publish it; then, where it is due, once more with segments
        merged, which may take long. The caller holds the writer's lock. Raises `OSError`."""
        generation = self._build(previous)
        self._publish(generation, step)
        if not merge:
            return generation
        with self._store.reading() as connection:
            state = self._store.state(connection)
            merged = compacted(self._folder, connection, state, generation)
        if merged is not None:
            self._publish(merged, step)
        return merged or generation

    def _publish(self, generation: Generation, step: publish.Step) -> None:
        publish.publish(self._folder, generation, step, self._pointer)
        with self._lock:
            self._held = (publish.token(self._folder, self._pointer), generation)

    def _find(self, token: publish.Token | None) -> tuple[publish.Token | None, Generation]:
        self._store.state()  # raises where what it tells of is gone
        generation, problem = self._load()
        while (
            problem and (now := publish.token(self._folder, self._pointer)) != token
        ):  # published and swept meanwhile
            token = now
            generation, problem = self._load()
        if generation is not None and not problem:
            return token, generation
        try:
            with write_lock(self._folder, 0.0):
                return self._repair()
        except KnowledgeBaseLocked:
            if generation is None:  # a writer is at work: it will publish; until then, the same from memory
                generation = self._build_apart(self._held[1] if self._held else None)
        except KnowledgeBaseError:
            _LOG.warning(
                "%s: %s; indexes are made for this process, the folder cannot be written",
                self._folder,
                problem,
            )
            generation = self._build_apart(generation)
        return token, generation

    def _repair(self) -> tuple[publish.Token | None, Generation]:
        """Publish what SQLite holds. The lock is held, so what is on disk cannot change meanwhile."""
        generation, problem = self._load()
        if generation is None or problem:
            level = logging.WARNING if self._store.state().revision else logging.DEBUG  # 0: just created
            _LOG.log(level, "%s: %s; indexes are made again from kb.sqlite", self._folder, problem)
            try:
                generation = self._build(generation)
                publish.publish(self._folder, generation, _no_step, self._pointer)
                publish.sweep(self._folder)
            except OSError as error:
                _LOG.warning("%s: indexes are kept for this process only: %s", self._folder, error)
                generation = self._build_apart(generation)
        return publish.token(self._folder, self._pointer), generation

    def _load(self) -> tuple[Generation | None, str]:
        """What is published, if its bytes and its history are right, and what keeps it from being current."""
        try:
            generation = publish.load(self._folder, self._held[1] if self._held else None, self._pointer)
        except Damaged as damage:
            return None, str(damage)
        state = self._store.state()
        if state.stamps.get(generation.revision) != generation.stamp:
            return None, f"indexes of revision {generation.revision} are of another history"
        return generation, _staleness(generation, state)

    def _build(self, previous: Generation | None) -> Generation:
        """The newest revision's generation, its files in the folder, to be published."""
        if previous is not None and not publish.holds(self._folder, previous):
            previous = None
        with self._store.reading() as connection:
            state = self._store.state(connection)
            return build(self._folder, connection, state, previous)

    def _build_apart(self, previous: Generation | None) -> Generation:
        """The same with new files in a temporary folder, which goes when they are no longer used."""
        try:
            home = _Home()
            with self._store.reading() as connection:
                return build(home.path, connection, self._store.state(connection), previous, home=home)
        except OSError as error:
            raise KnowledgeBaseError(
                f"{self._folder}: indexes can be made neither there nor in the temporary folder ({error}); "
                "make room or set TMPDIR"
            ) from error


def _staleness(generation: Generation, state: State) -> str:
    if generation.revision != state.revision:
        return f"indexes are of revision {generation.revision}, the store is at {state.revision}"
    if generation.terms != TERMS:
        return "indexes were made by another version of the word rules"
    return ""
