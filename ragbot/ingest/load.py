"""One file -> `Parsed`. Picks the loader by suffix, checks that the content agrees, reads the file whole and
only if it holds still. Runs inside the limited process; `Loader` is the door for everybody else.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragbot.ingest.archive import check_archive
from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.limits import MAX_TEXT_CHARS, Limits, Refused, too_large
from ragbot.ingest.sniff import SUFFIXES, Format, disagreement

if TYPE_CHECKING:
    from collections.abc import Callable


def parse_file(path: Path, limits: Limits) -> Parsed:
    """Raises `Refused` with the reason, or whatever a parser breaks with."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise Refused(f"is of an unsupported type ({path.suffix or 'no suffix'})")
    return parse_bytes(read_still(path, limits), kind, title_of(path), limits)


def parse_bytes(data: bytes, kind: Format, title: str, limits: Limits) -> Parsed:
    """`title` stands in where the content names none."""
    if reason := disagreement(kind, data):
        raise Refused(reason)
    if kind in ("docx", "pptx", "xlsx"):
        check_archive(data, limits)
    return _checked(_parser(kind)(data, title))


def title_of(path: Path) -> str:
    """A readable title out of a file's name: `reset_hub-2` becomes `reset hub 2`."""
    return re.sub(r"[-_\s]+", " ", path.stem).strip() or path.stem


def read_still(path: Path, limits: Limits) -> bytes:
    """The bytes of a regular file that does not change while it is read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(file.fileno())
        most = int(limits.max_file_mb * (1 << 20))
        data = file.read(
            min(before.st_size, most) + 1
        )  # one more shows that it grew; read() reserves what it is told
        after = os.fstat(file.fileno())
    if len(data) > most:
        raise Refused(too_large(max(len(data), after.st_size), limits))
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        raise Refused("changed while it was read; index again")
    if not data:
        raise Refused("is empty; fill or remove it")
    return data


def _parser(kind: Format) -> Callable[[bytes, str], Parsed]:
    """The loader of a format; each is imported when the first such file comes."""
    match kind:
        case "txt":
            from ragbot.ingest.formats.plain import parse
        case "md":
            from ragbot.ingest.formats.markdown import parse
        case "html":
            from ragbot.ingest.formats.web import parse
        case "pdf":
            from ragbot.ingest.formats.pdf import parse
        case "docx":
            from ragbot.ingest.formats.office import parse_docx as parse
        case "pptx":
            from ragbot.ingest.formats.office import parse_pptx as parse
        case "xlsx":
            from ragbot.ingest.formats.sheet import parse
        case "csv":
            from ragbot.ingest.formats.records import parse_csv as parse
        case "jsonl":
            from ragbot.ingest.formats.records import parse_jsonl as parse
    return parse


def _checked(parsed: Parsed) -> Parsed:
    """What every later stage relies on: some text, not too much, no empty blocks, a title on one line."""
    blocks = tuple(_trimmed(block) for block in parsed.blocks if block.text.strip())
    if not blocks:
        raise Refused("holds no text; fill or remove it")
    size = sum(len(block.text) for block in blocks)
    if size > MAX_TEXT_CHARS:
        raise Refused(
            f"holds {size / 1e6:.0f} million characters (at most {MAX_TEXT_CHARS // 10**6}); split it"
        )
    return replace(parsed, title=re.sub(r"\s+", " ", parsed.title).strip()[:300], blocks=blocks)


def _trimmed(block: Block) -> Block:
    text = block.text.rstrip() if block.kind == "code" else block.text.strip()
    return block if text == block.text or block.kind == "faq" else replace(block, text=text)
