"""A path -> the files below it that can be read, in the same order every time, and a reason for each that
cannot. Looks at names and file types only, never into a file.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragbot.errors import InputError
from ragbot.ingest.blocks import Skipped
from ragbot.ingest.limits import Limits, too_large
from ragbot.ingest.sniff import SUFFIXES

_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A regular file with a suffix that a loader knows."""

    path: Path
    source: str
    """Its path below the given folder, with `/`; the file's own name where a file was given."""
    size: int


def printable(name: str) -> str:
    """`name` as valid UTF-8 on one line: bytes that are none become `\\xff`, control characters `\\n`."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(
        char
        if unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp") or char == "\u200d"
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def list_files(path: Path, *, limits: Limits | None = None) -> Iterator[Found | Skipped]:
    """Files at or below `path`. Names that begin with `.` or `_` are passed over in silence.

    Raises `InputError` if `path` itself does not exist or is no file or folder.
    """
    limits = limits or Limits()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(str(path))} cannot be read: {_os_reason(error)}") from error
    if stat.S_ISDIR(mode):
        root = Path(os.path.realpath(path))
        yield from _walk(path, root, prefix="", above=(_identity(path),), limits=limits)
    else:
        yield _look_at(path, path.name, limits)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _walk(
    folder: Path, root: Path, *, prefix: str, above: tuple[tuple[int, int], ...], limits: Limits
) -> Iterator[Found | Skipped]:
    try:
        names = sorted(os.listdir(folder), key=os.fsencode)  # noqa: PTH208 - names, not paths
    except OSError as error:
        yield Skipped(source=printable(prefix or folder.name), reason=f"folder not read: {_os_reason(error)}")
        return
    for name in names:
        if name.startswith((".", "_")):
            continue
        path, source = folder / name, prefix + name
        try:
            if path.is_symlink() and (reason := _bad_link(path, root)):
                yield Skipped(source=printable(source), reason=reason)
            elif path.is_dir():
                if _identity(path) in above:
                    yield Skipped(
                        source=printable(source), reason="is a link to a folder above itself; remove it"
                    )
                    continue
                inside = (*above, _identity(path))
                yield from _walk(path, root, prefix=source + "/", above=inside, limits=limits)
            else:
                yield _look_at(path, source, limits)
        except (OSError, ValueError) as error:
            yield Skipped(source=printable(source), reason=_os_reason(error))


def _bad_link(path: Path, root: Path) -> str | None:
    """Why a symbolic link is not followed; None where it may be."""
    try:
        target = Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        return "is a link to a file that does not exist; repair or remove it"
    except OSError:
        return "is a link that leads back to itself; repair or remove it"
    if not target.is_relative_to(root):
        return "is a link that points out of the folder; put the file itself there or give its own path"
    return None


def _look_at(path: Path, source: str, limits: Limits) -> Found | Skipped:  # noqa: PLR0911 - one per reason
    name = printable(source)
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        return Skipped(source=name, reason=_os_reason(error))
    for is_kind, kind in _SPECIAL:
        if is_kind(status.st_mode):
            return Skipped(source=name, reason=f"is {kind}, not a file; remove it from the folder")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = " ".join(sorted(SUFFIXES))
        what = f"files of type {printable(suffix)}" if suffix else "files without a suffix"
        return Skipped(source=name, reason=f"{what} are not read (only {known})", unsupported=True)
    if name != source:
        return Skipped(source=name, reason="its name has control characters or is not UTF-8; rename it")
    if status.st_size == 0:
        return Skipped(source=name, reason="is empty; fill or remove it")
    if status.st_size > limits.max_file_mb * (1 << 20):
        return Skipped(source=name, reason=too_large(status.st_size, limits))
    return Found(path=path, source=source, size=status.st_size)


def _os_reason(error: OSError | ValueError) -> str:
    """One line for an error of the file system."""
    if isinstance(error, FileNotFoundError):
        return "no longer exists; index again"
    if isinstance(error, PermissionError):
        return "may not be read; change its permissions"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror}); check the file and the disk"
    return f"cannot be read ({printable(str(error))}); rename or remove it"
