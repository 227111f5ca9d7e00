"""Train the reader on companies' documentation with questions: an adapter over the tuned embedder, and last layers.

    scripts/train_reader.py scripts/data/manifest.toml --data DATA --work .ragbot-train --write ragbot/models/adapters

Each step reads some questions, each with a passage that answers it and some that do not: the right one shall come first
(cross-entropy over the question's passages), right ones shall be told from wrong ones whatever the question (logistic
loss, so that an unanswerable question is seen), and of a right passage the right sentence shall be nearest. Afterwards
its logit, and with it the embedder's cosine, are made a probability on the left-out companies (logistic regression).
`--work` holds the mined passages of `train_embedder.py` and a checkpoint every 100 steps, from which a run goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from companies import Company, Question
from ragbot.models.adapter import write_adapter
from ragbot.models.catalog import EMBEDDED
from ragbot.models.hub import locate
from ragbot.models.manifest import file_sha256, read_manifest
from ragbot.models.read import pair, parts_of, shortened
from ragbot.models.reader_net import Head, save_head
from ragbot.models.tune import Encoder, attach, by_length
from ragbot.settings import load_settings
from support_figures import DEPTH, Ranked, asked, figures, show
from train_embedder import mined, read_manifest_sets

_NEAR = 15
"""Of the passages that a search ranks highest, how many wrong ones are drawn from."""
_CALIBRATED = 2
"""Best candidates of a question whose probabilities are made to hold."""
_ELSEWHERE = 0.35
"""Share of the questions without a conversation that are put behind one about something else, whose passage is then a
wrong one: a reader that has only seen follow-ups takes every message for one."""
_SHARPNESS = 20.0
"""What cosines of sentences are multiplied by before they compete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question with what answers it and what does not."""

    company: int
    question: Question
    right: tuple[int, ...]
    sentences: dict[int, frozenset[int]]
    wrong: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    ids: list[int]
    parts: Tensor


class Net:
    """Encoder and head over batches of pairs."""

    def __init__(self, encoder: Encoder, rank: int, frozen: int) -> None:
        self.encoder = encoder
        self.adapters = attach(encoder.model, rank, frozen=frozen)
        self.head = Head(encoder.model.config.hidden_size).to(encoder.device)

    def parameters(self) -> list[nn.Parameter]:
        return [parameter for each in self.adapters.values() for parameter in (each.A, each.B)]

    def question(self, text: str) -> list[int]:
        return shortened(self.encoder.tokenize([text], kind="query")[0][0])

    def pairs(self, company: Company, question: str, numbers: Sequence[int]) -> list[Pair]:
        ids = self.question(question)
        made = []
        for number in numbers:
            passage = company.passages[number]
            tokens = self.encoder.offsets(passage.text)
            both, ranges = pair(
                ids, SimpleNamespace(ids=tokens[0], offsets=tokens[1]), passage.spans, shift=tokens[2]
            )
            parts, _ = parts_of(len(ids), len(both), ranges)
            made.append(Pair(ids=both, parts=torch.from_numpy(parts)))
        return made

    def __call__(self, pairs: Sequence[Pair]) -> tuple[Tensor, list[Tensor]]:
        """Logits, shape (pairs,), and of each pair the cosines of its sentences."""
        logits: list[Tensor | None] = [None] * len(pairs)
        cosines: list[Tensor | None] = [None] * len(pairs)
        for batch in by_length([len(each.ids) for each in pairs]):
            states, _ = self.encoder.states([pairs[number].ids for number in batch])
            for row, number in enumerate(batch):
                tokens = len(pairs[number].ids)
                means = pairs[number].parts.to(states.device) @ states[row, :tokens]
                logits[number], cosines[number] = self.head(states[row, 0], means)
        return torch.stack([each for each in logits if each is not None]), [
            each for each in cosines if each is not None
        ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="where the manifest's folders lie")
    parser.add_argument("--embedder", default="e5-support")
    parser.add_argument("--name", default="e5-reader")
    parser.add_argument("--work", type=Path, default=Path(".ragbot-train"))
    parser.add_argument("--write", type=Path, help="folder for the adapter and the last layers")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--chunk-tokens", type=int, default=180)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument(
        "--start", type=Path, help="a checkpoint whose weights, not whose schedule, are gone on from"
    )
    parser.add_argument("--steps", type=int, default=0, help="most steps; 0: all of the epochs")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--frozen", type=int, default=4, help="lowest layers that stay as they are")
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--questions", type=int, default=6, help="a step")
    parser.add_argument("--passages", type=int, default=4, help="a question")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    models = load_settings().models
    folder = locate(given.embedder, models)
    prompts = read_manifest(folder, given.embedder).details["prompts"]
    encoder = Encoder(folder, device=given.device, prompts=prompts)
    train, choose = read_manifest_sets(given.manifest, given.data, encoder.count_tokens, given.chunk_tokens)
    first = {company.name: first_stage(encoder, company) for company in choose}
    torch.manual_seed(given.seed)
    net = Net(encoder, given.rank, given.frozen)
    items = [
        item for number, company in enumerate(train) for item in _items(net, number, company, given.work)
    ]
    print(f"{len(items)} questions", flush=True)
    _train(net, train, items, given)
    details = _calibrate(net, choose, first) | {"embedder": given.embedder, "prompts": prompts}
    if given.write:
        head = given.write / f"{given.name}-head.safetensors"
        save_head(head, net.head, {"reader": json.dumps(details)})
        halves = {
            key: (each.A.detach().cpu().numpy(), each.B.detach().cpu().numpy())
            for key, each in net.adapters.items()
        }
        adapter = given.write / f"{given.name}.safetensors"
        base = EMBEDDED[given.embedder]
        sha256 = write_adapter(adapter, halves, {"base": base.name, "base_sha256": base.identity})
        print(f"{adapter.name} {sha256}\n{head.name} {file_sha256(head)}")


def _items(net: Net, number: int, company: Company, work: Path) -> list[Item]:
    ranked = mined(net.encoder, company, work)
    sources = [passage.chunk.source for passage in company.passages]
    items = []
    for question in company.questions:
        right = tuple(sorted({each for found in company.gold(question) for each in found}))
        if question.answerable and not right:
            continue
        named = {each for each, source in enumerate(sources) if source in question.articles}
        near = [each for each in ranked[question.id] if each in named]
        if question.answerable:  # other passages of several right articles may say the same
            unclear = named if len(question.articles) > 1 else set()
            wrong = [each for each in ranked[question.id] if each not in right and each not in unclear]
        else:
            wrong = list(dict.fromkeys([*near, *ranked[question.id]]))
        sentences = {each: company.gold_sentences(question, each) for each in right}
        items.append(
            Item(
                company=number,
                question=question,
                right=right,
                sentences=sentences,
                wrong=tuple(wrong[:_NEAR]),
            )
        )
    return items


def _train(net: Net, companies: Sequence[Company], items: list[Item], given: argparse.Namespace) -> None:
    steps = given.epochs * (len(items) // given.questions)
    steps = min(steps, given.steps or steps)
    optimizer = torch.optim.AdamW(
        [
            {"params": net.parameters(), "lr": given.learning_rate},
            {"params": net.head.parameters(), "lr": 1e-3},
        ],
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / max(1, steps // 10)) * max(0.02, 1 - step / steps)
    )
    answered: dict[int, list[Item]] = {}
    for item in items:
        if item.right and item.question.answer:
            answered.setdefault(item.company, []).append(item)
    checkpoint = given.work / f"{given.name}.pt"
    begin = _resumed(checkpoint, net, optimizer, schedule)
    if not begin and given.start:
        _load(torch.load(given.start, weights_only=True), net)
    began, losses = time.monotonic(), []
    for step in range(begin, steps):
        epoch, place = divmod(step, len(items) // given.questions)
        order = random.Random(f"{given.seed}/{epoch}").sample(range(len(items)), len(items))
        draw = random.Random(f"{given.seed}/{step}")
        chosen = [items[each] for each in order[place * given.questions : (place + 1) * given.questions]]
        net.encoder.model.train()
        loss = _loss(net, companies, chosen, answered, passages=given.passages, draw=draw)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it so
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 25 == 0:
            print(
                f"step {step + 1} of {steps}: {np.mean(losses[-25:]):.3f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
        if (step + 1) % 100 == 0:
            _save(checkpoint, step + 1, net, optimizer, schedule)
    _save(checkpoint, steps, net, optimizer, schedule)
    net.encoder.model.eval()


def _save(path: Path, step: int, net: Net, optimizer: torch.optim.Optimizer, schedule: object) -> None:
    state = {
        "step": step,
        "adapters": {key: (each.A.detach(), each.B.detach()) for key, each in net.adapters.items()},
        "head": net.head.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),  # type: ignore[attr-defined]
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def _resumed(path: Path, net: Net, optimizer: torch.optim.Optimizer, schedule: object) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    _load(state, net)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])  # type: ignore[attr-defined]
    return int(state["step"])


def _load(state: dict[str, Any], net: Net) -> None:
    """The weights of a checkpoint."""
    with torch.no_grad():
        for key, (a, b) in state["adapters"].items():
            net.adapters[key].A.copy_(a)
            net.adapters[key].B.copy_(b)
    net.head.load_state_dict(state["head"])


def _loss(
    net: Net,
    companies: Sequence[Company],
    items: Sequence[Item],
    answered: dict[int, list[Item]],
    *,
    passages: int,
    draw: random.Random,
) -> Tensor:
    """`answered`: the answerable questions of each company, which others are put behind."""
    pairs: list[Pair] = []
    owners, right, exact = [], [], []
    for place, item in enumerate(items):
        question = item.question
        text = question.in_context if question.kind == "follow_up" or draw.random() < 0.7 else question.text
        count = passages - 1
        numbers = [draw.choice(item.right)] if item.right else []
        before = draw.choice(answered[item.company]) if answered.get(item.company) else item
        apart = before.right and not set(before.right) & set(item.right)
        if apart and not question.history and draw.random() < _ELSEWHERE:
            turns = (before.question.text, " ".join(before.question.answer))
            text = "\n".join((*turns[: draw.choice((1, 2, 2))], question.text))
            numbers.append(draw.choice(before.right))
            count -= 1
        wrong = [each for each in item.wrong if each not in numbers]
        numbers += draw.sample(wrong, min(count, len(wrong)))
        pairs += net.pairs(companies[item.company], text, numbers)
        owners += [place] * len(numbers)
        right += [number in item.right for number in numbers]
        exact += [item.sentences.get(number, frozenset()) for number in numbers]
    logits, cosines = net(pairs)
    owner, answers = torch.tensor(owners), torch.tensor(right)
    ranked = [
        -logits[owner == each].log_softmax(0)[answers[owner == each]].mean()
        for each in range(len(items))
        if answers[owner == each].any()
    ]
    single = functional.binary_cross_entropy_with_logits(logits, answers.float(), reduction="none")
    told = single[answers].sum() / answers.sum().clamp(min=1) + single[~answers].sum() / (
        ~answers
    ).sum().clamp(min=1)
    placed = []
    for found, wanted in zip(cosines, exact, strict=True):
        inside = [number for number in wanted if number < len(found)]
        if inside and len(found) > 1:
            placed.append(-torch.logsumexp((found * _SHARPNESS).log_softmax(0)[inside], 0))
    zero = logits.sum() * 0
    return (
        (torch.stack(ranked).mean() if ranked else zero)
        + 0.5 * told
        + 0.5 * (torch.stack(placed).mean() if placed else zero)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What the embedder found for one question."""

    numbers: list[int]
    cosines: list[float]


def first_stage(encoder: Encoder, company: Company) -> list[First]:
    """The passages nearest to each question by the embedder's vectors."""
    questions = asked(company)
    with torch.inference_mode():
        passages, _ = encoder.encode(encoder.tokenize([each.text for each in company.passages]))
        alone, context = (
            encoder.encode(encoder.tokenize(texts, kind="query"))[0]
            for texts in ([each.text for each in questions], [each.in_context for each in questions])
        )
        found = (functional.normalize(alone + context, dim=1) @ passages.T).topk(DEPTH, dim=1)
    return [
        First(numbers=numbers, cosines=cosines)
        for numbers, cosines in zip(found.indices.tolist(), found.values.tolist(), strict=True)
    ]


def _calibrate(net: Net, choose: Sequence[Company], first: dict[str, list[First]]) -> dict[str, list[float]]:
    """Weights that make logit (and cosine) a probability, learnt on the left-out companies, whose figures under it,
    each by the weights of the others, are shown."""
    from sklearn.linear_model import LogisticRegression

    logits, cosines, labels = {}, {}, {}
    for company in choose:
        rows = []
        for question, found in zip(asked(company), first[company.name], strict=True):
            with torch.inference_mode():
                rows.append(net(net.pairs(company, question.in_context, found.numbers))[0].cpu().numpy())
        logits[company.name] = np.array(rows)
        cosines[company.name] = np.array([each.cosines for each in first[company.name]])
        labels[company.name] = np.array(
            [
                [question.answerable and _answers(company, question, number) for number in found.numbers]
                for question, found in zip(asked(company), first[company.name], strict=True)
            ]
        )

    def columns(name: str, with_cosine: bool) -> NDArray[np.float64]:
        values = [logits[name], cosines[name]] if with_cosine else [logits[name]]
        return np.stack(values, axis=-1).astype(float)

    def learnt(names: Sequence[str], with_cosine: bool) -> list[float]:
        """First over all candidates, to order them; then over the first `_CALIBRATED` of each question alone, for
        theirs are the probabilities that are used."""
        rows = np.concatenate([columns(name, with_cosine) for name in names])
        right = np.concatenate([labels[name] for name in names])
        kept = np.ones(right.shape, dtype=bool)
        for _ in range(2):
            model = LogisticRegression(C=100.0).fit(rows[kept], right[kept])
            value = rows @ model.coef_[0]
            kept = value >= np.sort(value, axis=1)[:, [-_CALIBRATED]]
        return [*model.coef_[0].tolist(), float(model.intercept_[0])]

    for with_cosine in (False, True):
        shown = []
        for company in choose:
            *slopes, shift = learnt([each.name for each in choose if each is not company], with_cosine)
            probability = 1 / (1 + np.exp(-(columns(company.name, with_cosine) @ np.array(slopes) + shift)))
            order = np.argsort(-probability, axis=1, kind="stable")
            ranked = [
                Ranked(passages=[found.numbers[each] for each in row], confidence=float(of.max()))
                for found, row, of in zip(first[company.name], order, probability, strict=True)
            ]
            shown.append(figures(company, "reader + cosine" if with_cosine else "reader", ranked))
            best = labels[company.name][np.arange(len(order)), order[:, 0]]
            error = _calibration_error(probability.max(axis=1), best)
            print(f"{company.name}: expected calibration error of the best passage {error:.3f}")
        show(shown)
    every = [company.name for company in choose]
    return {"alone": learnt(every, False), "with_cosine": learnt(every, True)}


def _answers(company: Company, question: Question, number: int) -> bool:
    """Whether a passage holds the answer, or at least one of its excerpts."""
    passage = company.passages[number]
    held = any(number in found for found in company.gold(question))
    return held or company.says(question, passage.text)


def _calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance of mean probability and share of right ones in bins of equal width, weighted by their size
    (Naeini, Cooper & Hauskrecht, 2015)."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(probability[place == each].mean() - right[place == each].mean()) * (place == each).mean()
            for each in range(bins)
            if (place == each).any()
        )
    )


if __name__ == "__main__":
    main()
