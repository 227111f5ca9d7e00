"""Question, conversation and passages -> the messages for a chat model, within its window.

The passages stand in the last message, right before the question; chunks that touch are one passage. What does
not fit is left out: the weakest chunks first, then the oldest turns; never the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ragbot.answer.join import DocumentText, join
from ragbot.errors import GenerationError
from ragbot.protocols import Generator
from ragbot.types import Hit, Message, Prompt, Turn

_INSTRUCTIONS: Final = {
    "en": "You answer customers. Use only the passages. Answer in one to three short sentences, with the figures "
    "and names as the passages give them. If the passages do not answer, say: I don't know.",
    "zh": "你负责回答客户的问题。只能使用所给资料。用一到三个短句回答，数字和名称与资料一致。资料中没有答案时，"
    "请说：我不知道。",
}
_QUESTION: Final = {"en": "Question: {question}\nAnswer:", "zh": "问题：{question}\n回答："}
_MAX_TURN_CHARACTERS: Final = 600


def compose_prompt(
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Turn],
    *,
    language: str,
    generator: Generator,
    max_tokens: int,
    document_text: DocumentText = lambda _: None,
) -> Prompt:
    """The prompt with as many of `hits`, best first, and turns as leave room for `max_tokens` of answer.

    Hits that touch are joined where `document_text` gives the text that they are of.
    Raises `GenerationError` where not even the question fits.
    """
    own = "zh" if language == "zh" else "en"
    budget = generator.context_tokens - max_tokens
    kept_hits, kept_turns = list(hits), _from_customer(history)
    while True:
        passages = join(kept_hits, document_text)
        messages = _messages(question, passages, kept_turns, own)
        tokens = generator.count_tokens(messages)
        if tokens <= budget:
            dropped = len(hits) - len(kept_hits) + len(history) - len(kept_turns)
            return Prompt(messages=messages, hits=tuple(passages), dropped=dropped, tokens=tokens)
        if len(kept_hits) > 1:
            kept_hits.pop()
        elif kept_turns:
            kept_turns = _from_customer(kept_turns[1:])
        elif kept_hits:
            kept_hits.pop()
        else:
            raise GenerationError(
                f"the question alone takes {tokens} tokens, {generator.name} has room for {budget}; "
                "shorten it, or set [generator] max_tokens lower"
            )


def _from_customer(turns: Sequence[Turn]) -> list[Turn]:
    """The turns from the first of the customer's on: chat templates want the user to speak first."""
    first = next((place for place, turn in enumerate(turns) if turn.role == "user"), len(turns))
    return list(turns[first:])


def _messages(
    question: str, hits: Sequence[Hit], turns: Sequence[Turn], language: str
) -> tuple[Message, ...]:
    passages = "\n\n".join(f"[{number}] {_shown(hit)}" for number, hit in enumerate(hits, start=1))
    asked = _QUESTION[language].format(question=question)
    earlier = tuple(Message(role=turn.role, content=turn.text[:_MAX_TURN_CHARACTERS]) for turn in turns)
    return (
        Message(role="system", content=_INSTRUCTIONS[language]),
        *earlier,
        Message(role="user", content=f"{passages}\n\n{asked}"),
    )


def _shown(hit: Hit) -> str:
    above = " > ".join(part for part in (hit.chunk.title, hit.chunk.heading) if part)
    return f"{above}\n{hit.chunk.text}" if above else hit.chunk.text
