"""A claim -> its fits in the passages, each with its fault: what the verifier chooses from and a model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragbot.answer.check.features import Fit, above, fit
from ragbot.answer.check.reading import Passage, Said, read
from ragbot.answer.check.reasons import Fault, fault
from ragbot.answer.check.windows import region, windows

_CLOSE: Final = 0.05
"""How much less of the claim a window may cover than one that contradicts it, and still count."""


def fits(said: str, passages: Sequence[Passage], contexts: Sequence[str]) -> list[tuple[Fit, Fault | None]]:
    """The fits of a claim, the best covered first; `contexts[i]` is what stands above passage i.

    Where a window contradicts the claim, none that covers less of it is heard: it speaks of less.
    """
    found = windows(Said(said, read(said)), passages, [above(context)[0] for context in contexts])
    heard: list[tuple[Fit, Fault | None]] = []
    least = 0.0
    for window in sorted(found, key=lambda each: -each.coverage):
        if window.coverage < least:
            break
        fitted = fit(said, window, region(found, window.passage), contexts[window.passage - 1])
        wrong = fault(fitted)
        heard.append((fitted, wrong))
        if wrong is not None and wrong.verdict == "contradicted":
            least = max(least, window.coverage - _CLOSE)
    return heard
