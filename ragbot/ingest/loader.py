"""Paths -> `Parsed` or `Skipped`, through processes with limits on time and memory.

A process is started once and reads many files; one that hangs, crashes or runs out of memory is ended and
replaced, and its file skipped with the reason. Nothing that a file does can take this process down.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ragbot.errors import InputError
from ragbot.ingest.blocks import Parsed, Skipped
from ragbot.ingest.document import parsed_from_json
from ragbot.ingest.files import printable
from ragbot.ingest.limits import MAX_TEXT_CHARS, OUT_OF_MEMORY, Limits, too_hungry, too_slow

_START_SECONDS = 60.0
"""What a fresh process may take until it is ready, on a busy machine."""
_MAX_ANSWER = MAX_TEXT_CHARS * 6 + (64 << 20)
"""Bytes of one answer: JSON writes a Chinese character in six."""
_MAX_FILES = 2000
"""Files after which a process is replaced, so that what parsers leak stays small."""


class _Process:
    """One parsing process and its pipes."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.files = 0
        package_root = str(Path(__file__).resolve().parents[2])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ragbot.ingest.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PYTHONPATH": package_root,
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUTF8": "1",
                "LC_ALL": "C.UTF-8",
            },
            start_new_session=True,
        )

    def load(self, path: Path) -> dict[str, Any] | None:
        """The answer for one file; None where the process died. Raises `TimeoutError`."""
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        if self.files == 0 and self._read_line(time.monotonic() + _START_SECONDS) is None:
            raise InputError(
                "the process that reads files does not start; try: python -m ragbot.ingest.worker"
            )
        self.files += 1
        request = {"path": os.path.abspath(path), "limits": self._limits.to_json()}  # noqa: PTH100 - keeps links
        deadline = time.monotonic() + self._limits.file_seconds
        try:
            self._process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self._read_line(deadline)
        if line is None:
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_line(self, deadline: float) -> bytes | None:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        pieces: list[bytes] = []
        size = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise TimeoutError
                piece = os.read(self._process.stdout.fileno(), 1 << 20)
                size += len(piece)
                if not piece or size > _MAX_ANSWER:
                    return None
                pieces.append(piece)
                if piece.endswith(b"\n"):
                    return b"".join(pieces)

    def kill(self) -> None:
        """End it at once; whoever waits for its answer sees it die."""
        self._process.kill()

    def end(self) -> int | None:
        """Kill and reap; the exit status (negative: the signal that ended it)."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            return self._process.wait(timeout=0.2)  # one that died tells how; an idle one ends with its input
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Loader:
    """Reads files in `workers` processes at a time. Use as a context manager; processes start when needed."""

    def __init__(self, limits: Limits | None = None, *, workers: int = 0) -> None:
        """`workers` of 0: one for each CPU, at most 4."""
        self.limits = limits or Limits()
        self.workers = workers or min(4, len(os.sched_getaffinity(0)))
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._busy: set[_Process] = set()
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="ragbot-load")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, busy ones too; files that were not begun are not read."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in tuple(self._busy):
            process.kill()
        self._threads.shutdown(wait=True)
        while True:
            try:
                self._idle.get_nowait().end()
            except queue.Empty:
                return

    def load(self, path: Path, source: str | None = None) -> Parsed | Skipped:
        """One file. `source` is the name it is reported under; its file name where none is given."""
        name = printable(source if source is not None else path.name)
        process = self._process()
        self._busy.add(process)
        try:
            answer = process.load(path)
        except TimeoutError:
            process.end()
            return Skipped(source=name, reason=too_slow(self.limits))
        except BaseException:
            process.end()
            raise
        finally:
            self._busy.discard(process)
        if answer is None:
            return Skipped(source=name, reason=self._why_dead(process.end()))
        if answer.get("spent") or process.files >= _MAX_FILES:
            process.end()
        else:
            self._idle.put(process)
        if "reason" in answer:
            return Skipped(source=name, reason=answer["reason"])
        return parsed_from_json(answer["parsed"])

    def load_many(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Parsed | Skipped]]:
        """Every path with its result, in the order given; at most a few results wait in memory."""
        waiting: deque[tuple[Path, Future[Parsed | Skipped]]] = deque()
        try:
            for path in paths:
                waiting.append((path, self._threads.submit(self.load, path)))
                if len(waiting) > 2 * self.workers:
                    yield waiting[0][0], waiting[0][1].result()
                    waiting.popleft()
            while waiting:
                yield waiting[0][0], waiting[0][1].result()
                waiting.popleft()
        finally:
            for _, future in waiting:
                future.cancel()

    def _process(self) -> _Process:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return _Process(self.limits)

    def _why_dead(self, status: int | None) -> str:
        if status == -signal.SIGXCPU:
            return too_slow(self.limits)
        if status in (OUT_OF_MEMORY, -signal.SIGKILL):  # the kernel kills who eats the machine's memory
            return too_hungry(self.limits)
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return f"made its parser crash ({how}); save it again or convert it"
