"""May a language model's rewrite stand for a message that leans on the conversation? It must complete it, and may
not add a fact, lose one, change the language, or answer.

Every name, number and content word of the rewrite must stand in the message or the conversation; function words,
and those that ask or connect, are free. Pure functions over words; what a word means is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ragbot.text.language import UNKNOWN, detect, script_language
from ragbot.text.sentences import sentences
from ragbot.text.words import STOP_WORDS, content_terms, fold, is_han, stop_terms, terms
from ragbot.types import Turn

MAX_ADDED: Final = 240
"""Most characters that a rewrite may be longer than the message."""
_SHORT: Final = 4
"""Content words; a message with fewer that leans asks, whatever its form."""
_ECHO: Final = re.compile(
    r"standalone question|last message|rewrit|\b(?:customer|agent|assistant|user)\s*:"
    r"|独立问题|最后一条消息|改写|客[户服][:：]",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"^\W*(?:(?:and|but|so|or|also|then|in|on|at|by|for|from|to|with|about|of)\s+)*"
    r"(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|will|would|shall|should|"
    r"may|might|must|has|have|had|isn't|aren't|don't|doesn't|can't|any|tell|show|give|name|explain|list|describe)\b"
    r"|[吗呢么]|什么|怎|如何|哪|谁|几|多少|多久|多长|多大|是否|能否|可否|为何|请",
    re.IGNORECASE,
)
_CLOSING: Final = " \"'”’」』)）!！"
_ASKED_FOR: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bwhy\b", r"\bwhen\b", r"\bwhere\b", r"\bwho(?:m|se)?\b", r"\bhow\b",
        r"为什么|为何", r"谁", r"多少|几", r"多久|多长时间", r"哪", r"怎|如何",
    )
)  # fmt: skip
"""Words that say which kind of fact is asked for: a rewrite asks for the same."""
_NEGATION: Final = re.compile(
    r"\b(?:not|never|without|cannot|no|none|nor)\b|n['’]t\b|[不没无未别]", re.IGNORECASE
)
_PARTICLES: Final = re.compile(f"[{''.join(word for word in STOP_WORDS if is_han(word) and len(word) == 1)}]")
"""Chinese stop words of one character, which dictionaries leave within words: `它防水吗`."""
_THOSE: Final = re.compile(r"\b(?:this|that|these|those|such)\s+([\w'’-]+)", re.IGNORECASE)
"""What a rewrite calls by its name."""
_FREE: Final = frozenset(
    """besides addition additional aside else another any anyone anything anybody something someone many much long
    often far old big kind sort type regarding concerning within without also even ever still yet than whether upon
    via per us one ones mention specifically particular get got go make made
    请问 关于 以及 时候 是否 还 另外 除了 之外 以外 情况 问题""".split()
)
"""Words that ask or connect, beside the stop words."""
_SPOKEN: Final = frozenset(
    """ok okay yes yeah no thanks thank hello hi hey please sorry well oh uh um umm hmm great good perfect cool fine
    sure right one ones so then also too instead actually maybe about
    好 好的 谢谢 你好 您好 那 那么 嗯 还有 另外""".split()
)
"""Words of a message that a question needs not keep."""


def objection(text: str, message: str, history: Sequence[Turn], *, language: str) -> str:
    """Why `text` cannot stand for `message` after `history`; empty where it can."""
    if not text:
        return "it wrote nothing"
    if len(text) > len(message) + MAX_ADDED:
        return f"it wrote {len(text)} characters or more for {len(message)}"
    if (echo := _ECHO.search(text)) and not _ECHO.search(message):
        return f"it repeats the instructions: {echo.group()}"
    if (other := _other_language(text, message, language)) is not None:
        return f"it changed the language to {other}"
    if _tells(text) > (0 if len(content_terms(message)) < _SHORT else _tells(message)):
        return "it does not ask"
    incomplete = "" if _completes(text, message, language) else "it completes nothing"
    return incomplete or _added(text, message, history, language) or _lost(text, message, language)


def _completes(text: str, message: str, language: str) -> bool:
    """Whether `text` has a content word that the message has not: the message is known to lack one."""
    said, letters = frozenset(terms(message, language=language)), fold(message)
    words = content_terms(text, language=language, overlapping=False)
    return any(word not in said and not (is_han(word) and word in letters) for word in words)


def _other_language(text: str, message: str, language: str) -> str | None:
    """The language of `text` if it is not that of the message."""
    if (script := script_language(text)) != script_language(message):
        return script or "one in another script"
    found = detect(text)
    return None if found in (UNKNOWN, language, detect(message)) else found


def _tells(text: str) -> int:
    """How many sentences say something instead of asking."""
    said = (each.text for each in sentences(text))
    return sum(not (each.rstrip(_CLOSING).endswith(("?", "？")) or _ASKS.search(each)) for each in said)


def _added(text: str, message: str, history: Sequence[Turn], language: str) -> str:
    """What `text` says that neither the message nor the conversation does."""
    said = "\n".join([message, *(turn.text for turn in history)])
    letters, free = fold(said), _free_terms(language)
    known = frozenset(terms(said, language=language)) | free
    for term in content_terms(text, language=language, overlapping=False):
        if term not in known and not (is_han(term) and _composed(term, letters)):
            return f"it adds {_as_written(term, text, language)}"
    if _NEGATION.search(text) and not _NEGATION.search(said):
        return "it adds a negation"
    return ""


def _composed(word: str, letters: str) -> bool:
    """Whether a Chinese word is made of pieces of the conversation, of two characters or more, and of stop words:
    dictionaries cut the same words differently in another sentence."""
    reached = [True] + [False] * len(word)
    for end in range(1, len(word) + 1):
        reached[end] = any(
            reached[start] and (piece in STOP_WORDS or (len(piece) > 1 and piece in letters))
            for start in range(end)
            if (piece := word[start:end])
        )
    return reached[-1]


def _lost(text: str, message: str, language: str) -> str:
    """What of the message `text` no longer says."""
    kept, letters = frozenset(terms(text, language=language)), fold(text)
    spared = _free_terms(language) | _terms_of(_SPOKEN, language)
    spared |= _terms_of(frozenset(_THOSE.findall(message)), language)
    for term in content_terms(message, language=language, overlapping=False):
        if term in kept or term in spared:
            continue
        pieces = _PARTICLES.split(term) if is_han(term) else [term]
        gone = next((each for each in pieces if each and not (is_han(each) and each in letters)), None)
        if gone is not None:
            return f"it leaves out {_as_written(gone, message, language)}"
    if _NEGATION.search(message) and not _NEGATION.search(text):
        return "it leaves out a negation"
    asked = next((each for each in _ASKED_FOR if each.search(message) and not each.search(text)), None)
    return "it asks for something else" if asked else ""


def _as_written(term: str, text: str, language: str) -> str:
    """The word of `text` that the term stands for, and what it is if it is a number or a name."""
    if is_han(term):
        return f"the word {term}"
    words = re.findall(r"[\w'’.-]+", text)
    word = next((each for each in words if term in terms(each, language=language)), term).strip(".'’-")
    if any(char.isdigit() for char in word):
        return f"the number {word}"
    return f"the name {word}" if word[:1].isupper() and not text.startswith(word) else f"the word {word}"


def _terms_of(words: frozenset[str], language: str) -> frozenset[str]:
    return frozenset(term for word in words for term in terms(word, language=language))


@lru_cache(maxsize=32)
def _free_terms(language: str) -> frozenset[str]:
    return stop_terms(language) | _terms_of(_FREE, language)
