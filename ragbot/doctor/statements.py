"""Sentences as they are compared with others: what they are about, the values they state, and which way they point.

"Refunds take 5 days."    about: refund, take    values: 5 days    denials: 0
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Final

from ragbot.answer.check.fact import Fact
from ragbot.answer.check.facts import facts
from ragbot.text.words import content_terms, fold

if TYPE_CHECKING:
    from ragbot.doctor.pieces import Piece

ALIKE: Final = 0.75
"""Least share of the words of both sentences that both have."""
_FEWEST_WORDS: Final = 3
_LONGEST: Final = 600
"""Characters of a sentence that is compared; what is longer is no sentence."""
_CROWD: Final = 400
"""Sentences that share a word: beyond, it tells nothing."""

_ABOUT: Final = frozenset("name quoted code url part version".split())
"""Kinds of facts that say what a sentence is about; the others are what it says of it."""
_DENIAL = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|unable)\b|n['’]t\b|不|没有?|未(?=[能被经含])|无(?=[法须需])|禁止|勿",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"\b(?:at least|minimum(?: of)?|no less than|not less than|more than|after|from)\b|至少|最少|不少于|以上|之后",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:at most|maximum(?: of)?|no more than|not more than|less than|up to|before|until|within)\b"
    r"|至多|最多|不超过|以下|以内|之前",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\d|@|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|hundred)\b|[一二两三四五六七八九十百]",
    re.IGNORECASE,
)
"""Without any of these a sentence states no value."""
_MARKER = re.compile(r"^\s*(?:[-*•‣–]|\(?\d{1,3}[.)]|[a-zA-Z][.)])\s+")


@dataclass(frozen=True)
class Statement:
    """A sentence taken apart. The costly parts are made when they are first asked for."""

    piece: Piece
    text: str
    """Without a list marker."""
    words: frozenset[str]
    """What it is about: stems, without values, denials and bounds."""
    values: tuple[Fact, ...]
    """In order."""

    @property
    def document(self) -> str:
        """The id of the document that holds it."""
        return self.piece.chunk.document_id

    @cached_property
    def subjects(self) -> frozenset[tuple[str, str]]:
        """The names and codes in it."""
        return frozenset((fact.kind, fact.value) for fact in facts(self.text) if fact.kind in _ABOUT)

    @cached_property
    def denials(self) -> int:
        return len(_DENIAL.findall(_MOST.sub(" ", _LEAST.sub(" ", self.text))))

    @cached_property
    def bound(self) -> int:
        """-1: at least, 1: at most, 0: neither or both."""
        return bool(_MOST.search(self.text)) - bool(_LEAST.search(self.text))


def statements(pieces: Iterable[Piece], *, fewest: int = _FEWEST_WORDS) -> list[Statement]:
    """Those of the pieces that say enough to be compared: about `fewest` things at least."""
    return [made for piece in pieces if (made := _statement(piece, fewest)) is not None]


def _statement(piece: Piece, fewest: int) -> Statement | None:
    text = _MARKER.sub("", piece.text)
    if not _FEWEST_WORDS <= len(text) <= _LONGEST or text.rstrip().endswith(("?", "？", ":", "：")):
        return None
    found = facts(text, with_names=False) if _FIGURE.search(text) else ()
    values = tuple(fact for fact in found if fact.kind not in _ABOUT)
    rest = text
    for fact in values:
        rest = rest.replace(fact.shown, " ", 1)
    rest = _DENIAL.sub(" ", _MOST.sub(" ", _LEAST.sub(" ", rest)))
    language = str(piece.chunk.meta.get("language", "en"))
    words = frozenset(content_terms(rest, language=language, overlapping=False))
    return Statement(piece, text, words, values) if len(words) >= fewest else None


def alike(made: Sequence[Statement]) -> Iterator[tuple[Statement, Statement]]:
    """Each two statements of different documents whose words are alike (Jaccard, at least `ALIKE`), in order.

    Two such sets share one of their few rarest words, so only sentences that do are compared (Bayardo, Ma & Srikant,
    "Scaling up all pairs similarity search", 2007; prefixes as in Xiao et al., "Efficient similarity joins for near
    duplicate detection", 2008).
    """
    frequency = Counter(word for each in made for word in each.words)
    by_word: dict[str, list[int]] = {}
    for number, one in enumerate(made):
        rarest = sorted(one.words, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(rarest) - ceil(ALIKE * len(rarest)) + 1]
        candidates = {other for word in prefix for other in by_word.get(word, ())}
        for other in sorted(candidates):
            if _alike(made[other], one):
                yield made[other], one
        for word in prefix:
            crowd = by_word.setdefault(word, [])
            if len(crowd) < _CROWD:
                crowd.append(number)


def _alike(one: Statement, two: Statement) -> bool:
    if one.document == two.document:
        return False
    common = len(one.words & two.words)
    return common >= ALIKE * (len(one.words) + len(two.words) - common)


def same_words(one: Statement, two: Statement) -> bool:
    """Whether both are written with the same words, figures included."""
    return fold(one.text).split() == fold(two.text).split()
