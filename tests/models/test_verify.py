"""The model verifier, on tiny models of the real architecture: verdicts, windows, labels."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tiny_models import make_classifier, make_embedder

from ragbot.errors import ModelError, ModelNotFound
from ragbot.models.verify import NliVerifier, label_columns
from ragbot.settings import ModelsSettings
from ragbot.text.sentences import sentences

NOWHERE = ModelsSettings(cache=Path("/nonexistent"))
SHORT = ["refunds take 5 days .", "the lamp is charged with a cable ."]
LONG = (
    " ".join(
        f"{subject} take {count} days ." for subject in ("refunds", "order", "support") for count in (5, 30)
    )
    * 6
)


def lines(text: str) -> list[str]:
    """One claim a line."""
    return text.splitlines()


def opened(folder: Path, threshold: float = 0.5) -> NliVerifier:
    """The verifier of a folder, on the CPU."""
    return NliVerifier(
        str(folder), NOWHERE, claims=lines, sentences=sentences, threshold=threshold, device="cpu"
    )


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A three-way classifier, its labels in an order and spelling of its own."""
    return make_classifier(tmp_path_factory.mktemp("nli") / "m", ("CONTRADICTION", "neutral", "Entailment"))


def test_each_claim_gets_a_verdict(nli: Path) -> None:
    """One claim for each line, its verdict, citations and evidence those of the probabilities."""
    verifier = opened(nli, threshold=0.4)
    claims = verifier.verify("refunds take 30 days .\n\nthe lamp is blue .\nreset", SHORT)
    assert [claim.text for claim in claims] == ["refunds take 30 days .", "the lamp is blue .", "reset"]
    for claim in claims:
        entails, contradicts = verifier.probabilities([(each, claim.text) for each in SHORT]).T
        assert claim.support == pytest.approx(entails.max(), abs=1e-5)
        if entails.max() >= 0.4:
            assert claim.verdict == "supported"
            assert claim.citations == tuple(n + 1 for n, each in enumerate(entails) if each >= 0.4)
            assert claim.evidence is not None
            assert claim.evidence.passage == int(entails.argmax()) + 1
        else:
            assert claim.verdict == ("contradicted" if contradicts.max() >= 0.4 else "unsupported")
            assert claim.reason
            assert claim.citations == ()


def test_a_long_passage_is_read_to_its_end(nli: Path) -> None:
    """Support is that of the best window, which the evidence names; every token lies in some window."""
    passage = LONG + " the lamp is blue ."
    verifier = opened(nli, threshold=0.0)
    windows = verifier._windows(0, passage, 24)
    assert windows[0].start == 0
    assert windows[-1].end == len(passage)
    assert all(later.start <= before.end + 1 for before, later in pairwise(windows))
    assert all(len(verifier._offsets(passage[each.start : each.end])) <= 24 for each in windows)
    (claim,) = verifier.verify("the lamp is blue .", [passage])
    assert claim.evidence is not None
    seen = passage[claim.evidence.start : claim.evidence.end]
    alone = verifier.probabilities([(seen, claim.text)])[0, 0]
    assert claim.support == pytest.approx(float(alone), abs=1e-5)
    assert len(seen) < len(passage)


def test_a_sentence_longer_than_the_window_is_cut(nli: Path) -> None:
    """Nothing of it goes unread."""
    verifier = opened(nli)
    passage = "reset the lamp " * 60
    windows = verifier._windows(0, passage, 20)
    assert "".join(passage[each.start : each.end] for each in windows).replace(" ", "") == passage.replace(
        " ", ""
    )


def test_a_claim_longer_than_the_model_reads_is_not_supported(nli: Path) -> None:
    """It is said why, and the other claims are read."""
    verifier = opened(nli, threshold=0.0)
    long, short = verifier.verify("red " * 40 + "\nblue", SHORT)
    assert long.verdict == "unsupported"
    assert "40 tokens, at most 32" in long.reason
    assert short.verdict == "supported"


def test_what_stands_above_a_passage_is_read_with_it(nli: Path) -> None:
    """A title changes the probabilities as if it stood in the passage; one too long is left out."""
    verifier = opened(nli)
    (titled,) = verifier.verify("red", [SHORT[0]], contexts=["the lamp"])
    assert titled.support == pytest.approx(
        float(verifier.probabilities([(f"the lamp\n{SHORT[0]}", "red")])[0, 0])
    )
    (bare,) = verifier.verify("red", [SHORT[0]], contexts=["lamp " * 30])
    assert bare.support == pytest.approx(float(verifier.probabilities([(SHORT[0], "red")])[0, 0]))


@pytest.mark.parametrize(("threshold", "verdict"), [(0.0, "supported"), (1.1, "unsupported")])
@pytest.mark.parametrize(
    "labels",
    [("hallucinated", "consistent"), ("not_entailment", "entailment"), ("x_neutral", "supported")][:2],
)
def test_two_labels_are_enough(
    tmp_path: Path, labels: tuple[str, ...], threshold: float, verdict: str
) -> None:
    """A model of hallucinations supports or does not, and never contradicts."""
    verifier = opened(make_classifier(tmp_path / "m", labels), threshold)
    assert [claim.verdict for claim in verifier.verify("red\nblue", SHORT)] == [verdict] * 2


def test_padding_and_batches_change_nothing(nli: Path) -> None:
    """A pair's probabilities are the same alone and among twenty others of other lengths."""
    verifier = opened(nli)
    pairs = [(SHORT[row % 2] * (row % 3 + 1), "refunds " * (row % 5 + 1)) for row in range(20)]
    together = verifier.probabilities(pairs)
    assert together.shape == (20, 2)
    for row in (0, 7, 19):
        assert together[row] == pytest.approx(verifier.probabilities([pairs[row]])[0], abs=1e-5)
    assert verifier.probabilities([]).shape == (0, 2)


def test_nothing_to_verify(nli: Path) -> None:
    """No claim gives none; no passage, and an empty one, support nothing."""
    verifier = opened(nli, threshold=0.0)
    assert verifier.verify(" \n", SHORT) == []
    assert [claim.verdict for claim in verifier.verify("red", [])] == ["unsupported"]
    assert [claim.verdict for claim in verifier.verify("red", [" "])] == ["unsupported"]
    assert [claim.verdict for claim in verifier.verify("red \ud800", ["blue \udfff ."])] == ["supported"]


def test_what_is_no_verifier_is_refused(tmp_path: Path) -> None:
    """A classifier of something else, an embedder, an empty folder, a model that is not there."""
    with pytest.raises(ModelError, match=r"good, bad; a verifier needs .* set answer\.verifier"):
        opened(make_classifier(tmp_path / "m", ("good", "bad")))
    with pytest.raises(ModelError, match="of kind embedder"):
        opened(make_embedder(tmp_path / "e"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no sequence classifier"):
        opened(tmp_path / "empty")
    with pytest.raises(ModelNotFound):
        NliVerifier("org/model@rev", NOWHERE, claims=lines, sentences=sentences, device="cpu")


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (("contradiction", "entailment", "neutral"), (1, 0)),
        (("SUPPORTS", "REFUTES", "NOT ENOUGH INFO"), (0, 1)),
        (("Not-Entailment", "Entailment"), (1, None)),
        (("contradiction", "entailment"), (1, None)),
    ],
)
def test_labels_are_known_by_name(labels: tuple[str, ...], columns: tuple[int, int | None]) -> None:
    """Whatever their order, case and joints; numbered ones are not guessed at."""
    assert label_columns("m", dict(enumerate(labels))) == columns
    with pytest.raises(ModelError, match="LABEL_0"):
        label_columns("m", {0: "LABEL_0", 1: "LABEL_1"})
