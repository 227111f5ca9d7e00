"""Teach an embedder how customers ask: contrastive tuning of low-rank adapters over a BERT encoder.

What is learnt is W + B A for each matrix of the encoder (Hu et al., "LoRA: Low-Rank Adaptation of Large Language
Models", 2021); word embeddings stay. A passage is known by one vector, the mean of its tokens, and by one for each of
its sentences, the mean of the sentence's tokens *read in the passage* (Günther et al., "Late Chunking", 2024). Of the
passages of one company in a batch, the right one shall be nearest by both, and the right sentence nearer than all
others (cross-entropy over the batch: van den Oord et al., "Representation Learning with Contrastive Predictive
Coding", 2018); and how near is near enough shall be the same for every message, so that one that nothing answers is
told by it (sigmoid loss: Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023).
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ragbot.errors import ModelDamaged, ModelError
from ragbot.models.embed import Span, token_ranges
from ragbot.models.runtime import quiet_transformers

Pairs = dict[str, tuple[Tensor, Tensor]]
"""Key of a weight matrix -> (A of shape (rank, in), B of shape (out, rank))."""
_TOKENS_AT_ONCE = 1_024
"""Tokens of a batch of texts of like length: larger ones were slower on a CPU (scripts/LOG.md)."""
_TELL_EVERY = 20
"""Steps between two lines of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message and what a search should make of it; passages are numbers in the corpus."""

    messages: tuple[str, ...]
    """Ways to put it, of which one is drawn each time: alone, with the conversation in front."""
    right: tuple[int, ...] = ()
    """Passages that answer it; none where nothing does."""
    sentences: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """Of a right passage the sentences that answer, as numbers in its `spans`."""
    wrong: tuple[int, ...] = ()
    """Passages that do not, those that a search would rank highest first."""
    unclear: frozenset[int] = frozenset()
    """Passages that may answer it too: neither right nor wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """One company: negatives are drawn within it."""

    name: str
    texts: Sequence[str]
    """Passages as they are embedded, without the model's prompt."""
    spans: Sequence[Sequence[Span]]
    """Of each passage the sentences, as offsets in characters."""
    examples: Sequence[Example]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneSettings:
    epochs: int = 2
    rank: int = 32
    learning_rate: float = 5e-4
    batch: int = 20
    """Messages a step, all of one company."""
    negatives: int = 1
    """Wrong passages drawn for each message, on top of those of the other messages in the batch."""
    hardest: int = 12
    """How many of `Example.wrong` they are drawn from."""
    temperature: float = 0.02
    sentence_weight: float = 0.5
    message_weight: float = 0.3
    """Of the loss that finds the message of a passage."""
    nearness_weight: float = 0.2
    """Of the sigmoid loss on how near is near enough."""
    seed: int = 0


class Encoder:
    """A BERT encoder in sentence-transformers' layout that gives passages' and sentences' vectors, on torch."""

    def __init__(
        self,
        folder: Path,
        *,
        device: Literal["cpu", "cuda"] = "cpu",
        prompts: Mapping[str, str] | None = None,
    ) -> None:
        """`prompts`: what stands before a `query` and a `passage`. Raises `ModelError` where `folder` holds no BERT."""
        from tokenizers import Tokenizer
        from transformers import AutoModel

        try:
            with quiet_transformers():
                self.model: Any = AutoModel.from_pretrained(
                    folder,
                    add_pooling_layer=False,
                    attention_probs_dropout_prob=0.0,  # adapters of low rank need no other check on overfitting
                    hidden_dropout_prob=0.0,
                    local_files_only=True,
                    trust_remote_code=False,
                ).to(device)
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # whatever the libraries raise over a folder they cannot read
            raise ModelError(f"{folder} holds no encoder that can be tuned ({error})") from error
        self._whole = Tokenizer.from_str(self._tokenizer.to_str())
        for each in (self._tokenizer, self._whole):
            each.no_padding()
            each.no_truncation()
        self._tokenizer.enable_truncation(_longest(folder, self.model))
        self._prompts = dict(prompts or {})
        self.device = device
        self.model.requires_grad_(False)

    def tokenize(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]] | None = None, *, kind: str = "passage"
    ) -> list[tuple[list[int], list[Span]]]:
        """Token ids of each text, and its spans as ranges of tokens; spans that were cut off are left out."""
        prompt = self._prompts.get(kind, "")
        encoded = self._tokenizer.encode_batch([prompt + text for text in texts])
        ranges = spans if spans is not None else [()] * len(texts)
        return [
            (each.ids, [found for found in token_ranges(each.offsets, own, shift=len(prompt)) if found])
            for each, own in zip(encoded, ranges, strict=True)
        ]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without truncation, special tokens not counted."""
        return [
            len(each.ids) for each in self._whole.encode_batch_fast(list(texts), add_special_tokens=False)
        ]

    def encode(self, tokenized: Sequence[tuple[list[int], list[Span]]]) -> tuple[Tensor, list[Tensor]]:
        """Unit vectors of the texts, shape (texts, dimension), and of each text's spans, shape (spans, dimension).

        A text without spans has itself as its only one. Texts of like length run together.
        """
        vectors: list[Tensor | None] = [None] * len(tokenized)
        inner: list[Tensor | None] = [None] * len(tokenized)
        for batch in by_length([len(ids) for ids, _ in tokenized]):
            states, mask = self.states([tokenized[number][0] for number in batch])
            pooled = functional.normalize(
                (states * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True), dim=1
            )
            for row, number in enumerate(batch):
                vectors[number] = pooled[row]
                parts = [states[row, start:end].mean(0) for start, end in tokenized[number][1]]
                inner[number] = (
                    functional.normalize(torch.stack(parts), dim=1) if parts else pooled[row : row + 1]
                )
        return torch.stack([each for each in vectors if each is not None]), [
            each for each in inner if each is not None
        ]

    def offsets(self, passage: str) -> tuple[list[int], list[Span], int]:
        """Token ids of a passage, the characters that each stands for, and the length of the prompt before them."""
        prompt = self._prompts.get("passage", "")
        encoded = self._tokenizer.encode(prompt + passage)
        return encoded.ids, encoded.offsets, len(prompt)

    def states(self, ids: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """States of all tokens, shape (texts, longest, dimension), float32, and which of them are no padding."""
        width = max(map(len, ids))
        padded = torch.zeros(len(ids), width, dtype=torch.long)
        mask = torch.zeros(len(ids), width)
        for row, each in enumerate(ids):
            padded[row, : len(each)] = torch.tensor(each)
            mask[row, : len(each)] = 1
        padded, mask = padded.to(self.device), mask.to(self.device)
        with torch.autocast(self.device, torch.bfloat16):
            states = self.model(input_ids=padded, attention_mask=mask).last_hidden_state
        return states.float(), mask


class _Adapted(nn.Module):
    """A linear map with B A beside its matrix, which itself stays as it is and needs no gradient."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        weight = linear.weight
        self.A = nn.Parameter(
            torch.randn(rank, weight.shape[1], device=weight.device) / math.sqrt(weight.shape[1])
        )
        self.B = nn.Parameter(torch.zeros(weight.shape[0], rank, device=weight.device))

    def forward(self, states: Tensor) -> Tensor:
        added = functional.linear(functional.linear(states, self.A), self.B)
        return functional.linear(states, self.linear.weight, self.linear.bias) + added


def tune(
    encoder: Encoder,
    corpora: Sequence[Corpus],
    settings: TuneSettings | None = None,
    *,
    checkpoint: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
    after_epoch: Callable[[int], None] = lambda _: None,
) -> Pairs:
    """Learn from `corpora`; `encoder` then has the adapters in force, and they are returned.

    `checkpoint` is written after every epoch; where it is there and of the same settings, training goes on from it.
    `after_epoch` is called with the number of epochs done, to measure. The same seed, data and machine give the same
    adapters. Raises `ModelDamaged` where the checkpoint cannot be read, `ModelError` where there is nothing to learn.

    >>> tune(Encoder(folder), [corpus], TuneSettings(epochs=1))  # doctest: +SKIP
    {'encoder.layer.0.attention.self.query.weight': (tensor(...), tensor(...)), ...}
    """
    settings = settings or TuneSettings()
    if not any(example.right for corpus in corpora for example in corpus.examples):
        raise ModelError("there is nothing to learn from: no question has a passage that answers it")
    torch.manual_seed(settings.seed)
    steps = settings.epochs * sum(_count(corpus.examples, settings) for corpus in corpora)
    run = _Run(encoder, settings, steps)
    prepared = [_Prepared(encoder, corpus) for corpus in corpora]
    began = time.monotonic()
    for epoch in range(run.resume(checkpoint) if checkpoint else 0, settings.epochs):
        draw = random.Random(f"{settings.seed}/{epoch}")  # noqa: S311 - draws examples, no secrets
        encoder.model.train()
        losses: list[float] = []
        for number, (company, examples) in enumerate(_batches(prepared, settings, draw), start=1):
            losses.append(run.step(company, examples, draw))
            if number % _TELL_EVERY == 0:
                recent = sum(losses[-_TELL_EVERY:]) / _TELL_EVERY
                progress(
                    f"epoch {epoch + 1} step {number}: loss {recent:.3f}, {time.monotonic() - began:.0f} s"
                )
        encoder.model.eval()
        if checkpoint:
            run.save(checkpoint, epoch + 1)
        after_epoch(epoch + 1)
    return {key: (each.A.detach().cpu(), each.B.detach().cpu()) for key, each in run.adapters.items()}


class _Run:
    """What training changes, and how."""

    def __init__(self, encoder: Encoder, settings: TuneSettings, steps: int) -> None:
        self._encoder, self._settings = encoder, settings
        self.adapters = attach(encoder.model, settings.rank)
        self._nearness = _Nearness().to(encoder.device)
        self._trained = [parameter for each in self.adapters.values() for parameter in (each.A, each.B)]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": self._trained, "lr": settings.learning_rate},
                {"params": list(self._nearness.parameters()), "lr": 0.01, "weight_decay": 0.0},
            ],
            weight_decay=0.01,
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: _warm_then_fall(step, steps)
        )

    def step(self, company: _Prepared, examples: Sequence[Example], draw: random.Random) -> float:
        """Learn from one batch; returns its loss."""
        loss = self._loss(company, examples, draw)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it so
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._schedule.step()
        return loss.item()

    def _loss(self, company: _Prepared, examples: Sequence[Example], draw: random.Random) -> Tensor:
        encoder, settings = self._encoder, self._settings
        numbers = _drawn(examples, settings, draw)
        messages = encoder.tokenize([draw.choice(each.messages) for each in examples], kind="query")
        asked, _ = encoder.encode(messages)
        passages, inner = encoder.encode([company.passages[number] for number in numbers])
        owner = torch.tensor(
            [row for row, each in enumerate(inner) for _ in range(len(each))], device=encoder.device
        )
        right = torch.tensor([[number in each.right for number in numbers] for each in examples])
        unclear = torch.tensor([[number in each.unclear for number in numbers] for each in examples]) & ~right
        exact = _right_sentences(examples, numbers, inner)
        right, unclear, exact = (each.to(encoder.device) for each in (right, unclear, exact))
        whole, parts = asked @ passages.T, asked @ torch.cat(inner).T
        best = torch.zeros_like(whole).scatter_reduce(
            1, owner.expand(len(examples), -1), parts, "amax", include_self=False
        )
        by_passage = _choose(whole, right, unclear, settings.temperature)
        by_sentence = _choose(best, right, unclear, settings.temperature)
        sentence = _choose(parts, exact, unclear[:, owner], settings.temperature)
        message = _choose(
            whole.T, right.T & (right.sum(0) == 1).unsqueeze(1), unclear.T, settings.temperature
        )
        near = functional.binary_cross_entropy_with_logits(
            self._nearness((whole + best) / 2), right.float(), reduction="none"
        )
        balanced = _mean(near, right) + _mean(near, ~right & ~unclear)
        return (
            by_passage
            + settings.sentence_weight * (by_sentence + sentence)
            + settings.message_weight * message
            + settings.nearness_weight * balanced
        )

    def save(self, path: Path, epoch: int) -> None:
        """All that the next epoch needs, as safetensors; the file is there whole or not at all."""
        from safetensors.torch import save_file

        tensors = {
            f"{key}.{part}": getattr(each, part).detach()
            for key, each in self.adapters.items()
            for part in "AB"
        }
        tensors |= {f"nearness.{name}": each.detach() for name, each in self._nearness.named_parameters()}
        for number, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
        metadata = {
            "settings": repr(asdict(self._settings)),
            "epoch": str(epoch),
            "step": str(self._schedule.last_epoch),
        }
        partial = path.with_suffix(".partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: each.contiguous() for key, each in tensors.items()}, partial, metadata=metadata)
        partial.replace(path)

    def resume(self, path: Path) -> int:
        """Take up where the checkpoint ends, if there is one; returns how many epochs are done."""
        if not path.is_file():
            return 0
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            if metadata["settings"] != repr(asdict(self._settings)):
                raise ModelError(
                    f"{path} is of a run with other settings; remove it or name another checkpoint"
                )
            with torch.no_grad():
                for key, each in self.adapters.items():
                    each.A.copy_(tensors[f"{key}.A"])
                    each.B.copy_(tensors[f"{key}.B"])
                for name, parameter in self._nearness.named_parameters():
                    parameter.copy_(tensors[f"nearness.{name}"])
            state = self._optimizer.state_dict()
            for number in range(sum(len(group["params"]) for group in state["param_groups"])):
                prefix = f"optimizer.{number}."
                state["state"][number] = {
                    key.removeprefix(prefix): each for key, each in tensors.items() if key.startswith(prefix)
                }
            self._optimizer.load_state_dict(state)
            self._schedule.last_epoch = int(metadata["step"])
            rates = zip(self._optimizer.param_groups, self._schedule.base_lrs, strict=True)
            for group, base in rates:
                group["lr"] = base * self._schedule.lr_lambdas[0](self._schedule.last_epoch)
            return int(metadata["epoch"])
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise ModelDamaged(
                f"checkpoint {path} cannot be read ({error}); remove it to begin anew"
            ) from error


class _Nearness(nn.Module):
    """A cosine -> the logit of being right; one for all messages."""

    def __init__(self) -> None:
        super().__init__()
        self.middle = nn.Parameter(torch.tensor(0.85))
        self.log_scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, cosines: Tensor) -> Tensor:
        return self.log_scale.exp() * (cosines - self.middle)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A corpus with its passages tokenised once."""

    examples: Sequence[Example]
    passages: list[tuple[list[int], list[Span]]]

    def __init__(self, encoder: Encoder, corpus: Corpus) -> None:
        object.__setattr__(self, "examples", corpus.examples)
        object.__setattr__(self, "passages", encoder.tokenize(corpus.texts, corpus.spans))


def attach(model: nn.Module, rank: int, *, frozen: int = 0) -> dict[str, _Adapted]:
    """Put adapters around the linear maps of `model`, but for those of the lowest `frozen` layers; returns them by the
    key of the matrix."""
    adapters = {}
    for name, each in list(model.named_modules()):
        if isinstance(each, nn.Linear) and int(name.split(".")[2]) >= frozen:
            parent, _, own = name.rpartition(".")
            adapters[f"{name}.weight"] = adapter = _Adapted(each, rank)
            setattr(model.get_submodule(parent), own, adapter)
    return adapters


def _batches(
    prepared: Sequence[_Prepared], settings: TuneSettings, draw: random.Random
) -> Iterator[tuple[_Prepared, list[Example]]]:
    """Each example once, those of a company together, companies and examples in random order."""
    found = []
    for company in prepared:
        examples = list(company.examples)
        draw.shuffle(examples)
        count = _count(examples, settings)
        found += [(company, examples[start::count]) for start in range(count)]
    draw.shuffle(found)
    yield from found


def _count(examples: Sequence[Example], settings: TuneSettings) -> int:
    """Batches of one company in an epoch."""
    return max(1, round(len(examples) / settings.batch))


def _drawn(examples: Sequence[Example], settings: TuneSettings, draw: random.Random) -> list[int]:
    """The passages of a batch: of each example a right one (of a question in two parts two) and wrong ones."""
    passages: list[int] = []
    for example in examples:
        passages += draw.sample(example.right, min(2, len(example.right)))
        near = example.wrong[: settings.hardest]
        passages += draw.sample(near, min(settings.negatives, len(near)))
    return list(dict.fromkeys(passages))


def _right_sentences(examples: Sequence[Example], numbers: Sequence[int], inner: Sequence[Tensor]) -> Tensor:
    starts = [0, *itertools.accumulate(len(each) for each in inner)]
    exact = torch.zeros(len(examples), starts[-1], dtype=torch.bool)
    for row, example in enumerate(examples):
        for place, number in enumerate(numbers):
            for sentence in example.sentences.get(number, ()):
                if sentence < len(inner[place]):
                    exact[row, starts[place] + sentence] = True
    return exact


def _choose(cosines: Tensor, right: Tensor, unclear: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of finding a right column in each row that has one; 0 where none has."""
    rows = right.any(1)
    if not rows.any():
        return cosines.sum() * 0
    shares = (cosines / temperature).masked_fill(unclear, -1e4).log_softmax(1)
    return -torch.logsumexp(shares.masked_fill(~right, -1e4), 1)[rows].mean()


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _warm_then_fall(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / max(1, steps // 10)) * max(0.02, 1 - step / max(1, steps))


def by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of texts, shortest first, in batches of some thousand tokens."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda each: lengths[each]):
        if batch and (len(batch) + 1) * lengths[number] > _TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _longest(folder: Path, model: Any) -> int:
    import json

    try:
        told = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))[
            "max_seq_length"
        ]
    except (OSError, ValueError, KeyError):
        told = model.config.max_position_embeddings
    return min(int(told), int(model.config.max_position_embeddings))
