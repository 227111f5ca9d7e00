"""The command line as a whole: help, usage, errors, encodings, pipes, interrupts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Run

from ragbot import __version__


def test_version_and_help(run: Run) -> None:
    """`--version` names the package's version; help lists every command and none that is missing."""
    assert run("--version").out == f"ragbot {__version__}\n"
    text = run("--help").out
    for command in ("models", "index", "search", "ask", "chat", "sessions", "handovers", "eval", "doctor"):
        assert f"  {command} " in text
        assert run(command, "--help").code == 0
    assert "serve" not in text


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    """Help comes in under half a second; the command line loads neither torch nor numpy to show it."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ragbot", "--help"], capture_output=True, check=True)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.5
    program = (
        "import sys, ragbot.cli; print({'torch', 'numpy', 'pydantic', 'faiss', 'rich'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_wrong_use_ends_with_2(run: Run, kb: Path) -> None:
    """An unknown command, a missing argument, a bad filter and a bad gate say so on stderr."""
    for arguments in (
        ["fly"],
        ["search"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--filter", "language"],
        ["eval", "x.jsonl", "--min", "speed=1"],
        ["sessions", "delete"],
        ["sessions", "delete", "a", "--all"],
    ):
        done = run(*arguments)
        assert (done.code, done.out) == (2, ""), arguments
        assert "Error" in done.err


def test_without_a_knowledge_base_the_next_step_is_named(run: Run, tmp_path: Path) -> None:
    """Reading commands end with 4, name `ragbot index PATH`, and make no folder."""
    for arguments in (["search", "x"], ["ask", "x"], ["chat"], ["sessions", "list"]):
        done = run(*arguments)
        assert (done.code, done.out) == (4, "")
        assert "ragbot index PATH" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_empty_knowledge_base_is_no_better(run: Run, tmp_path: Path) -> None:
    """Asking it names the command that fills it."""
    from ragbot import KnowledgeBase

    KnowledgeBase.open(tmp_path / "kb").close()
    done = run("ask", "x", "--kb", "kb")
    assert done.code == 4
    assert "ragbot index PATH --kb kb" in done.err


def test_wrong_settings_end_with_3(run: Run, kb: Path, tmp_path: Path) -> None:
    """The key is named, whether it comes from the file or is a missing file."""
    (tmp_path / "ragbot.toml").write_text("[search]\nkk = 3\n", encoding="utf-8")
    done = run("ask", "x")
    assert done.code == 3
    assert "search.kk" in done.err
    assert run("search", "x", "--config", "none.toml").code == 3


def test_what_an_encoding_lacks_is_escaped(kb: Path) -> None:
    """On an ASCII terminal nothing fails, and JSON stays JSON."""
    environment = {"PYTHONIOENCODING": "ascii", "RAGBOT_KB": str(kb), "PATH": "/usr/bin"}
    kept = ("HOME", "XDG_CACHE_HOME", "RAGBOT_MODELS__CACHE")
    environment |= {name: os.environ[name] for name in kept if name in os.environ}
    command = [sys.executable, "-m", "ragbot", "search", "保修 lamp"]
    done = subprocess.run([*command, "--json"], capture_output=True, env=environment, check=True)
    assert json.loads(done.stdout.decode("ascii"))["question"] == "保修 lamp"


def test_a_closed_pipe_is_quiet(kb: Path) -> None:
    """`ragbot ... | head -1` ends without a message."""
    command = f"{sys.executable} -m ragbot search lamp --json | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_closed_streams_are_no_error(kb: Path) -> None:
    """As a cron job might start it."""
    for line in ("--version >&-", "chat <&-", "--version 2>&-"):
        command = ["/bin/sh", "-c", f"{sys.executable} -m ragbot {line}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), line


def test_a_full_disk_behind_stdout_is_told(kb: Path) -> None:
    """The exit code is not 0, and there is no traceback."""
    command = ["/bin/sh", "-c", f"{sys.executable} -m ragbot --help > /dev/full"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unexpected_error_is_one_line(run: Run, kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, unless it is asked for."""
    from ragbot.index.knowledge_base import KnowledgeBase

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("cable\ncut")

    monkeypatch.setattr(KnowledgeBase, "search", fail)
    done = run("search", "x")
    assert done.code == 1
    assert done.err == "error: RuntimeError: cable cut (RAGBOT_DEBUG=1 shows where)\n"
    assert "Traceback" not in done.err


def test_debug_shows_traceback_and_log(kb: Path) -> None:
    """With RAGBOT_DEBUG, an error says where, and an answer how long each step took."""
    environment = {**os.environ, "RAGBOT_DEBUG": "1"}
    for arguments, shown in (
        (["ask", "x", "--kb", "none"], "Traceback"),
        (["ask", "hello"], "step='understand'"),
    ):
        command = [sys.executable, "-m", "ragbot", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert shown in done.stderr


def test_an_interrupt_ends_with_130(run: Run, kb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves no traceback."""
    from ragbot.index.knowledge_base import KnowledgeBase

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(KnowledgeBase, "search", interrupt)
    done = run("search", "x")
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
