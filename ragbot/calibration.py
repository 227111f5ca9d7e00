"""From which confidence on the bot answers: a number of the settings, else what `ragbot calibrate` stored in the
knowledge base's folder, else a default.

A calibration holds for the knowledge, settings, models and code that it was made with. Where one of them has changed it
is still used, for an old threshold is a better guess than the default, but that is logged and told by `ragbot doctor`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ragbot import durable
from ragbot.errors import KnowledgeBaseError, RagbotError
from ragbot.fingerprint import fingerprint

if TYPE_CHECKING:
    from ragbot.index.generation import Generation
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings

FILE_NAME = "calibration.json"
DEFAULT_THRESHOLD: Final = 0.27
"""Where nothing is calibrated. Chosen on half of three companies' articles (`scripts/LOG.md`): from there on four of
five answers are right, and four of five unanswerable questions are met with silence."""

WITHOUT: Final = ("answer.threshold", "answer.contact")
"""Settings that a calibration does not depend on: what it chooses, and what is only said where the bot is silent."""

_FORMAT: Final = 1
_LOG = logging.getLogger("ragbot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A threshold, what it holds, and what it was made with."""

    threshold: float
    """Least confidence of an answer that is given, 0..1."""
    kind: Literal["conditional", "joint"]
    """What is held: the share of wrong ones among the answers, or of wrong answers among the questions."""
    risk: float
    confidence: float | None
    """How surely; None for the joint rate, which holds on average."""
    questions: int
    answered: int
    """At the threshold."""
    wrong: int
    """Of those answered."""
    made: str
    """When: ISO 8601, UTC."""
    testset: str
    """SHA-256 of the questions that were asked, in hex."""
    hashes: Mapping[str, str]
    """`knowledge`, `settings`, `models`, `code` -> SHA-256 in hex."""


def store(folder: Path, calibration: Calibration) -> Path:
    """Write it to the knowledge base's folder, over an earlier one, all or nothing; gives the file.

    Raises `KnowledgeBaseError` where that cannot be written.
    """
    file = folder / FILE_NAME
    beside = folder / f".{FILE_NAME}.{os.getpid()}"
    text = json.dumps({"format": _FORMAT, **asdict(calibration)}, indent=2, sort_keys=True) + "\n"
    try:
        durable.write(beside, text.encode("utf-8"))
        beside.replace(file)
        durable.sync(folder)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise KnowledgeBaseError(
            f"{file} cannot be written: {error.strerror}; free space or change the folder's permissions"
        ) from error
    return file


def stored(folder: Path) -> Calibration | None:
    """The calibration of a knowledge base; None where there is none. Raises `KnowledgeBaseError` for a damaged one."""
    file = folder / FILE_NAME
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        return _checked(plain)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KnowledgeBaseError(
            f"{file} cannot be used ({_words(error)}); calibrate again: ragbot calibrate TESTSET, or delete the file"
        ) from error


def _words(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)


def _checked(plain: Any) -> Calibration:
    """Raises `ValueError`, `TypeError` or `KeyError` where this is no calibration."""
    if not isinstance(plain, dict) or plain.get("format") != _FORMAT:
        raise ValueError(f"not format {_FORMAT}")
    made = Calibration(**{field.name: plain[field.name] for field in fields(Calibration)})
    for name in ("threshold", "risk", *(("confidence",) if made.confidence is not None else ())):
        value = getattr(made, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{name} is {value!r}, not a number from 0 to 1")
    if made.kind not in ("conditional", "joint"):
        raise ValueError(f"kind is {made.kind!r}")
    for name in ("questions", "answered", "wrong"):
        if type(getattr(made, name)) is not int:
            raise ValueError(f"{name} is {getattr(made, name)!r}, not a count")
    texts = (made.made, made.testset, *(made.hashes.values() if isinstance(made.hashes, dict) else (None,)))
    if not all(isinstance(each, str) for each in texts):
        raise ValueError("made, testset and hashes are not all texts")
    return made


def changed(calibration: Calibration, kb: KnowledgeBase, settings: Settings) -> tuple[str, ...]:
    """What is not as it was when it was made: of `code`, `knowledge`, `models`, `settings`. Empty: it holds.

    Raises `ModelError`, `SettingsError` where that cannot be told.
    """
    now = fingerprint(kb, settings, without=WITHOUT)
    return tuple(name for name in sorted(now) if calibration.hashes.get(name) != now[name])


def in_force(folder: Path, settings: Settings) -> float:
    """The threshold that holds now, 0..1; whether a calibration is outdated is not asked, and a damaged one counts as
    none."""
    if settings.answer.threshold is not None:
        return settings.answer.threshold
    try:
        found = stored(folder)
    except KnowledgeBaseError:
        return DEFAULT_THRESHOLD
    return DEFAULT_THRESHOLD if found is None else found.threshold


def threshold_hash(folder: Path, settings: Settings) -> str:
    """SHA-256 in hex of the threshold in force, wherever it comes from: it decides which answers are given."""
    return hashlib.sha256(f"{in_force(folder, settings):.6f}".encode("ascii")).hexdigest()


class Threshold:
    """The threshold that holds now. Threads may share it."""

    def __init__(self, kb: KnowledgeBase, settings: Settings) -> None:
        self._kb = kb
        self._settings = settings
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, ...], Generation] | None = None
        self._value = DEFAULT_THRESHOLD

    def __call__(self) -> float:
        """0..1. Costs one `stat` unless there is another calibration or another revision; what is wrong with a
        calibration is logged once."""
        if self._settings.answer.threshold is not None:
            return self._settings.answer.threshold
        try:
            status = (self._kb.folder / FILE_NAME).stat()
        except OSError:
            return DEFAULT_THRESHOLD
        seen = ((status.st_ino, status.st_mtime_ns, status.st_size), self._kb.generations.get())
        with self._lock:
            if self._seen != seen:
                self._value = self._read()
                self._seen = seen
            return self._value

    def _read(self) -> float:
        try:
            found = stored(self._kb.folder)
        except KnowledgeBaseError as error:
            _LOG.warning("%s; until then the threshold is %s", error, DEFAULT_THRESHOLD)
            return DEFAULT_THRESHOLD
        if found is None:
            return DEFAULT_THRESHOLD
        try:
            stale = changed(found, self._kb, self._settings)
        except RagbotError as error:
            _LOG.warning("whether the calibration still holds cannot be told: %s", error)
            return found.threshold
        if stale:
            _LOG.warning("%s", _outdated(found, stale))
        return found.threshold


def _outdated(calibration: Calibration, stale: tuple[str, ...]) -> str:
    return (
        f"the threshold {calibration.threshold:g} was calibrated on {calibration.made[:10]}, and "
        f"{' and '.join(stale)} changed since; calibrate again: ragbot calibrate TESTSET"
    )


def findings(kb: KnowledgeBase, settings: Settings) -> Iterator[tuple[Literal["ok", "note", "problem"], str]]:
    """What `ragbot doctor` tells of the threshold: how it stands, and a sentence with the next step."""
    explicit = settings.answer.threshold
    try:
        found = stored(kb.folder)
        stale = () if found is None else changed(found, kb, settings)
    except RagbotError as error:
        yield "problem", str(error)
        return
    if explicit is not None:
        unused = "; the stored calibration is not used, for answer.threshold is set" if found else ""
        yield ("note" if found else "ok"), f"answers are given from {explicit:g} on, as set{unused}"
    elif found is None:
        words = "nothing is calibrated: ragbot calibrate TESTSET holds a risk that you state"
        yield "note", f"answers are given from {DEFAULT_THRESHOLD:g} on, the default; {words}"
    elif stale:
        yield "problem", _outdated(found, stale)
    else:
        yield "ok", f"answers are given from {found.threshold:g} on, {_promise(found)}"


def _promise(calibration: Calibration) -> str:
    if calibration.confidence is None:
        return f"calibrated: on average at most {calibration.risk:g} of the questions get a wrong answer"
    return (
        f"calibrated: at most {calibration.risk:g} of the answers are wrong, at a confidence of "
        f"{calibration.confidence:g}"
    )
