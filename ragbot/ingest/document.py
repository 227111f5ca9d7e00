"""`Parsed` -> `Document` and the places of its blocks; and `Parsed` as JSON, to travel between processes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from ragbot.ingest.blocks import Block, Parsed, Placed, assemble
from ragbot.text.language import detect
from ragbot.types import Document

LANGUAGE_CODE = re.compile(r"[a-z]{2}")
_LISTS = ("labels", "tags")


def to_document(source: str, parsed: Parsed, sha256: str) -> tuple[Document, tuple[Placed, ...]]:
    """The document and its blocks in place. `sha256` is the hash of the file's bytes, in hex."""
    text, placed, page_starts = assemble(parsed.blocks)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    meta = with_lists(parsed.meta)
    declared = str(meta.get("language") or meta.get("lang") or "").casefold()[:2]
    document = Document(
        id=hashlib.sha256(f"{source}\0{digest}".encode("utf-8", "surrogatepass")).hexdigest()[:16],
        source=source,
        title=parsed.title,
        text=text,
        page_starts=page_starts,
        language=declared if LANGUAGE_CODE.fullmatch(declared) else detect(text),
        meta=meta,
        sha256=sha256,
    )
    return document, placed


def with_lists(meta: Mapping[str, Any]) -> dict[str, Any]:
    """`labels: staff, vip` and `labels: [staff, vip]` mean the same: a list."""
    changed = dict(meta)
    for name in _LISTS:
        if isinstance(value := changed.get(name), str):
            changed[name] = [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
    return changed


def parsed_to_json(parsed: Parsed) -> dict[str, Any]:
    """Plain JSON; defaults are left out."""
    blocks = [_to_row(block) for block in parsed.blocks]
    return {"title": parsed.title, "blocks": blocks, "meta": dict(parsed.meta), "notes": list(parsed.notes)}


def parsed_from_json(fields: Mapping[str, Any]) -> Parsed:
    """The inverse of `parsed_to_json`."""
    blocks = tuple(_from_row(row) for row in fields["blocks"])
    return Parsed(title=fields["title"], blocks=blocks, meta=fields["meta"], notes=tuple(fields["notes"]))


def _to_row(block: Block) -> list[Any]:
    row = [block.kind, block.text, block.level, block.page]
    if block.meta or block.begins:
        row.append(dict(block.meta))
    if block.begins:
        row.append(True)
    return row


def _from_row(row: list[Any]) -> Block:
    kind, text, level, page, *rest = row
    return Block(
        kind=kind, text=text, level=level, page=page, meta=rest[0] if rest else {}, begins=len(rest) > 1
    )
