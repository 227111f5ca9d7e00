"""How fast a folder becomes searchable, and how fast search is: `python scripts/bench_ingest.py FOLDER`.

Measures, on a copy of FOLDER: the first sync; the same passages through sentence-transformers' default and a
flat faiss index (encoding and adding alone: reading, cutting and storing are not in its time); a second run
in a fresh process; one changed article from the command's start until an open reader finds it; and searches
for the documents' titles. `--skip-baseline` leaves the slow part out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.ingest.passage import embedded_text
from ragbot.models.hub import locate
from ragbot.settings import Settings
from ragbot.types import Chunk

QUERIES = 300
NEWS = "The zyxwomat accepts quuxberries on Tuesdays."


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--skip-baseline", action="store_true")
    given = arguments.parse_args()
    table = Table("what", "figure", title=f"ingest of {given.folder.name}")
    with tempfile.TemporaryDirectory(prefix="ragbot-bench-") as temporary:
        data, kb_folder = Path(temporary) / given.folder.name, Path(temporary) / "kb"
        shutil.copytree(given.folder, data)
        with KnowledgeBase.open(kb_folder, settings=Settings()) as kb:
            kb.load_embedder()
            report = kb.sync(data)
            table.add_row("documents", str(len(report.added)))
            table.add_row("passages", str(report.chunks))
            ours = report.chunks / report.seconds
            table.add_row("first sync, model loaded", f"{report.seconds:.1f} s, {ours:.1f} passages/s")
            chunks = [chunk for document in kb.documents() for chunk in kb.chunks(document.id)]
            if not given.skip_baseline:
                theirs = baseline(chunks, kb.settings)
                table.add_row("sentence-transformers and faiss alone", f"{theirs:.1f} passages/s")
                table.add_row("ratio", f"{ours / theirs:.2f}")
            table.add_row("second run, nothing changed, whole process", f"{index(data, kb_folder):.2f} s")
            table.add_row("one changed article until a reader finds it", f"{live(kb, data, kb_folder):.2f} s")
            titles = [document.title for document in kb.documents()]
            for name, seconds in latency(kb, titles).items():
                table.add_row(f"search, {name} of {QUERIES}", f"{1000 * seconds:.1f} ms")
    Console().print(table)


def baseline(chunks: list[Chunk], settings: Settings) -> float:
    """Passages a second of what most projects do, the model loaded and warm."""
    import faiss
    from sentence_transformers import SentenceTransformer

    texts = [embedded_text(chunk) for chunk in chunks]
    model = SentenceTransformer(str(locate("all-minilm-l6-v2", settings.models)), device="cpu")
    model.encode(texts[:8], normalize_embeddings=True, show_progress_bar=False)
    started = time.perf_counter()
    vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    faiss.IndexFlatIP(vectors.shape[1]).add(vectors)
    return len(texts) / (time.perf_counter() - started)


def index(data: Path, kb_folder: Path) -> float:
    """Seconds of `ragbot index` in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "ragbot", "index", str(data), "--kb", str(kb_folder)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def live(kb: KnowledgeBase, data: Path, kb_folder: Path) -> float:
    """Seconds from the start of `ragbot index` until `kb`, open all the while, finds what is new."""
    article = next(data.rglob("*.md"))
    article.write_text(f"{article.read_text(encoding='utf-8')}\n\n{NEWS}\n", encoding="utf-8")
    started = time.perf_counter()
    index(data, kb_folder)
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


if __name__ == "__main__":
    main()
