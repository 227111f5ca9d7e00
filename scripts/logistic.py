"""A logistic model whose weights keep to the directions that make sense, whatever a small set suggests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

_LIMITS: dict[int, tuple[float | None, float | None]] = {1: (0, None), -1: (None, 0), 0: (None, None)}


def logistic(
    rows: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64], signs: Sequence[int]
) -> NDArray[np.float64]:
    """Weights and, last, the bias; shape (features + 1,).

    Minimises the weighted log loss plus half the squared norm of the weights of features scaled to unit spread; the
    bias is free. `rows` has shape (n, features), `right` and `weight` (n,); the larger the sum of `weight`, the less
    the penalty counts. `signs`: for each feature 1 where it may only raise the score, -1 lower it, 0 either.
    """
    spread = rows.std(axis=0) + 1e-9
    design = np.hstack([rows / spread, np.ones((len(rows), 1))])
    target = np.where(right, 1.0, -1.0)

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = target * (design @ theta)
        slope = -weight * target * expit(-margin)
        penalty = np.append(theta[:-1], 0.0)
        value = float((weight * np.logaddexp(0, -margin)).sum() + penalty @ penalty / 2)
        return value, slope @ design + penalty

    limits = [*(_LIMITS[sign] for sign in signs), (None, None)]
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, bounds=limits, method="L-BFGS-B")
    return np.append(found.x[:-1] / spread, found.x[-1])
