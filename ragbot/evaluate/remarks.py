"""What a person should know about a test set before trusting its figures: doubtful rows, and what it cannot show.

The rows are well formed (`load_testset` told otherwise). With the documents, it is also checked that the facts stand
in the sources, and that no question stands in a document word for word.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ragbot.evaluate.metrics import comparable, contains
from ragbot.evaluate.testset import TWO_DOCUMENT, Case
from ragbot.types import Document

Kind = Literal["contradiction", "duplicate", "fact", "judging", "leakage", "balance", "draft"]

FEW = 50
"""Questions below which a share has a 95 % interval wider than 0.27 (Wilson, at one half)."""
FEW_UNANSWERABLE = 0.1
"""Share of unanswerable questions below which abstention is hardly measured."""
_LEAST_LETTERS = 20
"""Letters or digits of a question that is looked for in documents; a Chinese character counts as three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something doubtful."""

    kind: Kind
    message: str
    ids: tuple[str, ...] = ()
    """The questions it is about; none where it is about the whole set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many questions there are of what."""

    questions: int
    by_language: Mapping[str, int]
    by_expected: Mapping[str, int]
    """`none` for questions without an expected status."""
    by_tag: Mapping[str, int]


def counts(cases: Sequence[Case]) -> Counts:
    """The counts of a test set, by name."""
    return Counts(
        questions=len(cases),
        by_language=_sorted(Counter(case.language for case in cases)),
        by_expected=_sorted(Counter(case.expect or "none" for case in cases)),
        by_tag=_sorted(Counter(tag for case in cases for tag in dict.fromkeys(case.tags))),
    )


def remarks(cases: Sequence[Case], documents: Sequence[Document] | None = None) -> list[Remark]:
    """Everything doubtful, rows first. With `documents`, the cases' sources are theirs (`resolve_sources`)."""
    found = [*_duplicates(cases), *_judging(cases)]
    if documents is not None:
        found += [*_facts(cases, documents), *_leakage(cases, documents)]
    return [*found, *_balance(cases), *_drafts(cases)]


def _duplicates(cases: Sequence[Case]) -> Iterator[Remark]:
    """Questions with one wording and one conversation."""
    groups: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        groups[(*(_letters(turn.text) for turn in case.history), _letters(case.question))].append(case)
    for same in groups.values():
        ids = tuple(case.id for case in same)
        if len({case.expect for case in same} - {None}) > 1:
            message = f"{_named(ids)} ask the same but expect different things; no bot can do both"
            yield Remark(kind="contradiction", message=message, ids=ids)
        elif len(same) > 1:
            message = f"{_named(ids)} ask the same; it counts {len(same)} times"
            yield Remark(kind="duplicate", message=message, ids=ids)


def _judging(cases: Sequence[Case]) -> Iterator[Remark]:
    for case in cases:
        for problem in _doubts(case):
            yield Remark(kind="judging", message=f"{case.id}: {problem}", ids=(case.id,))


def _doubts(case: Case) -> Iterator[str]:
    if case.expect is None:
        yield "nothing tells a right answer; give it `expect`"
    if case.expect == "answered" and not (case.sources or case.must_contain or case.reference):
        yield "any answer counts as right; give it `must_contain` or `sources`"
    if case.expect not in (None, "answered") and case.must_contain:
        yield f"expects {case.expect}, so its `must_contain` is never looked at"
    if case.expect == "abstained" and case.sources:
        yield "names sources that hold the answer, but expects the bot to abstain"
    if TWO_DOCUMENT in case.tags and len(case.sources) < 2:
        yield f"has the tag {TWO_DOCUMENT}, but not two sources"
    for group in case.must_contain:
        wrong = [no for no in case.must_not_contain if all(contains(yes, no) for yes in group)]
        if wrong:
            yield f"must say {group[0]!r}, which holds the forbidden {wrong[0]!r}; no answer can be right"


def _facts(cases: Sequence[Case], documents: Sequence[Document]) -> Iterator[Remark]:
    """Facts that none of the sources says: wrong, or worded otherwise there."""
    texts: dict[str, str] = defaultdict(str)
    for document in documents:
        texts[document.source] += f"{document.title}\n{document.text}\n"
    for case in cases:
        known = "\n".join(texts[source] for source in case.sources)
        if not known or case.expect != "answered":
            continue
        for group in case.must_contain:
            if not any(contains(known, one) for one in group):
                message = f"{case.id}: its sources say none of {', '.join(map(repr, group))}"
                yield Remark(kind="fact", message=message, ids=(case.id,))


def _leakage(cases: Sequence[Case], documents: Sequence[Document]) -> Iterator[Remark]:
    """Questions that stand in a document word for word, such as those of an FAQ: finding them shows little."""
    texts = {document.source: _letters(f"{document.title}\n{document.text}") for document in documents}
    for case in cases:
        wanted = _letters(case.question)
        weight = sum(3 if "\u3400" <= char <= "\u9fff" else 1 for char in wanted)
        if weight < _LEAST_LETTERS:
            continue
        where = next((source for source, text in texts.items() if wanted in text), None)
        if where is not None:
            message = f"{case.id}: the question stands in {where} word for word; customers word it otherwise"
            yield Remark(kind="leakage", message=message, ids=(case.id,))


def _balance(cases: Sequence[Case]) -> Iterator[Remark]:
    if len(cases) < FEW:
        message = f"{len(cases)} questions show large differences only; {FEW} or more are better"
        yield Remark(kind="balance", message=message)
    silent = sum(case.expect == "abstained" for case in cases)
    if silent < FEW_UNANSWERABLE * len(cases):
        message = f"{silent} of {len(cases)} questions are unanswerable; a bot that always answers would not be noticed"
        yield Remark(kind="balance", message=message)
    unnamed = sum(case.language == "und" for case in cases)
    if unnamed and unnamed < len(cases):
        yield Remark(kind="balance", message=f"{unnamed} of {len(cases)} questions name no language")


def _drafts(cases: Sequence[Case]) -> Iterator[Remark]:
    drafted = tuple(case.id for case in cases if "draft" in case.tags)
    if drafted:
        message = f"{len(drafted)} questions are drafts; read each and take its tag `draft` away"
        yield Remark(kind="draft", message=message, ids=drafted)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", comparable(text))


def _named(ids: Sequence[str]) -> str:
    return " and ".join(ids) if len(ids) < 4 else f"{', '.join(ids[:3])} and {len(ids) - 3} more"


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
