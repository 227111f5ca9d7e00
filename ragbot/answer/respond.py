"""Passages that were read -> the words of an answer: checked sentences of a draft, or quotes.

Knows nothing of conversations, and nothing of when to be silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Generator as Yielding
from dataclasses import dataclass, field, replace

from ragbot.answer.draft import DRAFT_SUPPORT, Draft, answers, checked_sentences, placed
from ragbot.answer.join import is_cut
from ragbot.answer.prompt import compose_prompt
from ragbot.answer.quote import Statement, cite, quote
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
    """Not empty; the likeliest to answer first."""
    trace: Trace


@dataclass(slots=True)
class _Told:
    """What was said so far, over the passages of all questions."""

    statements: list[Statement] = field(default_factory=list)
    passages: list[Hit] = field(default_factory=list)
    lead: str = ""
    drafted: bool = False

    def add(self, statement: Statement, hits: Sequence[Hit]) -> bool:
        """Take over a statement about one of `hits`, unless its place was quoted already."""
        hit = hits[statement.hit]
        place = next((n for n, own in enumerate(self.passages) if own.chunk == hit.chunk), len(self.passages))
        if place == len(self.passages):
            self.passages.append(hit)
        said = any(
            each.hit == place and each.start <= statement.start and statement.end <= each.end
            for each in self.statements
        )
        if not said:
            self.statements.append(replace(statement, hit=place))
        return not said

    @property
    def last(self) -> str:
        """The newest statement with its mark."""
        return cite(self.statements, self.passages).parts[-1]


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

    def respond(self, *questions: Found) -> Yielding[str, None, Response]:
        """Yield each sentence when it is ready; return the whole, which answers the questions one after another. A
        checked draft where a language model is asked for; quotes where not, or where nothing of it holds. Raises
        `ModelError`."""
        told = _Told()
        for found in questions:
            if not (yield from self._draft(found, told)):
                yield from self._quote(found, told)
        cited = cite(told.statements, told.passages)
        text = f"{told.lead}\n{cited.text}" if told.lead else cited.text
        reason = "drafted and checked" if told.drafted else "quoted"
        return Response(text=text, reason=reason, citations=cited.citations, claims=cited.claims)

    def _draft(self, found: Found, told: _Told) -> Yielding[str, None, bool]:
        """What of a draft holds; whether anything does."""
        if self._settings.answer.composer != "generate":
            return False
        passages, kept = list(found.hits), 0
        for statement in self._drafted(found, passages):
            kept += 1
            told.drafted = True
            if told.add(statement, passages):
                yield told.last
        return kept > 0

    def _quote(self, found: Found, told: _Told) -> Yielding[str, None, None]:
        with found.trace.step("quote"):
            statements = self._quoted(found)
        if not told.statements and (lead := self._lead(found, statements)):
            told.lead = lead
            yield lead
        for statement in statements:
            if told.add(statement, found.hits):
                yield told.last

    def _drafted(self, found: Found, passages: list[Hit]) -> Iterator[Statement]:
        """Checked sentences. `passages` are the hits; what a sentence rests on beyond them is appended."""
        limits = self._settings
        generator = self._generator()
        with found.trace.step("prompt") as step:
            given = passages[: limits.answer.passages]
            more = self._cut_off(given)
            given += more
            passages += more
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
                if answers(moved, passages, least=DRAFT_SUPPORT * found.hits[0].score):
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
        """Excerpts; each stands in its passage by construction, which its claim says."""
        limits = self._settings.answer
        chosen = quote(
            found.hits,
            likely=limits.also_likely,
            passages=limits.passages,
            characters=limits.quote_characters,
        )
        return [
            replace(each, claims=(Claim(text=each.text, verdict="supported", support=1.0),))
            for each in chosen
        ]

    def _lead(self, found: Found, statements: Sequence[Statement]) -> str:
        """What announces an answer that begins with a quote in another language than the customer's; else empty."""
        own = found.question.language
        first = found.hits[statements[0].hit].chunk if statements else None
        written = str(first.meta.get("language", "und")) if first else own
        foreign = written not in ("und", own) and {written, own} <= {"en", "zh"}
        return self._announce(own, written) if foreign else ""
