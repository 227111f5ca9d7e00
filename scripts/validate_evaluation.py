"""Does the evaluation measure what it says? Its scores against human labels, and controls that a shortcut would fail.

    python scripts/validate_evaluation.py DATA [--part held-out|learnt|all] [--count 200] [--device cpu] [--json F]

DATA holds `grounding/*.jsonl` (human labels of claims) and `retrieval/mtrag-un`, `retrieval/squad2` (human answers).

Agreement: AUROC of support, Cohen's kappa of the verdict with the label (Cohen, 1960), and, where some claims are
partly supported, Spearman's rank correlation of support with unsupported < partial < supported.

Controls, each with what it must be: claims of equal length tell supported from unsupported as well as all do; claims
against another item's evidence, against nothing, as questions echoed back, and as words copied in random order are
not supported; sentences of the evidence in another order change little; an answer equals itself in every answer
measure and another question's answer in none. Prints one table; exit code 1 if a control fails.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from grounding_scores import Judged, auroc, judge, open_verifier
from grounding_sets import PARTS, Item, of_part, read_sets, tasks
from ragbot.evaluate.metrics import contains_groups, rouge_l, token_f1
from ragbot.protocols import Verifier
from ragbot.text.sentences import sentences

_ORDER = {"unsupported": 0, "partial": 1, "supported": 2}
_WORD = re.compile(r"[^\W\d_]{3,}")
_GIBBERISH = 10
"""Words of a claim that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure, and the range that it must lie in; without one it is only told."""

    about: str
    n: int
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it lies in its range."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )


def agreement(name: str, items: Sequence[Item], judged: dict[str, Judged]) -> Iterator[Finding]:
    """How support and verdicts go with the human labels of one set."""
    for task, labelled in tasks(name, items).items():
        labels = [label for _, label in labelled]
        value = auroc(labels, [judged[each.id].support for each, _ in labelled])
        if value is None:
            continue
        yield Finding(about=f"{task}: AUROC", n=len(labels), value=value)
        verdicts = [judged[each.id].supported for each, _ in labelled]
        yield Finding(about=f"{task}: kappa", n=len(labels), value=float(cohen_kappa_score(labels, verdicts)))
    if any(each.label == "partial" for each in items):
        graded = [each for each in items if each.label in _ORDER]
        found = spearmanr(
            [_ORDER[each.label] for each in graded], [judged[each.id].support for each in graded]
        ).statistic
        yield Finding(about=f"{name}: Spearman, three labels", n=len(graded), value=float(found))


def equal_length(name: str, items: Sequence[Item], judged: dict[str, Judged]) -> Iterator[Finding]:
    """AUROC over pairs of a supported and another claim of the same length (two words at most between them)."""
    labelled = tasks(name, items)[name]
    labels = [label for _, label in labelled]
    whole = auroc(labels, [judged[each.id].support for each, _ in labelled])
    pairs = matched(labelled)
    if whole is None or not pairs:
        return
    drawn = [(each, label) for pair in pairs for each, label in zip(pair, (True, False), strict=True)]
    value = auroc([label for _, label in drawn], [judged[each.id].support for each, _ in drawn]) or 0.0
    alone = auroc(labels, [float(len(each.claim.split())) for each, _ in labelled]) or 0.0
    yield Finding(about=f"{name}: AUROC of length alone", n=len(labelled), value=alone)
    yield Finding(about=f"{name}: AUROC at equal length", n=len(drawn), value=value, least=whole - 0.1)


def matched(labelled: Sequence[tuple[Item, bool]]) -> list[tuple[Item, Item]]:
    """Supported items, each with another of like length that no other pair has."""
    free = sorted((each for each, label in labelled if not label), key=lambda each: each.id)
    pairs: list[tuple[Item, Item]] = []
    for each in (item for item, label in labelled if label):
        size = len(each.claim.split())
        partner = min(free, key=lambda other: abs(len(other.claim.split()) - size), default=None)
        if partner is not None and abs(len(partner.claim.split()) - size) <= 2:
            free.remove(partner)
            pairs.append((each, partner))
    return pairs


def share(verifier: Verifier, pairs: Sequence[tuple[str, Sequence[str]]]) -> float:
    """Share of the claims that their passages support."""
    return sum(judge(verifier, claim, passages).supported for claim, passages in pairs) / max(1, len(pairs))


def controls(verifier: Verifier, items: Sequence[Item], rng: Random) -> Iterator[Finding]:
    """What must not be supported, over supported items of all sets; and what must stay so."""
    given = [each for each in items if each.label == "supported"]
    others = [rng.choice([other for other in items if other.source != each.source]) for each in given]
    shuffled = [(each.claim, [other.passage]) for each, other in zip(given, others, strict=True)]
    n = len(given)
    yield Finding(about="another's evidence: supported", n=n, value=share(verifier, shuffled), most=0.05)
    nothing = [(each.claim, passages) for each in given for passages in ([], [""])]
    yield Finding(about="no evidence: supported", n=len(nothing), value=share(verifier, nothing), most=0.0)
    copied = [(gibberish(each.passage, rng), [each.passage]) for each in given]
    copied = [(claim, passages) for claim, passages in copied if claim]
    yield Finding(
        about="copied words, random order: supported", n=len(copied), value=share(verifier, copied), most=0.05
    )
    long = [each for each in given if len(sentences(each.passage)) >= 3]
    kept = [each for each in long if judge(verifier, each.claim, [each.passage]).supported]
    moved = [(each.claim, [other_order(each.passage, rng)]) for each in kept]
    value = share(verifier, moved)
    yield Finding(about="evidence in another order: still supported", n=len(kept), value=value, least=0.9)


def gibberish(passage: str, rng: Random) -> str:
    """Words of all parts of the passage in random order, as a sentence; empty where it has too few."""
    words = sorted(set(_WORD.findall(passage)))
    if len(words) < 2 * _GIBBERISH:
        return ""
    return " ".join(rng.sample(words, _GIBBERISH)).capitalize() + "."


def other_order(passage: str, rng: Random) -> str:
    """The sentences of the passage, shuffled."""
    found = [each.text for each in sentences(passage)]
    return "\n".join(rng.sample(found, len(found)))


def echoes(verifier: Verifier, folder: Path, rng: Random, count: int) -> Iterator[Finding]:
    """A question is no answer to itself, with its mark or as a statement."""
    texts = {row["_id"]: row["text"] for row in _rows(folder / "corpus.jsonl")}
    asked = [
        row for row in _rows(folder / "queries.jsonl") if row.get("answers") and row["paragraph"] in texts
    ]
    chosen = rng.sample(asked, min(count, len(asked)))
    for about, end in (("question echoed back: supported", "?"), ("... as a statement: supported", ".")):
        pairs = [(row["text"].rstrip("?. ") + end, [texts[row["paragraph"]]]) for row in chosen]
        yield Finding(about=about, n=len(pairs), value=share(verifier, pairs), most=0.05)


def answers(name: str, references: Sequence[str], rng: Random, most: float) -> Iterator[Finding]:
    """Each answer measure between an answer and itself, another question's answer, and an empty one."""
    n = len(references)
    others = [rng.choice([other for other in references if other != each]) for each in references]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / max(1, len(values))

    def said(text: str, wanted: str) -> float:
        return float(contains_groups(text, [[wanted]]))

    measures = {"token F1": token_f1, "ROUGE-L": rouge_l, "must_contain": said}
    for measure, of in measures.items():
        same = mean([of(each, each) for each in references])
        yield Finding(about=f"{name}: {measure} with itself", n=n, value=same, least=1.0)
        cross = mean([of(each, other) for each, other in zip(references, others, strict=True)])
        yield Finding(about=f"{name}: {measure} with another's", n=n, value=cross, most=most)
        empty = mean([of("", each) for each in references])
        yield Finding(about=f"{name}: {measure} of no answer", n=n, value=empty, most=0.0)
    mixed = [
        " ".join(rng.sample(each.split(), len(each.split()))) for each in references if len(each.split()) > 9
    ]
    if mixed:
        long = [each for each in references if len(each.split()) > 9]
        value = mean([rouge_l(each, other) for each, other in zip(mixed, long, strict=True)])
        yield Finding(about=f"{name}: ROUGE-L, words in random order", n=len(long), value=value, most=0.6)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def find(data: Path, part: Any, count: int, verifier: Verifier) -> list[Finding]:
    """All findings, in the order in which they are told."""
    rng = Random(0)
    found: list[Finding] = []
    pool: list[Item] = []
    for name, items in read_sets(data / "grounding").items():
        chosen = of_part(items, part)
        judged = {each.id: judge(verifier, each.claim, [each.passage]) for each in chosen}
        found += agreement(name, chosen, judged)
        found += equal_length(name, chosen, judged)
        pool += rng.sample(chosen, min(count, len(chosen)))
    found += controls(verifier, pool, rng)
    found += echoes(verifier, data / "retrieval" / "squad2", rng, count)
    asked = _rows(data / "retrieval" / "mtrag-un" / "queries.jsonl")
    replies = [row["reference"] for row in asked if row["answerability"] == "answerable"]
    found += answers("mtrag-un", rng.sample(replies, min(count, len(replies))), rng, most=0.3)
    first = [
        each for row in _rows(data / "retrieval" / "squad2" / "queries.jsonl") for each in row["answers"][:1]
    ]
    short = [each for each in first if any(map(str.isalnum, each))]
    found += answers("squad2", rng.sample(short, min(count, len(short))), rng, most=0.05)
    return found


def show(found: Sequence[Finding]) -> None:
    """One table."""
    table = Table(title="The evaluation, validated")
    for column in ("what", "n", "figure", "must be", ""):
        table.add_column(column, justify="left" if column == "what" else "right", no_wrap=True)
    for each in found:
        wanted = f"≥ {each.least:.3f}" if each.least is not None else ""
        wanted = f"≤ {each.most:.3f}" if each.most is not None else wanted
        verdict = "" if not wanted else "ok" if each.holds else "FAILS"
        table.add_row(each.about, str(each.n), f"{each.value:.3f}", wanted, verdict)
    Console(width=110).print(table)


def main() -> None:
    """Validate and print; exit 1 if a control fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", choices=PARTS, default="held-out")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--verifier", default="")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    verifier = open_verifier(asked.verifier, asked.device)
    found = find(asked.data, asked.part, asked.count, verifier)
    show(found)
    if asked.json:
        rows = [asdict(each) | {"holds": each.holds} for each in found]
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if failed := [each.about for each in found if not each.holds]:
        sys.exit(f"{len(failed)} controls fail: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
