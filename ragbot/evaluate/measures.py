"""The table of all measures: what each is called, what it means, and how it is read off one answer.

A measure gives a number in 0..1 for one question, or None where it does not apply to it. Its figure is the mean over
the questions that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ragbot.evaluate import metrics
from ragbot.evaluate.testset import TWO_DOCUMENT, Case
from ragbot.types import Answer

Family = Literal["retrieval", "answer", "grounding", "behaviour"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question with all that is known of what came of it."""

    case: Case
    answer: Answer
    ranked: tuple[str, ...] | None = None
    """Sources of the passages found, best first; None where nothing was searched."""
    exact: tuple[bool, ...] = ()
    """For each citation: do its words stand where it says?"""
    cited: tuple[float, float] | None = None
    """Citation recall and precision; None where they were not measured."""

    @property
    def answered(self) -> bool:
        """Whether the bot gave an answer, rather than silence, a question or a person."""
        return self.answer.status == "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure."""

    name: str
    meaning: str
    """What its figure is, in a sentence."""
    group: Family
    higher_is_better: bool = True
    of: Callable[[Sample], float | None]


def _facts(sample: Sample) -> bool | None:
    """Does the text say one alternative of every group?"""
    groups = sample.case.must_contain
    return metrics.contains_groups(sample.answer.text, groups) if groups else None


def forbidden(sample: Sample) -> list[str]:
    """What the answer says of `must_not_contain`."""
    return [one for one in sample.case.must_not_contain if metrics.contains(sample.answer.text, one)]


def facts_missing(sample: Sample) -> bool:
    """Whether an answer lacks a fact that it must say."""
    return sample.answered and _facts(sample) is False


def _right_answer(sample: Sample) -> bool:
    return sample.answered and _facts(sample) is not False and not forbidden(sample)


def _right(sample: Sample) -> float | None:
    expected = sample.case.expect
    if expected is None:
        return None
    met = sample.answer.status == expected
    return float(met and (not sample.answered or _right_answer(sample)) and not forbidden(sample))


def _status(sample: Sample) -> float | None:
    expected = sample.case.expect
    return None if expected is None else float(sample.answer.status == expected)


def _answer_rate(sample: Sample) -> float | None:
    return float(sample.answered) if sample.case.expect == "answered" else None


def _right_fact(sample: Sample) -> float | None:
    if sample.case.expect != "answered" or not sample.case.must_contain:
        return None
    return float(_right_answer(sample))


def _must_contain(sample: Sample) -> float | None:
    groups = sample.case.must_contain
    if sample.case.expect != "answered" or not groups:
        return None
    if not sample.answered:
        return 0.0
    return sum(metrics.contains_groups(sample.answer.text, [group]) for group in groups) / len(groups)


def _answer_precision(sample: Sample) -> float | None:
    """Of a given answer that can be judged: was one due, and is it right?"""
    case = sample.case
    if not sample.answered or case.expect is None:
        return None
    if case.expect != "answered":
        return 0.0
    return float(_right_answer(sample)) if case.must_contain or case.must_not_contain else None


def _forbidden_rate(sample: Sample) -> float | None:
    return float(bool(forbidden(sample))) if sample.case.must_not_contain else None


def _abstention_rate(sample: Sample) -> float | None:
    return float(sample.answer.status == "abstained") if sample.case.expect == "abstained" else None


def _abstention_precision(sample: Sample) -> float | None:
    if sample.answer.status != "abstained" or sample.case.expect is None:
        return None
    return float(sample.case.expect == "abstained")


def _false_answer(sample: Sample) -> float | None:
    return float(sample.answered) if sample.case.expect == "abstained" else None


def _recall(k: int) -> Callable[[Sample], float | None]:
    def of(sample: Sample) -> float | None:
        if sample.ranked is None:
            return None
        how = metrics.recall_all if TWO_DOCUMENT in sample.case.tags else metrics.recall_any
        return how(sample.ranked, sample.case.sources, k)

    return of


def _ndcg(k: int) -> Callable[[Sample], float | None]:
    return lambda sample: (
        None if sample.ranked is None else metrics.ndcg(sample.ranked, sample.case.sources, k)
    )


def _reciprocal_rank(sample: Sample) -> float | None:
    if sample.ranked is None:
        return None
    return metrics.reciprocal_rank(metrics.first_rank(sample.ranked, sample.case.sources))


def _context_precision(sample: Sample) -> float | None:
    return None if sample.ranked is None else metrics.context_precision(sample.ranked, sample.case.sources)


def _against_reference(formula: Callable[[str, str], float]) -> Callable[[Sample], float | None]:
    def of(sample: Sample) -> float | None:
        if not sample.case.reference or sample.case.expect != "answered":
            return None
        return formula(sample.answer.text, sample.case.reference) if sample.answered else 0.0

    return of


def _supported(sample: Sample) -> float | None:
    if not sample.answered:
        return None
    return metrics.mean([float(claim.verdict == "supported") for claim in sample.answer.claims])


def _right_cited(sample: Sample) -> float | None:
    if not sample.answered or not sample.case.sources:
        return None
    return float(any(citation.source in sample.case.sources for citation in sample.answer.citations))


def _exact(sample: Sample) -> float | None:
    return metrics.mean([float(each) for each in sample.exact])


_ALL = (
    Measure(
        name="right_rate",
        meaning="Of the questions with an expected status: met, with every fact and nothing forbidden.",
        group="behaviour",
        of=_right,
    ),
    Measure(
        name="status_accuracy",
        meaning="Of the questions with an expected status: that status came.",
        group="behaviour",
        of=_status,
    ),
    Measure(
        name="answer_rate",
        meaning="Of the questions that the documents answer: an answer was given.",
        group="behaviour",
        of=_answer_rate,
    ),
    Measure(
        name="answer_precision",
        meaning="Of the answers given that can be judged: due and right.",
        group="behaviour",
        of=_answer_precision,
    ),
    Measure(
        name="abstention_rate",
        meaning="Of the questions that the documents do not answer: the bot said so (recall of abstention).",
        group="behaviour",
        of=_abstention_rate,
    ),
    Measure(
        name="abstention_precision",
        meaning="Of the abstentions: the documents indeed do not answer.",
        group="behaviour",
        of=_abstention_precision,
    ),
    Measure(
        name="false_answer_rate",
        meaning="Of the questions that the documents do not answer: an answer was given all the same.",
        group="behaviour",
        higher_is_better=False,
        of=_false_answer,
    ),
    Measure(
        name="right_fact_rate",
        meaning="Of the answerable questions with facts: answered, with every fact and nothing forbidden.",
        group="answer",
        of=_right_fact,
    ),
    Measure(
        name="must_contain",
        meaning="Mean share of the facts that the answer says; 0 where none was given.",
        group="answer",
        of=_must_contain,
    ),
    Measure(
        name="forbidden_rate",
        meaning="Of the questions that forbid something: the reply says it.",
        group="answer",
        higher_is_better=False,
        of=_forbidden_rate,
    ),
    Measure(
        name="token_f1",
        meaning="Mean F1 of the words shared with the reference; 0 where no answer was given.",
        group="answer",
        of=_against_reference(metrics.token_f1),
    ),
    Measure(
        name="rouge_l",
        meaning="Mean F1 of the longest common word sequence with the reference; 0 where no answer was given.",
        group="answer",
        of=_against_reference(metrics.rouge_l),
    ),
    Measure(
        name="supported_share",
        meaning="Mean share of an answer's claims that the passages support.",
        group="grounding",
        of=_supported,
    ),
    Measure(
        name="citation_recall",
        meaning="Mean share of an answer's claims that the words it cites for them support together.",
        group="grounding",
        of=lambda sample: sample.cited[0] if sample.cited is not None else None,
    ),
    Measure(
        name="citation_precision",
        meaning="Mean share of an answer's citations that support their claim, or without which it falls.",
        group="grounding",
        of=lambda sample: sample.cited[1] if sample.cited is not None else None,
    ),
    Measure(
        name="quote_exactness",
        meaning="Mean share of citations whose words stand in the document, letter for letter, where they say.",
        group="grounding",
        of=_exact,
    ),
    Measure(
        name="right_cited_rate",
        meaning="Of the answers to questions with sources: one of them is cited.",
        group="grounding",
        of=_right_cited,
    ),
    *(
        Measure(
            name=f"recall@{k}",
            meaning=f"Mean share of questions with a right source among the first {k} passages "
            "(the share of the sources where all are needed).",
            group="retrieval",
            of=_recall(k),
        )
        for k in (1, 5, 10)
    ),
    Measure(
        name="mrr",
        meaning="Mean of 1 / rank of the first passage from a right source; 0 beyond 10.",
        group="retrieval",
        of=_reciprocal_rank,
    ),
    *(
        Measure(
            name=f"ndcg@{k}",
            meaning=f"Mean nDCG of the right sources among the first {k} documents of the 10 passages found.",
            group="retrieval",
            of=_ndcg(k),
        )
        for k in (5, 10)
    ),
    Measure(
        name="context_precision",
        meaning="Mean precision of the passages found, down to each one from a right source.",
        group="retrieval",
        of=_context_precision,
    ),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""Name -> measure, in the order of the tables."""
