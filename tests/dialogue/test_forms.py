"""Forms over several messages: filling, correcting, cancelling, digressing, giving up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragbot.dialogue.forms.fields import Field
from ragbot.dialogue.forms.options import Option
from ragbot.dialogue.forms.steps import PATIENCE, Step, ask_again, begin, step
from ragbot.dialogue.intents.catalogue import Intent
from ragbot.dialogue.state import dump_state, load_state
from ragbot.types import Form, State

TODAY = date(2026, 11, 24)

ORDER = Field(
    name="order",
    kind="pattern",
    pattern=r"[A-Z]-\d{2,4}",
    label={"en": "order number", "zh": "订单号"},
    hint="A-1234",
)
MAIL = Field(name="mail", kind="email", label={"en": "e-mail address", "zh": "邮箱"})
DAY = Field(name="day", kind="date", label={"en": "day", "zh": "日期"}, earliest="today")
SPEED = Field(
    name="speed",
    kind="choice",
    label={"en": "delivery", "zh": "配送方式"},
    options=(
        Option(value="express", label={"en": "Express", "zh": "加急"}, also=("fast",)),
        Option(value="standard", label={"en": "Standard", "zh": "标准"}),
    ),
)
COUNT = Field(name="count", kind="number", label={"en": "number of lamps"}, whole=True, least=1, most=9)
GIFT = Field(name="gift", kind="yesno", label={"en": "gift wrapping"})
NOTE = Field(
    name="note",
    kind="text",
    optional=True,
    label={"en": "note"},
    ask={"en": "Anything else?", "zh": "还有吗？"},
)


def intent(*fields: Field, name: str = "change_delivery", confirm: bool = False) -> Intent:
    return Intent(name=name, action="collect", fields=fields, confirm=confirm)


class Talk:
    """A conversation about one form."""

    def __init__(self, about: Intent, language: str = "en") -> None:
        self.about, self.language = about, language
        self.last: Step | None = None

    def say(self, message: str) -> Step:
        if self.last is None:
            self.last = begin(self.about, message, language=self.language, today=TODAY)
        else:
            assert self.last.form is not None
            form = load_state(dump_state(State(form=self.last.form))).form
            assert form == self.last.form
            self.last = step(form, self.about, message, language=self.language, today=TODAY)
        return self.last

    def hear(self, *messages: str) -> Step:
        for message in messages:
            last = self.say(message)
        return last


def asked(last: Step) -> str:
    assert last.form is not None
    return last.form.asked


def test_fields_are_asked_for_in_order_until_all_are_there() -> None:
    """Each question names its field; the last value completes the form."""
    talk = Talk(intent(ORDER, MAIL))
    first = talk.say("I want to change my delivery")
    assert (first.kind, asked(first), first.text) == ("ask", "order", "Please tell me: order number.")
    second = talk.say("it's A-1234")
    assert (second.kind, asked(second), second.values) == ("ask", "mail", {"order": "A-1234"})
    last = talk.say("jo@x.org")
    assert (last.kind, last.form, last.text) == ("complete", None, "")
    assert last.values == {"order": "A-1234", "mail": "jo@x.org"}


def test_the_first_message_may_fill_everything() -> None:
    """What was said already is not asked for."""
    done = Talk(intent(ORDER, MAIL, DAY)).say("Move A-1234 to next Friday please, I'm jo@x.org")
    assert (done.kind, done.values) == (
        "complete",
        {"order": "A-1234", "mail": "jo@x.org", "day": "2026-12-04"},
    )


def test_one_message_may_fill_several_fields_and_others_than_the_asked_one() -> None:
    """The asked field stays open until it has its value."""
    talk = Talk(intent(ORDER, MAIL, DAY))
    talk.say("change my delivery")
    later = talk.say("my mail is jo@x.org and next friday would be fine")
    assert (later.kind, asked(later), later.form and later.form.failures) == ("ask", "order", 0)
    assert later.values == {"mail": "jo@x.org", "day": "2026-12-04"}


def test_chinese_is_filled_and_asked_alike() -> None:
    """In one message and over several, with Chinese questions and options."""
    talk = Talk(intent(ORDER, MAIL, DAY, SPEED), "zh")
    assert talk.say("我要改配送").text == "请提供订单号。"
    assert asked(talk.say("订单号是A-1234")) == "mail"
    last = talk.say("邮箱a@b.com，下周五送")
    assert (asked(last), last.options) == ("speed", ("加急", "标准"))
    assert talk.say("加急吧").values["speed"] == "express"


@pytest.mark.parametrize(
    "message",
    ["no, I meant B-77", "B-77, sorry", "actually it's B-77", "not A-1234 but B-77",
     "the order number is wrong, it's B-77", "B-77 not A-1234",
     "不对，应该是B-77", "不是A-1234，是B-77", "订单号错了，是b-77"],
)  # fmt: skip
def test_an_earlier_value_is_corrected(message: str) -> None:
    """While another field is asked for, which stays asked for."""
    talk = Talk(intent(ORDER, MAIL))
    last = talk.hear("change it", "A-1234", message)
    assert (last.kind, asked(last), last.values) == ("corrected", "mail", {"order": "B-77"})
    assert last.text == "Noted: order number: B-77. Please tell me: e-mail address."


def test_a_correction_may_bring_more() -> None:
    """What else stands in the message is taken too."""
    last = Talk(intent(ORDER, MAIL, DAY)).hear(
        "change it", "A-1234", "sorry, I meant B-77, and my mail is jo@x.org"
    )
    assert (last.kind, last.values, asked(last)) == (
        "corrected",
        {"order": "B-77", "mail": "jo@x.org"},
        "day",
    )


@pytest.mark.parametrize(
    "message",
    ["the order number is wrong", "that's wrong", "I mistyped it", "A-1234 is wrong", "订单号不对", "写错了"],
)
def test_a_wrong_value_is_asked_for_again(message: str) -> None:
    """Named, quoted, or the last one that was given."""
    last = Talk(intent(ORDER, MAIL)).hear("change it", "A-1234", message)
    assert (last.kind, asked(last), last.values) == ("corrected", "order", {})


@pytest.mark.parametrize(
    "message", ["the e-mail is wrong", "my email was mistyped", "wrong mail? no, wrong email", "邮箱错了"]
)
def test_a_field_is_known_by_its_kind_too(message: str) -> None:
    """Whatever its label says."""
    mail = replace(MAIL, label={"en": "address for the receipt"})
    last = Talk(intent(mail, ORDER)).hear("change it", "jo@x.org", message)
    assert (last.kind, asked(last), last.values) == ("corrected", "mail", {})


def test_a_choice_and_a_day_are_corrected_if_the_message_says_so() -> None:
    """Words and days also stand in other sentences; then they change nothing."""
    talk = Talk(intent(DAY, SPEED, ORDER))
    talk.hear("change it", "next Friday", "express")
    assert talk.say("no, standard please").values["speed"] == "standard"
    assert talk.say("I meant next Monday").values["day"] == "2026-11-30"
    kept = talk.say("it was sent express from somewhere on friday")
    assert (kept.kind, kept.values) == ("invalid", {"day": "2026-11-30", "speed": "standard"})


def test_the_day_of_a_corrected_date_is_no_number() -> None:
    """Where all is shown to be checked, "make it 4 December" changes the day and leaves the number as it was."""
    talk = Talk(intent(DAY, COUNT, confirm=True))
    for message in ("send it", "3 December", "2"):
        talk.say(message)
    last = talk.say("make it 4 December instead")
    assert last.form is not None
    assert dict(last.form.values) == {"day": "2026-12-04", "count": "2"}


def test_two_fields_of_one_kind_are_told_apart() -> None:
    """By their names before the values, else by what was asked for, and a second value corrects the first only if
    the message says so."""
    old = replace(MAIL, name="old", label={"en": "old e-mail"})
    new = replace(MAIL, name="new", label={"en": "new e-mail"})
    both = intent(old, new)
    done = Talk(both).say("My new e-mail is b@x.org and the old e-mail was a@x.org")
    assert done.values == {"old": "a@x.org", "new": "b@x.org"}
    assert Talk(both).hear("change my mail", "a@x.org", "b@x.org").values == {
        "old": "a@x.org",
        "new": "b@x.org",
    }
    corrected = Talk(both).hear("change my mail", "a@x.org", "no, I meant c@x.org")
    assert (corrected.kind, corrected.values, asked(corrected)) == ("corrected", {"old": "c@x.org"}, "new")


@pytest.mark.parametrize(
    "message",
    ["never mind", "Never mind, thanks!", "forget it", "cancel that", "Cancel this.", "stop",
     "actually, forget about it", "I want to keep it", "please don't cancel it",
     "I changed my mind", "I don't want to change it any more",
     "不改了", "算了", "不用了", "算了，不用了", "那就不要了", "取消吧"],
)  # fmt: skip
def test_a_form_is_cancelled(message: str) -> None:
    """The form is gone, and the customer is told."""
    talk = Talk(intent(ORDER, MAIL))
    talk.say("change it")
    last = talk.say(message)
    assert (last.kind, last.form) == ("cancelled", None)
    assert last.text


@pytest.mark.parametrize(
    "message",
    ["cancel my order", "Cancel", "cancel it please", "yes, just cancel that order", "please cancel order A-1234",
     "我要取消订单", "取消", "帮我取消吧"],
)  # fmt: skip
def test_cancelling_an_order_does_not_cancel_its_form(message: str) -> None:
    """Where cancelling is what the customer came for."""
    talk = Talk(intent(ORDER, MAIL, name="cancel_order"))
    talk.say("I want to cancel an order")
    assert talk.say(message).kind in ("ask", "invalid")


@pytest.mark.parametrize(
    "message",
    ["How do I find my order number?", "what does express cost", "Is delivery free?", "订单号在哪里看？", "运费多少",
     "I'm wondering how long delivery takes", "hold on, what does express cost"],
)  # fmt: skip
def test_a_question_is_a_digression(message: str) -> None:
    """The form stays as it is, and its question can be asked again."""
    talk = Talk(intent(ORDER, MAIL))
    before = talk.say("change it")
    last = talk.say(message)
    assert (last.kind, last.text, last.form) == ("digression", "", before.form)
    assert last.form is not None
    back = ask_again(last.form, talk.about, language="en")
    assert back.text == "Back to your request. Please tell me: order number."
    assert ask_again(last.form, talk.about, language="zh").text == "我们继续刚才的事。请提供订单号。"


def test_a_value_within_a_question_answers_only_if_it_asks_for_it() -> None:
    """How much express is, is a question; whether it could be express, a choice; a code is always one."""
    talk = Talk(intent(SPEED, ORDER))
    talk.say("change it")
    assert talk.say("What's the difference between express and standard?").kind == "digression"
    assert talk.say("How much is express?").kind == "digression"
    assert talk.say("Could it be express?").values == {"speed": "express"}
    assert talk.say("Isn't it A-1234?").kind == "complete"
    chinese = Talk(intent(SPEED, ORDER), "zh")
    chinese.say("改配送")
    assert chinese.say("加急多少钱？").kind == "digression"
    assert chinese.say("加急和标准有什么区别").kind == "digression"
    assert chinese.say("加急可以吗？").values == {"speed": "express"}


def test_replies_of_no_use_end_with_a_person() -> None:
    """Each says what is wrong; the third in a row gives up; a good one in between starts the count anew."""
    talk = Talk(intent(ORDER, MAIL))
    talk.say("change it")
    first = talk.say("hmm")
    assert first.kind == "invalid"
    assert first.text == (
        "I didn't find that in your message; it looks like this: A-1234. Please tell me: order number."
    )
    talk.hear("dunno", "A-1234", "jo@")
    last = talk.say("jo at x")
    assert (last.kind, last.form and last.form.failures) == ("invalid", 2)
    last = talk.say("...")
    assert (last.kind, last.form, last.values) == ("gave_up", None, {"order": "A-1234"})
    assert last.text


@pytest.mark.parametrize(
    ("message", "reason"),
    [("30 February", "That day doesn't exist."), ("yesterday", "It has to be 2026-11-24 or later."),
     ("3/4/2027", "I can read that date in two ways.")],
)  # fmt: skip
def test_a_day_that_cannot_be_used_is_refused_with_its_reason(message: str, reason: str) -> None:
    """And asked for again."""
    last = Talk(intent(DAY)).hear("change it", message)
    assert (last.kind, asked(last)) == ("invalid", "day")
    assert last.text.startswith(reason)


def test_a_change_of_mind_may_be_the_reason_that_was_asked_for() -> None:
    """A text takes it, and so does an option of that name; elsewhere it ends the form."""
    why = Field(name="why", kind="text", label={"en": "reason"})
    assert Talk(intent(why)).hear("return it", "I changed my mind").values == {"why": "I changed my mind"}
    options = (Option(value="mind", also=("changed my mind", "never mind")), Option(value="broken"))
    reason = Field(name="why", kind="choice", label={"en": "reason"}, options=options)
    assert Talk(intent(reason)).hear("return it", "I changed my mind").values == {"why": "mind"}


def test_a_field_may_be_left_out_if_it_is_optional() -> None:
    """It is skipped in words, or after replies of no use; one without a question is never asked for."""
    spare = replace(MAIL, optional=True, ask={"en": "Your e-mail?"})
    silent = replace(DAY, optional=True)
    for replies in (["skip"], ["I don't have one"], ["no thanks"], ["没有"], ["hm"] * PATIENCE):
        talk = Talk(intent(ORDER, spare, silent))
        first = talk.hear("change it", "A-1234")
        assert first.text == "Your e-mail? (Say “skip” if you have none.)"
        last = talk.hear(*replies)
        assert (last.kind, last.values) == ("complete", {"order": "A-1234"})
    assert Talk(intent(ORDER, silent)).say("A-1234 tomorrow").values == {
        "order": "A-1234",
        "day": "2026-11-25",
    }


def test_a_required_field_is_not_skipped() -> None:
    """Saying that one has none is a reply of no use."""
    assert Talk(intent(ORDER)).hear("change it", "I don't have one").kind == "invalid"


def test_fields_are_confirmed_where_the_intent_says_so() -> None:
    """They are shown, may be corrected, and only a yes completes."""
    talk = Talk(intent(ORDER, SPEED, NOTE, confirm=True))
    shown = talk.hear("change it", "A-1234", "express", "skip")
    assert shown.text == "Please check: order number: A-1234; delivery: Express. Is that right?"
    assert (shown.kind, shown.options, asked(shown)) == ("ask", ("Yes", "No"), "confirm")
    assert talk.say("no").text == "What should be different?"
    corrected = talk.say("the standard one")
    assert (corrected.kind, asked(corrected), corrected.values["speed"]) == (
        "corrected",
        "confirm",
        "standard",
    )
    assert talk.say("how long does that take?").kind == "digression"
    assert talk.say("what?").kind == "invalid", "one word asks what is meant, not the documents"
    assert asked(talk.say("the order number")) == "order"
    assert asked(talk.say("C-99")) == "confirm"
    done = talk.say("yes, that's right")
    assert (done.kind, done.values) == ("complete", {"speed": "standard", "order": "C-99"})


def test_a_confirmation_that_is_never_given_gives_up() -> None:
    """Neither yes nor no nor a change, three times."""
    talk = Talk(intent(ORDER, confirm=True))
    talk.hear("change it", "A-1234")
    assert [talk.say("hm").kind, talk.say("hm").kind, talk.say("hm").kind] == [
        "invalid",
        "invalid",
        "gave_up",
    ]


def test_yes_no_and_numbers_are_taken_when_asked_for() -> None:
    """A "no" to a question is no cancelling, and a bare figure is the count."""
    talk = Talk(intent(COUNT, GIFT, ORDER))
    first = talk.say("I have 3 lamps and 2 cats")
    assert (asked(first), first.values) == ("count", {})
    assert talk.say("20").kind == "invalid"
    assert talk.say("3 of them").text == "gift wrapping: yes or no?"
    last = talk.say("no thanks")
    assert (last.kind, last.values) == ("ask", {"count": "3", "gift": "no"})


def test_a_text_takes_the_message_and_leaves_codes_to_their_fields() -> None:
    """A message that is a code only is no text."""
    what = Field(name="what", kind="text", label={"en": "problem"})
    talk = Talk(intent(what, ORDER))
    talk.say("I have a problem")
    assert asked(talk.say("A-1234")) == "what"
    done = talk.say("The lamp flickers all night long")
    assert (done.kind, done.values["what"]) == ("complete", "The lamp flickers all night long")
    both = Talk(intent(what, ORDER)).hear("I have a problem", "A-1234: the lamp flickers all night long")
    assert both.values == {"order": "A-1234", "what": "A-1234: the lamp flickers all night long"}
    kept = Talk(intent(ORDER, what)).hear(
        "I have a problem", "A-1234", "the wrong lamp came, and it is broken"
    )
    assert kept.values == {"order": "A-1234", "what": "the wrong lamp came, and it is broken"}


def test_a_form_outlives_a_change_of_its_intent() -> None:
    """Fields that are no more are dropped, and what is missing is asked for."""
    stored = Form(intent="x", values={"gone": "1", "order": "A-1234"}, asked="gone")
    last = step(stored, intent(ORDER, MAIL), "hello", language="en", today=TODAY)
    assert (last.kind, asked(last), last.values) == ("ask", "mail", {"order": "A-1234"})


ALL = intent(ORDER, MAIL, DAY, SPEED, COUNT, GIFT, NOTE, confirm=True)
_words = st.sampled_from(
    "A-1234 B-77 jo@x.org k@y.org tomorrow 周五 express standard 3 yes no wrong order number e-mail never mind "
    "算了 不对 是 skip ? how not actually , . it is".split(" ")
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(_words | st.text(max_size=8), max_size=7).map(" ".join), max_size=12),
    st.sampled_from(["en", "zh"]),
)
def test_any_conversation_keeps_its_rules(messages: list[str], language: str) -> None:
    """Nothing raises; values are ones that were said; an open form always has a question; it ends within its
    patience."""
    talk, said = Talk(ALL, language), ""
    for message in ["change it", *messages]:
        said += message
        last = talk.say(message)
        for name in ("order", "mail"):
            assert last.values.get(name, "").casefold() in said.casefold()
        assert (last.form is None) == (last.kind in ("complete", "cancelled", "gave_up"))
        if last.form is None:
            break
        assert last.form.failures < PATIENCE
        assert bool(last.text) == (last.kind != "digression")
