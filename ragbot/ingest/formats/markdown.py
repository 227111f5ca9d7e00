"""Markdown with front matter -> blocks. Home of markdown-it-py and PyYAML."""

from __future__ import annotations

import datetime
import re
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import clean, decode
from ragbot.ingest.formats.markup import parse_html, tree_to_blocks
from ragbot.ingest.formats.unseen import take_out_unseen

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MAX_FRONT = 20_000
_MAX_NESTING = 100
"""Levels of Markdown that are read; what lies deeper is left out, with a note."""
_QUOTE_RUN = re.compile(r"^((?:[ \t]*>){12})(?:[ \t]*>)+", re.MULTILINE)


def parse(data: bytes, title: str) -> Parsed:
    """`title` is what the file name suggests; front matter and the first heading come before it."""
    decoded = decode(data)
    meta, body, notes = split_front_matter(decoded.text)
    blocks, lost = markdown_blocks(body)
    notes = (*decoded.notes, *notes, *lost)
    heading = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), None)
    named = meta.pop("title", None)
    return Parsed(
        title=named if isinstance(named, str) and named.strip() else heading or title,
        blocks=tuple(blocks),
        meta=meta,
        notes=notes,
    )


def markdown_blocks(text: str) -> tuple[list[Block], tuple[str, ...]]:
    """Blocks of Markdown text, and notes where it is nested too deep to be read whole or HTML in it hides text."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    env: dict[str, Any] = {}
    tokens = reader.parse(_QUOTE_RUN.sub(r"\1", text), env)
    deepest = max((token.level for token in tokens), default=0)
    rendered = reader.renderer.render(tokens, reader.options, env)
    notes = (
        ("is nested so deep that parts were left out; flatten its lists",)
        if deepest >= _MAX_NESTING - 4
        else ()
    )
    tree = parse_html(f"<html><body>{rendered}</body></html>")
    unseen = take_out_unseen(tree)
    return tree_to_blocks(tree), (*notes, *unseen)


def split_front_matter(text: str) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """Properties, the text after them, and notes. What is no valid front matter is left out."""
    match = _FRONT.match(text)
    if match is None:
        if re.match(r"\A---[ \t]*\n[ \t]*[\w-]+:", text):
            return {}, text[4:], ("its front matter has no closing ---; it was read as text",)
        return {}, text, ()
    loaded, problem = _load_yaml(match[1])
    notes = (f"its front matter {problem}; it was left out",) if problem else ()
    return loaded, text[match.end() :], notes


def _load_yaml(text: str) -> tuple[dict[str, Any], str]:
    """The properties, or what is wrong with them."""
    import yaml

    if len(text) > _MAX_FRONT:
        return {}, f"is longer than {_MAX_FRONT} characters"
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            return {}, "uses YAML aliases"
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return {}, "is no valid YAML"
    if not isinstance(loaded, dict | None):
        return {}, f"is a {type(loaded).__name__}, not lines of key: value"
    return {clean(str(key)): plain(value) for key, value in (loaded or {}).items() if value is not None}, ""


def plain(value: Any) -> Any:  # noqa: PLR0911 - one per type
    """A YAML or cell value as JSON knows it: dates as ISO text, everything odd as text."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)  # noqa: PLR0124 - NaN
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {clean(str(key)): plain(item) for key, item in value.items()}
    return clean(str(value))
