"""A model of inference, or one that tells hallucinations, as `Verifier`: does a passage entail a claim, contradict it,
or leave it open.

It does not know about numbers, dates or names beyond what the model does, nor what becomes of a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from ragbot.errors import ModelError
from ragbot.models.classifier import BATCH, load_classifier
from ragbot.models.hub import locate
from ragbot.models.prepare import find_kind
from ragbot.types import Claim, Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragbot.settings import ModelsSettings

_ENTAILS: Final = frozenset(
    "entailment entailed entails supported supports support consistent faithful grounded factual".split()
)
_CONTRADICTS: Final = frozenset("contradiction contradicted contradicts refuted refutes refute".split())
_NEITHER: Final = _CONTRADICTS | frozenset(
    (
        *"neutral unsupported inconsistent hallucinated hallucination unfaithful ungrounded nonfactual".split(),
        *(f"not {name}" for name in _ENTAILS),
        *(f"non {name}" for name in _ENTAILS),
        "not enough info",
    )
)
_NONE: Final = (-1.0, 0)  # less than any threshold
_SPECIAL = 4  # most tokens that a tokenizer puts around a pair


class Span(Protocol):
    """A sentence of a passage: `passage[start:end]`."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Window:
    """Neighbouring sentences of one passage that the model reads at once."""

    passage: int
    """From 0."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Best:
    """What the passages make of one claim: for each passage the window that entails it most."""

    windows: Mapping[int, tuple[float, _Window]]
    contradiction: tuple[float, int]
    """The highest probability, and its passage; `_NONE` where nothing was read."""


class NliVerifier:
    """A sequence classifier of pairs. Safe to use from several threads, which take turns."""

    def __init__(
        self,
        model: str,
        models: ModelsSettings,
        *,
        claims: Callable[[str], Sequence[str]],
        sentences: Callable[[str], Sequence[Span]],
        threshold: float = 0.5,
        device: Literal["auto", "cpu", "cuda"] = "auto",
    ) -> None:
        """`model`: the name of a pulled model, or a folder; `claims`: splits an answer into what is checked;
        `sentences`: where a passage may be cut; `threshold`: least probability of entailment, or of contradiction,
        for such a verdict: the more probable of two equals certainly wins above one half.

        Its labels are those of inference (entailment, neutral, contradiction) or two that mean supported and not
        (`consistent`, `hallucinated`); with two, nothing is ever contradicted.

        Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if it is of another kind or has other labels.
        """
        _check_kind(model, models)
        self._classifier = load_classifier(model, models, device=device)
        self._entails, self._contradicts = label_columns(model, self._classifier.labels)
        self._claims = claims
        self._sentences = sentences
        self._threshold = threshold

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        """One `Claim` for each claim of `text`, in order; its citations are 1-based passages, its evidence the window
        of a passage that entails it most.

        A claim is supported by each passage that entails it, and contradicted if none does and one contradicts it.
        A passage longer than the model's window is read in windows of whole sentences, the best of which counts.
        `contexts[i]`, what stands above passage i, is read before each of its windows where it takes no more than a
        quarter of the model's. A claim that takes more than half of it is not read: it is unsupported.
        """
        claims = [each for each in self._claims(text) if each.strip()]
        if not claims:
            return []
        sizes = [len(self._offsets(claim)) for claim in claims]
        most = self._classifier.window // 2
        readable = [claim for claim, size in zip(claims, sizes, strict=True) if size <= most]
        room = self._classifier.window - _SPECIAL - max((size for size in sizes if size <= most), default=0)
        found = iter(self._read(readable, passages, contexts, room))
        return [
            self._claim(claim, next(found))
            if size <= most
            else _unsupported(claim, 0.0, f"longer than the model reads ({size} tokens, at most {most})")
            for claim, size in zip(claims, sizes, strict=True)
        ]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Probability of entailment and of contradiction for each (passage, claim); shape (len(pairs), 2).

        Pairs of like length are read together. What exceeds the model's window is cut from the passage's end.
        """
        import numpy as np
        import torch

        classifier = self._classifier
        order = sorted(range(len(pairs)), key=lambda row: sum(map(len, pairs[row])))
        found = np.zeros((len(pairs), 2), dtype=np.float32)
        with classifier.lock, torch.inference_mode():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                encoded = classifier.tokenizer(
                    [_tokenizable(pairs[row][0]) for row in rows],
                    [_tokenizable(pairs[row][1]) for row in rows],
                    truncation="only_first",
                    max_length=classifier.window,
                    padding=True,
                    return_tensors="pt",
                ).to(classifier.model.device)
                shares = classifier.model(**encoded).logits.float().softmax(-1).cpu().numpy()
                found[rows, 0] = shares[:, self._entails]
                if self._contradicts is not None:
                    found[rows, 1] = shares[:, self._contradicts]
        return found

    def _read(
        self, claims: Sequence[str], passages: Sequence[str], contexts: Sequence[str], room: int
    ) -> list[_Best]:
        """Every claim against every window, in one pass of batches."""
        above = [
            context if len(self._offsets(context)) <= self._classifier.window // 4 else ""
            for context in [*contexts, *[""] * (len(passages) - len(contexts))]
        ]
        windows: list[_Window] = []
        for number, passage in enumerate(passages):
            windows += self._windows(number, passage, room - len(self._offsets(above[number])) - 1)
        premises = [
            "\n".join(filter(None, (above[each.passage], passages[each.passage][each.start : each.end])))
            for each in windows
        ]
        shares = self.probabilities([(premise, claim) for claim in claims for premise in premises])
        by_claim = shares.reshape(len(claims), len(windows), 2)
        return [_best(windows, rows) for rows in by_claim]

    def _windows(self, number: int, passage: str, room: int) -> list[_Window]:
        """The whole passage where it has at most `room` tokens; else as many whole sentences as fit, each window
        beginning with the last sentence of the one before. A sentence that is longer is cut between tokens."""
        offsets = self._offsets(passage)
        if len(offsets) <= room:
            return [_Window(number, 0, len(passage))] if offsets else []
        pieces = [
            piece
            for sentence in self._sentences(passage)
            for piece in _pieces([each for each in offsets if sentence.start <= each[0] < sentence.end], room)
        ]
        found: list[_Window] = []
        first = 0
        while first < len(pieces):
            last, size = first, pieces[first][2]
            while last + 1 < len(pieces) and size + pieces[last + 1][2] <= room:
                last += 1
                size += pieces[last][2]
            found.append(_Window(number, pieces[first][0], pieces[last][1]))
            if last + 1 == len(pieces):
                break
            overlaps = last > first and pieces[last][2] + pieces[last + 1][2] <= room
            first = last if overlaps else last + 1
        return found

    def _offsets(self, text: str) -> list[tuple[int, int]]:
        """Where each token of `text` stands; special tokens not counted."""
        encoded: Any = self._classifier.tokenizer(
            _tokenizable(text), add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return [(start, end) for start, end in encoded["offset_mapping"] if end > start]

    def _claim(self, claim: str, best: _Best) -> Claim:
        entailing = sorted(best.windows.values(), key=lambda each: -each[0])
        support = entailing[0][0] if entailing else 0.0
        if entailing and support >= self._threshold:
            window = entailing[0][1]
            cited = sorted(each.passage + 1 for share, each in entailing if share >= self._threshold)
            evidence = Evidence(passage=window.passage + 1, start=window.start, end=window.end)
            return Claim(
                text=claim, verdict="supported", support=support, citations=tuple(cited), evidence=evidence
            )
        share, passage = best.contradiction
        if share >= self._threshold:
            reason = f"passage {passage + 1} contradicts it"
            return Claim(text=claim, verdict="contradicted", support=support, reason=reason)
        return _unsupported(claim, support, "no passage entails it")


def _best(windows: Sequence[_Window], shares: NDArray[np.float32]) -> _Best:
    """Of one claim's shares, (len(windows), 2), the best window of each passage and the worst of all."""
    found: dict[int, tuple[float, _Window]] = {}
    contradiction = _NONE
    for window, (entails, contradicts) in zip(windows, shares.tolist(), strict=True):
        if window.passage not in found or entails > found[window.passage][0]:
            found[window.passage] = (entails, window)
        contradiction = max(contradiction, (contradicts, window.passage))
    return _Best(found, contradiction)


def _pieces(offsets: Sequence[tuple[int, int]], room: int) -> list[tuple[int, int, int]]:
    """(start, end, tokens) of at most `room` tokens each, together all of `offsets`."""
    cut = [offsets[at : at + room] for at in range(0, len(offsets), max(1, room))]
    return [(each[0][0], each[-1][1], len(each)) for each in cut]


def _unsupported(claim: str, support: float, reason: str) -> Claim:
    return Claim(text=claim, verdict="unsupported", support=support, reason=reason)


def _check_kind(model: str, models: ModelsSettings) -> None:
    """The library would put an untrained head on an embedder, whose verdicts are noise."""
    try:
        kind = find_kind(locate(model, models))
    except ModelError as error:
        if type(error) is not ModelError:  # missing or damaged: that says it better
            raise
        raise ModelError(f"{model} is no sequence classifier that can be loaded ({error})") from error
    if kind != "classifier":
        raise ModelError(
            f"{model} is no sequence classifier but of kind {kind}; set answer.verifier to another"
        )


def label_columns(model: str, labels: Mapping[int, str]) -> tuple[int, int | None]:
    """Which outputs mean entailment and contradiction; None where the model does not tell contradiction.

    Raises `ModelError` naming the labels where they are not those of a verifier."""
    names = {
        int(column): " ".join(re.split(r"[\W_]+", str(label).lower())).strip()
        for column, label in labels.items()
    }
    entails = [column for column, name in names.items() if name in _ENTAILS]
    contradicts = [column for column, name in names.items() if name in _CONTRADICTS]
    others = [column for column, name in names.items() if name in _NEITHER]
    if len(entails) != 1 or not others or len(contradicts) > 1 or 1 + len(others) != len(names):
        raise ModelError(
            f"the labels of {model} are {', '.join(map(str, labels.values()))}; a verifier needs entailment, neutral"
            " and contradiction, or two such as consistent and hallucinated; set answer.verifier to another model, or"
            " to '' for the built-in check"
        )
    return entails[0], contradicts[0] if contradicts and len(names) > 2 else None


def _tokenizable(text: str) -> str:
    """Lone surrogates replaced, which tokenizers cannot take; as long as before."""
    return text.encode("utf-8", "replace").decode("utf-8")
