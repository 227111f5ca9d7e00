"""Looks into the directory of a zip file before any parser opens it: office files are zips, and a small zip
can unpack to anything.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from ragbot.ingest.limits import (
    MAX_ARCHIVE_ENTRIES,
    MAX_ARCHIVE_RATIO,
    MEGABYTE,
    Limits,
    Refused,
)

_BIG_ENOUGH = 10 * MEGABYTE
"""Below this an entry's ratio says nothing: a blank sheet packs by 500."""
_CHUNK = 1 << 16


def check_archive(data: bytes, limits: Limits) -> None:
    """Raises `Refused` where unpacking `data` would cost too much or the archive is damaged.

    What the directory claims is checked first; then every entry is unpacked in small pieces and counted,
    because a directory can lie.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ARCHIVE_ENTRIES:
                raise Refused(
                    f"is an archive of {len(entries)} entries (at most {MAX_ARCHIVE_ENTRIES}); split it"
                )
            _check_claims(entries, limits)
            _check_contents(archive, entries, limits)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        zlib.error,
    ) as error:
        raise Refused("is a damaged or cut-off archive; get a whole copy of it") from error
    except (NotImplementedError, RuntimeError) as error:  # unknown compression, encrypted entry
        raise Refused("is an archive that is encrypted or packed in an unknown way; save it again") from error


def _check_claims(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_unpacked_mb * MEGABYTE:
        raise Refused(_too_big(total, limits))
    for entry in entries:
        if entry.file_size > _BIG_ENOUGH and entry.file_size > MAX_ARCHIVE_RATIO * max(
            1, entry.compress_size
        ):
            times = entry.file_size // max(1, entry.compress_size)
            raise Refused(f"unpacks {times}-fold like a zip bomb; save it again")


def _check_contents(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    total = 0
    for entry in entries:
        with archive.open(entry) as stream:
            first = True
            while piece := stream.read(_CHUNK):
                if first and entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_xml(piece)
                first = False
                total += len(piece)
                if total > limits.max_unpacked_mb * MEGABYTE:
                    raise Refused(_too_big(total, limits))


def _check_xml(head: bytes) -> None:
    """No office program writes a document type into its XML; it serves to expand entities or to fetch files."""
    if b"<!doctype" in head.replace(b"\0", b"").lower():
        raise Refused("declares XML entities, as attacks do; open it and save it again")


def _too_big(total: int, limits: Limits) -> str:
    return (
        f"unpacks to {total // MEGABYTE} MB or more (ingest.max_unpacked_mb is {limits.max_unpacked_mb:g}); "
        "split it or raise the limit"
    )
