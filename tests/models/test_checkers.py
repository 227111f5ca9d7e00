"""The cross-encoder, on tiny models of the real architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_models import make_classifier, make_cross_encoder, make_embedder, make_generator

from ragbot.errors import ModelError
from ragbot.models.rerank import CrossEncoderReranker
from ragbot.settings import ModelsSettings
from ragbot.types import Chunk, Hit

NOWHERE = ModelsSettings(cache=Path("/nonexistent"))
PASSAGES = ["refunds take 5 days .", "the lamp is charged with a cable .", "reset the lamp " * 60]


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
