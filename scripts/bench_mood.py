#!/usr/bin/env python
"""How well moods and urgency are told, beside VADER where it applies, and how fast.

    scripts/bench_mood.py [--labelled FILE.tsv]... [--plain FILE.jsonl]...

Always tests/dialogue/moods.tsv, on which the words were chosen, and moods_unseen.tsv, which was written afterwards and
changed none of them; `--labelled`: lines of `bad` or `rest`, a tab and a text;
`--plain`: JSON objects with a `text`, everyday questions of customers, hardly any of which should sound bad.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from ragbot.dialogue.mood import NEGATIVE, URGENT, read_mood, read_urgency

MOODS = Path(__file__).parents[1] / "tests" / "dialogue"
VADER_NEGATIVE = -0.05
"""The threshold that VADER's authors give."""

Score = Callable[[str], float]


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that one of the first lies above one of the second, ties counted half (Mann and Whitney, 1947)."""
    ranked = sorted((value, side) for side, values in ((1, positive), (0, negative)) for value in values)
    below, wins, place = 0, 0.0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end][0] == ranked[place][0]:
            end += 1
        above = sum(side for _, side in ranked[place:end])
        level = end - place - above
        wins += above * (below + level / 2)
        below, place = below + level, end
    return wins / len(positive) / len(negative)


def compare(name: str, texts: Sequence[str], labels: Sequence[bool], score: Score, limit: float) -> None:
    """One line: accuracy of "score at or above limit", AUROC, milliseconds a text (the best of three)."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        values = [score(text) for text in texts]
        best = min(best, time.perf_counter() - began)
    right = sum((value >= limit) == label for value, label in zip(values, labels, strict=True))
    area = auroc(
        [value for value, label in zip(values, labels, strict=True) if label],
        [value for value, label in zip(values, labels, strict=True) if not label],
    )
    milliseconds = 1000 * best / len(texts)
    print(f"  {name:12} accuracy {right / len(texts):.3f}  AUROC {area:.3f}  {milliseconds:.3f} ms a message")


def read_rows(file: Path) -> list[list[str]]:
    """Language, mood, urgency and text of each message."""
    return [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()][1:]


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--labelled", type=Path, action="append", default=[])
    parser.add_argument("--plain", type=Path, action="append", default=[])
    asked = parser.parse_args()
    analyzer = SentimentIntensityAnalyzer()

    def ours(text: str) -> float:
        return -read_mood(text).sentiment

    def vader(text: str) -> float:
        return -float(analyzer.polarity_scores(text)["compound"])

    for title, rows in (
        ("moods.tsv", read_rows(MOODS / "moods.tsv")),
        ("moods_unseen.tsv", read_rows(MOODS / "moods_unseen.tsv")),
    ):
        for language in ("en", "zh"):
            chosen = [row for row in rows if row[0] == language]
            texts = [row[3] for row in chosen]
            bad = [row[1] in ("angry", "unhappy") for row in chosen]
            print(f"{title}, {language}: {len(chosen)} messages, {sum(bad)} bad")
            compare("ours", texts, bad, ours, -NEGATIVE)
            if language == "en":
                compare("VADER", texts, bad, vader, -VADER_NEGATIVE)
            compare("urgency", texts, [row[2] == "urgent" for row in chosen], read_urgency, URGENT)
    for file in asked.labelled:
        pairs = [line.split("\t", 1) for line in file.read_text(encoding="utf-8").splitlines()]
        texts, bad = [text for _, text in pairs], [label == "bad" for label, _ in pairs]
        print(f"{file.name}: {len(texts)} texts, {sum(bad)} bad")
        compare("ours", texts, bad, ours, -NEGATIVE)
        compare("VADER", texts, bad, vader, -VADER_NEGATIVE)
    for file in asked.plain:
        texts = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
        sounds = sum(ours(text) >= -NEGATIVE for text in texts) / len(texts)
        worst = sum(ours(text) >= 0.6 for text in texts) / len(texts)
        other = sum(vader(text) >= -VADER_NEGATIVE for text in texts) / len(texts)
        hurry = sum(read_urgency(text) >= URGENT for text in texts) / len(texts)
        print(
            f"{file.parent.name}/{file.name}: {len(texts)} questions; bad {sounds:.2%} (VADER {other:.2%}),"
            f" at -0.6 {worst:.2%}, urgent {hurry:.2%}"
        )


if __name__ == "__main__":
    main()
