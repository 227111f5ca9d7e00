"""Tables as people keep them: one question a row, in CSV or TSV, with the columns of a test set.

    question, reference, sources, must_contain, must_not_contain, expect, language, tags, id

Only `question` is needed. Several sources, tags or forbidden texts in one cell are parted by `|`. `must_contain` has
its groups parted by `;` and the alternatives of a group by `|`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ragbot.evaluate.exchange.rows import BadRow, text_of, texts_of
from ragbot.evaluate.testset import Case
from ragbot.types import Status

_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "questions", "query", "q", "问题", "提问"),
    "reference": ("reference", "answer", "expected", "expected answer", "a", "答案", "回答"),
    "sources": ("sources", "source", "document", "documents", "file", "来源", "文档"),
    "must_contain": ("must_contain", "must contain", "facts"),
    "must_not_contain": ("must_not_contain", "must not contain", "forbidden"),
    "expect": ("expect", "status", "expected status"),
    "language": ("language", "lang", "语言"),
    "tags": ("tags", "tag", "标签"),
    "id": ("id", "no", "number", "编号"),
}
"""Field -> what people call its column."""


def columns() -> str:
    """The columns that are known, for messages."""
    return ", ".join(_NAMES)


def read(row: Mapping[str, Any], *, id: str) -> Case:
    """The case of a row; `id` where it names none. Raises `BadRow`, also for a column that is none of those."""
    fields = {name: field for field, names in _NAMES.items() for name in names}
    named: dict[str, Any] = {}
    for column, cell in row.items():
        field = fields.get(column.casefold().strip())
        if field is None:
            raise BadRow(f"unknown column {column!r}; there are {columns()}")
        named.setdefault(field, cell)
    question = text_of(named, "question")
    if not question:
        raise BadRow("the question is missing")
    sources = texts_of(named, "sources")
    groups = _groups(text_of(named, "must_contain"))
    reference = text_of(named, "reference")
    return Case(
        id=text_of(named, "id") or id,
        question=question,
        expect=_expect(text_of(named, "expect")) or ("answered" if sources or groups or reference else None),
        sources=sources,
        reference=reference,
        must_contain=groups,
        must_not_contain=texts_of(named, "must_not_contain"),
        language=text_of(named, "language") or "und",
        tags=texts_of(named, "tags"),
    )


def _expect(text: str) -> Status | None:
    for status in get_args(Status):
        if text == status:
            found: Status = status
            return found
    if text:
        raise BadRow(f"expect must be one of {', '.join(get_args(Status))}, not {text!r}")
    return None


def _groups(cell: str) -> tuple[tuple[str, ...], ...]:
    groups = (tuple(one.strip() for one in group.split("|") if one.strip()) for group in cell.split(";"))
    return tuple(group for group in groups if group)
