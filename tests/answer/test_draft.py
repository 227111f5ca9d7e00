"""A generator's words, sentence by sentence, as far as the passages carry them."""

from __future__ import annotations

from collections.abc import Generator as Yielding
from collections.abc import Iterable, Sequence

import pytest
from fakes import ScriptedGenerator
from passages import passage

from ragbot.answer.check.verifier import GroundingVerifier
from ragbot.answer.draft import Draft, check, checked_sentences
from ragbot.answer.quote import Statement
from ragbot.errors import GenerationError
from ragbot.protocols import Generator
from ragbot.types import Generation, Message, Prompt

HITS = (
    passage("Refunds are paid within 5 days. You get an e-mail when the refund is paid.", heading="Period"),
    passage("Cards take 7 days. Vouchers are paid back at once. Cash is paid in the shop.", start=200),
)
PROMPT = Prompt(messages=(Message(role="user", content="How long?"),), hits=HITS, dropped=0, tokens=2)


class Tape:
    """Gives the pieces it was made with; knows how many were taken and whether the stream was closed."""

    name = "tape"
    context_tokens = 4096

    def __init__(self, pieces: Iterable[str], fails: Exception | None = None) -> None:
        self.pieces = iter(pieces)
        self.fails = fails
        self.taken = 0
        self.closed = False

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 0

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        try:
            for piece in self.pieces:
                self.taken += 1
                yield piece
            if self.fails is not None:
                raise self.fails
        finally:
            self.closed = True
        return Generation(
            text="",
            model=self.name,
            prompt_tokens=0,
            completion_tokens=self.taken,
            finish_reason="stop",
            seconds=0.0,
        )


def words(text: str) -> Iterable[str]:
    return (f"{word} " for word in text.split())


def run(
    generator: Generator, *, most: int = 3, tokens: int = 100, draft: Draft | None = None
) -> list[Statement]:
    return list(
        checked_sentences(
            PROMPT,
            generator,
            GroundingVerifier(),
            draft if draft is not None else Draft(),
            max_tokens=tokens,
            max_sentences=most,
        )
    )


def texts(statements: Iterable[Statement]) -> list[str]:
    return [statement.text for statement in statements]


def test_what_is_not_supported_is_dropped_and_the_order_stays() -> None:
    """A wrong figure and an invention are left out; the rest comes as it was said, with its place."""
    draft = Draft()
    said = (
        "Cards take 7 days. Refunds are paid within 30 days. We love penguins very much. "
        "Refunds are paid within 5 days."
    )
    kept = run(ScriptedGenerator(said), draft=draft)
    assert texts(kept) == ["Cards take 7 days.", "Refunds are paid within 5 days."]
    assert [statement.hit for statement in kept] == [1, 0]
    for statement in kept:
        assert HITS[statement.hit].chunk.text[statement.start : statement.end] == statement.text
        assert statement.claims[0].verdict == "supported"
    assert draft.kept == 2
    assert [claim.text for claim in draft.dropped] == [
        "Refunds are paid within 30 days.",
        "We love penguins very much.",
    ]
    assert draft.generation is not None
    assert draft.generation.finish_reason == "stop"


@pytest.mark.parametrize(
    "admission", ["I don't know.", "Sorry, I do not know that.", "I cannot find it.", "我不知道。"]
)
def test_an_admission_ends_the_draft(admission: str) -> None:
    """What a model says after admitting that it does not know is not heard."""
    tape = Tape(words(f"Cards take 7 days. {admission} Refunds are paid within 5 days. " + "More. " * 50))
    assert texts(run(tape)) == ["Cards take 7 days."]
    assert tape.closed
    assert tape.taken < 20


def test_repetition_ends_the_draft() -> None:
    """A model that says a sentence again has nothing more to say."""
    tape = Tape(words("Cards take 7 days. We are very nice people. " * 100))
    assert texts(run(tape)) == ["Cards take 7 days."]
    assert tape.closed
    assert tape.taken < 20


def test_enough_said_stops_the_model() -> None:
    """The stream is closed early, not read to its end."""
    tape = Tape(words("Cards take 7 days. Refunds are paid within 5 days. " + "Very long tail. " * 100))
    assert len(run(tape, most=2)) == 2
    assert tape.closed
    assert tape.taken < 15


def test_no_more_sentences_than_asked_for_when_they_come_at_once() -> None:
    """A server that sends the whole draft in one piece is held to the same limit."""
    whole = "Cards take 7 days. Refunds are paid within 5 days. Vouchers are paid back at once. Cash is paid in the"
    tape = Tape([whole, " shop."])
    assert texts(run(tape, most=2)) == ["Cards take 7 days.", "Refunds are paid within 5 days."]
    assert tape.closed


def test_a_sentence_comes_as_soon_as_it_is_finished() -> None:
    """The first sentence is given before the model has said the second."""
    tape = Tape(words("Cards take 7 days. " + "Then a very long sentence follows here " * 20))
    drafted = checked_sentences(PROMPT, tape, GroundingVerifier(), Draft(), max_tokens=500, max_sentences=3)
    assert next(drafted).text == "Cards take 7 days."
    assert tape.taken <= 5
    assert not tape.closed


def test_a_reader_who_leaves_closes_the_stream() -> None:
    """Closing the sentences closes the model's stream, so that it stops working."""
    tape = Tape(words("Cards take 7 days. " + "More and more. " * 100))
    drafted = checked_sentences(PROMPT, tape, GroundingVerifier(), Draft(), max_tokens=500, max_sentences=3)
    next(drafted)
    assert isinstance(drafted, Yielding)
    drafted.close()
    assert tape.closed


def test_an_unfinished_last_sentence_is_dropped() -> None:
    """Where the model was cut off, what it began is not said: its condition may be missing."""
    draft = Draft()
    kept = run(
        ScriptedGenerator("Cards take 7 days. Refunds are paid within 5 days if you ask."),
        tokens=9,
        draft=draft,
    )
    assert texts(kept) == ["Cards take 7 days."]
    assert draft.generation is not None
    assert draft.generation.finish_reason == "length"
    assert not draft.dropped


def test_figures_are_not_cut_at_their_point() -> None:
    """A decimal that comes in two pieces is one figure, and no sentence ends in it."""
    hits = (passage("The part costs $3.50 and is sent by post."),)
    prompt = Prompt(messages=PROMPT.messages, hits=hits, dropped=0, tokens=2)
    tape = Tape(["The part costs $3", ".", "50 and is sent by post", "."])
    drafted = checked_sentences(prompt, tape, GroundingVerifier(), Draft(), max_tokens=9, max_sentences=3)
    assert texts(drafted) == ["The part costs $3.50 and is sent by post."]


def test_chinese_sentences_end_without_a_space() -> None:
    """Chinese full stops part sentences that come character by character."""
    hits = (passage("退款将在 5 天内完成。定制商品不支持退货。", language="zh"),)
    prompt = Prompt(messages=PROMPT.messages, hits=hits, dropped=0, tokens=2)
    drafted = checked_sentences(
        prompt,
        Tape("退款将在 5 天内完成。定制商品不支持退货。"),
        GroundingVerifier(),
        Draft(),
        max_tokens=9,
        max_sentences=3,
    )
    assert texts(drafted) == ["退款将在 5 天内完成。", "定制商品不支持退货。"]


@pytest.mark.parametrize("said", ["", "  \n ", "...", "Cards take 7"])
def test_a_draft_without_a_finished_sentence_gives_nothing(said: str) -> None:
    """Silence, dots and a beginning are no statements."""
    assert run(ScriptedGenerator(said)) == []


def test_a_failure_of_the_model_passes_through() -> None:
    """Before the first word, or after a sentence that was already given."""
    with pytest.raises(GenerationError, match="no memory"):
        run(ScriptedGenerator(GenerationError("no memory")))
    tape = Tape(words("Cards take 7 days. Then"), fails=GenerationError("connection lost"))
    drafted = checked_sentences(PROMPT, tape, GroundingVerifier(), Draft(), max_tokens=9, max_sentences=3)
    assert next(drafted).text == "Cards take 7 days."
    with pytest.raises(GenerationError, match="connection lost"):
        next(drafted)
    assert tape.closed


def test_without_passages_nothing_is_kept() -> None:
    """There is nothing that a sentence could rest on."""
    prompt = Prompt(messages=PROMPT.messages, hits=(), dropped=2, tokens=2)
    draft = Draft()
    drafted = checked_sentences(
        prompt,
        ScriptedGenerator("Cards take 7 days."),
        GroundingVerifier(),
        draft,
        max_tokens=9,
        max_sentences=3,
    )
    assert list(drafted) == []
    assert len(draft.dropped) == 1


def test_a_check_sees_the_headings() -> None:
    """Title and headings say what a passage is about."""
    hits = [passage("Hold the button for 10 seconds.", title="Nova Hub", heading="Reset")]
    (claim,) = check("Hold the button of the Nova Hub for 10 seconds.", hits, GroundingVerifier())
    assert claim.verdict == "supported"
