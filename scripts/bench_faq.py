"""How often the FAQ shortcut answers what was not asked, and how often it misses what was.

    python scripts/bench_faq.py DATA [--knowledge knowledge] [--sets dstc10 ...] [--most 300]

DATA holds `retrieval/dstc10` (questions about places), `intent/banking77` and `intent/clinc150`; beside them the FAQ
entries of the sample company. Each set becomes a knowledge base, and messages go through search and shortcut:

    typed otherwise   an entry's own question in other case, with courtesies, a slip, words moved ...: must hit
    changed           an entry's own question with a "not", another figure, place or name, a condition more: must not
    others            other people's questions: a hit is false where it answers another intent; the intents of half of
                      them have no entry at all, so all hits are false there

Baselines in the same run: the embedder's cosine of the two questions alone, at several thresholds. What was chosen by
looking (the cosine of near questions, the words that weigh little) was chosen on the intents of the first half of
each set; the figures that count are those of the second half ("held out").
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faq_sets import Message, changed, limited, sets, typed_otherwise, write
from ragbot import KnowledgeBase
from ragbot.answer.stored.match import NEAR_COSINE, Matcher, known_to
from ragbot.answer.stored.shortcut import Shortcut, stored_question
from ragbot.types import Hit

NEAR = (2.0, 0.95, 0.9, 0.85, 0.8)
"""Least cosines of near questions that are tried; above 1 there are none."""
COSINES = (0.85, 0.9, 0.95, 0.98)
"""Of the baseline."""


@dataclass
class Count:
    """What happened to the messages of one kind."""

    messages: int = 0
    right: int = 0
    false: int = 0
    found: int = 0
    """Messages whose entry search brought."""
    examples: list[tuple[str, str]] = field(default_factory=list)


def main() -> None:
    """Print, for each set and half, recall and false hits by kind of message, for shortcut and baselines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--knowledge", type=Path, default=Path("knowledge"))
    parser.add_argument("--sets", nargs="+", default=["sample", "banking77", "clinc150", "dstc10"])
    parser.add_argument("--most", type=int, default=300, help="messages of each kind and set")
    parser.add_argument("--examples", type=int, default=0, help="false hits that are shown of each kind")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, entries, others in sets(given.data, given.knowledge, given.sets):
            kb = KnowledgeBase.open(Path(folder) / name)
            kb.sync(write(Path(folder) / f"{name}.jsonl", entries))
            messages = list(limited([*typed_otherwise(entries), *changed(entries), *others], given.most))
            print(f"\n{name}: {len(entries)} entries, {len(messages)} messages")
            report(kb, messages, given.examples)


def report(kb: KnowledgeBase, messages: Sequence[Message], examples: int) -> None:
    """Run all messages and print what happened to them."""
    shortcuts = {at: Shortcut(kb, Matcher(kb.embedder, known_to(kb), near=at)) for at in NEAR}
    counts: dict[tuple[str, str, str], Count] = defaultdict(Count)
    seconds: list[float] = []
    for message in messages:
        question, hits = kb.understand(message.text), kb.search(message.text, k=kb.settings.search.k)
        given: dict[str, str] = {}
        for at, shortcut in shortcuts.items():
            began = time.perf_counter()
            response = shortcut.respond(question, hits)
            if at == NEAR_COSINE:
                seconds.append(time.perf_counter() - began)
            given[_named(at)] = "" if response is None else response.citations[0].quote
        nearest, cosine = _nearest(kb, message.text, hits)
        given |= {f"cosine {at:.2f}": nearest if cosine >= at else "" for at in COSINES}
        for system, answer in given.items():
            for kind in (message.kind, _total(message)):
                _note(counts[message.half, kind, system], message, answer, hits)
    print(f"  the decision takes, in ms: median {np.median(seconds) * 1e3:.2f}, ", end="")
    print(f"95th percentile {np.percentile(seconds, 95) * 1e3:.2f}")
    _table(counts, list(given), examples)


def _table(counts: dict[tuple[str, str, str], Count], systems: Sequence[str], examples: int) -> None:
    print(
        f"  {'right / false answers by':39}{'n':>6}{'found':>7}" + "".join(f"{each:>16}" for each in systems)
    )
    for half in ("chosen on", "held out"):
        kinds = sorted({kind for h, kind, _ in counts if h == half}, key=lambda kind: (kind.isupper(), kind))
        for kind in kinds:
            row = [counts[half, kind, system] for system in systems]
            n = row[0].messages
            shares = "".join(f"{each.right / n:8.3f} /{each.false / n:6.4f}" for each in row)
            print(f"  {half:10}{kind:29}{n:6}{row[0].found / n:7.3f}{shares}")
            for text, answer in counts[half, kind, _named(NEAR_COSINE)].examples[:examples]:
                print(f"        {text!r} <- {answer!r}")


def _named(at: float) -> str:
    return "words alone" if at > 1 else f"shortcut {at:.2f}"


def _total(message: Message) -> str:
    if message.must_hit:
        return "MUST HIT"
    return "MAY HIT" if message.wanted else "MUST NOT HIT"


def _nearest(kb: KnowledgeBase, text: str, hits: Sequence[Hit]) -> tuple[str, float]:
    """Answer and cosine of the entry whose question is nearest."""
    asked = [hit.chunk for hit in hits if stored_question(hit.chunk)]
    if not asked:
        return "", 0.0
    vectors = kb.embedder.embed([text, *map(stored_question, asked)], kind="query")
    cosines = vectors[1:] @ vectors[0]
    best = asked[int(np.argmax(cosines))]
    return best.text[int(best.meta["answer_start"]) :].strip(), float(cosines.max())


def _note(count: Count, message: Message, answer: str, hits: Sequence[Hit]) -> None:
    count.messages += 1
    count.found += bool(message.wanted) and any(
        hit.chunk.text.endswith(message.wanted.strip()) for hit in hits
    )
    if answer and answer == message.wanted.strip():
        count.right += 1
    elif answer:
        count.false += 1
        count.examples.append((message.text, answer))


if __name__ == "__main__":
    main()
