"""The table of all measures: what each is called, what it means, and which reading of an answer it is.

A measure gives a number in 0..1 for one question, or None where it does not apply to it. Its figure is the mean over
the questions that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from ragbot.evaluate import metrics
from ragbot.evaluate import reading as read
from ragbot.evaluate.reading import Sample

Family = Literal["retrieval", "answer", "grounding", "behaviour"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure."""

    name: str
    meaning: str
    """What its figure is, in a sentence."""
    group: Family
    higher_is_better: bool = True
    of: Callable[[Sample], float | None]


_ALL = (
    Measure(
        name="right_rate",
        meaning="Of the questions with an expected status: met, with every fact and nothing forbidden.",
        group="behaviour",
        of=read.right,
    ),
    Measure(
        name="status_accuracy",
        meaning="Of the questions with an expected status: that status came.",
        group="behaviour",
        of=read.status_met,
    ),
    Measure(
        name="answer_rate",
        meaning="Of the questions that the documents answer: an answer was given.",
        group="behaviour",
        of=read.answer_given,
    ),
    Measure(
        name="answer_precision",
        meaning="Of the answers given that can be judged: due and right.",
        group="behaviour",
        of=read.precise,
    ),
    Measure(
        name="abstention_rate",
        meaning="Of the questions that the documents do not answer: the bot said so (recall of abstention).",
        group="behaviour",
        of=read.silent,
    ),
    Measure(
        name="abstention_precision",
        meaning="Of the abstentions: the documents indeed do not answer.",
        group="behaviour",
        of=read.rightly_silent,
    ),
    Measure(
        name="false_answer_rate",
        meaning="Of the questions that the documents do not answer: an answer was given all the same.",
        group="behaviour",
        higher_is_better=False,
        of=read.answer_undue,
    ),
    Measure(
        name="right_fact_rate",
        meaning="Of the answerable questions with facts: answered, with every fact and nothing forbidden.",
        group="answer",
        of=read.right_facts,
    ),
    Measure(
        name="right_by_facts",
        meaning="Of the answers to answerable questions with facts: every fact stands in the answer.",
        group="answer",
        of=read.right_by_facts,
    ),
    Measure(
        name="right_by_place",
        meaning="Of the answers to questions with excerpts: a cited place overlaps one of them.",
        group="answer",
        of=read.right_by_place,
    ),
    Measure(
        name="must_contain",
        meaning="Mean share of the facts that the answer says; 0 where none was given.",
        group="answer",
        of=read.facts_said,
    ),
    Measure(
        name="forbidden_rate",
        meaning="Of the questions that forbid something: the reply says it.",
        group="answer",
        higher_is_better=False,
        of=read.forbidden_said,
    ),
    Measure(
        name="token_f1",
        meaning="Mean F1 of the words shared with the reference; 0 where no answer was given.",
        group="answer",
        of=read.against_reference(metrics.token_f1),
    ),
    Measure(
        name="rouge_l",
        meaning="Mean F1 of the longest common word sequence with the reference; 0 where no answer was given.",
        group="answer",
        of=read.against_reference(metrics.rouge_l),
    ),
    Measure(
        name="supported_share",
        meaning="Mean share of an answer's claims that the passages support.",
        group="grounding",
        of=read.supported,
    ),
    Measure(
        name="citation_recall",
        meaning="Mean share of an answer's claims that the words it cites for them support together.",
        group="grounding",
        of=read.citation_recall,
    ),
    Measure(
        name="citation_precision",
        meaning="Mean share of an answer's citations that support their claim, or without which it falls.",
        group="grounding",
        of=read.citation_precision,
    ),
    Measure(
        name="quote_exactness",
        meaning="Mean share of citations whose words stand in the document, letter for letter, where they say.",
        group="grounding",
        of=read.exact,
    ),
    Measure(
        name="right_cited_rate",
        meaning="Of the answers to questions with sources: one of them is cited.",
        group="grounding",
        of=read.right_cited,
    ),
    *(
        Measure(
            name=f"recall@{k}",
            meaning=f"Mean share of questions with a right source among the first {k} passages "
            "(the share of the sources where all are needed).",
            group="retrieval",
            of=read.recall(k),
        )
        for k in (1, 5, 10)
    ),
    Measure(
        name="mrr",
        meaning="Mean of 1 / rank of the first passage from a right source; 0 beyond 10.",
        group="retrieval",
        of=read.reciprocal_rank,
    ),
    *(
        Measure(
            name=f"ndcg@{k}",
            meaning=f"Mean nDCG of the right sources among the first {k} documents of the 10 passages found.",
            group="retrieval",
            of=read.ndcg(k),
        )
        for k in (5, 10)
    ),
    Measure(
        name="context_precision",
        meaning="Mean precision of the passages found, down to each one from a right source.",
        group="retrieval",
        of=read.context_precision,
    ),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""Name -> measure, in the order of the tables."""
