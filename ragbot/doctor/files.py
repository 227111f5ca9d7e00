"""The files to be indexed: read as `ragbot index` would read them, and nothing kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.doctor.findings import Finding, problem
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.ingest.blocks import Skipped
    from ragbot.settings import Settings


def files(
    path: Path, settings: Settings, progress: Callable[[str, int, int], None] | None
) -> Iterator[Finding]:
    """Reads every file below `path` as `ragbot index` would, and keeps nothing."""
    from ragbot.ingest.blocks import Skipped
    from ragbot.ingest.files import list_files
    from ragbot.ingest.limits import Limits
    from ragbot.ingest.loader import Loader

    ingest = settings.ingest
    limits = Limits(
        file_seconds=ingest.file_seconds,
        file_memory_mb=ingest.file_memory_mb,
        max_file_mb=ingest.max_file_mb,
        max_unpacked_mb=ingest.max_unpacked_mb,
    )
    try:
        listed = list(list_files(path, limits=limits))
    except InputError as error:
        yield problem("file", error)
        return
    found = [each for each in listed if not isinstance(each, Skipped)]
    yield from (_unreadable(each) for each in listed if isinstance(each, Skipped))
    names = {each.path: each.source for each in found}
    readable = 0
    with Loader(limits, workers=ingest.workers) as loader:
        for done, (file, result) in enumerate(loader.load_many([each.path for each in found])):
            if progress is not None:
                progress("reading", done, len(found))
            if isinstance(result, Skipped):
                yield _unreadable(Skipped(source=names[file], reason=result.reason))
            else:
                readable += 1
                for note in result.notes:
                    yield Finding(about="file", level="note", message=f"{names[file]}: {note}")
    yield Finding(about="file", level="ok", message=f"{path}: {readable} of {len(listed)} files can be read")


def _unreadable(skipped: Skipped) -> Finding:
    message = f"{skipped.source}: {skipped.reason}"
    if skipped.unsupported:
        return Finding(about="file", level="note", message=message)
    return Finding(about="file", level="problem", message=message, exit_code=InputError.exit_code)
