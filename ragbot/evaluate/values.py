"""What an evaluation is made of: a row for each question, figures over rows, and the comparison of two reports.

Frozen values without behaviour; every figure lies in 0..1, none is NaN, and one over no questions is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ragbot.types import Citation, Claim, Status, Turn

FORMAT = 2
"""Of the JSON report; a report of another format cannot be a baseline."""

Direction = Literal["better", "worse", "equal", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one question gave. Nothing in it differs between two runs on the same inputs."""

    id: str
    cluster: str
    """The conversation that the question belongs to: questions of one cluster are not independent of each other."""
    language: str
    tags: tuple[str, ...]
    question: str
    expected: Status | None
    status: Status
    reason: str
    answer: str
    confidence: float
    """Estimated probability that the passages answer the question, 0..1."""
    retrieved: tuple[str, ...]
    """Sources of the passages found, best first; empty where retrieval was not measured."""
    claims: tuple[Claim, ...]
    """Their citations are numbers of `citations`."""
    citations: tuple[Citation, ...]
    measures: Mapping[str, float]
    """Measure -> 0..1; a measure that does not apply to this question is absent."""
    problems: tuple[str, ...] = ()
    """What went wrong, for people: `abstained, not answered`; empty where nothing did."""
    history: tuple[Turn, ...] = ()
    """What was said before the question."""
    reference: str = ""
    """A right answer in the words of the test set; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds a question took: apart from its row, because they differ between runs."""

    id: str
    answer_ms: float
    search_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The mean of one measure over the `n` questions that it applies to."""

    value: float | None
    n: int
    low: float | None = None
    """95 % interval over clusters (`resample.interval`); None where the questions come from fewer than two."""
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of some rows."""

    n: int
    figures: Mapping[str, Figure]
    """Measure -> figure, every measure there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """One point of the risk-coverage curve: the bot answers where the confidence is at least `threshold`."""

    threshold: float
    coverage: float
    """Share of the questions that are answered."""
    risk: float
    """Share of the answers given that are wrong or ungrounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of the reliability diagram."""

    low: float
    high: float
    n: int
    confidence: float
    """Mean confidence of the answers in it."""
    right: float
    """Share of them that are right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """How well confidence tells right answers from wrong ones."""

    risk_coverage: tuple[RiskPoint, ...] = ()
    """Thresholds from high to low."""
    reliability: tuple[Bin, ...] = ()
    aurc: float | None = None
    """Area under the risk-coverage curve; lower is better."""
    calibration_error: float | None = None
    """Expected calibration error over `reliability`."""
    answerable_auroc: float | None = None
    """How well confidence tells questions that the documents answer from those that they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """All that an evaluation found."""

    hashes: Mapping[str, str]
    """`testset`, `knowledge`, `settings`, `models`, `code` -> SHA-256 in hex."""
    overall: Group
    by_language: Mapping[str, Group]
    by_tag: Mapping[str, Group]
    confusion: Mapping[str, Mapping[str, int]]
    """Expected status -> given status -> how many."""
    curves: Curves
    rows: tuple[Row, ...]
    timings: tuple[Timing, ...] = field(default=(), compare=False)
    """Not part of the JSON report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measure in two reports, over the questions that both have.

    Where it applies to a question depends on the answer for some measures, so `before` and `after` may be means over
    different questions: answers that are given now and were not before count.
    """

    name: str
    n: int
    """Questions that it applies to in either report."""
    before: float
    after: float
    low: float
    """95 % interval of `after - before`, from a paired bootstrap over clusters."""
    high: float
    lower: float = -1.0
    """One-sided 95 % bounds of the same: `after - before` is hardly below `lower`, or hardly above `upper`."""
    upper: float = 1.0
    p: float
    """Two-sided: McNemar's exact test where every value is 0 or 1 and no two questions share a cluster, else a paired
    sign-flip permutation test over clusters."""
    p_holm: float
    """The same, corrected by Holm for all measures of the comparison."""
    smallest: float
    """The smallest difference that this test set would show with a power of 0.8 at a level of 0.05."""
    direction: Direction
    """`unclear` where the difference is not significant after correction, `equal` where no question differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An earlier report (the baseline) beside a later one."""

    changes: tuple[Change, ...]
    changed: tuple[str, ...]
    """Ids of questions whose status or answer differs."""
    broken: tuple[str, ...]
    """... that were right and are not now."""
    healed: tuple[str, ...]
    """... that were not right and are now."""
    only_before: tuple[str, ...]
    """Ids of questions that only the baseline has; they are not compared. One whose wording, history or expected
    status is another stands here and in `only_after`."""
    only_after: tuple[str, ...]
    differing_hashes: tuple[str, ...]
    """What else changed between them: `settings`, `knowledge` and the like."""
