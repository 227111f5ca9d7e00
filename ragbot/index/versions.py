"""Which of the documents that were found are older versions of others, and so yield to them.

Versions are told by names that differ only in a version number, a date, a year or a word such as "archived", in
the same folder, under the same title; or by front matter that says so. What might be two products, two regions,
two reports of different days, or a text and its translation is no version of one another: when unsure, nothing
yields. Pure functions over passages; knows nothing of scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

from ragbot.text.words import fold
from ragbot.types import Chunk

STALE_TRUST: Final = 0.5
"""What a passage of an outdated document keeps of its weight, unless the past is asked for."""

_CALLED = r"(?:archived?|superseded|obsolete|outdated|withdrawn|deprecated|存档|归档)(?![a-z])"
_SAYS_OUTDATED = re.compile(
    rf"[(\[（【][^)\]）】]*(?<![a-z]){_CALLED}|[-–—|:：]\s*{_CALLED}(?:\s+\w+){{0,2}}\s*$|^{_CALLED}\s*[:：|–—]"
    r"|\breplaced by\b|\bno longer (?:valid|in force)\b|旧版|已失效|已作废|已废止",
    re.IGNORECASE,
)
"""In a title. A page on how to archive chats, or on outdated browsers, is not outdated itself."""
_NAMED_OUTDATED = re.compile(rf"[-_. ]{_CALLED}$|旧版|已失效|已作废|已废止", re.IGNORECASE)
"""In the name of a file, without its ending."""
_STATUS_OUTDATED = re.compile(
    rf"\b{_CALLED}|\breplaced\b|\bexpired\b|\bno longer (?:valid|in force)\b|旧版|失效|作废|废止|存档|归档",
    re.IGNORECASE,
)
_OLD_WORD = re.compile(
    rf"(?<![a-z])(?:old|previous|former|{_CALLED})(?![a-z])|旧版?(?!换)|已失效|已作废|已废止", re.IGNORECASE
)
_NEW_WORD = re.compile(r"(?<![a-z])(?:current|latest|new)(?![a-z])|新版|现行", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:old|older|previous|former|earlier|archived?|back (?:then|in)|used to|at (?:the|that) time)\b"
    r"|以前|之前|旧版|过去|当时|原来",
    re.IGNORECASE,
)
_YEAR_ASKED = re.compile(
    r"(?<![\d.,$€£¥-])((?:19|20)\d\d)(?![\d.,]*\d|\s*(?:[%€°]|eur|usd|dollars?|points?|元|块|分|mah|w\b|k\b))",
    re.IGNORECASE,
)
_VERSION_ASKED = re.compile(
    r"\b(?:version|ver\.?|rev(?:ision)?|v)\s*(\d+(?:\.\d+)*)|(\d+(?:\.\d+)*)\s*版本?|版本\s*(\d+(?:\.\d+)*)",
    re.IGNORECASE,
)

_KIND = (
    "policy|policies|terms|conditions|agreement|notice|statement|rules|procedure|warranty|prices?|pricelist|list|"
    "manual|guide|handbook|instructions|datasheet|specs|specifications|faqs?|returns?|refunds?|shipping|"
    "政策|条款|协议|须知|价格表|手册|指南|说明书?|规则|常见问题"
)
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_./年 ](0?[1-9]|1[0-2])(?:[-_./月 ](0?[1-9]|[12]\d|3[01])日?|月)?(?!\d)"
    r"|(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)"
)
_YEAR = re.compile(r"(?<![\d.])((?:19|20)\d\d)(?!\d|\.\d)\s*年?版?")
_VERSION = re.compile(
    r"(?<![a-z])(?:version|ver|rev|revision|edition)[\s._-]*(\d+(?:\.\d+)*)|版本\s*(\d+(?:\.\d+)*)|第(\d+)版"
    r"|(?<=[\s._-])v(\d+(?:\.\d+)*)(?![a-z\d])"
)
_AFTER_KIND = re.compile(rf"(?:{_KIND})[\s._(-]*$")
_PRODUCT_TEXT = re.compile(
    r"manual|guide|handbook|instructions|datasheet|specs|specifications|setup|installation|手册|说明"
)
_EVENT = re.compile(
    r"(?<![a-z])(?:incident|outage|report|minutes|meeting|news|newsletter|release|releases|changelog|press|blog|recall|"
    r"interruption|event|webinar|lineup|notes)(?![a-z])|报告|公告|新闻|会议|简报|事件"
)
"""Each of these tells of its own day; a later one does not replace it."""
_FACETS: Final = tuple(
    "region country market product products model models sku plan tier audience customer segment channel tenant brand "
    "store labels site".split()
)
_DATES: Final = tuple(
    "effective_date effective effective_from valid_from version_date updated last_updated date published".split()
)
_SUPERSEDES: Final = ("supersedes", "replaces", "obsoletes")
_SUPERSEDED_BY: Final = ("superseded_by", "replaced_by", "obsoleted_by")

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    """A title or a file's name without what marks its version, and those marks."""

    bare: str
    version: Order = ()
    date: Order = ()
    age: int = 0
    """-1 where it says "old", 1 where it says "new"."""


@dataclass(frozen=True, slots=True)
class _Edition:
    """One document as it is compared with others."""

    source: str
    place: tuple[str, str, str]
    """Folder, name and title, each without its marks, and empty where there can be no versions."""
    facets: Mapping[str, str]
    outdated: bool
    age: int
    """Below 0 where the names say "old", above where they say "new"."""
    version: Order
    date: Order
    named: Order
    """Date or year in the name."""
    supersedes: tuple[str, ...]


def is_outdated(chunk: Chunk) -> bool:
    """Whether the document's title, name or properties say that it is no longer in force."""
    meta = chunk.meta
    if any(meta.get(key) for key in _SUPERSEDED_BY):
        return True
    status = " ".join(str(meta.get(key, "")) for key in ("status", "state"))
    stem = chunk.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return (
        _SAYS_OUTDATED.search(chunk.title) is not None
        or _NAMED_OUTDATED.search(stem) is not None
        or _STATUS_OUTDATED.search(status) is not None
    )


def asks_for_past(question: str, newest: int | None) -> bool:
    """Whether `question` is about what used to hold: it says so, or names a year before `newest`, the latest year
    that the documents name (None: any year counts)."""
    if _PAST.search(question):
        return True
    years = [int(year) for year in _YEAR_ASKED.findall(question)]
    return any(newest is None or year < newest for year in years)


def trust(question: str, chunks: Sequence[Chunk]) -> list[float]:
    """What each passage keeps of its weight, 0..1: `STALE_TRUST` where its document calls itself outdated or is an
    older version of another of these documents, else 1. All keep 1 where the question asks for the past, and a
    version keeps it that the question names."""
    owners = {chunk.document_id: chunk for chunk in chunks}
    documents = {name: _edition(chunk) for name, chunk in owners.items()}
    older = {name for name, each in documents.items() if each.outdated}
    older |= set(_older(documents))
    if not older or asks_for_past(question, _newest(documents.values())):
        return [1.0] * len(chunks)
    asked = {_order(group) for match in _VERSION_ASKED.findall(question) for group in match if group}
    yielding = {name for name in older if documents[name].version not in asked}
    return [STALE_TRUST if chunk.document_id in yielding else 1.0 for chunk in chunks]


def unversioned(name: str) -> str:
    """A title or a file's name, folded, without what tells its versions apart: numbers, dates, "archived"."""
    return _parsed(name, False).bare


def _older(documents: Mapping[str, _Edition]) -> Iterator[str]:
    """The documents that another one replaces."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name, each in documents.items():
        if all(each.place[1:]):
            groups.setdefault(each.place, []).append(name)
        for replaced in each.supersedes:
            yield from (
                other for other, known in documents.items() if other != name and _is_named(known, replaced)
            )
    for group in groups.values():
        for first, second in combinations(group, 2):
            one, other = documents[first], documents[second]
            if any(one.facets[key] != other.facets[key] for key in one.facets.keys() & other.facets.keys()):
                continue
            signs = _signs(one, other)
            if signs == {-1}:
                yield first
            elif signs == {1}:
                yield second


def _signs(one: _Edition, other: _Edition) -> set[int]:
    """What tells the two apart: -1 for each thing by which `one` is older, 1 for each by which it is newer."""
    signs = {_sign((one.age,), (other.age,)), other.outdated - one.outdated}
    for mine, theirs in ((one.version, other.version), (one.date, other.date), (one.named, other.named)):
        if mine and theirs:
            signs.add(_sign(mine, theirs))
    return signs - {0}


def _sign(mine: Order, theirs: Order) -> int:
    """-1, 0 or 1 as `mine` lies below, at or above `theirs`."""
    return (mine > theirs) - (mine < theirs)


def _is_named(known: _Edition, value: str) -> bool:
    """Whether front matter that says `value` means this document: the end of its path."""
    wanted = value.strip().lstrip("./")
    return bool(wanted) and (known.source == wanted or known.source.endswith(f"/{wanted}"))


def _edition(chunk: Chunk) -> _Edition:
    meta = chunk.meta
    folder, _, file = chunk.source.rpartition("/")
    stem = file.rsplit(".", 1)[0]
    about_product = any(meta.get(key) for key in ("product", "products", "model"))
    name, title = _parsed(stem, about_product), _parsed(chunk.title or stem, about_product)
    where = _parsed(folder, about_product)
    event = _EVENT.search(f"{name.bare} {title.bare} {where.bare}") is not None
    language = {"language": str(meta.get("language", ""))}
    return _Edition(
        source=chunk.source,
        place=("", "", "") if event else (where.bare, name.bare, title.bare),
        facets=language | {key: str(meta[key]) for key in _FACETS if meta.get(key)},
        outdated=is_outdated(chunk),
        age=name.age + title.age + where.age,
        version=_order(meta.get("version")) or name.version or title.version,
        date=next((order for key in _DATES if (order := _order(meta.get(key)))), ()),
        named=name.date or title.date or where.date,
        supersedes=tuple(text for key in _SUPERSEDES for text in _texts(meta.get(key))),
    )


@lru_cache(maxsize=8192)
def _parsed(name: str, about_product: bool) -> _Name:
    """`name` without its marks. Of a product's text a year or "v2" is the product's unless it stands behind the
    word for the kind of text: "camera-2024-manual", but "camera-manual-2024"."""
    text = fold(name)
    version: Order = ()
    date: Order = ()
    for match in [*_VERSION.finditer(text)][::-1]:
        if match[4] is None or _AFTER_KIND.search(text[: match.start()]):
            version = _order(next(group for group in match.groups() if group))
            text = f"{text[: match.start()]} {text[match.end() :]}"
    for pattern in (_DATE, _YEAR):
        careful = about_product or _PRODUCT_TEXT.search(text) is not None
        for match in [*pattern.finditer(text)][::-1]:
            if not careful or _AFTER_KIND.search(text[: match.start()]):
                date = date or tuple(int(group) for group in match.groups() if group)
                text = f"{text[: match.start()]} {text[match.end() :]}"
    bare, old_words = _OLD_WORD.subn(" ", text)
    bare, new_words = _NEW_WORD.subn(" ", bare)
    age = (new_words > 0) - (old_words > 0)
    return _Name(" ".join(re.findall(r"[^\W_]+(?:\.\d+)*", bare)), version, date, age)


def _newest(editions: Iterable[_Edition]) -> int | None:
    """The latest year that the documents name."""
    years = (order[0] for each in editions for order in (each.date, each.named) if order)
    return max((year for year in years if 1900 <= year < 2100), default=None)


def _order(value: Any) -> Order:
    """The numbers of a version or a date, to be compared: `3.0` -> (3, 0); nothing where there are none."""
    return (
        tuple(int(number) for number in re.findall(r"\d{1,9}", str(value)))[:6]
        if value not in (None, "")
        else ()
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, (list, tuple)) else ()
