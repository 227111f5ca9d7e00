"""Which of a company's intents a message has, how sure that is, or that it has none of them.

`IntentModel.train` takes each intent's name, description and examples; one kernel ridge regression (`ridge.py`) over
what messages share (`likeness.py`) scores the intents, and a calibrated model (`outside.py`) says how likely the best
one is. It knows nothing of what the bot does about an intent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from ragbot.dialogue.classify.array_file import read_arrays, write_arrays
from ragbot.dialogue.classify.compare import compared, of_best, seen_apart
from ragbot.dialogue.classify.labelled import (
    NONE,
    NONE_SHARE,
    VERSION,
    Gloss,
    Labelled,
    Row,
    check,
    check_share,
    rows_of,
    signature,
)
from ragbot.dialogue.classify.likeness import (
    SELF,
    Grams,
    Seen,
    Space,
    counts,
    near,
    product,
    readable,
)
from ragbot.dialogue.classify.outside import Outside, features, learn
from ragbot.dialogue.classify.ridge import fit
from ragbot.errors import ModelDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragbot.protocols import Embedder

    Floats = NDArray[np.float32]

__all__ = ["Confusion", "Guess", "IntentModel", "Labelled"]

_TOLD_HEIGHT: Final = 2.0
"""Target of an intent without examples, against 1 of others: its description alone is less like what is said."""
_TOLD_GRAMS: Final = 0.5
"""What the n-grams of its description count: descriptions are worded otherwise."""
_BLOCK: Final = 512
_RANKED: Final = 3
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What one message is about."""

    intent: str
    """Name of the intent; empty: none of them."""
    confidence: float
    """Probability that the named intent is right, or, of none, that none fits."""
    best: str
    """The likeliest intent, whether or not it is likely enough."""
    ranked: tuple[tuple[str, float], ...]
    """The likeliest intents with their probabilities, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Examples of one intent that, learnt from all others, would be taken for another."""

    intent: str
    taken_for: str
    """Empty: for none of the intents."""
    count: int
    texts: tuple[str, ...]
    """The first few of them."""


class IntentModel:
    """A trained classifier. Safe to use from several threads. Make it with `train`, `load` or `trained`."""

    def __init__(
        self,
        *,
        names: tuple[str, ...],
        space: Space,
        vectors: Floats,
        trust: Floats,
        grams: Grams,
        bounds: NDArray[np.int64],
        weights: Floats,
        gram_weights: Floats,
        outside: Outside,
        confused: tuple[Confusion, ...],
        signature: str,
        embedder: Embedder,
        gloss: Gloss | None,
    ) -> None:
        self.names = names
        self.signature = signature
        self._space = space
        self._examples = Seen.bare(vectors, trust)
        self._grams = grams
        self._bounds = bounds
        self._weights = weights
        self._gram_weights = gram_weights
        self._outside = outside
        self._confused = confused
        self._embedder = embedder
        self._gloss = gloss

    @classmethod
    def train(
        cls,
        intents: Sequence[Labelled],
        embedder: Embedder,
        *,
        gloss: Gloss | None = None,
        none: Sequence[str] = (),
        none_share: float = NONE_SHARE,
    ) -> Self:
        """Learn `intents`: the same arguments give the same model.

        `gloss` turns a text in a language that the embedder does not know into one that it does. `none` are examples
        of messages that fit no intent, if there are any; `none_share` is the share of such messages to expect: the
        higher, the sooner the answer is none. Raises `InputError` naming the intent that cannot be learnt.
        """
        check(intents, none_share)
        rows, space, seen = seen_apart(rows_of(intents, none), embedder, gloss)
        labels = np.array([row.label for row in rows], np.int64)
        examples = np.array([row.kind == "example" for row in rows])
        common = np.array([row.kind == "everyday" for row in rows])
        shown = np.isin(np.arange(len(intents)), labels[examples])
        seen = seen.softened([row.label != NONE and not shown[row.label] for row in rows], _TOLD_GRAMS)
        grams = Grams.of(seen, len(space.keys))
        bounds = np.searchsorted(labels[labels != NONE], np.arange(len(intents) + 1))
        kernel, likest = compared(seen, grams, bounds)
        fitted = fit(kernel, labels, np.where(shown, 1, _TOLD_HEIGHT).astype(np.float32))
        model = cls(
            names=tuple(intent.name for intent in intents),
            space=space,
            vectors=seen.vectors,
            trust=seen.trust,
            grams=grams,
            bounds=bounds,
            weights=fitted.weights,
            gram_weights=np.ascontiguousarray(grams.sparse().T @ fitted.weights),
            outside=Outside(coefficients=(), sharpness=1.0, none_share=none_share),
            confused=(),
            signature=signature(intents, embedder, gloss=gloss, none=none, none_share=none_share),
            embedder=embedder,
            gloss=gloss,
        )
        held = examples & (labels != NONE)
        own = examples & (labels == NONE)
        without = features(fitted.without_self, of_best(fitted.without_self, likest))
        model._outside = learn(
            fit=without[held],
            near_misses=features(fitted.without_intent, of_best(fitted.without_intent, likest))[held],
            far_misses=without[common],
            own_misses=without[own],
            scores=fitted.without_self[held],
            labels=labels[held],
            none_share=none_share,
        )
        model._confused = model._confusions(rows, fitted.without_self, of_best(fitted.without_self, likest))
        return model

    def _scores(self, texts: Sequence[str], vectors: Floats | None) -> tuple[Floats, Floats]:
        """(n, intents) scores, and (n,) likeness to the nearest example of the likeliest intent."""
        read = [readable(text, self._embedder.languages, self._gloss) for text in texts]
        if vectors is None:
            vectors = self._embedder.embed([text for text, _ in read], kind="query")
        seen = self._space.see(vectors, [trust for _, trust in read], [counts(text) for text in texts])
        kernel = near(seen, self._examples)
        scores = product(kernel, self._weights)
        nearest = np.zeros(len(texts), np.float32)
        for row, gram in enumerate(seen.grams):
            scores[row] += gram[1] @ self._gram_weights[gram[0]]
            best = int(scores[row].argmax())
            first, last = self._bounds[best], self._bounds[best + 1]
            nearest[row] = (kernel[row, first:last] + self._grams.shared(gram, first, last)).max()
        return scores, nearest / np.float32(SELF)

    def classify(self, text: str, vector: Floats | None = None) -> Guess:
        """The intent of one message. `vector` (dimension,): its embedding (kind "query", of the gloss where there is
        one), if the caller has it."""
        return self.classify_many(
            [text], None if vector is None else np.asarray(vector, np.float32)[None, :]
        )[0]

    def classify_many(self, texts: Sequence[str], vectors: Floats | None = None) -> list[Guess]:
        """One guess for each message, in order; `vectors` (n, dimension) as in `classify`."""
        guesses: list[Guess] = []
        for start in range(0, len(texts), _BLOCK):
            some = None if vectors is None else vectors[start : start + _BLOCK]
            scores, nearest = self._scores(texts[start : start + _BLOCK], some)
            chances = self._outside.shares(scores)
            fits = self._outside.fits(scores, nearest)
            guesses += [self._guess(*pair) for pair in zip(chances, fits, strict=True)]
        return guesses

    def _guess(self, chances: NDArray[np.float64], fits: float) -> Guess:
        order = np.argsort(-chances, kind="stable")[:_RANKED]
        ranked = tuple((self.names[at], float(chances[at] * fits)) for at in order)
        if fits < 0.5:
            return Guess(intent="", confidence=float(1 - fits), best=ranked[0][0], ranked=ranked)
        return Guess(intent=ranked[0][0], confidence=ranked[0][1], best=ranked[0][0], ranked=ranked)

    def _confusions(self, rows: Sequence[Row], scores: Floats, nearest: Floats) -> tuple[Confusion, ...]:
        fits = self._outside.fits(scores, nearest)
        found: dict[tuple[int, int], list[str]] = defaultdict(list)
        for row, best, fitting in zip(rows, scores.argmax(axis=1), fits, strict=True):
            taken = int(best) if fitting >= 0.5 else NONE
            if row.kind == "example" and taken != row.label:
                found[row.label, taken].append(row.text)
        names = (*self.names, "")
        return tuple(
            Confusion(
                intent=names[intent], taken_for=names[taken], count=len(texts), texts=tuple(texts[:_SHOWN])
            )
            for (intent, taken), texts in sorted(found.items(), key=lambda each: (-len(each[1]), each[0]))
        )

    def expecting(self, none_share: float) -> Self:
        """The same model where another share of messages fits no intent: the higher, the sooner it says none."""
        check_share(none_share)
        other = copy(self)
        other._outside = replace(self._outside, none_share=none_share)
        return other

    def confusions(self) -> tuple[Confusion, ...]:
        """What leave-one-out cross-validation takes for something else, the most frequent pairs first."""
        return self._confused

    def save(self, path: Path) -> None:
        """Write the model to one file, durably and at once: readers see the old or the new. Raises `OSError`."""
        header = {
            "version": VERSION,
            "signature": self.signature,
            "embedder": self._embedder.name,
            "names": self.names,
            "rare": self._space.rare,
            "outside": asdict(self._outside),
            "confused": [asdict(each) for each in self._confused],
        }
        arrays: dict[str, NDArray[Any]] = {
            "mean": self._space.mean,
            "keys": self._space.keys,
            "idf": self._space.idf,
            "vectors": self._examples.vectors,
            "trust": self._examples.trust,
            "weights": self._weights,
            "gram_weights": self._gram_weights,
            "bounds": self._bounds,
            "starts": self._grams.starts,
            "columns": self._grams.columns,
            "values": self._grams.values,
        }
        write_arrays(path, header, arrays)

    @classmethod
    def load(cls, path: Path, embedder: Embedder, *, gloss: Gloss | None = None) -> Self:
        """Read what `save` wrote. Raises `FileNotFoundError`, or `ModelDamaged` if it is damaged, of another version or
        for another embedder: train again."""
        header, arrays = read_arrays(path)
        made = (header.get("version"), header.get("embedder"))
        if made != (VERSION, embedder.name):
            raise ModelDamaged(
                f"{path} is version {made[0]} for the embedder {made[1]}, not {VERSION} for {embedder.name}; "
                "train it again"
            )
        try:
            return cls(
                names=tuple(header["names"]),
                space=Space(arrays["mean"], arrays["keys"], arrays["idf"], header["rare"]),
                vectors=arrays["vectors"],
                trust=arrays["trust"],
                grams=Grams(arrays["starts"], arrays["columns"], arrays["values"], len(arrays["keys"])),
                bounds=arrays["bounds"],
                weights=arrays["weights"],
                gram_weights=arrays["gram_weights"],
                outside=Outside(**header["outside"]),
                confused=tuple(
                    Confusion(**each | {"texts": tuple(each["texts"])}) for each in header["confused"]
                ),
                signature=header["signature"],
                embedder=embedder,
                gloss=gloss,
            )
        except (KeyError, TypeError) as error:
            raise ModelDamaged(f"{path} lacks a part of a model ({error}); train it again") from error
