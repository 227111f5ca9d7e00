"""Passages out of retrieval sets (BEIR's layout) and out of folders of documents, for the generator of edits.

A document's passages are the ones that ragbot itself would index; only their tokens are guessed (four characters
or one Chinese character each), so that no model is needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragbot.ingest.document import to_document
from ragbot.ingest.limits import Limits, Refused
from ragbot.ingest.load import parse_file
from ragbot.ingest.split import split
from ragbot.text.language import detect

LANGUAGES = ("en", "zh")

_TOKENS = 180
_HAN = re.compile("[\u4e00-\u9fff]")
_SHORTEST = 60
_MARKUP = re.compile(r"[{}]|\]\(|::|</?[a-z]+>|\\")
"""What readers left of a template; a sentence with it is no sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of text that a claim is held against."""

    set: str
    source: str
    """The article or document, the same in each set and language that has it."""
    text: str
    language: str
    """`en` or `zh`."""


def clean(text: str) -> bool:
    """Whether a sentence is free of markup."""
    return not _MARKUP.search(text)


def retrieval_passages(corpus: Path) -> list[Passage]:
    """The passages of one `corpus.jsonl`. Their source is the title: an article has it in each set."""
    found: list[Passage] = []
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    language = detect("\n".join(str(row["text"]) for row in rows[:50]))
    for row in rows if language in LANGUAGES else ():
        text = str(row["text"]).strip("\ufeff \n")
        title = str(row.get("entity") or row.get("title") or "")
        if len(text) >= _SHORTEST:
            source = title or hashlib.sha256(text.encode()).hexdigest()[:16]
            found.append(Passage(set=corpus.parent.name, source=source, text=text, language=language))
    return found


def folder_passages(folder: Path) -> list[Passage]:
    """The passages of every readable document below `folder`; hidden files and those with `_` are left out."""
    found: list[Passage] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name[0] in "._":
            continue
        try:
            parsed = parse_file(path, Limits())
        except Refused:
            continue
        name = path.relative_to(folder).as_posix()
        document, placed = to_document(name, parsed, "")
        for chunk in split(document, placed, count_tokens=_guess, chunk_tokens=_TOKENS):
            if len(chunk.text) >= _SHORTEST // 2 and document.language in LANGUAGES:
                found.append(
                    Passage(set=folder.name, source=name, text=chunk.text, language=document.language)
                )
    return found


def _guess(texts: Sequence[str]) -> list[int]:
    return [len(_HAN.findall(text)) + len(_HAN.sub("", text)) // 4 for text in texts]


def read_passages(data: Path, folders: Sequence[Path]) -> list[Passage]:
    """English and Chinese passages of the retrieval sets below `data` and of `folders`, each text once."""
    seen: set[str] = set()
    return [each for each in _all(data, folders) if not (each.text in seen or seen.add(each.text))]  # type: ignore[func-returns-value]


def _all(data: Path, folders: Sequence[Path]) -> Iterator[Passage]:
    for corpus in sorted(data.rglob("corpus.jsonl")):
        yield from retrieval_passages(corpus)
    for folder in folders:
        yield from folder_passages(folder)
