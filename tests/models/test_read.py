"""The reader on a tiny network: what it makes of odd input, and that its graph says what the network says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny_models import make_embedder

from ragbot.errors import InputError, ModelDamaged, ModelError
from ragbot.models.catalog import Kind
from ragbot.models.manifest import Manifest, record_files, write_manifest
from ragbot.models.prepare import HEAD, prepare
from ragbot.models.read import READER_GRAPH, Reader, load_reader, pair
from ragbot.models.reader_net import Head, load_head, save_head
from ragbot.settings import ModelsSettings
from ragbot.types import Candidate, Reading

TEXT = "how long do refunds take. refunds take 5 days. the lamp is red"
SPANS = ((0, 25), (26, 46), (47, 62))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds a tiny reader and a tiny embedder."""
    home = tmp_path_factory.mktemp("readers")
    folder = make_embedder(home / "tiny", prompts={"query": "", "passage": ""})
    torch.manual_seed(3)
    head = Head(32)
    torch.nn.init.normal_(head.outer.weight)
    details = {"embedder": "tiny", "alone": [0.2, 0.0], "with_cosine": [0.2, 3.0, -1.0], "prompts": {}}
    save_head(folder / HEAD, head, {"reader": json.dumps(details)})
    made = prepare(folder, "reader", need_int8=True, languages=frozenset(), progress=lambda _: None)
    kinds: dict[str, Kind] = {"tiny": "reader", "other": "embedder"}
    for name, kind in kinds.items():
        (home / name).mkdir(exist_ok=True)
        manifest = Manifest(
            name=name, kind=kind, revision="1", identity="1", details=made, files=record_files(home / name)
        )
        write_manifest(home / name, manifest)
    return home


@pytest.fixture(scope="module")
def reader(cache: Path) -> Reader:
    return load_reader("tiny", ModelsSettings(cache=cache), threads=2)


def test_every_candidate_gets_a_probability_and_its_best_sentence(reader: Reader) -> None:
    """Readings come in the order of the candidates; the sentence is one of the candidate's own."""
    readings = reader.read("how long", [Candidate(text=TEXT, spans=SPANS), Candidate(text="lamp")])
    assert all(0 < each.probability < 1 for each in readings)
    assert readings[0].sentence in (0, 1, 2)
    assert len(readings[0].scores) == 3
    assert readings[1].sentence is None


def test_neighbours_and_threads_change_nothing(cache: Path, reader: Reader) -> None:
    """A passage is read alone, whatever else is read and however many threads there are."""
    candidates = [Candidate(text=f"{TEXT} {word}") for word in ("order", "reset", "cable", "")]
    alone = [reader.read("how long", [each])[0] for each in candidates]
    single = load_reader("tiny", ModelsSettings(cache=cache), threads=1)
    assert reader.read("how long", candidates) == alone == single.read("how long", candidates)


def test_a_cosine_that_is_known_counts(reader: Reader) -> None:
    """Of two equal passages, the one that the embedder found nearer is likelier."""
    near, far = reader.read("how long", [Candidate(text=TEXT, cosine=0.9), Candidate(text=TEXT, cosine=0.5)])
    assert near.probability > far.probability


@pytest.mark.parametrize("message", ["", "   ", "\n\t", None, 5])
def test_an_empty_message_is_refused(reader: Reader, message: str) -> None:
    with pytest.raises(InputError, match="the message is empty"):
        reader.read(message, [Candidate(text=TEXT)])


def test_empty_passages_answer_nothing(reader: Reader) -> None:
    """Of 50 candidates of which 49 are empty, one is read."""
    readings = reader.read("how long", [Candidate(text=" ")] * 49 + [Candidate(text=TEXT)])
    assert [each.probability for each in readings[:49]] == [0.0] * 49
    assert readings[49].probability > 0
    assert reader.read("how long", []) == []


@pytest.mark.parametrize(
    "text",
    ["word " * 50_000, "退款需要多长时间？", "مرحبا", "\ud800 lamp", "\x00", "🙂" * 1000],
    ids=["enormous", "Chinese", "Arabic", "surrogate", "control", "unknown"],
)
def test_any_text_can_be_read(reader: Reader, text: str) -> None:
    """Enormous, in other scripts, with lone surrogates: as a message and as a passage."""
    for message, passage in ((text, TEXT), ("how long", text)):
        candidate = Candidate(text=passage, spans=[(0, 4), (len(passage) - 1, len(passage))])
        (reading,) = reader.read(message, [candidate])
        assert 0 <= reading.probability <= 1


def test_a_long_message_keeps_its_beginning_and_its_end(reader: Reader) -> None:
    """What stands between is not read."""
    ends = "how long do refunds take"
    messages = [ends, *(f"{ends} {'red ' * many} {ends}" for many in (100, 400))]
    short, long, longer = (reader.read(each, [Candidate(text=TEXT)]) for each in messages)
    assert short != long
    assert long == longer


def test_sentences_that_were_cut_off_are_none() -> None:
    """A pair holds so many tokens; a sentence beyond has no range."""
    passage = SimpleNamespace(ids=range(1000), offsets=[(number, number + 1) for number in range(1000)])
    ids, ranges = pair([1, 2, 3], passage, [(5, 8), (900, 910)], shift=0)
    assert len(ids) == 400
    assert ids[:5] == [1, 2, 3, 1, 2]
    assert ranges == [(7, 10), None]


def test_a_damaged_graph_is_told(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in (cache / "tiny").iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    graph = (folder / READER_GRAPH).read_bytes()
    (folder / READER_GRAPH).write_bytes(b"\0" * len(graph))
    with pytest.raises(ModelDamaged, match="ragbot models pull tiny"):
        load_reader("tiny", ModelsSettings(cache=tmp_path))


def test_a_damaged_head_is_told(tmp_path: Path) -> None:
    path = tmp_path / HEAD
    path.write_bytes(b"no safetensors")
    with pytest.raises(ModelDamaged, match="last layers"):
        load_head(path)


def test_another_kind_of_model_is_no_reader(cache: Path) -> None:
    with pytest.raises(ModelError, match="other is no reader but of kind embedder"):
        load_reader("other", ModelsSettings(cache=cache))


def test_a_reading_without_sentences_has_the_passage_in_their_place(reader: Reader) -> None:
    (reading,) = reader.read("how long", [Candidate(text=TEXT)])
    assert isinstance(reading, Reading)
    assert len(reading.scores) == 1
