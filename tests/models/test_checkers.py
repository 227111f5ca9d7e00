"""The NLI verifier and the cross-encoder, on tiny models of the real architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_models import make_classifier, make_cross_encoder, make_embedder, make_generator

from ragbot.errors import ModelError, ModelNotFound
from ragbot.models.rerank import CrossEncoderReranker
from ragbot.models.verify import NliVerifier
from ragbot.settings import ModelsSettings
from ragbot.types import Chunk, Hit

NOWHERE = ModelsSettings(cache=Path("/nonexistent"))
PASSAGES = ["refunds take 5 days .", "the lamp is charged with a cable .", "reset the lamp " * 60]


def lines(text: str) -> list[str]:
    """One sentence a line."""
    return text.splitlines()


def hit(number: int, text: str) -> Hit:
    """A passage as search gives it."""
    chunk = Chunk(
        id=str(number),
        document_id="d",
        source="s",
        title="refunds",
        heading="days",
        text=text,
        start=0,
        end=len(text),
    )
    return Hit(chunk=chunk, score=1 / number, dense_rank=number)


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A three-way classifier, its labels in an order and spelling of its own."""
    return make_classifier(tmp_path_factory.mktemp("nli") / "m", ("CONTRADICTION", "neutral", "Entailment"))


def test_each_sentence_gets_a_verdict(nli: Path) -> None:
    """One claim for each sentence, its verdict and citations those of the probabilities."""
    text = "refunds take 30 days .\n\nthe lamp is blue .\nreset"
    verifier = NliVerifier(str(nli), NOWHERE, sentences=lines, threshold=0.4, device="cpu")
    claims = verifier.verify(text, PASSAGES)
    assert [claim.text for claim in claims] == ["refunds take 30 days .", "the lamp is blue .", "reset"]
    for claim in claims:
        entails, contradicts = verifier.probabilities([(each, claim.text) for each in PASSAGES]).T
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


@pytest.mark.parametrize(
    ("labels", "verdict"),
    [(("entailment", "contradiction"), "supported"), (("x", "entailment", "contradiction"), "unsupported")],
)
def test_the_threshold_decides(tmp_path: Path, labels: tuple[str, ...], verdict: str) -> None:
    """At 0 everything is supported, above 1 nothing is."""
    threshold = 0.0 if verdict == "supported" else 1.1
    made = make_classifier(tmp_path / "m", labels)
    verifier = NliVerifier(str(made), NOWHERE, sentences=lines, threshold=threshold, device="cpu")
    assert [claim.verdict for claim in verifier.verify("red\nblue", PASSAGES)] == [verdict] * 2


def test_padding_and_batches_change_nothing(nli: Path) -> None:
    """A pair's probabilities are the same alone and among twenty others."""
    verifier = NliVerifier(str(nli), NOWHERE, sentences=lines, device="cpu")
    pairs = [(PASSAGES[row % 3], "refunds " * (row % 5 + 1)) for row in range(20)]
    together = verifier.probabilities(pairs)
    assert together.shape == (20, 2)
    alone = verifier.probabilities([pairs[7]])
    assert together[7] == pytest.approx(alone[0], abs=1e-5)
    assert verifier.probabilities([]).shape == (0, 2)


def test_nothing_to_verify(nli: Path) -> None:
    """No sentence gives no claim; no passage supports nothing."""
    verifier = NliVerifier(str(nli), NOWHERE, sentences=lines, device="cpu")
    assert verifier.verify(" \n", PASSAGES) == []
    assert [claim.verdict for claim in verifier.verify("red", [])] == ["unsupported"]


def test_wrong_labels_are_refused(tmp_path: Path) -> None:
    """A classifier of something else is no verifier."""
    made = make_classifier(tmp_path / "m", ("good", "bad"))
    with pytest.raises(ModelError, match="good, bad"):
        NliVerifier(str(made), NOWHERE, sentences=lines, device="cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no sequence classifier"):
        NliVerifier(str(tmp_path / "empty"), NOWHERE, sentences=lines, device="cpu")
    with pytest.raises(ModelNotFound):
        NliVerifier("org/model@rev", NOWHERE, sentences=lines, device="cpu")


def test_hits_are_reordered_with_their_evidence(tmp_path: Path) -> None:
    """The same hits, best first; what search knew of them stays."""
    made = make_classifier(tmp_path / "m", ("score",))
    reranker = CrossEncoderReranker(str(made), NOWHERE, device="cpu")
    hits = [hit(number, text) for number, text in enumerate(PASSAGES, 1)]
    ranked = reranker.rerank("how long do refunds take ?", hits)
    assert {each.chunk.id for each in ranked} == {"1", "2", "3"}
    scores = [each.rerank_score for each in ranked]
    assert scores == [each.score for each in ranked]
    assert scores == sorted((each for each in scores if each is not None), reverse=True)
    assert len(set(scores)) == 3
    assert all(each.dense_rank == int(each.chunk.id) for each in ranked)
    assert reranker.rerank("how long do refunds take ?", hits[::-1]) == ranked
    assert reranker.rerank("red", []) == []


def test_a_classifier_does_not_rank(nli: Path, tmp_path: Path) -> None:
    """Three scores for a pair are no ranking."""
    with pytest.raises(ModelError, match="3 scores"):
        CrossEncoderReranker(str(nli), NOWHERE, device="cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no cross-encoder"):
        CrossEncoderReranker(str(tmp_path / "empty"), NOWHERE, device="cpu")


@pytest.mark.parametrize(("make", "kind"), [(make_embedder, "embedder"), (make_generator, "generator")])
def test_a_model_of_another_kind_does_not_rank(
    make: Callable[[Path], Path], kind: str, tmp_path: Path
) -> None:
    """The library would load it with an untrained head, and its order would be chance."""
    with pytest.raises(ModelError, match=f"no cross-encoder but of kind {kind}; set search.reranker"):
        CrossEncoderReranker(str(make(tmp_path / "m")), NOWHERE, device="cpu")


def test_either_layout_of_a_cross_encoder_is_known(tmp_path: Path) -> None:
    """With sentence-transformers' own files and without, the scores are the same."""
    hits = [hit(number, text) for number, text in enumerate(PASSAGES, 1)]
    made = make_cross_encoder(tmp_path / "m")
    assert (made / "modules.json").is_file()
    plain = tmp_path / "m-plain"
    assert not (plain / "modules.json").exists()
    ranked = [
        CrossEncoderReranker(str(each), NOWHERE, device="cpu").rerank("red", hits) for each in (made, plain)
    ]
    for one, other in zip(*ranked, strict=True):
        assert one.chunk == other.chunk
        assert one.score == pytest.approx(other.score, abs=1e-6)
