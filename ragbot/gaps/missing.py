"""What the documents lack for a question, in a word: terms that none of them has, or that the nearest has not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from ragbot.gaps.values import Asked, Nearest
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.text.mask import mask
from ragbot.text.words import content_terms, is_han, single_characters, terms
from ragbot.types import Hit

_DOCUMENTS: Final = 3
_WORDS: Final = 5
"""Most words that are named."""
_WORD = re.compile(r"[^\W_]+(?:[-'’./][^\W_]+)*")


def nearest(hits: Sequence[Hit]) -> tuple[Nearest, ...]:
    """The first documents of a search, each once, at the passage found first."""
    found: dict[str, Nearest] = {}
    for hit in hits:
        chunk = hit.chunk
        at = Nearest(source=chunk.source, title=chunk.title, heading=chunk.heading)
        found.setdefault(chunk.source, at)
    return tuple(found.values())[:_DOCUMENTS]


def unknown_words(asked: Sequence[Asked]) -> tuple[str, ...]:
    """The words that no document has, as the customers write them, the most frequent first; those of fewer than half
    of the questions are left out."""
    counted: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for each in asked:
        for term in each.unknown:
            counted[term] += 1
            written.setdefault(term, Counter())[_as_written(each.compared, term)] += 1
    often = [term for term, count in counted.most_common() if 2 * count >= len(asked)]
    words = _joined([written[term].most_common(1)[0][0] for term in often], asked[0].compared)
    return tuple(word for word in words if mask(word) == word)[:_WORDS]


def _joined(words: Sequence[str], text: str) -> list[str]:
    """Parts of a Chinese word that was cut, as one again."""
    found: list[str] = []
    for word in words:
        if found and is_han(word) and is_han(found[-1]) and found[-1] + word in text:
            found[-1] += word
        else:
            found.append(word)
    return found


def in_words(kb: KnowledgeBase, question: Question, hits: Sequence[Hit], unknown: Sequence[str]) -> str:
    """What is missing, as a half sentence for the operator."""
    if unknown:
        return f"no document speaks of {_listed(unknown)}"
    if not hits:
        return "no document was found"
    bags = [_bag(hit, question.language) for hit in hits]
    wanted = content_terms(question.original, language=question.language, overlapping=False)
    idf = kb.idf(wanted)
    best = max(bags, key=lambda bag: sum(idf[term] for term in wanted if term in bag))
    lacking = [_as_written(question.original, term) for term in wanted if term not in best]
    present = [_as_written(question.original, term) for term in wanted if term in best]
    lacking = [word for word in dict.fromkeys(lacking) if word not in present]  # a compound and its parts
    present = list(dict.fromkeys(present))
    if not lacking:
        return "the nearest passages have all its words; read whether they answer it"
    if not present:
        return f"no document found speaks of {_listed(lacking)}"
    return f"documents speak of {_listed(present)}, but not together with {_listed(lacking)}"


def _bag(hit: Hit, language: str) -> frozenset[str]:
    chunk = hit.chunk
    text = f"{chunk.title}\n{chunk.heading}\n{chunk.text}"
    own = str(chunk.meta.get("language", language))
    return frozenset((*terms(text, language=own), *terms(text, language=language), *single_characters(text)))


def _as_written(text: str, term: str) -> str:
    """The word of `text` that `term` was made of."""
    if is_han(term):
        return term
    words = (match.group() for match in _WORD.finditer(text))
    return next((word for word in words if term in content_terms(word)), term)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in list(dict.fromkeys(words))[:_WORDS])
