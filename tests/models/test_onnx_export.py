"""What is done to an encoder before it is quantised: the same vectors, fewer nodes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tiny_models import make_embedder
from transformers import AutoModel

from ragbot.models.onnx_export import export
from ragbot.models.smooth import even_rows, smooth

IDS = ([2, 5, 6, 7, 8, 4], [2, 9, 4], [2, *range(5, 20), 4])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_embedder(tmp_path / "tiny")


def states(encoder: Any, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = encoder(input_ids=torch.tensor([ids])).last_hidden_state
    return found


def test_evening_out_changes_nothing_in_float32(folder: Path) -> None:
    """Smoothed channels and evened rows give the same hidden states, and each feed-forward block is evened."""
    encoder: Any = AutoModel.from_pretrained(folder).eval()
    before = [states(encoder, ids) for ids in IDS]
    smooth(encoder, IDS)
    even_rows(encoder)
    kinds = Counter(type(module).__name__ for module in encoder.modules())
    assert kinds["Evened"] == encoder.config.num_hidden_layers
    assert kinds["Scaled"] >= encoder.config.num_hidden_layers
    for ids, expected in zip(IDS, before, strict=True):
        torch.testing.assert_close(states(encoder, ids), expected, atol=1e-5, rtol=1e-5)


def test_attention_is_one_node_without_reshapes_around_it(folder: Path, tmp_path: Path) -> None:
    """Attention reads the projections themselves, and the graph's vectors are the original's."""
    target = tmp_path / "graph.onnx"
    export(folder, target, pooling="mean", int8=False, texts=IDS)
    graph = onnx.load_model(target).graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    attention = [node for node in graph.node if node.op_type == "MultiHeadAttention"]
    encoder: Any = AutoModel.from_pretrained(folder).eval()
    assert len(attention) == encoder.config.num_hidden_layers
    assert "Reshape" not in {makers[name] for node in attention for name in node.input[:3]}
    mixed = {node.output[0] for node in attention}
    assert "Reshape" not in {node.op_type for node in graph.node if not mixed.isdisjoint(node.input)}
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    for ids in IDS:
        expected = states(encoder, ids)
        pooled = torch.nn.functional.normalize(expected.mean(1), dim=1)
        found, tokens = session.run(None, {"input_ids": np.array([ids], np.int64)})
        np.testing.assert_allclose(found, pooled.numpy(), atol=1e-5)
        np.testing.assert_allclose(tokens, expected[0].numpy(), atol=1e-4)
