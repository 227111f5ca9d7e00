"""An HTML tree -> blocks: the one place that knows how headings, lists, tables, links and pictures read as
plain text. Markdown and web pages both end up here. Home of lxml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from ragbot.ingest.blocks import Block, Kind
from ragbot.ingest.formats.tables import Cell, table_text

MAX_DEPTH = 60
"""Elements nested deeper than this are read as plain text."""

_DROPPED = frozenset(
    "script style template noscript svg math iframe object embed video audio canvas input button select "
    "textarea head meta link nav dialog".split()
)
_BLOCKS = frozenset(
    "html body p div section article main header footer aside blockquote figure figcaption details summary "
    "form fieldset legend address center dt dd li tr td th tbody thead tfoot caption hr".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo big br cite code data del dfn em font i img ins kbd label mark meter output picture "
    "progress q rp rt ruby s samp small source span strike strong sub sup time tt u var wbr track col "
    "colgroup map area".split()
)
_HEADING = re.compile(r"h([1-6])")
_CALLOUT = re.compile(r"^\s*\[!\w+\]\s*", re.MULTILINE)
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\](?::[ \t]?)?")
_FILE_NAME = re.compile(r"(?i)[\w./-]+\.(png|jpe?g|gif|svg|webp)|image|img|screenshot|picture|图片|截图")
_ICON_WORDS = re.compile(r"(?i)\b(?:the|an?|button|icon|symbol|logo|image|screenshot|of)\b")
_CONTENTS = re.compile(
    r"(?i)(in this (article|section|guide)|on this page|(table of )?contents|jump to|本文内容|目录|本页内容)"
    r"\s*[:：]?$"
)
_HAN_BREAK = re.compile(
    "(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]) (?=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])"
)
_BREAK = "\ue000"
"""Stands for a line break that is meant, until the white space around it is settled."""


def parse_html(text: str) -> Any:
    """The tree of a whole page or a fragment; lxml repairs what is broken, nothing is fetched."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # nothing but comments or white space
        return html.Element("html")


def to_html(root: Any) -> str:
    """The tree as a page again."""
    return str(html.tostring(root, encoding="unicode"))


def tree_to_blocks(root: Any) -> list[Block]:
    """Everything readable below `root`, in order."""
    blocks = _Walker().run(root)
    return [block for block in blocks if block.text.strip()]


def settle(text: str) -> str:
    """White space as a browser shows it: runs become one space, meant breaks stay."""
    text = re.sub(r"[ \t\r\n\f]+", " ", text)
    text = _HAN_BREAK.sub("", text)
    return re.sub(rf" *{_BREAK}(?:\s|{_BREAK})*", "\n", text).strip()


class _Walker:
    """Collects inline text until a block ends; one walker per container that needs its own blocks."""

    def __init__(self, depth: int = 0) -> None:
        self.blocks: list[Block] = []
        self._inline: list[str] = []
        self._depth = depth

    def run(self, root: Any) -> list[Block]:
        self._children(root)
        self._flush()
        return self.blocks

    def _add(self, kind: Kind, text: str, level: int = 0) -> None:
        if text.strip():
            self.blocks.append(Block(kind=kind, text=text, level=level))

    def _flush(self) -> None:
        text = settle("".join(self._inline))
        self._inline.clear()
        text = _CALLOUT.sub("", text)
        if text:
            self._add("text", text)

    def _children(self, element: Any) -> None:
        self._text(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child)
            self._text(child.tail)

    def _text(self, text: str | None) -> None:
        if text:
            self._inline.append(_FOOTNOTE.sub("", text) if "[^" in text else text)

    def _element(self, element: Any) -> None:
        tag = element.tag.lower()
        self._depth += 1
        if tag in _DROPPED or element.get("hidden") is not None:
            pass
        elif self._depth > MAX_DEPTH:
            self._text(" " + "".join(element.itertext()))
        elif heading := _HEADING.fullmatch(tag):
            self._heading(element, int(heading[1]))
        elif tag in ("ul", "ol"):
            self._flush()
            self._list(element, ordered=tag == "ol")
        elif tag == "table":
            self._flush()
            self._table(element)
        elif tag == "pre":
            self._flush()
            self._add("code", "".join(element.itertext()).strip("\n").rstrip())
        elif tag == "dl":
            self._flush()
            self._definitions(element)
        elif tag in _BLOCKS:
            self._flush()
            self._children(element)
            self._flush()
        else:
            self._inline_element(element, tag)
        self._depth -= 1

    def _inline_element(self, element: Any, tag: str) -> None:
        if tag == "br":
            self._inline.append(_BREAK)
        elif tag == "img":
            self._inline.append(self._picture(element))
        elif tag == "a":
            self._link(element)
        elif tag == "code":
            self._inline.append("".join(element.itertext()))
        elif tag == "sup":
            text = "".join(element.itertext()).strip()
            before = "".join(self._inline[-1:])[-1:]
            self._inline.append(f"^{text}" if before.isdigit() and text.isdigit() else text)
        elif tag not in _INLINE and not element.attrib and "-" not in tag:
            self._inline.append(f"<{tag}>")  # no tag of HTML: a placeholder such as <port>
            self._children(element)
        else:
            self._children(element)

    def _heading(self, element: Any, level: int) -> None:
        self._flush()
        text = " ".join(block.text for block in _Walker(self._depth).run(element)).replace("\n", " ")
        self._add("heading", re.sub(r"\s*(?:[¶#]|\{#[\w-]+\})$", "", text).strip(), level)

    def _link(self, element: Any) -> None:
        start = len(self._inline)
        self._children(element)
        text = settle("".join(self._inline[start:]))
        url = (element.get("href") or "").strip()
        shown = re.sub(r"^https?://(www\.)?|/$", "", url.lower())
        if (
            text
            and re.match(r"https?://\S+$", url)
            and re.sub(r"^https?://(www\.)?|/$", "", text.lower()) != shown
        ):
            trailing = "" if "".join(self._inline[start:])[-1:].strip() else " "
            if trailing:
                self._inline[-1] = self._inline[-1].rstrip()
            self._inline.append(f" ({url}){trailing}")

    def _picture(self, element: Any) -> str:
        """The alternative text, unless it is a file name or an icon that the words beside it name anyway."""
        alt = settle(element.get("alt") or "")
        if not alt or _FILE_NAME.fullmatch(alt):
            return ""
        parent = element.getparent()
        beside = settle("".join(parent.itertext())).casefold() if parent is not None else ""
        words = _ICON_WORDS.sub(" ", alt).casefold().split()
        if beside and words and all(word in beside for word in words):
            return ""
        if beside:
            return f" {alt} "
        tells = len(alt.split()) > 2 or not alt.isascii()
        return f"[Image: {alt}]" if tells else ""

    def _list(self, element: Any, *, ordered: bool) -> None:
        if _is_contents(element):
            self._drop_lead()
            return
        lines: list[str] = []
        start = element.get("start") or "1"
        number = int(start) if re.fullmatch(r"\d{1,9}", start) else 1
        for item in element:
            if not isinstance(item.tag, str):
                continue
            marker = f"{number}. " if ordered else "- "
            if text := self._item(item, marker):
                lines.append(text)
                number += 1
            if item.tail and item.tail.strip():
                lines.append(settle(item.tail))
        self._add("list", "\n".join(lines))

    def _drop_lead(self) -> None:
        """Take back the line that announced a table of contents: `In this article:`."""
        if not self.blocks or self.blocks[-1].kind not in ("text", "heading"):
            return
        lead = self.blocks.pop()
        rest = _CONTENTS.sub("", lead.text).rstrip()
        if rest and not (lead.kind == "text" and len(rest) <= 60 and rest.endswith((":", "："))):
            self._add(lead.kind, rest, lead.level)

    def _item(self, item: Any, marker: str) -> str:
        """One item with everything in it, each further line indented under the first."""
        walker = _Walker(self._depth + 1)
        if item.tag.lower() in ("ul", "ol"):  # a list straight inside a list: an item without words
            walker._element(item)
            return "\n".join("  " + line for block in walker.blocks for line in block.text.split("\n"))
        lines = [line for block in walker.run(item) for line in block.text.split("\n")]
        if not lines:
            return ""
        lines[0] = re.sub(r"^\[[ xX]\] ", "", lines[0])
        return marker + ("\n" + " " * len(marker)).join(lines)

    def _definitions(self, element: Any) -> None:
        lines: list[str] = []
        for child in element.iter("dt", "dd"):
            text = " ".join(block.text for block in _Walker(self._depth + 1).run(child)).replace("\n", " ")
            if child.tag == "dd" and lines and lines[-1].startswith("- ") and lines[-1].endswith(":"):
                lines[-1] += f" {text}"
            elif text:
                lines.append(f"- {text}:" if child.tag == "dt" else f"  {text}")
        self._add("list", "\n".join(lines))

    def _table(self, element: Any) -> None:
        rows = [list(self._cells(row)) for row in _own_rows(element)]
        rows = [row for row in rows if row]
        if max((len(row) for row in rows), default=0) <= 1:  # a box, or a page laid out with a table
            for cell in element.iter("td", "th"):
                self._children(cell)
                self._flush()
            return
        for caption in element.findall("caption"):
            self._children(caption)
            self._flush()
        self._add("table", table_text(rows))

    def _cells(self, row: Any) -> Iterator[Cell]:
        for cell in row:
            if cell.tag in ("td", "th"):
                blocks = _Walker(self._depth + 2).run(cell)
                lines = [line.strip() for block in blocks for line in block.text.split("\n")]
                text = ", ".join(line.removeprefix("- ") for line in lines if line).replace(":, ", ": ")
                bold = len(cell) == 1 and cell[0].tag in ("b", "strong") and not (cell[0].tail or "").strip()
                yield Cell(
                    text=re.sub(r"([.;:!?。]),", r"\1", text),
                    head=cell.tag == "th" or bold,
                    columns=_span(cell.get("colspan")),
                    rows=_span(cell.get("rowspan")),
                )


def _span(value: str | None) -> int:
    return min(50, max(1, int(value))) if value and re.fullmatch(r"\d{1,4}", value) else 1


def _own_rows(table: Any) -> Iterator[Any]:
    """The rows of `table` itself, not of tables inside its cells."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _is_contents(element: Any) -> bool:
    """Whether a list holds nothing but links into the same page."""
    links = list(element.iter("a"))
    if not links or not all((link.get("href") or "").startswith("#") for link in links):
        return False
    linked = sum(len("".join(link.itertext()).strip()) for link in links)
    return linked >= len(re.sub(r"\s+", "", "".join(element.itertext()))) * 0.95
