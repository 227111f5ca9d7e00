"""How a knowledge base of many passages behaves: `python scripts/bench_scale.py SETS --work DIR`.

SETS is a folder of retrieval sets in BEIR's layout (corpus.jsonl, queries.jsonl); `scale_base.py` tells what is
made of them. For each size: building, memory, disk, opening, hybrid top-10 search for real questions (embedding
included) without a filter and with one that lets 1 % through, recall@10 of the vector side against all vectors,
throughput of two threads, and the time until one
changed document is found by a reader that is open. The baseline, on the same data: all vectors in a flat faiss
index. Everything is measured in processes of their own; DIR keeps
what was built.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

import scale_base
import scale_quality
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.models.embed import load_embedder
from ragbot.settings import Settings

SETS = ("or-sharc-dev", "squad2", "xquad-en", "mtrag-un", "dstc10")
FILTER = {"shelf": "7"}
NEWS = "The zyxwomat accepts quuxberries on {day}."


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sets", type=Path)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--sizes", default="10000,100000,1000000")
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--skip-baseline", action="store_true")
    arguments.add_argument("--role", choices=tuple(ROLES), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in given.sizes.split(",")]
    if given.role:
        print(json.dumps(ROLES[given.role](given, sizes[0])))
        return
    figures = {size: measure(given, size) for size in sizes}
    table = Table("what", *(f"{size:,}" for size in sizes), "growth", title="scale")
    for name in figures[sizes[-1]]:
        row = [figures[size][name] for size in sizes]
        growth = [f"{later / earlier:.1f}" for earlier, later in itertools.pairwise(row) if earlier]
        table.add_row(name, *(f"{value:,.3f}".rstrip("0").rstrip(".") for value in row), ", ".join(growth))
    Console(width=140).print(table)


def measure(given: argparse.Namespace, size: int) -> dict[str, float]:
    """All figures of one size, each role in a process of its own."""
    built = given.work / f"built-{size}-{embedder_mark()}.json"
    if not built.is_file():
        built.write_text(json.dumps(apart(given, size, "build")))
    found = json.loads(built.read_text())
    roles = ["search", "threads", "live", *([] if given.skip_baseline else ["baseline"])]
    for role in roles:
        found |= apart(given, size, role)
    return {name: float(value) for name, value in found.items()}


def apart(given: argparse.Namespace, size: int, role: str) -> dict[str, float]:
    command = [sys.executable, __file__, str(given.sets), "--work", str(given.work), "--sizes", str(size)]
    done = subprocess.run(
        [*command, "--queries", str(given.queries), "--role", role],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{size:,} {role}: {json.dumps(found)}", file=sys.stderr)
    return found


def build(given: argparse.Namespace, size: int) -> dict[str, float]:
    """Rows through the staging functions, then the indexes as a sync makes them."""
    folder, settings = place(given, size), Settings()
    embedder = load_embedder(settings.embedder, settings.models)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(files(given, size), ignore_errors=True)
    files(given, size).mkdir()
    stored = scale_base.fill(folder, size, material(given), embedder, files(given, size))
    del embedder
    filled, started = peak(), time.perf_counter()
    with KnowledgeBase.open(folder, settings=settings) as kb:  # opening makes what is missing
        seconds = time.perf_counter() - started
        assert kb.generations.get().size == size
    return {"rows stored, s": stored, "indexes built, s": seconds, "peak memory before, MB": filled,
            "peak memory of building, MB": peak()}  # fmt: skip


def search(given: argparse.Namespace, size: int) -> dict[str, float]:
    started = time.perf_counter()
    kb = KnowledgeBase.open(place(given, size), settings=Settings())
    opened = time.perf_counter() - started
    questions = asked(given)
    found = {
        "disk: store, MB": disk(kb.folder, "kb.sqlite"),
        "disk: vectors, MB": disk(kb.folder, "segments"),
        "disk: words, MB": disk(kb.folder, "words"),
    }
    found |= {"open, s": opened, "segments": len(kb.generations.get().segments)}
    for name, filters in (("search", None), ("filtered search", FILTER)):
        taken = sorted(timed(kb, questions, filters))
        found[f"{name}, median ms"] = 1000 * statistics.median(taken)
        found[f"{name}, 95th percentile ms"] = 1000 * statistics.quantiles(taken, n=20)[-1]
    found["resident memory after search, MB"] = resident()
    return found | scale_quality.quality(
        kb, questions, FILTER["shelf"], given.work / f"exact-{size}-{embedder_mark()}.npz"
    )


def timed(kb: KnowledgeBase, questions: list[str], filters: dict[str, str] | None) -> list[float]:
    """Seconds of each search, the embedding of the question included."""
    for question in questions[:20]:
        kb.search(question, k=10, filters=filters)
    taken = []
    for question in questions:
        started = time.perf_counter()
        kb.search(question, k=10, filters=filters)
        taken.append(time.perf_counter() - started)
    return taken


def threads(given: argparse.Namespace, size: int) -> dict[str, float]:
    """Searches a second by one thread, and what two at once give; what two processes give is all that the machine,
    which others may use too, has to give."""
    with KnowledgeBase.open(place(given, size), settings=Settings()) as kb:
        questions = asked(given)
        timed(kb, questions, None)
        by_threads = {count: max(rate(kb, questions, count) for _ in range(3)) for count in (1, 2)}
        by_processes = {count: max(forked_rate(kb, questions, count) for _ in range(3)) for count in (1, 2)}
    return {
        "searches a second, 1 thread": by_threads[1],
        "2 threads / 1": by_threads[2] / by_threads[1],
        "2 processes / 1": by_processes[2] / by_processes[1],
    }


def rate(kb: KnowledgeBase, questions: list[str], count: int) -> float:
    """Searches a second by so many threads."""
    with ThreadPoolExecutor(count) as pool:
        started = time.perf_counter()
        for _ in pool.map(lambda question: kb.search(question, k=10), questions):
            pass
        return len(questions) / (time.perf_counter() - started)


def forked_rate(kb: KnowledgeBase, questions: list[str], count: int) -> float:
    """Searches a second by so many processes that share what this one has loaded."""
    started, children = time.perf_counter(), []
    for number in range(count):
        child = os.fork()
        if not child:
            for question in questions[number::count]:
                kb.search(question, k=10)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return len(questions) / (time.perf_counter() - started)


def live(given: argparse.Namespace, size: int) -> dict[str, float]:
    """Seconds from the start of a sync of one changed file until a reader that is open finds it; the best of 3, in
    this process, and of the whole command in a process of its own."""
    article, folder = files(given, size) / "live.md", place(given, size)
    found: dict[str, list[float]] = {"sync": [], "command": []}
    with KnowledgeBase.open(folder, settings=Settings()) as writer, KnowledgeBase.open(
        folder, settings=Settings()
    ) as reader:  # fmt: skip
        reader.search("warm up")
        for number, day in enumerate(
            ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays")
        ):
            news = NEWS.format(day=day)
            article.write_text(f"# News\n\n{news}\n", encoding="utf-8")
            started = time.perf_counter()
            if number < 3:
                writer.sync(article)
            else:
                command = [sys.executable, "-m", "ragbot", "index", str(article), "--kb", str(folder)]
                subprocess.run(command, check=True, capture_output=True)
            assert news in reader.search(f"zyxwomat quuxberries {day}", k=1)[0].chunk.text
            found["sync" if number < 3 else "command"].append(time.perf_counter() - started)
    return {
        "changed document live, s": min(found["sync"]),
        "the same, worst of 3, s": max(found["sync"]),
        "changed document live, whole command, s": min(found["command"]),
    }


def baseline(given: argparse.Namespace, size: int) -> dict[str, float]:
    """The embedding and all vectors in a flat index; nothing fused, no rows read."""
    import faiss

    with KnowledgeBase.open(place(given, size), settings=Settings()) as kb:
        generation, questions = kb.generations.get(), asked(given)
        flat = faiss.IndexFlatIP(generation.dense.dimension)
        for _, vectors in scale_quality.stored(kb, generation):
            flat.add(vectors)
        faiss.omp_set_num_threads(1)  # as our own searches
        taken = []
        for question in questions[:60]:
            started = time.perf_counter()
            understood = kb.understand(question)
            flat.search(kb.embedder.embed([understood.original], kind="query"), 50)
            taken.append(time.perf_counter() - started)
    return {
        "baseline: search, median ms": 1000 * statistics.median(taken[10:]),
        "baseline: search, 95th percentile ms": 1000 * statistics.quantiles(taken[10:], n=20)[-1],
        "baseline: resident memory, MB": resident(),
    }


def material(given: argparse.Namespace) -> scale_base.Real:
    settings = Settings()
    embedder = load_embedder(settings.embedder, settings.models)
    return scale_base.read([given.sets / name for name in SETS], embedder, given.work)


@lru_cache(maxsize=1)
def embedder_mark() -> str:
    settings = Settings()
    return hashlib.sha256(load_embedder(settings.embedder, settings.models).name.encode()).hexdigest()[:6]


def asked(given: argparse.Namespace) -> list[str]:
    return material(given).questions[: given.queries]


def place(given: argparse.Namespace, size: int) -> Path:
    """The knowledge base, which is another one for another embedder."""
    return Path(given.work) / f"kb-{size}-{embedder_mark()}"


def files(given: argparse.Namespace, size: int) -> Path:
    return Path(given.work) / f"files-{size}"


def disk(folder: Path, name: str) -> float:
    """Megabytes of a file or a folder."""
    found = [folder / name] if (folder / name).is_file() else [*(folder / name).rglob("*")]
    return sum(path.stat().st_size for path in found if path.is_file()) / 1e6


def resident() -> float:
    """Megabytes of this process in memory now, pages of mapped files included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak() -> float:
    """The most megabytes that this process had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


ROLES = {"build": build, "search": search, "threads": threads, "live": live, "baseline": baseline}

if __name__ == "__main__":
    main()
