"""Ask every question of a test set and report what came.

Retrieval is measured by searching as the bot does, answers by asking the bot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from ragbot.evaluate.judge import DEPTH, Result, judge
from ragbot.evaluate.summary import EvalReport, summarise
from ragbot.evaluate.testset import Case, resolve_sources
from ragbot.types import Answer, Document, Hit, Turn


class Asks(Protocol):
    """The part of `Bot` that is evaluated."""

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer: ...


class Searches(Protocol):
    """The part of `KnowledgeBase` that is evaluated."""

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]: ...

    def documents(self) -> Sequence[Document]: ...


def evaluate(
    bot: Asks,
    kb: Searches,
    cases: Sequence[Case],
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> EvalReport:
    """The report over all cases. `progress` is told the step, and how many of how many are done.

    Raises `TestsetError` before the first question if a source is not in the knowledge base.
    """
    resolved = resolve_sources(cases, (document.source for document in kb.documents()))
    results: list[Result] = []
    for case in resolved:
        if progress is not None:
            progress("asking", len(results), len(resolved))
        results.append(_run(bot, kb, case))
    if progress is not None:
        progress("asking", len(results), len(resolved))
    return summarise(results)


def _run(bot: Asks, kb: Searches, case: Case) -> Result:
    ranked: list[str] | None = None
    search_ms: float | None = None
    if case.sources:
        began = time.perf_counter()
        ranked = [hit.chunk.source for hit in kb.search(case.question, k=DEPTH, history=case.history)]
        search_ms = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    answer = bot.ask(case.question, history=case.history)
    answer_ms = (time.perf_counter() - began) * 1000
    return Result(row=judge(case, answer, ranked), search_ms=search_ms, answer_ms=answer_ms)
