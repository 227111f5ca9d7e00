"""Slips of the finger in words that no document has, put right by what other customers write.

The search corrects words by the documents; here the point is what the documents lack, and there only the questions
themselves can tell how it is spelt: `studnet` beside two `student` is one more of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ragbot.gaps.values import Asked
from ragbot.text.slips import is_slip
from ragbot.text.words import fold, stem

_MORE: Final = 2
"""How many times as many questions must write it otherwise."""
_WORD = re.compile(r"[^\W\d_]{4,}")


def put_right(asked: Sequence[Asked]) -> list[Asked]:
    """The same messages, `compared` and `unknown` with such words as most others write them."""
    written = _written(asked)
    unknown = {term for each in asked for term in each.unknown}
    meant = _meant(written, unknown)
    if not meant:
        return list(asked)

    def right(match: re.Match[str]) -> str:
        return meant.get(_term(match.group()), match.group())

    return [
        replace(
            each,
            slipped=True,
            compared=_WORD.sub(right, each.compared),
            unknown=tuple(dict.fromkeys(_term(meant.get(term, term)) for term in each.unknown)),
        )
        if any(term in meant for term in each.unknown)
        else each
        for each in asked
    ]


def _term(word: str) -> str:
    return stem(fold(word))


def _written(asked: Iterable[Asked]) -> dict[str, Counter[str]]:
    """Stem -> how many messages write it, in each form."""
    found: dict[str, Counter[str]] = {}
    for each in asked:
        for word in {fold(match.group()) for match in _WORD.finditer(each.compared)}:
            found.setdefault(stem(word), Counter())[word] += 1
    return found


def _meant(written: Mapping[str, Counter[str]], unknown: Iterable[str]) -> dict[str, str]:
    """Stem of a slip -> the word that was meant, in its most frequent form."""
    counts = {term: forms.total() for term, forms in written.items()}
    by_letter: dict[str, list[str]] = {}
    for term in sorted(counts, key=lambda each: (-counts[each], each)):
        if counts[term] >= _MORE:
            by_letter.setdefault(term[:1], []).append(term)
    found: dict[str, str] = {}
    for term in unknown:
        for other in by_letter.get(term[:1], ()):
            if term in counts and counts[other] >= _MORE * counts[term] and is_slip(term, other):
                found[term] = written[other].most_common(1)[0][0]
                break
    return found
