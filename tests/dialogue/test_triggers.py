"""When a person takes over, and when nobody is called again."""

from __future__ import annotations

import pytest

from ragbot.dialogue import policy
from ragbot.dialogue.handover import triggers
from ragbot.settings import HandoverSettings
from ragbot.types import Form, Mood, Pending, State, Trigger, Turn

SETTINGS = HandoverSettings()


def user(text: str) -> Turn:
    return Turn(role="user", text=text)


def bot(text: str) -> Turn:
    return Turn(role="assistant", text=text)


def test_asking_for_a_person_can_be_switched_off() -> None:
    """Taking the offer cannot: the bot made it."""
    off = HandoverSettings(asked=False)
    offered = [user("Do you sell cars?"), bot(policy.abstain_reply("en", ""))]
    assert triggers.asked("I want to talk to a human", (), SETTINGS) == "asked"
    assert triggers.asked("I want to talk to a human", (), off) is None
    assert triggers.asked("yes please", offered, off) == "accepted"
    assert triggers.asked("yes please", (), SETTINGS) is None


def test_sensitive_intents_go_to_a_person_whatever_they_say() -> None:
    """Others do where their action says so."""
    assert triggers.by_intent("fraud", SETTINGS) == "sensitive"
    assert triggers.by_intent("fraud", SETTINGS, hands_over=True) == "sensitive"
    assert triggers.by_intent("refund", SETTINGS) is None
    assert triggers.by_intent("refund", SETTINGS, hands_over=True) == "intent"
    assert triggers.by_intent("fraud", HandoverSettings(sensitive=())) is None
    assert triggers.by_intent("", HandoverSettings(sensitive=("",))) is None


@pytest.mark.parametrize(
    ("moods", "calls"),
    [
        ((), False),
        ((-0.45,), False),
        ((-0.7,), False),
        ((-0.85,), True),
        ((0.0, -0.45), False),
        ((0.0, -0.65), True),
        ((-0.65, -0.65), True),
        ((-0.3, -0.45, -0.55), False),
        ((-0.7, -0.6, -0.6), True),
        ((-0.9, -0.9, -0.1), False),
        ((-0.9, -0.9, 0.5), False),
        ((-0.9, 0.0, 0.0, -0.4), False),
        ((-0.9, -0.65), True),
        ((0.5, 0.0, -0.3), False),
    ],
)
def test_a_falling_mood_calls(moods: tuple[float, ...], calls: bool) -> None:
    """Bad on average, or bad and worse than before; a mildly bad message never, nor one that is better again."""
    assert triggers.by_mood(moods, SETTINGS) == ("mood" if calls else None)


def test_the_mood_can_be_left_out() -> None:
    """-1 is never, and a stricter setting waits longer."""
    assert triggers.by_mood((-1.0, -1.0), HandoverSettings(mood=-1)) is None
    assert triggers.by_mood((0.0, -0.7), HandoverSettings(mood=-0.8)) is None


def test_abstentions_in_a_row_call() -> None:
    """From the number of the settings on; 0 is never."""
    assert triggers.by_abstentions(1, SETTINGS) is None
    assert triggers.by_abstentions(2, SETTINGS) == "abstentions"
    assert triggers.by_abstentions(9, HandoverSettings(abstentions=0)) is None


@pytest.mark.parametrize(
    "trigger", ["asked", "accepted", "intent", "sensitive", "abstentions", "mood", "function"]
)
def test_the_first_time_anything_calls(trigger: Trigger) -> None:
    """Whatever was said before."""
    assert triggers.calls(trigger, State(), [bot(policy.handoff_reply("en", ""))])


def test_nobody_is_called_twice_for_the_same() -> None:
    """What a machine notices never calls again; a new demand or a sensitive matter does, unless the bot's last reply
    was about the person already."""
    after = triggers.handed_over(State())
    answered = [user("agent"), bot(policy.handoff_reply("en", "")), user("Hours?"), bot("9 to 5 [1]")]
    machine: list[Trigger] = ["intent", "abstentions", "mood", "function"]
    assert not any(triggers.calls(trigger, after, answered) for trigger in machine)
    demands: list[Trigger] = ["asked", "sensitive"]
    for trigger in demands:
        assert triggers.calls(trigger, after, answered)
        for language in ("en", "zh"):
            for again in (False, True):
                said = policy.handoff_reply(language, "desk@shop.example", unhappy=True, again=again)
                assert not triggers.calls(trigger, after, [user("agent"), bot(said)])


def test_nothing_waits_once_a_person_was_called() -> None:
    """Form and pending question end; what the customer chose stays."""
    before = State(
        form=Form(intent="return"),
        pending=Pending(question="How?", facet="plan", options=("Pro",)),
        choices={"plan": "Pro"},
        abstentions=2,
        moods=(-0.8,),
    )
    assert triggers.handed_over(before) == State(choices={"plan": "Pro"}, moods=(-0.8,), handed_over=True)


def test_the_last_moods_are_remembered() -> None:
    """The newest last, the oldest forgotten, so that a state stays small."""
    state = State()
    for number in range(10):
        state = triggers.note_mood(state, Mood(sentiment=-number / 10, urgency=0))
    assert state.moods == (-0.5, -0.6, -0.7, -0.8, -0.9)
