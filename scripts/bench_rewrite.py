"""How well follow-ups are completed from their conversation, against what people wrote.

    scripts/bench_rewrite.py DATA [--part held-out|tuned|all] [--limit N] [--search] [--model]

DATA is JSON Lines in the form of CANARD (Elgohary, Peskov & Boyd-Graber, "Can You Unpack That? Learning to Rewrite
Questions-in-Context", 2019): `id` (dialogue, "/", number), `history` (what the customer and the other side said in
turn: topic, section, question, answer, ...), `question`, `rewrite` (a person's standalone question). Rules were tuned
on one half of the dialogues, the other is `held-out`.

Counted in stems of content words. *Needed* is what the person's rewrite has and the question has not.

    recall       share of the needed that a system adds; also of names and of numbers alone
    precision    share of what a system adds that is needed
    leans        whether a message needs the conversation: precision and recall of the decision
    check        share of people's rewrites that the check of the model's would let pass
    R@1, R@5     with --search: the answers of all dialogues are passages under topic and section; the share of
                 questions whose answer is found, passages left out that the conversation has already given

Each with a 95 % bootstrap interval over dialogues, which are drawn whole. Baselines in the same run: the question as
asked, with all messages of the customer, with the whole conversation; in the search also the person's rewrite, as the
upper bound. `--limit N` takes N questions of a fixed shuffle, `--model` adds what the generator of the settings
writes, with the check and without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Generator as Yielding
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench_retrieval import bootstrap
from ragbot import KnowledgeBase
from ragbot.dialogue.rewrite import Rewrite, Rewriter
from ragbot.dialogue.rewrite_check import objection
from ragbot.models.generate import load_generator
from ragbot.protocols import Generator
from ragbot.settings import load_settings
from ragbot.text.context import leans_on_history, standalone
from ragbot.text.words import content_terms
from ragbot.types import Generation, Hit, Message, Role, Turn

RESAMPLES = 1000
DEPTH = 60
"""Chunks asked of the search: more than one conversation gives away."""
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


def checked(items: Sequence[Item]) -> str:
    """How many of people's rewrites the check would let pass, and what it finds in the others."""
    found = [
        objection(item.rewrite, item.question, item.history, language="en") for item in items if item.needed
    ]
    return f"check: lets {found.count('') / len(found):.3f} of people's rewrites pass; {_reasons(found)}"


def _reasons(refused: Sequence[str]) -> str:
    kinds = Counter(" ".join(reason.split()[:3]) for reason in refused if reason)
    return ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common(8))


class Listening:
    """A generator that keeps its last reply."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.name, self.context_tokens = generator.name, generator.context_tokens
        self.reply = ""

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._generator.count_tokens(messages)

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        self.reply = ""
        stream = self._generator.stream(messages, max_tokens=max_tokens)
        try:
            while True:
                try:
                    piece = next(stream)
                except StopIteration as end:
                    made: Generation = end.value
                    return made
                self.reply += piece
                yield piece
        finally:
            stream.close()


@dataclass(frozen=True, slots=True)
class Written:
    """What the model made of each item."""

    taken: Mapping[str, Rewrite]
    unchecked: Mapping[str, str]

    @property
    def systems(self) -> Mapping[str, System]:
        return {
            "model, checked": lambda item: self.taken[item.id].text,
            "model, unchecked": lambda item: self.unchecked[item.id],
        }

    def __str__(self) -> str:
        asked = [each for each in self.taken.values() if each.how == "model" or each.refused]
        taken = sum(each.how == "model" for each in asked)
        return f"model: {taken} of {len(asked)} rewrites taken; {_reasons([each.refused for each in asked])}"


def write(items: Sequence[Item]) -> Written:
    """Have the generator of the settings rewrite all items."""
    settings = load_settings()
    generator = Listening(load_generator(settings.generator, settings.models))
    rewriter = Rewriter(generator)
    taken, unchecked = {}, {}
    for item in items:
        generator.reply = ""
        taken[item.id] = rewriter.rewrite(item.question, item.history, language="en")
        lines = generator.reply.strip().splitlines()
        unchecked[item.id] = lines[0] if lines else item.question
    return Written(taken, unchecked)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of all dialogues as a collection of passages."""

    passages: Mapping[tuple[str, str], str]
    """Dialogue and text -> id."""
    of: Mapping[str, str]
    """Item -> the passage that answers it; none where the answer is that there is none, or is not known."""
    rows: Sequence[Mapping[str, str]]


def answers(items: Sequence[Item]) -> Answers:
    """The answer to a question is what the next item's history ends with."""
    following = {(item.dialogue, _number(item)): item for item in items}
    passages: dict[tuple[str, str], str] = {}
    of: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    for item in items:
        then = following.get((item.dialogue, _number(item) + 1))
        text = then.history[-1].text if then else ""
        if not text or text.lower().startswith("i don't know"):
            continue
        if (item.dialogue, text) not in passages:
            passages[item.dialogue, text] = item.id
            title = f"{item.history[0].text}: {item.history[1].text}"
            rows.append({"_id": item.id, "title": title, "text": text})
        of[item.id] = passages[item.dialogue, text]
    return Answers(passages, of, rows)


def _number(item: Item) -> int:
    return int(item.id.rsplit("/", 1)[1])


def searched(items: Sequence[Item], known: Answers, written: Written | None) -> Table:
    """R@1 and R@5 of each way to search for what is asked."""
    asked = [item for item in items if item.id in known.of and item.needed]
    table = Table("search", "R@1", "R@5", title=f"{len(asked)} questions that need the conversation")
    with tempfile.TemporaryDirectory(prefix="ragbot-bench-") as work:
        corpus = Path(work) / "corpus.jsonl"
        corpus.write_text("".join(json.dumps(row) + "\n" for row in known.rows), encoding="utf-8")
        with KnowledgeBase.open(Path(work) / "kb") as kb:
            kb.sync(corpus)
            ways: dict[str, Callable[[Item], list[Hit]]] = {
                "as asked": lambda item: kb.search(item.question, k=DEPTH),
                "customer's turns": lambda item: kb.search(customer_turns(item), k=DEPTH),
                "rules": lambda item: kb.search(item.question, k=DEPTH, history=item.history),
                "person's rewrite": lambda item: kb.search(item.rewrite, k=DEPTH),
                "person's rewrite, with the conversation": lambda item: kb.search(
                    item.rewrite, k=DEPTH, history=item.history
                ),
            }
            if written is not None:
                ways["model's rewrite where taken, with the conversation"] = lambda item: kb.search(
                    written.taken[item.id].text if written.taken[item.id].how == "model" else item.question,
                    k=DEPTH,
                    history=item.history,
                )
            for name, way in ways.items():
                ranks = np.array([_rank(item, way(item), known) for item in asked])
                dialogues = [item.dialogue for item in asked]
                cells = []
                for depth in (1, 5):
                    right = (ranks <= depth).astype(np.float64)
                    cells.append(shown((float(right.mean()), *bootstrap(right, dialogues))))
                table.add_row(name, *cells)
    return table


def _rank(item: Item, hits: Sequence[Hit], known: Answers) -> float:
    """1-based rank of the right passage among those that the conversation has not given yet; infinite if absent."""
    given = {known.passages.get((item.dialogue, turn.text)) for turn in item.history}
    found = dict.fromkeys(str(hit.chunk.meta["_id"]) for hit in hits)
    fresh = [each for each in found if each not in given]
    return fresh.index(known.of[item.id]) + 1 if known.of[item.id] in fresh else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=("held-out", "tuned", "all"), default="held-out")
    parser.add_argument("--limit", type=int, default=0, help="how many questions; all by default")
    parser.add_argument("--search", action="store_true", help="search the answers of all dialogues")
    parser.add_argument(
        "--model", action="store_true", help="have the generator of the settings rewrite, too"
    )
    given = parser.parse_args()
    everything = read_items(given.data)
    wanted = {"held-out": (True,), "tuned": (False,), "all": (True, False)}[given.part]
    items = [item for item in everything if item.held_out in wanted]
    if given.limit:
        items = random.Random(7).sample(items, min(given.limit, len(items)))
    systems: dict[str, System] = {
        "as asked": as_asked,
        "customer's turns": customer_turns,
        "whole conversation": whole_history,
        "rules": rules,
    }
    written = write(items) if given.model else None
    if written is not None:
        systems |= written.systems
    console = Console(width=180)
    console.print(compare(items, systems))
    console.print(decisions(items))
    console.print(checked(items))
    if written is not None:
        console.print(str(written))
    if given.search:
        console.print(searched(items, answers(everything), written))


if __name__ == "__main__":
    main()
