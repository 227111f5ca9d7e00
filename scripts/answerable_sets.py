"""Questions that documents answer and questions that they do not, asked once each: what the bot makes of them.

Sets in BEIR's layout, whose queries say by `answerability` or by a row of the qrels whether something answers them;
of those with withheld passages, half of the passages are taken away, so that the questions about these have no answer.
And a folder of documents with `_testset.jsonl`. Questions of one article or conversation lie in the same half.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragbot import KnowledgeBase
from ragbot.answer.abstain import answerable, features
from ragbot.answer.compose import choose
from ragbot.answer.weigh import Scorer, as_found
from ragbot.evaluate.metrics import contains, contains_groups
from ragbot.text.words import fold
from ragbot.types import Turn
from retrieval_sets import read_lines

QUOTED = 3
"""Pieces that the bot quotes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A set, and how much of it is asked."""

    name: str
    most: int
    """Questions, drawn with a fixed seed."""
    withheld: bool = False
    """Whether half of its passages are taken away."""

    @property
    def title(self) -> str:
        return f"{self.name}-half" if self.withheld else self.name


SOURCES = (
    Source(name="squad2", most=1400),
    Source(name="squad2", most=1400, withheld=True),
    Source(name="mtrag-un", most=1400),
    Source(name="mtrag-un", most=1400, withheld=True),
    Source(name="or-sharc-dev", most=500, withheld=True),
    Source(name="xquad-en", most=500, withheld=True),
    Source(name="cmrc-zh", most=300, withheld=True),
    Source(name="xquad-zh", most=300, withheld=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question, and what would be right."""

    text: str
    history: tuple[Turn, ...]
    group: str
    """Its article or conversation."""
    held_out: bool
    answerable: bool
    right: Mapping[str, Any]
    """A case of a test set; `{"answers": [...]}`; empty where no text tells a right quote from a wrong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was found for one question."""

    set: str
    group: str
    held_out: bool
    answerable: bool
    right: bool
    """It is answerable, and the quote says an answer, where the set tells."""
    known: bool
    """Whether the embedder knows the language of the best piece."""
    row: tuple[float, ...]
    """`abstain.FEATURES`; empty where nothing was found."""
    confidence: float
    """By the weights in force."""
    piece: float
    """Probability of the best piece."""
    search: float
    """Score of the best passage."""
    cosine: float
    """Of the nearest passage; 0 where meaning found none."""


def ask_all(data: Path, knowledge: Path, work: Path, sources: Sequence[Source] = SOURCES) -> list[Asked]:
    """Every set of `sources` below `data`, and `knowledge`, indexed in `work` unless they are."""
    asked: list[Asked] = []
    for source in sources:
        corpus, queries = read_source(data / source.name, source)
        work.mkdir(parents=True, exist_ok=True)
        file = work / f"{source.title}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in corpus), encoding="utf-8")
        asked += ask(source.title, file, queries, work)
    asked += ask("sample", knowledge, read_testset(knowledge), work)
    return asked


def ask(name: str, documents: Path, queries: Sequence[Query], work: Path) -> Iterator[Asked]:
    with KnowledgeBase.open(work / name) as kb:
        print(f"{name}: {kb.sync(documents)}; {len(queries)} questions", flush=True)
        scorer = Scorer(kb.embedder, kb.idf)
        for query in queries:
            yield _asked(name, query, kb, scorer)


def _asked(name: str, query: Query, kb: KnowledgeBase, scorer: Scorer) -> Asked:
    question = kb.understand(query.text, query.history)
    hits = kb.search(query.text, history=query.history)
    scored = scorer.score(question, hits)
    likely = as_found(scored, hits)
    quote = " ".join(unit.text for unit in choose(question, likely, hits, most=QUOTED))
    return Asked(
        set=name,
        group=query.group,
        held_out=query.held_out,
        answerable=query.answerable,
        right=query.answerable and says(quote, query.right),
        known=bool(likely) and likely[0].known,
        row=features(question, hits, scored, likely) if likely else (),
        confidence=answerable(question, hits, scored, likely),
        piece=likely[0].probability if likely else 0.0,
        search=max((hit.score for hit in hits), default=0.0),
        cosine=max((hit.dense_score or 0.0 for hit in hits), default=0.0),
    )


def says(quote: str, right: Mapping[str, Any]) -> bool:
    """Whether the quote says what is right, as far as `right` tells."""
    if "answers" in right:
        return any(_plain(answer) in _plain(quote) for answer in right["answers"])
    groups = [[group] if isinstance(group, str) else group for group in right.get("must_contain", ())]
    wrong = any(contains(quote, one) for one in right.get("must_not_contain", ()))
    return contains_groups(quote, groups) and not wrong


def read_source(folder: Path, source: Source) -> tuple[list[dict[str, Any]], list[Query]]:
    """The passages that are left and the questions. Raises `OSError` where a file is missing."""
    corpus = read_lines(folder / "corpus.jsonl")
    relevant: dict[str, list[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, passage, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, []).append(passage)
    rows = [row for row in read_lines(folder / "queries.jsonl") if row["text"].strip()]
    random.Random(7).shuffle(rows)
    left = [row for row in corpus if not (source.withheld and in_second_half("w" + row["_id"]))]
    titles = {row["_id"]: row.get("title") or row["_id"] for row in corpus}
    there = {row["_id"] for row in left}
    queries = [
        _query(row, relevant.get(row["_id"], []), there, titles, source) for row in rows[: source.most]
    ]
    return left, [query for query in queries if query is not None]


def _query(
    row: Mapping[str, Any],
    relevant: Sequence[str],
    there: set[str],
    titles: Mapping[str, str],
    source: Source,
) -> Query | None:
    """None for a question that is neither answerable nor not: vague ones, and those that lost a part of their
    passages."""
    left = sum(passage in there for passage in relevant)
    label = row.get("answerability") or ("answerable" if relevant else "unanswerable")
    if source.withheld:
        if not relevant or 0 < left < len(relevant):
            return None
        label = "answerable" if left else "unanswerable"
    if label not in ("answerable", "unanswerable"):
        return None
    passage = row.get("paragraph") or (relevant[0] if relevant else "")
    dialogue, apart, _ = row["_id"].partition("<::>")
    group = dialogue if apart else titles.get(passage, passage)
    # What a set with scenarios asks in its history are follow-up questions about the scenario, not topics.
    history = () if "scenario" in row else tuple(Turn(**turn) for turn in row.get("history") or ())
    return Query(
        text=f"{row['text']} {row.get('scenario') or ''}".strip(),
        history=history,
        group=group,
        held_out=in_second_half(group),
        answerable=label == "answerable",
        right={"answers": row["answers"]} if row.get("answers") else {},
    )


def read_testset(folder: Path) -> list[Query]:
    """The questions of `_testset.jsonl` that are to be answered, or not; those tagged `split_dev` are learnt from."""
    return [
        Query(
            text=case["question"],
            history=tuple(Turn(**turn) for turn in case.get("history", ())),
            group=case["id"],
            held_out="split_dev" not in case["tags"],
            answerable=case["expect"] == "answered",
            right=case,
        )
        for case in read_lines(folder / "_testset.jsonl")
        if case.get("expect") in ("answered", "abstained")
    ]


def in_second_half(key: str) -> bool:
    """Even or odd by a hash, so that a group's half does not depend on the others."""
    return hashlib.sha256(key.encode()).digest()[0] % 2 == 1


def _plain(text: str) -> str:
    return "".join(fold(text).split())
