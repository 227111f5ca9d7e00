"""Excel workbooks -> one block per row, sheet by sheet. Home of openpyxl, which reads through defusedxml."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import clean
from ragbot.ingest.formats.tables import is_header, rows_to_blocks
from ragbot.ingest.limits import Refused

_MAX_ROWS = 1_100_000
_MAX_COLUMNS = 1_000
_HEADER_WITHIN = 10
"""Filled rows among which the header is looked for; those before it are a title or remarks."""


def parse(data: bytes, title: str) -> Parsed:
    """Visible sheets; formulas as the values that were saved with them."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    blocks: list[Block] = []
    notes: list[str] = []
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        named = clean(book.properties.title or "").strip() if book.properties else ""
        for number, sheet in enumerate(book.worksheets, 1):
            if sheet.sheet_state != "visible":
                notes.append(f"sheet {clean(sheet.title)} is hidden and was left out")
                continue
            sheet.reset_dimensions()
            rows = list(_filled_rows(sheet))
            if rows:
                blocks.append(
                    Block(
                        kind="heading", level=1, text=clean(sheet.title).strip() or str(number), page=number
                    )
                )
                blocks.extend(_sheet_blocks(rows, number))
        book.close()
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, SyntaxError,
            InvalidFileException, EOFError) as error:  # fmt: skip
        raise Refused(
            f"is a damaged Excel workbook ({type(error).__name__}); open it and save it again"
        ) from error
    if not any(block.kind != "heading" for block in blocks):
        raise Refused("has no filled cells; fill or remove it")
    return Parsed(title=named or title, blocks=tuple(blocks), notes=tuple(notes))


def _filled_rows(sheet: Any) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number > _MAX_ROWS:
            raise Refused(f"has a sheet of more than {_MAX_ROWS} rows; split it")
        if row and any(value is not None for value in row):
            texts = [shown(value) for value in row[:_MAX_COLUMNS]]
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                yield texts


def _sheet_blocks(rows: list[list[str]], page: int) -> Iterator[Block]:
    """Remarks above the header as text, then the rows under it."""
    widest = max(sum(1 for cell in row if cell) for row in rows)
    at = next(
        (
            i
            for i, row in enumerate(rows[:_HEADER_WITHIN])
            if is_header(row) and sum(1 for cell in row if cell) >= max(2, widest * 0.6)
        ),
        None,
    )
    if at is None or at == len(rows) - 1:
        yield from rows_to_blocks([], rows, page=page)
        return
    for row in rows[:at]:
        yield Block(kind="text", text=" ".join(cell for cell in row if cell), page=page)
    yield from rows_to_blocks(rows[at], rows[at + 1 :], page=page)


def shown(value: Any) -> str:  # noqa: PLR0911 - one per type
    """A cell's value as text: ISO dates, whole numbers without `.0`, no binary noise such as 0.30000000004."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return clean(str(value)).strip()
