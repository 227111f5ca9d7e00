"""A document and its blocks -> chunks: passages that follow the headings, fit the embedder's window, and are
exact pieces of the document's text. Home of langchain-text-splitters.

Tokens are counted on what is embedded, that is without web addresses; offsets come from adding up the pieces.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ragbot.ingest.blocks import Placed
from ragbot.ingest.document import LANGUAGE_CODE, with_lists
from ragbot.text.language import UNKNOWN, detect, script_language
from ragbot.text.passage import PREFIX_TOKENS, QUESTION_TOKENS, prefix_of, without_urls
from ragbot.types import Chunk, Document

CountTokens = Callable[[Sequence[str]], list[int]]

_SEPARATORS = [
    r"\n\n+",
    r"\n(?! )",  # a list item or table row, not the lines indented under it
    r"\n",
    r"[。！？!?][”’」』）\")]*",
    r"(?<=[^\W\d_])[.…][\"'”’)]*\s+",
    r"[；;：:]\s*(?!//)",
    r"[，、]|,\s+",
    r"\s+",
    "",
]
_URL = re.compile(r"https?://")
_URL_TOKENS = 4
"""What an address counts although it is not embedded: it is shown, and a thousand of them are no passage."""
_COUNT_AT_ONCE = 2_000
_ALONE = ("faq", "row")
_RESERVED = ("kind", "question", "answer_start", "record_number")
_LEAD = (":", "：")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Atom:
    """A block, or a piece of one that is too long: what packing moves about as a whole."""

    placed: Placed
    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """Neighbouring blocks under one path of headings."""

    heading: str
    placed: tuple[Placed, ...]
    record: int = 0
    """Which of the file's records it belongs to, from 1; 0 where it has none."""


def split(
    document: Document, placed: Sequence[Placed], *, count_tokens: CountTokens, chunk_tokens: int
) -> list[Chunk]:
    """Chunks in the order of the text. Each chunk's own text has at most `chunk_tokens` tokens, less what a
    prefix of title and headings has beyond `PREFIX_TOKENS`; between them the chunks hold all text but headings.
    """
    sections = list(_sections(document.title, placed))
    if not sections:  # nothing but headings: they are the text
        sections = [_Section(heading="", placed=tuple(placed))]
    blocks = [each for section in sections for each in section.placed]
    prefixes = [prefix_of(document.title, section.heading) for section in sections]
    counted = _Counter(count_tokens)
    counted.learn([*prefixes, *(each.block.text for each in blocks)])
    chunks: list[Chunk] = []
    for section, prefix in zip(sections, prefixes, strict=True):
        budget = max(16, chunk_tokens - max(0, counted(prefix) - PREFIX_TOKENS))
        atoms = [atom for each in section.placed for atom in _atoms(each, counted, budget)]
        for pack in _packs(atoms, budget):
            chunk = _chunk(document, section, pack)
            if chunk is not None:
                chunks.append(chunk)
    return chunks


class _Counter:
    """Counts tokens in few calls: blocks are counted together, pieces are remembered."""

    def __init__(self, count_tokens: CountTokens) -> None:
        self._count = count_tokens
        self._known: dict[str, int] = {}

    def many(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for i in range(0, len(texts), _COUNT_AT_ONCE):
            batch = texts[i : i + _COUNT_AT_ONCE]
            found = self._count([without_urls(text) for text in batch])
            urls = (len(_URL.findall(text)) for text in batch)
            counts.extend(tokens + _URL_TOKENS * n for tokens, n in zip(found, urls, strict=True))
        return counts

    def learn(self, texts: Sequence[str]) -> None:
        self._known.update(zip(texts, self.many(texts), strict=True))

    def __call__(self, text: str) -> int:
        if (tokens := self._known.get(text)) is None:
            tokens = self._known[text] = self.many([text])[0]
        return tokens


def _sections(title: str, placed: Sequence[Placed]) -> Iterator[_Section]:
    """Runs of blocks between headings, each with its path, from which a repeated title is left out."""
    path: list[tuple[int, str]] = []
    run: list[Placed] = []
    record = 0

    def section() -> _Section:
        names = [name for _, name in path]
        if names and names[0].casefold() == title.casefold():
            names = names[1:]
        return _Section(heading=" > ".join(names), placed=tuple(run), record=record)

    for each in placed:
        if each.block.begins:
            if run:
                yield section()
                run = []
            path, record = [], record + 1
        if each.block.kind != "heading":
            run.append(each)
            continue
        if run:
            yield section()
            run = []
        while path and path[-1][0] >= each.block.level:
            path.pop()
        path.append((each.block.level, re.sub(r"\s+", " ", each.block.text).strip()))
    if run:
        yield section()


def _atoms(placed: Placed, counted: _Counter, budget: int) -> Iterator[_Atom]:
    """The block itself where it fits; otherwise pieces of half the budget, so that they pack well."""
    tokens = counted(placed.block.text)
    if placed.block.kind == "faq" and tokens > budget:
        budget = max(16, budget - QUESTION_TOKENS)  # later pieces are embedded with the question before them
    if tokens <= budget:
        yield _Atom(placed=placed, start=placed.start, end=placed.end, tokens=tokens)
        return
    start = placed.start
    for piece in _pieces(placed.block.text, counted, max(8, budget // 2)):
        yield _Atom(placed=placed, start=start, end=start + len(piece), tokens=counted(piece))
        start += len(piece)


def _pieces(text: str, counted: _Counter, size: int) -> list[str]:
    """Cuts that add up to `text`, at the strongest boundary: lines, sentences, clauses, words, letters."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    def length(piece: str) -> int:
        return max(counted(piece), bool(piece))  # the splitter doubles pieces of length 0

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=size,
        chunk_overlap=0,
        length_function=length,
    )
    pieces = splitter.split_text(text)
    assert "".join(pieces) == text, "the splitter lost text"  # noqa: S101 - offsets rest on it
    return pieces


def _packs(atoms: Sequence[_Atom], budget: int) -> Iterator[list[_Atom]]:
    """Neighbours together as long as they fit. A last `These steps:` moves on to what it announces."""
    pack: list[_Atom] = []
    tokens = 0
    for atom in atoms:
        kinds = {atom.placed.block.kind, pack[-1].placed.block.kind} if pack else set()
        apart = not kinds.isdisjoint(_ALONE) and pack[-1].placed is not atom.placed
        most = max(16, budget - QUESTION_TOKENS) if "faq" in kinds else budget
        if pack and (apart or tokens + atom.tokens > most):
            lead = _lead(pack, atom, budget)
            yield pack[: len(pack) - len(lead)]
            pack, tokens = lead, sum(each.tokens for each in lead)
        pack.append(atom)
        tokens += atom.tokens
    if pack:
        yield pack


def _lead(pack: Sequence[_Atom], following: _Atom, budget: int) -> list[_Atom]:
    """The last atom of a full pack, if it introduces the following one and goes with it."""
    last = pack[-1]
    introduces = last.placed.block.kind == "text" and last.placed.block.text.rstrip().endswith(_LEAD)
    fits = last.end == last.placed.end and last.tokens + following.tokens <= budget
    together = len(pack) > 1 and fits and following.placed.block.kind not in _ALONE
    return [last] if introduces and together else []


def _chunk(document: Document, section: _Section, pack: Sequence[_Atom]) -> Chunk | None:
    """The passage from the first atom to the last, without the white space at its ends; None if that is all."""
    start, end = pack[0].start, pack[-1].end
    whole = document.text[start:end]
    start += len(whole) - len(whole.lstrip())
    text = whole.strip()
    end = start + len(text)
    if not text:
        return None
    assert document.text[start:end] == text, "offsets do not match the text"  # noqa: S101 - citations rest on it
    identity = f"{document.id}\0{start}\0{end}".encode()
    return Chunk(
        id=hashlib.sha256(identity).hexdigest()[:16],
        document_id=document.id,
        source=document.source,
        title=document.title,
        heading=section.heading,
        text=text,
        start=start,
        end=end,
        page=pack[0].placed.block.page,
        meta=_meta(document, pack, start, text)
        | ({"record_number": section.record} if section.record else {}),
    )


def _meta(document: Document, pack: Sequence[_Atom], start: int, text: str) -> dict[str, Any]:
    """The document's properties, the blocks' own where they agree, `kind`, `language`, those of a FAQ."""
    blocks = [atom.placed.block for atom in pack]
    kinds = {"text" if block.kind in ("list", "heading") else block.kind for block in blocks}
    meta: dict[str, Any] = {key: value for key, value in document.meta.items() if key not in _RESERVED}
    agreed = {
        key: value
        for key, value in blocks[0].meta.items()
        if all(key in block.meta and block.meta[key] == value for block in blocks[1:])
    }
    shared = with_lists(agreed)
    declared = str(shared.get("language", "")).casefold()[:2]
    meta.update({key: value for key, value in shared.items() if key not in _RESERVED})
    meta["kind"] = kinds.pop() if len(kinds) == 1 else "text"
    meta["language"] = declared if LANGUAGE_CODE.fullmatch(declared) else _language(document, text)
    if meta["kind"] == "faq":
        meta["question"] = shared["question"]
        answer = pack[0].placed.start + int(shared["answer_start"]) - start
        meta["answer_start"] = min(len(text), max(0, answer))
    return meta


def _language(document: Document, text: str) -> str:
    """The document's language, unless the passage is written in another script."""
    by_script = script_language(text)
    if by_script is not None:
        return by_script
    if document.language != UNKNOWN and script_language(document.text[:2000]) is None:
        return document.language
    found = detect(text)
    return document.language if found == UNKNOWN else found
