"""Rows of cells -> text that reads without the grid: `Plan: Basic; Price: 4.99 €`, or FAQ entries where the
columns are questions and answers. Shared by all formats that have tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragbot.ingest.blocks import Block

QUESTION = frozenset(
    "question questions q faq query 问题 问 提问 问句 常见问题 标准问题 标准问 用户问题 客户问题".split()
)
ANSWER = frozenset(
    "answer answers a reply response 答案 回答 答复 答 回复 标准答案 标准回答 客服回复".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table with spans."""

    text: str
    head: bool = False
    columns: int = 1
    rows: int = 1


def plain_cells(rows: Iterable[Sequence[str]]) -> list[list[Cell]]:
    """Cells without spans, for formats that have none."""
    return [[Cell(text=text) for text in row] for row in rows]


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def row_text(header: Sequence[str], row: Sequence[str]) -> str:
    """`Header: value; Header: value`. Empty values are left out, those beyond the header stand alone."""
    parts: list[str] = []
    for i, value in enumerate(row):
        text = one_line(value)
        name = one_line(header[i]).rstrip(":：") if i < len(header) else ""
        if text:
            parts.append(f"{name}: {text}" if name and name != text else text)
    return "; ".join(parts)


def table_text(rows: Sequence[Sequence[Cell]], *, first_is_header: bool | None = None) -> str:
    """One line per row of the body, each with its headers. The header is what is marked as such, unless
    `first_is_header` decides it for a format that marks none."""
    if not rows:
        return ""
    if first_is_header is None:
        first_is_header = len(rows) > 1 and all(cell.head or not cell.text for cell in rows[0])
    grid = _grid(rows)
    header = grid[0] if first_is_header and len(grid) > 1 else []
    lines = []
    for row in grid[1:] if header else grid:
        filled = [text for text in row if text]
        alone = len(filled) == 1 and row[0] == filled[0] and len(row) > 2
        lines.append(one_line(filled[0]) if alone else row_text(header, row))
    return "\n".join(line for line in lines if line)


def _grid(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Texts by row and column; a cell that spans rows stands in each, a header that spans columns too."""
    pending: dict[int, tuple[int, str]] = {}
    grid: list[list[str]] = []
    for y, row in enumerate(rows):
        texts: list[str] = []
        cells = iter(row)
        while True:
            if (held := pending.get(len(texts))) is not None:
                left, text = held
                pending[len(texts)] = (left - 1, text)
                if left == 1:
                    del pending[len(texts)]
                texts.append(text)
                continue
            if (cell := next(cells, None)) is None:
                break
            for x in range(cell.columns):
                shown = cell.text if x == 0 or y == 0 else ""
                if cell.rows > 1:
                    pending[len(texts)] = (cell.rows - 1, shown)
                texts.append(shown)
        grid.append(texts)
    return grid


def faq_columns(header: Sequence[str]) -> tuple[int, int] | None:
    """The columns of the question and the answer, if the header names both."""
    names = [one_line(name).casefold().rstrip(":：") for name in header]
    question = next((i for i, name in enumerate(names) if name in QUESTION), None)
    answer = next((i for i, name in enumerate(names) if name in ANSWER), None)
    return None if question is None or answer is None else (question, answer)


def faq_block(question: str, answer: str, *, meta: Mapping[str, Any], page: int | None = None) -> Block:
    """Question, line break, answer; `answer_start` is where the answer begins in the block's text."""
    question = one_line(question)
    return Block(
        kind="faq",
        text=f"{question}\n{answer.strip()}",
        page=page,
        meta={**meta, "question": question, "answer_start": len(question) + 1},
    )


def is_header(row: Sequence[str]) -> bool:
    """Whether a first row looks like names of columns: short, different texts, mostly without digits."""
    names = [one_line(cell) for cell in row if cell.strip()]
    if len(names) < 1 or len(set(names)) < len(names) or len(names) * 2 < len(row):
        return False
    wordy = [name for name in names if len(name) <= 60 and not re.fullmatch(r"[\d\s.,:/%€$£¥+-]+", name)]
    return len(wordy) == len(names)


def rows_to_blocks(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, page: int | None = None
) -> Iterator[Block]:
    """One block per row: FAQ entries where the header has a question and an answer, rows otherwise."""
    columns = faq_columns(header)
    for row in rows:
        if columns is not None and max(columns) < len(row):
            question, answer = row[columns[0]], row[columns[1]]
            if question.strip() and answer.strip():
                others = {
                    one_line(name): one_line(value)
                    for i, (name, value) in enumerate(zip(header, row, strict=False))
                    if i not in columns and name.strip() and value.strip()
                }
                yield faq_block(question, answer, meta=others, page=page)
                continue
        if text := row_text(header, row):
            yield Block(kind="row", text=text, page=page)
