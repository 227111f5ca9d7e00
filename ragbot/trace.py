"""What happened in one answer: its steps, how long each took, and figures such as the number of hits.

A `Trace` belongs to one answer and one thread. It reports to the standard logger `ragbot` (steps at DEBUG,
the finished answer at INFO) and never configures it. What customers and documents say is kept out, both
of the trace and of the log, unless it was made with `content=True`.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Figure = int | float | bool | str | None
"""A figure: a count, a score, or a short code of ours such as a status; never a customer's words."""

_logger = logging.getLogger("ragbot")


@dataclass(slots=True, kw_only=True)
class Step:
    """One step of an answer, filled in while it runs."""

    name: str
    milliseconds: float = 0.0
    figures: dict[str, Figure] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    """Words of customers or documents; stays empty unless the trace keeps content."""
    error: str = ""
    """Class name of the exception that ended the step; its message may hold a customer's words."""
    keeps_content: bool = False

    def note(self, **figures: Figure) -> None:
        """Add figures."""
        self.figures.update(figures)

    def quote(self, **texts: str) -> None:
        """Add words, which are dropped unless the trace keeps content."""
        if self.keeps_content:
            self.content.update(texts)


class Trace:
    """Recorder of one answer.

    trace = Trace()
    with trace.step("search") as step:
        hits = search(...)
        step.note(hits=len(hits))
    trace.finish(status="answered")
    trace.timings_ms     # {"search": 12.3, "total": 12.9}
    """

    def __init__(
        self,
        *,
        content: bool = False,
        trace_id: str | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`clock` counts seconds; `trace_id` is 16 random hex digits unless given."""
        self.trace_id = trace_id or secrets.token_hex(8)
        self.steps: list[Step] = []
        self._content = content
        self._clock = clock
        self._began = clock()
        self._total: float | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time what happens inside; an exception passes through and is named in the step."""
        step = Step(name=name, keeps_content=self._content)
        began = self._clock()
        try:
            yield step
        except BaseException as error:
            step.error = type(error).__name__
            raise
        finally:
            step.milliseconds = (self._clock() - began) * 1000
            self.steps.append(step)
            self._log(logging.DEBUG, step)

    def finish(self, **figures: Figure) -> None:
        """End the trace: `total` stops here, and one line about the answer goes to the log."""
        elapsed = (self._clock() - self._began) * 1000
        self._total = elapsed
        self._log(logging.INFO, Step(name="answer", milliseconds=elapsed, figures=dict(figures)))

    @property
    def timings_ms(self) -> dict[str, float]:
        """Milliseconds of each step (steps of one name are added up) and of the whole, as `total`."""
        timings: dict[str, float] = {}
        for step in self.steps:
            timings[step.name] = timings.get(step.name, 0.0) + step.milliseconds
        total = self._total if self._total is not None else (self._clock() - self._began) * 1000
        return {name: round(value, 3) for name, value in {**timings, "total": total}.items()}

    def _log(self, level: int, step: Step) -> None:
        if not _logger.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            "trace_id": self.trace_id,
            "step": step.name,
            **step.figures,
            **step.content,
        }
        if step.error:
            fields["error"] = step.error
        words = " ".join(f"{name}={value!r}" for name, value in fields.items())
        record = {"trace_id": self.trace_id, "step": step.name, "ms": step.milliseconds, "fields": fields}
        _logger.log(level, "%.1f ms %s", step.milliseconds, words, extra={"ragbot": record})
