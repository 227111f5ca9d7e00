"""Passages in rank order -> those of them that say something an earlier one does not.

Two passages are near when the sets of their word triples resemble each other (Broder, "On the resemblance and
containment of documents", 1997; a Chinese character counts as a word). Near is not yet the same: a year, a model
or a "not" is one word of a hundred. So the words are aligned too, and what differs may only be words that carry
nothing, or whole sentences that the earlier passage has on top. What stands above the passages counts as well:
one text under "Hub 2" and under "Hub 3" is two answers. Knows nothing of questions and scores.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ragbot.index.versions import unversioned
from ragbot.text.words import fold
from ragbot.types import Chunk

RESEMBLANCE: Final = 0.8
"""Least share of the word triples of both passages that both have."""
_SHINGLE: Final = 3
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_OTHER = (
    rf"[^\W{_HAN}]+(?:[.,:/@'’_-][^\W{_HAN}]+)*"
    r"|[-−](?=\d)|[%€$£¥°+±<>≤≥=≠×]"  # what changes a figure; dashes and bullets elsewhere do not
    r"|[.!?。！？;；](?=\s|$|[^\x00-\x7f])|\n"
)
_WORD = re.compile(rf"[{_HAN}]|{_OTHER}")
_NAME_WORD = re.compile(rf"[{_HAN}]+|{_OTHER}")
"""In titles a run of Chinese characters is one word: single characters of it stand in any text."""
_COUNTED: Final = "cdgkmvxz一不在有可天时人中上个为用以后于年"
_AT_ONCE: Final = 128
"""Texts that are compared with all before them in one step: thousands need no more memory than a few hundred."""
_DIGIT = re.compile(r"\d")
_WEIGHTY = re.compile(
    r"\d|^(?:no|not|none|never|nor|neither|cannot|without|except|unless|until|only|if|before|after|from|since|valid|"
    r"appl(?:y|ies)|.*n['’]t)$|^[零一二两三四五六七八九十百千不没无未非除仅只若如前后起适]$"
)
"""Figures, denials and limits: a sentence that holds one may change what the others mean."""
_END: Final = frozenset(".!?。！？;；\n")
_EMPTY: Final = (
    _END
    | frozenset(
        "a an the this these that those is are be been you your we our it its they their please also".split()
    )
    | frozenset("的了您你我们请是也就啊呢吧")
)
"""Words by which two passages that say the same may differ: none of them limits, denies, counts or names."""
_CONTAINER: Final = frozenset(
    "faq faqs guide guides manual help page pages document documents info information general overview questions "
    "question answers pdf html copy section chapter and for of to in on".split()
) | frozenset("常见问题 常见问题解答 问答 帮助 指南 说明 说明书 文档 页面".split())
"""Words of titles that tell what kind of text it is, not what it is about."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage as it is compared."""

    words: tuple[str, ...]
    content: frozenset[str]
    above: frozenset[str]
    language: str


def distinct(chunks: Sequence[Chunk]) -> list[int]:
    """The places of the chunks that repeat none before them, in order. Put newer versions before older ones
    first (`versions.trust`): of two equal texts the earlier is kept."""
    return [place for place, repeated in enumerate(repeats(chunks)) if repeated is None]


def repeats(chunks: Sequence[Chunk]) -> list[int | None]:
    """For each chunk the place of the earlier one that says all it says, or None."""
    read: dict[int, _Read] = {}
    found: list[int | None] = []
    for place, candidates in enumerate(_candidates([chunk.text for chunk in chunks])):
        repeated = None
        for earlier in candidates:
            if found[earlier] is None and repeated is None:
                read.update((each, _read(chunks[each])) for each in (earlier, place) if each not in read)
                repeated = earlier if _repeats(read[place], read[earlier]) else None
        found.append(repeated)
    return found


def _candidates(texts: Sequence[str]) -> list[list[int]]:
    """For each text the earlier ones that it may repeat, told by counting characters, which costs a tenth of
    cutting words. No empty word has a counted character, so a text that repeats another has at most as many of
    each, and not many fewer."""
    counts = np.array(
        [[text.count(each) for each in _COUNTED] for text in map(str.casefold, texts)], np.int32
    )
    found: list[list[int]] = []
    for start in range(0, len(texts), _AT_ONCE):
        later, earlier = counts[start : start + _AT_ONCE, None, :], counts[None, : start + _AT_ONCE, :]
        fits = (later <= earlier) & (earlier <= later * 1.6 + 3)
        may: NDArray[np.bool_] = np.all(fits, axis=2)
        found += [np.flatnonzero(row[: start + place]).tolist() for place, row in enumerate(may)]
    return found


def _read(chunk: Chunk) -> _Read:
    words = tuple(_WORD.findall(fold(chunk.text)))
    question = str(chunk.meta.get("question", "")) if not chunk.meta.get("answer_start") else ""
    return _Read(
        words=words,
        content=frozenset(words) - _EMPTY,
        above=_above(chunk.title, chunk.heading, question),
        language=str(chunk.meta.get("language", "und")),
    )


@lru_cache(maxsize=4096)
def _above(*parts: str) -> frozenset[str]:
    """The words of title, headings and FAQ question that say what a passage is about."""
    words = _NAME_WORD.findall(fold("\n".join(unversioned(part) for part in parts)))
    return frozenset(words) - _EMPTY - _CONTAINER


def _repeats(later: _Read, earlier: _Read) -> bool:
    """Whether `later` says nothing that `earlier` does not; the cheap tests come first."""
    if not later.content <= earlier.content or later.language != earlier.language:
        return False
    if not _same_subject(later, earlier):
        return False
    if later.words == earlier.words:
        return True
    return _resemble(later.words, earlier.words) and _only_empty_words_differ(later.words, earlier.words)


def _same_subject(later: _Read, earlier: _Read) -> bool:
    """Whether the titles and headings agree, but for words that the text itself says; figures must agree."""
    differing = later.above ^ earlier.above
    return differing <= later.content and not any(_DIGIT.search(word) for word in differing)


def _shingles(words: Sequence[str]) -> frozenset[tuple[str, ...]]:
    told = [word for word in words if word not in _END]
    return frozenset(zip(*(told[i:] for i in range(_SHINGLE)), strict=False)) or frozenset((tuple(told),))


def _resemble(one: Sequence[str], other: Sequence[str]) -> bool:
    """|A and B| / |A or B| of the word triples (Broder 1997, equation 1) is at least `RESEMBLANCE`."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) >= RESEMBLANCE * len(a | b)


def _only_empty_words_differ(later: Sequence[str], earlier: Sequence[str]) -> bool:
    for kind, i, j, k, m in SequenceMatcher(None, earlier, later, autojunk=False).get_opcodes():
        if kind == "equal" or _EMPTY.issuperset((*earlier[i:j], *later[k:m])):
            continue
        if not _EMPTY.issuperset(later[k:m]) or not _whole_sentences(earlier, i, j):
            return False
    return True


def _whole_sentences(words: Sequence[str], start: int, end: int) -> bool:
    """Whether `words[start:end]` begins where a sentence does and ends where one does, and no figure or limit is
    in it that could bear on the rest."""
    begins = start == 0 or words[start - 1] in _END or words[start] in _END
    ends = end == len(words) or words[end - 1] in _END or words[end] in _END
    return begins and ends and not any(_WEIGHTY.search(word) for word in words[start:end])
