"""A trace: times, figures, no customer's words, no logging of its own making."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from ragbot.trace import Trace


class Clock:
    """Each reading is one second after the last."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_steps_are_timed_in_milliseconds() -> None:
    """Steps of one name are added up; `total` spans everything until `finish`."""
    trace = Trace(clock=Clock())  # reads the clock: 1
    for _ in range(2):
        with trace.step("search") as step:  # 2..3, 4..5
            step.note(hits=3)
    trace.finish()  # 6
    assert trace.timings_ms == {"search": 2000.0, "total": 5000.0}
    assert trace.steps[0].figures == {"hits": 3}


def test_words_are_dropped_unless_asked_for() -> None:
    """`quote` keeps nothing by default."""
    for content, kept in ((False, {}), (True, {"question": "my card"})):
        trace = Trace(content=content)
        with trace.step("understand") as step:
            step.quote(question="my card")
        assert trace.steps[0].content == kept


def test_an_error_passes_through_and_is_named_by_class_only(caplog: pytest.LogCaptureFixture) -> None:
    """The message may hold a customer's words, so neither trace nor log repeats it."""
    trace = Trace()
    with (
        caplog.at_level(logging.DEBUG, logger="ragbot"),
        pytest.raises(ValueError, match="secret"),
        trace.step("search"),
    ):
        raise ValueError("secret")
    assert trace.steps[0].error == "ValueError"
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_finish_logs_one_structured_line(caplog: pytest.LogCaptureFixture) -> None:
    """The record carries the fields for a structured handler."""
    trace = Trace(trace_id="00ff")
    with caplog.at_level(logging.INFO, logger="ragbot"):
        trace.finish(status="answered", citations=2)
    (record,) = caplog.records
    assert vars(record)["ragbot"]["fields"] == {
        "trace_id": "00ff",
        "step": "answer",
        "status": "answered",
        "citations": 2,
    }
    assert "status='answered'" in caplog.text


def test_trace_ids_differ() -> None:
    """16 random hex digits."""
    ids = {Trace().trace_id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in ids)


def test_importing_configures_no_logging() -> None:
    """No handler, no level: that is the program's business."""
    program = "import logging, ragbot.trace as t; l = logging.getLogger('ragbot'); print(l.handlers, l.level)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] 0\n"
