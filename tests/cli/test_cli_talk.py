"""`ragbot ask`, `ragbot chat` and `ragbot sessions` over a small real knowledge base."""

from __future__ import annotations

import io
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Run

from ragbot import Bot
from ragbot.errors import GenerationError
from ragbot.types import Event


def test_ask_prints_answer_and_citations(run: Run, kb: Path) -> None:
    """The text first, then each citation with its place and words."""
    done = run("ask", "How many months of warranty do batteries have?")
    assert done.code == 0, done.err
    assert "6 months" in done.out
    assert "[1] " in done.out
    assert "warranty.md" in done.out


def test_ask_json_is_the_answer(run: Run, kb: Path) -> None:
    """One document with the field names of `Answer`."""
    answer = run("ask", "How many months of warranty do batteries have?", "--json").json
    assert answer["status"] == "answered"
    assert answer["citations"][0]["quote"]
    assert {"claims", "hits", "understanding", "trace_id", "timings_ms", "confidence"} <= set(answer)


def test_a_profile_is_given_with_the_call(run: Run, kb: Path) -> None:
    """A wrong one is a usage error that lists what there is."""
    question = "How long can I return a lamp in Europe?"
    assert run("ask", question, "--profile", "region=EU", "--profile", "products=Lamp 1, Lamp 2").code == 0
    for wrong in ("size=3", "region"):
        done = run("ask", question, "--profile", wrong)
        assert done.code == 2
        assert "region" in done.err


def test_ask_refuses_an_empty_question(run: Run, kb: Path) -> None:
    """Blanks are no question."""
    done = run("ask", "  ")
    assert (done.code, done.out) == (6, "")


def test_a_session_is_remembered_shown_and_deleted(run: Run, kb: Path) -> None:
    """`ask --session` stores; `sessions` lists, shows, and forgets."""
    assert run("sessions", "list").out == "no sessions\n"
    run("ask", "How many months of warranty do batteries have?", "--session", "c-1")
    assert run("ask", "hello", "--session", "c-1").code == 0
    assert run("sessions", "list").out.startswith("c-1  2 exchanges")
    shown = run("sessions", "show", "c-1").out
    assert "customer: How many months of warranty do batteries have?" in shown
    assert run("sessions", "show", "c-1", "--json").json[1]["status"] == "smalltalk"
    assert run("sessions", "purge", "--older-than", "1").out == "0 exchanges deleted\n"
    assert run("sessions", "delete", "c-1").out == "2 exchanges deleted\n"
    assert run("sessions", "delete", "c-1").code == 6
    assert run("sessions", "show", "c-1").code == 6
    assert run("sessions", "delete", "--all").out == "0 exchanges deleted\n"


def test_a_bad_session_id_ends_with_6(run: Run, kb: Path) -> None:
    """Before anything is answered."""
    for arguments in (["ask", "x", "--session", "a\nb"], ["chat", "--session", ""]):
        done = run(*arguments)
        assert (done.code, done.out) == (6, "")
        assert "session id" in done.err


def test_chat_from_a_pipe(run: Run, kb: Path) -> None:
    """Answers come with citations; commands work; the end of input leaves cleanly."""
    lines = (
        "/sources\nHow many months of warranty do batteries have?\n\n/sources\n/fly\n/help\n/new\n/sources\n"
    )
    done = run("chat", "--session", "c-2", stdin=io.StringIO(lines))
    assert (done.code, done.err) == (0, "")
    assert done.out.count("nothing was answered yet") == 2
    assert "6 months" in done.out
    assert done.out.count("warranty.md") >= 2
    assert "unknown command /fly" in done.out
    assert "/quit" in done.out
    assert "conversation chat-" in done.out
    assert run("sessions", "list").out.startswith("c-2  1 exchanges")


def test_chat_quits(run: Run, kb: Path) -> None:
    """Nothing after /quit is asked."""
    done = run("chat", stdin=io.StringIO("/quit\nhello\n"))
    assert (done.code, done.out) == (0, "")


def test_ctrl_c_stops_the_answer_then_the_chat(run: Run, kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one ends the answer that is being given, one at the prompt leaves cleanly."""

    def stream(*_: object, **__: object) -> Iterator[Event]:
        yield Event(kind="sentence", text="It takes")
        raise KeyboardInterrupt

    class Typed(io.StringIO):
        def __next__(self) -> str:  # type: ignore[override]  # typeshed takes the bytes of a base class
            line = super().readline()
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(Bot, "stream", stream)
    done = run("chat", stdin=Typed("How long?\n"))
    assert (done.code, done.out, done.err) == (0, "It takes\n(stopped)\n", "")


def test_an_error_in_a_chat_from_a_pipe_ends_it(run: Run, kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing pretends that the question was answered."""

    def stream(*_: object, **__: object) -> Iterator[Event]:
        yield Event(kind="step", text="search")
        raise GenerationError("the server is down", status=503)

    monkeypatch.setattr(Bot, "stream", stream)
    done = run("chat", stdin=io.StringIO("How long?\nhello\n"))
    assert (done.code, done.out, done.err) == (5, "", "error: the server is down\n")


def test_chat_on_a_terminal(kb: Path) -> None:
    """It prompts, answers, and leaves cleanly on Ctrl-D."""
    program = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = [sys.executable, "-c", program, sys.executable, "-m", "ragbot", "chat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            read_until(process.stdout.fileno(), b"> ")
            process.stdin.write(b"How many months of warranty do batteries have?\n")
            screen = read_until(process.stdout.fileno(), b"\r\n\r\n> ")
            process.stdin.write(b"\x04")
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert b"6 months" in screen
    assert b"warranty.md" in screen
    assert b"Traceback" not in screen
    assert b"\r\x1b[K\r\n" not in screen, "an answer's line was wiped"


def read_until(output: int, end: bytes) -> bytes:
    """What the terminal shows, up to this ending."""
    seen = b""
    deadline = time.monotonic() + 60
    while not seen.endswith(end):
        assert time.monotonic() < deadline, seen
        if select.select([output], [], [], 1)[0]:
            seen += os.read(output, 4096)
    return seen
