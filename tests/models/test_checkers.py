"""The cross-encoder, on tiny models of the real architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from quick import HashedEmbedder
from tiny_models import make_classifier, make_cross_encoder, make_embedder, make_generator

from ragbot.errors import InputError, ModelError
from ragbot.models.readers import CrossEncoderReader
from ragbot.settings import ModelsSettings
from ragbot.types import Candidate

NOWHERE = ModelsSettings(cache=Path("/nonexistent"))
PASSAGES = ["refunds take 5 days .", "the lamp is charged with a cable .", "reset the lamp " * 60]


CANDIDATES = [Candidate(text=text, spans=[(0, 7), (8, len(text))]) for text in PASSAGES]


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A three-way classifier, its labels in an order and spelling of its own."""
    return make_classifier(tmp_path_factory.mktemp("nli") / "m", ("CONTRADICTION", "neutral", "Entailment"))


def test_every_candidate_gets_a_probability_of_its_own(tmp_path: Path) -> None:
    """In their order, whatever it is; the sentence is the embedder's choice, and without one there is none."""
    made = make_classifier(tmp_path / "m", ("score",))
    alone = CrossEncoderReader(str(made), NOWHERE, device="cpu")
    read = alone.read("how long do refunds take ?", CANDIDATES)
    assert len({each.probability for each in read}) == 3
    assert all(0 < each.probability < 1 and each.sentence is None for each in read)
    backwards = alone.read("how long do refunds take ?", CANDIDATES[::-1])[::-1]
    for one, other in zip(read, backwards, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
    assert alone.read("red", []) == []
    with pytest.raises(InputError, match="empty"):
        alone.read(" ", CANDIDATES)
    beside = CrossEncoderReader(str(made), NOWHERE, embedder=HashedEmbedder(), device="cpu")
    chosen = beside.read("refunds", CANDIDATES)
    assert chosen[0].sentence == 0
    assert len(chosen[0].scores) == 2


def test_a_classifier_does_not_rank(nli: Path, tmp_path: Path) -> None:
    """Three scores for a pair are no ranking."""
    with pytest.raises(ModelError, match="3 scores"):
        CrossEncoderReader(str(nli), NOWHERE, device="cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no cross-encoder"):
        CrossEncoderReader(str(tmp_path / "empty"), NOWHERE, device="cpu")


@pytest.mark.parametrize(("make", "kind"), [(make_embedder, "embedder"), (make_generator, "generator")])
def test_a_model_of_another_kind_does_not_rank(
    make: Callable[[Path], Path], kind: str, tmp_path: Path
) -> None:
    """The library would load it with an untrained head, and its order would be chance."""
    with pytest.raises(ModelError, match=f"no cross-encoder but of kind {kind}; set search.reranker"):
        CrossEncoderReader(str(make(tmp_path / "m")), NOWHERE, device="cpu")


def test_either_layout_of_a_cross_encoder_is_known(tmp_path: Path) -> None:
    """With sentence-transformers' own files and without, the scores are the same."""
    made = make_cross_encoder(tmp_path / "m")
    assert (made / "modules.json").is_file()
    plain = tmp_path / "m-plain"
    assert not (plain / "modules.json").exists()
    read = [
        CrossEncoderReader(str(each), NOWHERE, device="cpu").read("red", CANDIDATES) for each in (made, plain)
    ]
    for one, other in zip(*read, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
