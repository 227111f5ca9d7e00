"""What RAGAS and DeepEval have in common: a question, its answer, and the texts around it. Sample <-> `Case`.

Both know texts where our test sets know documents; `Places` finds the documents that hold a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ragbot.evaluate.exchange.rows import BadRow
from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import Row
from ragbot.types import Document, Turn

_LEAST = 20
"""Letters of a text that is looked for; a shorter one stands in many documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row of another tool."""

    question: str
    history: tuple[Turn, ...] = ()
    id: str = ""
    answer: str | None = None
    """What the bot said; None where it was not asked."""
    reference: str = ""
    found: tuple[str, ...] | None = None
    """Texts that the bot was given; None where it was not asked."""
    right: tuple[str, ...] = ()
    """Texts that hold the answer."""
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = "und"


class Places:
    """Which documents hold a text, whatever its white space and letter case."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._texts = {document.source: _squeezed(document.text) for document in documents}

    def of(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The documents that hold one of the texts, each once; none for a text that many could hold by chance."""
        wanted = [squeezed for text in texts if len(squeezed := _squeezed(text)) >= _LEAST]
        return tuple(source for source, text in self._texts.items() if any(one in text for one in wanted))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def to_case(sample: Sample, *, id: str, places: Places | None = None) -> Case:
    """The case of a sample: `answered` where it has a reference or texts that hold the answer.

    Raises `BadRow` without a question.
    """
    if not sample.question.strip():
        raise BadRow("the question is missing")
    sources = sample.sources
    if not sources and places is not None:
        sources = places.of(sample.right)
    answerable = bool(sample.reference or sample.right or sources)
    return Case(
        id=sample.id or id,
        question=sample.question,
        history=sample.history,
        expect="answered" if answerable else None,
        sources=sources,
        reference=sample.reference,
        language=sample.language,
        tags=sample.tags,
    )


def from_case(case: Case, row: Row | None, contexts: Mapping[str, Sequence[str]]) -> Sample:
    """The sample of a case. With the row of a report it has the answer, and as texts given to the bot those of
    `contexts` (case id -> passages), or else the quotes that the answer cites."""
    quotes = () if row is None else tuple(dict.fromkeys(each.quote for each in row.citations))
    found = tuple(contexts[case.id]) if case.id in contexts else quotes
    return Sample(
        id=case.id,
        question=case.question,
        history=case.history,
        answer=None if row is None else row.answer,
        reference=case.reference,
        found=found if row is not None or case.id in contexts else None,
        sources=case.sources,
        tags=case.tags,
        language=case.language,
    )


def folded(sample: Sample) -> str:
    """The question, after its conversation where there is one: `User: ...`, `Assistant: ...`, line by line."""
    if not sample.history:
        return sample.question
    turns = [*sample.history, Turn(role="user", text=sample.question)]
    return "\n".join(f"{turn.role.capitalize()}: {turn.text}" for turn in turns)


def unfolded(text: str) -> tuple[str, tuple[Turn, ...]]:
    """Question and conversation out of what `folded` wrote; any other text is a question."""
    parts = re.split(r"(?:^|\n)(User|Assistant|System): ", text)
    if parts[0] or len(parts) < 5 or parts[-2] != "User":
        return text, ()
    turns = [_turn(role, said) for role, said in zip(parts[1::2], parts[2::2], strict=True)]
    return turns[-1].text, tuple(turns[:-1])


def _turn(role: str, text: str) -> Turn:
    if role == "User":
        return Turn(role="user", text=text)
    return Turn(role="assistant" if role == "Assistant" else "system", text=text)
