"""`ragbot index` and `ragbot search`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, read_settings
from ragbot.cli.output import clean, progress_bar, say, say_json

if TYPE_CHECKING:
    from ragbot.ingest.report import SyncReport
    from ragbot.types import Hit

_SNIPPET = 240
_MOST_LISTED = 40


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    kb: Kb = DEFAULT_KB,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read every file anew, as after a change of embedder.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make the knowledge base hold these files.

    Reads what is new or changed, and forgets what is gone from the folders given.
    """
    from ragbot.index.knowledge_base import KnowledgeBase

    settings = read_settings(config)
    with KnowledgeBase.open(kb, settings=settings) as opened, progress_bar() as progress:
        report = opened.sync(paths, rebuild=rebuild, progress=progress)
    if json:
        say_json(report.to_dict())
    else:
        _print_report(report)


def _print_report(report: SyncReport) -> None:
    for word, sources in (("added", report.added), ("changed", report.changed), ("removed", report.removed)):
        for source in sources[:_MOST_LISTED]:
            say(f"{word:8} {source}")
        if len(sources) > _MOST_LISTED:
            say(f"{word:8} … and {len(sources) - _MOST_LISTED} more (--json lists all)")
    say(str(report))


def search(
    question: Annotated[str, typer.Argument(help="What a customer would ask.")],
    *,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many passages.")] = 8,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="KEY=VALUE",
            help="Only documents with this language, source or property; repeated values are alternatives.",
        ),
    ] = None,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show the passages that a question finds.

    Each comes with its rank and score by meaning (embedding) and by words (BM25).
    """
    wanted = _filters(filters or [])
    question = clean(question)
    with open_filled(kb, read_settings(config)) as opened:
        hits = opened.search(question, k=k, filters=wanted)
    if json:
        say_json({"question": question, "hits": hits})
        return
    for number, hit in enumerate(hits, 1):
        _print_hit(number, hit)
    if not hits:
        say("nothing found")


def _filters(texts: list[str]) -> Mapping[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = clean(text).partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--filter")
        filters.setdefault(key, []).append(value)
    return filters


def _print_hit(number: int, hit: Hit) -> None:
    chunk = hit.chunk
    place = [chunk.source]
    if chunk.heading:
        place.append(chunk.heading)
    if chunk.page is not None:
        place.append(f"page {chunk.page}")
    evidence = [f"score {hit.score:.4f}", _side("meaning", hit.dense_rank, hit.dense_score)]
    evidence.append(_side("words", hit.lexical_rank, hit.lexical_score))
    if hit.rerank_score is not None:
        evidence.append(f"rerank {hit.rerank_score:.3f}")
    text = " ".join(chunk.text.split())
    say(f"{number:2}. " + " | ".join(place))
    say(f"    {', '.join(evidence)}")
    say(f"    {text if len(text) <= _SNIPPET else text[:_SNIPPET] + '…'}")


def _side(name: str, rank: int | None, score: float | None) -> str:
    if rank is None:
        return f"{name} –"
    return f"{name} #{rank}" + ("" if score is None else f" ({score:.3f})")
