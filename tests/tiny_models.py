"""Real architectures with few layers and random weights, and the wheels and repositories they arrive in."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from ragbot.models.catalog import PackagedFile, PackagedModel

WORDS = "how long do refunds take the lamp is charged with a cable reset order support days 5 30 ? . red blue"
TEMPLATE = (
    "{% for m in messages %}<start> {{ m.role }} {{ m.content }} <stop> {% endfor %}"
    "{% if add_generation_prompt %}<start> assistant {% endif %}"
)
_SPECIAL = ("<pad>", "<unk>", "<start>", "<stop>", "<sep>")


def _tokenizer(*, pair: bool) -> PreTrainedTokenizerFast:
    words = (*_SPECIAL, *WORDS.split(), "user", "system", "assistant")
    inner = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    inner.normalizer, inner.pre_tokenizer = Lowercase(), Whitespace()
    if pair:
        inner.post_processor = TemplateProcessing(
            single="<start> $A <sep>",
            pair="<start> $A <sep> $B:1 <sep>:1",
            special_tokens=[("<start>", 2), ("<sep>", 4)],
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<start>",
        eos_token="<stop>",
        sep_token="<sep>",
        cls_token="<start>",
        model_max_length=64,
        model_input_names=["input_ids", *(["token_type_ids"] if pair else []), "attention_mask"],
    )


def _bert(**more: Any) -> BertConfig:
    torch.manual_seed(7)
    return BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
        **more,
    )


def make_embedder(folder: Path, *, pooling: str = "mean", prompts: dict[str, str] | None = None) -> Path:
    """A BERT embedder of 32 dimensions in sentence-transformers' layout."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    plain = folder.with_name(f"{folder.name}-plain")
    BertModel(_bert()).save_pretrained(plain)
    _tokenizer(pair=True).save_pretrained(plain)
    modules = [Transformer(str(plain), max_seq_length=48), Pooling(32, pooling_mode=pooling)]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(
        str(folder), create_model_card=False
    )
    return folder


def make_classifier(folder: Path, labels: tuple[str, ...]) -> Path:
    """A BERT sequence classifier with one output for each label."""
    config = _bert(num_labels=len(labels), id2label=dict(enumerate(labels)))
    BertForSequenceClassification(config).save_pretrained(folder)
    _tokenizer(pair=True).save_pretrained(folder)
    return folder


def make_cross_encoder(folder: Path) -> Path:
    """A BERT cross-encoder with one score, in sentence-transformers' layout."""
    from sentence_transformers import CrossEncoder

    plain = make_classifier(folder.with_name(f"{folder.name}-plain"), ("score",))
    CrossEncoder(str(plain), device="cpu", local_files_only=True).save_pretrained(
        str(folder), create_model_card=False
    )
    return folder


def make_generator(folder: Path, *, context: int = 64, template: str | None = TEMPLATE) -> Path:
    """A Llama chat model with a window of `context` tokens."""
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=context,
        initializer_range=0.3,
        bos_token_id=2,
        eos_token_id=3,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer = _tokenizer(pair=False)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return folder


def make_wheel(
    source: Path, shelf: Path, *, name: str = "tiny-model", tag: str = "py3-none-any"
) -> PackagedModel:
    """A wheel on `shelf` that holds the files of `source` and code that must never run; what a catalogue says of it."""
    package = name.replace("-", "_")
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    members = {f"{package}/model/{path.relative_to(source).as_posix()}": path.read_bytes() for path in paths}
    members[f"{package}/__init__.py"] = b"raise SystemExit('code of a model package was run')\n"
    info = f"{package}-1.0.dist-info"
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    members[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in members).encode()
    shelf.mkdir(parents=True, exist_ok=True)
    wheel = shelf / f"{package}-1.0-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return PackagedModel(
        name="tiny",
        kind="embedder",
        distribution=name,
        version="1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        weights="model.safetensors",
        files={
            path.relative_to(source).as_posix(): PackagedFile(
                member=f"{package}/model/{path.relative_to(source).as_posix()}",
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            )
            for path in paths
        },
        needs_mb=0,
        languages=frozenset({"en"}),
    )


PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", *(f"▁{word}" for word in WORDS.split() if word.isalpha()))
"""The first pieces of the tiny engine file's vocabulary; single letters, digits and signs follow."""


def make_e5(path: Path) -> dict[str, NDArray[np.float32]]:
    """An engine file `E5S1` of two layers with random weights; what each of its arrays holds, by its name there."""
    pieces = (*PIECES, *"abcdefghijklmnopqrstuvwxyz0123456789?.é～")
    hidden, layers, heads, inner, positions = 32, 2, 4, 64, 64
    random = np.random.default_rng(7)
    arrays: dict[str, NDArray[np.float32]] = {}
    stored: list[tuple[str, int, int, bytes]] = []

    def matrix(name: str, rows: int, columns: int) -> None:
        halves = random.integers(0, 16, (rows * columns // 32, 2, 16))
        scales = random.uniform(0.02, 0.08, len(halves)).astype(np.float16)
        blocks = [
            np.float16(scale).tobytes() + bytes((low | high << 4).astype(np.uint8))
            for scale, (low, high) in zip(scales, halves, strict=True)
        ]
        values = (halves.reshape(len(halves), 32) - 8) * scales.astype(np.float32)[:, None]
        arrays[name] = values.reshape(rows, columns).astype(np.float32)
        stored.append((name, 1, rows * columns, b"".join(blocks)))

    def plain(name: str, *shape: int) -> None:
        arrays[name] = random.normal(1 if name.endswith("ln.w") else 0, 0.1, shape).astype(np.float32)
        stored.append((name, 0, arrays[name].size, arrays[name].tobytes()))

    matrix("emb.word", len(pieces), hidden)
    plain("emb.pos", positions, hidden)
    plain("emb.type", 2, hidden)
    for norm in ("emb.ln", *(f"l{layer}.{each}" for layer in range(layers) for each in ("aln", "oln"))):
        plain(f"{norm}.w", hidden)
        plain(f"{norm}.b", hidden)
    for layer in range(layers):
        shapes = dict.fromkeys(("q", "k", "v", "ao"), (hidden, hidden))
        for part, (rows, columns) in (shapes | {"fi": (inner, hidden), "fo": (hidden, inner)}).items():
            matrix(f"l{layer}.{part}.w", rows, columns)
            plain(f"l{layer}.{part}.b", rows)

    encoded = [piece.encode() for piece in pieces]
    offsets = np.cumsum([0, *map(len, encoded)]).astype("<u4")
    scores = np.array([0.0] * 4 + [-float(1 + len(pieces) - len(piece)) for piece in pieces[4:]], "<f4")
    becomes = {"\t": " ", "\u00a0": " ", "\u200b": " ", "\u0007": "", "\uff41": "a", "\u00b2": "2"}
    characters = b"".join(
        struct.pack(f"<IB{len(text)}I", ord(each), len(text), *map(ord, text))
        for each, text in sorted(becomes.items())
    )
    head = struct.pack(
        "<4sI7ifi", b"E5S1", 1, hidden, layers, heads, inner, len(pieces), positions, 2, 1e-12, 32
    )
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, offsets[-1]) + offsets.tobytes() + scores.tobytes()
    head += b"".join(encoded) + struct.pack("<iI", len(becomes), len(characters)) + characters
    directory = sum(2 + len(name) + 21 for name, *_ in stored)
    at = len(head) + 4 + directory
    head += struct.pack("<i", len(stored))
    for name, kind, count, content in stored:
        head += (
            struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, at, len(content))
        )
        at += len(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + b"".join(content for *_, content in stored))
    return arrays


def make_e5_wheel(folder: Path, shelf: Path) -> PackagedModel:
    """The tiny engine file in a wheel that is for Linux only, as its tag says, whatever the tests run on."""
    make_e5(folder / "tiny.bin")
    tag = "py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64"
    wheel = make_wheel(folder, shelf, name="tiny-engine", tag=tag)
    return replace(
        wheel, weights="tiny.bin", form="e5s1", wheel=f"tiny_engine-1.0-{tag}.whl", languages=frozenset()
    )


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def make_gguf(path: Path) -> Path:
    """A Llama chat model of one layer in a GGUF file, quantised to 8 bits, its tokenizer one of single bytes."""
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    width, inner = 32, 64
    letters = [chr(code) for code in range(33, 127)]
    words = ["<|end|>", "<|im_start|>", "<|im_end|>", *letters, "Ġ", "Ċ", "re", "fu"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(8)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3] * 3 + [1] * (len(words) - 3))
    writer.add_token_merges(["r e", "f u"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}")
    random = np.random.default_rng(7)
    shapes = {
        "token_embd": (len(words), width),
        **{f"blk.0.attn_{part}": (width, width) for part in ("q", "k", "v", "output")},
        "blk.0.ffn_gate": (inner, width),
        "blk.0.ffn_up": (inner, width),
        "blk.0.ffn_down": (width, inner),
    }
    kind = gguf.GGMLQuantizationType.Q8_0
    for name, shape in shapes.items():
        values = random.normal(0, 0.3, shape).astype(np.float32)
        writer.add_tensor(f"{name}.weight", gguf.quantize(values, kind), raw_dtype=kind)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
