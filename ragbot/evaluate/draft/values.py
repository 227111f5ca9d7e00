"""What drafting works with: a passage with its place, and a question that is proposed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["faq", "howto", "fact", "row"]
"""Where a question comes from: an FAQ entry, a heading or title, a sentence with a figure, a row of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A passage and what stands above it."""

    source: str
    title: str
    """Of the document."""
    heading: str
    """The innermost heading; empty where there is none."""
    text: str
    kind: str
    """`Chunk.meta["kind"]`."""
    language: str
    faq_question: str = ""
    faq_answer: str = ""
    first: bool = False
    """Whether it is the first passage below its heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A question, with the words of the document that answer it."""

    question: str
    kind: Kind
    source: str
    language: str
    reference: str
    """The sentence, row or entry that answers."""
    fact: str = ""
    """What a right answer has to say, as the document writes it; empty where that is for a person to tell."""
