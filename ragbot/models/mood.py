"""A transformers sequence classifier as `MoodReader`: negative, neutral, positive, or stars from 1 to 5.

It knows nothing of urgency, which it is given a function for, nor what becomes of a mood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragbot.errors import ModelError
from ragbot.models.classifier import BATCH, load_classifier
from ragbot.models.hub import locate
from ragbot.models.prepare import find_kind
from ragbot.types import Mood

if TYPE_CHECKING:
    from ragbot.settings import ModelsSettings

_LONGEST = 4000
"""Characters of a message that the tokenizer is given; models read fewer."""
_NAMES: Mapping[str, float] = {
    "very negative": -1.0,
    "negative": -1.0,
    "neg": -1.0,
    "neutral": 0.0,
    "neu": 0.0,
    "mixed": 0.0,
    "positive": 1.0,
    "pos": 1.0,
    "very positive": 1.0,
}
_HALF: Mapping[str, float] = {"negative": -0.5, "positive": 0.5}
"""Of a model that also knows `very negative` and `very positive`."""
_SCALES: Mapping[int, tuple[float, ...]] = {
    2: (-1.0, 1.0),
    3: (-1.0, 0.0, 1.0),
    5: (-1.0, -0.5, 0.0, 0.5, 1.0),
}
"""What LABEL_0, LABEL_1 ... mean by convention, by their number: from bad to good."""


class ClassifierMoodReader:
    """Sentiment is the expected value over the model's labels. Safe to use from several threads, which take turns."""

    def __init__(
        self,
        model: str,
        models: ModelsSettings,
        *,
        urgency: Callable[[str], float],
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        """`model`: the name of a pulled model, or a folder; `urgency`: of a text, 0 to 1.

        Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if its labels are no moods.
        """
        _check_kind(model, locate(model, models))
        self._classifier = load_classifier(model, models, device=device)
        self._values = label_values(model, self._classifier.labels)
        self._urgency = urgency

    def read(self, texts: Sequence[str]) -> list[Mood]:
        """One `Mood` for each text, in order; of a text longer than the model's window the end is not read."""
        import torch

        classifier = self._classifier
        sentiments: list[float] = []
        with classifier.lock, torch.inference_mode():
            values = torch.tensor(self._values, device=classifier.model.device)
            for start in range(0, len(texts), BATCH):
                encoded = classifier.tokenizer(
                    [_tokenizable(text) for text in texts[start : start + BATCH]],
                    truncation=True,
                    max_length=classifier.window,
                    padding=True,
                    return_tensors="pt",
                ).to(classifier.model.device)
                probabilities = classifier.model(**encoded).logits.float().softmax(-1)
                sentiments += (probabilities @ values).clamp(-1, 1).tolist()
        return [
            Mood(sentiment=round(sentiment, 3), urgency=self._urgency(text))
            for sentiment, text in zip(sentiments, texts, strict=True)
        ]


def _check_kind(model: str, folder: Path) -> None:
    """The library would put an untrained head on an embedder, whose moods are noise."""
    try:
        kind = find_kind(folder)
    except ModelError as error:
        raise ModelError(f"{model} is no sequence classifier that can be loaded ({error})") from error
    if kind != "classifier":
        raise ModelError(
            f"{model} is no sequence classifier but of kind {kind}; set dialogue.mood to another"
        )


def label_values(model: str, labels: Mapping[int, str]) -> list[float]:
    """What each output says of the mood, -1 to 1, by its label: names, stars, or LABEL_n by convention.

    Raises `ModelError` naming the labels where they are no moods."""
    names = [" ".join(re.split(r"[\W_]+", str(labels[column]).lower())).strip() for column in sorted(labels)]
    values = _named(names) or _starred(names) or _numbered(names)
    if values is None:
        raise ModelError(
            f"the labels of {model} are {', '.join(map(str, labels.values()))}; a mood needs negative and positive,"
            " or stars from 1 to 5; set dialogue.mood to another model, or to '' for the built-in one"
        )
    return values


def _named(names: Sequence[str]) -> list[float] | None:
    scale = dict(_NAMES)
    if any(name.startswith("very") for name in names):
        scale |= _HALF
    if not all(name in scale for name in names):
        return None
    values = [scale[name] for name in names]
    return values if min(values) < 0 < max(values) and len(set(names)) == len(names) else None


def _starred(names: Sequence[str]) -> list[float] | None:
    """`1 star`, `2 stars`, ... `5 stars`, in any order."""
    stars = [int(name[0]) for name in names if re.fullmatch(r"[1-5] stars?", name)]
    if len(stars) != len(names) or sorted(stars) != [1, 2, 3, 4, 5]:
        return None
    return [(star - 3) / 2 for star in stars]


def _numbered(names: Sequence[str]) -> list[float] | None:
    scale = _SCALES.get(len(names))
    if scale is None or list(names) != [f"label {number}" for number in range(len(names))]:
        return None
    return list(scale)


def _tokenizable(text: str) -> str:
    """The beginning of it, lone surrogates replaced, which tokenizers cannot take."""
    return text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
