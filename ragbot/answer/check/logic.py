"""What a sentence says about its facts rather than of them: what it negates, demands, permits, limits and makes
conditional, in English and Chinese. Two sentences in the same words may differ in nothing else.

Pure functions of one sentence each; comparing two is the work of `opposed.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from ragbot.text.words import content_terms

Modality = Literal["must", "should", "may"]
_REACH: Final = 5
"""Content words after a cue that it speaks of."""
_BOUNDARY = re.compile(
    r"[,;:.!?，；：。！？、\n]|\b(?:but|however|although|though|while|whereas|and)\b|但|而"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|unable to|fails? to|excluded?|excluding|"
    r"excludes|prohibit(?:s|ed)?|forbidden|refuses? to|instead of|rather than|except)\b|n['’ ]+t\b|\bdont\b|\bdoesnt\b"
    r"|不(?!仅|但|过|同|断|久|管|论|少于|低于|多于|超过|到|足)|没有?|无法|无需|无须|毋需|未(?!来)|非(?!常)|除了|禁止|拒绝|不包括",
    re.IGNORECASE,
)
_NO_NEGATION = re.compile(
    r"\bnot only\b|\bno (?:later|more|less|fewer|longer) than\b|\bnot (?:more|less|later|exceed(?:ing)?)\b|\bno\.? ?\d"
    r"|\bif not\b|\bor not\b|\bi ?'? ?m not sure\b|\bi don ?['’] ?t know\b|\bwhether or not\b"
    r"|是不是|不仅|不但|能不能|会不会",
    re.IGNORECASE,
)
"""Phrases that hold a negating word and negate nothing of the sentence's own."""
_MODALITIES: Final[tuple[tuple[Modality, re.Pattern[str]], ...]] = (
    (
        "must",
        re.compile(
            r"\b(?:must|ha(?:s|ve) to|need(?:s|ed)? to|required?|requires|shall|mandatory|obligatory|compulsory)\b"
            r"|必须|务必|必需|须(?!知)|应当|需要|一定|必然|必定|要求|强制",
            re.IGNORECASE,
        ),
    ),
    (
        "should",
        re.compile(
            r"\b(?:should|ought to|recommend(?:ed|s)?|advis(?:ed?|able)|suggest(?:ed|s)?)\b|应该|建议|最好|推荐",
            re.I,
        ),
    ),
    (
        "may",
        re.compile(
            r"\b(?:may|might|can|could|optional(?:ly)?|allowed to|able to|permitted)\b"
            r"|可以|可能|或许|可选|也可|允许|能够",
            re.I,
        ),
    ),
)
_EXCEPTION = re.compile(
    r"\b(?:unless|except|excluding|other than|with the exception of)\b|除非|除了|除外|不包括", re.I
)
_ONLY = re.compile(r"\b(?:only|solely|exclusively|just)\b|仅(?!供)|只(?!要)|唯一|限于", re.IGNORECASE)
_NOT_ONLY = re.compile(r"\bnot (?:only|just)\b|不仅|不只", re.IGNORECASE)
_CONDITION = re.compile(
    r"\b(?:if|unless|provided(?: that)?|only (?:if|when|for)|as long as|in case"
    r"|on condition|except|when(?:ever)?|once)\b"
    r"|如果|若(?!干)|假如|只要|只有|除非|一旦|(?<=[^，。])时(?=[，,])|仅限|前提",
    re.IGNORECASE,
)
_CONDITION_END = re.compile(r"[,;.!?，；。！？\n]|\bthen\b|[)）]")
_TEMPORAL = re.compile(
    r"\b(?P<before>before|prior to|until|till)\b|\b(?P<after>after|following|since)\b"
    r"|(?P<zhbefore>之前|以前|前(?!往|台|端|提|面|后))|(?P<zhafter>之后|以后|后(?!台|端|果|面|续|退))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Logic:
    """What was read of one sentence; terms are stems as `content_terms` gives them."""

    negated: frozenset[str]
    """Terms within reach of a negation."""
    negations: int
    modality: frozenset[Modality]
    demanded: frozenset[str]
    """Terms within reach of a word such as `must`."""
    permitted: frozenset[str]
    """... of a word such as `may` or `should`."""
    exception: bool
    """Whether something is taken out: unless, except."""
    only: bool
    conditions: tuple[frozenset[str], ...]
    """Terms of each conditional clause."""
    before: frozenset[str]
    """Terms that the sentence says something happens before."""
    after: frozenset[str]


def _scope(text: str, start: int) -> list[str]:
    """The content terms that follow `start` up to the next boundary."""
    tail = text[start : start + 90]
    stop = _BOUNDARY.search(tail)
    return content_terms(tail[: stop.start()] if stop else tail)[:_REACH]


def _negated(text: str) -> tuple[frozenset[str], int]:
    silent = [match.span() for match in _NO_NEGATION.finditer(text)]
    found: set[str] = set()
    count = 0
    for match in _NEGATION.finditer(text):
        if any(start <= match.start() < end for start, end in silent):
            continue
        count += 1
        found.update(_scope(text, match.end()))
    return frozenset(found), count


def _conditions(text: str) -> tuple[frozenset[str], ...]:
    found = []
    for match in _CONDITION.finditer(text):
        tail = text[match.end() : match.end() + 160]
        stop = _CONDITION_END.search(tail)
        clause = frozenset(content_terms(tail[: stop.start()] if stop else tail))
        if clause:
            found.append(clause)
    return tuple(found)


def _temporal(text: str) -> tuple[frozenset[str], frozenset[str]]:
    before: set[str] = set()
    after: set[str] = set()
    for match in _TEMPORAL.finditer(text):
        kind = match.lastgroup or ""
        if kind.startswith("zh"):  # 收到商品后: what it speaks of stands in front
            scope = content_terms(
                re.split(r"[，。；！？]", text[max(0, match.start() - 12) : match.start()])[-1]
            )
        else:
            scope = _scope(text, match.end())[:3]
        (before if kind.endswith("before") else after).update(scope)
    return frozenset(before), frozenset(after)


def _within(text: str, *kinds: Modality) -> frozenset[str]:
    """The terms that the modal words of `kinds` speak of."""
    return frozenset(
        term
        for kind, pattern in _MODALITIES
        if kind in kinds
        for match in pattern.finditer(text)
        for term in _scope(text, match.end())[:2]
    )


@lru_cache(maxsize=16384)
def logic(text: str) -> Logic:
    """The logic of one sentence."""
    negated, negations = _negated(text)
    before, after = _temporal(text)
    return Logic(
        negated=negated,
        negations=negations,
        modality=frozenset(kind for kind, pattern in _MODALITIES if pattern.search(text)),
        demanded=_within(text, "must"),
        permitted=_within(text, "may", "should"),
        exception=_EXCEPTION.search(text) is not None,
        only=_ONLY.search(text) is not None and _NOT_ONLY.search(text) is None,
        conditions=_conditions(text),
        before=before,
        after=after,
    )
