"""Whether a message fits any intent, and how sure the likeliest one is: a logistic model on two figures.

It is learnt from what the regression foretells of each example without itself (fits), of each example without its
whole intent (fits none that is left: near misses), and of everyday sentences (`none.txt`: far misses). A company's
own examples of messages that fit none count most. It knows no texts but those sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from ragbot.dialogue.classify.ridge import least, logistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

_PRIOR: Final = (-4.2, 7.0, 2.5)
"""Constant, best score, nearest example: round figures that intents of several kinds have in common."""
_PRIOR_TOLD: Final = (-2.8, 7.0, 2.5)
"""The same where there are descriptions only."""
_PULL: Final = 2.0
_SHARPNESS: Final = 13.0
"""What scores are multiplied by before softmax, where no examples tell."""
_PULL_SHARPNESS: Final = 10.0
_OWN: Final = 25
"""A company's own examples of none outweigh all other misses together from so many on."""


@lru_cache(maxsize=1)
def everyday() -> tuple[str, ...]:
    """Sentences that fit hardly any company's intents, in English and Chinese."""
    lines = files("ragbot.dialogue.classify").joinpath("none.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def features(scores: Floats, nearest: Floats) -> Doubles:
    """(n, 3): a constant, the best score of each row, and its likeness to the nearest example of
    that intent, 1 where equal."""
    return np.column_stack((np.ones(len(scores)), scores.max(axis=1), nearest)).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What turns scores into probabilities."""

    coefficients: tuple[float, ...]
    """Of `features`; positive sums speak for an intent, were half of all messages without one."""
    sharpness: float
    none_share: float
    """Which share of messages is expected to fit none."""

    def fits(self, scores: Floats, nearest: Floats) -> Doubles:
        """(n,) probability that any intent fits."""
        odds = np.log(self.none_share / (1 - self.none_share))
        z = features(scores, nearest) @ np.array(self.coefficients) - odds
        return np.asarray(1 / (1 + np.exp(-np.clip(z, -40, 40))), np.float64)

    def shares(self, scores: Floats) -> Doubles:
        """(n, intents) probability of each intent if any fits; rows sum to 1."""
        return softmax(scores, self.sharpness)


def softmax(scores: Floats, sharpness: float) -> Doubles:
    """(n, intents), rows sum to 1."""
    powers = np.asarray(scores, np.float64) * sharpness
    powers = np.exp(powers - powers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)


def learn(
    *,
    fit: Doubles,
    near_misses: Doubles,
    far_misses: Doubles,
    own_misses: Doubles,
    scores: Floats,
    labels: NDArray[np.int64],
    none_share: float,
) -> Outside:
    """The first four are `features` of messages that fit an intent, and of three kinds that do not; `scores` (n,
    intents) and `labels` (n,) belong to `fit`. Any may be empty: then prior figures stand."""
    own = len(own_misses) / (len(own_misses) + _OWN)
    near = (1 - own) / 2 if len(near_misses) and len(far_misses) else 1 - own if len(near_misses) else 0.0
    kinds = ((near_misses, near), (far_misses, 1 - own - near), (own_misses, own))
    coefficients = np.array(_PRIOR if len(fit) else _PRIOR_TOLD)
    if len(fit):
        rows = np.vstack([fit, *(rows for rows, _ in kinds)])
        weights = [np.ones(len(fit))]
        weights += [np.full(len(rows), share * len(fit) / max(len(rows), 1)) for rows, share in kinds]
        truth = np.concatenate([np.ones(len(fit)), np.zeros(len(rows) - len(fit))])
        coefficients = logistic(rows, truth, np.concatenate(weights), prior=coefficients, pull=_PULL)
    return Outside(
        coefficients=tuple(float(each) for each in coefficients),
        sharpness=_sharpness(scores, labels),
        none_share=none_share,
    )


def _sharpness(scores: Floats, labels: NDArray[np.int64]) -> float:
    """The softmax's factor under which the labels are likeliest (temperature scaling: Guo et al., "On Calibration of
    Modern Neural Networks", 2017), drawn to the usual one."""
    rows = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        drawn = _PULL_SHARPNESS * (logarithm - np.log(_SHARPNESS)) ** 2
        if not len(labels):
            return float(drawn)
        chance = softmax(scores, float(np.exp(logarithm)))[rows, labels]
        return float(drawn - np.log(np.maximum(chance, 1e-9)).sum())

    return float(np.exp(least(loss, 0.0, 5.0)))
