"""Documents -> a draft of a test set, written by the configured generator and checked against the documents.

The generator is shown one passage at a time. What it writes is kept only where the words that it names as evidence
stand in the passage, letter for letter, and its fact stands in those words. It is a start for people: each case is
tagged `draft` until somebody has read it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol

from ragbot.errors import InputError
from ragbot.evaluate.testset import Case
from ragbot.protocols import Generator
from ragbot.types import Chunk, Document, Message

DRAFT = "draft"
"""Tag of every drafted case."""
_MAX_TOKENS = 256
_FIELDS = ("question", "answer", "excerpt", "fact")
_INSTRUCTIONS = (
    "You write test questions for a customer service bot. Write one question that a customer could ask and that the "
    "text answers, in the language of the text. Reply with one JSON object and nothing else: "
    '{"question": "...", "answer": "a short answer", "excerpt": "the words of the text that hold the answer, copied '
    'exactly", "fact": "the figure or name within the excerpt that a right answer must say, copied exactly"}'
)


class Reads(Protocol):
    """The part of `KnowledgeBase` that is read."""

    def documents(self) -> Sequence[Document]: ...

    def chunks(self, document_id: str) -> Sequence[Chunk]: ...


def draft(kb: Reads, generator: Generator, n: int, *, language: str = "", seed: int = 0) -> list[Case]:
    """At most `n` cases, each of another passage; of documents in `language` (ISO 639-1) only, if given.

    The same documents, generator and seed give the same draft. Raises `InputError` where there is no passage, or
    nothing that the generator wrote can be kept; `GenerationError` where it fails.
    """
    documents = [each for each in kb.documents() if not language or each.language == language]
    passages = [(document, chunk) for document in documents for chunk in kb.chunks(document.id)]
    if not passages:
        which = f" in {language}" if language else ""
        raise InputError(f"there is no passage{which} to ask about; index documents first")
    random.Random(seed).shuffle(passages)  # noqa: S311 - a choice of passages, no secret
    cases: dict[str, Case] = {}
    for document, chunk in passages[: 2 * n]:
        if len(cases) == n:
            break
        row = checked(_written(generator, document, chunk), chunk.text)
        if row is None or row["question"].casefold() in cases:
            continue
        cases[row["question"].casefold()] = Case(
            id=f"draft-{len(cases) + 1:03}",
            question=row["question"],
            expect="answered",
            sources=(document.source,),
            excerpts=(row["excerpt"],),
            reference=row["answer"],
            must_contain=((row["fact"],),),
            language=document.language,
            tags=(DRAFT,),
        )
    if not cases:
        raise InputError(
            f"the generator {generator.name} wrote no question that its passage answers; "
            "set generator.model to a larger chat model, or generator.base_url to a server of one"
        )
    return list(cases.values())


def checked(reply: str, passage: str) -> Mapping[str, str] | None:
    """The fields of a reply; None where it is no such JSON object, or rests on words that the passage lacks."""
    begin, end = reply.find("{"), reply.rfind("}")
    try:
        row: Any = json.loads(reply[begin : end + 1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not all(isinstance(row.get(each), str) for each in _FIELDS):
        return None
    found = {each: row[each].strip() for each in _FIELDS}
    held = found["excerpt"] in passage and found["fact"] in found["excerpt"]
    return found if held and all(found.values()) else None


def _written(generator: Generator, document: Document, chunk: Chunk) -> str:
    above = " > ".join(part for part in (document.title, chunk.heading) if part)
    prompt = (
        Message(role="system", content=_INSTRUCTIONS),
        Message(role="user", content=f"{above}\n\n{chunk.text}"),
    )
    if generator.count_tokens(prompt) + _MAX_TOKENS > generator.context_tokens:
        return ""
    with closing(generator.stream(prompt, max_tokens=_MAX_TOKENS)) as pieces:
        return "".join(pieces)
