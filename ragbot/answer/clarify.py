"""Which product, plan, region or version? Told by what documents declare and by what is known of the customer.

A document declares what it holds for in its front matter, or in the properties of its file or row: `region: US, EU`,
`products: [Hub 1, Hub 2]`. Passages that declare something else than the customer has yield to those that declare it;
where the likeliest passages declare different things and nobody has said which is meant, the bot asks. Pure functions;
no word of a question is interpreted beyond looking the declared values up in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final

from ragbot.index.question import Question
from ragbot.text.words import terms
from ragbot.types import Chunk, Hit, Pending, Profile, State

FACETS: Final[Mapping[str, tuple[str, ...]]] = {
    "product": ("product", "products"),
    "plan": ("plan", "plans"),
    "region": ("region", "regions"),
    "version": ("product_version", "product_versions"),
}
"""Facet -> the properties that declare it; `version` is the document's own, and so is none."""
CLOSE: Final = 0.6
"""Share of the best passage's probability that another one must have to be a possible answer too."""
MOST_OPTIONS: Final = 5

Wanted = Mapping[str, tuple[str, ...]]
"""Facet -> what the customer has or chose."""


def declared(chunk: Chunk, facet: str) -> tuple[str, ...]:
    """What the passage's document says it holds for; empty where it says nothing.

    >>> chunk = Chunk(id="", document_id="", source="", title="", heading="", text="", start=0, end=0,
    ...               meta={"products": ["Hub 1", "Hub 2"]})
    >>> declared(chunk, "product")
    ('Hub 1', 'Hub 2')
    """
    found: list[str] = []
    for name in FACETS[facet]:
        value = chunk.meta.get(name)
        each = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
        for one in each:
            parts = (
                one.split(",")
                if isinstance(one, str)
                else [str(one)]
                if isinstance(one, (int, float))
                else []
            )
            found += [text for part in parts if (text := part.strip())]
    return tuple(dict.fromkeys(found))


def wanted_of(profile: Profile | None, choices: Mapping[str, str]) -> Wanted:
    """What the profile says and the customer chose; a choice counts more than the profile."""
    known: dict[str, tuple[str, ...]] = {}
    if profile is not None:
        said = {"product": profile.products, "plan": (profile.plan,), "region": (profile.region,)}
        known = {facet: kept for facet, values in said.items() if (kept := tuple(filter(None, values)))}
    return known | {facet: (choice,) for facet, choice in choices.items() if facet in FACETS and choice}


def prefer(hits: Sequence[Hit], wanted: Wanted, question: Question) -> list[Hit]:
    """`hits` without those that hold for something else than what the message names or, where it names nothing, than
    what is `wanted`; all of them where none declares it."""
    kept = list(hits)
    for facet in FACETS:
        values = _named(question.original, _values(kept, facet)) or wanted.get(facet, ())
        if any(_shares(declared(hit.chunk, facet), values) for hit in kept):
            kept = [hit for hit in kept if not (own := declared(hit.chunk, facet)) or _shares(own, values)]
    return kept


def ask(question: Question, hits: Sequence[Hit], *, state: State, wanted: Wanted) -> Pending | None:
    """What must be known before answering; None where the likeliest of `hits` (best first) agree, or where the message,
    the conversation, or what is `wanted` says which is meant, or where the customer was asked the same just before."""
    likely = [hit for hit in hits if hit.score >= CLOSE * hits[0].score]
    said = "\n".join((question.original, *(turn.text for turn in question.history if turn.role == "user")))
    for facet in FACETS:
        own = [declared(hit.chunk, facet) for hit in likely]
        options = _values(likely, facet)
        rivals = [hit for hit, each in zip(likely, own, strict=True) if each and not _shares(each, own[0])]
        if not own or not own[0] or not rivals or not 2 <= len(options) <= MOST_OPTIONS:
            continue
        if all(_tells_apart(question, likely[0].chunk, rival.chunk) for rival in rivals):
            continue
        if _named(said, options) or _shares(options, wanted.get(facet, ())):
            continue
        waiting = state.pending
        if waiting is not None and (waiting.facet, set(waiting.options)) == (facet, set(options)):
            continue
        return Pending(question=question.original, facet=facet, options=options)
    return None


def chosen(pending: Pending, message: str) -> str | None:
    """The option that a reply names: its text, alone or within a sentence that names no other, or its number. None for
    anything else."""
    said = message.strip().casefold().strip(".!。！")
    if said.isdecimal() and 1 <= int(said) <= len(pending.options):
        exact = [option for option in pending.options if option.casefold() == said]
        return exact[0] if exact else pending.options[int(said) - 1]
    named = _named(message, pending.options)
    return named[0] if len(named) == 1 else None


def words(pending: Pending, language: str) -> str:
    """What the customer is asked, in English or Chinese."""
    own = "zh" if language == "zh" else "en"
    *first, last = pending.options
    listed = ("、" if own == "zh" else ", ").join(first) + _phrases()["or"][own] + last
    return _phrases()[pending.facet][own].replace("{options}", listed)


def _tells_apart(question: Question, one: Chunk, other: Chunk) -> bool:
    """Whether the message has a word of the one passage's title or headings that the other's lack: "Hub 2"."""
    said, here, there = (
        set(terms(text, language=question.language))
        for text in (question.original, f"{one.title}\n{one.heading}", f"{other.title}\n{other.heading}")
    )
    return bool(said & here - there)


def _values(hits: Sequence[Hit], facet: str) -> tuple[str, ...]:
    """What `hits` declare, each value once, as it is first written."""
    found: dict[str, str] = {}
    for hit in hits:
        for value in declared(hit.chunk, facet):
            found.setdefault(value.casefold(), value)
    return tuple(found.values())


def _shares(some: Sequence[str], others: Sequence[str]) -> bool:
    return bool({each.casefold() for each in some} & {each.casefold() for each in others})


def _named(text: str, values: Sequence[str]) -> tuple[str, ...]:
    """Which of `values` stand in `text` as words of their own; of `Hub 2` and `Hub 2 Pro` the longer one, where both
    would."""
    found: list[str] = []
    left = text.casefold()
    for value in sorted(values, key=len, reverse=True):
        parts = _split(left, value.casefold())
        if len(parts) > 1:
            found.append(value)
            left = "\0".join(parts)
    return tuple(value for value in values if value in found)


def _split(text: str, value: str) -> list[str]:
    """`text` without `value`, parted there; a letter or digit of the same script beside it makes it another word."""
    parts: list[str] = []
    begin = place = 0
    while (place := text.find(value, place)) >= 0:
        end = place + len(value)
        if _apart(text[place - 1 : place], value[:1]) and _apart(value[-1:], text[end : end + 1]):
            parts.append(text[begin:place])
            begin = end
        place = end
    return [*parts, text[begin:]]


def _apart(left: str, right: str) -> bool:
    """Whether a word may end between two characters: not between two letters or digits of an alphabet."""
    return not (left.isalnum() and right.isalnum() and left.isascii() and right.isascii())


@lru_cache(maxsize=1)
def _phrases() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("ragbot.answer").joinpath("clarify.toml").read_text(encoding="utf-8"))
