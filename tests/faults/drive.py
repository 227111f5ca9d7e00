"""The test's side of `driver.py`, and the shop whose every version is told apart."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quick import open_quick, write

HERE = Path(__file__).parent


class Driver:
    """A process that forks runs; `ask` waits for the answer, `tell` and `hear` are its halves."""

    def __init__(self) -> None:
        paths = os.pathsep.join([str(HERE.parent), str(HERE.parents[1])])
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "driver.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self.hear()

    def tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command, default=str) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def ask(self, **command: Any) -> dict[str, Any]:
        self.tell(**command)
        return self.hear()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def driver() -> Iterator[Driver]:
    process = Driver()
    try:
        yield process
    finally:
        process.close()


def stock(shop: Path, version: int, size: int = 12) -> set[str]:
    """Write version `version` of the shop: every file is another, one is new, one is gone. Their sources."""
    for file in shop.glob("*.md"):
        file.unlink()
    names = [f"file{number:03d}" for number in range(version % 3, version % 3 + size)]
    write(
        shop,
        **{name: f"# {name}\n\nA lamp or a parcel, as {name} says, version v{version}" for name in names},
    )
    return {f"{shop.name}/{name}.md" for name in names}


def seen(kb: Path) -> tuple[set[str], set[str]]:
    """Sources and versions that a fresh reader finds, after everything was compared with everything."""
    with open_quick(kb) as opened:
        hits = opened.search("lamp parcel version", k=1000)
        assert opened.check() == []
        assert {hit.chunk.source for hit in hits} == {document.source for document in opened.documents()}
        return {hit.chunk.source for hit in hits}, {hit.chunk.text.rsplit(" ", 1)[1] for hit in hits}
