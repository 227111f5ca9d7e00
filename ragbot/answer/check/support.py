"""The probability that a window carries a claim: a logistic model over `FEATURES`.

The weights stand in `support.json`, readable, learnt by `scripts/train_support.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ragbot.answer.check.features import FEATURES


@lru_cache(maxsize=1)
def _loaded() -> Mapping[str, Any]:
    text = files("ragbot.answer.check").joinpath("support.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def threshold() -> float:
    """Least support of a supported claim: where 98 % of the generated pairs that come out supported are true, on the
    learnt half, but at least 0.6."""
    return float(_loaded()["threshold"])


@lru_cache(maxsize=1)
def _weights() -> tuple[float, tuple[float, ...]]:
    weights = _loaded()["weights"]
    return float(weights["bias"]), tuple(float(weights[feature]) for feature in FEATURES)


def probability(row: Sequence[float]) -> float:
    """1 / (1 + exp(-(bias + weights . features))), 0..1."""
    bias, weights = _weights()
    score = bias + sum(weight * value for weight, value in zip(weights, row, strict=True))
    return 1.0 / (1.0 + math.exp(-score))
