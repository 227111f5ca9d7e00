"""CSV and JSON lines -> FAQ entries, rows or headed text."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ragbot.ingest.blocks import Block, Parsed
from ragbot.ingest.decode import clean, decode
from ragbot.ingest.formats.plain import text_blocks
from ragbot.ingest.formats.tables import ANSWER, QUESTION, faq_block, is_header, one_line, rows_to_blocks
from ragbot.ingest.limits import Refused

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 60
_UNCLOSED_LINES = 200
"""A field with more line breaks than this comes from a quote that is never closed."""
_MAX_NOTES = 10
_TEXT_KEYS = ("text", "content", "body", "正文", "内容")
_TITLE_KEYS = ("title", "name", "heading", "subject", "标题")


def parse_csv(data: bytes, title: str) -> Parsed:
    """One block per row. Rows of other lengths than the header are kept and noted."""
    decoded = decode(data)
    delimiter = _delimiter(decoded.text)
    notes = list(decoded.notes)
    rows = _read(decoded.text, delimiter, csv.QUOTE_MINIMAL)
    if any(cell.count("\n") > _UNCLOSED_LINES for _, row in rows for cell in row):
        line = next(n for n, row in rows for cell in row if cell.count("\n") > _UNCLOSED_LINES)
        notes.append(f"a quote opened near line {line} is never closed; quotes were read as text")
        rows = _read(decoded.text, delimiter, csv.QUOTE_NONE)
    rows = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise Refused("holds no rows; fill or remove it")
    header = rows[0][1] if len(rows) > 1 and is_header(rows[0][1]) else []
    if header:
        rows = rows[1:]
        notes.extend(
            _some(
                [
                    f"line {number} has {len(row)} fields, the header {len(header)}; it was read as it is"
                    for number, row in rows
                    if len(row) != len(header)
                ]
            )
        )
    blocks = tuple(rows_to_blocks(header, (row for _, row in rows)))
    return Parsed(title=title, blocks=blocks, notes=tuple(notes))


def _read(text: str, delimiter: str, quoting: Any) -> list[tuple[int, list[str]]]:
    """Rows with the number of the line on which each ends."""
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, quoting=quoting, skipinitialspace=True)
    return [(reader.line_num, row) for row in reader]


def _delimiter(text: str) -> str:
    """The delimiter under which most of the first rows have the same number of fields, more than one."""
    first = text[:100_000].split("\n")
    if match := re.fullmatch(r"sep=(.)", first[0].strip()):
        return match[1]
    sample = "\n".join(first[:_SAMPLE_LINES])

    def fit(delimiter: str) -> float:
        reader = csv.reader(io.StringIO(sample), delimiter=delimiter, skipinitialspace=True)
        sizes = Counter(len(row) for row in reader if row)
        fields, times = max(sizes.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(1, 0))
        return 0.0 if fields < 2 else times / sizes.total() + min(fields, 50) / 1000

    csv.field_size_limit(sys.maxsize)
    return max(_DELIMITERS, key=fit)


def _some(notes: Sequence[str]) -> list[str]:
    shown = list(notes[:_MAX_NOTES])
    return (
        [*shown, f"and {len(notes) - _MAX_NOTES} more lines like this"] if len(notes) > _MAX_NOTES else shown
    )


def parse_jsonl(data: bytes, title: str) -> Parsed:
    """Objects with question and answer become FAQ entries, those with a text headed text, others rows."""
    decoded = decode(data)
    blocks: list[Block] = []
    broken: list[str] = []
    for number, line in enumerate(decoded.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = "nested too deep" if isinstance(error, RecursionError) else "no valid JSON"
            broken.append(f"line {number} is {why} and was left out")
            continue
        found = [block for record in _records(value) for block in _record_blocks(record)]
        if not found:
            broken.append(f"line {number} holds no text and was left out")
        blocks.extend(found)
    if not blocks:
        raise Refused(f"has no line that can be read ({broken[0]}); write one JSON object per line")
    return Parsed(title=title, blocks=tuple(blocks), notes=(*decoded.notes, *_some(broken)))


def _records(value: Any) -> list[Any]:
    return value if isinstance(value, list) and all(isinstance(item, dict) for item in value) else [value]


def _record_blocks(record: Any) -> Iterator[Block]:
    if not isinstance(record, dict):
        yield from text_blocks(_shown(record))
        return
    fields = {clean(str(key)): value for key, value in record.items()}
    question = next((key for key in fields if key.casefold() in QUESTION), None)
    answer = next((key for key in fields if key.casefold() in ANSWER), None)
    text = next((key for key in fields if key.casefold() in _TEXT_KEYS), None)
    if question and answer and _shown(fields[question]).strip() and _shown(fields[answer]).strip():
        others = {
            key: one_line(_shown(value)) for key, value in fields.items() if key not in (question, answer)
        }
        meta = {key: value for key, value in others.items() if value}
        yield faq_block(_shown(fields[question]), _shown(fields[answer]), meta=meta)
    elif text and isinstance(fields[text], str) and fields[text].strip():
        yield from _headed_text(fields, text)
    else:
        flat = dict(_flatten(fields))
        yield from rows_to_blocks(list(flat), [list(flat.values())])


def _headed_text(fields: dict[str, Any], text: str) -> Iterator[Block]:
    """A record with a text: its title as a heading, its paragraphs below, its other fields as their properties."""
    heading = next((key for key in fields if key.casefold() in _TITLE_KEYS), None)
    meta = {key: value for key, value in fields.items() if key not in (text, heading) and _is_simple(value)}
    begins = True
    if heading and (name := one_line(_shown(fields[heading]))):
        yield Block(kind="heading", level=1, text=name, begins=True)
        begins = False
    for block in text_blocks(_shown(fields[text])):
        level = min(6, block.level + 1) if block.level else 0
        merged = {**meta, **block.meta}
        yield Block(kind=block.kind, level=level, text=block.text, meta=merged, begins=begins)
        begins = False


def _is_simple(value: Any) -> bool:
    return isinstance(value, (str, int, float)) or (
        isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value)
    )


def _shown(value: Any) -> str:
    """A JSON value as a person would write it."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{clean(str(key))} {_shown(item)}" for key, item in value.items())
    return str(value)


def _flatten(fields: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Nested objects as `outer inner: value`."""
    for key, value in fields.items():
        if isinstance(value, dict) and depth < 8:
            yield from _flatten(value, f"{prefix}{clean(str(key))} ", depth + 1)
        else:
            yield prefix + clean(str(key)), _shown(value)
