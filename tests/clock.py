"""A clock that is set by hand."""

from __future__ import annotations


class Clock:
    """Gives the time that it was set to, seconds since the epoch."""

    def __init__(self, now: float = 1_000_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
