"""A question that went wrong, in words: for whoever has to find out why, in a terminal or a log of CI."""

from __future__ import annotations

from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import Row

_MOST = 600
"""Characters of an answer or quote that are shown."""


def describe(case: Case, row: Row) -> str:
    """What was asked and expected, what the bot said and cited, each on a line; the first says what is wrong."""
    said = f"  ({row.status}{f': {row.reason}' if row.reason else ''}, confidence {row.confidence:.2f})"
    lines = ["; ".join(row.problems)]
    lines += [f"before    {turn.role}: {turn.text}" for turn in case.history]
    lines += [
        f"question  {case.question}",
        f"expected  {_expected(case)}",
        f"answer    {_cut(row.answer)}{said}",
    ]
    lines += [f"cited     {each.source}: {_cut(each.quote)!r}" for each in row.citations]
    if case.sources and not set(case.sources) & set(row.retrieved):
        lines.append(f"found     {', '.join(dict.fromkeys(row.retrieved)) or 'nothing'}")
    return "\n".join(lines)


def _expected(case: Case) -> str:
    parts: list[str] = [case.expect or "anything"]
    parts += [f"saying {' or '.join(map(repr, group))}" for group in case.must_contain]
    parts += [f"not saying {each!r}" for each in case.must_not_contain]
    if case.sources:
        parts.append(f"from {' or '.join(case.sources)}")
    if case.reference:
        parts.append(f"such as {case.reference!r}")
    return ", ".join(parts)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
