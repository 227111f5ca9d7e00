"""BEIR folders in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quick import open_quick, quick_sync

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.exchange import beir
from ragbot.evaluate.exchange.convert import export_testset, import_testset, write_corpus
from ragbot.evaluate.exchange.rows import to_lines
from ragbot.evaluate.testset import Case, resolve_sources
from ragbot.types import Turn

CORPUS = [
    {"_id": "shop/1", "title": "Returns", "text": "You can return a lamp within 30 days."},
    {"_id": "_2", "title": "", "text": "Refunds are paid within 5 days."},
    {"_id": "3", "title": "Empty", "text": ""},
]
QUERIES: list[dict[str, object]] = [
    {"_id": "q1", "text": "How long can I return a lamp?", "language": "en"},
    {"_id": "q2", "text": "And the money?", "history": [{"role": "user", "text": "I return a lamp."}]},
    {"_id": "q3", "text": "Do you sell cars?"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set; `q3` is not judged."""
    beir_folder = tmp_path / "set"
    (beir_folder / "qrels").mkdir(parents=True)
    (beir_folder / "corpus.jsonl").write_text(to_lines(CORPUS), encoding="utf-8")
    (beir_folder / "queries.jsonl").write_text(to_lines(QUERIES), encoding="utf-8")
    (beir_folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tshop/1\t1\nq1\t3\t0\nq2\t_2\t2\n", encoding="utf-8"
    )
    return beir_folder


def test_a_set_becomes_a_test_set_over_documents_that_can_be_indexed(folder: Path, tmp_path: Path) -> None:
    """Each passage is a document of its own, and the cases' sources are these documents."""
    imported = import_testset(folder)
    assert imported.format == "beir"
    assert imported.notes == ("1 queries without a relevant passage were left out",)
    assert write_corpus(folder, tmp_path / "corpus") == 2
    kb = open_quick(tmp_path / "kb")
    report = quick_sync(kb, tmp_path / "corpus")
    assert len(report.added) == 2
    first, second = resolve_sources(imported.cases, [document.source for document in kb.documents()])
    assert first == Case(
        id="q1",
        question="How long can I return a lamp?",
        expect="answered",
        sources=("corpus/shop%2F1.jsonl",),
        language="en",
    )
    assert second.history == (Turn(role="user", text="I return a lamp."),)
    (found,) = [document for document in kb.documents() if document.source == first.sources[0]]
    assert "within 30 days" in found.text
    (chunk,) = kb.chunks(found.id)
    assert chunk.heading == "Returns"
    kb.close()


def test_queries_without_a_passage_expect_silence_if_asked_for(folder: Path) -> None:
    """For sets in which a query without a judgement has no answer."""
    cases = import_testset(folder, unanswerable=True).cases
    assert [(case.id, case.expect) for case in cases][2:] == [("q3", "abstained")]


def test_a_corpus_is_written_into_an_empty_folder_only(folder: Path) -> None:
    """What is there is never mixed with it."""
    with pytest.raises(InputError, match="is not empty"):
        write_corpus(folder, folder)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("queries.jsonl", '{"_id": "q1"}\n', "line 1: text is missing"),
        ("queries.jsonl", '{"text": "q"}\n', "line 1: _id must be a text"),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n' * 2, "line 2: _id 'q1' is used before"),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n', "1 queries are judged that the file lacks: q2"),
        ("queries.jsonl", '{"_id": "q1", "text": "a", "history": ["b"]}\n', "history must be"),
        ("qrels/test.tsv", "q1 only\n", "line 1: must be"),
    ],
)
def test_malformed_rows_are_told(folder: Path, name: str, text: str, message: str) -> None:
    """With their lines."""
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(TestsetError, match=message):
        beir.read_queries(folder)


def test_malformed_passages_are_told(folder: Path) -> None:
    """Before any is written."""
    (folder / "corpus.jsonl").write_text(
        '{"_id": 1, "text": "a"}\n{"_id": "1", "text": "b"}\n', encoding="utf-8"
    )
    with pytest.raises(TestsetError, match="line 2: _id '1' is used before"):
        write_corpus(folder, folder / "out")
    assert not (folder / "out").exists()


def test_our_test_set_becomes_a_folder_that_is_read_again(folder: Path, tmp_path: Path) -> None:
    """Queries, judgements over sources, and the documents as corpus."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "returns.md").write_text("# Returns\n\nWithin 30 days.\n", encoding="utf-8")
    kb = open_quick(tmp_path / "kb")
    quick_sync(kb, tmp_path / "docs")
    cases = [
        Case(
            id="a",
            question="How long?",
            history=(Turn(role="user", text="A return."),),
            sources=("docs/returns.md",),
            language="en",
        ),
        Case(id="b", question="Cars?", expect="abstained"),
    ]
    files = export_testset(cases, "beir", tmp_path / "out", documents=kb.documents())
    assert sorted(file.relative_to(tmp_path / "out").as_posix() for file in files) == [
        "corpus.jsonl",
        "qrels/test.tsv",
        "queries.jsonl",
    ]
    (passage,) = (json.loads(line) for line in (tmp_path / "out" / "corpus.jsonl").read_text().splitlines())
    assert passage["_id"] == "docs/returns.md"
    read = import_testset(tmp_path / "out", unanswerable=True).cases
    assert [(each.id, each.question, each.history, each.language) for each in read] == [
        (case.id, case.question, case.history, case.language) for case in cases
    ]
    assert read[0].sources == (beir.file_name("docs/returns.md"),)
    kb.close()


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_of_files_are_safe_and_differ(one: str, other: str) -> None:
    """No part of a path, not hidden, short enough, and different for different passages."""
    if any("\ud800" <= char <= "\udfff" for char in one + other):
        return
    name = beir.file_name(one)
    assert "/" not in name
    assert not name.startswith((".", "_"))
    assert len(name.encode()) < 200
    assert (name == beir.file_name(other)) == (one == other)
