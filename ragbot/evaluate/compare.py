"""Two reports -> what changed between them, measure by measure and question by question.

Only questions that both have, with the same wording, history and expectation, are compared, each with itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragbot.errors import InputError
from ragbot.evaluate.measures import MEASURES, Measure
from ragbot.evaluate.values import Change, Comparison, Direction, EvalReport, Row

LEVEL = 0.05
"""Corrected p below which a change counts as one."""
RIGHT = "right_rate"
"""The measure that tells whether a question broke or healed."""


def compare(before: EvalReport, after: EvalReport) -> Comparison:
    """What changed from `before`, the baseline, to `after`. Raises `InputError` where they share no question."""
    old = {row.id: row for row in before.rows}
    pairs = [(old[row.id], row) for row in after.rows if row.id in old and _same(old[row.id], row)]
    if not pairs:
        raise InputError(
            "the baseline has none of these questions; give a report of the same test set, "
            "made by `ragbot eval TESTSET --json FILE`"
        )
    shared = {row.id for _, row in pairs}
    return Comparison(
        changes=_changes(pairs),
        changed=tuple(new.id for was, new in pairs if (was.status, was.answer) != (new.status, new.answer)),
        broken=tuple(new.id for was, new in pairs if _right(was) == 1 and _right(new) == 0),
        healed=tuple(new.id for was, new in pairs if _right(was) == 0 and _right(new) == 1),
        only_before=tuple(row.id for row in before.rows if row.id not in shared),
        only_after=tuple(row.id for row in after.rows if row.id not in shared),
        differing_hashes=tuple(
            sorted(
                name
                for name in {*before.hashes, *after.hashes}
                if before.hashes.get(name) != after.hashes.get(name)
            )
        ),
    )


def _same(one: Row, other: Row) -> bool:
    return (one.history, one.question, one.expected) == (other.history, other.question, other.expected)


def _right(row: Row) -> float | None:
    return row.measures.get(RIGHT)


def _changes(pairs: Sequence[tuple[Row, Row]]) -> tuple[Change, ...]:
    from ragbot.evaluate import resample

    measured: list[tuple[Measure, int, float, float, resample.Difference]] = []
    for name, measure in MEASURES.items():
        olds = [(new.cluster, was.measures[name]) for was, new in pairs if name in was.measures]
        news = [(new.cluster, new.measures[name]) for _, new in pairs if name in new.measures]
        if not olds or not news:
            continue
        clusters = list(dict.fromkeys(cluster for cluster, _ in (*olds, *news)))
        tallies = resample.tally(olds, clusters), resample.tally(news, clusters)
        n = sum(name in was.measures or name in new.measures for was, new in pairs)
        measured.append((measure, n, tallies[0].mean, tallies[1].mean, resample.compare(*tallies)))
    corrected = resample.holm([found.p for *_, found in measured])
    return tuple(
        Change(
            name=measure.name,
            n=n,
            before=was,
            after=now,
            low=found.low,
            high=found.high,
            lower=found.lower,
            upper=found.upper,
            p=found.p,
            p_holm=p_holm,
            smallest=found.smallest,
            direction=_direction(measure, pairs, found.difference, p_holm),
        )
        for (measure, n, was, now, found), p_holm in zip(measured, corrected, strict=True)
    )


def _direction(
    measure: Measure, pairs: Sequence[tuple[Row, Row]], difference: float, p_holm: float
) -> Direction:
    if all(was.measures.get(measure.name) == new.measures.get(measure.name) for was, new in pairs):
        return "equal"
    if p_holm >= LEVEL:
        return "unclear"
    return "better" if (difference > 0) == measure.higher_is_better else "worse"
