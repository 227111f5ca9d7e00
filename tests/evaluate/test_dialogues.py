"""Dialogues: read whole or refused whole, and held against answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.dialogues import Dialogue, Expected, differences, load_dialogues, replay
from ragbot.types import Answer, Citation, Form, Handover, Profile, State, Understanding

GOOD = """
- name: a return
  profile: {region: US, products: [Hub 2, 3]}
  turns:
    - user: How long can I return a hub?
      status: answered
      says: [30 days, 30]
      cites: returns
    - user: And in Europe?
      restart: true
      state: {abstentions: 0}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "dialogues.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def an_answer(text: str = "30 days. [1]") -> Answer:
    citation = Citation(
        number=1, source="shop/returns.md", title="", heading="", page=None, start=0, end=8, quote="30 days."
    )
    return Answer(
        text=text,
        status="answered",
        reason="quoted",
        understanding=Understanding(question="q", standalone="q", language="en", intent="return"),
        citations=(citation,),
        options=("Hub 1", "Hub 2 Pro"),
        state=State(form=Form(intent="order", values={"number": "A-1"}, asked="mail")),
    )


def a_handover() -> Handover:
    return Handover(
        id="h",
        at=0.0,
        trigger="asked",
        reason="",
        summary="",
        intent="",
        language="en",
        fields={},
        sources=(),
        sentiment=None,
        urgency=None,
        transcript=(),
        suggested_reply="",
        profile=None,
        session=None,
        trace_id="",
    )


def test_dialogues_are_read(tmp_path: Path) -> None:
    """Single texts become lists, numbers texts, the profile a value."""
    (dialogue,) = load_dialogues(write(tmp_path, GOOD))
    assert dialogue.profile == Profile(region="US", products=("Hub 2", "3"))
    first, second = dialogue.turns
    assert first == Expected(
        user="How long can I return a hub?", status="answered", says=("30 days", "30"), cites=("returns",)
    )
    assert second.restart
    assert second.state == {"abstentions": 0}


def test_every_problem_is_named(tmp_path: Path) -> None:
    """With its dialogue and turn, all at once."""
    text = """
- name: a
  turns: [{user: hi, status: great}, {user: hi, mood: 1}, {status: answered}, {user: hi, state: 3}]
- turns: []
- name: b
  color: red
  turns: []
- name: c
  profile: {size: 3}
  turns: [{user: hi}]
- {name: d, turns: [{user: hi}]}
- {name: d, turns: [{user: hi}]}
"""
    with pytest.raises(TestsetError) as raised:
        load_dialogues(write(tmp_path, text))
    shown = "\n".join(raised.value.problems)
    for part in (
        "dialogue 1 (a), turn 1: status 'great' is none of answered",
        "dialogue 1 (a), turn 2: unknown key 'mood'",
        "dialogue 1 (a), turn 3: needs `user`",
        "dialogue 1 (a), turn 4: `state` must be a mapping",
        "dialogue 2: needs `name`",
        "dialogue 3 (b): unknown key 'color'",
        "dialogue 3 (b): has no turns",
        "dialogue 4 (c): `profile` may have language",
        "dialogue 'd': the name is used twice",
    ):
        assert part in shown


@pytest.mark.parametrize("text", ["", "hello", "a: 1", "- [", "\t- x", "[" * 5000])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    """One error that names the file."""
    with pytest.raises(TestsetError, match=r"dialogues\.yaml"):
        load_dialogues(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """So is one that is no text."""
    with pytest.raises(InputError, match="cannot be read"):
        load_dialogues(tmp_path / "absent.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_dialogues(tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ({"status": "answered", "intent": "return", "says": ("30 DAYS",), "cites": ("returns",)}, 0),
        ({"options": ("1", "2 pro")}, 0),
        ({"state": {"form": {"values": {"number": "A-1"}}}}, 0),
        ({"lacks": ("60 days",)}, 0),
        ({"status": "abstained", "intent": "refund"}, 2),
        ({"says": ("60 days", "30"), "lacks": ("30 days",), "cites": ("warranty",)}, 3),
        ({"options": ("1",)}, 1),
        ({"options": ("2", "1")}, 1),
        ({"state": {"form": {"asked": "number", "failures": 0}, "abstentions": 2}}, 2),
        ({"handover": {"trigger": "asked"}}, 1),
    ],
)
def test_an_answer_is_held_against_what_is_expected(expected: Mapping[str, object], wrong: int) -> None:
    """Only what is named counts; each difference is one line."""
    assert len(differences(replace(Expected(user="q"), **expected), an_answer())) == wrong  # type: ignore[arg-type]


def test_a_person_who_was_not_expected_is_a_difference() -> None:
    """A packet shows in a turn that was to be answered; in one to be handed over it is looked into."""
    handed = replace(an_answer(), status="handoff", handover=a_handover())
    assert len(differences(Expected(user="q", status="answered"), handed)) == 2
    assert differences(Expected(user="q", status="handoff", handover={"trigger": "asked"}), handed) == []
    assert len(differences(Expected(user="q", handover={"trigger": "mood"}), handed)) == 1


def test_the_turns_are_asked_in_order() -> None:
    """Each difference names its dialogue and turn."""
    turns = (Expected(user="one", says=("30",)), Expected(user="two", says=("60",)))
    asked: list[str] = []

    def ask(dialogue: Dialogue, turn: Expected) -> Answer:
        asked.append(turn.user)
        return an_answer()

    (line,) = replay(Dialogue(name="d", turns=turns), ask)
    assert asked == ["one", "two"]
    assert line.startswith("d, turn 2 (two): does not say '60'")
