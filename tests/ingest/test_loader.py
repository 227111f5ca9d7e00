"""The loader keeps its limits, replaces what breaks, and keeps the order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragbot.ingest.blocks import Parsed, Skipped
from ragbot.ingest.limits import Limits, Refused
from ragbot.ingest.load import read_still
from ragbot.ingest.loader import Loader

LIMITS = Limits(file_seconds=20, file_memory_mb=1024, max_file_mb=30, max_unpacked_mb=60)
GOOD = "# Returns\n\nSend it back within 30 days.\n"


def test_vanishing_and_changing_files(tmp_path: Path) -> None:
    """A file that goes or grows between listing and reading is skipped."""
    path = tmp_path / "gone.md"
    with Loader(LIMITS, workers=1) as loader:
        assert loader.load(path) == Skipped(source="gone.md", reason="no longer exists; index again")
        (tmp_path / "dir.md").mkdir()
        folder = loader.load(tmp_path / "dir.md")
        assert isinstance(folder, Skipped)
        assert "cannot be read" in folder.reason
    with pytest.raises(Refused, match="changed while it was read"):
        read_still(Path("/proc/self/status"), LIMITS)  # its size is 0 whatever it holds


def test_a_heavy_file_is_ended_by_the_clock_and_the_next_is_read(tmp_path: Path) -> None:
    """A parser that does not come back is killed; a fresh process goes on."""
    (tmp_path / "heavy.md").write_text("[" * 60_000 + "x" + "]" * 60_000)
    (tmp_path / "good.md").write_text(GOOD)
    with Loader(Limits(file_seconds=1.0), workers=1) as loader:
        results = [result for _, result in loader.load_many([tmp_path / "heavy.md", tmp_path / "good.md"])]
    assert isinstance(results[0], Skipped)
    assert "ingest.file_seconds" in results[0].reason
    assert isinstance(results[1], Parsed)


def test_a_hungry_file_is_ended_by_the_memory_limit(tmp_path: Path) -> None:
    """More memory than allowed is a reason of its own; a fresh process goes on."""
    (tmp_path / "hungry.txt").write_text("käse " * 12_000_000)
    (tmp_path / "good.md").write_text(GOOD)
    with Loader(Limits(file_memory_mb=160), workers=1) as loader:
        results = [result for _, result in loader.load_many([tmp_path / "hungry.txt", tmp_path / "good.md"])]
    assert isinstance(results[0], Skipped)
    assert "ingest.file_memory_mb" in results[0].reason
    assert isinstance(results[1], Parsed)


def test_more_text_than_a_document_holds(tmp_path: Path) -> None:
    """A dump of a hundred million characters is refused before anything is split."""
    (tmp_path / "dump.txt").write_bytes(b"one line without end " * 5_000_000)
    with Loader(Limits(), workers=1) as loader:
        result = loader.load(tmp_path / "dump.txt")
    assert isinstance(result, Skipped)
    assert "million characters" in result.reason


def test_results_come_in_order_and_the_stream_is_bounded(tmp_path: Path) -> None:
    """However long each takes, results keep the order of the paths, and only a few paths are taken ahead."""
    names = [tmp_path / f"{i}.md" for i in range(12)]
    for i, path in enumerate(names):
        path.write_text("# T\n\n" + "word " * (20_000 if i % 3 == 0 else 1))
    taken = 0

    def paths() -> Iterator[Path]:
        nonlocal taken
        for path in names:
            taken += 1
            yield path

    with Loader(LIMITS, workers=2) as loader:
        stream = loader.load_many(paths())
        assert next(stream)[0] == names[0]
        assert taken <= 6
        assert [path for path, _ in stream] == names[1:]


def test_processes_are_told_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that is taken over finds no keys in its environment."""
    monkeypatch.setenv("RAGBOT_API_KEY", "s3cret")
    (tmp_path / "good.md").write_text(GOOD)
    with Loader(LIMITS, workers=1) as loader:
        assert isinstance(loader.load(tmp_path / "good.md"), Parsed)
        process = loader._idle.get_nowait()
        environment = Path(f"/proc/{process._process.pid}/environ").read_bytes()
        loader._idle.put(process)
    assert b"s3cret" not in environment


def test_closing_ends_what_is_being_read(tmp_path: Path) -> None:
    """Leaving the loader in the middle of a heavy file does not wait for it."""
    (tmp_path / "heavy.md").write_text("[" * 60_000 + "x" + "]" * 60_000)
    (tmp_path / "good.md").write_text(GOOD)
    with Loader(LIMITS, workers=2) as loader:
        stream = loader.load_many([tmp_path / "good.md", *[tmp_path / "heavy.md"] * 20])
        assert isinstance(next(stream)[1], Parsed)
