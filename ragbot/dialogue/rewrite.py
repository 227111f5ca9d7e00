"""A message within its conversation -> a question that stands alone, written by the language model and checked.

The model is given the last turns and a few examples, and one line is taken. It is used only if `rewrite_check` has no
objection; otherwise the message stays as it is, and the reason is kept. This file does not know how the question is
searched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Literal

from ragbot.dialogue.rewrite_check import MAX_ADDED, objection
from ragbot.errors import GenerationError
from ragbot.protocols import Generator
from ragbot.types import Message, Turn

MAX_TOKENS: Final = 80
"""Most tokens of a rewrite."""
LOOK_BACK: Final = 12
"""Turns that the model reads, the newest ones."""
_TURN_CHARACTERS: Final = 400

_INSTRUCTIONS: Final[Mapping[str, str]] = {
    "en": "Rewrite the customer's last message as one question that can be understood without the conversation. "
    "Put names in the place of words such as it, they or there. Use only words of the conversation. Do not answer. "
    "Write one line.",
    "zh": "把客户的最后一条消息改写成一个不看对话也能看懂的问题。用名称替换“它”“他们”“那里”等词。"
    "只使用对话中出现过的词语。不要回答问题。只写一行。",
}
_SPEAKERS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"user": "Customer", "assistant": "Agent", "system": "Note"},
    "zh": {"user": "客户", "assistant": "客服", "system": "备注"},
}
_ASKED: Final[Mapping[str, str]] = {
    "en": "{conversation}\n\nLast message: {message}\nStandalone question:",
    "zh": "{conversation}\n\n最后一条消息：{message}\n独立问题：",
}
_EXAMPLES: Final[Mapping[str, tuple[tuple[tuple[str, ...], str, str], ...]]] = {
    "en": (
        (
            ("Do you sell spare filters for the Brewer 3?", "Yes, the filter BF-3 fits the Brewer 3."),
            "How long does it last?",
            "How long does the filter BF-3 for the Brewer 3 last?",
        ),
        (
            ("Who founded the shop in Lisbon?", "Marta Reis founded it in 1998."),
            "And where did she work before?",
            "Where did Marta Reis work before she founded the shop in Lisbon?",
        ),
        (
            ("How do I cancel an order by phone?", "Call us before the parcel is packed."),
            "and by e-mail?",
            "How do I cancel an order by e-mail?",
        ),
    ),
    "zh": (
        (
            ("你们有咖啡机三代的滤芯吗？", "有，BF-3 滤芯适合咖啡机三代。"),
            "它能用多久？",
            "咖啡机三代的 BF-3 滤芯能用多久？",
        ),
        (("电话可以取消订单吗？", "可以，包裹打包前请来电。"), "那发邮件呢？", "发邮件可以取消订单吗？"),
    ),
}
"""Conversation, last message, standalone question."""

_LABEL: Final = re.compile(
    r"^\s*(?:(?:the )?(?:standalone|rewritten|rewrite|question)(?: question)?|独立问题|改写(?:后)?|问题)\s*[:：]\s*",
    re.IGNORECASE,
)
_QUOTES: Final = "\"“”'‘’「」『』` "


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A question that stands alone."""

    text: str
    how: Literal["kept", "model"]
    refused: str = ""
    """Why the model's text was not taken; empty where it was, or where the model had nothing to do."""


class Rewriter:
    """Completes messages by a chat model, under supervision. As safe to share between threads as its generator."""

    def __init__(self, generator: Generator, *, max_tokens: int = MAX_TOKENS) -> None:
        self._generator = generator
        self._max_tokens = max_tokens

    def rewrite(self, message: str, history: Sequence[Turn], *, language: str) -> Rewrite:
        """`message` (cleaned, not empty) as a question that stands alone. `language`: ISO 639-1, of the message.

        The model is asked where there is a conversation. Never raises for what the model gives, nor for a
        `GenerationError`: the message is kept as it is and the reason is in `refused`.
        """
        if not history:
            return Rewrite(text=message, how="kept")
        near = history[-LOOK_BACK:]
        try:
            written = self._written(message, near, "zh" if language == "zh" else "en")
        except GenerationError as error:
            return Rewrite(text=message, how="kept", refused=f"the model failed: {error}")
        text = _line(written)
        refused = objection(text, message, near, language=language)
        if refused:
            return Rewrite(text=message, how="kept", refused=refused)
        return Rewrite(text=text, how="model")

    def _written(self, message: str, history: Sequence[Turn], own: str) -> str:
        """The first line that the model writes; it is stopped after that, or when it writes more than is allowed."""
        prompt = self._prompt(message, history, own)
        most = len(message) + MAX_ADDED
        text = ""
        with closing(self._generator.stream(prompt, max_tokens=self._max_tokens)) as pieces:
            for piece in pieces:
                text += piece
                if "\n" in text.strip() or len(text) > 2 * most:
                    break
        return text

    def _prompt(self, message: str, history: Sequence[Turn], own: str) -> tuple[Message, ...]:
        """Instructions, examples, and as many of the newest turns as the model's window has room for."""
        turns = list(history)
        while True:
            prompt = _messages(message, turns, own)
            room = self._generator.context_tokens - self._max_tokens
            if not turns or self._generator.count_tokens(prompt) <= room:
                return prompt
            turns.pop(0)


def _messages(message: str, turns: Sequence[Turn], own: str) -> tuple[Message, ...]:
    shots: list[Message] = [Message(role="system", content=_INSTRUCTIONS[own])]
    for (asked, answered), last, question in _EXAMPLES[own]:
        said = (Turn(role="user", text=asked), Turn(role="assistant", text=answered))
        shots += [
            Message(role="user", content=_asked(last, said, own)),
            Message(role="assistant", content=question),
        ]
    return (*shots, Message(role="user", content=_asked(message, turns, own)))


def _asked(message: str, turns: Sequence[Turn], own: str) -> str:
    conversation = "\n".join(
        f"{_SPEAKERS[own][turn.role]}: {' '.join(turn.text.split())[:_TURN_CHARACTERS]}" for turn in turns
    )
    return _ASKED[own].format(conversation=conversation, message=message)


def _line(written: str) -> str:
    """The first line, without a label and quotation marks around it."""
    first = next((line for line in written.splitlines() if line.strip()), "")
    return _LABEL.sub("", first).strip().strip(_QUOTES) if first else ""
