"""Milliseconds that telling repeats and older versions costs among the passages of one search.

    python scripts/bench_arrange.py CORPUS.jsonl... [--passages 100] [--characters 800]

A corpus has one object a line with `text` (and `title`). Random passages of it, cut to a length, stand for what a
search finds; beside them passages that all repeat the first. The baseline in the same run: comparing every two
sets of words.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from ragbot.index.duplicates import repeats
from ragbot.index.versions import trust
from ragbot.text.language import detect
from ragbot.types import Chunk

ROUNDS = 15


def main() -> None:
    """Print a table: corpus, what was timed, best and median milliseconds, ratio to the baseline."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", nargs="+", type=Path)
    parser.add_argument("--passages", type=int, default=100)
    parser.add_argument("--characters", type=int, default=800)
    given = parser.parse_args()
    for file in given.corpus:
        chunks = read(file, given.characters)
        picker = random.Random(7)
        samples = [picker.sample(chunks, min(given.passages, len(chunks))) for _ in range(ROUNDS)]
        same = [[replace(s[0], id=str(i), document_id=str(i)) for i in range(len(s))] for s in samples]
        near = [[c if i % 2 else replace(c, text=f"{c.text} Please.") for i, c in enumerate(s)] for s in same]
        base = timed(word_sets, samples)
        print(f"{file.parent.name}: {given.passages} passages of at most {given.characters} characters")
        for name, seconds in (
            ("every two word sets", base),
            ("repeats", timed(repeats, samples)),
            ("repeats, all equal", timed(repeats, same)),
            ("repeats, all nearly equal", timed(repeats, near)),
            ("versions", timed(lambda each: trust("How long does it take?", each), samples)),
        ):
            best, median = min(seconds), sorted(seconds)[len(seconds) // 2]
            print(f"  {name:28} {best * 1e3:8.2f} {median * 1e3:8.2f} ms   x{best / min(base):.3f}")


def read(file: Path, characters: int) -> list[Chunk]:
    """The texts of a corpus, cut, as passages of documents of their own."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Chunk(
            id=str(number),
            document_id=str(number),
            source=f"shop/{number}.md",
            title=str(row.get("title", "")),
            heading="",
            text=row["text"][:characters],
            start=0,
            end=len(row["text"][:characters]),
            meta={"language": detect(row["text"])},
        )
        for number, row in enumerate(rows)
    ]


def word_sets(chunks: Sequence[Chunk]) -> list[tuple[int, int]]:
    """The pairs of which four fifths of the words agree: what a few lines without thought would do."""
    bags = [frozenset(chunk.text.casefold().split()) for chunk in chunks]
    pairs = combinations(range(len(bags)), 2)
    return [(i, j) for i, j in pairs if len(bags[i] & bags[j]) >= 0.8 * len(bags[i] | bags[j])]


def timed(work: Callable[[Sequence[Chunk]], object], samples: Sequence[Sequence[Chunk]]) -> list[float]:
    """Seconds for each sample, after one round that is not counted."""
    work(samples[0])
    seconds = []
    for sample in samples:
        began = time.perf_counter()
        work(sample)
        seconds.append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main()
