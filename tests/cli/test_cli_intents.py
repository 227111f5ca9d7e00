"""`ragbot intents check` and `ragbot intents test`, with the embedded embedder."""

from __future__ import annotations

from pathlib import Path

from command_line import Run

TWO = """
[refund]
examples = ["Where is my refund?", "When do I get my money back?", "refund not received", "How long do refunds take?",
  "my refund is late"]
[return]
examples = ["I want to send it back", "How do I return a lamp?", "return label please", "my refund late",
  "Can I return this?"]
action = "collect"
function = "no_such_module:f"
[return.fields.order]
type = "text"
[few]
examples = ["Do you deliver to Norway?"]
"""


def test_check_shows_what_could_be_better(run: Run, tmp_path: Path) -> None:
    """Counts on stdout; few examples, likeness, functions that are missing and sensitive intents on stderr; exit 0."""
    (tmp_path / "mine.toml").write_text(TWO)
    done = run("intents", "check", "mine.toml")
    assert done.code == 0, done.err
    assert "     5 examples  answer   refund\n" in done.out
    assert "3 intents, 11 examples" in done.out
    assert "few has 1 examples" in done.err
    assert "'my refund late' of return is nearly 'my refund is late' of refund" in done.err
    assert "mine.toml, line 9: function 'no_such_module:f'" in done.err
    assert "[handover] sensitive names legal_threat, which there is not" in done.err


def test_check_as_json_is_one_document(run: Run, tmp_path: Path) -> None:
    """With the same in fields, and nothing on stderr."""
    (tmp_path / "mine.toml").write_text(TWO)
    done = run("intents", "check", "mine.toml", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["intents"][1] == {"name": "return", "action": "collect", "examples": 5, "fields": 1}
    assert {"few", "alike", "function", "sensitive"} <= {each["kind"] for each in done.json["remarks"]}
    assert set(done.json) == {"intents", "examples", "confused", "remarks"}


def test_a_malformed_file_ends_with_3_and_every_line(run: Run, tmp_path: Path) -> None:
    """Nothing on stdout."""
    (tmp_path / "mine.toml").write_text('[a]\nexmples = ["x"]\n[b]\naction = "sing"\nexamples = [""]\n')
    done = run("intents", "check", "mine.toml", "--json")
    assert (done.code, done.out) == (3, "")
    assert [line.split(":")[0].strip() for line in done.err.strip().split("\n")[1:]] == [
        "line 1",
        "line 2",
        "line 4",
        "line 5",
    ]


def test_the_settings_name_the_file(run: Run, tmp_path: Path) -> None:
    """Without an argument, the file of ragbot.toml is checked."""
    (tmp_path / "ragbot.toml").write_text('[dialogue]\nintents = "gone.toml"\n')
    done = run("intents", "check")
    assert (done.code, done.out) == (3, "")
    assert "gone.toml" in done.err


def test_test_says_what_a_message_is_taken_for(run: Run, tmp_path: Path) -> None:
    """By the built-in intents or those of a file, with the likeliest ones."""
    done = run("intents", "test", "我要退货")
    assert done.code == 0, done.err
    assert done.out.split("\n")[0].endswith("  return_item (answer)")
    (tmp_path / "mine.toml").write_text(TWO)
    guess = run("intents", "test", "How long does my refund take?", "--file", "mine.toml", "--json").json
    assert (guess["intent"], guess["ranked"][0][0]) == ("refund", "refund")
    assert 0 < guess["confidence"] <= 1
    assert "none of the intents" in run("intents", "test", "Who won at Hastings?", "--file", "mine.toml").out
    assert run("intents", "test", "  ").code == 6
