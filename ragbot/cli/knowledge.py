"""`ragbot index` and `ragbot search`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragbot.cli import preview as previews
from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, read_settings
from ragbot.cli.output import clean, progress_bar, say, say_json

if TYPE_CHECKING:
    from ragbot.settings import Settings
    from ragbot.types import Hit

_SNIPPET = 240


def index(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders.")] = None,
    *,
    kb: Kb = DEFAULT_KB,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read every file anew, as after a change of embedder.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Prepare and show what would change; nobody else sees it.")
    ] = False,
    testset: Annotated[
        Path | None,
        typer.Option("--testset", metavar="FILE", help="With --preview: which of these answers change."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="With --testset: `ragbot eval --json` of now, not to ask again.",
        ),
    ] = None,
    max_broken: Annotated[
        int | None,
        typer.Option("--max-broken", min=0, metavar="N", help="With --testset: fail (exit 7) if more break."),
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Make the preview current, as it is.")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="Forget the preview.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make the knowledge base hold these files.

    Reads what is new or changed, and forgets what is gone from the folders given.
    """
    others = {
        "--testset": testset,
        "--baseline": baseline,
        "--max-broken": max_broken,
        "--rebuild": rebuild or None,
    }
    _check_options(paths, preview=preview, publish=publish, discard=discard, others=others)
    settings = read_settings(config)
    if publish or discard:
        ending = previews.publish if publish else previews.discard
        ending(kb, settings, json=json)
    elif preview:
        previews.preview(
            paths or [],
            kb=kb,
            settings=settings,
            rebuild=rebuild,
            testset=testset,
            baseline=baseline,
            max_broken=max_broken,
            json=json,
        )
    else:
        _sync(paths or [], kb, settings, rebuild=rebuild, json=json)


def _check_options(
    paths: list[Path] | None, *, preview: bool, publish: bool, discard: bool, others: Mapping[str, object]
) -> None:
    """Raises `BadParameter` where options do not go together."""
    chosen = [
        name
        for name, given in (("--preview", preview), ("--publish", publish), ("--discard", discard))
        if given
    ]
    if len(chosen) > 1:
        raise typer.BadParameter(f"does not go with {chosen[0]}", param_hint=chosen[1])
    given = [name for name, value in others.items() if value is not None]
    if publish or discard:
        if paths or given:
            raise typer.BadParameter("stands alone: it takes the preview as it is", param_hint=chosen[0])
        return
    if not paths:
        raise typer.BadParameter("name a file or a folder", param_hint="PATH...")
    needing = [name for name in given if name != "--rebuild"]
    if needing and not preview:
        raise typer.BadParameter("is for --preview", param_hint=needing[0])
    if needing and "--testset" not in needing:
        raise typer.BadParameter("needs --testset FILE", param_hint=needing[0])


def _sync(paths: list[Path], kb: Path, settings: Settings, *, rebuild: bool, json: bool) -> None:
    from ragbot.index.knowledge_base import KnowledgeBase

    with KnowledgeBase.open(kb, settings=settings) as opened, progress_bar() as progress:
        report = opened.sync(paths, rebuild=rebuild, progress=progress)
    previews.tell_embedder(report)
    if json:
        say_json(report.to_dict())
    else:
        previews.say_documents(report.added, report.changed, report.removed)
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
