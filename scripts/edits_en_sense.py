"""Rules that turn what an English sentence says of its values: negation, modality, condition. See `edits_en`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from edits_en import Place, Rule, one_of, swap_words

_REMOVALS = (
    (r"\bcannot\b", "can"),
    (r"\b(can)['’]t\b", r"\1"),
    (r"\b(is|are|was|were|does|do|did|has|have|could|should|would)n['’]t\b", r"\1"),
    (
        r"\b(is|are|was|were|can|could|will|would|should|has|have|does|do|did) not "
        r"(?!only\b|just\b|merely\b|necessarily\b)",
        r"\1 ",
    ),
    (r"\bwithout\b", "with"),
    (r"\bnever\b", "always"),
    (r"\bunable to\b", "able to"),
)
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would)\b"
    r"(?! (?:not|no|never|only|also|either|just|always|often|usually|sometimes|both|all|more|less|nothing|little|few"
    r"|hardly|neither|to\b|at least|still|already|even|in fact)\b|n['’]t|[,.;:])"
    r"(?= [a-z0-9])"
)
_OPPOSITES = {
    "available": "unavailable",
    "unavailable": "available",
    "allowed": "forbidden",
    "permitted": "forbidden",
    "forbidden": "allowed",
    "prohibited": "permitted",
    "eligible": "ineligible",
    "compatible": "incompatible",
    "includes": "excludes",
    "included": "excluded",
    "excluded": "included",
    "enabled": "disabled",
    "disabled": "enabled",
    "enable": "disable",
    "disable": "enable",
    "increase": "decrease",
    "increased": "decreased",
    "decrease": "increase",
    "accepted": "rejected",
    "accepts": "rejects",
    "free": "chargeable",
    "possible": "impossible",
    "impossible": "possible",
    "valid": "invalid",
    "lost": "won",
    "won": "lost",
    "higher": "lower",
    "lower": "higher",
    "largest": "smallest",
    "smallest": "largest",
    "highest": "lowest",
    "lowest": "highest",
    "connect": "disconnect",
    "disconnect": "connect",
}


def negation(sentence: str, _place: Place, rng: Random) -> str | None:
    """A negation put in or taken out, or a word turned into its opposite."""
    ways = [_without_not, _with_not, _opposite]
    for way in rng.sample(ways, len(ways)):
        if (changed := way(sentence, rng)) is not None:
            return changed
    return None


def _without_not(sentence: str, rng: Random) -> str | None:
    found = [(match, new) for pattern, new in _REMOVALS for match in re.finditer(pattern, sentence)]
    if not found:
        return None
    match, new = rng.choice(found)
    return sentence[: match.start()] + match.expand(new) + sentence[match.end() :]


def _with_not(sentence: str, rng: Random) -> str | None:
    found = list(_AUXILIARY.finditer(sentence))
    if not found or re.search(r"\b(?:not|never|no|nor|neither)\b|n['’]t", sentence):
        return None
    match = rng.choice(found)
    new = "cannot" if match.group() == "can" else f"{match.group()} not"
    return sentence[: match.start()] + new + sentence[match.end() :]


def _opposite(sentence: str, rng: Random) -> str | None:
    if re.search(r"\b(?:not|never|no|nor|neither)\b|n['’]t|\b(?:or|and) (?:disable|enable)", sentence):
        return None
    return swap_words(sentence, rng, _OPPOSITES)


_MODALS = {
    "you must": ("you need not", "you may"),
    "you should": ("you need not", "you must"),
    "you can": ("you must",),
    "you may": ("you must",),
    "you need to": ("you may", "you do not have to"),
    "you have to": ("you may", "you do not have to"),
    "you will need to": ("you may", "you do not have to"),
    "must": ("may", "need not"),
    "should": ("must", "need not"),
    "can": ("must",),
    "may": ("must",),
    "have to": ("do not have to",),
    "has to": ("does not have to",),
    "are required to": ("are allowed to",),
    "is required to": ("is allowed to",),
    "is required": ("is optional",),
    "are required": ("are optional",),
    "is optional": ("is required",),
    "are allowed to": ("are required to",),
    "is allowed to": ("is required to",),
    "is recommended": ("is mandatory",),
    "we recommend": ("we require",),
    "mandatory": ("optional",),
    "optional": ("mandatory",),
}


_BOUND_MODAL = r"(?<!will )(?<!would )(?<!may )(?<!to )"
_NO_MODAL = r"(?! (?:not|never|also|well|he|she|it|they|you|we|the)\b|n['’]t)(?= [a-z]|[.,])"


def modality(sentence: str, _place: Place, rng: Random) -> str | None:
    """What must be becomes what may be, or the other way about."""
    pattern = "|".join(sorted(_MODALS, key=len, reverse=True))
    match = one_of(sentence, rf"{_BOUND_MODAL}\b(?:{pattern})\b{_NO_MODAL}", rng, flags=re.IGNORECASE)
    if match is None or match.group() in ("May", "Can"):
        return None
    new = rng.choice(_MODALS[match.group().lower()])
    if match.group()[0].isupper():
        new = new[0].upper() + new[1:]
    return sentence[: match.start()] + new + sentence[match.end() :]


_FLIPS = {
    "at least": "at most",
    "at most": "at least",
    "no more than": "no less than",
    "more than": "less than",
    "less than": "more than",
    "fewer than": "more than",
    "before": "after",
    "after": "before",
    "prior to": "after",
    "unless": "if",
    "only if": "even if",
    "even if": "only if",
    "except": "including",
    "excluding": "including",
    "including": "excluding",
    "above": "below",
    "below": "above",
    "until": "only after",
    "up to": "at least",
    "with the exception of": "including",
    "minimum": "maximum",
    "maximum": "minimum",
    "earlier than": "later than",
    "later than": "earlier than",
}
_LEADING_IF = re.compile(r"^(?:If|Unless|Once|Provided that) [^,;:]{8,90}, (?=[a-z])")
_TRAILING_IF = re.compile(
    r",? (?:if|unless|provided that|except|only if|as long as|only when) [^,;:.()]{8,}(?=[.!]?$)"
)
_NO_CONDITION = re.compile(
    r"\b(?:see|check|whether|know|as|even|what|wonder|ask|determine|decide|sure|then|not) $", re.I
)


def condition(sentence: str, _place: Place, rng: Random) -> str | None:
    """A condition turned about, or left out so that what held under it holds always."""
    ways = [_flipped, _unconditional, _unless]
    for way in rng.sample(ways, len(ways)):
        if (changed := way(sentence, rng)) is not None:
            return changed
    return None


def _flipped(sentence: str, rng: Random) -> str | None:
    return swap_words(sentence, rng, _FLIPS)


def _unconditional(sentence: str, _rng: Random) -> str | None:
    if match := _LEADING_IF.match(sentence):
        rest = sentence[match.end() :].removeprefix("then ")
        return rest[0].upper() + rest[1:]
    match = _TRAILING_IF.search(sentence)
    if match and not _NO_CONDITION.search(sentence[: match.start() + 1].rstrip(",")) and match.start() > 25:
        return sentence[: match.start()] + sentence[match.end() :]
    return None


def _unless(sentence: str, rng: Random) -> str | None:
    found = [
        match
        for match in re.finditer(r"\b[Ii]f (?=[a-z])", sentence)
        if not _NO_CONDITION.search(sentence[: match.start()])
    ]
    if not found:
        return None
    match = rng.choice(found)
    return (
        sentence[: match.start()]
        + ("Unless " if match.group()[0] == "I" else "unless ")
        + sentence[match.end() :]
    )


RULES: Mapping[str, Rule] = {"negation": negation, "modality": modality, "condition": condition}
