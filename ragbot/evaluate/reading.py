"""How each measure is read off one answer: 0..1, or None where it does not apply to the question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ragbot.evaluate import metrics
from ragbot.evaluate.testset import TWO_DOCUMENT, Case
from ragbot.types import Answer

Place = tuple[str, int, int]
"""Source, and start and end in its text."""


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

    places: tuple[Place, ...] = ()
    """Where the excerpts of the case stand."""

    @property
    def answered(self) -> bool:
        """Whether the bot gave an answer, rather than silence, a question or a person."""
        return self.answer.status == "answered"


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


def right(sample: Sample) -> float | None:
    """Met as the test set asks: the status, every fact, nothing forbidden."""
    expected = sample.case.expect
    if expected is None:
        return None
    met = sample.answer.status == expected
    return float(met and (not sample.answered or _right_answer(sample)) and not forbidden(sample))


def status_met(sample: Sample) -> float | None:
    """The expected status came."""
    expected = sample.case.expect
    return None if expected is None else float(sample.answer.status == expected)


def answer_given(sample: Sample) -> float | None:
    """Of an answerable question: answered."""
    return float(sample.answered) if sample.case.expect == "answered" else None


def right_facts(sample: Sample) -> float | None:
    """Of an answerable question with facts: answered, with every fact and nothing forbidden."""
    if sample.case.expect != "answered" or not sample.case.must_contain:
        return None
    return float(_right_answer(sample))


def right_by_facts(sample: Sample) -> float | None:
    """Of an answer to an answerable question with facts: every fact stands in it."""
    if not sample.answered or sample.case.expect != "answered" or not sample.case.must_contain:
        return None
    return float(_facts(sample) is True)


def right_by_place(sample: Sample) -> float | None:
    """Of an answer to a question with excerpts: a cited place overlaps one of them."""
    if not sample.answered or not sample.places:
        return None
    return float(
        any(
            each.source == source and each.start < end and start < each.end
            for each in sample.answer.citations
            for source, start, end in sample.places
        )
    )


def facts_said(sample: Sample) -> float | None:
    """Of an answerable question with facts: the share of them that the answer says, 0 without one."""
    groups = sample.case.must_contain
    if sample.case.expect != "answered" or not groups:
        return None
    if not sample.answered:
        return 0.0
    return sum(metrics.contains_groups(sample.answer.text, [group]) for group in groups) / len(groups)


def precise(sample: Sample) -> float | None:
    """Of a given answer that can be judged: was one due, and is it right?"""
    case = sample.case
    if not sample.answered or case.expect is None:
        return None
    if case.expect != "answered":
        return 0.0
    return float(_right_answer(sample)) if case.must_contain or case.must_not_contain else None


def forbidden_said(sample: Sample) -> float | None:
    """Something of `must_not_contain` is said."""
    return float(bool(forbidden(sample))) if sample.case.must_not_contain else None


def silent(sample: Sample) -> float | None:
    """Of an unanswerable question: abstained."""
    return float(sample.answer.status == "abstained") if sample.case.expect == "abstained" else None


def rightly_silent(sample: Sample) -> float | None:
    """Of an abstention: the question is unanswerable."""
    if sample.answer.status != "abstained" or sample.case.expect is None:
        return None
    return float(sample.case.expect == "abstained")


def answer_undue(sample: Sample) -> float | None:
    """Of an unanswerable question: answered."""
    return float(sample.answered) if sample.case.expect == "abstained" else None


def recall(k: int) -> Callable[[Sample], float | None]:
    """recall@k: of the sources, all of which are needed where the case is tagged so."""

    def of(sample: Sample) -> float | None:
        if sample.ranked is None:
            return None
        how = metrics.recall_all if TWO_DOCUMENT in sample.case.tags else metrics.recall_any
        return how(sample.ranked, sample.case.sources, k)

    return of


def ndcg(k: int) -> Callable[[Sample], float | None]:
    """nDCG@k of the documents found."""
    return lambda sample: (
        None if sample.ranked is None else metrics.ndcg(sample.ranked, sample.case.sources, k)
    )


def reciprocal_rank(sample: Sample) -> float | None:
    """1 / rank of the first passage from a right source."""
    if sample.ranked is None:
        return None
    return metrics.reciprocal_rank(metrics.first_rank(sample.ranked, sample.case.sources))


def context_precision(sample: Sample) -> float | None:
    """Precision of the passages found, down to each right one."""
    return None if sample.ranked is None else metrics.context_precision(sample.ranked, sample.case.sources)


def against_reference(formula: Callable[[str, str], float]) -> Callable[[Sample], float | None]:
    """A formula of the answer and the reference; 0 where no answer was given."""

    def of(sample: Sample) -> float | None:
        if not sample.case.reference or sample.case.expect != "answered":
            return None
        return formula(sample.answer.text, sample.case.reference) if sample.answered else 0.0

    return of


def supported(sample: Sample) -> float | None:
    """Of an answer: the share of its claims that the passages support."""
    if not sample.answered:
        return None
    return metrics.mean([float(claim.verdict == "supported") for claim in sample.answer.claims])


def right_cited(sample: Sample) -> float | None:
    """Of an answer to a question with sources: one of them is cited."""
    if not sample.answered or not sample.case.sources:
        return None
    return float(any(citation.source in sample.case.sources for citation in sample.answer.citations))


def exact(sample: Sample) -> float | None:
    """Of the citations: their words stand where they say."""
    return metrics.mean([float(each) for each in sample.exact])


def citation_recall(sample: Sample) -> float | None:
    """Of the claims: their citations support them together (`citing.cited`)."""
    return sample.cited[0] if sample.cited is not None else None


def citation_precision(sample: Sample) -> float | None:
    """Of the citations: they have a part in that (`citing.cited`)."""
    return sample.cited[1] if sample.cited is not None else None
