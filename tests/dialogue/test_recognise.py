"""The intents of a company, told apart by a model that keeps itself up to date."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from quick import HashedEmbedder

from ragbot.dialogue.classify.recognise import Recogniser, other_matters
from ragbot.dialogue.intents.catalogue import Intent, Intents, load_intents

ORDERS = Intent(
    name="order_status",
    description="Where an order is.",
    examples=("where is my order", "my parcel has not arrived", "track the parcel", "when does it arrive"),
    action="collect",
)
HOURS = Intent(
    name="hours", examples=("when are you open", "opening hours", "are you open on sunday"), action="reply"
)


def recogniser(folder: Path, *intents: Intent, embedder: HashedEmbedder | None = None) -> Recogniser:
    made = Intents(intents=intents, signature="s")
    return Recogniser(made, lambda: embedder or HashedEmbedder(dimension=256), gloss=str, folder=folder)


def test_a_message_has_the_intent_of_its_likes(tmp_path: Path) -> None:
    """With its confidence; one that is like none has none."""
    known = recogniser(tmp_path, ORDERS, HOURS)
    found, confidence = known.recognise("where is my order")
    assert found == ORDERS
    assert 0.5 < confidence <= 1
    assert known.recognise("penguins of the antarctic")[0] is None


def test_an_intent_asks_for_as_much_confidence_as_it_likes(tmp_path: Path) -> None:
    """Below that the message has no intent."""
    strict = recogniser(tmp_path, replace(ORDERS, min_confidence=1.0), HOURS)
    found, confidence = strict.recognise("where is my order please tell")
    assert found is None
    assert 0 <= confidence < 1


def test_it_learns_anew_when_the_intents_change(tmp_path: Path) -> None:
    """And only then: an unchanged set is read from its file."""
    recogniser(tmp_path, ORDERS, HOURS).recognise("where is my order")
    (file,) = tmp_path.glob("*.npz")
    first = (file.stat().st_mtime_ns, file.read_bytes())
    recogniser(tmp_path, ORDERS, HOURS).recognise("where is my order")
    assert (file.stat().st_mtime_ns, file.read_bytes()) == first
    changed = replace(HOURS, examples=(*HOURS.examples, "is the shop closed today"))
    found, _ = recogniser(tmp_path, ORDERS, changed).recognise("is the shop closed today")
    assert found == changed
    assert file.read_bytes() != first[1]


def test_a_damaged_model_is_made_again(tmp_path: Path) -> None:
    """A file cut short is no reason to fail."""
    recogniser(tmp_path, ORDERS, HOURS).recognise("hello")
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert recogniser(tmp_path, ORDERS, HOURS).recognise("where is my order")[0] == ORDERS


def test_a_folder_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is kept in memory, and the log says so."""
    (tmp_path / "file").write_text("no folder")
    known = recogniser(tmp_path / "file", ORDERS, HOURS)
    assert known.recognise("where is my order")[0] == ORDERS
    assert "is not kept" in caplog.text


def test_other_matters_are_those_that_the_company_has_not() -> None:
    """Of an intent of its own, by name or by examples, no built-in example counts against it."""
    default = load_intents()
    assert other_matters(default) == ()
    order_status, warranty = default.get("order_status"), default.get("warranty")
    assert order_status is not None
    assert warranty is not None
    others = other_matters(Intents(intents=(replace(ORDERS, examples=order_status.examples),), signature=""))
    assert not {*order_status.examples} & {*others}
    assert {*warranty.examples} <= {*others}
    renamed = replace(ORDERS, name="tracking", examples=order_status.examples)
    assert not {*order_status.examples} & {*other_matters(Intents(intents=(renamed,), signature=""))}


def test_a_message_is_recognised_quickly(tmp_path: Path) -> None:
    """Work that grows with the message is bounded; CPU time of this thread."""
    known = recogniser(tmp_path, ORDERS, HOURS)
    known.recognise("warm up")
    began = time.thread_time()
    known.recognise("where is my order " * 20_000)
    assert time.thread_time() - began < 5
