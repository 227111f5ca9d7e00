"""How well follow-ups are completed from their conversation, against what people wrote.

    scripts/bench_rewrite.py DATA [--part held-out|tuned|all] [--search] [--model [--limit N]]

DATA is JSON Lines in the form of CANARD (Elgohary, Peskov & Boyd-Graber, "Can You Unpack That? Learning to Rewrite
Questions-in-Context", 2019): `id` (dialogue, "/", number), `history` (what the customer and the other side said in
turn: topic, section, question, answer, ...), `question`, `rewrite` (a person's standalone question).

Counted in stems of content words. *Needed* is what the person's rewrite has and the question has not.

    recall       share of the needed that a system adds; also of names and of numbers alone
    precision    share of what a system adds that is needed
    leans        whether a message needs the conversation: precision and recall of the decision
    R@1, R@5     with --search: answers of all dialogues are passages under their topic; the share of questions whose
                 answer is found, passages left out that the conversation has already given

Each with a 95 % bootstrap interval over dialogues, which are drawn whole. Baselines in the same run: the question as
asked, with all messages of the customer, with the whole conversation. `--model` adds the configured generator's
rewrites, checked, on the first N questions of a fixed shuffle, and the rules on the same ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ragbot.text.context import leans_on_history, standalone
from ragbot.text.words import content_terms
from ragbot.types import Role, Turn

RESAMPLES = 1000
SPEAKERS: tuple[Role, Role] = ("user", "assistant")
Floats = NDArray[np.float64]
System = Callable[["Item"], str]

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question within its conversation, and how a person completed it."""

    id: str
    dialogue: str
    history: tuple[Turn, ...]
    question: str
    rewrite: str
    held_out: bool
    """Whether it belongs to the half that no rule was tuned on."""

    @property
    def needed(self) -> frozenset[str]:
        """The terms that the person added."""
        return _added(self.rewrite, self.question)


def _added(text: str, question: str) -> frozenset[str]:
    return frozenset(content_terms(text)) - frozenset(content_terms(question))


def read_items(path: Path) -> list[Item]:
    """All items of a file, split in halves by their dialogue."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        dialogue = row["id"].rsplit("/", 1)[0]
        turns = tuple(Turn(role=SPEAKERS[n % 2], text=said) for n, said in enumerate(row["history"]))
        held_out = hashlib.sha256(dialogue.encode()).digest()[0] % 2 == 1
        found.append(
            Item(
                id=row["id"],
                dialogue=dialogue,
                history=turns,
                question=row["question"],
                rewrite=row["rewrite"],
                held_out=held_out,
            )
        )
    return found


def as_asked(item: Item) -> str:
    return item.question


def customer_turns(item: Item) -> str:
    return " ".join([*(turn.text for turn in item.history if turn.role == "user"), item.question])


def whole_history(item: Item) -> str:
    return " ".join([*(turn.text for turn in item.history), item.question])


def rules(item: Item) -> str:
    return standalone(item.question, item.history)


def ratio(found: Floats, possible: Floats, dialogues: Sequence[str]) -> tuple[float, float, float]:
    """Sum of `found` over the sum of `possible`, with its cluster bootstrap interval."""
    if not possible.sum():
        return 0.0, 0.0, 0.0
    _, number = np.unique(np.array(dialogues), return_inverse=True)
    above, below = np.bincount(number, weights=found), np.bincount(number, weights=possible)
    drawn = np.random.default_rng(7).integers(0, len(above), (RESAMPLES, len(above)))
    low, high = np.percentile(above[drawn].sum(1) / np.maximum(below[drawn].sum(1), 1e-9), [2.5, 97.5])
    return float(found.sum() / possible.sum()), float(low), float(high)


def counts(items: Sequence[Item], texts: Sequence[str]) -> Mapping[str, tuple[Floats, Floats]]:
    """For each figure: what was found and what could have been, per item."""
    rows: dict[str, list[tuple[int, int]]] = {
        name: [] for name in ("recall", "names", "numbers", "precision")
    }
    for item, text in zip(items, texts, strict=True):
        needed, added = item.needed, _added(text, item.question)
        named = needed & frozenset(content_terms(" ".join(_NAME.findall(item.rewrite))))
        numbers = frozenset(term for term in needed if any(char.isdigit() for char in term))
        rows["recall"].append((len(needed & added), len(needed)))
        rows["names"].append((len(named & added), len(named)))
        rows["numbers"].append((len(numbers & added), len(numbers)))
        rows["precision"].append((len(needed & added), len(added)))
    made = {}
    for name, pairs in rows.items():
        table = np.array(pairs, dtype=np.float64)
        made[name] = (table[:, 0], table[:, 1])
    return made


def shown(value: tuple[float, float, float]) -> str:
    return f"{value[0]:.3f} [dim]{value[1]:.3f} {value[2]:.3f}[/dim]"


def compare(items: Sequence[Item], systems: Mapping[str, System]) -> Table:
    """A row of figures for each system."""
    table = Table(
        "system",
        "recall",
        "names",
        "numbers",
        "precision",
        "F1",
        "terms added",
        title=f"{len(items)} questions",
    )
    dialogues = [item.dialogue for item in items]
    for name, system in systems.items():
        texts = [system(item) for item in items]
        figures = {each: ratio(*pair, dialogues) for each, pair in counts(items, texts).items()}
        recall, precision = figures["recall"][0], figures["precision"][0]
        f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
        added = float(
            np.mean([len(_added(text, item.question)) for text, item in zip(texts, items, strict=True)])
        )
        table.add_row(name, *(shown(each) for each in figures.values()), f"{f1:.3f}", f"{added:.1f}")
    return table


def decisions(items: Sequence[Item]) -> str:
    """How well `leans_on_history` tells the messages to which a person added something."""
    told = Counter((leans_on_history(item.question, item.history), bool(item.needed)) for item in items)
    right, asked, given = (
        told[True, True],
        told[True, True] + told[True, False],
        told[True, True] + told[False, True],
    )
    spared = told[False, False] + told[True, False]
    return (
        f"leans: {given} of {len(items)} need the conversation; precision {right / max(asked, 1):.3f}, "
        f"recall {right / max(given, 1):.3f}, stands alone and is told so {told[False, False] / max(spared, 1):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=("held-out", "tuned", "all"), default="held-out")
    given = parser.parse_args()
    wanted = {"held-out": (True,), "tuned": (False,), "all": (True, False)}[given.part]
    items = [item for item in read_items(given.data) if item.held_out in wanted]
    console = Console(width=180)
    systems = {
        "as asked": as_asked,
        "customer's turns": customer_turns,
        "whole conversation": whole_history,
        "rules": rules,
    }
    console.print(compare(items, systems))
    console.print(decisions(items))


if __name__ == "__main__":
    main()
