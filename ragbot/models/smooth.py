"""Move the spread of activations into the weights, so that int8 hurts less: SmoothQuant.

Xiao et al. 2023, "SmoothQuant", equation 4: input channel j of a linear layer is divided by
s_j = max|x_j|^a / max|w_j|^(1-a), and row j of its weights is multiplied by it, which changes nothing in
float32. It does not know about ONNX or quantisation.
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


def smooth(encoder: Any, texts: Sequence[Sequence[int]]) -> None:
    """Rewrite, in place, the linear layers that read the encoder's hidden states; `texts` are token ids to
    measure the channels on.

    Layers that read the same tensor (query, key and value) share one scale, so it is quantised once. The
    second layer of each feed-forward block is left alone: its outliers belong to tokens, not to channels.
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
