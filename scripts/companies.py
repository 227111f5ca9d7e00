"""Companies' articles with customers' questions, as the trainers and benchmarks of embedders and readers read them.

    FOLDER/articles/**/*.md     the documentation
    FOLDER/questions.jsonl      {id, question, history, language, kind, answerable, articles, ...}

A question says what answers it in one of three ways: `answer`, excerpts that stand verbatim in its articles;
`answer_at`, their places (article, first and last character) where the text itself must not be copied; or
`must_contain`, groups of wordings of which an answer says one each. Articles are read and cut as `ragbot index` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot.ingest.document import to_document
from ragbot.ingest.limits import Limits
from ragbot.ingest.load import parse_bytes, title_of
from ragbot.ingest.split import split
from ragbot.text.passage import embedded_sentences
from ragbot.types import Chunk

CHOOSE = ("odoo_docs", "open_docs_zh/1panel", "open_docs_zh/deepin", "consumer_docs/ente")
"""Left-out companies on which forms, epochs and mixtures are chosen; shipped weights never learn from them."""
_SEVERAL = ("open_docs_zh", "consumer_docs", "invented_en", "invented_en2", "invented_zh", "invented_zh2")
"""Folders that hold several companies, one a subfolder."""
_FEW = 3
"""Letters of a span that is too short to be told from others."""
TURNS_BEFORE = 2
"""How many turns of the conversation go in front of a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    id: str
    text: str
    history: tuple[tuple[str, str], ...]
    """(role, text), oldest first."""
    language: str
    kind: str
    answerable: bool
    articles: tuple[str, ...]
    answer: tuple[str, ...] = ()
    must_contain: tuple[tuple[str, ...], ...] = ()

    @property
    def in_context(self) -> str:
        """The last turns and the question, a line each: what is searched where there is a conversation."""
        return "\n".join([*(text for _, text in self.history[-TURNS_BEFORE:]), self.text])


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    chunk: Chunk
    text: str
    """Title, headings and text, as it is embedded."""
    spans: tuple[tuple[int, int], ...]
    """Its sentences, list items and rows: `text[start:end]`; title and headings are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    name: str
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]

    def gold(self, question: Question) -> list[list[int]]:
        """For each excerpt of its answer the passages that hold (the larger part of) it, by number."""
        return [found for excerpt in question.answer if (found := self._holding(excerpt, question.articles))]

    def _holding(self, excerpt: str, articles: Sequence[str]) -> list[int]:
        wanted = _letters(excerpt)
        held = []
        for number, passage in enumerate(self.passages):
            if passage.chunk.source in articles and (share := _shared(wanted, _letters(passage.chunk.text))):
                held.append((share, number))
        best = max((share for share, _ in held), default=0)
        return [number for share, number in held if share >= max(0.5 * len(wanted), best)]

    def gold_sentences(self, question: Question, number: int) -> frozenset[int]:
        """Which spans of passage `number` belong to an excerpt of the answer."""
        passage, excerpts = self.passages[number], [_letters(excerpt) for excerpt in question.answer]
        spans = [_letters(passage.text[start:end]) for start, end in passage.spans]
        return frozenset(
            place
            for place, span in enumerate(spans)
            if len(span) > _FEW and any(span in excerpt or excerpt in span for excerpt in excerpts)
        )

    def says(self, question: Question, text: str) -> bool:
        """Whether `text` has every fact of the answer: a wording of each group, or (most of) each excerpt."""
        if question.must_contain:
            lower = text.lower()
            return all(any(each.lower() in lower for each in group) for group in question.must_contain)
        letters = _letters(text)
        wanted = [_letters(excerpt) for excerpt in question.answer]
        return all(_shared(each, letters) >= 0.8 * len(each) for each in wanted)


def read_companies(
    folder: Path,
    *,
    count_tokens: Callable[[Sequence[str]], list[int]],
    chunk_tokens: int,
    more: Sequence[Path] = (),
) -> list[Company]:
    """The companies in `folder`: one, or one for each subfolder of its articles. `more`: further files of questions."""
    articles = folder / "articles"
    files = [folder / "questions.jsonl", *more]
    questions = [_question(json.loads(line), articles) for path in files for line in _lines(path)]
    if folder.name not in _SEVERAL:
        passages = _passages(articles, articles, count_tokens, chunk_tokens)
        return [Company(name=folder.name, passages=passages, questions=tuple(questions))]
    found = []
    for part in sorted(path for path in articles.iterdir() if path.is_dir()):
        own = [each for each in questions if each.articles and each.articles[0].startswith(part.name + "/")]
        passages = _passages(part, articles, count_tokens, chunk_tokens)
        found.append(Company(name=f"{folder.name}/{part.name}", passages=passages, questions=tuple(own)))
    return found


def read_company(
    name: str,
    articles: Path,
    questions: Path,
    *,
    count_tokens: Callable[[Sequence[str]], list[int]],
    chunk_tokens: int,
) -> Company:
    """One company whose articles and questions lie apart."""
    rows = [_question(json.loads(line), articles) for line in _lines(questions)]
    passages = _passages(articles, articles, count_tokens, chunk_tokens)
    return Company(name=name, passages=passages, questions=tuple(rows))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _question(row: dict[str, Any], articles: Path) -> Question:
    places = [
        (articles / name).read_text(encoding="utf-8")[start:end]
        for name, start, end in row.get("answer_at", ())
    ]
    return Question(
        id=row["id"],
        text=row["question"],
        history=tuple((turn["role"], turn["text"]) for turn in row["history"]),
        language=row["language"],
        kind=row["kind"],
        answerable=row["answerable"],
        articles=tuple(row["articles"]),
        answer=tuple(row.get("answer", places)),
        must_contain=tuple(tuple(group) for group in row.get("must_contain", ())),
    )


def _passages(
    folder: Path, root: Path, count_tokens: Callable[[Sequence[str]], list[int]], chunk_tokens: int
) -> tuple[Passage, ...]:
    """Those of all articles in `folder`; sources are relative to `root`."""
    passages: list[Passage] = []
    for path in sorted(folder.rglob("*.md")):
        parsed = parse_bytes(path.read_bytes(), "md", title_of(path), Limits())
        document, placed = to_document(path.relative_to(root).as_posix(), parsed, "")
        chunks = split(document, placed, count_tokens=count_tokens, chunk_tokens=chunk_tokens)
        passages.extend(_passage(chunk) for chunk in chunks)
    return tuple(passages)


def _passage(chunk: Chunk) -> Passage:
    text, spans = embedded_sentences(chunk)
    return Passage(chunk=chunk, text=text, spans=spans)


def _letters(text: str) -> str:
    """Letters and digits alone: what markup, quotes and line breaks leave equal."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _shared(wanted: str, text: str) -> int:
    """Length of the longest piece of `wanted`, from its beginning or its end, that stands in `text`."""
    if wanted in text:
        return len(wanted)

    def longest(pieces: Callable[[int], str]) -> int:
        low, high = 0, len(wanted)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if pieces(middle) in text else (low, middle - 1)
        return low

    return max(longest(lambda n: wanted[:n]), longest(lambda n: wanted[-n:]))
