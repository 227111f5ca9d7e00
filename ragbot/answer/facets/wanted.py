"""What a customer has, chose or names, and the passages preferred by it.

Pure functions that keep nothing: what is wanted may come from a customer's profile. How a passage's products, plans,
regions and versions are read is told by `values.py`. Knows nothing of probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ragbot.answer.facets.products import aliases, family
from ragbot.answer.facets.regions import overlap
from ragbot.answer.facets.values import (
    FACETS,
    PLAN,
    PRODUCT,
    REGION,
    VERSION,
    Facets,
    Value,
    entry,
    facets,
    listed,
    names_one,
    read,
)
from ragbot.index.question import Question
from ragbot.text.words import content_terms
from ragbot.types import Hit, Profile

MATCHING: Final = 1.5
"""By how much the odds rise of a passage that holds for what is wanted; measured on the sample company's questions."""
INSTEAD: Final = 10.0
"""The same where others were left out: what they were found for is sought in those that are left."""
OTHERWISE: Final = 0.1
"""What is left of the odds of a passage that holds for something else than the question names; as above."""

_MOST_SPELLINGS: Final = 4
"""Ways in which a conversation writes one region."""
_COMPARES = re.compile(
    r"\b(?:compar\w*|differen\w*|versus|vs|better|both|all|each|every|any|other|another|instead|upgrade|switch"
    r"|(?:which|what) (?:kind of |of (?:the|your) )?(?:plans?|products?|models?|versions?|regions?|countr\w+|devices?"
    r"|subscriptions?|hubs?|boards?))\b|区别|对比|比较|不同|哪[个款种些]|其他|别的|都|升级|换成|所有|各",
    re.IGNORECASE,
)
_ABROAD = re.compile(
    r"\b(?:abroad|overseas|international\w*|foreign|worldwide|countr\w+|regions?)\b|海外|国外|境外|地区|国家",
    re.I,
)

Wanted = Mapping[str, tuple[str, ...]]
"""Facet -> what the customer has or chose, in anyone's words."""


def wanted_of(profile: Profile | None, choices: Mapping[str, str]) -> Wanted:
    """What the profile says and the customer chose; a choice counts more than the profile."""
    wanted: dict[str, tuple[str, ...]] = {}
    if profile is not None:
        known = {PRODUCT: profile.products, PLAN: (profile.plan,), REGION: (profile.region,)}
        wanted = {facet: tuple(filter(None, values)) for facet, values in known.items() if any(values)}
    for facet in FACETS:
        chosen = tuple(part.strip() for part in choices.get(facet, "").split(";") if part.strip())
        if chosen and facet == PRODUCT:
            families = {family(value.key) for each in chosen for value in entry(each, PRODUCT)}
            kept = (
                each
                for each in wanted.get(PRODUCT, ())
                if not any(family(value.key) in families for value in entry(each, PRODUCT))
            )
            wanted[PRODUCT] = (*kept, *chosen)
        elif chosen:
            wanted[facet] = chosen
    return wanted


def values_of(wanted: Wanted, facet: str) -> tuple[Value, ...]:
    """What is wanted of `facet`, to be compared with what passages hold for."""
    return listed(list(wanted.get(facet, ())), facet)


def remember(choices: Mapping[str, str], facet: str, choice: str) -> dict[str, str]:
    """`choices` with a new one: of products, it takes the place of its like (`Hub 1` that of `Hub 2`) and stands
    beside the others, parted by `;`; of any other facet there is one."""
    if not choice or facet not in FACETS:
        return dict(choices)
    before = wanted_of(Profile(products=tuple(choices.get(facet, "").split(";"))), {facet: choice})
    kept = [each.strip() for each in before[facet]] if facet == PRODUCT else [choice]
    return {**choices, facet: "; ".join(kept)}


def prefer(hits: Sequence[Hit], wanted: Wanted, question: Question) -> list[Hit]:
    """The passages for this question of a customer of whom `wanted` is known, best first. Those that hold for it count
    more; those that hold for something else than is known are left out, and those that hold for something else than
    the question names count far less. A question that compares leaves all as they are."""
    facets_of = [facets(hit.chunk) for hit in hits]
    known = aliases(hit.chunk for hit in hits)
    as_said = agreement(question, hits)
    asked = {
        facet: values_of(wanted, facet)
        for facet in FACETS
        if facet in wanted and not speaks_of(question.text, facet, facets_of)
    }
    fitting = [
        [fit(own.get(facet, ()), values, facet, known) for facet, values in asked.items()]
        for own in facets_of
    ]
    out = [any(each is False for each in fits) for fits in fitting]
    matching = INSTEAD if any(out) else MATCHING
    kept: list[Hit] = []
    for hit, fits, left, agrees in zip(hits, fitting, out, as_said, strict=True):
        if left:
            continue
        factor = OTHERWISE if agrees is False else matching if any(fits) else MATCHING if agrees else 1.0
        kept.append(replace(hit, score=factor * hit.score / (1 + (factor - 1) * hit.score)))
    return sorted(kept, key=lambda hit: -hit.score)


def agreement(question: Question, hits: Sequence[Hit]) -> list[bool | None]:
    """Whether each passage holds for what the question names; None where one says nothing of the other, or where a
    row of a table that holds for something else names it too."""
    known = aliases(hit.chunk for hit in hits)
    named_here = {
        facet: [_as_known(value, known) if facet == PRODUCT else value for value in values]
        for facet, values in said(question).items()
    }
    found: list[bool | None] = []
    for hit in hits:
        own = facets(hit.chunk)
        fits = {facet: fit(own.get(facet, ()), values, facet, known) for facet, values in named_here.items()}
        other = [facet for facet, each in fits.items() if each is False]
        named_too = hit.chunk.meta.get("kind") == "row" and all(
            fit(read(hit.chunk.text, facet), named_here[facet], facet, known) for facet in other
        )
        found.append(None if other and named_too else False if other else any(fits.values()) or None)
    return found


def moved(question: Question) -> str | None:
    """The question that a message such as "and in Europe?" asks after "How long can I return a lamp in the US?": the
    earlier one with the other region. None where the message says more, or the conversation names no other region."""
    message = question.original
    carried = (
        question.text.removesuffix(message).strip().split(": ", 1)[-1]
    )  # without the names in front of it
    here, there = read(message, REGION), read(carried, REGION)
    if not question.leans or len(here) != 1 or not there or overlap_of(here, there):
        return None
    words = [content_terms(text, overlapping=False) for text in (message, here[0].shown)]
    if set(words[0]) - set(words[1]):
        return None
    for _ in range(_MOST_SPELLINGS):
        others = [value for value in read(carried, REGION) if value.key != here[0].key]
        for value in others:
            carried = re.sub(re.escape(value.shown), lambda _: here[0].shown, carried)
    return carried


def overlap_of(some: Sequence[Value], others: Sequence[Value]) -> bool:
    """Whether two lists of regions have one in common."""
    return overlap(frozenset(value.key for value in some), frozenset(value.key for value in others))


def _as_known(value: Value, known: Mapping[str, frozenset[str]]) -> Value:
    """The product that the passages know: of "what does hub 2 mean" the Hub 2."""
    key = value.key
    while key not in known and " " in key:
        key = key.rsplit(" ", 1)[0]
    return replace(value, key=key) if key in known else value


def said(question: Question) -> Mapping[str, tuple[Value, ...]]:
    """The products and regions that the message names, or else the conversation it continues; none where it
    compares them."""
    if _COMPARES.search(question.original):
        return {}
    carried = question.text if question.leans else ""
    found = {facet: read(question.original, facet) or read(carried, facet) for facet in (PRODUCT, REGION)}
    return {facet: values for facet, values in found.items() if values}


def fit(
    own: Sequence[Value], wanted: Sequence[Value], facet: str, known: Mapping[str, frozenset[str]]
) -> bool | None:
    """Whether what a passage holds for is what is wanted; None where one says nothing of the other. `known`: what
    else a product is called."""
    if not own or not wanted:
        return None
    mine, theirs = [value.key for value in own], [value.key for value in wanted]
    if facet == REGION:
        return overlap(frozenset(mine), frozenset(theirs))
    if facet == PLAN:
        sets = [(set(a.split()), set(b.split())) for a in mine for b in theirs]
        return any(a <= b or b <= a for a, b in sets)
    if facet == VERSION:
        return any(f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.") for a in mine for b in theirs)
    called = [known.get(key, frozenset((key,))) for key in mine]
    owned = frozenset(name for key in theirs for name in known.get(key, frozenset((key,))))
    if any(names & owned for names in called):
        return True
    families = {family(name) for name in owned if family(name)}
    return False if all(families & {family(name) for name in names} for names in called) else None


def speaks_of(message: str, facet: str, found: Iterable[Facets]) -> bool:
    """Whether `message` names a value of `facet`, or asks for the difference or for all of them."""
    if _COMPARES.search(message) or (facet == REGION and _ABROAD.search(message)):
        return True
    return names_one(message, facet, found)
