"""Sources of a test set, which may name documents by their ends, and the full names in a report or run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ragbot.evaluate.testset import Case


def as_retrieved(cases: Sequence[Case], retrieved: Iterable[str]) -> list[Case]:
    """The cases with each source as it was retrieved, where exactly one name ends in it."""
    known = sorted(set(retrieved))
    names: dict[str, str] = {}
    for source in {source for case in cases for source in case.sources}:
        fitting = [source] if source in known else [one for one in known if one.endswith(f"/{source}")]
        names[source] = fitting[0] if len(fitting) == 1 else source
    return [replace(case, sources=tuple(names[source] for source in case.sources)) for case in cases]
