"""How well passages are found for customers' questions: article@k, fact@k, AUROC of answerable questions.

    article@k   a right article is among the first k different articles (of 20 passages)
    fact@k      the first k passages together hold every fact of the answer
    AUROC       of the confidence: a question that is answerable has a higher one than one that is not

People who write unanswerable questions write other lengths, so AUROC stands beside that of the length of the message
alone, and *matched*: over pairs of an answerable and an unanswerable question
whose lengths differ by at most a quarter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from companies import Company, Question
from ragbot.models.tune import Encoder

DEPTH = 20
"""Passages of a ranking that are looked at."""
_NO_QUESTION = ("handoff", "chitchat", "ambiguous")
_ALIKE = 1.25
"""Largest ratio of the lengths of a matched pair."""
NAMES = ("article@1", "article@5", "fact@1", "fact@3")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What a system makes of one question."""

    passages: Sequence[int]
    """Numbers of passages, best first; `DEPTH` at most."""
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one company under one system."""

    company: str
    system: str
    found: Floats
    """Shape (answerable questions, `NAMES`), 0 or 1."""
    cross: NDArray[np.bool_]
    """Which answerable questions are in another language than the documents."""
    confidences: Floats
    """Of all questions."""
    answerable: NDArray[np.bool_]
    lengths: Floats
    """Characters of the message."""
    f1: Floats = field(default_factory=lambda: np.empty(0))
    """Of the chosen excerpt with the gold one, where it was chosen."""

    @property
    def means(self) -> Floats:
        means: Floats = self.found.mean(axis=0)
        return means

    @property
    def auroc(self) -> float:
        return auroc(self.confidences, self.answerable)

    @property
    def auroc_of_length(self) -> float:
        return auroc(self.lengths, self.answerable)

    @property
    def auroc_matched(self) -> float:
        return auroc(self.confidences, self.answerable, lengths=self.lengths)


def asked(company: Company) -> list[Question]:
    """The questions that documents can answer or not: no small talk, no wish for a person."""
    return [question for question in company.questions if question.kind not in _NO_QUESTION]


def figures(company: Company, system: str, ranked: Sequence[Ranked]) -> Figures:
    """`ranked`: one for each of `asked(company)`."""
    questions = asked(company)
    found = [
        _found(company, question, each.passages)
        for question, each in zip(questions, ranked, strict=True)
        if question.answerable
    ]
    return Figures(
        company=company.name,
        system=system,
        found=np.array(found, dtype=float).reshape(-1, len(NAMES)),
        cross=np.array([each.kind == "cross_lingual" for each in questions if each.answerable]),
        confidences=np.array([each.confidence for each in ranked]),
        answerable=np.array([each.answerable for each in questions]),
        lengths=np.array([len(each.text) for each in questions], dtype=float),
    )


def _found(company: Company, question: Question, passages: Sequence[int]) -> tuple[bool, ...]:
    best = [company.passages[number] for number in passages[:DEPTH]]
    articles = list(dict.fromkeys(each.chunk.source for each in best))
    return (
        any(each in question.articles for each in articles[:1]),
        any(each in question.articles for each in articles[:5]),
        company.says(question, "\n".join(each.text for each in best[:1])),
        company.says(question, "\n".join(each.text for each in best[:3])),
    )


def auroc(scores: Floats, positive: NDArray[np.bool_], *, lengths: Floats | None = None) -> float:
    """Share of pairs (positive, negative) in which the positive scores higher, ties as half (Hanley & McNeil, 1982);
    with `lengths` of the pairs that are alike in length only. NaN where there is no pair."""
    above = scores[positive][:, None] - scores[~positive][None, :]
    wins = (above > 0) + 0.5 * (above == 0)
    if lengths is None:
        return float(wins.mean()) if wins.size else float("nan")
    ratio = lengths[positive][:, None] / np.maximum(1, lengths[~positive][None, :])
    alike = (ratio <= _ALIKE) & (ratio >= 1 / _ALIKE)
    return float(wins[alike].mean()) if alike.any() else float("nan")


def interval(
    statistic: Callable[[NDArray[np.int64]], float], size: int, *, draws: int = 1000
) -> tuple[float, float]:
    """95 % percentile bootstrap of `statistic`, which takes numbers of questions (Efron & Tibshirani, 1993)."""
    random = np.random.default_rng(0)
    values = [statistic(random.integers(0, size, size)) for _ in range(draws)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def by_vectors(encoder: Encoder, company: Company, *, sentences: bool = True) -> list[Ranked]:
    """The passages nearest to each question: message and message in context together; with `sentences` the cosine of
    the best sentence counts as much as that of the passage."""
    import torch

    questions = asked(company)
    with torch.inference_mode():
        tokenized = encoder.tokenize(
            [each.text for each in company.passages], [each.spans for each in company.passages]
        )
        passages, inner = encoder.encode(tokenized)
        alone, context = (
            encoder.encode(encoder.tokenize(texts, kind="query"))[0]
            for texts in ([each.text for each in questions], [each.in_context for each in questions])
        )
    messages = torch.nn.functional.normalize(alone + context, dim=1).cpu().numpy()
    scores = messages @ passages.cpu().numpy().T
    if sentences:
        starts = np.cumsum([0, *(len(each) for each in inner)])[:-1]
        scores = (
            scores + np.maximum.reduceat(messages @ torch.cat(inner).cpu().numpy().T, starts, axis=1)
        ) / 2
    order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return [
        Ranked(passages=row.tolist(), confidence=float(scores[number, row[0]]))
        for number, row in enumerate(order)
    ]


def show(found: Sequence[Figures]) -> None:
    """A line for each, and their mean weighted by questions."""
    print(
        f"{'company':24s} {'system':28s} {'n':>4s}  " + "  ".join(NAMES) + "   auroc matched (length)  cross"
    )
    for each in found:
        cross = each.found[each.cross, 1].mean() if each.cross.any() else float("nan")
        print(
            f"{each.company:24s} {each.system:28s} {len(each.found):4d}  "
            + "  ".join(f"{value:{len(name)}.3f}" for name, value in zip(NAMES, each.means, strict=True))
            + f"   {each.auroc:.3f} {each.auroc_matched:.3f} ({each.auroc_of_length:.3f})  {cross:.2f}",
            flush=True,
        )
    if len(found) > 1:
        every = np.concatenate([each.found for each in found]).mean(axis=0)
        matched = np.nanmean([each.auroc_matched for each in found])
        print(
            f"{'all':24s} {found[0].system:28s} {sum(len(each.found) for each in found):4d}  "
            + "  ".join(f"{value:{len(name)}.3f}" for name, value in zip(NAMES, every, strict=True))
            + f"   {np.nanmean([each.auroc for each in found]):.3f} {matched:.3f}",
            flush=True,
        )


def measure(encoder: Encoder, company: Company, system: str = "vectors + sentences") -> Figures:
    """The encoder alone."""
    return figures(company, system, by_vectors(encoder, company))
