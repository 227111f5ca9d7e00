"""What a passage holds for: product, plan, region, version.

    title "Reset a Hub 1", product: HB-100      product  Hub 1
    title "Family plan"                         plan     Family
    region: US, EU                              region   US, EU
    heading "Firmware 2.9.1"                    version  2.9.1

Values come from the document's properties, the fields of a table's row, the title and the headings; an inner heading
narrows what the document holds for. Models are told by their form (a name with a number behind it, a code), regions
by `regions.toml`, plans by the words beside "plan". Pure functions; what a customer has or wants is for `wanted.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ragbot.answer.facets.products import named
from ragbot.answer.facets.regions import region_codes, region_of_name, regions_in
from ragbot.text.words import fold
from ragbot.types import Chunk

PRODUCT: Final = "product"
PLAN: Final = "plan"
REGION: Final = "region"
VERSION: Final = "version"
FACETS: Final = (PRODUCT, PLAN, REGION, VERSION)

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
_GENERATION = re.compile(
    r"第?[一二三四五1-5]代|\b(?:first|second|third|1st|2nd|3rd|last|latest)[- ]gen", re.IGNORECASE
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
                return _with_names(listed(properties[name], facet), titled)
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


def listed(given: Any, facet: str) -> tuple[Value, ...]:
    """The values of a property, which may be a list or a text that lists several."""
    texts = [str(each) for each in given] if isinstance(given, (list, tuple)) else [str(given)]
    parts = [part.strip() for text in texts for part in _PARTED.split(text) if part.strip()]
    found: dict[str, Value] = {}
    for part in parts:
        for value in entry(part, facet):
            found.setdefault(value.key, value)
    return tuple(found.values())


def entry(part: str, facet: str) -> Iterable[Value]:
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


def names_one(message: str, facet: str, found: Iterable[Facets]) -> bool:
    """Whether `message` names a value of `facet`, of a plan one of those that were `found`."""
    if facet == PRODUCT and _GENERATION.search(message):
        return True
    if facet != PLAN:
        return bool(read(message, facet))
    words = {_SAME_WORDS.get(word, word) for word in re.findall(r"[^\W_]+", fold(message))}
    keys = {word for each in found for value in each.get(PLAN, ()) for word in value.key.split()}
    return any(word in words or (not word.isascii() and word in message) for word in keys)
