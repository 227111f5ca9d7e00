"""Which name each given path has in the knowledge base: `knowledge/policies/returns.md`.

A root is a folder, or a single file, that was given to a sync; its prefix is its own name, lengthened by
its parents' names where another existing root has that name already. A path inside a known root belongs
to it; a new root takes in known roots inside it; a folder that was moved keeps its prefix.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ragbot.errors import InputError
from ragbot.ingest.files import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder or file to sync."""

    path: Path
    root: str
    """Prefix of the root that it is or belongs to."""
    source: str
    """Its own name: of a file its source, of a folder what its files' sources begin with."""

    def source_of(self, below: str) -> str:
        """The source of the file that is called `below` in the listing of `path`."""
        return f"{self.source}/{below}" if self.path.is_dir() else self.source

    def covers(self, source: str) -> bool:
        """Whether a document of this source comes from this target."""
        return source == self.source or source.startswith(self.source + "/")


@dataclass(slots=True, kw_only=True)
class Plan:
    """Where everything goes; filled by `plan`."""

    roots: dict[str, str]
    """All roots after the sync: prefix -> absolute path."""
    targets: list[Target] = field(default_factory=list)
    absorbed: set[str] = field(default_factory=set)
    """Prefixes of former roots whose files now belong to a root above them."""
    notes: list[str] = field(default_factory=list)


def plan(paths: Sequence[str | os.PathLike[str]], recorded: Mapping[str, str]) -> Plan:
    """Names for `paths`, given the roots that are known. Raises `InputError` naming what cannot be read."""
    if not paths:
        raise InputError("no path was given; name a file or a folder to index")
    made = Plan(roots=dict(recorded))
    resolved = sorted({_existing(path) for path in paths}, key=lambda path: (len(path.parts), path))
    for path in resolved:
        if not any(path.is_relative_to(target.path) for target in made.targets):
            made.targets.append(_place(path, made))
    return made


def _existing(path: str | os.PathLike[str]) -> Path:
    """The absolute path without links, if it can be read."""
    try:
        found = Path(path).expanduser().resolve(strict=True)
        if found.is_dir():
            os.scandir(found).close()
        elif not found.is_file():
            raise InputError(f"{printable(str(path))} is neither a file nor a folder")
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{printable(str(path))} cannot be read ({reason}); check the path") from error
    return found


def _place(path: Path, made: Plan) -> Target:
    for prefix, root in made.roots.items():
        if path == Path(root) or (path.is_relative_to(root) and Path(root).is_dir()):
            below = path.relative_to(root).as_posix()
            return Target(
                path=path, root=prefix, source=prefix if below == "." else f"{prefix}/{printable(below)}"
            )
    inside = {prefix for prefix, root in made.roots.items() if Path(root).is_relative_to(path)}
    for prefix in inside:
        del made.roots[prefix]
    made.absorbed |= inside
    prefix = _free_prefix(path, made)
    if inside:
        made.notes.append(f"{', '.join(sorted(inside))} is now part of {prefix}")
    made.roots[prefix] = str(path)
    return Target(path=path, root=prefix, source=prefix)


def _free_prefix(path: Path, made: Plan) -> str:
    names = [printable(name) for name in path.parts[1:]] or ["files"]
    candidates = ["/".join(names[-count:]) for count in range(1, len(names) + 1)]
    candidates += [f"{candidates[-1]}~{number}" for number in range(2, len(made.roots) + 3)]
    for candidate in candidates:
        taken = [prefix for prefix in made.roots if _overlap(prefix, candidate)]
        moved = taken == [candidate] and not Path(made.roots[candidate]).exists()
        if moved:
            made.notes.append(f"{candidate} has moved to {printable(str(path))}")
        if moved or not taken:
            return candidate
    raise AssertionError("more candidates than roots, so one is free")


def _overlap(one: str, other: str) -> bool:
    """Whether two roots with these prefixes could give the same source to two files."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
