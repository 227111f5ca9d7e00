"""Tuning an embedder on questions: what is learnt, resumed, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_models import make_embedder

from ragbot.errors import ModelDamaged, ModelError
from ragbot.models.tune import Corpus, Encoder, Example, TuneSettings, tune

SETTINGS = TuneSettings(epochs=4, rank=4, learning_rate=0.01, batch=4, negatives=2, temperature=0.05)
LONG = replace(SETTINGS, epochs=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_embedder(tmp_path_factory.mktemp("tune") / "tiny", prompts={"query": "", "passage": ""})


def _corpus() -> Corpus:
    """Questions that share no word with the passage that answers them."""
    texts = ["refunds take 5 days. the lamp is red", "lamp is charged with a cable. order 30", "reset blue"]
    spans = [[(0, 20), (21, 36)], [(0, 29), (30, 38)], []]
    asked = ("how long", "support ?", "do ?")
    return Corpus(
        name="shop",
        texts=texts,
        spans=spans,
        examples=[
            Example(
                messages=(message,),
                right=(number,),
                sentences={number: frozenset({0})},
                wrong=tuple(other for other in range(3) if other != number),
            )
            for number, message in enumerate(asked)
        ]
        + [Example(messages=("days order",), wrong=(0, 1))],
    )


def _nearest(encoder: Encoder, corpus: Corpus) -> list[int]:
    with torch.inference_mode():
        passages, _ = encoder.encode(encoder.tokenize(corpus.texts, corpus.spans))
        asked = [each.messages[0] for each in corpus.examples if each.right]
        messages, _ = encoder.encode(encoder.tokenize(asked, kind="query"))
    return [int(each) for each in (messages @ passages.T).argmax(dim=1)]


def test_questions_find_their_passages_after_tuning(folder: Path) -> None:
    """What shares no word with its answer is found once it was learnt."""
    encoder = Encoder(folder)
    assert _nearest(encoder, _corpus()) != [0, 1, 2]
    pairs = tune(encoder, [_corpus()], LONG)
    assert _nearest(encoder, _corpus()) == [0, 1, 2]
    assert set(pairs) == {f"{name}.weight" for name, each in _linear(folder)}
    assert all(a.shape[0] == b.shape[1] == SETTINGS.rank for a, b in pairs.values())


def _linear(folder: Path) -> list[tuple[str, torch.nn.Module]]:
    return [each for each in Encoder(folder).model.named_modules() if isinstance(each[1], torch.nn.Linear)]


def test_a_run_goes_on_from_its_checkpoint(folder: Path, tmp_path: Path) -> None:
    """A run that was killed after an epoch ends with the adapters that it would have had."""
    whole = tune(Encoder(folder), [_corpus()], SETTINGS)
    path = tmp_path / "checkpoint.safetensors"

    class KilledError(Exception):
        pass

    def kill(epoch: int) -> None:
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        tune(Encoder(folder), [_corpus()], SETTINGS, checkpoint=path, after_epoch=kill)
    epochs: list[int] = []
    resumed = tune(Encoder(folder), [_corpus()], SETTINGS, checkpoint=path, after_epoch=epochs.append)
    assert epochs == [3, 4]
    for key, (a, b) in whole.items():
        torch.testing.assert_close(resumed[key][0], a)
        torch.testing.assert_close(resumed[key][1], b)


def test_a_checkpoint_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    """Settings differ, or the file is damaged: an error that names it."""
    path = tmp_path / "checkpoint.safetensors"
    tune(Encoder(folder), [_corpus()], replace(SETTINGS, epochs=1), checkpoint=path)
    with pytest.raises(ModelError, match="other settings"):
        tune(Encoder(folder), [_corpus()], SETTINGS, checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelDamaged, match=r"checkpoint\.safetensors cannot be read"):
        tune(Encoder(folder), [_corpus()], replace(SETTINGS, epochs=1), checkpoint=path)


def test_without_an_answered_question_there_is_nothing_to_learn(folder: Path) -> None:
    """A corpus of unanswerable questions alone is an error, not a model that refuses everything."""
    corpus = replace(_corpus(), examples=[Example(messages=("days",), wrong=(0,))])
    with pytest.raises(ModelError, match="nothing to learn"):
        tune(Encoder(folder), [corpus], SETTINGS)


def test_a_folder_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(ModelError, match="holds no encoder that can be tuned"):
        Encoder(tmp_path)


def test_spans_beyond_what_is_read_are_left_out(folder: Path) -> None:
    """Of a passage that is longer than the model reads, the sentences that were cut off have no vector."""
    encoder = Encoder(folder)
    text = "lamp " * 100
    (ids, spans), *_ = encoder.tokenize([text], [[(0, 4), (400, 404)]])
    assert len(ids) == 64
    assert spans == [(1, 2)]
    with torch.inference_mode():
        vectors, inner = encoder.encode([(ids, spans), (ids, [])])
    assert [len(each) for each in inner] == [1, 1]
    torch.testing.assert_close(inner[1][0], vectors[1])
