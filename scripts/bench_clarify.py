"""Asking back: how often rightly, how often needlessly, and what a known customer changes.

    python scripts/bench_clarify.py DATA/retrieval/mtrag-un [OTHER_SET...] [--knowledge knowledge] [--work DIR]

A set in BEIR's layout whose queries carry `answerability` says which of them are underspecified: on these precision and
recall are reported, for each half of its conversations (the first is the one that was tuned on), with 95 % intervals
by resampling conversations. Questions of sets without that mark are well specified: there the rate of asking counts,
and of `--knowledge` its test set, where `expect` says `clarify`. Baselines in the same run: never, always, and asking
when a message has fewer than N content terms, N being the best on the first half. Then, of the questions in
`_profiles.jsonl`, each of which has another answer for another customer: is the right document first, and is the
customer asked, with the profile and without.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot import KnowledgeBase
from ragbot.answer.clarify.questions import ask
from ragbot.answer.facets.wanted import Wanted, prefer, wanted_of
from ragbot.answer.weigh import Scorer
from ragbot.text.words import content_terms
from ragbot.types import Profile, State, Turn

PER_SET = 400
"""Questions of a set, drawn with a fixed seed."""
RESAMPLED = 2000
MOST_TERMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One message, and whether asking back is right."""

    text: str
    group: str
    """Its conversation."""
    should: bool
    asks: bool
    """What the bot does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the bot sees of one question: the document of its first passage, of its best piece, and the options."""

    first: str
    best: str
    options: tuple[str, ...] | None
    """None: it does not ask."""


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read(kb: KnowledgeBase, scorer: Scorer, text: str, history: Sequence[Turn], wanted: Wanted) -> Reading:
    """One question as the bot treats it up to the point where it would ask."""
    question = kb.understand(text, history)
    hits = prefer(kb.search(text, history=history), wanted, question)
    scored = scorer.score(question, hits)
    pending = ask(question, history, hits, scored, state=State(), wanted=wanted)
    return Reading(
        first=hits[0].chunk.source if hits else "",
        best=hits[scored[0].unit.hit].chunk.source if scored else "",
        options=None if pending is None else pending.options,
    )


def set_cases(folder: Path, work: Path) -> Iterator[Case]:
    """The questions of a set in BEIR's layout."""
    rows = [row for row in read_lines(folder / "queries.jsonl") if row["text"].strip()]
    random.Random(7).shuffle(rows)
    with KnowledgeBase.open(work / folder.name) as kb:
        kb.sync(folder / "corpus.jsonl")
        scorer = Scorer(kb.embedder, kb.idf)
        for row in rows[:PER_SET]:
            text = f"{row['text']} {row.get('scenario') or ''}".strip()
            history = [] if "scenario" in row else [Turn(**turn) for turn in row.get("history") or ()]
            yield Case(
                text=text,
                group=str(row["_id"]).split("<::>")[0],
                should=row.get("answerability") == "underspecified",
                asks=read(kb, scorer, text, history, {}).options is not None,
            )


def knowledge_cases(kb: KnowledgeBase, scorer: Scorer, folder: Path) -> Iterator[Case]:
    """The test set of a company, without small talk and wishes for a person, which need no search."""
    for row in read_lines(folder / "_testset.jsonl"):
        if row.get("expect") in ("smalltalk", "handoff"):
            continue
        history = [Turn(**turn) for turn in row.get("history", ())]
        asks = read(kb, scorer, row["question"], history, {}).options is not None
        yield Case(text=row["question"], group=row["id"], should=row.get("expect") == "clarify", asks=asks)


def in_second_half(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] % 2 == 1


def rates(cases: Sequence[Case], asks: Callable[[Case], bool]) -> tuple[float, float, int, int]:
    """Precision (0 where nothing is asked), recall, how many are asked rightly, and how many at all."""
    asked = [case for case in cases if asks(case)]
    right, wanted = sum(case.should for case in asked), sum(case.should for case in cases)
    return right / max(len(asked), 1), right / max(wanted, 1), right, len(asked)


def intervals(cases: Sequence[Case], asks: Callable[[Case], bool]) -> str:
    """95 % of precision and of recall when conversations are drawn anew."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    picker, names = random.Random(7), sorted(groups)
    drawn = []
    for _ in range(RESAMPLED):
        sample = [case for name in picker.choices(names, k=len(names)) for case in groups[name]]
        precision, recall, _, asked = rates(sample, asks)
        drawn.append((precision if asked else None, recall))
    ends = []
    for values in ([p for p, _ in drawn if p is not None], [recall for _, recall in drawn]):
        ordered = sorted(values) or [0.0]
        ends.append(
            f"{ordered[int(0.025 * len(ordered))]:.2f}-{ordered[int(0.975 * (len(ordered) - 1))]:.2f}"
        )
    return f"precision {ends[0]}, recall {ends[1]}"


def shorter_than(terms: int) -> Callable[[Case], bool]:
    return lambda case: len(content_terms(case.text, overlapping=False)) < terms


def best_length(cases: Sequence[Case]) -> int:
    """The number of terms below which asking has the best F1 on `cases`."""

    def f1(terms: int) -> float:
        precision, recall, right, _ = rates(cases, shorter_than(terms))
        return 2 * precision * recall / (precision + recall) if right else 0.0

    return max(range(1, MOST_TERMS + 1), key=f1)


def marked(name: str, cases: Sequence[Case]) -> None:
    """Print precision and recall on both halves, of the bot and of the baselines."""
    halves = [[case for case in cases if in_second_half(case.group) is second] for second in (False, True)]
    terms = best_length(halves[0])
    rules: dict[str, Callable[[Case], bool]] = {
        "bot": lambda case: case.asks,
        "never": lambda _: False,
        "always": lambda _: True,
        f"fewer than {terms} terms": shorter_than(terms),
    }
    for half, chosen in zip(("tuned on", "held out"), halves, strict=True):
        print(f"{name}, {half}: {len(chosen)} turns, {sum(case.should for case in chosen)} underspecified")
        for rule, asks in rules.items():
            precision, recall, right, asked = rates(chosen, asks)
            print(
                f"  {rule:18} precision {precision:.2f} ({right} of {asked} asked)  recall {recall:.2f}  "
                f"[{intervals(chosen, asks)}]"
            )


def unmarked(name: str, cases: Sequence[Case]) -> None:
    """Print how many well specified questions are answered with a question."""
    needless = [case for case in cases if case.asks and not case.should]
    clear = [case for case in cases if not case.should]
    missed = [case for case in cases if case.should and not case.asks]
    print(
        f"{name}: asks on {len(needless)} of {len(clear)} clear questions ({len(needless) / len(clear):.4f})",
        end="",
    )
    print(f", on {len(cases) - len(clear) - len(missed)} of {len(cases) - len(clear)} unclear ones")


def profiles(kb: KnowledgeBase, scorer: Scorer, folder: Path) -> None:
    """Print how often the right document is first, and how often the customer is asked."""
    rows = read_lines(folder / "_profiles.jsonl")
    for language in ("en", "zh"):
        chosen = [row for row in rows if row["language"] == language]
        for known in (False, True):
            found = []
            for row in chosen:
                given = row["profile"]
                profile = Profile(
                    plan=given.get("plan", ""),
                    products=tuple(given.get("products", ())),
                    region=given.get("region", ""),
                )
                wanted = wanted_of(profile, {}) if known else {}
                reading = read(kb, scorer, row["question"], (), wanted)
                found.append((row["sources"], reading))
            first = sum(any(each.first.endswith(f"/{s}") for s in right) for right, each in found)
            best = sum(any(each.best.endswith(f"/{s}") for s in right) for right, each in found)
            asked = sum(each.options is not None for _, each in found)
            print(
                f"profiles, {language}, {'known' if known else 'unknown'}: of {len(chosen)} the right document "
                f"is first in {first}, holds the best piece in {best}; asks in {asked}"
            )


def main() -> None:
    """Print a line for each set, half and rule."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path, help="folders with corpus.jsonl and queries.jsonl")
    parser.add_argument("--knowledge", type=Path, help="a folder with _testset.jsonl and _profiles.jsonl")
    parser.add_argument(
        "--work", type=Path, help="where the knowledge bases are kept; else they are made anew"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for folder in given.sets:
            cases = list(set_cases(folder, work))
            (marked if any(case.should for case in cases) else unmarked)(folder.name, cases)
        if given.knowledge:
            with KnowledgeBase.open(work / "knowledge") as kb:
                kb.sync(given.knowledge)
                scorer = Scorer(kb.embedder, kb.idf)
                unmarked("test set", list(knowledge_cases(kb, scorer, given.knowledge)))
                profiles(kb, scorer, given.knowledge)


if __name__ == "__main__":
    main()
