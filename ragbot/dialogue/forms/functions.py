"""The company's own functions: found, called under a time limit, and kept from doing harm.

A function gets a `Call` and returns a text or a `Reply`; it may be `async`. It runs in a thread of its own that
neither holds up the bot nor the end of the process. Whatever goes wrong is a `Failure` with a reason for the
operator: never an exception, and never the exception's text, which may hold what a customer said.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final

from ragbot.dialogue.intents.catalogue import Intent
from ragbot.errors import SettingsError
from ragbot.types import Profile

LONGEST_REPLY: Final = 10_000
"""Characters of a function's reply."""
MOST_RUNNING: Final = 16
"""Calls of one function that run at a time; a further one waits for its turn within its time."""
MOST_STUCK: Final = 4
"""Calls of one function that have not come back in time; while there are so many, further ones are refused."""

_logger = logging.getLogger("ragbot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a function gets."""

    intent: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field -> value in its normal form; fields that the customer left out are missing."""
    language: str = "en"
    """ISO 639-1 code of the customer's language, in which the reply should be."""
    session: str | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a function may return instead of a text."""

    text: str
    handover: str = ""
    """Why a person should take over now; empty: no need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that gave no reply."""

    reason: str
    """For the operator; holds nothing that the customer or the function said."""


Function = Callable[[Call], Any]
"""Returns `str` or `Reply`, or an awaitable of one."""


class Functions:
    """The functions of the intents: those given by name of the intent, else those that the intents file names.
    Threads may share it."""

    def __init__(self, given: Mapping[str, Function] | None = None) -> None:
        """Raises `SettingsError` where one cannot be called."""
        self._found: dict[str, Function] = dict(given or {})
        for name, function in self._found.items():
            if not callable(function):
                raise SettingsError(
                    f"the function given for intent {name} is a {type(function).__name__}; give a function"
                )
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def find(self, intent: Intent) -> Function | None:
        """The intent's function, imported at first use; None if it has none. Raises `SettingsError` naming the line
        of the intents file if it cannot be imported."""
        if intent.name not in self._found and intent.function:
            self._found[intent.name] = _imported(intent)
        return self._found.get(intent.name)

    def call(self, intent: Intent, call: Call, seconds: float) -> Reply | Failure:
        """The reply of the intent's function, which has so many seconds. Raises `SettingsError` as `find` does."""
        function = self.find(intent)
        if function is None:
            return Failure(reason=f"intent {intent.name} has no function")
        with self._lock:
            running = self._running.setdefault(intent.name, _Running())
        result = running.call(function, call, seconds)
        if isinstance(result, Failure):
            _logger.warning("function of intent %s: %s", intent.name, result.reason)
        return result


def _imported(intent: Intent) -> Function:
    module, _, path = intent.function.partition(":")
    try:
        function = reduce(getattr, path.split("."), importlib.import_module(module))
    except Exception as error:  # an import runs the company's code, which may raise anything
        raise SettingsError(
            f"{intent.function_at}: function {intent.function!r} of [{intent.name}] cannot be imported "
            f"({type(error).__name__}: {error}); correct it, or put its folder on PYTHONPATH"
        ) from error
    if not callable(function):
        raise SettingsError(
            f"{intent.function_at}: {intent.function!r} of [{intent.name}] is a {type(function).__name__}, no function"
        )
    return function


class _Running:
    """The calls of one function that are under way."""

    def __init__(self) -> None:
        self._slots = threading.Semaphore(MOST_RUNNING)
        self._lock = threading.Lock()
        self._stuck = 0

    def call(self, function: Function, call: Call, seconds: float) -> Reply | Failure:
        deadline = time.monotonic() + seconds
        with self._lock:
            stuck = self._stuck
        if stuck >= MOST_STUCK:
            return Failure(
                reason=f"not called: {stuck} earlier calls have not come back yet; see why it hangs"
            )
        if not self._slots.acquire(timeout=seconds):
            return Failure(reason=f"not called: {MOST_RUNNING} calls were under way for {seconds:g} seconds")
        work = _Work(function, call, max(deadline - time.monotonic(), 0.0))
        thread = threading.Thread(
            target=self._run, args=(work,), name=f"ragbot-function-{call.intent}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            self._slots.release()
            return Failure(reason="not called: the system can start no more threads")
        if work.done.wait(max(deadline - time.monotonic(), 0.0)):
            return work.result
        return self._overdue(work, seconds)

    def _run(self, work: _Work) -> None:
        try:
            work.run()
        finally:
            with self._lock:
                work.done.set()
                self._stuck -= work.overdue
            self._slots.release()

    def _overdue(self, work: _Work, seconds: float) -> Reply | Failure:
        with self._lock:
            if work.done.is_set():  # it came back at the last moment
                return work.result
            work.overdue = True
            self._stuck += 1
        return _late(seconds)


class _Work:
    """One call, its result, and whether it came too late."""

    def __init__(self, function: Function, call: Call, seconds: float) -> None:
        self._function, self._call, self._seconds = function, call, seconds
        self.done = threading.Event()
        self.overdue = False
        self.result: Reply | Failure = Failure(reason="gave no reply")

    def run(self) -> None:
        try:
            returned = self._function(self._call)
            self.result = _checked(returned) if not inspect.isawaitable(returned) else self._awaited(returned)
        except BaseException as error:
            self.result = Failure(reason=f"raised {type(error).__name__}")

    def _awaited(self, returned: Awaitable[Any]) -> Reply | Failure:
        async def in_time() -> Reply | Failure:
            try:
                async with asyncio.timeout(self._seconds) as limit:
                    return _checked(await returned)
            except TimeoutError:
                if limit.expired():
                    return _late(self._seconds)
                raise

        return asyncio.run(in_time())


def _late(seconds: float) -> Failure:
    return Failure(reason=f"gave no reply within {seconds:.3g} seconds")


def _checked(returned: Any) -> Reply | Failure:
    reply = Reply(text=returned) if isinstance(returned, str) else returned
    if not isinstance(reply, Reply) or not isinstance(reply.text, str) or not isinstance(reply.handover, str):
        return Failure(reason=f"returned {type(returned).__name__}, not a text or a Reply")
    if not reply.text.strip():
        return Failure(reason="returned an empty text")
    if len(reply.text) > LONGEST_REPLY:
        return Failure(reason=f"returned {len(reply.text)} characters, more than {LONGEST_REPLY}")
    try:
        reply.text.encode("utf-8")
    except UnicodeEncodeError:
        return Failure(reason="returned a text that is no Unicode")
    return Reply(text=reply.text.strip(), handover=reply.handover)
