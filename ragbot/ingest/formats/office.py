"""Word and PowerPoint files -> blocks. Home of python-docx and python-pptx."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import clean
from ragbot.ingest.formats.tables import Cell, is_header, plain_cells, table_text
from ragbot.ingest.limits import Refused

_HEADING_STYLE = re.compile(r"(?i)(?:heading|标题|überschrift|titre|título)\s*([1-9])")
_OFFICE_ERRORS = (KeyError, ValueError, AttributeError, TypeError, IndexError, OSError, SyntaxError)
"""What the office libraries raise for files that break their format; lxml's errors are SyntaxErrors."""


def _damaged(what: str, error: Exception) -> Refused:
    return Refused(f"is a damaged {what} ({type(error).__name__}); open it and save it again")


def parse_docx(data: bytes, title: str) -> Parsed:
    """Headings, paragraphs, lists and tables in the order of the document; deleted text stays out."""
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        named = clean(document.core_properties.title or "").strip()
        word = _Word(document)
        blocks = word.blocks()
    except _OFFICE_ERRORS as error:
        raise _damaged("Word document", error) from error
    if not blocks:
        raise Refused("holds no text; pictures in it are not read")
    first = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    return Parsed(title=first or named or title, blocks=tuple(blocks), notes=word.notes())


class _Word:
    """Walks a document's body; knows its styles, numbering and links."""

    def __init__(self, document: Any) -> None:
        from docx.oxml.ns import qn

        self._q = qn
        self._body = document.element.body
        self._links = {key: rel.target_ref for key, rel in document.part.rels.items() if rel.is_external}
        self._styles = {style.style_id: style for style in document.styles}
        self._formats = dict(self._numbering(document))
        self._counts: dict[tuple[str, int], int] = {}
        self._hidden: list[str] = []

    def _numbering(self, document: Any) -> Iterator[tuple[tuple[str, int], str]]:
        """(list, level) -> `bullet`, `decimal` ..."""
        q = self._q
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        abstract = {each.get(q("w:abstractNumId")): each for each in root.findall(q("w:abstractNum"))}
        for num in root.findall(q("w:num")):
            link = num.find(q("w:abstractNumId"))
            levels = abstract.get(link.get(q("w:val"))) if link is not None else None
            for level in levels.findall(q("w:lvl")) if levels is not None else ():
                kind = level.find(q("w:numFmt"))
                if kind is not None:
                    yield (num.get(q("w:numId")), int(level.get(q("w:ilvl")) or 0)), kind.get(q("w:val"))

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        for block in self._content(self._body):
            if block.kind == "list" and found and found[-1].kind == "list":
                found[-1] = Block(kind="list", text=f"{found[-1].text}\n{block.text}")
            else:
                found.append(block)
        return found

    def _content(self, parent: Any) -> Iterator[Block]:
        for child in parent:
            if child.tag == self._q("w:p"):
                yield from self._paragraph(child)
            elif child.tag == self._q("w:tbl"):
                yield from self._table(child)
            elif child.tag in (self._q("w:sdt"), self._q("w:sdtContent"), self._q("w:ins")):
                yield from self._content(child)

    def _text(self, element: Any) -> str:
        """All text of a paragraph; `w:delText` of tracked deletions is another tag and so stays out."""
        q, parts = self._q, []
        for node in element.iter(
            q("w:t"), q("w:tab"), q("w:br"), q("w:cr"), q("w:hyperlink"), q("w:noBreakHyphen")
        ):
            if self._vanishes(node):
                self._hidden.append(node.text or "")
            elif node.tag == q("w:t"):
                parts.append(node.text or "")
            elif node.tag == q("w:tab"):
                parts.append("" if node.getparent().tag == q("w:tabs") else " ")
            elif node.tag == q("w:noBreakHyphen"):
                parts.append("-")
            elif node.tag != q("w:hyperlink"):
                parts.append("\n")
        text = clean("".join(parts))
        for link in element.iter(q("w:hyperlink")):
            url, shown = self._links.get(link.get(q("r:id")) or ""), "".join(link.itertext()).strip()
            if url and shown and re.match(r"https?://\S+$", url) and shown not in url:
                text = text.replace(shown, f"{shown} ({url})", 1)
        return re.sub(r"[ \t]+", " ", text).strip()

    def _vanishes(self, node: Any) -> bool:
        """Whether a run's text is formatted as hidden."""
        q = self._q
        mark = node.getparent().find(f"{q('w:rPr')}/{q('w:vanish')}")
        return mark is not None and mark.get(q("w:val")) not in ("0", "false", "off")

    def notes(self) -> tuple[str, ...]:
        """On hidden text that was left out, once the blocks are read."""
        text = " ".join("".join(self._hidden).split())
        return (f'hidden text was left out: "{text[:80]}"; find out who put it there',) if text else ()

    def _paragraph(self, element: Any) -> Iterator[Block]:
        text = self._text(element)
        if not text:
            return
        q = self._q
        style_id = element.find(f"{q('w:pPr')}/{q('w:pStyle')}")
        style = self._styles.get(style_id.get(q("w:val"))) if style_id is not None else None
        name = str(getattr(style, "name", "") or "")
        outline = element.find(f"{q('w:pPr')}/{q('w:outlineLvl')}")
        if match := _HEADING_STYLE.search(name):
            yield Block(kind="heading", level=min(6, int(match[1])), text=text.replace("\n", " "))
        elif name.casefold() in ("title", "标题"):
            yield Block(kind="heading", level=1, text=text.replace("\n", " "))
        elif outline is not None and (outline.get(q("w:val")) or "9") in "012345":
            yield Block(kind="heading", level=int(outline.get(q("w:val"))) + 1, text=text.replace("\n", " "))
        elif (marker := self._marker(element, style)) is not None:
            yield Block(kind="list", text=marker + text.replace("\n", "\n" + " " * len(marker)))
        else:
            self._counts.clear()
            yield Block(kind="text", text=text)

    def _marker(self, element: Any, style: Any) -> str | None:
        """`- ` or `3. `, indented by level; None where the paragraph is no list item."""
        q = self._q
        name = str(getattr(style, "name", "") or "")
        numbering = element.find(f"{q('w:pPr')}/{q('w:numPr')}")
        if numbering is None and style is not None:
            numbering = style.element.find(f"{q('w:pPr')}/{q('w:numPr')}")
        if numbering is None and not name.startswith("List "):
            return None
        number_id = numbering.find(q("w:numId")) if numbering is not None else None
        depth = numbering.find(q("w:ilvl")) if numbering is not None else None
        level = int(depth.get(q("w:val"))) if depth is not None else 0
        if depth is None and (digit := re.search(r"(\d)$", name)):
            level = int(digit[1]) - 1
        key = (number_id.get(q("w:val")) if number_id is not None else name, level)
        if key[0] == "0":
            return None
        if self._formats.get(key, "decimal" if "Number" in name else "bullet") in ("bullet", "none"):
            return "  " * level + "- "
        self._counts[key] = self._counts.get(key, 0) + 1
        for other in [each for each in self._counts if each[0] == key[0] and each[1] > level]:
            del self._counts[other]
        return "  " * level + f"{self._counts[key]}. "

    def _table(self, element: Any) -> Iterator[Block]:
        q = self._q
        rows: list[list[Cell]] = []
        for row in element.iter(q("w:tr")):
            cells = []
            for cell in row.iter(q("w:tc")):
                span = cell.find(f"{q('w:tcPr')}/{q('w:gridSpan')}")
                text = " ".join(filter(None, (self._text(each) for each in cell.iter(q("w:p")))))
                cells.append(Cell(text=text.replace("\n", " "), columns=_span(span, q("w:val"))))
            rows.append(cells)
        if max((len(row) for row in rows), default=0) <= 1:  # a box around text
            for cell in element.iter(q("w:tc")):
                yield from self._content(cell)
            return
        headed = len(rows) > 1 and is_header([cell.text for cell in rows[0]])
        if text := table_text(rows, first_is_header=headed):
            yield Block(kind="table", text=text)


def _span(element: Any, name: str) -> int:
    value = element.get(name) if element is not None else None
    return min(50, max(1, int(value))) if value and re.fullmatch(r"\d{1,4}", value) else 1


def parse_pptx(data: bytes, title: str) -> Parsed:
    """Slide by slide: title, text, tables, notes; hidden slides stay out, with a note."""
    import pptx
    from pptx.exc import PythonPptxError

    blocks: list[Block] = []
    notes: list[str] = []
    try:
        deck = pptx.Presentation(io.BytesIO(data))
        named = clean(deck.core_properties.title or "").strip()
        for number, slide in enumerate(deck.slides, 1):
            if slide._element.get("show") == "0":
                notes.append(f"slide {number} is hidden and was left out")
            else:
                blocks.extend(_slide(slide, number))
    except (*_OFFICE_ERRORS, PythonPptxError) as error:
        raise _damaged("PowerPoint file", error) from error
    if not blocks:
        raise Refused("holds no text; pictures in it are not read")
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    generic = not named or named.casefold() in (
        "powerpoint presentation",
        "presentation",
        "powerpoint 演示文稿",
    )
    return Parsed(title=(first if generic else named) or title, blocks=tuple(blocks), notes=tuple(notes))


def _slide(slide: Any, number: int) -> Iterator[Block]:
    head = slide.shapes.title
    if head is not None and head.has_text_frame and (text := _frame_lines(head.text_frame)):
        yield Block(kind="heading", level=1, text=" ".join(text), page=number)
    for shape in _in_order(slide.shapes):
        if head is not None and shape.shape_id == head.shape_id:
            continue
        if getattr(shape, "has_table", False) and shape.has_table:
            rows = [
                [" ".join(_frame_lines(cell.text_frame)) for cell in row.cells] for row in shape.table.rows
            ]
            headed = len(rows) > 1 and (shape.table.first_row or is_header(rows[0]))
            if text_of := table_text(plain_cells(rows), first_is_header=headed):
                yield Block(kind="table", text=text_of, page=number)
        elif shape.has_text_frame and (lines := _frame_lines(shape.text_frame, bullets=shape.is_placeholder)):
            kind = (
                "list" if len(lines) > 1 and all(line.lstrip().startswith("- ") for line in lines) else "text"
            )
            single = [line.removeprefix("- ") for line in lines] if len(lines) == 1 else lines
            yield Block(kind=kind, text="\n".join(single), page=number)  # type: ignore[arg-type]  # both are kinds
    if slide.has_notes_slide and (lines := _frame_lines(slide.notes_slide.notes_text_frame)):
        yield Block(kind="text", text="\n".join(lines), page=number)


def _in_order(shapes: Any) -> Iterator[Any]:
    """Shapes as they are read, top to bottom and left to right; groups are opened."""
    flat = list(shapes)
    for shape in sorted(flat, key=lambda each: ((each.top or 0) // 300_000, each.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _frame_lines(frame: Any, *, bullets: bool = False) -> list[str]:
    if frame is None:
        return []
    lines = []
    for paragraph in frame.paragraphs:
        text = clean("".join(run.text for run in paragraph.runs) or paragraph.text).strip().replace("\n", " ")
        if text:
            lines.append(("  " * paragraph.level + "- " if bullets else "") + text)
    return lines
