"""Features of a piece against a question, and the model over them."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import asking, flat_idf, passage

from ragbot.answer.evidence import FEATURES, features, probabilities
from ragbot.answer.units import units
from ragbot.index.question import Question
from ragbot.types import Hit


def rows(
    question: Question, *hits: Hit, cosine: float = 0.5, readable: bool = True
) -> list[dict[str, float]]:
    """The features of every piece of the hits, by name."""
    pieces = [unit for number, hit in enumerate(hits) for unit in units(hit, number)]
    made = features(
        question,
        hits,
        pieces,
        np.full(len(pieces), cosine, np.float32),
        readable=[readable] * len(hits),
        idf=flat_idf(question.all_terms()),
    )
    return [dict(zip(FEATURES, row, strict=True)) for row in made]


def row(question: Question, hit: Hit, **more: bool) -> dict[str, float]:
    (only,) = rows(question, hit, readable=more.get("readable", True))
    return only


REFUND = asking("How long do refunds by card take?")


def test_the_weights_are_those_of_the_features() -> None:
    """Each set has a finite number for every feature and a bias, and for nothing else."""
    stored = json.loads(files("ragbot.answer").joinpath("weights.json").read_text(encoding="utf-8"))
    assert set(stored) == {"known", "unknown"}
    for weights in stored.values():
        assert set(weights) == {"bias", *FEATURES}
        assert all(np.isfinite(value) for value in weights.values())


def test_coverage_is_the_share_of_concepts_that_stand_there() -> None:
    """In the piece, with its headings, and in the whole passage."""
    hit = passage("Refunds are quick. A card is needed.", title="Shop", heading="Parcels")
    first, second = rows(asking("Refunds, cards, parcels?"), hit)
    assert first["unit_coverage"] == pytest.approx(1 / 3)
    assert first["context_coverage"] == pytest.approx(2 / 3)
    assert second["unit_coverage"] == pytest.approx(1 / 3)
    assert first["passage_coverage"] == second["passage_coverage"] == pytest.approx(1.0)
    assert first["heading_coverage"] == pytest.approx(1 / 3)


def test_what_the_passage_lacks_is_seen() -> None:
    """Names, codes and figures that are not spoken of, and models and codes among them."""
    question = asking("Does the lamp show error E-417 like the Nova Hub?")
    without = row(question, passage("The lamp shows an error."))
    assert without["named_missing"] == 2.0
    assert without["numbered_missing"] == 1.0
    with_both = row(question, passage("The lamp shows error E 417.", title="Nova Hub"))
    assert with_both["named_missing"] == with_both["numbered_missing"] == 0.0
    assert (
        row(asking("Is the Hub 3 out?"), passage("The Hub 2 is out, the Hub 30 is not."))["numbered_missing"]
        == 1.0
    )


def test_the_fact_that_is_asked_for_counts() -> None:
    """Given, lacking, or none asked for."""
    given_it = row(REFUND, passage("Refunds take five days."))
    assert (given_it["asked_given"], given_it["asked_lacking"]) == (1.0, 0.0)
    lacking = row(REFUND, passage("Refunds are paid by card."))
    assert (lacking["asked_given"], lacking["asked_lacking"], lacking["strictly_lacking"]) == (0.0, 1.0, 1.0)
    neither = row(asking("Can I pay by card?"), passage("Refunds take five days."))
    assert (neither["asked_given"], neither["asked_lacking"]) == (0.0, 0.0)


def test_neighbouring_words_are_near_each_other() -> None:
    """Words that stand side by side in the question do so in the piece."""
    question = asking("credit card limit")
    far = "The credit is high. " + "word " * 10 + "a card is also sent to you without any limit"
    near = row(question, passage("The credit card limit is high."))
    assert near["pairs"] == 1.0
    assert near["pairs"] > max(each["pairs"] for each in rows(question, passage(far)))
    assert row(asking("refund"), passage("A refund."))["pairs"] == 0.0


def test_similarity_says_nothing_where_the_language_is_unknown() -> None:
    """The passage's own cosine is left out for a language that the embedder cannot read."""
    hit = passage("Refunds take five days.", dense=(1, 0.8))
    assert row(REFUND, hit)["passage_cosine"] == pytest.approx(0.8)
    assert row(REFUND, hit, readable=False)["passage_cosine"] == 0.0


def test_ranks_count_where_a_side_proposed_nothing() -> None:
    """A passage that one side did not find has a bad rank there, not a good one."""
    both = row(REFUND, passage("Refunds.", dense=(1, 0.8), lexical=(2, 3.0)))
    one = row(REFUND, passage("Refunds.", dense=None, lexical=(1, 3.0)))
    assert both["better_rank"] == one["better_rank"] < both["worse_rank"] < one["worse_rank"]


def test_translations_cover() -> None:
    """A Chinese question is covered by English words that mean it."""
    covered = row(asking("退款"), passage("A refund takes five days."))
    assert covered["unit_coverage"] == 1.0


def test_items_and_faq_entries_are_told() -> None:
    """A list item with its lead, and an FAQ's answer."""
    lead, item = rows(REFUND, passage("You need:\n\n- a card"))
    assert (lead["is_item"], item["is_item"]) == (0.0, 1.0)
    faq = passage("How long?\nFive days.", kind="faq", question="How long?", answer_start=10)
    assert row(REFUND, faq)["is_faq"] == 1.0


def test_a_question_without_known_words_has_features() -> None:
    """Nothing is divided by nothing."""
    (only,) = rows(asking("🙂"), passage("Refunds take five days."))
    assert all(np.isfinite(value) for value in only.values())


@settings(max_examples=50, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.floats(-50, 50), min_size=16, max_size=16).map(tuple), st.booleans()),
        max_size=5,
    )
)
def test_estimates_are_probabilities(cases: list[tuple[tuple[float, ...], bool]]) -> None:
    """Within 0 to 1 and the same each time, whatever the features."""
    padded = [(given_row + (0.0,) * len(FEATURES))[: len(FEATURES)] for given_row, _ in cases]
    known = [reads for _, reads in cases]
    estimates = probabilities(padded, known)
    assert len(estimates) == len(cases)
    assert all(0.0 <= estimate <= 1.0 for estimate in estimates)
    assert probabilities(padded, known) == estimates
