"""How fast a folder becomes searchable, at what quality and in how much memory, and how fast search is.

    python scripts/bench_ingest.py FOLDER [--quality SET ...] [--copies 4] [--rounds 2] [--skip-baseline]

Measures, on a copy of FOLDER: the first sync; the same passages through sentence-transformers' default and a
flat faiss index (encoding and adding alone: reading, cutting and storing are not in its time), the two taking
turns, the best of the rounds; a second run in a fresh process; one changed article from the command's start
until an open reader finds it; searches for the documents' titles; and what of a copy of every file is embedded
again. With `--copies`, the peak resident memory of `ragbot index` (the process itself, not those that parse)
on the folder and on so many varied copies of its text files. With `--quality`, for each set in BEIR's layout
(corpus.jsonl, queries.jsonl, qrels.tsv): the share of a question's relevant passages among the 5 nearest of an
exact search, our vectors against the float32 ones of sentence-transformers.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.models.hub import locate
from ragbot.models.runtime import go_offline, quiet_transformers
from ragbot.settings import Settings
from ragbot.text.passage import embedded_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragbot.protocols import Embedder

QUERIES = 300
NEAREST = 5
NEWS = "The zyxwomat accepts quuxberries on Tuesdays."
_FIXED = ("---", "|", "```", "<")
"""Blocks that begin so are front matter, tables, code and markup: a varied copy leaves them as they are."""


def main() -> None:
    given = arguments()
    table = Table("what", "figure", title=f"ingest of {given.folder.name}")
    with tempfile.TemporaryDirectory(prefix="ragbot-bench-") as temporary:
        data = Path(temporary) / given.folder.name
        shutil.copytree(given.folder, data)
        if given.copies:  # first: Linux counts what this process holds as its children's peak
            memory(table, given.folder, Path(temporary), given.copies)
        model = None if given.skip_baseline else original(Settings())
        kb = throughput(table, data, Path(temporary), model, given.rounds)
        with kb:
            following(table, kb, data)
            for folder in given.quality:
                quality(table, folder, kb.embedder, original(kb.settings) if model is None else model)
    Console().print(table)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quality", type=Path, nargs="+", default=[], metavar="SET")
    parser.add_argument("--copies", type=int, default=4, help="0 leaves memory out")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--skip-baseline", action="store_true")
    return parser.parse_args()


def original(settings: Settings) -> Any:
    """sentence-transformers' own model, loaded and warm."""
    go_offline()
    from sentence_transformers import SentenceTransformer

    with quiet_transformers():
        model = SentenceTransformer(str(locate("all-minilm-l6-v2", settings.models)), device="cpu")
    encode(model, ["warm"] * 8)
    return model


def encode(model: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = model.encode(
        list(texts), normalize_embeddings=True, show_progress_bar=False
    )
    return vectors


def throughput(table: Table, data: Path, temporary: Path, model: Any | None, rounds: int) -> KnowledgeBase:
    """Sync and baseline in turns. Returns the last knowledge base, open; the earlier ones are removed."""
    ours, theirs = [], []
    for number in range(rounds):
        kb = KnowledgeBase.open(temporary / f"kb{number}", settings=Settings())
        kb.load_embedder()
        report = kb.sync(data)
        ours.append(report.seconds)
        texts = [embedded_text(chunk) for document in kb.documents() for chunk in kb.chunks(document.id)]
        if model is not None:
            theirs.append(baseline(model, texts))
        if number < rounds - 1:
            kb.close()
            shutil.rmtree(kb.folder)
    table.add_row("documents", str(len(report.added)))
    table.add_row("passages", str(report.chunks))
    table.add_row("texts embedded, and how many differ", f"{report.embedded}, {len(set(texts))}")
    rate = report.chunks / min(ours)
    table.add_row("first sync, model loaded", f"{min(ours):.1f} s, {rate:.1f} passages/s")
    if theirs:
        table.add_row("sentence-transformers and faiss alone", f"{len(texts) / min(theirs):.1f} passages/s")
        table.add_row("ratio", f"{min(theirs) / min(ours):.2f}")
    return kb


def baseline(model: Any, texts: Sequence[str]) -> float:
    """Seconds of what most projects do."""
    import faiss

    started = time.perf_counter()
    vectors = encode(model, texts)
    faiss.IndexFlatIP(vectors.shape[1]).add(vectors)
    return time.perf_counter() - started


def following(table: Table, kb: KnowledgeBase, data: Path) -> None:
    """What comes after the first sync: nothing new, one new article, searches, every file a second time."""
    seconds, _ = index(data, kb.folder)
    table.add_row("second run, nothing changed, whole process", f"{seconds:.2f} s")
    table.add_row("one changed article until a reader finds it", f"{live(kb, data):.2f} s")
    titles = [document.title for document in kb.documents()]
    for name, taken in latency(kb, titles).items():
        table.add_row(f"search, {name} of {QUERIES}", f"{1000 * taken:.1f} ms")
    before = kb.stats()["chunks"]
    shutil.copytree(data, data.parent / "again")
    shutil.move(data.parent / "again", data / "again")
    report = kb.sync(data)
    table.add_row("a copy of every file: embedded again", f"{report.embedded} of {report.chunks - before}")


def index(data: Path, kb_folder: Path) -> tuple[float, float]:
    """Seconds and peak resident megabytes of `ragbot index` in a process of its own. The peak is at least what
    this process holds."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "ragbot", "index", str(data), "--kb", str(kb_folder)]
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - started, used.ru_maxrss / 1024


def live(kb: KnowledgeBase, data: Path) -> float:
    """Seconds from the start of `ragbot index` until `kb`, open all the while, finds what is new."""
    article = next(data.rglob("*.md"))
    article.write_text(f"{article.read_text(encoding='utf-8')}\n\n{NEWS}\n", encoding="utf-8")
    started = time.perf_counter()
    index(data, kb.folder)
    assert NEWS in kb.search("zyxwomat quuxberries", k=1)[0].chunk.text
    return time.perf_counter() - started


def latency(kb: KnowledgeBase, titles: list[str]) -> dict[str, float]:
    """Median and 95th percentile in seconds, embedding of the question included."""
    questions = [titles[number % len(titles)] for number in range(QUERIES)]
    for question in questions[:10]:
        kb.search(question)
    taken = []
    for question in questions:
        started = time.perf_counter()
        kb.search(question)
        taken.append(time.perf_counter() - started)
    return {"median": statistics.median(taken), "95th percentile": statistics.quantiles(taken, n=20)[-1]}


def memory(table: Table, folder: Path, temporary: Path, copies: int) -> None:
    """Peak memory on the folder as it is and on varied copies of its text files side by side."""
    many = temporary / "many"
    for number in range(copies):
        for source in (*folder.rglob("*.md"), *folder.rglob("*.txt")):
            target = many / str(number) / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(varied(source.read_text(encoding="utf-8"), number), encoding="utf-8")
    peaks = []
    for name, data in (("the folder", many / "0"), (f"{copies} varied copies", many)):
        kb_folder = temporary / f"kb of {name}"
        _, peak = index(data, kb_folder)
        with KnowledgeBase.open(kb_folder, settings=Settings()) as kb:
            passages = kb.stats()["chunks"]
        table.add_row(f"peak memory, {name}", f"{peak:.0f} MB, {passages} passages")
        peaks.append(peak)
    table.add_row("ratio of peaks", f"{peaks[1] / peaks[0]:.2f} for {copies} times the text")


def varied(text: str, number: int) -> str:
    """The text with a remark in every paragraph, so that no two copies have a passage in common."""
    blocks = re.split(r"\n\n+", text)
    return "\n\n".join(
        block if block.startswith(_FIXED) or not block.strip() else f"{block} (edition {number})"
        for block in blocks
    )


def quality(table: Table, folder: Path, embedder: Embedder, model: Any) -> None:
    """R@5 with both kinds of vectors, and the difference in points."""
    passages = {
        row["_id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in rows(folder, "corpus")
    }
    relevant: dict[str, set[str]] = {}
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if float(row["score"]) > 0:
                relevant.setdefault(row["query-id"], set()).add(row["corpus-id"])
    asked = {row["_id"]: row["text"] for row in rows(folder, "queries") if row["_id"] in relevant}
    names, texts, questions = list(passages), list(passages.values()), list(asked.values())
    wanted = [relevant[name] for name in asked]
    ours = recall(embedder.embed(texts), embedder.embed(questions, kind="query"), names, wanted)
    theirs = recall(encode(model, texts), encode(model, questions), names, wanted)
    table.add_row(
        f"R@{NEAREST} on {folder.name}, {len(asked)} questions",
        f"{ours:.4f}, float32 {theirs:.4f}, {100 * (ours - theirs):+.2f} points",
    )


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def recall(
    passages: NDArray[np.float32],
    questions: NDArray[np.float32],
    names: Sequence[str],
    wanted: Sequence[set[str]],
) -> float:
    """Mean share of a question's relevant passages among its nearest by inner product."""
    nearest = np.argsort(-(questions @ passages.T), axis=1, kind="stable")[:, :NEAREST]
    found = [{names[place] for place in places} for places in nearest]
    return statistics.mean(len(had & want) / len(want) for had, want in zip(found, wanted, strict=True))


if __name__ == "__main__":
    main()
