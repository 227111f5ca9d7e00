"""The reader's network: message and passage read together by a tuned encoder, and how well the one answers the other.

Both stand in one text, so that each word sees all others (a cross-encoder: Nogueira & Cho, "Passage Re-ranking with
BERT", 2019). What is compared are means of tokens, as in the encoder that it starts from: that of the message with
that of the passage and with that of each sentence. A small layer learns what the cosines miss; it begins at nothing,
so that reading begins as good as the encoder was. Needs torch: for training, and for writing the graph at a pull.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ragbot.errors import ModelDamaged

HIDDEN: Final = 64
_SCALE: Final = 10.0
"""What a cosine counts at the beginning; it is learnt on."""
_SHIFT: Final = -16.0


class Head(nn.Module):
    """Means of tokens -> one logit and the cosine of each sentence."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.passage = nn.Parameter(torch.tensor(_SCALE))
        self.sentence = nn.Parameter(torch.tensor(_SCALE))
        self.shift = nn.Parameter(torch.tensor(_SHIFT))
        self.inner = nn.Linear(3 * width, HIDDEN)
        self.outer = nn.Linear(HIDDEN, 1)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, first: Tensor, means: Tensor) -> tuple[Tensor, Tensor]:
        """`first`: state of the first token, shape (width,); `means`: of the message, the passage and each sentence,
        shape (2 + sentences, width). Returns the logit, shape (), and the cosines, shape (sentences,)."""
        unit = functional.normalize(means, dim=1)
        whole = (unit[1] * unit[0]).sum()
        cosines = unit[2:] @ unit[0]
        best = cosines.argmax()
        features = torch.cat([means[0] * means[1], means[0] * means[2:][best], first])
        corrected = self.outer(torch.tanh(self.inner(features))).squeeze()
        return self.passage * whole + self.sentence * cosines[best] + self.shift + corrected, cosines


def save_head(path: Path, head: Head, metadata: Mapping[str, str]) -> None:
    """Write the layers after the encoder as float32 safetensors; `metadata` is kept in the header."""
    from safetensors.torch import save_file

    save_file(
        {name: each.detach().contiguous() for name, each in head.state_dict().items()}, path, dict(metadata)
    )


def load_head(path: Path) -> Head:
    """The layers that `save_head` wrote. Raises `ModelDamaged` where the file is damaged or holds other layers."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state = load_file(path)
        head = Head(state["inner.weight"].shape[1] // 3)
        head.load_state_dict(state)
    except (SafetensorError, OSError, KeyError, IndexError, RuntimeError) as error:
        raise ModelDamaged(
            f"{path.name} holds no reader's last layers ({error}); install ragbot again"
        ) from error
    return head


class ReaderNet(nn.Module):
    """One pair: what is exported."""

    def __init__(self, encoder: Any, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, input_ids: Tensor, parts: Tensor) -> tuple[Tensor, Tensor]:
        """`input_ids`, shape (1, tokens); `parts`, shape (2 + sentences, tokens): each row takes the mean of the tokens
        that are the message's, the passage's, a sentence's. Returns logit (1,) and cosines (sentences,)."""
        states = self.encoder(input_ids=input_ids).last_hidden_state[0]
        logit, cosines = self.head(states[0], parts @ states)
        return logit.unsqueeze(0), cosines
