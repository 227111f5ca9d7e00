"""Measures of single answers and of many: pure functions, each with its formula and where it comes from.

Nothing here returns NaN: a figure over no cases is None.
"""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the standard normal distribution."""

_BOOTSTRAP_SAMPLES = 1000
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


def wilson(successes: int, n: int, z: float = Z_95) -> tuple[float, float] | None:
    """Score interval of a rate: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) (Wilson, 1927)."""
    if n == 0:
        return None
    rate = successes / n
    centre = rate + z * z / (2 * n)
    reach = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def mean(values: Sequence[float]) -> float | None:
    """Arithmetic mean, None of nothing."""
    return math.fsum(values) / len(values) if values else None


def bootstrap_mean(values: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """95 % percentile interval of the mean from 1000 resamples (Efron, 1979); None under two values.

    The same values and seed give the same interval.
    """
    if len(values) < 2:
        return None
    draw = random.Random(seed)  # noqa: S311 - resampling, no secret
    n = len(values)
    means = sorted(math.fsum(draw.choices(values, k=n)) / n for _ in range(_BOOTSTRAP_SAMPLES))
    return means[round(0.025 * (_BOOTSTRAP_SAMPLES - 1))], means[round(0.975 * (_BOOTSTRAP_SAMPLES - 1))]


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(comparable(text)) if token not in _ARTICLES]
