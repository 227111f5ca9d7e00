"""A natural-language-inference model as `Verifier`: does a passage entail, contradict or leave open a sentence.

It does not know about numbers, dates or names beyond what the model does, nor what becomes of a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from ragbot.errors import ModelError
from ragbot.models.classifier import BATCH, load_classifier
from ragbot.types import Claim, Evidence, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragbot.settings import ModelsSettings

_ENTAILMENT, _CONTRADICTION = "entailment", "contradiction"


class NliVerifier:
    """A three-way sequence classifier. Safe to use from several threads, which take turns."""

    def __init__(
        self,
        model: str,
        models: ModelsSettings,
        *,
        sentences: Callable[[str], Sequence[str]],
        threshold: float = 0.5,
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        """`model`: the name of a pulled model, or a folder; `sentences`: splits an answer into claims;
        `threshold`: least probability of entailment, or of contradiction, for such a verdict: the more
        probable of two equals certainly wins above one half.

        Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if its labels are not those of inference.
        """
        self._classifier = load_classifier(model, models, device=device)
        self._columns = _columns(model, self._classifier.labels)
        self._sentences = sentences
        self._threshold = threshold

    def verify(self, text: str, passages: Sequence[str]) -> list[Claim]:
        """One `Claim` for each sentence of `text`, in order; its citations are 1-based passages.

        A sentence is supported by each passage that entails it, and contradicted if none does and one
        contradicts it. Of a passage longer than the model's window the end is not read.
        """
        claims = [each for each in self._sentences(text) if each.strip()]
        if not claims:
            return []
        if not passages:
            return [_unsupported(claim, 0.0) for claim in claims]
        pairs = [(passage, claim) for claim in claims for passage in passages]
        entails, contradicts = (
            self.probabilities(pairs).reshape(len(claims), len(passages), 2).transpose(2, 0, 1)
        )
        return [
            self._claim(claim, passages, entails[row], contradicts[row]) for row, claim in enumerate(claims)
        ]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Probability of entailment and of contradiction for each (passage, sentence); shape (len(pairs), 2)."""
        import numpy as np
        import torch

        classifier = self._classifier
        rows = []
        with classifier.lock, torch.inference_mode():
            for start in range(0, len(pairs), BATCH):
                passages, sentences = zip(*pairs[start : start + BATCH], strict=True)
                encoded = classifier.tokenizer(
                    list(passages),
                    list(sentences),
                    truncation="only_first",
                    max_length=classifier.window,
                    padding=True,
                    return_tensors="pt",
                ).to(classifier.model.device)
                rows.append(
                    classifier.model(**encoded).logits.softmax(-1)[:, self._columns].float().cpu().numpy()
                )
        return np.concatenate(rows) if rows else np.empty((0, 2), dtype=np.float32)

    def _claim(
        self,
        claim: str,
        passages: Sequence[str],
        entails: NDArray[np.float32],
        contradicts: NDArray[np.float32],
    ) -> Claim:
        best, worst = int(entails.argmax()), int(contradicts.argmax())
        support = float(entails[best])
        if support >= self._threshold:
            cited = tuple(row + 1 for row, each in enumerate(entails) if each >= self._threshold)
            evidence = Evidence(passage=best + 1, start=0, end=len(passages[best]))
            verdict: Verdict = "supported"
            return Claim(text=claim, verdict=verdict, support=support, citations=cited, evidence=evidence)
        if contradicts[worst] >= self._threshold:
            reason = f"passage {worst + 1} contradicts it"
            return Claim(text=claim, verdict="contradicted", support=support, reason=reason)
        return _unsupported(claim, support)


def _unsupported(claim: str, support: float) -> Claim:
    return Claim(text=claim, verdict="unsupported", support=support, reason="no passage entails it")


def _columns(model: str, labels: Mapping[int, str]) -> list[int]:
    """Which outputs are entailment and contradiction."""
    by_name = {str(label).lower(): int(column) for column, label in labels.items()}
    if _ENTAILMENT not in by_name or _CONTRADICTION not in by_name:
        raise ModelError(
            f"the labels of {model} are {', '.join(labels.values())}; a verifier needs entailment and contradiction"
        )
    return [by_name[_ENTAILMENT], by_name[_CONTRADICTION]]
