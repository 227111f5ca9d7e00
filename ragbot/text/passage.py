"""What of a passage is embedded and indexed: title, headings and text without web addresses. Never cited."""

from __future__ import annotations

import re

from ragbot.text.sentences import sentences
from ragbot.types import Chunk

PREFIX_TOKENS = 72
"""Tokens that title and headings may take beside `ingest.chunk_tokens`: with the default of 180 both fit the
256 tokens of MiniLM less its two special ones."""

QUESTION_TOKENS = 40
"""Tokens that a question may take before the later pieces of its long answer."""

_URL = re.compile(r"\s?\(https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*\)|https?://[^\s<>，。；！？）】]+")
_WEIGHT_TITLE = 28.0
_WEIGHT_HEADING = 36.0
_WEIGHT_QUESTION = 36.0


def without_urls(text: str) -> str:
    """`text` without absolute web addresses and the parentheses around them."""
    return _URL.sub("", text) if "://" in text else text


def embedded_text(chunk: Chunk) -> str:
    """Title, heading path and text, each on its own line; the question too where the rest of a long answer
    stands without it."""
    # Of a text that is one of many in a file, the file's name says nothing: `corpus.jsonl`.
    prefix = prefix_of("" if "record_number" in chunk.meta else chunk.title, chunk.heading)
    question = chunk.meta.get("question")
    if question and chunk.meta.get("answer_start") == 0:
        prefix = f"{prefix}\n{_fit(str(question), _WEIGHT_QUESTION)}"
    return f"{prefix}\n{without_urls(chunk.text)}".strip()


def embedded_sentences(chunk: Chunk) -> tuple[str, tuple[tuple[int, int], ...]]:
    """`embedded_text` and the sentences, list items and rows of the passage in it, as offsets; title and headings are
    none of them."""
    whole, body = embedded_text(chunk), without_urls(chunk.text).strip()
    start = len(whole) - len(body)
    return whole, tuple((start + each.start, start + each.end) for each in sentences(body))


def own_spans(chunk: Chunk) -> tuple[tuple[int, int], ...]:
    """The sentences of `embedded_sentences`, in the same order, as offsets into `chunk.text`."""
    kept = [(0, len(chunk.text))]  # what is embedded of the text
    if "://" in chunk.text:
        ends = [0, *(edge for match in _URL.finditer(chunk.text) for edge in match.span()), len(chunk.text)]
        kept = list(zip(ends[::2], ends[1::2], strict=True))
    origin = [place for start, end in kept for place in range(start, end)]
    text = without_urls(chunk.text)
    body = text.strip()
    before = text.index(body)
    return tuple((origin[before + each.start], origin[before + each.end - 1] + 1) for each in sentences(body))


def prefix_of(title: str, heading: str) -> str:
    """Title and headings, cut to about `PREFIX_TOKENS`: of many headings the innermost are kept."""
    kept: list[str] = []
    left = _WEIGHT_HEADING
    for name in reversed(heading.split(" > ") if heading else []):
        if left <= 4:
            break
        kept.insert(0, _fit(name, left))
        left -= _weight(kept[0]) + 1
    return "\n".join(part for part in (_fit(title, _WEIGHT_TITLE), " > ".join(kept)) if part)


def _weight(text: str) -> float:
    """Rough number of tokens: a third for an ASCII character, one for any other."""
    return sum(0.3 if char < "\x80" else 1.0 for char in text)


def _fit(text: str, most: float) -> str:
    """As much of the beginning of `text` as weighs `most`, cut between words where there are any."""
    text = without_urls(text).strip()
    if _weight(text) <= most:
        return text
    total = 0.0
    for i, char in enumerate(text):
        total += 0.3 if char < "\x80" else 1.0
        if total > most:
            return (text[:i].rsplit(" ", 1)[0] if " " in text[:i] and char < "\x80" else text[:i]).strip()
    return text
