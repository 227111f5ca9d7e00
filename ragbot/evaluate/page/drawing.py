"""What charts are made of: marks with their places, in units of the drawing; the style gives them colours.

Drawn here and not by a library, because the page forbids inline styles, which those write, and because colours follow
the reader's theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 12.0, 38.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A bar."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A polyline."""

    points: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A point."""

    x: float
    y: float
    r: float
    kind: str
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words in the drawing."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = "tick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing of 440 by 250 units, what it says in words, and its numbers."""

    id: str
    title: str
    about: str
    """How to read it."""
    summary: str
    """What it shows, for those who do not see it."""
    header: tuple[str, ...]
    table: tuple[tuple[str, ...], ...]
    rects: tuple[Rect, ...] = ()
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The area inside the axes; `x` and `y` take shares of it, 0..1, `y` upwards."""

    top: float = TOP
    bottom: float = HEIGHT - BOTTOM

    def x(self, share: float) -> float:
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)

    def y(self, share: float) -> float:
        return round(self.bottom - share * (self.bottom - self.top), 2)

    def line(self, shares: Iterable[tuple[float, float]], kind: str) -> Line:
        return Line(points=" ".join(f"{self.x(x):g},{self.y(y):g}" for x, y in shares), kind=kind)


def grid(frame: Frame, top: float) -> tuple[list[Line], list[Label]]:
    """Horizontal lines and labels of a vertical axis from 0 to `top`, a share; and the horizontal one's, 0 to 1."""
    steps = [0, 0.25, 0.5, 0.75, 1]
    lines = [frame.line([(0, step), (1, step)], "axis" if step == 0 else "grid") for step in steps]
    labels = [
        Label(x=LEFT - 6, y=frame.y(step) + 4, text=f"{100 * step * top:g}", anchor="end") for step in steps
    ]
    labels += [Label(x=frame.x(step), y=frame.bottom + 15, text=f"{100 * step:g}") for step in steps]
    return lines, labels


def axis_names(x: str, y: str) -> list[Label]:
    """Below and left of the axes."""
    return [
        Label(x=(WIDTH + LEFT - RIGHT) / 2, y=HEIGHT - 6, text=x, kind="name"),
        Label(x=-(HEIGHT - BOTTOM + TOP) / 2, y=11, text=y, kind="name side"),
    ]


def bars(frame: Frame, counts: Sequence[int], kind: str, tips: Sequence[str], *, most: int) -> list[Rect]:
    """Side by side over the whole width; one of `most` is as high as the frame."""
    width = (frame.x(1) - frame.x(0)) / len(counts)
    return [
        Rect(
            x=round(frame.x(0) + step * width + 0.75, 2),
            y=frame.y(count / most),
            width=round(width - 1.5, 2),
            height=round(frame.bottom - frame.y(count / most), 2),
            kind=kind,
            tip=tips[step],
        )
        for step, count in enumerate(counts)
        if count
    ]
