"""A model's verdicts under the veto of figures, and which check the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tiny_models import make_classifier

from ragbot.answer.check.verifier import GroundingVerifier
from ragbot.answer.check.vetoed import VetoedVerifier, load_verifier
from ragbot.errors import ModelNotFound
from ragbot.settings import AnswerSettings, EmbedderSettings, Settings
from ragbot.types import Claim, Evidence

PASSAGES = ["Refunds take 14 days.", "Refunds take 30 days from 2025-03-01. Parcels are heavy."]


class Believer:
    """A verifier that supports everything with every passage, on the evidence of the first."""

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        evidence = Evidence(passage=1, start=0, end=len(passages[0]))
        cited = tuple(range(1, len(passages) + 1))
        return [Claim(text=text, verdict="supported", support=0.9, citations=cited, evidence=evidence)]


class Doubter:
    """A verifier that supports nothing."""

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        return [Claim(text=text, verdict="unsupported", support=0.1, reason="no passage entails it")]


def test_a_figure_that_no_passage_states_is_vetoed() -> None:
    """The claim is unsupported, the reason names the figure, and the support falls."""
    (claim,) = VetoedVerifier(Believer()).verify("Refunds take 21 days.", PASSAGES)
    assert (claim.verdict, claim.citations) == ("unsupported", ())
    assert claim.support < 0.5
    assert "21 days" in claim.reason


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("A refund is made in fourteen days.", (1,)),
        ("It takes 30 days from 1 March 2025.", (2,)),
        ("Refunds are made.", (1, 2)),
    ],
)
def test_only_passages_that_state_the_figures_are_cited(text: str, cited: tuple[int, ...]) -> None:
    """A figure counts in any notation; a claim without figures keeps what the model cites."""
    (claim,) = VetoedVerifier(Believer()).verify(text, PASSAGES)
    assert (claim.verdict, claim.citations) == ("supported", cited)
    assert claim.evidence is not None
    assert claim.evidence.passage in cited


def test_the_veto_supports_nothing_by_itself() -> None:
    """What the model does not support stays as it is."""
    (claim,) = VetoedVerifier(Doubter()).verify("Refunds take 14 days.", PASSAGES)
    assert (claim.verdict, claim.reason) == ("unsupported", "no passage entails it")


def test_the_settings_name_the_check(tmp_path: Path) -> None:
    """Empty: the built-in one; a folder: its model under the veto; an absent model: an error."""
    made = make_classifier(tmp_path / "m", ("entailment", "neutral", "contradiction"))
    chosen = Settings(answer=AnswerSettings(verifier=str(made)), embedder=EmbedderSettings(device="cpu"))
    (claim,) = load_verifier(chosen).verify("Refunds take 21 days.", PASSAGES, contexts=["red"])
    assert claim.verdict != "supported"
    with pytest.raises(ModelNotFound):
        load_verifier(Settings(answer=AnswerSettings(verifier="org/model@rev")))


def test_without_a_model_the_built_in_check_is_used() -> None:
    """The default of the settings."""
    assert isinstance(load_verifier(Settings()), GroundingVerifier)
