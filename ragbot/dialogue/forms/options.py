"""Which of a few options a message names: by any of its names, spelt nearly right, or by its place in the list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_LEAST_LIKENESS: Final = 84.0
"""Of 100, by rapidfuzz: one slip in a word of six letters is 83 to 92."""
_SHORTEST_FUZZY: Final = 4
_LONGEST_FUZZY: Final = 200
"""Characters of a reply in which slips are looked for; a longer one is no reply to a list."""
_PLACES = [
    r"(?:the\s+)?(?:first|1st)(?:\s+one)?|(?:number\s+|no\.?\s*)?1\.?|第一[个种项]?|[①一]",
    r"(?:the\s+)?(?:second|2nd)(?:\s+one)?|(?:number\s+|no\.?\s*)?2\.?|第二[个种项]?|[②二]",
    r"(?:the\s+)?(?:third|3rd)(?:\s+one)?|(?:number\s+|no\.?\s*)?3\.?|第三[个种项]?|[③三]",
    r"(?:the\s+)?(?:fourth|4th)(?:\s+one)?|(?:number\s+|no\.?\s*)?4\.?|第四[个种项]?|[④四]",
    r"(?:the\s+)?(?:fifth|5th)(?:\s+one)?|(?:number\s+|no\.?\s*)?5\.?|第五[个种项]?|[⑤五]",
]
_LAST = r"(?:the\s+)?last(?:\s+one)?|最后一?[个种项]?"
_ANY_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One value of a choice."""

    value: str
    label: Mapping[str, str] = field(default_factory=dict)
    """What it is called in each language; empty: its value."""
    also: tuple[str, ...] = ()
    """Other words that mean it."""

    def named(self, language: str) -> str:
        """What it is called in that language, else in English, else its value."""
        return self.label.get(language) or self.label.get("en") or self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An option that `text[start:end]` names."""

    value: str
    start: int
    end: int


def matching_options(options: Sequence[Option], text: str, *, fuzzy: bool) -> list[Chosen]:
    """The options that a `tidy` text names, in order. `fuzzy`: it is a reply to the list, and may be spelt nearly
    right, or be a place in it. A name within a longer one that is there (`Hub 2` in `Hub 2 Pro`) does not count."""
    found = list(_exact(options, text))
    if not found and fuzzy:
        found = list(_place(options, text)) or list(_near(options, text))
    whole = [
        each
        for each in found
        if not any(
            other.start <= each.start
            and each.end <= other.end
            and other.end - other.start > each.end - each.start
            for other in found
        )
    ]
    return sorted(whole, key=lambda each: each.start)


def _names(option: Option) -> Iterator[str]:
    yield from dict.fromkeys(
        (option.value, option.value.replace("_", " "), *option.label.values(), *option.also)
    )


def _exact(options: Sequence[Option], text: str) -> Iterator[Chosen]:
    for option in options:
        for name in _names(option):
            edge = "" if _ANY_HAN.search(name) else "[A-Za-z0-9]"
            before, after = (f"(?<!{edge})", f"(?!{edge})") if edge else ("", "")
            words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", name) if word)
            for match in re.finditer(f"{before}{words}{after}", text, re.IGNORECASE) if words else ():
                yield Chosen(value=option.value, start=match.start(), end=match.end())


def _place(options: Sequence[Option], text: str) -> Iterator[Chosen]:
    """`the second one`, 2, 第二个."""
    reply = re.sub(r"(?i)^\W+|\W+$|\b(?:please|thanks)\b|[请吧的]", "", text).strip()
    patterns = [*_PLACES[: len(options)]]
    for option, pattern in zip(options, patterns, strict=False):
        if re.fullmatch(pattern, reply, re.IGNORECASE):
            yield Chosen(value=option.value, start=0, end=len(text))
    if options and re.fullmatch(_LAST, reply, re.IGNORECASE):
        yield Chosen(value=options[-1].value, start=0, end=len(text))


def _near(options: Sequence[Option], text: str) -> Iterator[Chosen]:
    """The options whose name is most like as many words of the text."""
    from rapidfuzz import fuzz

    if len(text) > _LONGEST_FUZZY:
        return
    words = list(re.finditer(r"\w+", text))
    best: list[tuple[float, Chosen]] = []
    for option in options:
        for name in _names(option):
            count = len(name.split())
            for first in range(len(words) - count + 1) if len(name) >= _SHORTEST_FUZZY else ():
                start, end = words[first].start(), words[first + count - 1].end()
                likeness = fuzz.ratio(
                    name.casefold(), text[start:end].casefold(), score_cutoff=_LEAST_LIKENESS
                )
                if likeness:
                    best.append((likeness, Chosen(value=option.value, start=start, end=end)))
    top = max((likeness for likeness, _ in best), default=0.0)
    yield from {each.value: each for likeness, each in best if likeness == top}.values()
