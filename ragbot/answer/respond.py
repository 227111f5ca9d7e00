"""Passages that were weighed -> the words of an answer: checked sentences of a draft, or quotes.

Knows nothing of conversations, and nothing of when to be silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Yielding
from dataclasses import dataclass, replace

from ragbot.answer.compose import Statement, choose, cite, quote
from ragbot.answer.draft import Draft, answers, check, checked_sentences, placed
from ragbot.answer.evidence import Scored
from ragbot.answer.join import is_cut
from ragbot.answer.prompt import compose_prompt
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.question import Question
from ragbot.protocols import Generator, Verifier
from ragbot.settings import Settings
from ragbot.trace import Trace
from ragbot.types import Citation, Claim, Hit, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The words of an answer and what carries them."""

    text: str
    reason: str
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A question and what was found for it."""

    question: Question
    history: tuple[Turn, ...]
    hits: list[Hit]
    scored: list[Scored]
    """Not empty; the best first."""
    trace: Trace


class Responder:
    """Writes answers out of one knowledge base. Threads may share it."""

    def __init__(
        self,
        kb: KnowledgeBase,
        settings: Settings,
        *,
        generator: Callable[[], Generator],
        verifier: Callable[[], Verifier],
        announce: Callable[[str, str], str],
    ) -> None:
        """`announce` gives what is said before a quote, of the customer's language and the document's."""
        self._kb = kb
        self._settings = settings
        self._generator = generator
        self._verifier = verifier
        self._announce = announce

    def respond(self, found: Found) -> Yielding[str, None, Response]:
        """Yield each sentence when it is ready; return the whole. A checked draft where a language model is asked
        for; quotes where not, or where nothing of it holds. Raises `ModelError`."""
        drafting = self._settings.answer.composer == "generate"
        statements: list[Statement] = []
        passages = list(found.hits)
        for statement in self._drafted(found, passages) if drafting else ():
            statements.append(statement)
            yield cite(statements, passages).parts[-1]
        reason = "drafted and checked" if statements else "quoted"
        lead = ""
        if not statements:
            with found.trace.step("quote"):
                statements = self._quoted(found)
            lead = self._lead(found, statements)
            yield from (*([lead] if lead else []), *cite(statements, found.hits).parts)
        cited = cite(statements, passages)
        text = f"{lead}\n{cited.text}" if lead else cited.text
        return Response(text=text, reason=reason, citations=cited.citations, claims=cited.claims)

    def _drafted(self, found: Found, passages: list[Hit]) -> Iterator[Statement]:
        """Checked sentences. `passages` are the hits; what a sentence rests on beyond them is appended."""
        limits = self._settings
        generator = self._generator()
        best_first = list(dict.fromkeys(item.unit.hit for item in found.scored))[: limits.answer.passages]
        with found.trace.step("prompt") as step:
            given = [passages[number] for number in best_first]
            given += self._cut_off(given)
            passages += given[len(best_first) :]
            prompt = compose_prompt(
                found.question.original,
                given,
                found.history,
                language=found.question.language,
                generator=generator,
                max_tokens=limits.generator.max_tokens,
                document_text=self._document_text,
            )
            step.note(tokens=prompt.tokens, dropped=prompt.dropped)
        with found.trace.step("draft") as step:
            draft = Draft()
            for statement in checked_sentences(
                prompt,
                generator,
                self._verifier(),
                draft,
                max_tokens=limits.generator.max_tokens,
                max_sentences=limits.answer.max_sentences,
            ):
                moved = placed(statement, prompt.hits, passages)
                if answers(moved, passages, found.scored):
                    yield moved
            step.note(kept=draft.kept, dropped=len(draft.dropped))

    def _cut_off(self, given: Sequence[Hit]) -> list[Hit]:
        """The neighbours of the best passage from which it was cut in the middle of a thought."""
        best = given[0].chunk
        beside = self._kb.neighbours(best)
        known = {hit.chunk.id for hit in given}
        return [
            Hit(chunk=chunk, score=0.0)
            for chunk in beside
            if chunk.id not in known
            and (is_cut(chunk, best) if chunk.start < best.start else is_cut(best, chunk))
        ]

    def _document_text(self, document_id: str) -> str | None:
        """None where a sync has removed the document since the search: its chunks then stand alone."""
        try:
            return self._kb.document(document_id).text
        except InputError:
            return None

    def _quoted(self, found: Found) -> list[Statement]:
        hits = found.hits
        chosen = choose(found.question, found.scored, hits, most=self._settings.answer.max_sentences)
        verifier = self._verifier()
        return [
            replace(statement, claims=tuple(check(statement.text, [hits[statement.hit]], verifier)))
            for statement in quote(chosen, hits)
        ]

    def _lead(self, found: Found, statements: Sequence[Statement]) -> str:
        """What announces an answer that begins with a quote in another language than the customer's; else empty."""
        own = found.question.language
        first = found.hits[statements[0].hit].chunk if statements else None
        written = str(first.meta.get("language", "und")) if first else own
        foreign = written not in ("und", own) and {written, own} <= {"en", "zh"}
        return self._announce(own, written) if foreign else ""
