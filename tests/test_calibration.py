"""The stored calibration: what is written is read, what is damaged is told, and what changed makes it outdated."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from quick import open_quick, quick_sync, write

from ragbot.calibration import (
    DEFAULT_THRESHOLD,
    FILE_NAME,
    WITHOUT,
    Calibration,
    Threshold,
    changed,
    findings,
    in_force,
    store,
    stored,
    threshold_hash,
)
from ragbot.errors import KnowledgeBaseError
from ragbot.fingerprint import fingerprint
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.settings import Settings

MADE = Calibration(
    threshold=0.61,
    kind="conditional",
    risk=0.05,
    confidence=0.9,
    questions=300,
    answered=150,
    wrong=3,
    made="2026-11-24T10:00:00+00:00",
    testset="0" * 64,
    hashes={"knowledge": "1", "settings": "2", "models": "3", "code": "4"},
)


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    write(tmp_path / "docs", returns="Lamps go back within 30 days.", warranty="Two years.")
    with open_quick(tmp_path / "kb") as opened:
        quick_sync(opened, tmp_path / "docs")
        yield opened


def changed_settings(section: str, **values: object) -> Settings:
    return Settings().model_copy(update={section: getattr(Settings(), section).model_copy(update=values)})


def calibrated(kb: KnowledgeBase, settings: Settings, threshold: float = 0.61) -> Calibration:
    """One that holds now, stored."""
    made = replace(MADE, threshold=threshold, hashes=fingerprint(kb, settings, without=WITHOUT))
    store(kb.folder, made)
    return made


@pytest.mark.parametrize("made", [MADE, replace(MADE, kind="joint", confidence=None, threshold=1.0)])
def test_what_is_stored_is_read(made: Calibration, tmp_path: Path) -> None:
    """Every field; a second one takes the place of the first and leaves nothing beside it."""
    assert stored(tmp_path) is None
    store(tmp_path, replace(MADE, threshold=0.1))
    file = store(tmp_path, made)
    assert stored(tmp_path) == made
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """With the file and what to do."""
    with pytest.raises(KnowledgeBaseError, match=r"calibration\.json cannot be written: No such file"):
        store(tmp_path / "none", MADE)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("format", 2, "not format 1"),
        ("threshold", 1.5, "threshold is 1.5"),
        ("threshold", "0.5", "threshold is '0.5'"),
        ("threshold", True, "threshold is True"),
        ("risk", -0.1, "risk is -0.1"),
        ("risk", None, "risk is None"),
        ("confidence", 2, "confidence is 2"),
        ("kind", "other", "kind is 'other'"),
        ("kind", None, "kind is None"),
        ("questions", 1.5, "questions is 1.5"),
        ("answered", "9", "answered is '9'"),
        ("wrong", None, "wrong is None"),
        ("made", 5, "not all texts"),
        ("testset", None, "not all texts"),
        ("hashes", ["a"], "not all texts"),
        ("hashes", {"code": 1}, "not all texts"),
    ],
)
def test_a_damaged_field_is_told(field: str, value: object, words: str, tmp_path: Path) -> None:
    """With what is wrong and the next step; without the field too."""
    plain = {"format": 1, **asdict(MADE)}
    file = tmp_path / FILE_NAME
    file.write_text(json.dumps(plain | {field: value}), encoding="utf-8")
    with pytest.raises(KnowledgeBaseError) as told:
        stored(tmp_path)
    assert words in str(told.value)
    assert "ragbot calibrate TESTSET" in str(told.value)
    del plain[field]
    file.write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(
        KnowledgeBaseError, match="not format 1" if field == "format" else f"'{field}' is miss"
    ):
        stored(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xfe", b'{"format": 1}', b"NaN"])
def test_what_is_no_calibration_is_told(content: bytes, tmp_path: Path) -> None:
    """Whatever stands in the file, the error is ours, and the default is in force."""
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(KnowledgeBaseError, match="cannot be used"):
        stored(tmp_path)
    assert in_force(tmp_path, Settings()) == DEFAULT_THRESHOLD


def test_it_holds_for_what_it_was_made_with(kb: KnowledgeBase) -> None:
    """And for another threshold or contact, on which it does not depend."""
    made = calibrated(kb, Settings())
    assert changed(made, kb, Settings()) == ()
    assert changed(made, kb, changed_settings("answer", threshold=0.2, contact="help@shop.example")) == ()


def test_other_documents_settings_or_code_make_it_outdated(kb: KnowledgeBase, tmp_path: Path) -> None:
    """Each is named alone, in the order of the alphabet where there are several."""
    made = calibrated(kb, Settings())
    assert changed(replace(made, hashes={**made.hashes, "code": "0"}), kb, Settings()) == ("code",)
    other = changed_settings("answer", max_sentences=2)
    assert changed(made, kb, other) == ("settings",)
    write(tmp_path / "docs", warranty="Three years.")
    quick_sync(kb, tmp_path / "docs")
    assert changed(made, kb, Settings()) == ("knowledge",)
    assert changed(made, kb, other) == ("knowledge", "settings")


def test_another_model_makes_it_outdated(kb: KnowledgeBase, tmp_path: Path) -> None:
    """One of the same name with other weights."""
    folder = tmp_path / "reranker"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"1")
    settings = changed_settings("search", reranker=str(folder))
    made = calibrated(kb, settings)
    assert changed(made, kb, settings) == ()
    (folder / "model.safetensors").write_bytes(b"2")
    assert changed(made, kb, settings) == ("models",)


def test_the_settings_come_first_then_the_calibration_then_a_default(kb: KnowledgeBase) -> None:
    """A threshold in the settings wins over a stored one; both readers of it agree."""
    explicit = changed_settings("answer", threshold=0.0)
    for settings, expected in ((Settings(), DEFAULT_THRESHOLD), (explicit, 0.0)):
        assert Threshold(kb, settings)() == in_force(kb.folder, settings) == expected
    calibrated(kb, Settings())
    for settings, expected in ((Settings(), 0.61), (explicit, 0.0)):
        assert Threshold(kb, settings)() == in_force(kb.folder, settings) == expected


def test_a_new_calibration_is_picked_up(kb: KnowledgeBase) -> None:
    """By a threshold that is in use, and its removal too."""
    threshold = Threshold(kb, Settings())
    assert threshold() == DEFAULT_THRESHOLD
    for value in (0.61, 0.72):
        calibrated(kb, Settings(), value)
        assert threshold() == value
    (kb.folder / FILE_NAME).unlink()
    assert threshold() == DEFAULT_THRESHOLD


def test_an_outdated_one_is_used_and_logged_once(
    kb: KnowledgeBase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After a sync that changed a document; not before, and not again at each message."""
    calibrated(kb, Settings())
    threshold = Threshold(kb, Settings())
    assert (threshold(), caplog.messages) == (0.61, [])
    write(tmp_path / "docs", warranty="Three years.")
    quick_sync(kb, tmp_path / "docs")
    with caplog.at_level(logging.WARNING, logger="ragbot"):
        assert [threshold() for _ in range(3)] == [0.61] * 3
    (message,) = caplog.messages
    assert message == (
        "the threshold 0.61 was calibrated on 2026-11-24, and knowledge changed since; "
        "calibrate again: ragbot calibrate TESTSET"
    )


def test_a_damaged_one_is_logged_and_the_default_holds(
    kb: KnowledgeBase, caplog: pytest.LogCaptureFixture
) -> None:
    """Once; a good one is used as soon as it is there."""
    (kb.folder / FILE_NAME).write_text("{", encoding="utf-8")
    threshold = Threshold(kb, Settings())
    assert [threshold() for _ in range(3)] == [DEFAULT_THRESHOLD] * 3
    (message,) = caplog.messages
    assert "cannot be used" in message
    calibrated(kb, Settings())
    assert threshold() == 0.61


def test_the_hash_is_of_the_threshold_in_force(kb: KnowledgeBase) -> None:
    """The same number has the same hash wherever it comes from; another one another."""
    default = threshold_hash(kb.folder, Settings())
    assert default == threshold_hash(kb.folder, changed_settings("answer", threshold=DEFAULT_THRESHOLD))
    calibrated(kb, Settings())
    assert len(default) == 64
    assert default != threshold_hash(kb.folder, Settings())


def test_the_doctor_is_told_how_it_stands(kb: KnowledgeBase, tmp_path: Path) -> None:
    """Nothing stored, one that holds, one that the settings hide, an outdated one, a damaged one."""
    explicit = changed_settings("answer", threshold=0.3)

    def told(settings: Settings | None = None) -> tuple[str, str]:
        ((level, message),) = findings(kb, settings or Settings())
        return level, message

    assert told() == (
        "note",
        f"answers are given from {DEFAULT_THRESHOLD} on, the default; nothing is calibrated: ragbot calibrate TESTSET "
        "holds a risk that you state",
    )
    assert told(explicit) == ("ok", "answers are given from 0.3 on, as set")
    made = calibrated(kb, Settings())
    level, message = told()
    assert level == "ok"
    assert "at most 0.05 of the answers are wrong, at a confidence of 0.9" in message
    store(kb.folder, replace(made, kind="joint", confidence=None))
    assert "on average at most 0.05 of the questions get a wrong answer" in told()[1]
    level, message = told(explicit)
    assert level == "note"
    assert "the stored calibration is not used" in message
    write(tmp_path / "docs", warranty="Three years.")
    quick_sync(kb, tmp_path / "docs")
    level, message = told()
    assert level == "problem"
    assert "knowledge changed since; calibrate again" in message
    (kb.folder / FILE_NAME).write_text("{", encoding="utf-8")
    level, message = told()
    assert level == "problem"
    assert "cannot be used" in message
