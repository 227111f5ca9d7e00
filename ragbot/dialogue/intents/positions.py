"""Where in a TOML text each value stands, for messages that name a line. Knows nothing of what the values mean.

The text must be one that tomllib has read: this reader follows its keys, headers and lists and checks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys of tables and places in lists, outermost first: `("refund", "examples", 2)`."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
_LONG = re.compile(r'"""(?:[^\\]|\\.)*?"""+|\'\'\'.*?\'\'\'+', re.DOTALL)
_PLAIN = re.compile(r"[^,\]}#\r\n]+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def positions(text: str) -> Mapping[Path, int]:
    """The line, from 1, on which each key, table and member of a list begins."""
    reader = _Reader(text)
    reader.document()
    return reader.implied | reader.lines


class _Reader:
    """Reads once from the beginning to the end; `at` is the place that is read next."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Path, int] = {}
        self.implied: dict[Path, int] = {}
        """Tables that only the headers of their parts name."""
        self._counted, self._line = 0, 1
        self._tables: dict[Path, int] = {}
        """How many tables each list of tables has so far."""

    def document(self) -> None:
        table: Path = ()
        self._skip()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip()

    def _skip(self) -> None:
        """Blanks, line breaks and comments."""
        while (match := _BLANK.match(self.text, self.at)) is not None and match.end() > self.at:
            self.at = match.end()

    def _note(self, path: Path, start: int) -> None:
        """The first place that names a path counts."""
        self._line += self.text.count("\n", self._counted, start)
        self._counted = start
        self.lines.setdefault(path, self._line)

    def _header(self) -> Path:
        start = self.at
        double = self.text.startswith("[[", start)
        self.at += 2 if double else 1
        path: Path = ()
        parts: list[Path] = []
        *parents, last = self._keys()
        for key in parents:
            path = self._inside((*path, key))
            parts.append(path)
        path = (*path, last)
        self._note(path, start)
        self.implied = dict.fromkeys(parts, self._line) | self.implied
        if double:
            self._tables[path] = self._tables.get(path, -1) + 1
            path = self._inside(path)
            self._note(path, start)
        self.at = self.text.index("]", self.at) + (2 if double else 1)
        return path

    def _inside(self, path: Path) -> Path:
        """A list of tables is continued in its last table."""
        return (*path, self._tables[path]) if path in self._tables else path

    def _pair(self, table: Path) -> None:
        """`key = value`, also within braces."""
        start, path = self.at, table
        for key in self._keys():
            path = (*path, key)
            self._note(path, start)
        self.at = self.text.index("=", self.at) + 1
        self._skip()
        self._value(path)

    def _keys(self) -> list[str]:
        """A dotted key."""
        keys = []
        while True:
            self._skip()
            keys.append(self._key())
            self._skip()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        for pattern in (_BARE, _LITERAL, _BASIC):
            if (match := pattern.match(self.text, self.at)) is not None:
                self.at = match.end()
                return _unescaped(match[1]) if pattern is _BASIC else match[match.lastindex or 0]
        raise AssertionError("tomllib has read this key")

    def _value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening in "[{":
            self.at += 1
            self._members(path, opening)
            return
        patterns = (_LONG, _BASIC, _LITERAL) if opening in "\"'" else (_PLAIN,)
        for pattern in patterns:
            if (match := pattern.match(self.text, self.at)) is not None:
                self.at = match.end()
                return

    def _members(self, path: Path, opening: str) -> None:
        """Of a list or of a table in braces, past its end."""
        number = 0
        while True:
            self._skip()
            if self.text[self.at] in "]}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif opening == "{":
                self._pair(path)
            else:
                self._note((*path, number), self.at)
                self._value((*path, number))
                number += 1


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code = match[1] or match[2]
        return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])

    return _ESCAPE.sub(plain, text)
