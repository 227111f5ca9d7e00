"""Whether a question went right, for colours and filters."""

from __future__ import annotations

from typing import Literal

from ragbot.evaluate.values import Row

Outcome = Literal["right", "wrong", "unjudged"]

_MUST_BE_1 = ("status_accuracy", "right_fact_rate", "answer_precision")
_MUST_BE_0 = ("false_answer_rate", "forbidden_rate")


def outcome(row: Row) -> Outcome:
    """`unjudged` where the test set expects nothing of the status or the words."""
    good = [row.measures[name] == 1 for name in _MUST_BE_1 if name in row.measures]
    good += [row.measures[name] == 0 for name in _MUST_BE_0 if name in row.measures]
    if not good:
        return "unjudged"
    return "right" if all(good) else "wrong"
