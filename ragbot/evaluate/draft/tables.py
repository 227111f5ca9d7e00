"""Rows of tables -> questions for their cells: `Model: Hub 2; Stock code: HB200` -> `What is the stock code of Hub 2?`

Reads rows as ingest writes them: `Header: value; Header: value`, one row a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST_CELL = 60
_NO_COLUMN = re.compile(
    r"\b(?:for|to|of|by|with|at|in|on|from|what|how|is|are|if|when|does|do|you|yes|no|note|notes|comment|remarks?|fits|symptom|message|text|path|"
    r"description|link|url|image|step|steps|solution|action|cause|meaning)$|^(?:what|how|if|when|is|do|does|works|comes|needs|supports|includes|can|has)\b|[?\d]",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"(?:yes|no|ja|nein|是|否)\b.*|(?:-|–|—|none|no|yes|n/?a|/|无|是|否|不支持|支持|✓|✔|✗|x)?", re.IGNORECASE
)
_ATTRIBUTES = frozenset(
    "item feature property specification spec parameter attribute 项目 参数 规格 功能 指标 属性".split()
)
"""Headers of a first column that names properties: the other columns are the things that have them."""
_PROPERTY = re.compile(
    r"价|费|金额|说明|备注|标准|数量|时间|期限|周期|抵扣|\b(?:price|cost|fee|amount|time|notes?)\b", re.I
)
"""Headers of a property: where a table has one, its first column has things, whatever it is called."""
_VALUES = frozenset("value values details 值 数值 参数值 规格值 参数 内容".split())
"""Headers of a column of values: the thing is the document's subject."""
_HAN = re.compile(r"[\u4e00-\u9fff]")


def ask(text: str) -> Iterator[tuple[str, str, str]]:
    """Question, cell and row for each cell that can be asked about."""
    for line in text.split("\n"):
        parts = line.split("; ")
        cells = [
            (_plain(name), value.strip())
            for name, sep, value in (part.partition(": ") for part in parts)
            if sep
        ]
        if len(cells) < 2 or len(cells) != len(parts):
            continue
        heading, first = cells[0][0], _plain(cells[0][1])
        properties = heading.casefold() in _ATTRIBUTES and not any(
            _PROPERTY.search(name) for name, _ in cells[1:]
        )
        if (
            not 2 <= len(first) <= 40
            or _EMPTY.fullmatch(first)
            or re.fullmatch(r"[\d.,%\s–-]+[A-Z]{0,2}", first)
        ):
            continue
        for name, value in cells[1:]:
            usable = (
                len(value) <= _MOST_CELL and re.search(r"\d", value) and not re.search(r"[\[/\\]\w", value)
            )
            if usable and not _EMPTY.fullmatch(value):
                entity, column = (name, first) if properties else (first, name)
                question = _question(column, "" if entity.casefold() in _VALUES else entity, value)
                if question:
                    yield question, value, line


def _plain(text: str) -> str:
    return re.sub(r"[*_`]+", " ", text).strip()


def _question(column: str, entity: str, value: str) -> str | None:
    if _HAN.search(column) or _HAN.search(entity):
        if len(column) > 12 or re.search(r"[？?]", column):
            return None
        word = "多少" if re.match(r"[\d约最$€¥￥]", value) else "什么"
        return f"{entity}{'的' if entity else ''}{column}是{word}？"
    if _NO_COLUMN.search(column) or "," in column or len(column.split()) > 5:
        return None
    first = column.split(maxsplit=1)[0]
    name = column[0].lower() + column[1:] if re.fullmatch(r"[A-Z][a-z-]*", first) else column
    head = re.sub(r"\s*\(.*", "", name)
    plural = head.endswith("s") and not head.endswith("ss")
    if plural and re.fullmatch(r"\d+", value):
        return f"How many {head} does {entity} have?" if entity else f"How many {head} are there?"
    of = f" of {entity}" if entity else ""
    return f"What {'are' if plural else 'is'} the {name}{of}?"
