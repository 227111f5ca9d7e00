"""Question, conversation and passages within a model's window."""

from __future__ import annotations

import pytest
from fakes import ScriptedGenerator
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage

from ragbot.answer.prompt import compose_prompt
from ragbot.errors import GenerationError
from ragbot.types import Hit, Message, Prompt, Turn

QUESTION = "How long do refunds take?"
HITS = [passage(f"passage{rank} " + "word " * 20, start=1000 * rank) for rank in range(1, 5)]
TURNS = [
    Turn(role="user" if place % 2 == 0 else "assistant", text=f"turn{place} " + "said " * 10)
    for place in range(4)
]


def prompt(
    window: int,
    hits: list[Hit] = HITS,
    turns: list[Turn] = TURNS,
    *,
    question: str = QUESTION,
    language: str = "en",
) -> Prompt:
    """The prompt for a model of `window` tokens (words), of which 20 are for the answer."""
    generator = ScriptedGenerator(context_tokens=window)
    return compose_prompt(question, hits, turns, language=language, generator=generator, max_tokens=20)


def whole(made: Prompt) -> str:
    return "\n".join(message.content for message in made.messages)


def test_everything_is_there_where_it_fits() -> None:
    """Instructions, then the conversation, then the numbered passages right before the question."""
    made = prompt(4096)
    assert [message.role for message in made.messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    last = made.messages[-1].content
    marks = [last.index(f"[{number}] Returns\npassage{number}") for number in range(1, 5)]
    assert marks == sorted(marks)
    assert last.index(QUESTION) > marks[-1]
    assert (made.hits, made.dropped) == (tuple(HITS), 0)


def test_title_and_headings_stand_above_a_passage() -> None:
    """The model reads what a passage is about; a passage without either stands alone."""
    text = whole(prompt(4096, [passage("Five days.", heading="Europe > By card")]))
    assert "[1] Returns > Europe > By card\nFive days." in text
    assert "[1] Five days." in whole(prompt(4096, [passage("Five days.", title="")]))


@pytest.mark.parametrize(
    ("language", "words"), [("en", "I don't know"), ("zh", "我不知道"), ("fr", "I don't know")]
)
def test_instructions_speak_the_customers_language(language: str, words: str) -> None:
    """Chinese to a Chinese question, English to all others."""
    assert words in prompt(4096, language=language).messages[0].content


def test_the_weakest_passages_go_first_then_the_oldest_turns() -> None:
    """As the window shrinks, passages go from the last, then pairs of turns from the first, then the best passage."""
    full = prompt(4096).tokens
    seen: list[tuple[int, int]] = []
    for window in range(full + 20, 0, -1):
        try:
            made = prompt(window)
        except GenerationError:
            break
        turns = made.messages[1:-1]
        assert made.hits == tuple(HITS[: len(made.hits)])
        assert [turn.content for turn in turns] == [turn.text for turn in TURNS[len(TURNS) - len(turns) :]]
        assert made.dropped == len(HITS) - len(made.hits) + len(TURNS) - len(turns)
        if (len(made.hits), len(turns)) not in seen:
            seen.append((len(made.hits), len(turns)))
    assert seen == [(4, 4), (3, 4), (2, 4), (1, 4), (1, 2), (1, 0), (0, 0)]


def test_a_question_that_does_not_fit_is_an_error_that_says_what_to_do() -> None:
    """The question is never cut."""
    with pytest.raises(GenerationError, match=r"scripted has room for 40; shorten it, or set .* max_tokens"):
        prompt(60, question="long " * 100)


def test_a_long_turn_is_cut() -> None:
    """One message of the conversation cannot fill the window."""
    made = prompt(4096, turns=[Turn(role="user", text="x" * 100_000)])
    assert len(made.messages[1].content) < 2000
    assert made.dropped == 0


def test_passages_cannot_replace_the_frame() -> None:
    """Braces in a passage or in a question are text, not places to be filled."""
    made = prompt(4096, [passage("Use {question} and {0}.")], question="What is {language}?")
    assert "Use {question} and {0}." in whole(made)
    assert "What is {language}?" in whole(made)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 60), max_size=6),
    said=st.lists(st.integers(0, 60), max_size=6),
    asked=st.integers(1, 60),
    window=st.integers(1, 400),
)
def test_a_prompt_never_exceeds_its_budget(
    lengths: list[int], said: list[int], asked: int, window: int
) -> None:
    """Whatever is asked, said and found: prompt and answer fit the window, or it is an error."""
    generator = ScriptedGenerator(context_tokens=window)
    hits = [passage("word " * length, start=place) for place, length in enumerate(lengths)]
    turns = [Turn(role="user", text="said " * length) for length in said]
    question = " ".join(f"asked{number}" for number in range(asked))
    try:
        made = compose_prompt(question, hits, turns, language="en", generator=generator, max_tokens=20)
    except GenerationError:
        alone = compose_prompt(question, [], [], language="en", generator=ScriptedGenerator(), max_tokens=20)
        assert alone.tokens > window - 20
        return
    assert made.tokens == generator.count_tokens(made.messages) <= window - 20
    assert question in made.messages[-1].content
    assert made.dropped == len(hits) + len(turns) - len(made.hits) - (len(made.messages) - 2)
    assert isinstance(made.messages[0], Message)
