"""How far a message leans on its conversation: "and in Europe?" does, "how long is the warranty of the hub?" does not.

Logistic regression on the vector of the message, learnt from the examples in `follow_ups.toml` with the embedder in use.
Home of scikit-learn.
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

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability that each message leans on what was said before it; `vectors`: of the messages alone, shape
        (messages, dimension). 0 and 1 where that is sure."""
        found: NDArray[np.float64] = self._model.predict_proba(vectors)[:, 1]
        return np.where(found < SURE, 0.0, np.where(found > 1 - SURE, 1.0, found))


@lru_cache(maxsize=1)
def _examples() -> tuple[list[str], list[str]]:
    loaded = tomllib.loads(files("ragbot.index").joinpath("follow_ups.toml").read_text(encoding="utf-8"))
    return loaded["leans"], loaded["stands"]
