"""Does a message lean on the conversation, and what does it leave out?

Fast rules over the last turns: pronouns and pointers without an antecedent of their own, openings such as
"and by card?", and fragments. A message that leans is completed by the subject it continues, so that search
sees both. Pure functions; the language model has no part in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragbot.text.words import content_terms, is_han
from ragbot.types import Turn

_OPENING = re.compile(
    r"^\s*(?:(?:and|but|or|also|then|so|ok(?:ay)?|thanks|hmm|well|plus)\b[,\s]*)+\S"
    r"|^\s*(?:what|how) about\b|^\s*(?:what|how|why|who|anything|any) (?:if|else|then|other)\b"
    r"|^\s*(?:same|which one|why|why not|how so)\b"
    r"|^\s*(?:那么?|还有|另外|然后|如果|要是|可是|但是?|换成|它|这个?|该|后者|前者)",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"\b(?:it|its|they|them|their|theirs|those|these|this one|that one|that|this|ones?|he|she|him|his|her|"
    r"there|instead|either|both|the (?:other|same|first|second|third|latter|former|last|new|old) ones?)\b"
    r"|它们?|这个|那个|这种|那种|这款|那款|这些|那些|上面|上述|刚才|其中|前者|后者|该(?=[产型套计])",
    re.IGNORECASE,
)
_ANTECEDENT_FREE = re.compile(  # "is it possible", "that" as conjunction, "there is"
    r"\b(?:is|was|would|will) it (?:possible|ok|okay|safe|true|normal|allowed|legal|necessary|free)\b"
    r"|\b(?:how long|how much time) (?:does|will|did|would) it take\b"
    r"|\bthere (?:is|are|was|were|any|a|an)\b|\b(?:is|are|was|were) there\b|\bdoes it (?:cost|take)\b"
    r"|\b(?:so|such|sure|say|says|said|know|think|mean|means|shows?|see|hope|told|find|found) that\b"
    r"|\bif (?:it|that) (?:is|'s)\b|\bthis (?:morning|week|month|year|evening|time)\b",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(?:呢|的话)[？?。.!！\s]*$")
NAME = re.compile(
    r"(?<![.!?。！？]\s)(?<!^)\b[A-Z][\w-]*(?:\s+(?:[A-Z][\w-]*|\d+\w*))*\b|\b[A-Z]{2,}[-\w]*\d[\w-]*\b"
)
LEANS_BACK = re.compile(
    r"(?:it|its|this|these|that|those|they|he|she|however|otherwise|also|then|but|in (?:this|that) case)\b"
    r"|[它这那该此其]|但|否则|然而|此外|因此",
    re.IGNORECASE,
)
"""A sentence of a text that continues the one before it."""
_NO_NAME = """in on at to of by for from after before about within than least most over under the my our and or last
next any is was are only just day page step section top up first these those with have need bought ordered wait
pay paid between until till since around january february march april may june july august september october
november december jan feb mar apr jun jul aug sep sept oct nov dec""".split()
NUMBERED = re.compile(
    rf"(?<![A-Za-z0-9])(?!(?:{'|'.join(_NO_NAME)})(?![A-Za-z]))([A-Za-z]+)[ -]?(\d+[A-Za-z0-9]*)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
"""A model or code: a name with a number behind it, such as `Hub 2` or `E-417`."""
_GENERATION = re.compile(r"第?[一二三四五1-5]代")
_MAX_CARRIED = 400  # characters of earlier turns that a question may carry


def leans_on_history(question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` cannot be understood without the turns before it."""
    if not any(turn.role == "user" for turn in history):
        return False
    if _OPENING.search(question) or _ENDING.search(question):
        return True
    words = content_terms(question)
    if sum(not is_han(word) for word in words) + len("".join(w for w in words if is_han(w))) / 3 < 2.5:
        return True
    rest = _ANTECEDENT_FREE.sub(" ", question)
    pointer = _POINTER.search(rest)
    return pointer is not None and len(content_terms(rest[: pointer.start()])) < 3


def names(text: str) -> list[str]:
    """Names and codes in `text`: capitalised words within a sentence, and codes such as `E-417`."""
    return list(dict.fromkeys(match.group() for match in NAME.finditer(text)))


def subject(history: Sequence[Turn]) -> str:
    """The customer's words that the conversation is about: back to the last message that stands alone."""
    said = [turn.text for turn in history if turn.role == "user"]
    carried: list[str] = []
    for index in range(len(said) - 1, -1, -1):
        carried.insert(0, said[index].strip())
        earlier = [Turn(role="user", text=text) for text in said[:index]]
        if not leans_on_history(said[index], earlier) or len(" ".join(carried)) > _MAX_CARRIED:
            break
    return " ".join(carried)[-_MAX_CARRIED:]


def _swapped(earlier: str, message: str) -> str:
    """`earlier` with the model or generation that `message` names instead: "Hub 2" there, "Hub 1" here."""
    for match in NUMBERED.finditer(message):
        pattern = re.compile(rf"\b{re.escape(match[1])}[ -]?\d+\w*\b", re.IGNORECASE)
        earlier = pattern.sub(match[0].replace("\\", ""), earlier)
    generation = _GENERATION.search(message)
    return _GENERATION.sub(generation[0], earlier) if generation else earlier


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` as it is where it stands alone, else with the subject it continues in front of it."""
    if not leans_on_history(question, history):
        return question
    return f"{_swapped(subject(history), question)} {question.strip()}"
