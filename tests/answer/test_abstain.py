"""The probability that the answer is right: its features, each by itself, and the model over them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import asking, flat_idf, passage
from quick import HashedEmbedder

from ragbot.answer.abstain import FEATURES, answerable, features
from ragbot.answer.evidence import Scored
from ragbot.answer.weigh import Scorer, as_found
from ragbot.index.question import Question
from ragbot.types import Hit

REFUND = asking("How long do refunds by card take?")
SIGNS = {"best": 1, "evidence": 1, "margin": 1, "passage_cosine": 1, "piece_cosine": 1, "coverage": 1}
SIGNS |= {"names_missing": -1, "figures_missing": -1, "denied": -1, "strictly_lacking": -1}


def weighed(question: Question, *hits: Hit) -> tuple[list[Scored], list[Scored]]:
    """The pieces by what stands in them, and by how surely they were found too."""
    scored = Scorer(HashedEmbedder(), flat_idf).score(question, hits)
    return scored, as_found(scored, hits)


def row(question: Question, *hits: Hit) -> dict[str, float]:
    return dict(zip(FEATURES, features(question, hits, *weighed(question, *hits)), strict=True))


def confidence(question: Question, *hits: Hit) -> float:
    return answerable(question, hits, *weighed(question, *hits))


def test_the_weights_are_those_of_the_features() -> None:
    """Each set has a finite number for every feature and a bias, and for nothing else; none counts against sense."""
    stored = json.loads(files("ragbot.answer").joinpath("answerable.json").read_text(encoding="utf-8"))
    assert set(stored) == {"known", "unknown"}
    for weights in stored.values():
        assert set(weights) == {"bias", *FEATURES}
        assert all(math.isfinite(value) for value in weights.values())
        assert all(weights[name] * sign >= 0 for name, sign in SIGNS.items())


def test_nothing_found_is_no_answer() -> None:
    """The probability is 0."""
    assert answerable(REFUND, [], [], []) == 0.0


def test_what_answers_is_likelier_than_what_does_not() -> None:
    """A passage that says it, before one about the same thing, before one about something else."""
    answers = confidence(REFUND, passage("Refunds by card take five days."))
    near = confidence(REFUND, passage("Refunds by card are made in our shop."))
    far = confidence(REFUND, passage("The lamp is green.", title="Lamps", dense=(1, 0.1)))
    assert 1.0 > answers > near > far > 0.0


def test_a_better_piece_and_a_lead_over_others_are_seen() -> None:
    """The best piece's odds rise with what it says, and its lead falls where another passage says the same."""
    good, bad = passage("Refunds by card take five days."), passage("The lamp is green.", title="Lamps")
    assert row(REFUND, good)["best"] > row(REFUND, bad)["best"]
    assert row(REFUND, good)["evidence"] > row(REFUND, bad)["evidence"]
    twin = passage("Refunds by card take five days.", source="shop/other.md")
    alone, beside, twice = row(REFUND, good), row(REFUND, good, bad), row(REFUND, good, twin)
    assert alone["margin"] >= beside["margin"] > twice["margin"] == pytest.approx(0.0)


def test_the_nearest_passage_counts() -> None:
    """The highest cosine of all passages, not that of the first one."""
    far, near = passage("Refunds.", dense=(2, 0.2)), passage("Refunds take days.", dense=(1, 0.8))
    assert row(REFUND, far, near)["passage_cosine"] == pytest.approx(0.8)


def test_coverage_counts_headings() -> None:
    """A concept that only the heading names is covered."""
    question = asking("Refunds by card?")
    bare = row(question, passage("Refunds take five days.", title="Shop"))
    headed = row(question, passage("Refunds take five days.", title="Shop", heading="Card"))
    assert headed["coverage"] > bare["coverage"]


def test_names_and_figures_that_are_not_spoken_of_are_counted() -> None:
    """Names by their words, figures in digits or in words, each at most 2."""
    question = asking("Does the lamp fit the Nova Hub in three rooms?")
    lacking = row(question, passage("The lamp fits in rooms."))
    assert (lacking["names_missing"], lacking["figures_missing"]) == (1.0, 1.0)
    there = row(question, passage("The lamp fits the Nova Hub in 3 rooms."))
    assert (there["names_missing"], there["figures_missing"]) == (0.0, 0.0)
    many = row(asking("Are 11, 12, 13 and 14 lamps one order?"), passage("Lamps."))
    assert many["figures_missing"] == 2.0


def test_a_denial_must_be_met() -> None:
    """What the question denies and the piece does not counts as far as it speaks of the same; a denial elsewhere in
    the message is not asked about."""
    without = passage("Refunds by card take five days.")
    assert row(asking("Which refunds do not take five days?"), without)["denied"] > 0.0
    denies = passage("Refunds by voucher do not take five days.")
    assert row(asking("Which refunds do not take five days?"), denies)["denied"] == 0.0
    assert row(asking("It does not work. How long do refunds take?"), without)["denied"] == 0.0
    assert row(asking("哪些退款不需要五天？"), passage("退款需要五天。"))["denied"] > 0.0


def test_a_kind_of_fact_that_is_due_is_missed() -> None:
    """A duration is asked for and none is given."""
    assert row(REFUND, passage("Refunds are paid by card."))["strictly_lacking"] == 1.0
    assert row(REFUND, passage("Refunds by card take five days."))["strictly_lacking"] == 0.0


def test_what_the_message_says_itself_is_told() -> None:
    """More concepts count more; a message that leans on the conversation is marked."""
    hit = passage("Refunds by card take five days.")
    assert row(REFUND, hit)["concepts"] > row(asking("Refunds?"), hit)["concepts"]
    leaning = row(asking("And how long does it take?", "Are refunds paid by card?"), hit)
    assert (leaning["leans"], row(REFUND, hit)["leans"]) == (1.0, 0.0)


@pytest.mark.parametrize("known", [True, False])
def test_a_language_that_is_not_known_has_weights_of_its_own(known: bool) -> None:
    """The logistic model of the set that serves the best piece's language; similarity says nothing where it is not
    known."""
    hits = [passage("Refunds by card take five days.")]
    scored, likely = weighed(REFUND, *hits)
    likely = [replace(item, known=known) for item in likely]
    stored = json.loads(files("ragbot.answer").joinpath("answerable.json").read_text(encoding="utf-8"))
    weights = stored["known" if known else "unknown"]
    found = dict(zip(FEATURES, features(REFUND, hits, scored, likely), strict=True))
    score = weights["bias"] + sum(weights[name] * value for name, value in found.items())
    assert answerable(REFUND, hits, scored, likely) == pytest.approx(1 / (1 + math.exp(-score)))
    assert (found["passage_cosine"] > 0.0) is known


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=80), max_size=3), st.floats(-1, 1), st.booleans())
def test_any_words_give_a_probability(message: str, texts: list[str], cosine: float, known: bool) -> None:
    """Within 0 to 1 and the same each time, whatever is asked and found."""
    hits = [
        passage(text, source=f"{at}.md", dense=(at + 1, cosine) if known else None)
        for at, text in enumerate(texts)
    ]
    question = asking(message)
    found = confidence(question, *hits)
    assert 0.0 <= found <= 1.0
    assert confidence(question, *hits) == found


def test_a_region_by_another_name_is_spoken_of() -> None:
    """ "US" is said where the heading has "United States"; the pronoun "I" is no name."""
    question = asking("How many days do I have for returns in the US?")
    here = passage("You may return it within 30 days.", title="Return policy (United States)")
    assert row(question, here)["names_missing"] == 0.0
    there = passage("You may return it within 45 days.", title="Return policy (Europe)")
    assert row(question, there)["names_missing"] == 1.0
