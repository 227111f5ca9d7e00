"""Characters that a reader does not see as they are, and text that was broken on the way.

    a message in invisible characters, an order of letters that is turned round, `раypal` with Cyrillic letters,
    `RÃ¼ckgabe` and `R\ufffdckgabe` for "Rückgabe", the private characters of a font

Sources: Unicode Technical Report 36, "Unicode Security Considerations"; Boucher & Anderson, "Trojan Source", 2021
(overrides); Boucher et al., "Bad Characters: Imperceptible NLP Attacks", 2022.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ragbot.doctor.findings import Finding
from ragbot.doctor.pieces import Contents, place, shortened, where

if TYPE_CHECKING:
    from ragbot.types import Chunk

_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007e]{2,}(?!\U000e007f)")
"""Invisible doubles of the ASCII characters; behind a black flag they spell a region's flag."""
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
"""One chooses a glyph; a row of them holds bytes."""
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060-\u2064\u180e\ufeff]{3,}|[\u2061-\u2064]{2,}")
_OVERRIDE = re.compile("[\u202d\u202e]")
_CONFUSABLE: Final = "аеорсухкмтвнАВЕКМНОРСТУХіїјѕһԁԛԝІЈЅ" + "οινρυχκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_MIXED = re.compile(
    rf"(?<![^\W\d_])(?=[a-zA-Z]*[{_CONFUSABLE}])(?=[{_CONFUSABLE}]*[a-zA-Z])[a-zA-Z{_CONFUSABLE}]{{4,}}(?![^\W\d_])"
)
_LOST: Final = "\ufffd"
_TWICE = re.compile("(?:[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]{1,3})+")
"""UTF-8 read as Windows-1252."""
_PRIVATE = re.compile("[\ue001-\uf8ff]")
_PRIVATE_SHARE: Final = 0.02

Check = Callable[[str], str]
"""A passage's text -> what is wrong with it, with the next step; empty where nothing is."""


def hidden(contents: Contents) -> Iterator[Finding]:
    """A finding for each passage with hidden or broken text."""
    for chunk in contents.chunks():
        if chunk.text.isascii():
            continue
        for kind, check in _CHECKS:
            if what := check(chunk.text):
                yield _finding(chunk, kind, what)


def _finding(chunk: Chunk, kind: str, what: str) -> Finding:
    at = place(chunk)
    return Finding(about="content", level="note", kind=kind, message=f"{where(at)} {what}", places=(at,))


def _invisible(text: str) -> str:
    if match := _TAGS.search(text):
        said = "".join(chr(ord(char) - 0xE0000) for char in match.group())
        return f'holds an invisible message, "{shortened(said)}"; remove it and find out who put it there'
    if _SELECTORS.search(text) or _ZERO_WIDTH.search(text):
        return "holds a row of invisible characters; write the sentence anew and find out who put them there"
    return ""


def _turned(text: str) -> str:
    if match := _OVERRIDE.search(text):
        near = text[max(0, match.start() - 20) : match.end() + 20]
        return f'turns the order of letters round near "{shortened(near)}"; remove the control character'
    return ""


def _mixed(text: str) -> str:
    words = list(dict.fromkeys(match.group() for match in _MIXED.finditer(text)))[:3]
    if not words:
        return ""
    shown = ", ".join(f'"{word}" ({_named(word)})' for word in words)
    return f"has letters of two alphabets in one word: {shown}; no search finds it, write it anew"


def _named(word: str) -> str:
    return ", ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(word) if char in _CONFUSABLE)


def _lost(text: str) -> str:
    if count := text.count(_LOST):
        at = text.index(_LOST)
        near = shortened(text[max(0, at - 20) : at + 20])
        return f'has {count} unreadable characters, as in "{near}"; save the file as UTF-8 and index again'
    return ""


def _twice(text: str) -> str:
    for match in _TWICE.finditer(text):
        try:
            meant = match.group().encode("cp1252").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        near = shortened(text[max(0, match.start() - 20) : match.end() + 20])
        return f'has "{near}" where "{meant}" was meant; its encoding was misread, save it as UTF-8 and index again'
    return ""


def _private(text: str) -> str:
    found = len(_PRIVATE.findall(text))
    if found < 3 or found < _PRIVATE_SHARE * len(text):
        return ""
    return f"has {found} characters that only its own font knows; export it anew with readable text"


_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("hidden text", _invisible),
    ("hidden text", _turned),
    ("mixed letters", _mixed),
    ("broken text", _lost),
    ("broken text", _twice),
    ("broken text", _private),
)
