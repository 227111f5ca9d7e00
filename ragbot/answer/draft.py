"""A generator's words -> the sentences of them that the passages support, as they come.

The draft is never shown as it is: each finished sentence is checked, and what is not supported is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ragbot.answer.join import carrier
from ragbot.answer.quote import Statement
from ragbot.protocols import Generator, Verifier
from ragbot.text.sentences import sentences
from ragbot.types import Claim, Generation, Hit, Prompt

DRAFT_SUPPORT: Final = 0.6
"""A drafted sentence rests on a passage that has this share of the likeliest one's probability, or is dropped."""
_CLOSED = re.compile(r"[.!?。！？…\"'”’)\]]\s*$")
_ADMITS = re.compile(
    r"\bi (?:do not|don't|am not sure|cannot|can't) (?:know|find|tell)\b|我不知道", re.IGNORECASE
)


@dataclass(slots=True, kw_only=True)
class Draft:
    """What became of a draft."""

    generation: Generation | None = None
    kept: int = 0
    dropped: list[Claim] = field(default_factory=list)


def context_of(hit: Hit) -> str:
    """What stands above a passage."""
    return f"{hit.chunk.title} {hit.chunk.heading}".strip()


def check(text: str, hits: Sequence[Hit], verifier: Verifier) -> list[Claim]:
    """The claims of `text` against the passages of `hits`."""
    passages = [hit.chunk.text for hit in hits]
    return verifier.verify(text, passages, contexts=[context_of(hit) for hit in hits])


def checked_sentences(
    prompt: Prompt,
    generator: Generator,
    verifier: Verifier,
    draft: Draft,
    *,
    max_tokens: int,
    max_sentences: int,
) -> Iterator[Statement]:
    """Yield each supported sentence of the draft once it is finished, and note in `draft` what became of it.

    Stops the generator when enough is said or when it repeats itself. Raises `GenerationError`.
    """
    seen: set[str] = set()
    stream = generator.stream(prompt.messages, max_tokens=max_tokens)
    text, done = "", 0
    try:
        while draft.kept < max_sentences:
            try:
                text += next(stream)
                finished = [s for s in sentences(text) if s.end < len(text.rstrip())]
            except StopIteration as stop:
                draft.generation = stop.value
                finished = [s for s in sentences(text) if s.end < len(text.rstrip()) or _CLOSED.search(text)]
            fresh = [s for s in finished if s.start >= done]
            for sentence in fresh:
                done = sentence.end
                enough = draft.kept >= max_sentences
                if enough or sentence.text in seen or _ADMITS.search(sentence.text):
                    return
                seen.add(sentence.text)
                yield from _supported(sentence.text, prompt.hits, verifier, draft)
            if draft.generation is not None:
                return
    finally:
        stream.close()


def _supported(sentence: str, hits: Sequence[Hit], verifier: Verifier, draft: Draft) -> Iterator[Statement]:
    for claim in check(sentence, hits, verifier):
        if claim.verdict == "supported" and claim.evidence is not None:
            draft.kept += 1
            place = claim.evidence
            yield Statement(
                text=claim.text, hit=place.passage - 1, start=place.start, end=place.end, claims=(claim,)
            )
        else:
            draft.dropped.append(claim)


def placed(statement: Statement, given: Sequence[Hit], passages: list[Hit]) -> Statement:
    """A statement on one of the `given` passages as one on `passages`, to which is added what carries it if none
    of them does alone."""
    whole = given[statement.hit].chunk
    carried = carrier(whole, statement.start, statement.end, passages)
    if isinstance(carried, Hit):
        if carried not in passages:
            passages.append(carried)
        carried = passages.index(carried)
    moved = whole.start - passages[carried].chunk.start
    return replace(statement, hit=carried, start=statement.start + moved, end=statement.end + moved)


def answers(statement: Statement, passages: Sequence[Hit], *, least: float) -> bool:
    """Whether the passage that carries a drafted sentence is likely enough to answer: a true remark from elsewhere does
    not. What was cut off from a passage (score 0) goes with its neighbour."""
    hit = passages[statement.hit]
    return hit.score >= least or (hit.score == 0.0 and hit.rerank_score is None)
