"""How far a message leans on its conversation: "and in Europe?" does, "how long is the warranty of the hub?" does not.

Logistic regression on the vector of the message, learnt from the examples in `follow_ups.toml` with the embedder in
use. Home of scikit-learn.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ragbot.protocols import Embedder

SURE: Final = 0.1
"""Probability below which a message is taken to stand alone, and from one less this on to be a follow-up."""
_STRENGTH: Final = 10.0
"""Inverse of the regularisation; with it the probabilities spread (`scripts/LOG.md`)."""


class Leaning:
    """Learnt for one embedder. Threads may share it."""

    def __init__(self, embedder: Embedder) -> None:
        from sklearn.linear_model import LogisticRegression

        leans, stands = _examples()
        vectors = embedder.embed([*leans, *stands], kind="query")
        labels = np.repeat([1, 0], [len(leans), len(stands)])
        self._model: Any = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=1000)
        self._model.fit(vectors, labels)

    def __call__(self, vector: NDArray[np.float32]) -> float:
        """Probability that a message leans on what was said before it; `vector`: of the message alone, shape
        (dimension,). 0 or 1 where that is sure."""
        found = float(self._model.predict_proba(vector[None])[0, 1])
        return 0.0 if found < SURE else 1.0 if found > 1 - SURE else found


@lru_cache(maxsize=1)
def _examples() -> tuple[list[str], list[str]]:
    loaded = tomllib.loads(files("ragbot.index").joinpath("follow_ups.toml").read_text(encoding="utf-8"))
    return loaded["leans"], loaded["stands"]
