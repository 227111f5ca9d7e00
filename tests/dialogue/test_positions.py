"""Lines of a TOML text's values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.dialogue.intents.positions import positions


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path of what tomllib reads."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        yield (*path, key)
        if isinstance(each, (dict, list)):
            yield from paths(each, (*path, key))


TEXT = '''# a comment with [brackets] = "no"
builtin = true  # and = here

[order]
examples = [
  "one, with ] and #",  # comment, with "quotes"
  'two \\',

  """three
  [order]
  examples = 1
  """, "four",
]
reply = { en = "a = b", zh = 'c }' }
"odd \\u0041 key".deep = 1979-05-27 07:32:00

[order.fields."e mail"]
kind = "email"

[a.b]
x = 1
[a]
y = [[1, 2], [
  {z = 3}]]

[[lists]]
n = 1
[[lists]]
n = 2
[lists.inner]
m = \'\'\'
'quoted\'\'\'\'
last = 1
'''


def test_each_value_has_its_line() -> None:
    """Comments, strings over several lines, braces, dotted keys, and lists of tables do not lead astray."""
    lines = positions(TEXT)
    rows = TEXT.split("\n")

    def row(*path: str | int) -> str:
        return rows[lines[path] - 1].strip()

    assert row("builtin").startswith("builtin")
    assert row("order") == "[order]"
    assert row("order", "examples", 0).startswith('"one')
    assert row("order", "examples", 1).startswith("'two")
    assert row("order", "examples", 2).startswith('"""three')
    assert row("order", "examples", 3).endswith('"four",')
    assert row("order", "reply", "zh").startswith("reply")
    assert row("order", "odd A key", "deep").startswith('"odd')
    assert row("order", "fields", "e mail", "kind") == 'kind = "email"'
    assert row("a") == "[a]"
    assert row("a", "y", 1, 0, "z") == "{z = 3}]]"
    assert (row("lists", 0, "n"), row("lists", 1, "n")) == ("n = 1", "n = 2")
    assert row("lists", 1, "inner") == "[lists.inner]"
    assert row("lists", 1, "inner", "last") == "last = 1"
    assert set(paths(tomllib.loads(TEXT))) <= set(lines)


_names = st.text(min_size=1, max_size=6)
_leaves = st.one_of(st.integers(), st.booleans(), st.text(max_size=30))


def written(value: Any) -> str:
    """A value as TOML, lists and tables over several lines where that is allowed."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(key)} = {written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[\n" + "".join(f"  # [x]\n  {written(each)},\n" for each in value) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(
    st.dictionaries(
        _names,
        st.dictionaries(
            _names,
            st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=6)
            | st.dictionaries(_names, _leaves, max_size=3),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_every_path_is_found_on_a_line_that_holds_it(document: dict[str, Any]) -> None:
    """Whatever the keys and strings contain, the line of a key has that key, and no path is missing."""
    text = "".join(
        f"[{quoted(table)}]\n" + "".join(f"{quoted(key)} = {written(each)}\n" for key, each in values.items())
        for table, values in document.items()
    )
    assert tomllib.loads(text) == document
    lines, rows = positions(text), text.split("\n")
    for path in paths(document):
        assert path in lines
        if isinstance(path[-1], str):
            assert quoted(path[-1]) in rows[lines[path] - 1]


@pytest.mark.parametrize("text", ["", "# only a comment", "a = 1", "[t]", "a = []\nb = {}"])
def test_small_documents(text: str) -> None:
    """Also without a line break at the end."""
    assert set(paths(tomllib.loads(text))) == set(positions(text))
