"""`ragbot calibrate`: choose from which confidence on the bot answers, so that a stated risk is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragbot.cli.evaluation import read_cases
from ragbot.cli.options import DEFAULT_KB, Config, Json, Kb, open_filled, read_settings
from ragbot.cli.output import progress_bar, say_json, say_table, warn
from ragbot.errors import GateFailed

if TYPE_CHECKING:
    from ragbot.calibration import Calibration
    from ragbot.evaluate.calibrate import Calibrated
    from ragbot.evaluate.conformal import Point
    from ragbot.evaluate.testset import Case
    from ragbot.index.knowledge_base import KnowledgeBase
    from ragbot.settings import Settings


class RiskKind(StrEnum):
    """Of what the share is held."""

    conditional = "conditional"
    joint = "joint"


def calibrate(
    testset: Annotated[Path, typer.Argument(metavar="TESTSET", help="JSON Lines, one question a line.")],
    *,
    risk: Annotated[float, typer.Option("--risk", help="Largest share of wrong answers, 0 to 1.")] = 0.05,
    confidence: Annotated[
        float, typer.Option("--confidence", help="How surely, 0 to 1; of conditional alone.")
    ] = 0.9,
    kind: Annotated[
        RiskKind,
        typer.Option("--kind", help="Wrong ones among the answers, or (joint) among the questions."),
    ] = RiskKind.conditional,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", help="Only questions with this tag; repeated: with all of them."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing.")] = False,
    kb: Kb = DEFAULT_KB,
    config: Config = None,
    json: Json = False,
) -> None:
    """Choose the confidence from which on the bot answers, so that a stated risk is held.

    Prints how often answers are wrong for each threshold, and stores the lowest that holds the risk with the knowledge
    base. Ends with 7 where none does; then nothing is stored.
    """
    _check_share("--risk", risk)
    _check_share("--confidence", confidence)
    cases = read_cases(testset, tags or ())
    settings = read_settings(config)
    with open_filled(kb, settings) as opened:
        found, made = _calibrate(opened, settings, cases, kind=kind, risk=risk, confidence=confidence)
        file = _store(opened, made) if made is not None and not dry_run else None
    if json:
        say_json(_document(found, made, file))
    else:
        from ragbot.evaluate.calibration_report import render

        say_table(render(found))
    _end(found, file, settings)


def _check_share(option: str, value: float) -> None:
    if not 0 < value < 1:
        raise typer.BadParameter(f"{value:g} does not lie between 0 and 1", param_hint=option)


def _calibrate(
    kb: KnowledgeBase,
    settings: Settings,
    cases: Sequence[Case],
    *,
    kind: RiskKind,
    risk: float,
    confidence: float,
) -> tuple[Calibrated, Calibration | None]:
    """What the questions show, and what of it is to be kept; None where the risk cannot be held."""
    from ragbot.bot import Bot
    from ragbot.calibration import WITHOUT, in_force
    from ragbot.evaluate.calibrate import calibrate as ask_all
    from ragbot.evaluate.testset import hash_cases, resolve_sources
    from ragbot.fingerprint import fingerprint

    resolved = resolve_sources(cases, (document.source for document in kb.documents()))
    hashes = fingerprint(kb, settings, without=WITHOUT)  # first: what changes meanwhile makes it outdated
    answering = settings.model_copy(update={"answer": settings.answer.model_copy(update={"threshold": 0.0})})
    with progress_bar() as progress:
        found = ask_all(
            Bot(kb, settings=answering),
            resolved,
            kind="joint" if kind is RiskKind.joint else "conditional",
            risk=risk,
            confidence=confidence,
            current=in_force(kb.folder, settings),
            progress=progress,
        )
    return found, _made(found, hash_cases(cases), hashes)


def _made(found: Calibrated, testset: str, hashes: Mapping[str, str]) -> Calibration | None:
    from ragbot.calibration import Calibration

    if found.chosen is None:
        return None
    return Calibration(
        threshold=found.chosen.threshold,
        kind=found.kind,
        risk=found.risk,
        confidence=found.confidence if found.kind == "conditional" else None,
        questions=found.chosen.asked,
        answered=found.chosen.answered,
        wrong=found.chosen.wrong,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        testset=testset,
        hashes=hashes,
    )


def _store(kb: KnowledgeBase, made: Calibration) -> Path:
    from ragbot.calibration import store

    return store(kb.folder, made)


def _document(found: Calibrated, made: Calibration | None, file: Path | None) -> dict[str, Any]:
    def point(each: Point | None) -> dict[str, Any] | None:
        from ragbot.evaluate.conformal import upper_bound

        if each is None:
            return None
        return {
            "threshold": each.threshold,
            "asked": each.asked,
            "answered": each.answered,
            "wrong": each.wrong,
            "coverage": each.coverage,
            "conditional": each.conditional,
            "joint": each.joint,
            "upper_bound": upper_bound(each.wrong, each.answered, found.confidence),
        }

    return {
        "kind": found.kind,
        "risk": found.risk,
        "confidence": found.confidence,
        "chosen": point(found.chosen),
        "current": point(found.current),
        "provable": None
        if found.provable is None
        else {"risk": found.provable[0], **(point(found.provable[1]) or {})},
        "unjudged": found.unjudged,
        "together": found.together,
        "curve": [point(each) for each in found.curve],
        "calibration": made,
        "stored": None if file is None else str(file),
    }


def _end(found: Calibrated, file: Path | None, settings: Settings) -> None:
    """Say where it is stored. Raises `GateFailed` where no threshold holds the risk."""
    if found.chosen is None:
        from ragbot.evaluate.calibration_report import refusal

        stays = f"{found.current.threshold:g} stays in force"
        raise GateFailed(f"nothing is stored and {stays}: {refusal(found)}")
    if file is None:
        warn("nothing is stored, as asked")
        return
    warn(f"stored in {file}")
    if settings.answer.threshold is not None:
        warn(
            f"it is not used while answer.threshold is set, to {settings.answer.threshold:g}; take that away"
        )
