"""What a verifier makes of grounding items, and how well that tells supported claims from the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from grounding_sets import Item
from ragbot.answer.check.vetoed import load_verifier
from ragbot.models.embed import load_embedder
from ragbot.protocols import Embedder, Verifier
from ragbot.settings import load_settings
from ragbot.text.words import content_terms, terms

RESAMPLES = 500
Device = Literal["auto", "cpu", "cuda"]
Labelled = Sequence[tuple[Item, bool]]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the verifier said of one item."""

    support: float
    """The least support among its sentences, 0..1; 0 where it found nothing to check."""
    supported: bool
    """Whether every sentence has the verdict `supported`."""


@dataclass(frozen=True, slots=True)
class Score:
    """An area under the ROC curve with its 95 % interval; None where one of the two classes is empty."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def shown(self) -> str:
        """`.812 [.780, .841]`"""
        if self.value is None:
            return "-"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def open_embedder(device: Device) -> Embedder:
    """The embedder that the settings name."""
    settings = load_settings()
    return load_embedder(settings.embedder.model_copy(update={"device": device}), settings.models)


def open_verifier(model: str, device: Device) -> Verifier:
    """The built-in check where `model` is empty, else a model of inference under the veto of figures."""
    settings = load_settings()
    chosen = settings.model_copy(
        update={
            "answer": settings.answer.model_copy(update={"verifier": model}),
            "embedder": settings.embedder.model_copy(update={"device": device}),
        }
    )
    return load_verifier(chosen)


def judge(verifier: Verifier, claim: str, passages: Sequence[str]) -> Judged:
    """One claim, which may be several sentences, against its passages."""
    found = verifier.verify(claim, passages)
    if not found:
        return Judged(support=0.0, supported=False)
    return Judged(
        support=min(each.support for each in found),
        supported=all(each.verdict == "supported" for each in found),
    )


def lexical_precision(item: Item) -> float:
    """Share of the claim's content terms that the passage has."""
    wanted = content_terms(item.claim)
    given = set(terms(item.passage))
    return sum(term in given for term in wanted) / len(wanted) if wanted else 0.0


def cosines(embedder: Embedder, items: Sequence[Item]) -> NDArray[np.float32]:
    """Closeness of each claim to what the embedder reads of its passage; shape (len(items),)."""
    claims = embedder.embed([each.claim for each in items])
    passages = embedder.embed([each.passage for each in items])
    return (claims * passages).sum(axis=1)  # type: ignore[no-any-return]


def auroc(labels: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Probability that a supported claim scores above another (ties count half)."""
    return float(roc_auc_score(labels, scores)) if len(set(labels)) == 2 else None


def with_interval(labelled: Labelled, scores: Sequence[float], *, seed: int = 0) -> Score:
    """AUROC with a percentile bootstrap over sources: the items of one source are not independent of each other."""
    labels = np.array([label for _, label in labelled])
    values = np.array(scores)
    value = auroc(labels.tolist(), scores)
    names = sorted({item.source for item, _ in labelled})
    rows = {name: [at for at, (item, _) in enumerate(labelled) if item.source == name] for name in names}
    rng = np.random.default_rng(seed)
    drawn: list[float] = []
    for _ in range(RESAMPLES if value is not None and len(names) > 1 else 0):
        chosen = np.concatenate([rows[names[at]] for at in rng.integers(len(names), size=len(names))]).astype(
            int
        )
        if (again := auroc(labels[chosen].tolist(), values[chosen].tolist())) is not None:
            drawn.append(again)
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist() if drawn else (None, None)
    return Score(value=value, low=low, high=high, n=len(labelled))


def best_of(runs: Sequence[Callable[[], float]]) -> float:
    """The highest rate of some runs: the machine is noisy, and never too fast."""
    return max(run() for run in runs)
