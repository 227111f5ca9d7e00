"""Gates: what an evaluation must reach, and what it may not lose against an earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ragbot.errors import GateFailed, InputError
from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.values import Change, Comparison, EvalReport


def parse_gates(texts: Iterable[str]) -> dict[str, float]:
    """`right_fact_rate=0.8` and the like to a mapping. Raises `InputError` for what is no known figure."""
    gates: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in MEASURES:
            raise InputError(f"gate {text!r} names no figure; there are {', '.join(MEASURES)}")
        if name in gates:
            raise InputError(f"gate {text!r} names {name} a second time")
        try:
            gates[name] = float(value)
        except ValueError as error:
            raise InputError(f"gate {text!r} has no number after =") from error
        if not 0 <= gates[name] <= 1:
            raise InputError(f"gate {text!r} lies outside 0..1, where all figures are")
    return gates


def failures(report: EvalReport, *, minimum: Mapping[str, float], maximum: Mapping[str, float]) -> list[str]:
    """Every figure below its minimum or above its maximum, or without questions; empty where all gates hold."""
    failed: list[str] = []
    for name, figure in report.overall.figures.items():
        least, most = minimum.get(name, 0.0), maximum.get(name, 1.0)
        if name not in minimum and name not in maximum:
            continue
        if figure.value is None:
            failed.append(f"{name} has no questions to be measured on")
        elif figure.value < least:
            failed.append(f"{name} is {figure.value:.4f} (n={figure.n}), below {least:g}")
        elif figure.value > most:
            failed.append(f"{name} is {figure.value:.4f} (n={figure.n}), above {most:g}")
    return failed


def losses(comparison: Comparison, margins: Mapping[str, float]) -> list[str]:
    """Every measure of which it is not shown that it is at most its margin worse than the baseline's.

    Shown means: the one-sided 95 % bound of the difference lies within the margin (a test of non-inferiority; Piaggio
    et al., JAMA 308(24), 2012). Where knowledge, settings, models and code are the same and no question differs, there
    is nothing to show.
    """
    changes = {change.name: change for change in comparison.changes}
    same_bot = not set(comparison.differing_hashes) - {"testset"}
    failed: list[str] = []
    for name, margin in margins.items():
        change = changes.get(name)
        if change is None:
            failed.append(f"{name} has no questions that both reports measure")
        elif not (same_bot and change.direction == "equal"):
            failed += _loss(change, margin)
    return failed


def check_gates(
    report: EvalReport,
    *,
    minimum: Mapping[str, float],
    maximum: Mapping[str, float],
    comparison: Comparison | None = None,
    no_worse: Mapping[str, float] | None = None,
) -> None:
    """Raises `GateFailed` naming everything that `failures` and, against a baseline, `losses` find."""
    failed = failures(report, minimum=minimum, maximum=maximum)
    if comparison is not None:
        failed += losses(comparison, no_worse or {})
    if failed:
        raise GateFailed("gate failed: " + "; ".join(failed))


def _loss(change: Change, margin: float) -> list[str]:
    higher = MEASURES[change.name].higher_is_better
    lost = change.before - change.after if higher else change.after - change.before
    most = -change.lower if higher else change.upper
    if most < margin:
        return []
    text = f"{change.name} went from {change.before:.4f} to {change.after:.4f} (n={change.n}) and may be "
    text += f"{most:.4f} worse, margin {margin:g}"
    if lost < margin:
        text += f"; the test set is too small to show less: with these questions {_up(most)} can be shown"
    return [text]


def _up(value: float) -> float:
    """The next thousandth above."""
    return (int(value * 1000) + 1) / 1000
