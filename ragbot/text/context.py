"""Does a message lean on the conversation, and what does it leave out?

Fast rules over the last turns: pronouns and pointers without an antecedent of their own, openings such as
"and by card?", and fragments. What leans is completed by the names that the conversation is about and by the
message it continues, so that search sees both: "Nova Hub 2: How do I reset it? And without a screwdriver?". A name
cut short ("Ballmer") is given in full. Pure functions of the newest turns; the language model has no part in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragbot.text.mentions import LOOK_BACK, Mention, mentions, words_of
from ragbot.text.words import STOP_WORDS, content_terms, is_han
from ragbot.types import Turn

_OPENING = re.compile(
    r"^\s*(?:(?:and|but|or|also|then|so|ok(?:ay)?|thanks|hmm|well|plus)\b[,\s]*)+\S"
    r"|^\s*(?:what|how) about\b|^\s*(?:what|how|why|who|anything|any) (?:if|else|then|other)\b"
    r"|^\s*(?:same|which one|why|why not|how so)\b"
    r"|^\s*(?:那么?|还有|另外|然后|如果|要是|可是|但是?|换成|它|这个?|该|后者|前者)",
    re.IGNORECASE,
)
_SO = re.compile(
    r"\s*(?:(?:so|ok(?:ay)?|well|hmm)\b[,\s]*|那么?(?![边个里儿种款些位家台样])[，,\s]*)(?=\S)", re.IGNORECASE
)
"""An opening that takes up the conversation, but before a whole question nothing of it."""
_ENOUGH_SAID = 2.5
"""Content words of a message that can stand alone."""
_POINTER = re.compile(
    r"\b(?:it|its|they|them|their|theirs|those|these|this one|that one|that|this|ones?|he|she|him|his|her|"
    r"there|instead|either|both|the (?:other|same|first|second|third|latter|former|last|new|old) ones?)\b"
    r"|[它他她]们?|这个|那个|这种|那种|这款|那款|这些|那些|上面|上述|刚才|其中|前者|后者|该(?=[产型套计])|[那这](?:里|儿|边)",
    re.IGNORECASE,
)
_BESIDES = re.compile(
    r"\b(?:(?:any|some|what|which|the|who)(?: are| were)?(?: some)? other|else|another)\b(?! than)|其[他它]|别的|另一",
    re.IGNORECASE,
)
"""Asks for more of what was spoken of."""
_PERSON = re.compile(r"\b(?:he|she|him|his|hers?)\b|[他她]", re.IGNORECASE)
_PLACE = re.compile(r"\bthere\b|[那这](?:里|儿|边)", re.IGNORECASE)
_PEOPLE = re.compile(rf"{_PERSON.pattern}|\b(?:they|them|their)\b", re.IGNORECASE)
_ANTECEDENT_FREE = re.compile(  # "is it possible", "that" as conjunction, "there is"
    r"\b(?:is|was|would|will) it (?:possible|ok|okay|safe|true|normal|allowed|legal|necessary|free)\b"
    r"|\b(?:how long|how much time) (?:does|will|did|would) it take\b"
    r"|\bthere (?:is|are|was|were|any|a|an)\b|\b(?:is|are|was|were) there\b|\bdoes it (?:cost|take)\b"
    r"|\b(?:so|such|sure|say|says|said|know|think|mean|means|shows?|see|hope|told|find|found) that\b"
    r"|\bif (?:it|that) (?:is|'s)\b|\bthis (?:morning|week|month|year|evening|time)\b",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(?:呢|的话)[？?。.!！\s]*$|^[^，,。？?]{1,10}呢[，,？?]")
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
_CAPITALISED = re.compile(r"\b[A-Z][\w-]+")
_MAX_CARRIED = 400
"""Characters of earlier messages that a question may carry."""
_MAX_NAMES = 2
_PRESENT = 0.3
"""Least weight of a name that is carried, against the most present one's."""
_LONGEST_COMPLETED = 4
"""Words of a name that a message may give in part."""


def leans_on_history(question: str, history: Sequence[Turn]) -> bool:
    """Whether `question` cannot be understood without the turns before it."""
    if not any(turn.role == "user" for turn in history[-LOOK_BACK:]):
        return False
    rest = question[match.end() :] if (match := _SO.match(question)) else question
    if rest != question and _says(rest) >= _ENOUGH_SAID and not _ENDING.search(rest):
        return leans_on_history(rest, history)
    if _OPENING.search(question) or _ENDING.search(question):
        return True
    if _says(question) < _ENOUGH_SAID:
        return True
    if _BESIDES.search(question):
        return True
    rest = _ANTECEDENT_FREE.sub(" ", question)
    pointer = _POINTER.search(rest)
    before = len(content_terms(rest[: pointer.start()])) if pointer else 0
    return pointer is not None and before < (4 if _PEOPLE.search(rest) else 3)


def _says(text: str) -> float:
    """How many content words, three Chinese characters being one."""
    words = content_terms(text)
    return sum(not is_han(word) for word in words) + len("".join(w for w in words if is_han(w))) / 3


def names(text: str) -> list[str]:
    """Names and codes in `text`: capitalised words within a sentence, and codes such as `E-417`."""
    return list(dict.fromkeys(match.group() for match in NAME.finditer(text)))


def _same_subject(history: Sequence[Turn]) -> Sequence[Turn]:
    """The turns from the last message of the customer on that stands alone."""
    near = history[-LOOK_BACK:]
    for place in range(len(near) - 1, -1, -1):
        said = near[place]
        if said.role == "user" and not leans_on_history(said.text[-_MAX_CARRIED:], near[:place]):
            return near[place:]
    return near


def subject(history: Sequence[Turn]) -> str:
    """The customer's words that the conversation is about: back to the last message that stands alone."""
    return _said(_same_subject(history))


def _said(turns: Sequence[Turn]) -> str:
    """The customer's messages among `turns`, as many of the newest as a question may carry."""
    kept: list[str] = []
    for turn in reversed(turns):
        if turn.role == "user" and sum(map(len, kept)) <= _MAX_CARRIED:
            kept.insert(0, turn.text.strip())
    return " ".join(kept)[-_MAX_CARRIED:]


def _swapped(earlier: str, message: str) -> str:
    """`earlier` with the model or generation that `message` names instead: "Hub 2" there, "Hub 1" here."""
    for match in NUMBERED.finditer(message):
        pattern = re.compile(rf"\b{re.escape(match[1])}[ -]?\d+\w*\b", re.IGNORECASE)
        earlier = pattern.sub(match[0].replace("\\", ""), earlier)
    generation = _GENERATION.search(message)
    return _GENERATION.sub(generation[0], earlier) if generation else earlier


def _in_full(question: str, found: Sequence[Mention]) -> list[str]:
    """The names that `question` gives in part: "Ballmer" where the conversation has "Steve Ballmer". The part has a
    capital, so that "return" is not taken for a piece of "Return Centre"."""
    own = words_of(" ".join(_CAPITALISED.findall(question))) - STOP_WORDS
    said = words_of(question)
    full: list[str] = []
    for each in found:
        words = words_of(each.text)
        if words & own and not words <= said and len(words) <= _LONGEST_COMPLETED:
            full.append(each.text)
            own -= words
    return full


def _meant(question: str, found: Sequence[Mention]) -> list[str]:
    """The names that `question` may speak of: of the kind of its pronoun first, the most present first."""
    rest = _ANTECEDENT_FREE.sub(" ", question)
    kind = "person" if _PERSON.search(rest) else "place" if _PLACE.search(rest) else ""
    if kind == "person":
        found = [each for each in found if each.kind != "place"]
    elif not kind:  # jieba's names are too doubtful to be carried unasked
        found = [each for each in found if each.kind == "thing" or not is_han(each.text)]
    present = [each for each in found if each.weight >= _PRESENT * found[0].weight]
    return [each.text for each in sorted(present, key=lambda each: each.kind != kind)[:_MAX_NAMES]]


def _continued(history: Sequence[Turn]) -> str:
    """The last message of the customer that says something, and the ones that it continues by its opening alone."""
    place = last = next((n for n in range(len(history) - 1, -1, -1) if _speaks(history[n])), len(history) - 1)
    while place > 0 and (not _speaks(history[place]) or _only_opens(history[place].text)):
        place -= 1
    return _said(history[place if _speaks(history[place]) else last :])


def _speaks(turn: Turn) -> bool:
    return turn.role == "user" and bool(content_terms(turn.text[-_MAX_CARRIED:]))


def _only_opens(message: str) -> bool:
    """Whether a message leans by its first or last words, such as "and by card?", or is a single one: "Europe"."""
    return _says(message) <= 1 or (
        bool(_OPENING.search(message) or _ENDING.search(message)) and not _POINTER.search(message)
    )


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` as it is where it stands alone, else with the names it speaks of and the message it continues in
    front of it. A pronoun of a person is completed by names alone: what was said of her before is not asked again."""
    history = history[-LOOK_BACK:]
    leans = leans_on_history(question, history)
    if not any(turn.role == "user" for turn in history):
        return question
    full = _in_full(question, mentions(history))
    if not leans:
        return f"{', '.join(full)}: {question.strip()}" if full else question
    near = history if _PEOPLE.search(question) else _same_subject(history)
    carried = full or _meant(question, mentions(near))
    if carried and _PERSON.search(_ANTECEDENT_FREE.sub(" ", question)):
        return f"{', '.join(carried)}: {question.strip()}"
    before = _continued(history) if carried else subject(history)
    new = (name for name in carried if name.lower() not in before.lower())
    added = ", ".join(name for name in new if _swapped(name, question) == name)
    return f"{added}{': ' if added else ''}{_swapped(before, question)} {question.strip()}"
