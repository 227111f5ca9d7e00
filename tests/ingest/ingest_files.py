"""Makers of files for the ingest tests, and a way to read them without a process of their own."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.limits import Limits
from ragbot.ingest.load import parse_bytes
from ragbot.ingest.sniff import Format


def read(data: bytes | str, kind: Format, title: str = "file name") -> Parsed:
    """What the loader of `kind` makes of `data`."""
    return parse_bytes(data.encode() if isinstance(data, str) else data, kind, title, Limits())


def shown(parsed: Parsed) -> list[tuple[str, str]]:
    """Kind and text of every block; headings with their level."""
    return [(_kind(block), block.text) for block in parsed.blocks]


def _kind(block: Block) -> str:
    return f"h{block.level}" if block.kind == "heading" else block.kind


def pdf(pages: Sequence[Sequence[str]], *, password: str = "", image_only: bool = False) -> bytes:
    """A PDF with a 16-point bold first line and 11-point text on each page."""
    from fpdf import FPDF

    made = FPDF()
    if password:
        from fpdf.enums import EncryptionMethod

        made.set_encryption(
            owner_password="owner", user_password=password, encryption_method=EncryptionMethod.AES_128
        )
    for lines in pages:
        made.add_page()
        if image_only:
            made.rect(20, 20, 100, 100, style="F")
            continue
        for i, line in enumerate(lines):
            made.set_font("Helvetica", "B" if i == 0 else "", 16 if i == 0 else 11)
            made.multi_cell(0, 8 if i == 0 else 6, line, new_x="LMARGIN", new_y="NEXT")
            made.ln(3)
    return bytes(made.output())


def cyclic_pdf() -> bytes:
    """A PDF whose tree of pages leads back to its own root."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def docx(build: Any = None) -> bytes:
    """A Word document; `build` gets the python-docx object."""
    import docx as library

    document = library.Document()
    if build is None:
        document.add_heading("Returns", 1)
        document.add_paragraph("Send it back within 30 days.")
    else:
        build(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pptx(slides: Sequence[tuple[str, str]]) -> bytes:
    """A deck of (title, body) slides."""
    from pptx import Presentation

    deck = Presentation()
    for title, body in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def xlsx(sheets: dict[str, Sequence[Sequence[Any]]]) -> bytes:
    """A workbook of sheets of rows."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    """A zip archive of these entries, well compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def with_entry(office: bytes, name: str, data: bytes) -> bytes:
    """An office file with one entry replaced or added."""
    with zipfile.ZipFile(io.BytesIO(office)) as archive:
        entries = {each: archive.read(each) for each in archive.namelist()}
    return zipped({**entries, name: data})


PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)
