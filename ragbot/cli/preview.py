"""`ragbot index --preview`, `--publish`, `--discard`, and `ragbot rollback`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, read_settings, require
from ragbot.cli.output import progress_bar, say, say_json, warn
from ragbot.errors import InputError

if TYPE_CHECKING:
    from ragbot.evaluate.testset import Case
    from ragbot.evaluate.values import EvalReport
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.ingest.preview import Preview
    from ragbot.ingest.report import SyncReport
    from ragbot.preview import AnswerChange, Effects, Side, Told
    from ragbot.settings import Settings

_MOST_LISTED = 40
_WIDEST = 300
_MEGABYTE = 1e6


def preview(
    paths: Sequence[Path],
    *,
    kb: Path,
    settings: Settings,
    rebuild: bool,
    testset: Path | None,
    baseline: Path | None,
    max_broken: int | None,
    json: bool,
) -> None:
    """Prepare what `ragbot index` would do with `paths`, and show what it changes."""
    from ragbot.index.knowledge_base import KnowledgeBase

    cases, before = _inputs(testset, baseline)
    with KnowledgeBase.open(kb, settings=settings) as live, progress_bar() as progress:
        if cases and before is None and rebuild:
            _check_live(live)
        with live.preview(paths, rebuild=rebuild, progress=progress) as made:
            report = made.report
            nothing = not (report.added or report.changed or report.removed)
            found = None
            if cases and not nothing:
                found = _effects(made, cases, before, settings, progress)
            told = {
                "base": made.base,
                "revision": made.base + 1,
                "bytes": made.size(),
                "publishable": not nothing,
                "documents": report.to_dict(),
                "effects": found.to_dict() if found else None,
            }
            if nothing:
                made.discard()
    tell_embedder(report)
    if json:
        say_json(told)
    else:
        _show(report, found, told)
    if found is not None and max_broken is not None:
        from ragbot.preview import check_broken

        check_broken(found, max_broken)


def _inputs(testset: Path | None, baseline: Path | None) -> tuple[list[Case], EvalReport | None]:
    """Both files, checked before any work."""
    if testset is None:
        return [], None
    from ragbot.evaluate.summary import read_report
    from ragbot.evaluate.testset import load_testset

    before = read_report(baseline) if baseline is not None else None
    cases = list(load_testset(testset))
    if not cases:
        raise InputError(f"{testset} has no question; give a test set with at least one row")
    return cases, before


def _check_live(live: KnowledgeBase) -> None:
    """Raises `InputError` where the live side cannot be asked with the embedder of the settings."""
    made, asked = live.generations.get().embedder, live.load_embedder().name
    if made not in ("", asked):
        raise InputError(
            f"the live vectors are of embedder {made}, the settings ask for {asked}, so it cannot be asked; with the "
            "former settings run `ragbot eval TESTSET --json before.json`, then add --baseline before.json"
        )


def _effects(
    made: Preview, cases: Sequence[Case], before: EvalReport | None, settings: Settings, progress: Any
) -> Effects:
    from ragbot.bot import Bot
    from ragbot.calibration import threshold_hash
    from ragbot.fingerprint import fingerprint
    from ragbot.preview import Side, effects

    def side(kb: KnowledgeBase) -> Side:
        bot = Bot(kb, settings=settings)
        hashes = fingerprint(kb, settings) | {"calibration": threshold_hash(kb.folder, settings)}
        return Side(kb=kb, bot=bot, verifier=bot.verifier, hashes=hashes)

    return effects(
        cases,
        side(made.live),
        side(made.kb),
        baseline=before,
        progress=progress,
    )


def _show(report: SyncReport, found: Effects | None, told: dict[str, Any]) -> None:
    say_documents(report.added, report.changed, report.removed)
    say(str(report))
    if not told["publishable"]:
        say("nothing would change, so there is nothing to publish")
        return
    if found is not None:
        _show_effects(found)
    say(
        f"not published: revision {told['revision']} is prepared ({told['bytes'] / _MEGABYTE:.1f} MB of indexes); "
        "ragbot index --publish makes it current, ragbot index --discard forgets it"
    )


def tell_embedder(report: SyncReport) -> None:
    """Tell on stderr which embedder was chosen and why, where one was."""
    if report.embedder:
        warn(f"embedder: {report.embedder}")


def say_documents(added: Sequence[str], changed: Sequence[str], removed: Sequence[str]) -> None:
    """Print a line for each document, up to a number."""
    for word, sources in (("added", added), ("changed", changed), ("removed", removed)):
        for source in sources[:_MOST_LISTED]:
            say(f"{word:8} {source}")
        if len(sources) > _MOST_LISTED:
            say(f"{word:8} … and {len(sources) - _MOST_LISTED} more (--json lists all)")


def _show_effects(found: Effects) -> None:
    for change in found.answers[:_MOST_LISTED]:
        _show_change(change)
    if len(found.answers) > _MOST_LISTED:
        say(f"… and {len(found.answers) - _MOST_LISTED} more answers (--json lists all)")
    comparison = found.comparison
    say(
        f"of {found.after.overall.n} answers {len(comparison.changed)} change, {len(comparison.broken)} break, "
        f"{len(comparison.healed)} heal"
    )
    for each in comparison.changes:
        if each.before != each.after:
            clear = "" if each.direction in ("unclear", "equal") else f" {each.direction}"
            say(
                f"{each.name:20} {each.before:.3f} -> {each.after:.3f}{clear} "
                f"({each.low:+.3f} to {each.high:+.3f}, n {each.n})"
            )


def _show_change(change: AnswerChange) -> None:
    say(f"{change.effect:8} {change.id}: {_line(change.question)}")
    for word, told in (("before", change.before), ("after", change.after)):
        say(f"   {word:6} {told.status}: {_line(told.text)}")
        for line in _details(told):
            say(f"          {line}")


def _details(told: Told) -> list[str]:
    lines = [f"cites {'; '.join(told.places)}"] if told.places else []
    return [*lines, *(f"wrong: {problem}" for problem in told.problems)]


def _line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _WIDEST else joined[:_WIDEST] + "…"


def publish(kb: Path, settings: Settings, *, json: bool) -> None:
    """Make the preview current."""
    from ragbot.index.knowledge_base import KnowledgeBase

    require(kb)
    with KnowledgeBase.open(kb, settings=settings) as live, live.previewed() as made:
        report = made.report
        revision = made.publish()
    if json:
        say_json({"revision": revision, "documents": report.to_dict()})
        return
    say_documents(report.added, report.changed, report.removed)
    say(
        f"revision {revision} is current: {report.chunks} passages; ragbot rollback returns to the one before"
    )


def discard(kb: Path, settings: Settings, *, json: bool) -> None:
    """Forget the preview."""
    from ragbot.index.knowledge_base import KnowledgeBase

    require(kb)
    with KnowledgeBase.open(kb, settings=settings) as live, live.previewed() as made:
        made.discard()
    if json:
        say_json({"discarded": made.base + 1})
    else:
        say(f"the preview of revision {made.base + 1} is forgotten")


def rollback(
    to: Annotated[
        int | None, typer.Option("--to", metavar="REVISION", help="Default: the one before the newest.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list the revisions that are kept.")] = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Return to an earlier state of the knowledge base.

    That is a new revision, so a rollback is taken back by another one. Files are left alone: the next
    `ragbot index PATH` takes in what they hold.
    """
    if listed and to is not None:
        raise typer.BadParameter("is not for --list", param_hint="--to")
    from ragbot.index.knowledge_base import KnowledgeBase

    require(kb)
    with closing(KnowledgeBase.open(kb, settings=read_settings(config))) as opened:
        if listed:
            _list(opened, json=json)
            return
        report = opened.rollback(to)
    if json:
        say_json(report.to_dict())
        return
    say_documents(report.added, report.changed, report.removed)
    say(str(report))


def _list(opened: KnowledgeBase, *, json: bool) -> None:
    from ragbot.ingest.preview import waiting

    revisions = opened.revisions()
    with waiting(opened) or nullcontext() as made:
        if json:
            told = made and {"revision": made.base + 1, "at": made.at, "bytes": made.size()}
            say_json({"revisions": [each.to_dict() for each in revisions], "preview": told})
            return
        for each in revisions:
            mark = "*" if each.current else " "
            say(f"{mark} {each.revision:6}  {_moment(each.at)}  {each.documents:7} documents  {each.action}")
        if made is not None:
            say(str(made))


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="minutes")
