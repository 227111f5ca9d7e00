"""A bot without models, for tests of what asks one: it knows three messages and abstains from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragbot.types import Answer, Claim, Document, Hit, Status, Turn, Understanding

STATUSES: Mapping[str, Status] = {"hello": "smalltalk", "I want to talk to a person": "handoff"}


class ScriptedBot:
    """Has what is asked of `ragbot.Bot` in an evaluation; is its own knowledge base and verifier."""

    def __init__(self) -> None:
        self.kb = self
        self.verifier = self

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        return Answer(
            text="I couldn't find that.",
            status=STATUSES.get(question, "abstained"),
            reason="scripted",
            understanding=Understanding(question=question, standalone=question, language="en"),
        )

    def documents(self) -> list[Document]:
        return [Document(id="1", source="docs/returns.md", title="Returns", text="Within 30 days.")]

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
        return []

    def verify(self, text: str, passages: Sequence[str]) -> list[Claim]:
        return []

    def close(self) -> None:
        """Nothing is open."""
