"""A test set and a bot that answers whatever it finds -> from which confidence on it should answer.

Every question is asked once; the thresholds are then tried on what came. Knows nothing of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ragbot.evaluate import conformal, reading
from ragbot.evaluate.conformal import Kind, Outcome, Point
from ragbot.evaluate.judge import cluster
from ragbot.evaluate.testset import Case
from ragbot.types import Answer, Turn


class Asks(Protocol):
    """The part of `Bot` that is calibrated: one whose threshold is 0."""

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What the questions showed."""

    kind: Kind
    risk: float
    confidence: float
    curve: tuple[Point, ...]
    """A point for each threshold, from the strictest on."""
    chosen: Point | None
    """The lowest threshold that holds the risk and answers something; None where there is none."""
    provable: tuple[float, Point] | None
    """The smallest whole percentage that a threshold holds; an orientation for stating another risk."""
    current: Point
    """What happens at the threshold in force."""
    unjudged: int
    """Questions left out, for nothing in the test set tells a right answer from a wrong one."""
    together: int
    """Questions left out, for another one of the same conversation was drawn."""


def calibrate(
    bot: Asks,
    cases: Sequence[Case],
    *,
    kind: Kind,
    risk: float,
    confidence: float,
    current: float,
    progress: Callable[[str, int, int], None] | None = None,
) -> Calibrated:
    """Ask one question of each conversation and choose the threshold. `bot` gives every answer it has, with its
    confidence; `current` is the threshold in force."""
    judged = [case for case in cases if can_judge(case)]
    drawn = one_of_each(judged)
    outcomes: list[Outcome] = []
    for done, case in enumerate(drawn):
        if progress is not None:
            progress("asking", done, len(drawn))
        outcomes.append(outcome(case, bot.ask(case.question, history=case.history)))
    if progress is not None:
        progress("asking", len(drawn), len(drawn))
    points = tuple(conformal.curve(outcomes))
    chosen = conformal.choose(points, kind=kind, risk=risk, confidence=confidence)
    return Calibrated(
        kind=kind,
        risk=risk,
        confidence=confidence,
        curve=points,
        chosen=chosen if chosen is not None and chosen.answered else None,
        provable=conformal.provable(points, kind=kind, confidence=confidence),
        current=conformal.at(outcomes, current),
        unjudged=len(cases) - len(judged),
        together=len(judged) - len(drawn),
    )


def can_judge(case: Case) -> bool:
    """Whether the case tells a right answer from a wrong one: by what it must say, or may not, where it must come from,
    or that nothing is due. A `reference` alone does not: good answers are worded in many ways."""
    due = case.expect in (None, "answered")
    return not due or bool(case.must_contain or case.must_not_contain or case.sources)


def one_of_each(cases: Sequence[Case]) -> list[Case]:
    """One case of each conversation, in their order: the questions of one are wrong together, and the guarantees are
    for independent ones. Which case is drawn depends on the ids alone."""
    drawn: dict[str, Case] = {}
    for case in cases:
        conversation = cluster(case)
        held = drawn.get(conversation)
        if held is None or _lot(case) < _lot(held):
            drawn[conversation] = case
    kept = {case.id for case in drawn.values()}
    return [case for case in cases if case.id in kept]


def _lot(case: Case) -> str:
    return hashlib.sha256(case.id.encode("utf-8", "surrogatepass")).hexdigest()


def outcome(case: Case, answer: Answer) -> Outcome:
    """What the case gives where nothing holds the bot back."""
    if answer.status != "answered":
        return Outcome(confidence=None, wrong=False)
    return Outcome(confidence=answer.confidence, wrong=bool(mistakes(case, answer)))


def mistakes(case: Case, answer: Answer) -> list[str]:
    """What is wrong with an answer that was given, for people; empty where nothing is."""
    sample, found = reading.Sample(case=case, answer=answer), []
    if case.expect not in (None, "answered"):
        found.append(f"answered, not {case.expect}")
    if reading.facts_missing(sample):
        found.append("does not say what it must")
    found += [f"says {one!r}" for one in reading.forbidden(sample)]
    if not case.must_contain and reading.right_cited(sample) == 0:
        found.append("cites no right source")
    found += [f"{claim.verdict}: {claim.text}" for claim in answer.claims if claim.verdict != "supported"]
    return found
