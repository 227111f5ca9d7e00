"""Whether a question went right, for colours and filters."""

from __future__ import annotations

from typing import Literal

from ragbot.evaluate.compare import RIGHT
from ragbot.evaluate.values import Row

Outcome = Literal["right", "wrong", "unjudged"]


def outcome(row: Row) -> Outcome:
    """By the measure that tells what broke or healed; `unjudged` where the test set expects no status."""
    right = row.measures.get(RIGHT)
    if right is None:
        return "unjudged"
    return "right" if right == 1 else "wrong"
