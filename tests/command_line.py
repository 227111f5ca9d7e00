"""The command line as tests run it: fixtures that give a shop's documents, their knowledge base, and a way to
run `ragbot` in this process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragbot.cli import main

RETURNS = """# Returns

## Period

You can return any lamp within 30 days of delivery. Refunds are paid within 5 business days.

## Europe

In Europe you can return any lamp within 45 days of delivery.
"""
WARRANTY = """# Warranty

Every lamp has a warranty of 24 months. Batteries have a warranty of 6 months.
"""


@dataclass(frozen=True)
class Done:
    """What one run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: io.StringIO | None = None) -> Done:
        monkeypatch.setattr(sys, "argv", ["ragbot", *arguments])
        monkeypatch.setattr(sys, "stdin", stdin or io.StringIO())
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, and their knowledge base in `kb`."""
    folder = tmp_path_factory.mktemp("shop")
    documents = folder / "docs"
    documents.mkdir()
    (documents / "returns.md").write_text(RETURNS, encoding="utf-8")
    (documents / "warranty.md").write_text(WARRANTY, encoding="utf-8")
    (documents / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    command = [sys.executable, "-m", "ragbot", "index", str(documents), "--kb", str(folder / "kb"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["added"]) == 2
    return folder


@pytest.fixture
def kb(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The knowledge base of the shop, as the environment names it, with no chat memory."""
    for file in (shop / "kb").glob("sessions.sqlite*"):
        file.unlink()
    monkeypatch.setenv("RAGBOT_KB", str(shop / "kb"))
    return shop / "kb"
