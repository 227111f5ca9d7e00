"""What a file is by its name and what it is by its first bytes, and whether the two agree."""

from __future__ import annotations

from typing import Literal

Format = Literal["txt", "md", "html", "pdf", "docx", "pptx", "xlsx", "csv", "jsonl"]

SUFFIXES: dict[str, Format] = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
"""Suffix, in lower case, to the loader that reads it."""

_OFFICE = {"docx": b"word/", "pptx": b"ppt/", "xlsx": b"xl/"}
_NAMES = {"docx": "a Word document", "pptx": "a PowerPoint file", "xlsx": "an Excel workbook"}

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", ".pdf"),
    (b"PK\x03\x04", "a zip archive", ""),
    (b"PK\x05\x06", "an empty zip archive", ""),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Office file", ""),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", ""),
    (b"\xff\xd8\xff", "a JPEG picture", ""),
    (b"GIF87a", "a GIF picture", ""),
    (b"GIF89a", "a GIF picture", ""),
    (b"\x1f\x8b", "a gzip archive", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", ""),
    (b"Rar!\x1a\x07", "a RAR archive", ""),
    (b"SQLite format 3\x00", "an SQLite database", ""),
    (b"\x7fELF", "a program", ""),
    (b"{\\rtf", "an RTF document", ""),
)


def _zip_kind(data: bytes) -> Format | None:
    """Which office format a zip holds, by the names in its directory at the end of the file."""
    tail = data[-200_000:]
    for kind, folder in _OFFICE.items():
        if b"[Content_Types].xml" in data and folder in tail:
            return kind  # type: ignore[return-value]  # the keys are formats
    return None


def disagreement(suffix_format: Format, data: bytes) -> str | None:
    """Why the content cannot be what the suffix says; None where it can."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, what, rename in _MAGIC:
        if head.startswith(magic):
            return _explain(suffix_format, data, what, rename)
    if suffix_format == "pdf" and b"%PDF-" not in data[:1024]:
        return "is no PDF (it does not begin with %PDF-); rename it or export it again"
    if suffix_format in _OFFICE:
        return f"is not {_NAMES[suffix_format]} (it is no zip archive); open it and save it again"
    return None


def _explain(suffix_format: Format, data: bytes, what: str, rename: str) -> str | None:
    wanted = _NAMES.get(suffix_format, "a PDF" if suffix_format == "pdf" else "a text file")
    if what == "a PDF" and suffix_format == "pdf":
        return None
    if what == "a zip archive":
        kind = _zip_kind(data)
        if kind is not None and suffix_format == kind:
            return None
        if kind is not None:
            what, rename = _NAMES[kind], f".{kind}"
        elif suffix_format in _OFFICE and b"PK\x05\x06" not in data[-70_000:]:
            return None  # cut off: the archive check tells so
        elif suffix_format in _OFFICE:
            return f"is a zip archive but not {wanted}; open it and save it again"
    if what.startswith("an old or") and suffix_format in _OFFICE:
        return f"is {what}; remove the password or save it as .{suffix_format}"
    step = f"rename it to {rename}" if rename else "convert it to a supported format"
    return f"is {what}, not {wanted}; {step}"
