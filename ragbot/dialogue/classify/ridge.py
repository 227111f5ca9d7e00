"""Kernel ridge regression, one target for each intent, with all that cross-validation would tell, in closed form.

With G = (K + lambda I)^-1 and A = G Y, the scores of a message are k A. The scores that rows S would get if none of S
had been learnt from are Y_S - G_SS^-1 A_S (Rifkin & Lippert, "Notes on Regularized Least Squares", 2007, for one row;
the same algebra holds for a block). So leaving out each example, and each whole intent, costs no second training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PENALTY: Final = 0.05
"""lambda, where an example is 1.4 like itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was learnt, and what would have been foretold without a row or its intent."""

    weights: Floats
    """(rows, intents): a message's scores are its kernel row times this."""
    without_self: Floats
    """(rows, intents) scores of each row, learnt from all others."""
    without_intent: Floats
    """(rows, intents) scores of each row, learnt without all rows of its intent; 0 for that intent, and where it has
    none."""


def fit(kernel: Floats, labels: NDArray[np.int64], heights: Floats) -> Fitted:
    """Learn from a kernel (rows, rows), which is overwritten, and each row's intent (-1: none of them);
    `heights` (intents,) are the scores that an intent's rows should have.

    Raises `ArithmeticError` if the kernel is not positive semidefinite.
    """
    from scipy.linalg import blas, lapack

    rows = len(labels)
    targets = np.zeros((rows, len(heights)), np.float32)
    named = np.flatnonzero(labels >= 0)
    targets[named, labels[named]] = heights[labels[named]]
    kernel[np.diag_indices(rows)] += np.float32(PENALTY)
    factor, failed = lapack.spotrf(kernel.T, lower=1, overwrite_a=1)
    if failed:
        raise ArithmeticError(f"the kernel is not positive semidefinite (LAPACK potrf: {failed})")
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise ArithmeticError(f"the kernel cannot be inverted (LAPACK potri: {failed})")
    weights = np.ascontiguousarray(blas.ssymm(1.0, inverse, targets, lower=1))
    without_self = (targets - weights / np.diag(inverse)[:, None]).astype(np.float32)
    return Fitted(
        weights=weights,
        without_self=without_self,
        without_intent=_without_intent(inverse, weights, targets, labels),
    )


def _without_intent(inverse: Floats, weights: Floats, targets: Floats, labels: NDArray[np.int64]) -> Floats:
    scores = np.zeros_like(targets)
    for intent in range(targets.shape[1]):
        rows = np.flatnonzero(labels == intent)
        lower = np.tril(inverse[np.ix_(rows, rows)].astype(np.float64))
        block = lower + np.tril(lower, -1).T
        scores[rows] = targets[rows] - np.linalg.solve(block, weights[rows].astype(np.float64))
        scores[rows, intent] = 0
    return scores


def logistic(
    features: NDArray[np.float64],
    truth: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    prior: NDArray[np.float64],
    pull: float = 1.0,
) -> NDArray[np.float64]:
    """Coefficients of a weighted logistic regression, drawn to `prior` by a Gaussian of precision `pull`: where little
    is known, little changes. `features` (n, d) hold their own constant. Newton's method, at most 50 steps."""
    found = prior.copy()
    eye = pull * np.eye(len(prior))

    def loss(at: NDArray[np.float64]) -> float:
        z = features @ at
        return float(weights @ (np.logaddexp(0, z) - truth * z) + 0.5 * pull * ((at - prior) ** 2).sum())

    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(features @ found, -40, 40)))
        gradient = features.T @ (weights * (chance - truth)) + pull * (found - prior)
        curvature = (features * (weights * chance * (1 - chance))[:, None]).T @ features + eye
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while loss(found - size * step) > loss(found) and size > 1e-6:
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    return found


def least(function: Callable[[float], float], low: float, high: float, *, steps: int = 40) -> float:
    """Where a function with one valley between `low` and `high` is least: golden-section search."""
    ratio = (5**0.5 - 1) / 2
    for _ in range(steps):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if function(left) < function(right):
            high = right
        else:
            low = left
    return (low + high) / 2
