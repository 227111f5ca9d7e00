"""The probability that a window carries a claim: a logistic model over `FEATURES`.

The weights stand in `support.json`, readable, learnt by `scripts/train_support.py`: `worded` judges by words, facts
and logic alone, `meant` knows the cosine too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from ragbot.answer.check.features import FEATURES

COSINE: Final = FEATURES.index("cosine")


@lru_cache(maxsize=1)
def _loaded() -> Mapping[str, Any]:
    text = files("ragbot.answer.check").joinpath("support.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def threshold() -> float:
    """Least support of a supported claim, as `support.json` gives it and says why."""
    return float(_loaded()["threshold"])


@lru_cache(maxsize=2)
def _weights(name: str) -> tuple[float, ...]:
    weights = _loaded()[name]
    return tuple(float(weights[feature]) for feature in FEATURES)


def probability(row: Sequence[float], *, cosine: float | None = None) -> float:
    """1 / (1 + exp(-(bias + weights . features))), 0..1; `cosine` between claim and window where it is known."""
    name = "worded" if cosine is None else "meant"
    score = float(_loaded()[name]["bias"]) + sum(w * x for w, x in zip(_weights(name), row, strict=True))
    if cosine is not None:
        score += _weights(name)[COSINE] * (cosine - row[COSINE])
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score))))
