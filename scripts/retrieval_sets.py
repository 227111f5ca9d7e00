"""Retrieval sets in BEIR's layout, as the benchmark and the training of the ranker read them.

    corpus.jsonl   {_id, title, text, ...}            one passage a line
    queries.jsonl  {_id, text, history?, ...}         `scenario`, where given, is said before the question
    qrels.tsv      query-id, corpus-id, score         a query without a row has no answer in the corpus

Each set is split in two by what its questions share (article, conversation, right passage), so that nothing that
was learnt on one half helps the other by knowing the text.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragbot import KnowledgeBase
from ragbot.types import Turn

FILES = ("corpus.jsonl", "queries.jsonl", "qrels.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question with the passages that answer it."""

    id: str
    text: str
    history: tuple[Turn, ...]
    relevant: Mapping[str, int]
    """Passage -> grade; never empty."""
    group: str
    """What it shares with others: the article of the right passage, the conversation, or the passage itself."""
    held_out: bool
    """Whether it belongs to the half that nothing is learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalSet:
    name: str
    corpus: Path
    queries: tuple[Query, ...]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def set_folders(data: Path, names: str = "") -> list[Path]:
    """The folders below `data` that hold a set, or those of them that the comma-separated `names` name."""
    found = sorted(path.parent for path in data.rglob("corpus.jsonl"))
    found = [folder for folder in found if all((folder / name).is_file() for name in FILES)]
    if names:
        wanted = names.split(",")
        if missing := set(wanted) - {folder.name for folder in found}:
            raise SystemExit(f"{data} holds no set named {', '.join(sorted(missing))}")
        found = [folder for folder in found if folder.name in wanted]
    if not found:
        raise SystemExit(f"{data} holds no folder with {', '.join(FILES)}")
    return found


def _in_second_half(key: str) -> bool:
    """Even or odd by a hash, so that a share of the groups does not depend on their order or number."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 1


def read_set(folder: Path) -> RetrievalSet:
    """The set in `folder`. Empty queries are left out, and those that no passage answers: they measure
    abstention."""
    titles = {row["_id"]: str(row.get("title") or "") for row in read_lines(folder / "corpus.jsonl")}
    relevant: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, {})[passage] = int(grade)
    rows = [
        row for row in read_lines(folder / "queries.jsonl") if row["_id"] in relevant and row["text"].strip()
    ]
    queries = tuple(_queries(rows, relevant, titles))
    return RetrievalSet(name=folder.name, corpus=folder / "corpus.jsonl", queries=queries)


def _queries(
    rows: list[dict[str, Any]], relevant: Mapping[str, Mapping[str, int]], titles: Mapping[str, str]
) -> Iterator[Query]:
    conversational = any(row.get("history") and not row.get("scenario") for row in rows)
    for row in rows:
        first = min(relevant[row["_id"]])
        group = row["_id"].split("<::>")[0] if conversational else titles.get(first) or first
        scenario = str(row.get("scenario") or "")
        # What a set with scenarios asks in its history are follow-up questions about the scenario, not topics.
        history = () if "scenario" in row else tuple(Turn(**turn) for turn in row.get("history") or ())
        yield Query(
            id=row["_id"],
            text=f"{row['text']} {scenario}".strip(),
            history=history,
            relevant=relevant[row["_id"]],
            group=group,
            held_out=_in_second_half(group),
        )


def open_indexed(each: RetrievalSet, work: Path) -> KnowledgeBase:
    """The set's passages as a knowledge base under `work`, made there unless an earlier run did."""
    work.mkdir(parents=True, exist_ok=True)
    kb = KnowledgeBase.open(work / each.name)
    report = kb.sync(each.corpus)
    if report.added or report.changed:
        print(f"{each.name}: {report}", flush=True)
    return kb


def after_others(query: Query, each: RetrievalSet, texts: Mapping[str, str], rng: random.Random) -> Query:
    """A question without a conversation after two others of the same set, about something else, and their answers."""
    if query.history:
        return query
    history: list[Turn] = []
    for other in rng.sample(each.queries, 2):
        if other.group != query.group:
            answer = texts[min(other.relevant)][:300]
            history += [Turn(role="user", text=other.text), Turn(role="assistant", text=answer)]
    return replace(query, history=tuple(history))


def passage_texts(each: RetrievalSet) -> dict[str, str]:
    """Id and text of each passage."""
    return {row["_id"]: row["text"] for row in read_lines(each.corpus)}


def with_slip(query: Query, rng: random.Random) -> Query:
    """A question with one slip of the finger in a word of six small letters or more: two letters exchanged, one left
    out, one twice, or one wrong; the first letter stays. As it is where there is no such word."""
    words = list(re.finditer(r"(?<![^\W_])[a-z]{6,}(?![^\W_])", query.text))
    if not words:
        return query
    chosen = rng.choice(words)
    word, place = chosen.group(), rng.randrange(1, len(chosen.group()) - 1)
    head, letter, tail = word[:place], word[place], word[place + 1 :]
    wrong = rng.choice([each for each in "abcdefghijklmnopqrstuvwxyz" if each != letter])
    slips = [head + tail[0] + letter + tail[1:], head + tail, head + letter * 2 + tail, head + wrong + tail]
    return replace(query, text=query.text[: chosen.start()] + rng.choice(slips) + query.text[chosen.end() :])
