"""How well the check tells what a passage supports from what it does not, and how fast.

    python scripts/bench_grounding.py DATA [--folder DOCUMENTS]... [--part held-out|learnt|all] [--sets a,b]
                                      [--verifier MODEL] [--device cpu] [--json F]

DATA holds `grounding/*.jsonl` (`grounding_sets`) and `retrieval/*/corpus.jsonl`, out of which, and out of DOCUMENTS,
single-fact edits are made (`fact_edits`). Prints, for each set and each kind of error, the AUROC of support with a
95 % interval beside two baselines of the same run: the share of the claim's words that the passage has, and the
cosine of their embeddings; then how often the verdict is right, how often a false claim passes as supported, how
verdicts change when unrelated text stands around the evidence, and claims per second.

The shipped check learnt from the `learnt` half of each set, so only `--part held-out`, the default, is a result.
`--verifier` measures a model of natural-language inference instead.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from fact_edits import SET, load
from grounding_scores import (
    Judged,
    Labelled,
    Score,
    auroc,
    best_of,
    cosines,
    judge,
    lexical_precision,
    open_embedder,
    open_verifier,
    with_interval,
)
from grounding_sets import PARTS, Item, Part, of_part, read_sets, tasks
from ragbot.protocols import Embedder, Verifier

PADDINGS = (3, 10, 30)
_PADDED = 200
_TIMED = 200
_SHOWN = (1, 5)
"""Passages that a claim is timed against; an answer has five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One task: a set, or one kind of error against the true controls."""

    task: str
    support: Score
    words: float | None
    """AUROC of the baselines, without an interval."""
    cosine: float | None
    right: float
    """Share of the items whose verdict agrees with the label."""
    passed: float
    """Share of the false claims that pass as supported."""
    kept: float
    """Share of the true claims that pass as supported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that one run found."""

    verifier: str
    part: Part
    lines: Sequence[Line]
    padding: Mapping[int, float]
    """Unrelated passages around the evidence -> share of verdicts that change."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Claims per second."""


def measure(labelled: Mapping[str, Labelled], verifier: Verifier, embedder: Embedder) -> list[Line]:
    """Every item is judged once, in whatever tasks it stands."""
    items = {(each.set, each.id): each for task in labelled.values() for each, _ in task}
    ordered = list(items.values())
    judged = {key: judge(verifier, each.claim, [each.passage]) for key, each in items.items()}
    near = dict(zip(items, cosines(embedder, ordered).tolist(), strict=True))
    words = {key: lexical_precision(each) for key, each in items.items()}
    return [_line(name, task, judged, words, near) for name, task in labelled.items()]


def _line(
    name: str,
    task: Labelled,
    judged: Mapping[tuple[str, str], Judged],
    words: Mapping[tuple[str, str], float],
    near: Mapping[tuple[str, str], float],
) -> Line:
    keys = [(each.set, each.id) for each, _ in task]
    labels = [label for _, label in task]
    verdicts = [(judged[key].supported, label) for key, label in zip(keys, labels, strict=True)]
    false = [verdict for verdict, label in verdicts if not label]
    true = [verdict for verdict, label in verdicts if label]
    return Line(
        task=name,
        support=with_interval(task, [judged[key].support for key in keys]),
        words=auroc(labels, [words[key] for key in keys]),
        cosine=auroc(labels, [near[key] for key in keys]),
        right=sum(verdict == label for verdict, label in verdicts) / len(verdicts),
        passed=sum(false) / len(false) if false else 0.0,
        kept=sum(true) / len(true) if true else 0.0,
    )


def by_kind(edits: Sequence[Item]) -> dict[str, Labelled]:
    """All edits, those of each language and those of each kind, each against the controls of the same languages."""
    found: dict[str, Labelled] = {}
    labelled = [(each, each.label == "supported") for each in edits]
    if labelled:
        found[SET] = labelled
    for language in ("en", "zh"):
        found[f"{SET} {language}"] = [pair for pair in labelled if pair[0].id.startswith(language)]
    for kind in sorted({item.kind for item, label in labelled if not label}):
        wrong = [pair for pair in labelled if pair[0].kind == kind]
        spoken = {item.id[:2] for item, _ in wrong}
        found[f"  {kind}"] = wrong + [pair for pair in labelled if pair[1] and pair[0].id[:2] in spoken]
    return {name: task for name, task in found.items() if task}


def padding(items: Sequence[Item], verifier: Verifier, *, seed: int = 0) -> dict[int, float]:
    """Share of verdicts that change when so many unrelated passages stand around the evidence, in one text with it."""
    rng = Random(seed)
    chosen = rng.sample(list(items), min(_PADDED, len(items)))
    bare = [judge(verifier, each.claim, [each.passage]).supported for each in chosen]
    found: dict[int, float] = {}
    for count in PADDINGS:
        changed = 0
        for each, before in zip(chosen, bare, strict=True):
            others = [other.passage for other in items if other.source != each.source]
            around = rng.sample(others, min(count, len(others)))
            at = rng.randrange(len(around) + 1)
            text = "\n\n".join([*around[:at], each.passage, *around[at:]])
            changed += judge(verifier, each.claim, [text]).supported != before
        found[count] = changed / len(chosen)
    return found


def rates(items: Sequence[Item], verifier: Verifier, *, seed: int = 0) -> dict[str, float]:
    """Claims per second over whole calls, best of three: against one passage, and against five as in an answer.

    Each run takes claims and passages that no call has seen before, for what was read once may be remembered."""
    drawn = Random(seed).sample(list(items), len(items))
    size = min(_TIMED, len(drawn) // (3 * len(_SHOWN)))
    parts = [drawn[at * size : (at + 1) * size] for at in range(3 * len(_SHOWN))]
    return {
        f"{count} passages": best_of(
            [_runner(part, verifier, count) for part in parts[row * 3 : row * 3 + 3]]
        )
        for row, count in enumerate(_SHOWN)
        if size
    }


def _runner(part: Sequence[Item], verifier: Verifier, count: int) -> Callable[[], float]:
    """A timed run over `part`, each claim against its passage and `count` - 1 of the following items."""

    def run() -> float:
        began = time.perf_counter()
        claims = 0
        for at, each in enumerate(part):
            shown = [part[(at + step) % len(part)].passage for step in range(count)]
            claims += len(verifier.verify(each.claim, shown))
        return claims / (time.perf_counter() - began)

    return run


def show(outcome: Outcome) -> None:
    """The tables, as people read them."""
    table = Table(title=f"{outcome.verifier}, {outcome.part} part: AUROC of support [95 %]")
    for column in ("task", "n", "support", "words", "cosine", "right", "false passed", "true kept"):
        table.add_column(column, justify="left" if column == "task" else "right", no_wrap=True)
    for line in outcome.lines:
        table.add_row(
            line.task,
            str(line.support.n),
            line.support.shown(),
            *("-" if each is None else f"{each:.3f}" for each in (line.words, line.cosine)),
            *(f"{each:.3f}" for each in (line.right, line.passed, line.kept)),
        )
    console = Console(width=130)
    console.print(table)
    for count, share in outcome.padding.items():
        console.print(f"{count} unrelated passages around the evidence: {share:.3f} of verdicts change")
    for name, rate in outcome.rates.items():
        console.print(f"{name}: {rate:.0f} claims per second")


def gather(data: Path, folders: Sequence[Path], part: Part, wanted: str) -> dict[str, Labelled]:
    """The tasks of all sets, or of those that `wanted` names."""
    names = set(wanted.split(",")) if wanted else set()
    found: dict[str, Labelled] = {}
    if not names or SET in names:
        found |= by_kind(load(data / "retrieval", folders, part))
    for name, items in read_sets(data / "grounding").items():
        if not names or name in names:
            found |= tasks(name, of_part(items, part))
    if not found:
        raise SystemExit(f"{data} holds none of the sets {wanted}")
    begin = [
        pair
        for name, task in found.items()
        if name.startswith("begin") and "-all" not in name
        for pair in task
    ]
    return found | ({"begin, together": begin} if begin else {})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--part", choices=PARTS, default="held-out")
    parser.add_argument("--sets", default="")
    parser.add_argument("--verifier", default="")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    labelled = gather(asked.data, asked.folder, asked.part, asked.sets)
    embedder = open_embedder(asked.device)
    verifier = open_verifier(asked.verifier, asked.device)
    pool = [item for item, _ in labelled.get(SET, next(iter(labelled.values())))]
    speeds = rates(pool, verifier)  # before anything is remembered
    outcome = Outcome(
        verifier=asked.verifier or "built-in",
        part=asked.part,
        lines=measure(labelled, verifier, embedder),
        padding=padding(pool, verifier),
        rates=speeds,
    )
    show(outcome)
    if asked.json:
        written: dict[str, Any] = asdict(outcome)
        asked.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
