"""Do customers find what answers them? BM25, embedders plain and tuned, their fusions, and a reader, in one run.

    scripts/bench_support.py DATA [--sets kagi,ucloud_zh,arduino,odoo_docs] [--embedders ...] [--reader NAME]

DATA holds `support/`, `kb/arduino-help-center` and `reader/` in the layout that `companies.py` describes; nothing was
trained on `support/` nor on `odoo_docs`. Prints for each company and system what `support_figures.py` defines, 95 %
bootstrap intervals, the F1 of the chosen sentence with the gold excerpt where there is one, and milliseconds a question
without embedding the passages. "sentences": the best sentence's cosine counts as much as the passage's.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from companies import Company, Question, read_companies, read_company
from ragbot.errors import ModelNotFound
from ragbot.models.embed import OnnxEmbedder, load_embedder
from ragbot.models.read import Reader, load_reader
from ragbot.settings import EmbedderSettings, ModelsSettings, load_settings
from ragbot.text.words import terms
from ragbot.types import Candidate
from retrieval_sets import read_lines, read_set, set_folders
from support_figures import DEPTH, NAMES, Figures, Ranked, asked, figures, interval, show

_RRF = 20
"""k of reciprocal rank fusion (Cormack, Clarke & Büttcher, 2009)."""
_POOL = 50
"""Passages of each side that are fused."""
_SETS = "arduino,kagi,ucloud_zh,odoo_docs"
EMBEDDERS = ("all-minilm-l6-v2", "multilingual-e5-small", "e5-support")
Floats = NDArray[np.floating]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=_SETS)
    parser.add_argument("--embedders", default=",".join(EMBEDDERS))
    parser.add_argument("--reader", default="", help="reads the first candidates of the last embedder")
    parser.add_argument("--chunk-tokens", type=int, default=180)
    parser.add_argument(
        "--public", action="store_true", help="instead, recall@1 and @5 on the sets of DATA/retrieval"
    )
    given = parser.parse_args()
    models = load_settings().models
    embedders = {name: _embedder(name, models) for name in given.embedders.split(",")}
    if given.public:
        for folder in set_folders(given.data / "retrieval", given.sets if given.sets != _SETS else ""):
            _public(folder, embedders)
        return
    reader = load_reader(given.reader, models) if given.reader else None
    by_system: dict[str, list[Figures]] = {}
    for name in given.sets.split(","):
        for company in _companies(given.data, name, [*embedders.values()][-1], given.chunk_tokens):
            print(f"{company.name}: {len(company.passages)} passages", flush=True)
            for found in _of_company(company, embedders, reader):
                by_system.setdefault(found.system, []).append(found)
    for several in by_system.values():
        show(several)
        for each in several:
            print(f"    {each.company}: {_intervals(each)}")


def _embedder(name: str, models: ModelsSettings) -> OnnxEmbedder:
    try:
        embedder = load_embedder(EmbedderSettings(model=name, device="cpu"), models)
    except ModelNotFound as error:
        raise SystemExit(str(error)) from error
    if not isinstance(embedder, OnnxEmbedder):
        raise SystemExit(f"{name} has no int8 graph here")
    return embedder


def _companies(data: Path, name: str, counter: OnnxEmbedder, chunk_tokens: int) -> list[Company]:
    if name == "arduino":
        articles, questions = data / "kb/arduino-help-center", data / "support/arduino_dev.jsonl"
        count = counter.count_tokens
        return [read_company(name, articles, questions, count_tokens=count, chunk_tokens=chunk_tokens)]
    folder, _, part = name.partition("/")
    home = data / "support" / folder if (data / "support" / folder).is_dir() else data / "reader" / folder
    found = read_companies(home, count_tokens=counter.count_tokens, chunk_tokens=chunk_tokens)
    return [each for each in found if not part or each.name == name]


def _of_company(company: Company, embedders: dict[str, OnnxEmbedder], reader: Reader | None) -> list[Figures]:
    questions = asked(company)
    began = time.perf_counter()
    words = _bm25(company, questions)
    made = [figures(company, f"BM25 ({_each(began, questions)})", _ranked(words))]
    dense: dict[str, Floats] = {}
    for name, embedder in embedders.items():
        began = time.perf_counter()
        passages, sentences = embedder.embed_sentences(
            [each.text for each in company.passages], [each.spans for each in company.passages]
        )
        speed = len(company.passages) / (time.perf_counter() - began)
        began = time.perf_counter()
        messages = _messages(embedder, questions)
        whole = messages @ passages.T
        both = (whole + _best_sentences(messages, sentences, passages)) / 2
        print(f"  {name}: {speed:.0f} passages a second, {_each(began, questions)}", flush=True)
        dense[name] = both
        chosen = _excerpts(company, questions, messages, sentences, both)
        made.append(figures(company, name, _ranked(whole)))
        made.append(replace(figures(company, f"{name}, sentences", _ranked(both)), f1=chosen))
        made.append(figures(company, f"{name}, sentences, BM25", _ranked(_fused([both, words]))))
    for other in list(dense)[:-1]:
        last = list(dense)[-1]
        made.append(figures(company, f"{other} + {last}", _ranked(_fused([dense[other], dense[last]]))))
    if reader is not None:
        began = time.perf_counter()
        read = [_read(reader, company, question, row) for question, row in zip(questions, both, strict=True)]
        print(f"  {reader.name}: {_each(began, questions)} for {DEPTH} candidates", flush=True)
        made.append(figures(company, reader.name, read))
    return made


def _public(folder: Path, embedders: dict[str, OnnxEmbedder]) -> None:
    """What must not get worse: passages of a public set by vectors alone, the message as it is; recall is the share of
    a question's relevant passages."""
    found = read_set(folder)
    rows = read_lines(folder / "corpus.jsonl")
    names = [row["_id"] for row in rows]
    texts = [f"{row.get('title') or ''}\n{row['text']}".strip() for row in rows]
    for name, embedder in embedders.items():
        passages = embedder.embed(texts)
        order = np.argsort(
            -(embedder.embed([each.text for each in found.queries], kind="query") @ passages.T), axis=1
        )
        recall = [
            [
                len({names[place] for place in row[:k]} & set(query.relevant)) / min(len(query.relevant), k)
                for k in (1, 5)
            ]
            for query, row in zip(found.queries, order, strict=True)
        ]
        at1, at5 = np.mean(recall, axis=0)
        print(
            f"{found.name:14s} {name:24s} {len(recall):5d}  recall@1 {at1:.3f}  recall@5 {at5:.3f}",
            flush=True,
        )


def _each(began: float, questions: Sequence[Question]) -> str:
    return f"{1000 * (time.perf_counter() - began) / len(questions):.0f} ms a question"


def _bm25(company: Company, questions: Sequence[Question]) -> Floats:
    """Scores, shape (questions, passages), with the words that the lexical index of ragbot knows."""
    index = bm25s.BM25()
    texts = [
        list(terms(each.text, language=str(each.chunk.meta.get("language", "en"))))
        for each in company.passages
    ]
    index.index(texts, show_progress=False)
    rows = [index.get_scores(list(terms(each.in_context, language=each.language))) for each in questions]
    return np.array(rows, dtype=np.float32)


def _messages(embedder: OnnxEmbedder, questions: Sequence[Question]) -> Floats:
    """Message and message in context together, of length 1."""
    vectors: Floats = sum(
        embedder.embed(texts, kind="query")
        for texts in ([each.text for each in questions], [each.in_context for each in questions])
    )  # type: ignore[assignment]  # sum begins with an int
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _best_sentences(messages: Floats, sentences: Sequence[Floats], passages: Floats) -> Floats:
    """Cosine of each message with the best sentence of each passage; a passage without any is its own."""
    own = [each if len(each) else passages[row : row + 1] for row, each in enumerate(sentences)]
    starts = np.cumsum([0, *(len(each) for each in own)])[:-1]
    best: Floats = np.maximum.reduceat(messages @ np.concatenate(own).T, starts, axis=1)
    return best


def _ranked(scores: Floats) -> list[Ranked]:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return [
        Ranked(passages=row.tolist(), confidence=float(scores[number, row[0]]))
        for number, row in enumerate(order)
    ]


def _fused(sides: Sequence[Floats]) -> Floats:
    fused = np.zeros_like(sides[0])
    for scores in sides:
        order = np.argsort(-scores, axis=1, kind="stable")[:, :_POOL]
        for number, row in enumerate(order):
            fused[number, row] += 1 / (_RRF + 1 + np.arange(len(row), dtype=np.float32))
    return fused


def _excerpts(
    company: Company,
    questions: Sequence[Question],
    messages: Floats,
    sentences: Sequence[Floats],
    scores: Floats,
) -> NDArray[np.float64]:
    """F1 of the best sentence of the first passage with the gold excerpts, of each question that has some."""
    found = []
    for number, question in enumerate(questions):
        if question.answer:
            first = int(scores[number].argmax())
            passage = company.passages[first]
            if passage.spans:
                start, end = passage.spans[int((sentences[first] @ messages[number]).argmax())]
                found.append(_f1(passage.text[start:end], " ".join(question.answer), question.language))
            else:
                found.append(_f1(passage.text, " ".join(question.answer), question.language))
    return np.array(found)


def _f1(given: str, wanted: str, language: str) -> float:
    """Of the bags of words (Rajpurkar et al., "SQuAD", 2016)."""
    a, b = (Counter(terms(each, language=language)) for each in (given, wanted))
    common = sum((a & b).values())
    return 2 * common / (sum(a.values()) + sum(b.values())) if common else 0.0


def _read(reader: Reader, company: Company, question: Question, row: Floats) -> Ranked:
    numbers = np.argsort(-row, kind="stable")[:DEPTH].tolist()
    passages = [company.passages[number] for number in numbers]
    readings = reader.read(
        question.in_context, [Candidate(text=each.text, spans=each.spans) for each in passages]
    )
    order = sorted(range(len(numbers)), key=lambda place: -readings[place].probability)
    return Ranked(
        passages=[numbers[place] for place in order], confidence=max(each.probability for each in readings)
    )


def _mean(values: Floats, drawn: NDArray[np.int64]) -> float:
    return float(values[drawn].mean())


def _intervals(found: Figures) -> str:
    size = len(found.found)
    parts = []
    for name, values in zip(NAMES, found.found.T, strict=True):
        low, high = interval(partial(_mean, values), size)
        parts.append(f"{name} {low:.2f} to {high:.2f}")
    if found.f1.size:
        parts.append(f"F1 of the sentence {found.f1.mean():.2f}")
    return ", ".join(parts)


if __name__ == "__main__":
    main()
