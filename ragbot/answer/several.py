"""A message that asks several things -> each of them as a question of its own.

    "Which pack fits the Hub 2 Pro, and how long does it last?"    "Which pack fits the Hub 2 Pro", "how long ... last?"
    "What are the mounting heights for Doorbell 1 and Doorbell 2?" "... for Doorbell 1?", "... for Doorbell 2?"

What is told before the questions belongs to each. A later one may lean on the one before it, as a follow-up does.
Cautious: a message is parted only where each part has a question word and something that it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ragbot.answer.facets.products import Named, named
from ragbot.text.sentences import sentences
from ragbot.text.words import content_terms

MOST: Final = 4
"""Parts of a message that are answered by themselves; one with more is taken as a whole."""
_WH: Final = r"(?:how|what|when|where|which|who|whose|whom|why)"
_AUX: Final = r"(?:can|could|do|does|did|is|are|was|were|will|would|should|may|must|has|have)"
_WHO: Final = r"(?:i|we|you|it|they|there|the|my|your|our|a|an|any|this|that|these|those|he|she)"
_LEAD: Final = (
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|also|then|hi|hello|hey|please|yes|no|well|thanks|sorry|great)\b\W*)*"
)
_HAN_ASKS: Final = (
    r"多少|多久|多[大长高重远]|几(?=[天个年月次小点位台人元块号折])|什么|怎么"
    r"|怎样|如何|哪|是否|能不能|可不可以|吗"
)
_OPENS = re.compile(
    rf"{_LEAD}(?:{_WH}\b|{_AUX}(?:n['’]t)?\s+{_WHO}\b|(?:tell me|i(?:'d| would) like to know|do you know)\s+{_WH}\b)"
    rf"|{_HAN_ASKS}|\b{_WH}\s+(?:is|are|much|many|long|do|does)\b[^?]*$",
    re.IGNORECASE,
)
"""A clause that asks: it begins as a question does."""
_SUBORDINATE = re.compile(
    rf"{_LEAD}(?:if|when|where|while|since|as|once|because|after|before|in|on|at|for|with)\b", re.IGNORECASE
)
_MARK = re.compile(r"[?？]\W*$")
_ASKING = re.compile(rf"\b{_WH}\b|^\W*{_AUX}\b|{_HAN_ASKS}|[?？呢]", re.IGNORECASE)
"""Words that ask, and say nothing of what is asked about."""
_JOINT = re.compile(
    rf"\s*(?:[,;]\s*)?\b(?P<and>and|also|plus)\s+(?:also\s+)?(?={_WH}\b|{_AUX}\s+{_WHO}\b)|,\s*(?=(?:what|how|why)\b)"
    r"|[，；;]\s*(?:还有|另外|以及|而且)?|(?:还有|另外)[，,]?",
    re.IGNORECASE,
)
_SHORT: Final = 2
"""Content words of a question that are too few to name a thing of its own: "保修多长时间？"."""
_AND_ALSO = re.compile(r"^(?:还有|另外|以及|而且)[，,]?\s*|^(?:and|also|plus)\b,?\s*", re.IGNORECASE)
_WH_LAST = re.compile(rf"\b{_WH}\s*$", re.IGNORECASE)
_ALIKE = re.compile(
    r"\b(?:differen\w+|compar\w+|better|instead|upgrade|versus|vs|between|together|both|same|compatible|connect\w*"
    r"|work with|than)\b"
    r"|区别|差别|比较|对比|相比|哪个更|一起|兼容",
    re.IGNORECASE,
)
"""Words of questions about how things stand to each other: those are one question."""
_PRONOUN = re.compile(
    r"\b(?:it|its|it's|they|them|their|that|this|these|those|one|ones)\b|[它这那]", re.IGNORECASE
)
_BESIDE = re.compile(
    r"\s*(?:,|、|and|&|和|与|跟|及)\s*(?:(?:on|for|of|in|with|to|at)\s+)?(?:(?:the|a|an|my)\s+)?",
    re.IGNORECASE,
)


def questions(message: str, language: str = "en") -> tuple[str, ...]:
    """The questions of `message`, in order; `(message,)` where it is one, or more than `MOST`."""
    told, asked = _parted(message, language)
    parts = [part for each in _about_the_same(asked, language) for part in _distributed(each)]
    if not 1 < len(parts) <= MOST:
        return (message,)
    return tuple(f"{told} {part}".strip() for part in parts)


def _parted(message: str, language: str) -> tuple[str, list[str]]:
    """What is told, and the questions as they stand."""
    told: list[str] = []
    asked: list[str] = []
    for sentence in sentences(message):
        text = sentence.text.strip()
        if not (_MARK.search(text) or _OPENS.search(text)) or text.rstrip(" ?？").endswith("呢"):
            told.append(text)
            continue
        for each in _clauses(text, language):
            clause = _AND_ALSO.sub("", each)
            if _about(clause, language):
                asked.append(clause)
            elif asked:  # "My hub hums, why? What can I do?" is one question
                asked[-1] = f"{asked[-1]} {clause}"
            else:
                told.append(clause)
    return " ".join(told), asked


def _clauses(sentence: str, language: str) -> Iterator[str]:
    """The clauses of a sentence that each ask something; what asks nothing stays with what follows it."""
    begin = 0
    for match in _JOINT.finditer(sentence):
        left, right = sentence[begin : match.start()], sentence[match.end() :]
        if match.start() > begin and _both_ask(left, right, language, joined=bool(match["and"])):
            yield left.strip()
            begin = match.end()
    yield sentence[begin:].strip()


def _both_ask(left: str, right: str, language: str, *, joined: bool) -> bool:
    if _WH_LAST.search(left) or (not joined and _SUBORDINATE.search(left)):
        return False
    return all(_OPENS.search(each) and _about(each, language) for each in (left, right))


def _about(clause: str, language: str) -> bool:
    """Whether a clause says what it is about."""
    return bool(_subject(clause, language))


def _subject(clause: str, language: str) -> list[str]:
    return content_terms(_ASKING.sub(" ", clause), language=language, overlapping=False)


def _about_the_same(asked: Sequence[str], language: str) -> Iterator[str]:
    """The questions, a later one that is too short to name a thing of its own with the product named before it."""
    product = ""
    for each in asked:
        own = named(each)
        leans = _PRONOUN.search(each) is not None  # a follow-up's rules know what that is
        short = len(_subject(each, language)) <= _SHORT
        yield f"{product}: {each}" if product and short and not own and not leans else each
        product = own[-1].shown if own else product


def _distributed(question: str) -> list[str]:
    """The question about each of the products that stand side by side in it."""
    if _ALIKE.search(question):
        return [question]
    beside = _side_by_side(question, sorted(named(question), key=lambda each: each.start))
    if len(beside) < 2:
        return [question]
    before, after = question[: beside[0].start], question[beside[-1].end :]
    return [f"{before}{question[each.start : each.end]}{after}" for each in beside]


def _side_by_side(question: str, products: Sequence[Named]) -> list[Named]:
    """The first products that nothing but a conjunction parts."""
    run: list[Named] = []
    for one, other in pairwise(products):
        if _BESIDE.fullmatch(question[one.end : other.start]):
            run = [*(run or [one]), other]
        elif run:
            break
    return run
