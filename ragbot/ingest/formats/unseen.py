"""Text of a web page that its reader cannot see: what is told by the elements' own styles. Style sheets are not read.

What can never be seen is taken out; what is folded away (`display:none`) stays, for help pages fold their answers, and
is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_NEVER = re.compile(
    r"visibility:hidden|opacity:0(?:\.0+)?(?:;|$)|font-size:0(?:\.0+)?(?:px|pt|em|rem|%)?(?:;|$)"
    r"|(?:left|top|text-indent|right):-\d{3,}|clip:rect\((?:0(?:px)?,?){4}\)"
    r"|(?<![\w-])color:transparent|(?<![\w-])color:rgba\([\d.,]+,0(?:\.0+)?\)"
)
_FOLDED = re.compile(r"display:none")
_WHITE: Final = r"(?:#fff(?:fff)?|white|rgb\(255,255,255\))(?:;|$)"
_WHITE_TEXT = re.compile(rf"(?<![\w-])color:{_WHITE}")
_GROUND = re.compile(r"background")
_SHOWN: Final = 80


def take_out_unseen(tree: Any) -> tuple[str, ...]:
    """Takes text that can never be seen out of `tree`; a note on it, and one on what is folded away."""
    unseen: list[str] = []
    folded: list[str] = []
    for element in tree.xpath("//*[@style]"):
        style = re.sub(r"\s+|!important", "", element.get("style") or "").casefold()
        text = " ".join("".join(element.itertext()).split())
        if not text or element.tag in ("html", "body") or element.getparent() is None:
            continue
        if _NEVER.search(style) or (_WHITE_TEXT.search(style) and not _stands_on_colour(element)):
            unseen.append(text)
            element.drop_tree()
        elif _FOLDED.search(style):
            folded.append(text)
    return tuple(_notes(unseen, folded))


def _stands_on_colour(element: Any) -> bool:
    """Whether the element or one around it sets a background, or may by its class."""
    around = (element, *element.iterancestors())
    return any(
        _GROUND.search(each.get("style") or "") or each.get("class") or each.get("bgcolor") for each in around
    )


def _notes(unseen: list[str], folded: list[str]) -> Iterator[str]:
    if unseen:
        yield f'text that a reader cannot see was left out: "{_cut(unseen[0])}"; find out who put it there'
    if folded:
        yield f'holds text that is folded away (display:none): "{_cut(folded[0])}"; remove it if nobody is to read it'


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"
