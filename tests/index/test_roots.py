"""Names of sources: no two files ever share one, and a moved folder keeps its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from quick import write

from ragbot.errors import InputError
from ragbot.ingest.roots import Plan, plan


def named(path: Path | list[Path], recorded: dict[str, str] | None = None) -> Plan:
    return plan(path if isinstance(path, list) else [path], recorded or {})


def test_a_folder_gives_its_name(tmp_path: Path) -> None:
    """`shop/` and the path below it; a single file is called by its own name."""
    shop = write(tmp_path / "shop", lamp="x")
    made = named(shop)
    assert made.roots == {"shop": str(shop)}
    assert made.targets[0].source_of("help/lamp.md") == "shop/help/lamp.md"
    assert named(shop / "lamp.md").targets[0].source_of("lamp.md") == "lamp.md"


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """The second is called by its parent's name too, and the third by its grandparent's."""
    one, two = write(tmp_path / "a" / "docs", lamp="x"), write(tmp_path / "b" / "docs", lamp="x")
    three = write(tmp_path / "c" / "b" / "docs", lamp="x")
    first = named(one)
    second = named(two, first.roots)
    third = named(three, second.roots)
    assert third.roots == {"docs": str(one), "b/docs": str(two), "c/b/docs": str(three)}
    assert named([one, two, three]).roots.keys() == third.roots.keys()
    assert named(one, third.roots).targets[0].source == "docs"


def test_prefixes_never_overlap(tmp_path: Path) -> None:
    """A root `b` and a root `b/docs` could both hold `b/docs/lamp.md`: the second gets a longer name."""
    one = write(tmp_path / "a" / "docs", lamp="x")
    two = write(tmp_path / "b" / "docs", lamp="x")
    other = write(tmp_path / "z" / "b", lamp="x")
    made = named(other, named(two, named(one).roots).roots)
    assert set(made.roots) == {"docs", "b/docs", "z/b"}


def test_a_moved_folder_keeps_its_name(tmp_path: Path) -> None:
    """The recorded path no longer exists: the new one takes its place, with a note."""
    new = write(tmp_path / "new" / "docs", lamp="x")
    made = named(new, {"docs": str(tmp_path / "old" / "docs")})
    assert made.roots == {"docs": str(new)}
    assert "moved" in made.notes[0]


def test_a_parent_takes_in_its_parts(tmp_path: Path) -> None:
    """Files are not stored twice when the folder above is synced later."""
    shop = write(tmp_path / "shop", help__lamp="x", parcel="y")
    made = named(shop, {"help": str(shop / "help"), "parcel.md": str(shop / "parcel.md")})
    assert made.roots == {"shop": str(shop)}
    assert made.absorbed == {"help", "parcel.md"}


def test_what_lies_inside_another_given_path_is_not_taken_twice(tmp_path: Path) -> None:
    """Order and repetition of the given paths do not matter; links are followed first."""
    shop = write(tmp_path / "shop", help__lamp="x")
    (tmp_path / "link").symlink_to(shop)
    made = named([shop / "help", shop, tmp_path / "link", shop / "help" / "lamp.md"])
    assert [target.path for target in made.targets] == [shop]


@pytest.mark.parametrize("path", ["nowhere", "\0", "nowhere/../neither"])
def test_what_does_not_exist_is_named(tmp_path: Path, path: str) -> None:
    """An `InputError`, not a traceback."""
    with pytest.raises(InputError, match="cannot be read"):
        plan([str(tmp_path / path)], {})
