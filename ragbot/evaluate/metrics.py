"""Formulas of measures: pure functions, each with where it comes from.

Nothing here returns NaN: a figure over nothing is None.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

_CITATION_MARK = re.compile(r"\s?\[\d+\]")
_SAME_CHARACTERS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u2011": "-"})
_HAN = r"[\u3040-\u30ff\u3400-\u9fff]"
_IDLE_SPACE = re.compile(rf"(?<={_HAN})\s+|\s+(?={_HAN}|%)")
_ARTICLES = frozenset({"a", "an", "the"})
_TOKEN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff]|[^\W_]+")


def first_rank(ranked: Sequence[str], right: Collection[str]) -> int | None:
    """1-based rank of the first item of `ranked` that is right; None if there is none."""
    return next((rank for rank, item in enumerate(ranked, 1) if item in right), None)


def reciprocal_rank(rank: int | None) -> float:
    """1 / rank, or 0 without one; its mean is the MRR (Voorhees, TREC-8 QA track, 1999)."""
    return 0.0 if rank is None else 1.0 / rank


def recall_any(ranked: Sequence[str], right: Collection[str], k: int) -> float:
    """1 if one of the first k items is right, else 0: recall@k where the right items are alternatives."""
    return float(any(item in right for item in ranked[:k]))


def recall_all(ranked: Sequence[str], right: Collection[str], k: int) -> float | None:
    """|right and in the first k| / |right|: recall@k (Manning, Raghavan, Schütze, IR, 2008, ch. 8)."""
    needed = set(right)
    return len(needed & set(ranked[:k])) / len(needed) if needed else None


def ndcg(ranked: Sequence[str], right: Collection[str], k: int) -> float | None:
    """DCG / ideal DCG with gain 1 for what is right and discount 1 / log2(rank + 1), over the first k distinct items:
    one that comes again counts once, where it came first.

    Järvelin and Kekäläinen, ACM TOIS 20(4), 2002, in the form of Burges et al., 2005.
    """
    needed = set(right)
    if not needed:
        return None
    distinct = list(dict.fromkeys(ranked))[:k]
    gained = math.fsum(1 / math.log2(rank + 1) for rank, item in enumerate(distinct, 1) if item in needed)
    return gained / math.fsum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(needed)) + 1))


def context_precision(ranked: Sequence[str], right: Collection[str]) -> float:
    """Mean of precision@k over the ranks k that hold something right; 0 where none does.

    RAGAS' context precision (Es et al., EACL 2024 demo; its documentation), with the test set's sources in place of
    a judging model. Unlike average precision, what was not found costs nothing: recall tells that.
    """
    found, total = 0, 0.0
    for rank, item in enumerate(ranked, 1):
        if item in right:
            found += 1
            total += found / rank
    return total / found if found else 0.0


def comparable(text: str) -> str:
    """The text as facts are compared: NFKC, lower case, plain quotes and dashes, no citation marks, and no
    spaces beside Han or kana and before %."""
    plain = unicodedata.normalize("NFKC", _CITATION_MARK.sub("", text)).translate(_SAME_CHARACTERS)
    return _IDLE_SPACE.sub("", " ".join(plain.casefold().split()))


def contains(text: str, wanted: str) -> bool:
    """Does the text say `wanted`? As a substring that cuts no number and begins no word in the middle.

    `5 days` is not in `15 days` nor in `2.5 days`, and `fund` is not in `refund`; `refund` is in `refunds`.
    """
    words = re.escape(comparable(wanted))
    if words[:1].isdigit():
        words = r"(?<!\d)(?<!\d[.,])" + words
    elif re.match(r"[^\W\d_\u3040-\u9fff]", words):
        words = r"(?<![^\W\d_\u3040-\u9fff])" + words
    if words[-1:].isdigit():
        words += r"(?!\d|[.,]\d)"
    return re.search(words, comparable(text)) is not None


def contains_groups(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Does the text say at least one alternative of every group?"""
    return all(any(contains(text, one) for one in group) for group in groups)


def token_f1(text: str, reference: str) -> float:
    """2PR / (P + R) over shared tokens, articles left out, Han and kana as single characters.

    As in SQuAD (Rajpurkar et al., 2016, section 6.1), and for Chinese as in CMRC 2018.
    """
    ours = Counter(_tokens(text))
    theirs = Counter(_tokens(reference))
    if not ours or not theirs:
        return float(ours == theirs)
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total())


def rouge_l(text: str, reference: str) -> float:
    """2PR / (P + R), with P and R the longest common subsequence of tokens over the tokens of either.

    ROUGE-L of one sentence with beta = 1 (Lin, ACL workshop Text Summarization Branches Out, 2004, section 3.1).
    Tokens are lower-case words, with articles and without stemming, Han and kana as single characters; as with
    `token_f1`, two texts without any token are equal.
    """
    ours, theirs = _TOKEN.findall(comparable(text)), _TOKEN.findall(comparable(reference))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * _common_subsequence(ours, theirs) / (len(ours) + len(theirs))


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean, None of nothing."""
    return math.fsum(values) / len(values) if values else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(comparable(text)) if token not in _ARTICLES]


def _common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, by dynamic programming over one row."""
    row = [0] * (len(other) + 1)
    for item in one:
        diagonal = 0
        for place, against in enumerate(other, 1):
            above = row[place]
            row[place] = diagonal + 1 if item == against else max(above, row[place - 1])
            diagonal = above
    return row[-1]
