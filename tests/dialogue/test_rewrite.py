"""What a language model's rewrite must be to be taken, and what is taken where it is not."""

from __future__ import annotations

import pytest
from fakes import ScriptedGenerator

from ragbot.dialogue.rewrite import LOOK_BACK, Rewriter
from ragbot.dialogue.rewrite_check import objection
from ragbot.errors import GenerationError
from ragbot.types import Turn

HISTORY = (
    Turn(role="user", text="Do you ship the Nova Hub 2 to Norway?"),
    Turn(role="assistant", text="Yes, with DHL Express in 4 days, and not on Sundays."),
)
CHINESE = (
    Turn(role="user", text="门铃二代的电池能用多久？"),
    Turn(role="assistant", text="门铃二代的电池能用 6 个月。"),
)
MESSAGE = "How much does it cost?"


def test_a_good_rewrite_is_taken() -> None:
    """A question out of words of the conversation replaces the rules' text; label and quotation marks are cut."""
    for written in (
        "How much does shipping the Nova Hub 2 to Norway cost?",
        'Standalone question: "How much does the Nova Hub 2 cost?"',
        "\n  How much does the Nova Hub 2 cost?",
    ):
        rewrite = Rewriter(ScriptedGenerator(written)).rewrite(MESSAGE, HISTORY, language="en")
        assert (rewrite.how, rewrite.refused) == ("model", "")
        assert written.endswith(rewrite.text) or f'"{rewrite.text}"' in written
    chinese = Rewriter(ScriptedGenerator("门铃二代的电池多少钱？")).rewrite(
        "它多少钱？", CHINESE, language="zh"
    )
    assert (chinese.text, chinese.how) == ("门铃二代的电池多少钱？", "model")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "it wrote nothing"),
        ("How much does the waterproof Nova Hub 2 cost?", "it adds the word waterproof"),
        ("How much does the Nova Hub 2 cost in Sweden?", "it adds the name Sweden"),
        ("How much does the Nova Hub 3 cost?", "it adds the number 3"),
        ("Hvor mye koster Nova Hub 2 til Norway og Norway?", "it changed the language to"),
        ("门铃多少钱？", "it changed the language to zh"),
        ("The Nova Hub 2 does cost 4.", "it does not ask"),
        ("How much does the Nova Hub 2 cost? Yes, 4 days with DHL Express.", "it does not ask"),
        ("Do you ship the Nova Hub 2 to Norway?", "it leaves out the word cost"),
        ("How much does it cost?", "it completes nothing"),
        ("How much would it cost?", "it completes nothing"),
        ("When does the Nova Hub 2 cost?", "it asks for something else"),
        ("Last message: How much does it cost?", "it repeats the instructions"),
        ("How much does it cost? " + "Nova Hub 2 " * 40, "it wrote"),
    ],
)
def test_a_rewrite_that_changes_the_question_is_refused(written: str, reason: str) -> None:
    """The message stays as it is, and the reason is told."""
    rewrite = Rewriter(ScriptedGenerator(written), max_tokens=500).rewrite(MESSAGE, HISTORY, language="en")
    assert rewrite.how == "kept"
    assert rewrite.text == MESSAGE
    assert rewrite.refused.startswith(reason)


@pytest.mark.parametrize(
    ("message", "written", "reason"),
    [
        ("它多少钱？", "门铃三代的电池多少钱？", "it adds"),
        ("它多少钱？", "门铃二代的电池 6 元。", "it does not ask"),
        ("它多少钱？", "门铃二代的电池能用 8 个月吗？", "it adds the number 8"),
        ("它防水吗？", "门铃二代的电池能用多久？", "it leaves out the word 防水"),
        ("它多少钱？", "它多少钱呢？", "it completes nothing"),
        ("它不能充电吗？", "门铃二代的电池能充电吗？", "it leaves out a negation"),
        ("它多少钱？", "How much is it?", "it changed the language"),
    ],
)
def test_a_chinese_rewrite_is_held_to_the_same(message: str, written: str, reason: str) -> None:
    """Words are compared by their characters, however a dictionary cuts them."""
    rewrite = Rewriter(ScriptedGenerator(written)).rewrite(message, CHINESE, language="zh")
    assert rewrite.how == "kept"
    assert rewrite.refused.startswith(reason)


def test_a_negation_is_neither_lost_nor_added() -> None:
    """ "Not" is a stop word, but it turns a question round."""
    about = HISTORY[:1]
    assert (
        objection("Is the Nova Hub 2 not sold?", "Is it sold?", about, language="en") == "it adds a negation"
    )
    lost = objection("Is the Nova Hub 2 sold?", "Why is it not sold?", about, language="en")
    assert lost == "it leaves out a negation"


def test_what_is_called_this_may_be_called_by_its_name() -> None:
    """ "That device" may become "the Nova Hub 2"; "the device" must stay."""
    named = "Do you repair the Nova Hub 2?"
    assert objection(named, "Do you repair that device?", HISTORY, language="en") == ""
    assert (
        objection(named, "Do you repair the device?", HISTORY, language="en")
        == "it leaves out the word device"
    )


def test_a_model_that_does_not_stop_is_stopped() -> None:
    """Of many lines the first is read; a line without an end is refused for its length."""
    taken = Rewriter(ScriptedGenerator("How much does the Nova Hub 2 cost?\n" + "And more? " * 1000))
    assert taken.rewrite(MESSAGE, HISTORY, language="en").text == "How much does the Nova Hub 2 cost?"
    endless = Rewriter(ScriptedGenerator("Hub " * 10_000), max_tokens=10_000)
    assert endless.rewrite(MESSAGE, HISTORY, language="en").refused.startswith("it wrote")


def test_a_model_that_fails_leaves_the_rules() -> None:
    """Neither a failure nor a window that is too small reaches the customer."""
    for generator in (
        ScriptedGenerator(GenerationError("the server is gone")),
        ScriptedGenerator("never read", context_tokens=20),
    ):
        rewrite = Rewriter(generator).rewrite(MESSAGE, HISTORY, language="en")
        assert (rewrite.text, rewrite.how) == (MESSAGE, "kept")
        assert rewrite.refused.startswith("the model failed: ")


def test_a_message_without_a_conversation_is_no_work_for_the_model() -> None:
    """It is kept as it is."""
    generator = ScriptedGenerator()
    rewrite = Rewriter(generator).rewrite(MESSAGE, (), language="en")
    assert (rewrite.text, rewrite.how, rewrite.refused) == (MESSAGE, "kept", "")
    assert generator.prompts == []


def test_the_prompt_speaks_the_customers_language_and_fits_the_window() -> None:
    """The newest turns are kept, as many as the window has room for beside the answer; the message always."""
    history = [
        Turn(role=role, text=f"{role} {n} says this") for n in range(50) for role in ("user", "assistant")
    ]
    generator = ScriptedGenerator("", "", "")
    Rewriter(generator).rewrite(MESSAGE, history, language="en")
    whole = generator.prompts[0]
    assert whole[-1].content.count(" says this") == LOOK_BACK
    assert whole[-1].content.endswith(
        f"assistant 49 says this\n\nLast message: {MESSAGE}\nStandalone question:"
    )
    generator.context_tokens = generator.count_tokens(whole) + 80 - 5
    Rewriter(generator).rewrite(MESSAGE, history, language="en")
    assert generator.prompts[1][-1].content.count(" says this") == LOOK_BACK - 1
    generator.context_tokens = 4096
    Rewriter(generator).rewrite("它多少钱？", CHINESE, language="zh")
    assert generator.prompts[2][-1].content.startswith("客户: 门铃二代")
