"""Even out activations before they are quantised, so that int8 hurts less; in float32 nothing changes.

`smooth` moves the spread between channels into the weights. Xiao et al. 2023, "SmoothQuant", equation 4: input
channel j of a linear layer is divided by s_j = max|x_j|^a / max|w_j|^(1-a), and row j of its weights is
multiplied by it. `even_rows` takes out the spread between tokens. Yao et al. 2022, "ZeroQuant", token-wise
quantisation: each token has a scale of its own. This file does not know about ONNX or quantisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ALPHA = 0.6
"""Share of the spread that goes into the weights. For all-MiniLM-L6-v2 everything from 0.5 to 0.85 is alike
(scripts/LOG.md)."""
_LEAST = 1e-5
_LEAST_ROW = 0.5
"""Tokens whose values all lie below it are not stretched: GELU goes down to -0.17, and a stretched -0.17 would
set the scale of all."""


def smooth(encoder: Any, texts: Sequence[Sequence[int]]) -> None:
    """Rewrite, in place, the linear layers that read the encoder's hidden states; `texts` are token ids to
    measure the channels on.

    Layers that read the same tensor (query, key and value) share one scale, so it is quantised once.
    """
    import torch

    width = encoder.config.hidden_size
    layers = {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and module.in_features == width
    }
    largest, shared = _measure(encoder, layers, texts)
    for names in shared:
        activation = largest[names[0]].clamp(min=_LEAST)
        weight = torch.stack([layers[name].weight.detach().abs().amax(0) for name in names]).amax(0)
        scale = activation**ALPHA / weight.clamp(min=_LEAST) ** (1 - ALPHA)
        scale /= scale.mean()
        for name in names:
            parent, _, leaf = name.rpartition(".")
            setattr(encoder.get_submodule(parent), leaf, _scaled(layers[name], scale))


def even_rows(encoder: Any) -> None:
    """Rewrite, in place, the second linear layer of each feed-forward block: a token's values are divided by
    the largest, and its result is multiplied by it. Their outliers belong to tokens, not to channels.
    """
    import torch

    width = encoder.config.hidden_size
    for name, module in list(encoder.named_modules()):
        if isinstance(module, torch.nn.Linear) and module.in_features > width:
            parent, _, leaf = name.rpartition(".")
            setattr(encoder.get_submodule(parent), leaf, _evened(module))


def _measure(
    encoder: Any, layers: dict[str, torch.nn.Linear], texts: Sequence[Sequence[int]]
) -> tuple[dict[str, torch.Tensor], list[list[str]]]:
    """The largest absolute value in each input channel of each layer that ran, and which layers share an input."""
    import torch

    largest: dict[str, torch.Tensor] = {}
    readers: dict[int, list[str]] = {}
    seen: list[torch.Tensor] = []  # keeps the tensors alive, so that no two have the same id

    def watch(name: str) -> Any:
        def look(_: object, given: tuple[torch.Tensor, ...]) -> None:
            if name not in largest:
                readers.setdefault(id(given[0]), []).append(name)
                seen.append(given[0])
            most = given[0].detach().abs().flatten(0, -2).amax(0)
            largest[name] = torch.maximum(largest.get(name, most), most)

        return look

    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    try:
        with torch.no_grad():
            for ids in texts:
                encoder(input_ids=torch.tensor([list(ids)]))
    finally:
        for hook in hooks:
            hook.remove()
    return largest, list(readers.values())


def _scaled(layer: torch.nn.Linear, scale: torch.Tensor) -> torch.nn.Module:
    import torch

    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layer
            self.inverse: torch.Tensor
            self.register_buffer("inverse", 1 / scale)
            with torch.no_grad():
                layer.weight.mul_(scale)

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            scaled: torch.Tensor = self.inner(states * self.inverse)
            return scaled

    return Scaled()


def _evened(layer: torch.nn.Linear) -> torch.nn.Module:
    import torch

    class Evened(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(layer.in_features, layer.out_features, bias=False)
            self.inner.weight = layer.weight
            self.bias = layer.bias

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            largest = states.amax(-1, keepdim=True).clamp(min=_LEAST_ROW)
            mixed: torch.Tensor = self.inner(states / largest) * largest
            return mixed if self.bias is None else mixed + self.bias

    return Evened()
