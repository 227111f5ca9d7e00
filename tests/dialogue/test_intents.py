"""The intents file: what it may hold, and every mistake with its line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ragbot.dialogue.forms.fields import Field
from ragbot.dialogue.forms.options import Option
from ragbot.dialogue.intents.catalogue import (
    MOST_BYTES,
    MOST_EXAMPLES,
    MOST_INTENTS,
    Intents,
    filled,
    in_language,
    labelled,
    load_intents,
)
from ragbot.errors import SettingsError
from ragbot.settings import HandoverSettings

SAMPLE = Path(__file__).parents[2] / "knowledge" / "_intents.toml"

GOOD = r"""# our intents
builtin = ["fraud"]

[order_status]
description = "Where an order is."
examples = ["Where is my order?", "快递到哪了"]
action = "collect"
function = "shop.orders:status"
confirm = true
min_confidence = 0.6

[order_status.fields.order]
type = "pattern"
pattern = 'A-\d{4}'
label = { en = "order number", zh = "订单号" }
ask = "Your order number?"
hint = "A-1234"

[order_status.fields.speed]
type = "choice"
options = { fast = ["overnight"], slow = { en = "Slow", zh = "慢", also = ["cheap"] } }
optional = true

[order_status.fields.day]
type = "date"
earliest = "today"
latest = 2027-01-01
order = "dmy"

[order_status.fields.count]
type = "number"
least = 1
most = 2.5
whole = true

[order_status.fields.phone]
type = "phone"
regions = ["US", "CN"]

[hours]
examples = ["When are you open?"]
action = "reply"
reply = { en = "From nine to five.", zh = "九点到五点。" }
"""


def load(folder: Path, text: str | bytes) -> Intents:
    path = folder / "intents.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_intents(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """The lines of the error but for the first."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text)
    first, *lines = str(caught.value).split("\n")
    assert first == f"intents file intents.toml has {len(lines)} mistakes:"
    return [line.strip() for line in lines]


def test_a_file_becomes_values(tmp_path: Path) -> None:
    """Each key has its place, fields keep their order, and a built-in intent is taken over."""
    intents = load(tmp_path, GOOD)
    assert [each.name for each in intents.intents] == ["order_status", "hours", "fraud"]
    order = intents.get("order_status")
    assert order is not None
    assert order.examples == ("Where is my order?", "快递到哪了")
    assert (order.action, order.confirm, order.min_confidence) == ("collect", True, 0.6)
    assert (order.function, order.function_at) == ("shop.orders:status", "intents.toml, line 8")
    assert order.fields == (
        Field(
            name="order",
            kind="pattern",
            pattern=r"A-\d{4}",
            label={"en": "order number", "zh": "订单号"},
            ask={"": "Your order number?"},
            hint="A-1234",
        ),
        Field(
            name="speed",
            kind="choice",
            optional=True,
            options=(
                Option(value="fast", also=("overnight",)),
                Option(value="slow", label={"en": "Slow", "zh": "慢"}, also=("cheap",)),
            ),
        ),
        Field(name="day", kind="date", earliest="today", latest="2027-01-01", order="dmy"),
        Field(name="count", kind="number", least=1.0, most=2.5, whole=True),
        Field(name="phone", kind="phone", regions=("US", "CN")),
    )
    assert intents.get("unknown") is None
    assert [each.name for each in labelled(intents)] == ["order_status", "hours", "fraud"]


def test_the_signature_follows_the_content(tmp_path: Path) -> None:
    """Comments and lines change nothing, one example does."""
    first = load(tmp_path, GOOD).signature
    assert load(tmp_path, "\n\n# hello\n" + GOOD).signature == first
    assert load(tmp_path, GOOD.replace("Where is", "Where's")).signature != first


def test_texts_are_chosen_by_language() -> None:
    """The customer's, else the one for all, else English, else any; fields are filled in."""
    assert in_language({"en": "a", "zh": "b"}, "zh") == "b"
    assert in_language({"en": "a", "zh": "b"}, "fr") == "a"
    assert in_language({"": "c"}, "zh") == "c"
    assert in_language({"zh": "b"}, "en") == "b"
    assert in_language({}, "en") == ""
    assert filled({"en": "Order {order} {gone}."}, "en", {"order": "{A}"}) == "Order {A} ."


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[a]\nexmples = ["x"]\ndescription = "d"', 2, "unknown key `exmples`; did you mean `examples`?"),
        ('[a]\ndescription = "d"\naction = "answr"', 3, "not 'answr'; did you mean 'answer'?"),
        ('[a]\ndescription = "d"\naction = "collect"', 3, 'action "collect" needs fields'),
        ('[a]\ndescription = "d"\naction = "reply"', 3, 'action "reply" needs `reply`'),
        ('[a]\ndescription = "d"\nreply = "hello"', 3, "`reply` is not said"),
        ('[a]\ndescription = "d"\naction = "reply"\nreply = { en = "" }', 4, "needs a text in en"),
        ('[a]\ndescription = "d"\naction = "reply"\nreply = { english = "x" }', 4, "no language code"),
        ('[a]\ndescription = "d"\naction = "reply"\nreply = 3', 4, "must be a text"),
        ('[a]\nexamples = [\n  "x",\n  "",\n]', 4, "an empty text in `examples`"),
        ('[a]\nexamples = [\n  "x",\n  7,\n]', 4, "not of 7"),
        ('[a]\nexamples = "x"', 2, "`examples` must be a list of texts"),
        ('[a]\nexamples = ["' + "x" * 1001 + '"]', 2, "more than 1000 characters"),
        (
            '[a]\nexamples = ["Hi there"]\n[b]\nexamples = [\n  "y",\n  "hi, there!",\n]',
            6,
            "is in [a] too, line 2",
        ),
        ("[a]\naction = 'handoff'", 1, "neither examples nor a description"),
        ('[a]\ndescription = "d"\nmin_confidence = 2', 3, "a number from 0 to 1"),
        ('[a]\ndescription = "d"\nmin_confidence = true', 3, "a number from 0 to 1"),
        ('[a]\ndescription = "d"\nfunction = "x:y"', 3, '`function` needs action = "collect"'),
        ('["A b"]\ndescription = "d"', 1, "needs small letters"),
        ('[smalltalk]\ndescription = "d"', 1, "a name of ragbot's own"),
        ('a = 1\n[b]\ndescription = "d"', 1, "an intent begins with a line [a]"),
        ('builtin = [\n"fraud",\n"nothing"]', 3, "no built-in intent 'nothing'"),
        ("builtin = 3", 1, "`builtin` must be"),
        ('\n[intents.a]\ndescription = "d"', 2, "a line [NAME], not [intents.NAME]"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """One line for it, and no other."""
    (found,) = mistakes(tmp_path, text)
    assert found.startswith(f"line {line}: ")
    assert words in found


FORM = '[a]\ndescription = "d"\naction = "collect"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[a.fields.x]\nlabel = 'l'", 4, "has no `type`"),
        ("[a.fields.x]\ntype = 'patern'", 5, "did you mean 'pattern'?"),
        ("[a.fields.x]\ntype = 'pattern'", 4, "needs `pattern`"),
        ("[a.fields.x]\ntype = 'pattern'\npattern = '['", 6, "is no regular expression"),
        ("[a.fields.x]\ntype = 'pattern'\npattern = 'a*'", 6, "fits nothing at all"),
        ("[a.fields.x]\ntype = 'choice'", 4, "two or more"),
        ("[a.fields.x]\ntype = 'choice'\noptions = ['one']", 6, "two or more"),
        ("[a.fields.x]\ntype = 'choice'\noptions = 'one'", 6, "must be a list of texts"),
        ("[a.fields.x]\ntype = 'choice'\noptions = ['a', '']", 6, "must be a list of texts"),
        (
            "[a.fields.x]\ntype = 'choice'\n[a.fields.x.options]\na = ['z']\nb = ['Z']",
            8,
            "'Z' means both 'a' and 'b'",
        ),
        ("[a.fields.x]\ntype = 'choice'\n[a.fields.x.options]\na = 3\nb = []", 7, "an option is a list"),
        ("[a.fields.x]\ntype = 'number'\nleast = 3\nmost = 2", 6, "`least` is above `most`"),
        ("[a.fields.x]\ntype = 'number'\npattern = 'x'", 6, "nothing to do with type 'number'"),
        ("[a.fields.x]\ntype = 'date'\nearliest = 'soon'", 6, "a day such as 2026-12-03"),
        ("[a.fields.x]\ntype = 'phone'\nregions = [\n'US',\n'XX']", 8, "'XX' is no country code"),
        ("[a.fields.confirm]\ntype = 'yesno'", 4, "a name of ragbot's own"),
        ("fields = 3", 4, "fields must be tables"),
        ("[a.fields.x]\ntype = 'text'\noptional = 'yes'", 6, "true or false"),
        ("[a.fields.x]\ntype = 'pattern'\npattern = 'a)|(b'", 6, "is no regular expression"),
        ("fields.x = 3", 4, "must be a table with `type`"),
        ("reply = { en = 'ok', zh = '{y}' }\n[a.fields.x]\ntype = 'text'", 4, "names the field {y}"),
        ("function = 'shop'\n[a.fields.x]\ntype = 'text'", 4, "package.module:name"),
    ],
)
def test_a_mistake_in_a_field_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    """Of the key that is wrong, or of the table that lacks one."""
    (found,) = mistakes(tmp_path, FORM + text)
    assert found.startswith(f"line {line}: [a")
    assert words in found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    found = mistakes(
        tmp_path,
        '[a]\nexamples = ["same"]\naktion = "x"\n\n[b]\nexamples = ["Same!"]\naction = "sing"\n[c]\nexamples = [""]\n',
    )
    assert [line.split(":")[0] for line in found] == ["line 3", "line 6", "line 7", "line 9"]


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path: Path) -> None:
    """So is one that is not UTF-8; both in one error."""
    with pytest.raises(SettingsError, match=r"no TOML: .*at the end, line 2"):
        load(tmp_path, "[a]\nexamples = [\n\n")
    with pytest.raises(SettingsError, match=r"no TOML: .*line 3, column"):
        load(tmp_path, "[a]\n\nexamples = nothing\n")
    with pytest.raises(SettingsError, match=r"line 3: is not UTF-8"):
        load(tmp_path, b"[a]\n\nx = '\xff'")
    with pytest.raises(SettingsError, match="nested too deeply"):
        load(tmp_path, "a = " + "[" * 100_000)


def test_a_file_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    """With the next step."""
    with pytest.raises(SettingsError, match=r"correct dialogue\.intents"):
        load_intents(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_intents(tmp_path)
    with pytest.raises(SettingsError, match="has no intents"):
        load(tmp_path, "# nothing\n")


def test_a_huge_file_is_refused_soon(tmp_path: Path) -> None:
    """By its size before it is read, by its intents or its examples after."""
    path = tmp_path / "intents.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    started = time.perf_counter()
    with pytest.raises(SettingsError, match=f"100.0 MB, more than {MOST_BYTES // 1_000_000}"):
        load_intents(path)
    with pytest.raises(SettingsError, match=f"10000 intents, more than {MOST_INTENTS}"):
        load(tmp_path, "".join(f'[i{n}]\ndescription = "d"\n' for n in range(10_000)))
    with pytest.raises(SettingsError, match=f"more than {MOST_EXAMPLES}"):
        load(tmp_path, "[a]\nexamples = [" + "".join(f'"x{n}",\n' for n in range(MOST_EXAMPLES + 1)) + "]")
    assert time.perf_counter() - started < 20


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    """Lines are counted as the editor shows them."""
    assert (
        load(tmp_path, b"\xef\xbb\xbf" + GOOD.encode().replace(b"\n", b"\r\n")).signature
        == load(tmp_path, GOOD).signature
    )
    (found,) = mistakes(tmp_path, '[a]\r\ndescription = "d"\r\naction = "x"\r\n')
    assert found.startswith("line 3:")


def test_the_default_set_is_complete() -> None:
    """Thirty and more intents, each with eight and more examples in English and in Chinese; the sensitive ones of the
    settings are among them and go to a person."""
    intents = load_intents()
    assert len(intents.intents) >= 30
    for each in intents.intents:
        chinese = [text for text in each.examples if any("\u3400" <= char <= "\u9fff" for char in text)]
        assert each.description
        assert min(len(chinese), len(each.examples) - len(chinese)) >= 8, each.name
        assert len({text.casefold() for text in each.examples}) == len(each.examples), each.name
    for name in HandoverSettings().sensitive:
        sensitive = intents.get(name)
        assert sensitive is not None
        assert sensitive.action == "handoff"


def test_builtin_intents_yield_to_the_files_own(tmp_path: Path) -> None:
    """Its intents of the same name take their place, and its examples are not said twice."""
    intents = load(tmp_path, 'builtin = true\n[refund_status]\nexamples = ["where is my ORDER"]\n')
    assert len(intents.intents) == len(load_intents().intents)
    assert intents.intents[0].examples == ("where is my ORDER",)
    order = intents.get("order_status")
    assert order is not None
    assert "Where is my order?" not in order.examples


def test_the_sample_companys_file_is_good() -> None:
    """It has its own forms and the built-in intents."""
    intents = load_intents(SAMPLE)
    order = intents.get("order_status")
    assert order is not None
    assert [each.name for each in order.fields] == ["order", "email"]
    assert intents.get("safety") is not None
