"""Conversations over the whole pipeline: forms, functions, hand-overs, profiles, and what survives a restart."""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes import ScriptedGenerator
from quick import quick_sync, write
from receiver import receiving

from ragbot import Bot, KnowledgeBase
from ragbot.dialogue.feedback import Feedback
from ragbot.dialogue.forms.functions import Call, Function, Reply
from ragbot.dialogue.handover.outbox import Outbox
from ragbot.errors import InputError, SettingsError
from ragbot.protocols import Embedder
from ragbot.settings import DialogueSettings, HandoverSettings, Settings
from ragbot.types import Answer, Profile, State, Turn

SHOP = {
    "returns-eu": """---
region: EU
---
# Returns in Europe

You can return a lamp within 45 days of delivery. Refunds are paid within 14 days.
""",
    "returns-us": """---
region: US
---
# Returns in the United States

You can return a lamp within 30 days of delivery. Refunds are paid within 5 business days.
""",
    "shipping": """# Shipping

Standard shipping takes 3 to 5 business days. Express shipping costs 9.90 EUR.
""",
}
INTENTS = r"""
builtin = ["legal_threat", "speak_to_person"]

[order_status]
description = "The customer asks where an order is."
action = "collect"
examples = ["Where is my order?", "Where is my parcel?", "Has my order shipped?", "track my order", "order not arrived",
  "When does my parcel arrive?", "my package is late", "status of my order", "我的订单到哪了", "快递什么时候到"]

[order_status.fields.order]
type = "pattern"
pattern = 'A-\d{4}'
label = { en = "order number", zh = "订单号" }

[order_status.fields.email]
type = "email"
label = { en = "e-mail address", zh = "邮箱" }

[opening_hours]
description = "When the shop is open."
action = "reply"
reply = { en = "We are open from 9 to 5.", zh = "营业时间9点到17点。" }
examples = ["When are you open?", "opening hours", "What are your hours?", "are you open on Saturday",
  "When do you close?",  "你们几点开门", "营业时间"]
"""
WHERE = "Where is my order?"
UNRELATED = ("Who won the chess championship in Iceland?", "How tall is the tallest tree of Brazil?")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()

Make = Callable[..., Bot]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    folder = tmp_path_factory.mktemp("conversation")
    with KnowledgeBase.open(folder / "kb", settings=Settings(), embedder=embedder) as opened:
        quick_sync(opened, write(folder / "shop", **SHOP))
        yield opened


@pytest.fixture
def make(kb: KnowledgeBase, tmp_path: Path) -> Iterator[Make]:
    """Makes bots over an empty chat memory; a second one goes on where the first was closed."""
    for file in kb.folder.glob("sessions.sqlite*"):
        file.unlink()
    file = tmp_path / "intents.toml"
    file.write_text(INTENTS, encoding="utf-8")
    made: list[Bot] = []

    def make(*functions: Function, handover: HandoverSettings | None = None, **dialogue: float | bool) -> Bot:
        changed = Settings().model_copy(
            update={
                "dialogue": DialogueSettings(intents=file).model_copy(update=dialogue),
                "handover": handover or HandoverSettings(),
            }
        )
        given = dict(zip(("order_status",), functions, strict=False))
        made.append(Bot(kb, settings=changed, functions=given, clock=lambda: NOON))
        return made[-1]

    yield make
    for bot in made:
        bot.close()


def shipped(call: Call) -> str:
    return f"Order {call.fields['order']} is on its way; we write to {call.fields['email']}."


def filled_in(bot: Bot, session: str | None = "c") -> Answer:
    """The last answer of an order that is asked for."""
    bot.ask(WHERE, session=session)
    bot.ask("A-1234", session=session)
    return bot.ask("ada@example.com", session=session)


def test_fields_are_collected_over_restarts_and_digressions(make: Make) -> None:
    """Each turn is asked of another bot; the function gets what the customer said, its result is the reply."""
    first = make(shipped).ask(WHERE, session="c")
    assert (first.status, first.understanding.intent) == ("clarify", "order_status")
    assert first.state.form is not None
    assert first.state.form.asked == "order"
    aside = make(shipped).ask("How much is express shipping?", session="c")
    assert aside.status == "answered"
    assert "9.90 EUR" in aside.text
    assert "order number" in aside.text, "the open question is asked again"
    assert make(shipped).ask("sorry, it's A-1234", session="c").state.form is not None
    last = make(shipped).ask("ada@example.com", session="c")
    assert last.text == "Order A-1234 is on its way; we write to ada@example.com."
    assert (last.status, last.state.form) == ("answered", None)


def test_a_caller_without_a_session_carries_the_state(make: Make) -> None:
    """History and state of the answer before are all that is needed."""
    bot = make(shipped)
    first = bot.ask(WHERE)
    history = [Turn(role="user", text=WHERE), Turn(role="assistant", text=first.text)]
    second = bot.ask("A-1234, ada@example.com", history=history, state=first.state)
    assert second.text.startswith("Order A-1234 is on its way")
    assert bot.sessions.summaries() == []
    with pytest.raises(InputError, match="not both"):
        bot.ask("A-1234", session="c", state=State())


def test_the_open_question_is_streamed_too(make: Make) -> None:
    """What the sentences of a stream say is what the answer says."""
    bot = make(shipped)
    bot.ask(WHERE, session="c")
    events = list(bot.stream("How much is express shipping?", session="c"))
    said = [event.text for event in events if event.kind == "sentence"]
    answer = events[-1].answer
    assert answer is not None
    assert "order number" in said[-1]
    assert "".join("".join(said).split()) == "".join(answer.text.split())


def raising(call: Call) -> str:
    raise RuntimeError(f"no order {call.fields['order']}")


def nonsense(call: Call) -> object:
    return {"order": call.fields["order"]}


@pytest.mark.parametrize("function", [raising, nonsense])
def test_a_function_that_fails_calls_a_person(
    make: Make, function: Function, caplog: pytest.LogCaptureFixture
) -> None:
    """With the fields, and without a word of the exception's to the customer or the log."""
    caplog.set_level(logging.DEBUG)
    answer = filled_in(make(function))
    assert answer.status == "handoff"
    assert answer.handover is not None
    assert answer.handover.trigger == "function"
    assert answer.handover.fields == {"order": "A-1234", "email": "ada@example.com"}
    assert "RuntimeError" not in answer.text
    assert "A-1234" not in caplog.text


def test_a_function_that_hangs_is_not_waited_for(make: Make) -> None:
    """The customer is handed over when its time is up, and other customers are answered meanwhile."""
    let_go = threading.Event()

    def hangs(call: Call) -> str:
        let_go.wait(60)
        return "too late"

    bot = make(hangs, function_seconds=0.2)
    began = time.monotonic()
    answer = filled_in(bot)
    assert time.monotonic() - began < 20
    assert answer.handover is not None
    assert answer.handover.trigger == "function"
    assert bot.ask("How much is express shipping?").status == "answered"
    let_go.set()


def test_a_function_may_call_a_person_itself(make: Make) -> None:
    """Its words are said first, its reason is the operator's."""
    answer = filled_in(make(lambda call: Reply(text="That parcel is lost.", handover="lost parcel")))
    assert (answer.status, answer.reason) == ("handoff", "lost parcel")
    assert answer.text.startswith("That parcel is lost.")


def test_without_function_and_reply_a_person_gets_the_fields(make: Make) -> None:
    """Nothing that was collected is lost."""
    answer = filled_in(make())
    assert answer.handover is not None
    assert answer.handover.fields == {"order": "A-1234", "email": "ada@example.com"}


def test_a_function_that_cannot_be_called_is_refused_at_once(kb: KnowledgeBase) -> None:
    """Not when the first customer needs it."""
    with pytest.raises(SettingsError, match="order_status"):
        Bot(kb, functions={"order_status": "orders.status"})  # type: ignore[dict-item]


def test_a_fixed_reply_needs_no_documents(make: Make) -> None:
    """In the customer's language."""
    bot = make()
    english, chinese = bot.ask("When are you open?"), bot.ask("你们几点开门？")
    assert (english.text, english.status) == ("We are open from 9 to 5.", "answered")
    assert chinese.text == "营业时间9点到17点。"
    assert english.hits == ()


def test_two_messages_without_an_answer_call_a_person(make: Make) -> None:
    """The packet tells what was asked and what was tried; a later message is answered all the same."""
    bot = make()
    assert bot.ask(UNRELATED[0], session="c").state.abstentions == 1
    answer = bot.ask(UNRELATED[1], session="c")
    assert answer.status == "handoff"
    packet = answer.handover
    assert packet is not None
    assert packet.trigger == "abstentions"
    assert all(question.rstrip("?") in packet.summary for question in UNRELATED)
    assert [turn.role for turn in packet.transcript] == ["user", "assistant", "user"]
    assert packet.sources
    assert bot.ask("How much is express shipping?", session="c").status == "answered"
    assert bot.ask(UNRELATED[0], session="c").handover is None, "the same trigger calls once"


def test_an_answer_between_them_starts_the_count_again(make: Make) -> None:
    """Only messages in a row count."""
    bot = make()
    bot.ask(UNRELATED[0], session="c")
    bot.ask("How much is express shipping?", session="c")
    assert bot.ask(UNRELATED[1], session="c").status == "abstained"


def test_abstentions_call_nobody_where_the_settings_say_so(make: Make) -> None:
    """0 means never."""
    bot = make(handover=HandoverSettings(abstentions=0))
    for _ in range(3):
        for question in UNRELATED:
            assert bot.ask(question, session="c").status == "abstained"


def test_office_hours_are_told(make: Make) -> None:
    """The customer reads when somebody is back, the packet has the time; NOON is a Tuesday."""
    bot = make(handover=HandoverSettings(hours=("Mon-Fri 13:00-17:00",)))
    answer = bot.ask("I want to talk to a human")
    assert "13:00" in answer.text
    assert answer.handover is not None
    assert answer.handover.open_at == NOON + 3600


def test_malformed_hours_are_found_when_the_bot_is_made(make: Make) -> None:
    """With the entry."""
    with pytest.raises(SettingsError, match="Mondays"):
        make(handover=HandoverSettings(hours=("Mondays",)))


def test_a_hand_over_is_kept_with_its_exchange_and_delivered(make: Make) -> None:
    """The receiver gets it once, though it failed at first; a call without a session leaves nothing behind."""
    with receiving() as receiver:
        receiver.says = [500, 200]
        bot = make(handover=HandoverSettings(webhook=receiver.url))
        assert bot.ask("I want to talk to a human").handover is not None
        answer = bot.ask("I want to talk to a human", session="c")
        assert answer.handover is not None
        until = time.monotonic() + 20
        while not receiver.got and time.monotonic() < until:
            receiver.let_go.wait(0.05)
        bot.close()
    assert [request.id for request in receiver.got] == [answer.handover.id]


def test_hand_overs_wait_where_there_is_no_webhook(make: Make) -> None:
    """`ragbot handovers` shows them."""
    bot = make()
    bot.ask("I will sue you", session="c")
    (entry,) = Outbox(bot.sessions.database).entries()
    assert (entry.trigger, entry.state, entry.session) == ("sensitive", "waiting", "c")


SECRET = Profile(name="Ada Lovelace", region="US", plan="Platinum", products=("Lamp 77",))


def test_a_profile_decides_between_passages(make: Make) -> None:
    """Without one the bot asks; a customer of Europe gets Europe's answer, one of the States theirs."""
    bot = make()
    question = "How many days do I have to return a lamp?"
    asked = bot.ask(question, session="c")
    assert asked.status == "clarify"
    assert len(asked.options) == 2
    assert "45 days" in bot.ask(question, profile=Profile(region="eu")).text
    american = bot.ask(question, profile=SECRET)
    assert "30 days" in american.text
    assert "45 days" not in american.text
    chosen = bot.ask("EU", session="c")
    assert "45 days" in chosen.text
    assert chosen.state.choices["region"]
    assert "14 days" in bot.ask("When do I get my refund?", session="c").text, "the choice is remembered"


def test_a_profile_is_kept_nowhere(make: Make, kb: KnowledgeBase, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the log nor in a file, nor in what the next customer reads."""
    caplog.set_level(logging.DEBUG)
    bot = make()
    question = "How many days do I have to return a lamp?"
    before = bot.ask(question)
    bot.ask(question, session="ada", profile=SECRET)
    after = bot.ask(question)
    assert (after.text, after.status, after.state) == (before.text, before.status, before.state)
    assert bot.ask(question, session="bob").status == "clarify"
    bot.close()
    stored = b"".join(file.read_bytes() for file in kb.folder.rglob("*") if file.is_file())
    for word in ("Ada Lovelace", "Platinum", "Lamp 77"):
        assert word not in caplog.text
        assert word.encode() not in stored


def test_moods_fall_until_a_person_is_called(make: Make) -> None:
    """Getting worse is enough; one mildly unhappy message is not."""
    bot = make()
    first = bot.ask("I'm not very happy with the shipping", session="c")
    assert first.handover is None
    assert first.understanding.sentiment is not None
    assert first.understanding.sentiment < 0
    answer = bot.ask("You are useless, this is the worst company ever!!!", session="c")
    assert answer.handover is not None
    assert answer.handover.trigger == "mood"
    assert answer.handover.sentiment is not None
    assert answer.handover.sentiment < -0.6


def test_a_conversation_of_ten_thousand_turns_costs_no_more(make: Make) -> None:
    """What is read of it is bounded: the packet is small, the state too, and SQLite looks at the newest rows only."""
    bot = make()
    turn = bot.ask(UNRELATED[0])
    with bot.sessions.database.transaction():
        for _ in range(10_000):
            bot.sessions.append("c", UNRELATED[0], turn)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection: sqlite3.Connection = bot.sessions.database._connection
    connection.set_progress_handler(count, 100)
    assert len(bot.sessions.history("c", 12)) == 12
    connection.set_progress_handler(None, 0)
    assert steps < 50
    answer = bot.ask("I want to talk to a human", session="c")
    assert answer.handover is not None
    assert len(answer.handover.transcript) <= 51
    assert len(str(answer.state)) < 2000


def test_a_rewritten_question_is_searched_and_the_message_kept(kb: KnowledgeBase, make: Make) -> None:
    """What the language model completes is what the documents are asked; what was typed is what is remembered."""
    script = ScriptedGenerator("How much is express shipping?")
    changed = Settings().model_copy(update={"dialogue": DialogueSettings(rewrite="model")})
    bot = Bot(kb, settings=changed, generator=script)
    history = [
        Turn(role="user", text="How long does standard shipping take?"),
        Turn(role="assistant", text="3 to 5 business days. Express shipping is faster."),
    ]
    answer = bot.ask("and how much is express?", history=history)
    assert len(script.prompts) == 1
    assert answer.understanding.question == "and how much is express?"
    assert answer.understanding.standalone == "How much is express shipping?"
    assert "9.90 EUR" in answer.text


def test_pinned_answers_come_before_documents_and_intents(make: Make) -> None:
    """An operator's words are given as they are; once unpinned, the documents answer again."""
    bot = make()
    pin = bot.pins.add(["How much is express shipping?"], "Express is free this week.", author="Kim")
    answer = bot.ask("how much is express shipping")
    assert (answer.text, answer.reason, answer.status) == (
        "Express is free this week.",
        "pinned by Kim",
        "answered",
    )
    bot.pins.remove(pin.id)
    assert "9.90 EUR" in bot.ask("how much is express shipping").text


def test_feedback_is_kept_with_its_answer(make: Make) -> None:
    """For an answer of a session; it is forgotten with that."""
    bot = make()
    answer = bot.ask("How much is express shipping?", session="c")
    bot.feedback(answer.trace_id, "down", "too expensive")
    (opinion,) = Feedback(bot.sessions.database).list()
    assert (opinion.vote, opinion.comment) == ("down", "too expensive")
    with pytest.raises(InputError):
        bot.feedback("0000", "up")
    bot.sessions.delete("c")
    assert Feedback(bot.sessions.database).list() == ()


ODD = (
    "yes", "no", "never mind", "2", "both", "the second one", "Europe", "and in the US?", "A-1234", "ada@example.com",
    "no, I meant B-9", WHERE, "How do I reset it?", "转人工", "不用了", "😡😡😡", "???", "x" * 5000, "的" * 3000,
    "a\ud800b", "'; DROP TABLE exchange;--", "{}[]()*+?\\", "\x00hi\u202e", "¿Dónde está mi pedido?", "thanks",
    "I will sue you",
)  # fmt: skip


def test_whatever_customers_write_there_is_an_answer(make: Make) -> None:
    """Odd messages in any order, over forms, choices and hand-overs; the conversation stays readable."""
    bot, chance = make(shipped), random.Random(7)
    for number in range(150):
        message = " ".join(chance.choices(ODD, k=chance.choice((1, 1, 1, 2))))
        answer = bot.ask(message, session=f"s{number // 30}")
        assert answer.text.strip()
        assert len(answer.state.moods) <= 5
        assert (answer.handover is None) or answer.status == "handoff"
    for number in range(5):
        assert len(bot.sessions.exchanges(f"s{number}")) == 30
