"""The company's functions: what they return, and what they cannot break."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ragbot.dialogue.forms.functions import (
    LONGEST_REPLY,
    MOST_RUNNING,
    MOST_STUCK,
    Call,
    Failure,
    Functions,
    Reply,
)
from ragbot.dialogue.intents.catalogue import Intent
from ragbot.errors import SettingsError
from ragbot.types import Profile

INTENT = Intent(name="order_status", action="collect")
CALL = Call(
    intent="order_status",
    fields={"order": "A-1234"},
    language="zh",
    session="c-1",
    profile=Profile(name="Jo"),
)
SECRET = "card 4111 1111"


def called(function: Callable[[Call], Any], seconds: float = 5.0) -> Reply | Failure:
    return Functions({"order_status": function}).call(INTENT, CALL, seconds)


async def _soon(call: Call) -> str:
    await asyncio.sleep(0)
    return f"async {call.fields['order']}"


class Service:
    """A callable object whose call is asynchronous."""

    async def __call__(self, call: Call) -> Reply:
        return Reply(text="from a service", handover="needs a colleague")


@pytest.mark.parametrize(
    ("function", "reply"),
    [
        (
            lambda call: f"{call.intent} {call.fields['order']} {call.language} {call.session}",
            "order_status A-1234 zh c-1",
        ),
        (lambda call: Reply(text=f" for {call.profile.name} "), "for Jo"),
        (_soon, "async A-1234"),
        (lambda call: asyncio.sleep(0, call.fields["order"]), "A-1234"),
    ],
)
def test_a_reply_is_the_functions_text(function: Callable[[Call], Any], reply: str) -> None:
    """Plain, a `Reply`, or awaited; it sees the whole call."""
    assert called(function) == Reply(text=reply)


def test_a_reply_may_ask_for_a_person() -> None:
    """With the reason."""
    assert called(Service()) == Reply(text="from a service", handover="needs a colleague")


def _raise(error: BaseException) -> Callable[[Call], Any]:
    def function(call: Call) -> Any:
        raise error

    return function


async def _fails(call: Call) -> str:
    raise TimeoutError(SECRET)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_raise(KeyError(SECRET)), "raised KeyError"),
        (_raise(SystemExit(3)), "raised SystemExit"),
        (_raise(KeyboardInterrupt()), "raised KeyboardInterrupt"),
        (_fails, "raised TimeoutError"),
        (lambda: "no argument", "raised TypeError"),
        (lambda call: None, "returned NoneType, not a text or a Reply"),
        (lambda call: {"text": SECRET}, "returned dict, not a text or a Reply"),
        (lambda call: Reply(text=SECRET.encode()), "returned Reply, not a text or a Reply"),  # type: ignore[arg-type]
        (lambda call: (each for each in "abc"), "returned generator, not a text or a Reply"),
        (lambda call: "  \n", "returned an empty text"),
        (
            lambda call: "x" * (LONGEST_REPLY + 1),
            f"returned {LONGEST_REPLY + 1} characters, more than {LONGEST_REPLY}",
        ),
        (lambda call: "\ud800", "returned a text that is no Unicode"),
    ],
)
def test_what_goes_wrong_is_a_failure_with_a_reason(
    function: Callable[[Call], Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """For the operator, in the log too; neither holds the exception's text."""
    with caplog.at_level(logging.DEBUG, "ragbot"):
        assert called(function) == Failure(reason=reason)
    assert f"function of intent order_status: {reason}" in caplog.text
    assert "4111" not in caplog.text


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What hanging functions wait for; opened when the test ends."""
    event = threading.Event()
    yield event
    event.set()


def test_a_function_that_hangs_is_left_behind(gate: threading.Event) -> None:
    """After its time, and the bot goes on."""
    started = time.perf_counter()
    assert called(lambda call: gate.wait(), 0.1) == Failure(reason="gave no reply within 0.1 seconds")
    assert time.perf_counter() - started < 2


def test_an_async_function_that_hangs_is_cancelled() -> None:
    """Its clean-up runs, and no thread stays."""
    cleaned = threading.Event()

    async def hangs(call: Call) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.set()
        return "late"

    assert called(hangs, 0.1) == Failure(reason="gave no reply within 0.1 seconds")
    assert cleaned.wait(5)


def test_fifty_calls_that_hang_leave_few_threads(gate: threading.Event) -> None:
    """Once some are stuck, the others are refused at once; when they come back, calls go through again."""
    functions = Functions({"order_status": lambda call: gate.wait() and "back"})
    assert wait_for(lambda: running() == 0), "calls of another test have not ended"
    started = time.perf_counter()
    results = [functions.call(INTENT, CALL, 0.05) for _ in range(50)]
    assert time.perf_counter() - started < 3
    assert running() == MOST_STUCK
    assert results[:MOST_STUCK] == [Failure(reason="gave no reply within 0.05 seconds")] * MOST_STUCK
    refused = Failure(
        reason=f"not called: {MOST_STUCK} earlier calls have not come back yet; see why it hangs"
    )
    assert results[MOST_STUCK:] == [refused] * (50 - MOST_STUCK)
    other = Intent(name="other", action="collect")
    assert isinstance(functions.call(other, CALL, 1), Failure)
    gate.set()
    assert wait_for(lambda: functions.call(INTENT, CALL, 5) == Reply(text="back"))


def test_fifty_calls_at_once_that_hang_are_bounded(gate: threading.Event) -> None:
    """No more threads than may run; the rest wait for their turn, in vain, within their time."""
    functions = Functions({"order_status": lambda call: gate.wait() and "back"})
    assert wait_for(lambda: running() == 0), "calls of another test have not ended"
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: functions.call(INTENT, CALL, 0.3), range(50)))
    assert all(isinstance(each, Failure) for each in results)
    assert running() <= MOST_RUNNING


def test_many_calls_that_come_back_all_get_through() -> None:
    """A call that finds no room waits for it."""
    functions = Functions({"order_status": lambda call: str(call.session)})
    calls = [Call(intent="order_status", session=f"s{number}") for number in range(200)]
    with ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda call: functions.call(INTENT, call, 20), calls))
    assert results == [Reply(text=f"s{number}") for number in range(200)]


def running() -> int:
    """Threads in which functions run."""
    return sum(thread.name.startswith("ragbot-function-") for thread in threading.enumerate())


def wait_for(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if holds():
            return True
    return False


def test_a_hanging_function_does_not_keep_the_process_alive() -> None:
    """The interpreter ends while the function still hangs."""
    program = (
        "import time\n"
        "from ragbot.dialogue.forms.functions import Call, Functions\n"
        "from ragbot.dialogue.intents.catalogue import Intent\n"
        "functions = Functions({'x': lambda call: time.sleep(600)})\n"
        "print(functions.call(Intent(name='x'), Call(intent='x'), 0.1).reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "gave no reply within 0.1 seconds\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the company's."""
    (tmp_path / "halvorn_orders.py").write_text(
        "number = 3\nclass Desk:\n    @staticmethod\n"
        "    def status(call):\n        return 'shipped ' + call.fields['order']\n"
    )
    (tmp_path / "halvorn_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "halvorn_orders"


def test_a_function_is_imported_at_first_use(shop: str) -> None:
    """As the intents file names it; one that is given by name goes before."""
    intent = Intent(
        name="order_status", action="collect", function=f"{shop}:Desk.status", function_at="f.toml, line 8"
    )
    functions = Functions()
    assert shop not in sys.modules
    assert functions.call(intent, CALL, 5) == Reply(text="shipped A-1234")
    assert Functions({"order_status": lambda call: "given"}).call(intent, CALL, 5) == Reply(text="given")
    assert Functions().find(INTENT) is None
    assert Functions().call(INTENT, CALL, 5) == Failure(reason="intent order_status has no function")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("halvorn_nowhere:f", "ModuleNotFoundError"),
        ("halvorn_orders:missing", "AttributeError"),
        ("halvorn_orders:number", "is a int, no function"),
        ("halvorn_broken:f", "ZeroDivisionError"),
    ],
)
def test_a_function_that_cannot_be_imported_is_named_with_its_line(
    shop: str, function: str, words: str
) -> None:
    """A settings error, with the reason."""
    intent = Intent(name="a", action="collect", function=function, function_at="intents.toml, line 8")
    with pytest.raises(SettingsError, match=r"^intents\.toml, line 8: .*" + words):
        Functions().find(intent)


def test_what_is_given_must_be_a_function() -> None:
    """Told when the bot is made, not when a customer asks."""
    with pytest.raises(SettingsError, match="intent a is a str; give a function"):
        Functions({"a": "shop:f"})  # type: ignore[dict-item]
