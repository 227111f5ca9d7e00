"""What a passage holds for: product, plan, region, version; and passages preferred by what is known of the customer.

    title "Reset a Hub 1", product: HB-100      product  Hub 1
    title "Family plan"                         plan     Family
    region: US, EU                              region   US, EU
    heading "Firmware 2.9.1"                    version  2.9.1

Values come from the document's properties, the fields of a table's row, the title and the headings; an inner heading
narrows what the document holds for. Models are told by their form (a name with a number behind it, a code), regions
by `regions.toml`, plans by the words beside "plan". Pure functions that keep nothing: what is wanted may come from a
customer's profile. Knows nothing of probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ragbot.answer.facets.products import aliases, family, named
from ragbot.answer.facets.regions import overlap, region_codes, region_of_name, regions_in
from ragbot.index.question import Question
from ragbot.text.words import content_terms, fold
from ragbot.types import Chunk, Hit, Profile

PRODUCT: Final = "product"
PLAN: Final = "plan"
REGION: Final = "region"
VERSION: Final = "version"
FACETS: Final = (PRODUCT, PLAN, REGION, VERSION)

MATCHING: Final = 1.5
"""By how much the odds rise of a passage that holds for what is wanted; measured on the sample company's questions."""
INSTEAD: Final = 10.0
"""The same where others were left out: what they were found for is sought in those that are left."""
OTHERWISE: Final = 0.1
"""What is left of the odds of a passage that holds for something else than the question names; as above."""

_MOST_SPELLINGS: Final = 4
"""Ways in which a conversation writes one region."""

_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    PRODUCT: (
        *("product", "products", "model", "models", "sku", "device", "devices", "board", "part number"),
        *("part_number", "产品", "型号"),
    ),
    PLAN: ("plan", "plans", "tier", "subscription", "套餐", "方案"),
    REGION: ("region", "regions", "country", "countries", "market", "locale", "地区", "国家", "市场"),
    VERSION: ("firmware", "app_version", "software_version", "固件"),
}
_FIELD = re.compile(r"(?:^|;\s)\s*([^:;\n]{1,40}): ([^;\n]+)")
"""A field of a table's row as the loaders write it."""
_PARTED = re.compile(r"[,;/|、，；]")
_PLAN_WORD = r"(?:plans?|subscriptions?|memberships?|tier|package|套餐|会员|方案|版套餐)"
_PLAN_BEFORE = re.compile(
    rf"\b((?:[A-Z][\w+]*[ -]){{1,2}}){_PLAN_WORD}|([\u4e00-\u9fff]{{2}})(?:版?套餐|方案)"
)
_TERM = re.compile(r"month(?:ly)?|year(?:ly)?|annual(?:ly)?|按?月付|按?年付|包月|包年", re.IGNORECASE)
_SAME_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("annual", "annually", "year", "年付", "按年付", "包年"), "yearly"),
    **dict.fromkeys(("month", "月付", "按月付", "包月"), "monthly"),
    **dict.fromkeys(("免费", "免费版"), "free"),
    **dict.fromkeys(("基础", "基础版", "basics"), "basic"),
    **dict.fromkeys(("标准", "标准版"), "standard"),
    **dict.fromkeys(("专业", "专业版", "professional"), "pro"),
    **dict.fromkeys(("高级", "高级版"), "premium"),
    **dict.fromkeys(("企业", "企业版", "商业版"), "business"),
    **dict.fromkeys(("家庭", "家庭版", "families"), "family"),
    **dict.fromkeys(("个人", "个人版"), "personal"),
    **dict.fromkeys(("学生", "学生版", "students"), "student"),
}
_NO_PLAN: Final = frozenset(
    "plan plans subscription membership tier package the a my your our new paid 套餐 会员 方案".split()
)
_VERSION = re.compile(
    r"(?:version|ver\.?|firmware|release|ios|android|windows|macos|app|ide|固件|版本|应用)\s*v?(\d+(?:\.\d+)*)(?![\w%])"
    r"|(?<![\w.])v(\d+(?:\.\d+)+)|^(\d+\.\d+(?:\.\d+)*)(?=\s[-–—]\s)",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:compar\w*|differen\w*|versus|vs|better|both|all|each|every|any|other|another|instead|upgrade|switch"
    r"|(?:which|what) (?:kind of |of (?:the|your) )?(?:plans?|products?|models?|versions?|regions?|countr\w+|devices?"
    r"|subscriptions?|hubs?|boards?))\b|区别|对比|比较|不同|哪[个款种些]|其他|别的|都|升级|换成|所有|各",
    re.IGNORECASE,
)
_GENERATION = re.compile(
    r"第?[一二三四五1-5]代|\b(?:first|second|third|1st|2nd|3rd|last|latest)[- ]gen", re.IGNORECASE
)
_ABROAD = re.compile(
    r"\b(?:abroad|overseas|international\w*|foreign|worldwide|countr\w+|regions?)\b|海外|国外|境外|地区|国家",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Value:
    """One of the things that a passage holds for."""

    key: str
    """What all writings of it share: `hub 2`, `monthly plus`, `US`, `2.9`."""
    shown: str
    """As the document writes it."""


Facets = Mapping[str, tuple[Value, ...]]
"""Facet -> what the passage holds for; a facet that it says nothing of is left out."""
Wanted = Mapping[str, tuple[str, ...]]
"""Facet -> what the customer has or chose, in anyone's words."""


def facets(chunk: Chunk) -> Facets:
    """What `chunk` holds for."""
    inner = [str(chunk.meta.get("question") or "")]
    inner += reversed(chunk.heading.split(" > ")) if chunk.heading else []
    found: dict[str, tuple[Value, ...]] = {}
    for facet in FACETS:
        values = _of_document(chunk, facet)
        for text in inner:
            narrower = read(text, facet)
            keys = {value.key for value in values}
            if narrower and (not values or {value.key for value in narrower} < keys):
                values = narrower
                break
        if values:
            found[facet] = values
    return found


def _of_document(chunk: Chunk, facet: str) -> tuple[Value, ...]:
    row = dict(_FIELD.findall(chunk.text)) if chunk.meta.get("kind") == "row" else {}
    fields = {fold(name): value for name, value in row.items()}
    titled = read(chunk.title, facet)
    for properties in (fields, chunk.meta):
        for name in _PROPERTIES[facet]:
            if properties.get(name):
                return _with_names(_values(properties[name], facet), titled)
    if titled or facet != REGION:
        return titled
    stem = chunk.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return tuple(Value(code, code) for code in sorted(region_of_name(stem)))


def _with_names(values: tuple[Value, ...], titled: tuple[Value, ...]) -> tuple[Value, ...]:
    """Properties by the names that the title gives them, where it names as many."""
    if len(values) != len(titled):
        return values
    same = {value.key for value in values} == {value.key for value in titled}
    if same:
        return titled
    return tuple(replace(value, shown=name.shown) for value, name in zip(values, titled, strict=True))


def _values(given: Any, facet: str) -> tuple[Value, ...]:
    """The values of a property, which may be a list or a text that lists several."""
    texts = [str(each) for each in given] if isinstance(given, (list, tuple)) else [str(given)]
    parts = [part.strip() for text in texts for part in _PARTED.split(text) if part.strip()]
    found: dict[str, Value] = {}
    for part in parts:
        for value in _value(part, facet):
            found.setdefault(value.key, value)
    return tuple(found.values())


def _value(part: str, facet: str) -> Iterable[Value]:
    """One entry of a property, of a profile, or a customer's choice."""
    if facet == REGION:
        return [Value(code, part) for code in sorted(region_codes(part))]
    if facet == PLAN:
        key = _plan_key(part)
        return [Value(key, part)] if key else []
    if facet == VERSION:
        match = re.search(r"\d+(?:\.\d+)*", part)
        return [Value(match.group(), part)] if match else []
    return [Value(each.key, each.shown) for each in named(part)] or [Value(fold(part), part)]


def read(text: str, facet: str) -> tuple[Value, ...]:
    """What a title, a heading or a sentence names of `facet`."""
    if facet == REGION:
        found = {code: Value(code, shown) for code, shown in regions_in(text).items()}
    elif facet == PLAN:
        found = {value.key: value for value in _plans_in(text)}
    elif facet == VERSION:
        numbers = (next(group for group in match.groups() if group) for match in _VERSION.finditer(text))
        found = {number: Value(number, number) for number in numbers}
    else:
        found = {each.key: Value(each.key, each.shown) for each in named(text)}
    return tuple(found.values())


def _plans_in(text: str) -> Iterable[Value]:
    terms = {_SAME_WORDS.get(fold(each), fold(each)) for each in _TERM.findall(text)}
    for match in _PLAN_BEFORE.finditer(text):
        name = (match[1] or match[2]).strip(" -")
        key = _plan_key(" ".join([name, *terms]))
        if key:
            yield Value(key, " ".join([name, *sorted(terms)]))


def _plan_key(name: str) -> str:
    words = {_SAME_WORDS.get(word, word) for word in re.findall(r"[^\W_]+", fold(name))}
    return " ".join(sorted(words - _NO_PLAN))


# -- what is known of the customer --------------------------------------------------------------------------


def wanted_of(profile: Profile | None, choices: Mapping[str, str]) -> Wanted:
    """What the profile says and the customer chose; a choice counts more than the profile."""
    wanted: dict[str, tuple[str, ...]] = {}
    if profile is not None:
        known = {PRODUCT: profile.products, PLAN: (profile.plan,), REGION: (profile.region,)}
        wanted = {facet: tuple(filter(None, values)) for facet, values in known.items() if any(values)}
    for facet in FACETS:
        chosen = tuple(part.strip() for part in choices.get(facet, "").split(";") if part.strip())
        if chosen and facet == PRODUCT:
            families = {family(value.key) for each in chosen for value in _value(each, PRODUCT)}
            kept = (
                each
                for each in wanted.get(PRODUCT, ())
                if not any(family(value.key) in families for value in _value(each, PRODUCT))
            )
            wanted[PRODUCT] = (*kept, *chosen)
        elif chosen:
            wanted[facet] = chosen
    return wanted


def values_of(wanted: Wanted, facet: str) -> tuple[Value, ...]:
    """What is wanted of `facet`, to be compared with what passages hold for."""
    return _values(list(wanted.get(facet, ())), facet)


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


def names_one(message: str, facet: str, found: Iterable[Facets]) -> bool:
    """Whether `message` names a value of `facet`, of a plan one of those that were `found`."""
    if facet == PRODUCT and _GENERATION.search(message):
        return True
    if facet != PLAN:
        return bool(read(message, facet))
    words = {_SAME_WORDS.get(word, word) for word in re.findall(r"[^\W_]+", fold(message))}
    keys = {word for each in found for value in each.get(PLAN, ()) for word in value.key.split()}
    return any(word in words or (not word.isascii() and word in message) for word in keys)
