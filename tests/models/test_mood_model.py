"""A sequence classifier that tells moods: tiny real models with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import make_classifier, make_embedder

from ragbot.dialogue.mood import WordMoodReader, load_mood, read_urgency
from ragbot.errors import ModelError, ModelNotFound
from ragbot.models.mood import ClassifierMoodReader, label_values
from ragbot.settings import DialogueSettings, ModelsSettings, Settings

TEXTS = ["the lamp is red", "how long do refunds take ?", "", "reset \ud800 order", "urgent: support now"] * 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_classifier(tmp_path_factory.mktemp("models") / "moods", ("positive", "neutral", "negative"))


def load(folder: Path) -> ClassifierMoodReader:
    return ClassifierMoodReader(str(folder), ModelsSettings(), urgency=read_urgency, device="cpu")


def test_moods_come_in_order_whatever_the_batch(folder: Path) -> None:
    """Each text's mood is the same alone and among others, within the range; urgency is that of the function."""
    reader = load(folder)
    moods = reader.read(TEXTS)
    assert len(moods) == len(TEXTS)
    for text, mood in zip(TEXTS[:5], moods, strict=False):
        (alone,) = reader.read([text])
        assert mood.sentiment == pytest.approx(alone.sentiment, abs=0.002)
        assert -1 <= mood.sentiment <= 1
        assert mood.urgency == read_urgency(text)
    assert len({mood.sentiment for mood in moods}) > 2
    assert reader.read([]) == []


def test_sentiment_is_the_expected_value_of_the_labels(folder: Path, tmp_path: Path) -> None:
    """The same weights with the labels turned round give the opposite mood."""
    turned = make_classifier(tmp_path / "turned", ("negative", "neutral", "positive"))
    for mood, other in zip(load(folder).read(TEXTS[:3]), load(turned).read(TEXTS[:3]), strict=True):
        assert mood.sentiment == pytest.approx(-other.sentiment, abs=0.002)
        assert mood.sentiment != 0


def test_a_long_message_is_read_in_bounded_time(folder: Path) -> None:
    """Its beginning decides."""
    reader = load(folder)
    long, longer = reader.read(["the lamp is red " * 100, "the lamp is red " * 60_000])
    assert long == longer


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (("NEGATIVE", "POSITIVE"), [-1, 1]),
        (("positive", "neutral", "negative"), [1, 0, -1]),
        (("Very Negative", "Negative", "Neutral", "Positive", "Very Positive"), [-1, -0.5, 0, 0.5, 1]),
        (("LABEL_0", "LABEL_1"), [-1, 1]),
        (("LABEL_0", "LABEL_1", "LABEL_2"), [-1, 0, 1]),
        (("1 star", "2 stars", "3 stars", "4 stars", "5 stars"), [-1, -0.5, 0, 0.5, 1]),
        (("5 stars", "4 stars", "3 stars", "2 stars", "1 star"), [1, 0.5, 0, -0.5, -1]),
    ],
)
def test_what_labels_mean(labels: tuple[str, ...], values: list[float]) -> None:
    """Names in any order and case, stars, and numbers by convention."""
    assert label_values("m", dict(enumerate(labels))) == values


@pytest.mark.parametrize(
    "labels",
    [
        ("entailment", "neutral", "contradiction"),
        ("LABEL_0",),
        ("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"),
        ("LABEL_1", "LABEL_0"),
        ("positive", "neutral"),
        ("positive", "negative", "toxic"),
        ("1 star", "2 stars", "3 stars"),
        ("1 star", "2 stars", "3 stars", "4 stars", "4 stars"),
    ],
)
def test_labels_that_are_no_moods_are_refused(labels: tuple[str, ...]) -> None:
    """Naming them and the next step."""
    with pytest.raises(ModelError, match=r"the labels of m are .*set dialogue\.mood to another"):
        label_values("m", dict(enumerate(labels)))


def test_the_settings_choose_the_reader(folder: Path, tmp_path: Path) -> None:
    """The built-in one unless a model is named; what cannot be loaded is said at once."""
    assert isinstance(load_mood(Settings()), WordMoodReader)
    named = Settings(dialogue=DialogueSettings(mood=str(folder)))
    assert isinstance(load_mood(named), ClassifierMoodReader)
    with pytest.raises(ModelNotFound):
        load_mood(Settings(dialogue=DialogueSettings(mood="org/none@v1")))
    nli = make_classifier(tmp_path / "nli", ("entailment", "neutral", "contradiction"))
    with pytest.raises(ModelError, match="the labels of"):
        load_mood(Settings(dialogue=DialogueSettings(mood=str(nli))))
    embedder = make_embedder(tmp_path / "embedder")
    with pytest.raises(ModelError, match="no sequence classifier but of kind embedder"):
        load_mood(Settings(dialogue=DialogueSettings(mood=str(embedder))))
