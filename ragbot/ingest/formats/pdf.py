"""PDF -> blocks, page by page. Home of pypdf; `layout.py` turns its lines into paragraphs and headings."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import clean
from ragbot.ingest.formats.layout import Line, drop_running_lines, lines_to_blocks
from ragbot.ingest.limits import Refused

_MAX_PAGES = 10_000
_INVISIBLE = 3
"""Text rendering mode of ISO 32000-1, 9.3.6: neither filled nor stroked."""
_PAGE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError, RecursionError)


def parse(data: bytes, title: str) -> Parsed:
    """Text with page numbers, without running heads and feet. Raises `Refused` where there is no text."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("is protected with a password; save a copy without one")
        pages, notes = _read_pages(reader)
        named = _named(reader)
    except DependencyError as error:
        raise Refused(
            "is encrypted in a way that cannot be read here; save a copy without encryption"
        ) from error
    except (PyPdfError, *_PAGE_ERRORS, OSError, NotImplementedError) as error:
        raise Refused(
            f"is a damaged or cut-off PDF ({type(error).__name__}); get a whole copy of it"
        ) from error
    if not any(pages):
        raise Refused("holds only images, no text; run OCR on it first")
    empty = [number for number, lines in enumerate(pages, 1) if not lines]
    if empty:
        shown = ", ".join(map(str, empty[:10])) + (" ..." if len(empty) > 10 else "")
        notes.append(f"no text on page {shown}: pictures are not read")
    blocks = lines_to_blocks(drop_running_lines(pages))
    return Parsed(title=named or _first_heading(blocks) or title, blocks=tuple(blocks), notes=tuple(notes))


def _first_heading(blocks: list[Block]) -> str:
    """The largest heading of the first page."""
    headings = [block for block in blocks if block.kind == "heading" and block.page == 1]
    return min(headings, key=lambda block: block.level).text if headings else ""


def _named(reader: Any) -> str:
    """The title in the file's properties, unless it is a file name or a program's default."""
    try:
        name = clean(str((reader.metadata or {}).get("/Title") or "")).strip()
    except _PAGE_ERRORS:
        return ""
    lowered = name.casefold()
    odd = not name or lowered.startswith(("untitled", "microsoft word", "powerpoint")) or "\n" in name
    return (
        "" if odd or lowered.endswith((".doc", ".docx", ".pdf", ".indd", ".tmp")) or len(name) > 200 else name
    )


def _read_pages(reader: Any) -> tuple[list[list[Line]], list[str]]:
    from pypdf.errors import PyPdfError

    pages: list[list[Line]] = []
    notes: list[str] = []
    modes: list[int] = []
    for number, page in enumerate(_bounded(reader.pages), 1):
        try:
            pages.append(list(_lines(page, number, modes)))
        except (PyPdfError, *_PAGE_ERRORS, NotImplementedError) as error:
            pages.append([])
            notes.append(f"page {number} cannot be read ({type(error).__name__})")
        if number in modes and not _has_picture(page):
            notes.append(f"page {number} holds invisible text, and no picture that it would be the text of")
    return pages, notes


def _has_picture(page: Any) -> bool:
    """A scanned page has one, and what was recognised in it stands invisibly above it."""
    try:
        return len(page.images) > 0
    except (*_PAGE_ERRORS, NotImplementedError, ImportError):
        return True


def _bounded(pages: Any) -> Iterator[Any]:
    for number, page in enumerate(pages):
        if number >= _MAX_PAGES:
            raise Refused(f"has more than {_MAX_PAGES} pages; split it")
        yield page


def _lines(page: Any, number: int, modes: list[int]) -> Iterator[Line]:
    """The lines of a page as pypdf orders them, with the size, weight and height at which they stand. `modes` gets
    the number of a page that draws invisible text."""
    pieces: list[tuple[str, float, bool, float]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        if text:
            scale = abs(tm[3] or tm[1]) * abs(cm[3] or cm[1])
            weight = str((font or {}).get("/BaseFont", "")).casefold()
            bold = any(word in weight for word in ("bold", "heavy", "black", "semibold"))
            pieces.append((text, float(size or 0) * scale, bold, tm[4] * cm[1] + tm[5] * cm[3] + cm[5]))

    def watch(operator: bytes, operands: Any, _cm: Any, _tm: Any) -> None:
        if operator == b"Tr" and operands and operands[0] == _INVISIBLE:
            modes.append(number)

    page.extract_text(visitor_text=visit, visitor_operand_before=watch)
    current: list[tuple[str, float, bool, float]] = []
    for text, size, bold, y in pieces:
        first, *others = text.split("\n")
        current.append((first, size, bold, y))
        for part in others:
            if line := _line(current, number):
                yield line
            current = [(part, size, bold, y)]
    if line := _line(current, number):
        yield line


def _line(pieces: list[tuple[str, float, bool, float]], page: int) -> Line | None:
    text = " ".join(clean("".join(piece[0] for piece in pieces)).split())
    shown = [piece for piece in pieces if piece[0].strip()]
    if not text or not shown:
        return None
    main = max(shown, key=lambda piece: len(piece[0]))
    return Line(
        text=text, size=round(main[1], 1), bold=all(piece[2] for piece in shown), y=shown[0][3], page=page
    )
