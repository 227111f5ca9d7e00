"""Web pages -> blocks of their main text, without navigation, banners and footers. Home of trafilatura."""

from __future__ import annotations

import re
from html import unescape as html_unescape
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import Decoded, clean, decode
from ragbot.ingest.formats.markup import parse_html, settle, to_html, tree_to_blocks
from ragbot.ingest.formats.unseen import take_out_unseen
from ragbot.ingest.limits import Refused

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?\s*([\w-]{2,30})", re.IGNORECASE)
_CODE = re.compile(
    r"<(script|style|template|noscript|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_MAX_DEPTH = 200
"""Trafilatura walks trees by recursion; a deeper page is read whole instead."""
_AROUND = (
    "//nav | //aside | //script | //style | //template | //form | //dialog | //body/header | //body/footer "
    "| //*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search' or @role='dialog'] "
    "| //*[contains(translate(concat(@id, ' ', @class), 'COKIE', 'cokie'), 'cookie')]"
)
_TAGS = {"list": "ul", "item": "li", "row": "tr", "cell": "td", "ref": "a", "quote": "blockquote", "lb": "br",
         "hi": "span", "del": "s", "graphic": "img"}  # fmt: skip


def parse(data: bytes, title: str) -> Parsed:
    """The main text where trafilatura finds it, the page without its frame otherwise."""
    decoded = _decode(data)
    tree = parse_html(decoded.text)
    unseen = take_out_unseen(tree)
    page = to_html(tree) if unseen else decoded.text
    name = _title(tree)
    description = settle(tree.xpath("string(//meta[@name='description']/@content)"))
    found = _main_text(page, tree)
    blocks = _where(tree, found)
    if found and _size(blocks) > 2 * _size(found) + 500:  # more around it than tags and roles tell
        blocks = found
    notes = (*decoded.notes, *unseen)
    if not blocks and (text := settle(_TAG.sub(" ", _CODE.sub(" ", page)))):
        blocks = [Block(kind="text", text=clean(html_unescape(text)))]
        notes = (*notes, "is nested too deep; it was read without its structure")
    if not blocks:
        raise Refused("holds no readable text; save the page with its content")
    meta = {"description": clean(description)} if description else {}
    return Parsed(title=name or title, blocks=tuple(blocks), meta=meta, notes=notes)


def _decode(data: bytes) -> Decoded:
    """As the page itself declares, where that works; by the looks of the bytes otherwise."""
    declared = _CHARSET.search(data[:4096])
    if declared is not None:
        encoding = declared[1].decode("ascii")
        encoding = "gb18030" if encoding.lower() in ("gb2312", "gbk") else encoding
        try:
            return Decoded(clean(data.decode(encoding)), encoding)
        except (UnicodeDecodeError, LookupError):
            pass
    return decode(data)


def _title(tree: Any) -> str:
    """The first heading where the page's title begins or ends with it (`Returns | Shop`), else the title."""
    title = settle(tree.xpath("string(//title)"))
    headings = [settle("".join(each.itertext())) for each in tree.xpath("//h1")]
    heading = next((each for each in headings if each), "")
    return heading if heading and (not title or heading.casefold() in title.casefold()) else title or heading


def _size(blocks: list[Block]) -> int:
    return sum(len(block.text) for block in blocks)


def _main_text(text: str, tree: Any) -> list[Block]:
    if _depth_exceeds(tree, _MAX_DEPTH):
        return []
    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "0")  # else a short page becomes one paragraph with its menus
    try:
        found = trafilatura.bare_extraction(
            text,
            favor_recall=True,
            include_comments=False,
            include_tables=True,
            include_links=True,
            include_formatting=True,
            config=config,
        )
    except (RecursionError, ValueError, TypeError, AttributeError, KeyError):  # a page it cannot cope with
        return []
    body = getattr(found, "body", None)
    return [] if body is None else tree_to_blocks(_as_html(body))


def _as_html(body: Any) -> Any:
    """Trafilatura's elements under their HTML names; changes the tree in place."""
    for element in body.iter():
        tag, kind = element.tag, element.get("rend") or ""
        if tag == "head":
            element.tag = kind if re.fullmatch(r"h[1-6]", kind) else "h2"
        elif tag == "list" and kind == "ol":
            element.tag = "ol"
        elif tag == "list" and kind == "dl":
            element.tag = "dl"
        elif tag == "item" and kind.startswith(("dt", "dd")):
            element.tag = kind[:2]
        elif tag == "cell" and element.get("role") == "head":
            element.tag = "th"
        elif tag == "code":
            element.tag = "pre" if "\n" in "".join(element.itertext()) else "code"
        elif tag == "ref":
            element.tag = "a"
            element.set("href", element.get("target") or "")
        elif tag in _TAGS:
            element.tag = _TAGS[tag]
    return body


def _where(tree: Any, found: list[Block]) -> list[Block]:
    """The part of the page in which the main text was found, read with all its lists, links and tables.

    Trafilatura knows where the main text is, but drops what looks like a button in it, such as a step `Print`.
    Changes the tree in place.
    """
    for element in tree.xpath(_AROUND):
        if element.getparent() is not None and element.tag not in ("html", "body", "main"):
            element.drop_tree()
    mains = (
        tree.xpath("//main | //*[@role='main']") or tree.xpath("//article") or tree.xpath("//body") or [tree]
    )
    if len(mains) > 1:
        return [block for main in mains[:20] for block in tree_to_blocks(main)]
    keys = [
        _squeezed(block.text.split(" (http")[0])[:40] for block in found if block.kind in ("text", "heading")
    ]
    element = mains[0]
    for _ in range(_MAX_DEPTH):
        inner = [child for child in element if isinstance(child.tag, str) and _holds(child, keys)]
        if len(inner) != 1 or inner[0].tag in ("ul", "ol", "table", "p", "pre"):
            break
        element = inner[0]
    return tree_to_blocks(element)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _holds(element: Any, keys: list[str]) -> bool:
    """Whether `element` holds nearly all of the main text."""
    text = _squeezed("".join(element.itertext()))
    return bool(keys) and sum(key in text for key in keys) >= 0.95 * len(keys)


def _depth_exceeds(tree: Any, most: int) -> bool:
    """Whether any element lies deeper than `most`, found level by level without recursion."""
    level = [tree]
    for _ in range(most):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True
