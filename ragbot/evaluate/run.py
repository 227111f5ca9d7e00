"""Ask every question of a test set and report what came.

Retrieval is measured by searching as the bot does, answers by asking the bot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ragbot.errors import InputError
from ragbot.evaluate.citing import cited, exact_quotes
from ragbot.evaluate.judge import DEPTH, judge
from ragbot.evaluate.reading import Sample
from ragbot.evaluate.summary import summarise
from ragbot.evaluate.testset import Case, hash_cases, locate_excerpts, resolve_sources
from ragbot.evaluate.values import EvalReport, Row, Timing
from ragbot.protocols import Verifier
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
    verifier: Verifier | None = None,
    hashes: Mapping[str, str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> EvalReport:
    """The report over all cases. `progress` is told the step, and how many of how many are done.

    `verifier`, such as the bot's own, measures citation recall and precision; without it they are left out.
    `hashes` are those of the knowledge, settings, models and code (`ragbot.fingerprint`); the test set's is added.
    Raises `InputError` where there is no case, `TestsetError` before the first question if a source is not in the
    knowledge base or an excerpt not in its sources.
    """
    if not cases:
        raise InputError("there is no question to ask; give a test set with at least one row")
    documents = kb.documents()
    resolved = resolve_sources(cases, (document.source for document in documents))
    texts: dict[str, list[str]] = {}
    for document in documents:
        texts.setdefault(document.source, []).append(document.text)
    places = locate_excerpts(resolved, texts)
    rows: list[Row] = []
    timings: list[Timing] = []
    for case in resolved:
        if progress is not None:
            progress("asking", len(rows), len(resolved))
        ranked, answer, timing = _ask(bot, kb, case)
        timings.append(timing)
        rows.append(
            judge(
                Sample(
                    case=case,
                    answer=answer,
                    ranked=ranked,
                    places=places.get(case.id, ()),
                    exact=exact_quotes(answer, texts),
                    cited=cited(answer, verifier) if verifier is not None else None,
                )
            )
        )
    if progress is not None:
        progress("asking", len(rows), len(resolved))
    return summarise(rows, timings, hashes={**(hashes or {}), "testset": hash_cases(cases)})


def _ask(bot: Asks, kb: Searches, case: Case) -> tuple[tuple[str, ...] | None, Answer, Timing]:
    """Sources of what is found (None where the case names none, so that nothing was searched), answer, durations."""
    ranked: tuple[str, ...] | None = None
    search_ms: float | None = None
    if case.sources:
        began = time.perf_counter()
        ranked = tuple(hit.chunk.source for hit in kb.search(case.question, k=DEPTH, history=case.history))
        search_ms = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    answer = bot.ask(case.question, history=case.history)
    answer_ms = (time.perf_counter() - began) * 1000
    return ranked, answer, Timing(id=case.id, answer_ms=answer_ms, search_ms=search_ms)
