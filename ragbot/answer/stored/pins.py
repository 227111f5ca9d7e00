"""Answers that an operator has pinned to questions, in one SQLite file beside the knowledge base.

A pin has an author, may expire, and may be bound to documents by the hash of their files: it is stale while one of
them is another file or gone, until someone confirms it. Pins are people's work: no sync and no retention touches
them. One `Pins` may be shared by threads, and one file by processes. After a fork, open a new one.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ragbot.answer.stored.match import parse
from ragbot.answer.stored.same import compare
from ragbot.database import Database, storable
from ragbot.errors import InputError
from ragbot.index import sources
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.text.language import detect_query

FILE_NAME: Final = "pins.sqlite"
MAX_ANSWER: Final = 20_000
"""Characters of an answer. What is longer is a document."""
MAX_QUESTION: Final = 1000
MAX_QUESTIONS: Final = 100
"""Phrasings of one pin."""
_MAX_AUTHOR = 200

Standing = Literal["valid", "expired", "stale"]

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pin (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    questions TEXT NOT NULL,
    answer TEXT NOT NULL,
    author TEXT NOT NULL,
    created REAL NOT NULL,
    expires REAL,
    sources TEXT NOT NULL,
    confirmed REAL
);
"""
_SELECT = "SELECT id, questions, answer, author, created, expires, sources, confirmed FROM pin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An answer and the questions that it is given to."""

    id: int
    questions: tuple[str, ...]
    """At least one; the others are other phrasings."""
    answer: str
    author: str
    created: float
    """Seconds since the epoch."""
    expires: float | None
    """From this moment on it is not given; None: never."""
    sources: Mapping[str, str]
    """Documents that it rests on: source -> SHA-256 of the file when it was pinned or confirmed."""
    confirmed: float | None
    """When it was last confirmed."""


class Pins:
    """The pinned answers in the file `path`, which is made if absent (its folder must exist)."""

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        """Raises `KnowledgeBaseError` if the file cannot be used."""
        self.path = Path(path)
        self._clock = clock
        self._database = Database(
            path,
            name="pinned answers",
            schema=_SCHEMA,
            version=_VERSION,
            advice="put back a copy of it, or delete it to start without pinned answers",
        )

    def add(
        self,
        questions: Sequence[str],
        answer: str,
        *,
        author: str,
        expires: float | None = None,
        bound_to: Sequence[sources.Source] = (),
    ) -> Pin:
        """Pin `answer` to each of the `questions`. `bound_to` are the documents that it rests on, as they are now.

        Raises `InputError` for what cannot be used, and where another pin that has not expired has the question.
        """
        asked = _checked_questions(questions)
        answer = _checked(answer, "the answer", MAX_ANSWER)
        author = " ".join(_checked(author, "the author", _MAX_AUTHOR).split())
        now = self._clock()
        _check_expiry(expires, now)
        bound = {each.name: each.sha256 for each in bound_to}
        with self._database.transaction():
            self._refuse_doubles(asked, now)
            values = (json.dumps(asked), answer, author, now, expires, json.dumps(bound))
            self._database.execute(
                "INSERT INTO pin (questions, answer, author, created, expires, sources) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            identity = int(self._database.rows("SELECT last_insert_rowid()")[0][0])
        return self.get(identity)

    def get(self, identity: int) -> Pin:
        """The pin with this id. Raises `InputError` where there is none."""
        inside = -(2**63) <= identity < 2**63
        rows = self._database.rows(f"{_SELECT} WHERE id = ?", (identity,)) if inside else []
        if not rows:
            raise InputError(f"there is no pin {identity}; `ragbot pins list` shows those there are")
        return _pin(rows[0])

    def list(self) -> tuple[Pin, ...]:
        """All pins, the oldest first."""
        return tuple(_pin(row) for row in self._database.rows(f"{_SELECT} ORDER BY id"))

    def remove(self, identity: int) -> Pin:
        """Delete a pin; what it was. Raises `InputError` where there is none."""
        with self._database.transaction():
            pin = self.get(identity)
            self._database.execute("DELETE FROM pin WHERE id = ?", (identity,))
        return pin

    def confirm(self, identity: int, kb: KnowledgeBase, *, expires: float | None = None) -> Pin:
        """Say that the answer still holds: it is bound to its documents as they are now, and no longer to those
        that are gone; `expires`, where given, is its new expiry.

        Raises `InputError` where there is no such pin, or it has expired and gets no new expiry.
        """
        now = self._clock()
        _check_expiry(expires, now)
        with self._database.transaction():
            pin = self.get(identity)
            until = pin.expires if expires is None else expires
            if until is not None and until <= now:
                raise InputError(f"pin {identity} has expired; give it a new expiry: --expires DATE")
            found = sources.find(kb, pin.sources)
            bound = json.dumps({name: found[name].sha256 for name in pin.sources if name in found})
            self._database.execute(
                "UPDATE pin SET sources = ?, expires = ?, confirmed = ? WHERE id = ?",
                (bound, until, now, identity),
            )
        return self.get(identity)

    def changed(self, pin: Pin, kb: KnowledgeBase) -> tuple[str, ...]:
        """The pin's documents that are not what they were when it was pinned or confirmed."""
        if not pin.sources:
            return ()
        found = sources.find(kb, pin.sources)
        return tuple(
            name for name, sha256 in pin.sources.items() if name not in found or found[name].sha256 != sha256
        )

    def stale(self, kb: KnowledgeBase) -> tuple[Pin, ...]:
        """The pins one of whose documents has changed or is gone."""
        return tuple(pin for pin in self.list() if self.changed(pin, kb))

    def standing(self, pin: Pin, kb: KnowledgeBase) -> Standing:
        """Whether the pin may be given now."""
        if self.has_expired(pin):
            return "expired"
        return "stale" if self.changed(pin, kb) else "valid"

    def has_expired(self, pin: Pin) -> bool:
        return pin.expires is not None and pin.expires <= self._clock()

    def version(self) -> tuple[int, int]:
        """Changes whenever a pin does, whoever changes it."""
        others = self._database.rows("PRAGMA data_version")[0][0]
        return int(others), int(self._database.rows("SELECT total_changes()")[0][0])

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def _refuse_doubles(self, questions: Sequence[str], now: float) -> None:
        asked = [(question, parse(question, detect_query(question))) for question in questions]
        for pin in self.list():
            if pin.expires is not None and pin.expires <= now:
                continue
            for other in pin.questions:
                for question, form in asked:
                    theirs = parse(other, detect_query(question))
                    if question == other or compare(form, theirs, lambda _: True) == "same":
                        raise InputError(
                            f"pin {pin.id} by {pin.author} already answers {question!r} (as {other!r}); "
                            f"remove it first: ragbot pins remove {pin.id}"
                        )


def _checked(text: str, what: str, most: int) -> str:
    """`text` without white space at its ends. Raises `InputError` where nothing is left, or too much."""
    if not isinstance(text, str) or not (kept := storable(text).replace("\0", "").strip()):
        raise InputError(f"{what} is empty")
    if len(kept) > most:
        raise InputError(f"{what} has {len(kept)} characters; at most {most} can be used")
    return kept


def _checked_questions(questions: Sequence[str]) -> list[str]:
    given = [questions] if isinstance(questions, str) else list(questions)
    if not 1 <= len(given) <= MAX_QUESTIONS:
        raise InputError(f"a pin needs 1 to {MAX_QUESTIONS} questions, not {len(given)}")
    asked = list(dict.fromkeys(_checked(each, "a question", MAX_QUESTION) for each in given))
    for question in asked:
        form = parse(question, detect_query(question))
        if not form.words:
            raise InputError(f"the question {question!r} has no word by which it could be recognised")
        if form.points:
            raise InputError(f"the question {question!r} does not stand alone; name what it is about")
    return asked


def _check_expiry(expires: float | None, now: float) -> None:
    if expires is None:
        return
    if not math.isfinite(expires):
        raise InputError(f"an expiry must be a moment in seconds since the epoch, not {expires}")
    if expires <= now:
        moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(max(0.0, expires)))
        raise InputError(f"the expiry {moment} has passed already; give a later one")


def _pin(row: tuple[Any, ...]) -> Pin:
    identity, questions, answer, author, created, expires, bound, confirmed = row
    return Pin(
        id=identity,
        questions=tuple(json.loads(questions)),
        answer=answer,
        author=author,
        created=created,
        expires=expires,
        sources=json.loads(bound),
        confirmed=confirmed,
    )
