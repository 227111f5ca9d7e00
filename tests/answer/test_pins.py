"""Pinned answers: checked when they are made, watched while they stand, kept whatever happens."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from clock import Clock
from quick import open_quick, quick_sync, write

from ragbot.answer.stored.pins import MAX_ANSWER, Pin, Pins
from ragbot.errors import InputError, KnowledgeBaseError
from ragbot.index import sources
from ragbot.index.knowledge_base import KnowledgeBase

DAY = 86_400.0
NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def pins(tmp_path: Path, clock: Clock) -> Iterator[Pins]:
    opened = Pins(tmp_path / "pins.sqlite", clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write(tmp_path / "docs", returns="# Returns\n\nWithin 30 days.\n", shops="# Shops\n\nRome.\n")


@pytest.fixture
def kb(tmp_path: Path, docs: Path) -> Iterator[KnowledgeBase]:
    with open_quick(tmp_path / "kb") as opened:
        quick_sync(opened, docs)
        yield opened


def bound(pins: Pins, kb: KnowledgeBase, **named: float) -> Pin:
    source = sources.require(kb, "returns.md")
    return pins.add(["How long can I return a lamp?"], "30 days.", author="Ann", bound_to=[source], **named)


def test_a_pin_is_kept_as_it_was_given(pins: Pins) -> None:
    """Questions once each, white space trimmed, author and time noted."""
    made = pins.add(["When do you open?", " When do you open? ", "几点开门"], " At 9. \n", author="Ann  B")
    assert made == pins.get(made.id)
    assert (made.questions, made.answer, made.author) == (("When do you open?", "几点开门"), "At 9.", "Ann B")
    assert (made.created, made.expires, made.sources, made.confirmed) == (NOW, None, {}, None)
    assert pins.list() == (made,)
    assert pins.remove(made.id) == made
    assert pins.list() == ()


@pytest.mark.parametrize(
    ("questions", "answer", "author", "expires", "words"),
    [
        (["When do you open?"], " \n ", "Ann", None, "the answer is empty"),
        (["When do you open?"], "x" * 1_000_000, "Ann", None, f"1000000 characters; at most {MAX_ANSWER}"),
        (["When do you open?"], "At 9.", " ", None, "the author is empty"),
        (["When do you open?"], "At 9.", "Ann", NOW - DAY, "has passed already"),
        (["When do you open?"], "At 9.", "Ann", float("nan"), "moment in seconds"),
        (["When do you open?", " "], "At 9.", "Ann", None, "a question is empty"),
        ([], "At 9.", "Ann", None, "1 to 100 questions, not 0"),
        (["?!"], "At 9.", "Ann", None, "no word by which"),
        (["How do I reset it?"], "At 9.", "Ann", None, "does not stand alone"),
        (["x " * 600], "At 9.", "Ann", None, "at most 1000"),
    ],
)
def test_what_cannot_be_used_is_refused(
    pins: Pins, questions: list[str], answer: str, author: str, expires: float | None, words: str
) -> None:
    """Before anything is stored, with what is wrong in the message."""
    with pytest.raises(InputError, match=words):
        pins.add(questions, answer, author=author, expires=expires)
    assert pins.list() == ()


def test_one_question_has_one_pin(pins: Pins, clock: Clock) -> None:
    """The error names the other pin; once that has expired it is no hindrance."""
    first = pins.add(["When do you open?"], "At 9.", author="Ann", expires=NOW + DAY)
    with pytest.raises(InputError, match=rf"pin {first.id} by Ann already answers 'WHEN do you open please'"):
        pins.add(["Who runs the desk?", "WHEN do you open please"], "At 10.", author="Bob")
    assert pins.list() == (first,)
    clock.now += 2 * DAY
    assert pins.add(["when do you open"], "At 10.", author="Bob").id > first.id


def test_an_unknown_pin_is_an_error(pins: Pins, kb: KnowledgeBase) -> None:
    """Whatever number it is."""
    for identity in (7, -1, 2**70):
        for act in (pins.get, pins.remove, lambda each: pins.confirm(each, kb)):
            with pytest.raises(InputError, match=f"no pin {identity}"):
                act(identity)


def test_a_pin_is_stale_while_its_document_is_another(pins: Pins, kb: KnowledgeBase, docs: Path) -> None:
    """A changed file, a file that is gone; other files do not matter; the same bytes again are the same."""
    pin = bound(pins, kb)
    assert pins.standing(pin, kb) == "valid"
    write(docs, shops="# Shops\n\nRome and Oslo.\n")
    quick_sync(kb, docs)
    assert pins.stale(kb) == ()
    write(docs, returns="# Returns\n\nWithin 14 days.\n")
    quick_sync(kb, docs)
    assert (pins.standing(pin, kb), pins.stale(kb)) == ("stale", (pin,))
    (docs / "returns.md").unlink()
    quick_sync(kb, docs)
    assert (pins.standing(pin, kb), pins.changed(pin, kb)) == ("stale", tuple(pin.sources))
    write(docs, returns="# Returns\n\nWithin 30 days.\n")
    quick_sync(kb, docs)
    assert pins.standing(pin, kb) == "valid"


def test_confirming_binds_to_the_documents_as_they_are(
    pins: Pins, kb: KnowledgeBase, docs: Path, clock: Clock
) -> None:
    """The pin is valid again, and stale once more at the next change; a document that is gone is let go."""
    pin = bound(pins, kb)
    write(docs, returns="# Returns\n\nWithin 14 days.\n")
    quick_sync(kb, docs)
    clock.now += DAY
    confirmed = pins.confirm(pin.id, kb)
    assert (pins.standing(confirmed, kb), confirmed.confirmed) == ("valid", NOW + DAY)
    (docs / "returns.md").unlink()
    quick_sync(kb, docs)
    assert pins.standing(confirmed, kb) == "stale"
    assert pins.confirm(pin.id, kb).sources == {}
    assert pins.stale(kb) == ()


def test_an_expired_pin_needs_a_new_expiry(pins: Pins, kb: KnowledgeBase, clock: Clock) -> None:
    """At the very moment of its expiry it is over."""
    pin = bound(pins, kb, expires=NOW + DAY)
    clock.now = NOW + DAY - 1
    assert pins.standing(pin, kb) == "valid"
    clock.now = NOW + DAY
    assert pins.standing(pin, kb) == "expired"
    with pytest.raises(InputError, match="new expiry"):
        pins.confirm(pin.id, kb)
    assert pins.standing(pins.confirm(pin.id, kb, expires=NOW + 2 * DAY), kb) == "valid"


def test_an_unknown_source_is_an_error_with_like_names(kb: KnowledgeBase) -> None:
    """A slip in the path, in the name, or nothing like it; the end of a path is enough where one document has it."""
    assert sources.require(kb, "returns.md").name.endswith("returns.md")
    with pytest.raises(InputError, match=r"did you mean .*returns\.md"):
        sources.require(kb, "docs/retrns.md")
    with pytest.raises(InputError, match=r"no document has the source 'zzz'$"):
        sources.require(kb, "zzz")
    assert sources.find(kb, ["\ud800", "nothing"]) == {}


def test_an_end_of_path_that_several_documents_have_is_an_error(kb: KnowledgeBase, docs: Path) -> None:
    """It lists them."""
    quick_sync(kb, write(docs, eu__returns="# EU\n\nx\n", us__returns="# US\n\ny\n", returns="# R\n\nz\n"))
    (docs / "returns.md").unlink()
    quick_sync(kb, docs)
    with pytest.raises(
        InputError, match=r"several documents .* did you mean .*eu/returns.md or .*us/returns.md"
    ):
        sources.require(kb, "returns.md")


def test_pins_survive_restarts_threads_and_processes(pins: Pins) -> None:
    """All that many writers add at once is there, once, also for who opened the file before."""
    code = (
        "import sys; from ragbot.answer.stored.pins import Pins\n"
        "Pins(sys.argv[1]).add([sys.argv[2]], 'x', author='P')"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(pins.path), f"question of process number {n}"])
        for n in range(2)
    ]
    threads = [
        threading.Thread(
            target=pins.add, args=([f"question of thread number {n}"], "x"), kwargs={"author": "T"}
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in started] == [0, 0]
    again = Pins(pins.path)
    assert len({pin.questions for pin in again.list()}) == len(again.list()) == 10
    assert again.list() == pins.list()
    again.close()


def test_the_version_changes_with_every_change(pins: Pins) -> None:
    """By this connection or another; and not by reading."""
    other = Pins(pins.path)
    seen = [pins.version()]
    pins.list()
    assert pins.version() == seen[0]
    pin = pins.add(["When do you open?"], "At 9.", author="Ann")
    seen.append(pins.version())
    other.remove(pin.id)
    seen.append(pins.version())
    assert len(set(seen)) == 3
    other.close()


def test_a_damaged_file_names_the_next_step(tmp_path: Path) -> None:
    """It is people's work: a copy comes before starting anew."""
    (tmp_path / "pins.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(KnowledgeBaseError, match="put back a copy"):
        Pins(tmp_path / "pins.sqlite")
    with sqlite3.connect(tmp_path / "new.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(KnowledgeBaseError, match="newer ragbot"):
        Pins(tmp_path / "new.sqlite")
