"""Cases -> the rows of our own test sets; what `load_testset` reads again as the same cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ragbot.evaluate.exchange.rows import to_lines
from ragbot.evaluate.testset import Case


def to_row(case: Case) -> dict[str, Any]:
    """The row of a case, without what is empty."""
    row: dict[str, Any] = {"id": case.id, "question": case.question}
    if case.history:
        row["history"] = [{"role": turn.role, "text": turn.text} for turn in case.history]
    if case.expect is not None:
        row["expect"] = case.expect
    if case.sources:
        row["sources"] = list(case.sources)
    if case.excerpts:
        row["excerpts"] = list(case.excerpts)
    if case.reference:
        row["reference"] = case.reference
    if case.must_contain:
        row["must_contain"] = [list(group) for group in case.must_contain]
    if case.must_not_contain:
        row["must_not_contain"] = list(case.must_not_contain)
    if case.language != "und":
        row["language"] = case.language
    if case.tags:
        row["tags"] = list(case.tags)
    if case.conversation:
        row["conversation"] = case.conversation
    return row


def to_text(cases: Iterable[Case]) -> str:
    """A test set as the text of its file."""
    return to_lines(to_row(case) for case in cases)
