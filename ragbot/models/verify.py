"""A natural-language-inference model as `Verifier`: does a passage entail, contradict or leave open a sentence.

It does not know about numbers, dates or names beyond what the model does, nor what becomes of a verdict.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ragbot.errors import ModelError
from ragbot.models.hub import locate
from ragbot.models.runtime import choose_device, go_offline, quiet_transformers
from ragbot.types import Claim, Evidence, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragbot.settings import ModelsSettings

_BATCH = 16
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
        folder = locate(model, models)
        go_offline()
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            with quiet_transformers():
                self._tokenizer: Any = AutoTokenizer.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False
                )
                loaded: Any = AutoModelForSequenceClassification.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
                )
        except Exception as error:  # whatever the libraries raise over a folder they cannot read
            raise ModelError(f"{model} is no sequence classifier that can be loaded ({error})") from error
        self._columns = _columns(model, loaded.config.id2label)
        self._model = loaded.to(choose_device(device)).eval()
        self._window = min(self._tokenizer.model_max_length, loaded.config.max_position_embeddings)
        self._sentences = sentences
        self._threshold = threshold
        self._lock = threading.Lock()

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

        rows = []
        with self._lock, torch.inference_mode():
            for start in range(0, len(pairs), _BATCH):
                passages, sentences = zip(*pairs[start : start + _BATCH], strict=True)
                encoded = self._tokenizer(
                    list(passages),
                    list(sentences),
                    truncation="only_first",
                    max_length=self._window,
                    padding=True,
                    return_tensors="pt",
                ).to(self._model.device)
                rows.append(self._model(**encoded).logits.softmax(-1)[:, self._columns].float().cpu().numpy())
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


def _columns(model: str, labels: dict[int, str]) -> list[int]:
    """Which outputs are entailment and contradiction."""
    by_name = {str(label).lower(): int(column) for column, label in labels.items()}
    if _ENTAILMENT not in by_name or _CONTRADICTION not in by_name:
        raise ModelError(
            f"the labels of {model} are {', '.join(labels.values())}; a verifier needs entailment and contradiction"
        )
    return [by_name[_ENTAILMENT], by_name[_CONTRADICTION]]
