"""What a preview would change for customers: the same questions asked of the live knowledge base and of the previewed
one, and the answers that break, heal or change.

Knows nothing of how a preview is made (`ragbot.ingest.preview`), nor of how it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ragbot.errors import GateFailed, InputError
from ragbot.evaluate.compare import compare
from ragbot.evaluate.run import Asks, evaluate
from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import Comparison, EvalReport, Row
from ragbot.protocols import Verifier
from ragbot.types import Citation, Document, Hit, Status, Turn, to_plain

Effect = Literal["broken", "healed", "changed"]
Progress = Callable[[str, int, int], None]


class Knowledge(Protocol):
    """The part of `KnowledgeBase` that is compared."""

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]: ...

    def documents(self) -> Sequence[Document]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A knowledge base, the bot that answers from it, and what else an evaluation of it takes."""

    kb: Knowledge
    bot: Asks
    verifier: Verifier | None = None
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one side answers."""

    status: Status
    text: str
    places: tuple[str, ...]
    """What it cites: source, heading and page."""
    problems: tuple[str, ...]
    """What is wrong with it; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """A question that is answered otherwise."""

    id: str
    question: str
    effect: Effect
    """`broken`: right before and wrong after; `healed`: the other way round; `changed`: neither."""
    before: Told
    after: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All that a preview changes for the questions of a test set."""

    answers: tuple[AnswerChange, ...]
    """Broken ones first, then healed, then changed, each in the test set's order."""
    comparison: Comparison
    before: EvalReport
    after: EvalReport

    def to_dict(self) -> dict[str, Any]:
        """Plain values: the answers, how many of each effect, the comparison, and hashes and figures of both sides."""
        counts = {name: len(getattr(self.comparison, name)) for name in ("broken", "healed", "changed")}
        sides = {
            name: {"hashes": dict(report.hashes), "overall": to_plain(report.overall)}
            for name, report in (("before", self.before), ("after", self.after))
        }
        return {
            "questions": self.after.overall.n,
            "counts": counts,
            "answers": to_plain(self.answers),
            "comparison": to_plain(self.comparison),
            **sides,
        }


def effects(
    cases: Sequence[Case],
    live: Side,
    previewed: Side,
    *,
    baseline: EvalReport | None = None,
    progress: Progress | None = None,
) -> Effects:
    """The questions asked of both sides, the live one first; `baseline`, a report of the live one, spares asking it.

    A source of a case must be in one of the two knowledge bases. Raises
    `TestsetError` where it is in neither, `InputError` where the baseline has none of the questions.
    """
    if baseline is not None and not {row.id for row in baseline.rows} & {case.id for case in cases}:
        raise InputError(
            "the baseline has none of these questions; give a report of the same test set, "
            "made by `ragbot eval TESTSET --json FILE`"
        )
    before = baseline or _evaluated(live, cases, previewed.kb.documents(), "before", progress)
    after = _evaluated(previewed, cases, live.kb.documents(), "after", progress)
    comparison = compare(before, after)
    return Effects(
        answers=answer_changes(before, after, comparison), comparison=comparison, before=before, after=after
    )


def answer_changes(before: EvalReport, after: EvalReport, comparison: Comparison) -> tuple[AnswerChange, ...]:
    """The questions whose answer differs, or is right on one side only, with what both sides answer."""
    old, new = ({row.id: row for row in report.rows} for report in (before, after))
    named: dict[str, Effect] = dict.fromkeys(comparison.broken, "broken")
    named |= dict.fromkeys(comparison.healed, "healed")
    named |= dict.fromkeys((each for each in comparison.changed if each not in named), "changed")
    return tuple(
        AnswerChange(
            id=name,
            question=new[name].question,
            effect=effect,
            before=_told(old[name]),
            after=_told(new[name]),
        )
        for name, effect in named.items()
    )


def check_broken(found: Effects, most: int) -> None:
    """Raises `GateFailed` where more than `most` answers break."""
    broken = found.comparison.broken
    if len(broken) > most:
        raise GateFailed(f"{len(broken)} answers break, at most {most} may: {', '.join(broken[:20])}")


def _evaluated(
    side: Side, cases: Sequence[Case], others: Sequence[Document], name: str, progress: Progress | None
) -> EvalReport:
    def told(_: str, done: int, of: int) -> None:
        if progress is not None:
            progress(f"asking, {name}", done, of)

    return evaluate(
        side.bot,
        _Joined(side.kb, cases, others),
        cases,
        verifier=side.verifier,
        hashes=side.hashes,
        progress=told,
    )


class _Joined:
    """A knowledge base that also names those documents of the other one that cases ask for and it does not have: a
    source that only one side has is no mistake of the test set here."""

    def __init__(self, kb: Knowledge, cases: Sequence[Case], others: Sequence[Document]) -> None:
        self._kb = kb
        self._documents = list(kb.documents())
        own = [document.source for document in self._documents]
        missing = {
            source
            for case in cases
            for source in case.sources
            if not any(_fits(source, each) for each in own)
        }
        self._documents += [each for each in others if any(_fits(source, each.source) for source in missing)]

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
        return self._kb.search(question, k=k, history=history)

    def documents(self) -> Sequence[Document]:
        return self._documents


def _fits(source: str, indexed: str) -> bool:
    """Whether a test set's source may mean an indexed one: see `testset.resolve_sources`."""
    return indexed == source or indexed.endswith(f"/{source}")


def _told(row: Row) -> Told:
    return Told(
        status=row.status,
        text=row.answer,
        places=tuple(dict.fromkeys(_place(each) for each in row.citations)),
        problems=row.problems,
    )


def _place(citation: Citation) -> str:
    parts = [citation.source, citation.heading]
    if citation.page is not None:
        parts.append(f"page {citation.page}")
    return ", ".join(part for part in parts if part)
