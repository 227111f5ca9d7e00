"""How well search finds the right passage: every set in BEIR's layout below a folder, against what others use.

    scripts/bench_retrieval.py DATA [--sets NAMES] [--part held-out|learnt|all] [--work DIR] [--runs DIR]
                               [--change typo|conversation]

Four systems over the same passages and questions: BM25 alone and vectors alone on the last message, their
reciprocal rank fusion (k = 60), and `KnowledgeBase.search`, which also sees the conversation. Prints R@1, R@5,
R@10, MRR (of the first 10) and nDCG@10 by `ir_measures`, with 95 % bootstrap intervals over the groups of
questions that belong together, and the paired difference of R@1 to the best of the other three. `--part` says
which half of each set is measured (nothing is learnt from the `held-out` one, the default), `--work` keeps the
knowledge bases for the next run, `--change` gives each question a slip of the finger, or a conversation about
something else before it (where it has none), `--runs` writes what each system found as TREC runs. A passage
counts at the rank of its first chunk.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from ragbot import KnowledgeBase
from ragbot.index import rows
from ragbot.text.language import detect_query
from ragbot.text.words import terms
from retrieval_sets import (
    Query,
    RetrievalSet,
    after_others,
    open_indexed,
    passage_texts,
    read_set,
    set_folders,
    with_slip,
)

MEASURES = (R @ 1, R @ 5, R @ 10, RR @ 10, nDCG @ 10)
DEPTH = 100
"""Chunks that each of the plain systems proposes."""
FOUND = 20
"""Chunks asked of `search`; passages may consist of several."""
RRF_K = 60
RESAMPLES = 2000

Ranking = list[str]
"""Passage ids, best first, each once."""
System = Callable[[Sequence[Query]], list[Ranking]]


class Plain:
    """The textbook's systems over a knowledge base's own chunks and vectors."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb, self._generation = kb, kb.generations.get()
        with kb.store.reading() as connection:
            found = rows.chunks(connection, self._generation.rows.tolist())
        self._passages = [str(found[row].meta["_id"]) for row in self._generation.rows.tolist()]

    def _lexical(self, query: Query) -> list[int]:
        likely = next(iter(self._generation.languages), "en")
        weights = dict.fromkeys(terms(query.text, language=detect_query(query.text, default=likely)), 1.0)
        return [position for position, _ in self._generation.lexical.search(weights, DEPTH)]

    def _dense(self, query: Query) -> list[int]:
        vector = self._kb.embedder.embed([query.text], kind="query")
        return [position for position, _ in self._generation.dense.search(vector, DEPTH)[0]]

    def _named(self, positions: Iterable[int]) -> Ranking:
        return list(dict.fromkeys(self._passages[position] for position in positions))

    def bm25(self, queries: Sequence[Query]) -> list[Ranking]:
        return [self._named(self._lexical(query)) for query in queries]

    def dense(self, queries: Sequence[Query]) -> list[Ranking]:
        return [self._named(self._dense(query)) for query in queries]

    def rrf(self, queries: Sequence[Query]) -> list[Ranking]:
        """Cormack, Clarke & Buettcher, "Reciprocal Rank Fusion outperforms Condorcet" (2009)."""
        fused = []
        for query in queries:
            scores: dict[int, float] = {}
            for side in (self._lexical(query), self._dense(query)):
                for rank, position in enumerate(side, start=1):
                    scores[position] = scores.get(position, 0.0) + 1 / (RRF_K + rank)
            fused.append(self._named(sorted(scores, key=lambda position: -scores[position])))
        return fused


def ours(kb: KnowledgeBase) -> System:
    def found(queries: Sequence[Query]) -> list[Ranking]:
        hits = [kb.search(query.text, k=FOUND, history=query.history) for query in queries]
        return [list(dict.fromkeys(str(hit.chunk.meta["_id"]) for hit in each)) for each in hits]

    return found


def measure(queries: Sequence[Query], rankings: Sequence[Ranking]) -> NDArray[np.float64]:
    """Shape (len(queries), len(MEASURES))."""
    qrels = {query.id: dict(query.relevant) for query in queries}
    table = np.zeros((len(queries), len(MEASURES)))
    place = {query.id: row for row, query in enumerate(queries)}
    column = {str(measure): number for number, measure in enumerate(MEASURES)}
    for each in ir_measures.iter_calc(list(MEASURES), qrels, run_of(queries, rankings)):
        table[place[each.query_id], column[str(each.measure)]] = each.value
    return table


def run_of(queries: Sequence[Query], rankings: Sequence[Ranking]) -> dict[str, dict[str, float]]:
    """A run as `ir_measures` takes it: scores that fall with the rank, so that no tie is broken by name."""
    return {
        query.id: {passage: 1.0 / rank for rank, passage in enumerate(ranking, start=1)}
        for query, ranking in zip(queries, rankings, strict=True)
    }


def bootstrap(values: NDArray[np.float64], groups: Sequence[str]) -> tuple[float, float]:
    """95 % percentile interval of the mean of `values`, groups drawn whole (cluster bootstrap)."""
    _, number = np.unique(np.array(groups), return_inverse=True)
    sums, sizes = np.bincount(number, weights=values), np.bincount(number)
    drawn = np.random.default_rng(7).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def write_run(path: Path, queries: Sequence[Query], rankings: Sequence[Ranking]) -> None:
    """A TREC run: query Q0 passage rank score name."""
    lines = [
        f"{query.id} Q0 {passage} {rank} {1.0 / rank:.6f} {path.stem}\n"
        for query, ranking in zip(queries, rankings, strict=True)
        for rank, passage in enumerate(ranking, start=1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")


def asked_of(each: RetrievalSet, part: str, change: str) -> list[Query]:
    """The questions of a part of a set, changed as asked; the same each time."""
    rng, texts = random.Random(7), passage_texts(each)
    wanted = {"held-out": (True,), "learnt": (False,), "all": (True, False)}[part]
    queries = [query for query in each.queries if query.held_out in wanted]
    if change == "typo":
        return [with_slip(query, rng) for query in queries]
    if change == "conversation":
        return [after_others(query, each, texts, rng) for query in queries]
    return queries


def compare(folder: Path, given: argparse.Namespace, work: Path, table: Table) -> Mapping[str, float]:
    """Measure one set, add its rows to `table`; R@1 of each system."""
    each, runs = read_set(folder), given.runs
    queries = asked_of(each, given.part, given.change)
    groups = [query.group for query in queries]
    with open_indexed(each, work) as kb:
        plain = Plain(kb)
        systems: dict[str, System] = {
            "BM25": plain.bm25, "vectors": plain.dense, "RRF": plain.rrf, "ragbot": ours(kb)
        }  # fmt: skip
        figures = {}
        for name, system in systems.items():
            rankings = system(queries)
            figures[name] = measure(queries, rankings)
            if runs is not None:
                write_run(runs / each.name / f"{name}.trec", queries, rankings)
    first = {name: float(values[:, 0].mean()) for name, values in figures.items()}
    best = max((name for name in first if name != "ragbot"), key=lambda name: first[name])
    for name, values in figures.items():
        cells = [f"{values[:, i].mean():.3f} {_interval(values[:, i], groups)}" for i in range(len(MEASURES))]
        gain = ""
        if name == "ragbot":
            difference = values[:, 0] - figures[best][:, 0]
            gain = f"{100 * difference.mean():+.1f} {_interval(100 * difference, groups, 1)} {best}"
        table.add_row(f"{each.name} ({len(queries)})" if name == "BM25" else "", name, *cells, gain)
    table.add_section()
    return first


def _interval(values: NDArray[np.float64], groups: Sequence[str], digits: int = 3) -> str:
    low, high = bootstrap(values, groups)
    return f"[dim]{low:.{digits}f} {high:.{digits}f}[/dim]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default="", help="comma-separated names of folders; all by default")
    parser.add_argument("--part", choices=("held-out", "learnt", "all"), default="held-out")
    parser.add_argument("--work", type=Path, help="where knowledge bases are kept")
    parser.add_argument("--change", choices=("", "typo", "conversation"), default="")
    parser.add_argument("--runs", type=Path, help="where TREC runs are written")
    given = parser.parse_args()
    columns = [str(measure) for measure in MEASURES]
    table = Table(
        "set",
        "system",
        *columns,
        "R@1 gain over best",
        title=f"retrieval, {given.part} questions {given.change}",
    )
    with tempfile.TemporaryDirectory(prefix="ragbot-bench-") as scratch:
        work = given.work or Path(scratch)
        firsts = [compare(folder, given, work, table) for folder in set_folders(given.data, given.sets)]
    console = Console(width=190)
    console.print(table)
    gains = [
        100 * (each["ragbot"] - max(value for name, value in each.items() if name != "ragbot"))
        for each in firsts
    ]
    console.print(
        f"R@1 over the best of the others on each set: mean {np.mean(gains):+.2f} points, least {min(gains):+.2f}"
    )


if __name__ == "__main__":
    main()
