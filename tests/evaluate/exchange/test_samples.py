"""RAGAS, DeepEval and tables in and out."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluation import report, row

from ragbot.errors import InputError, TestsetError
from ragbot.evaluate.exchange.convert import ExportFormat, detect, export_testset, import_testset
from ragbot.evaluate.exchange.native import to_text
from ragbot.evaluate.exchange.rows import to_lines
from ragbot.evaluate.exchange.trec import read_run
from ragbot.evaluate.testset import Case, load_testset
from ragbot.types import Citation, Document, Turn

QUOTE = "You can return any lamp within 30 days of delivery."
RETURNS = Document(id="1", source="docs/returns.md", title="Returns", text=f"# Returns\n\n{QUOTE}\n")
OTHER = Document(id="2", source="docs/other.md", title="Other", text="Nothing of the kind.")
CASES = [
    Case(
        id="a",
        question="How long?",
        history=(
            Turn(role="user", text="I want to return a lamp.\nIt is red."),
            Turn(role="assistant", text="Yes?"),
        ),
        expect="answered",
        sources=("docs/returns.md",),
        reference="30 days.",
        must_contain=(("30 days",),),
        language="en",
        tags=("follow_up",),
    ),
    Case(id="b", question="汽车多少钱？", expect="abstained", language="zh"),
]
CITATION = Citation(
    number=1, source="docs/returns.md", title="", heading="", page=None, start=0, end=len(QUOTE), quote=QUOTE
)
REPORT = report(
    [
        replace(
            row("a", answer="Within 30 days. [1]"),
            citations=(CITATION, CITATION),
            retrieved=("docs/returns.md", "docs/other.md", "docs/returns.md"),
        ),
        row("b", status="abstained", answer="I do not know.", verdicts=()),
    ]
)


def save(folder: Path, name: str, *rows: Any) -> Path:
    path = folder / name
    path.write_text(to_lines(rows) if name.endswith("l") else json.dumps(rows), encoding="utf-8")
    return path


def exported(folder: Path, format: ExportFormat, **more: Any) -> list[dict[str, Any]]:
    out = folder / f"out.{'jsonl' if format == 'ragas' else 'json'}"
    assert export_testset(CASES, format, out, **more) == [out]
    text = out.read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = (
        json.loads(text) if format == "deepeval" else [json.loads(line) for line in text.splitlines()]
    )
    return rows


def test_ragas_rows_of_a_report(tmp_path: Path) -> None:
    """The field names of a SingleTurnSample; without passages, the contexts are the quotes that the answer cites."""
    first, second = exported(tmp_path, "ragas", report=REPORT)
    assert first == {
        "id": "a",
        "user_input": "User: I want to return a lamp.\nIt is red.\nAssistant: Yes?\nUser: How long?",
        "retrieved_contexts": [QUOTE],
        "response": "Within 30 days. [1]",
        "reference": "30 days.",
    }
    assert second == {
        "id": "b",
        "user_input": "汽车多少钱？",
        "retrieved_contexts": [],
        "response": "I do not know.",
    }


def test_deepeval_rows_of_a_report(tmp_path: Path) -> None:
    """The field names of an LLMTestCase; with passages, the retrieval context is theirs."""
    first, second = exported(tmp_path, "deepeval", report=REPORT, contexts={"a": ["one", "two"]})
    assert first == {
        "name": "a",
        "input": "User: I want to return a lamp.\nIt is red.\nAssistant: Yes?\nUser: How long?",
        "actual_output": "Within 30 days. [1]",
        "expected_output": "30 days.",
        "retrieval_context": ["one", "two"],
        "tags": ["follow_up"],
        "additional_metadata": {"language": "en", "sources": ["docs/returns.md"]},
    }
    assert second["retrieval_context"] == []


def test_without_a_report_nothing_is_said_of_the_bot(tmp_path: Path) -> None:
    """Rows of a test set alone hold no answer and no contexts."""
    for format, keys in (
        ("ragas", {"response", "retrieved_contexts"}),
        ("deepeval", {"actual_output", "retrieval_context"}),
    ):
        assert all(not keys & set(each) for each in exported(tmp_path, format))  # type: ignore[arg-type]


@pytest.mark.parametrize("format", ["ragas", "deepeval"])
def test_what_is_exported_is_imported_again(tmp_path: Path, format: ExportFormat) -> None:
    """Question, conversation, reference and id; DeepEval keeps sources, tags and language too."""
    exported(tmp_path, format, report=REPORT)
    imported = import_testset(tmp_path / f"out.{'jsonl' if format == 'ragas' else 'json'}")
    assert imported.format == format
    first, second = imported.cases
    assert (first.id, first.question, first.history) == ("a", "How long?", CASES[0].history)
    assert (first.reference, first.expect) == ("30 days.", "answered")
    assert (second.question, second.expect) == ("汽车多少钱？", None)
    if format == "deepeval":
        assert (first.sources, first.tags, first.language) == (CASES[0].sources, ("follow_up",), "en")


def test_older_ragas_rows_and_conversations(tmp_path: Path) -> None:
    """`question`, `contexts`, `answer` and `ground_truth`, and messages of a MultiTurnSample."""
    file = save(
        tmp_path,
        "old.jsonl",
        {"question": "How long?", "answer": "x", "contexts": ["y"], "ground_truth": "30 days."},
        {
            "user_input": [
                {"content": "Hi", "type": "human"},
                {"content": "Hello", "type": "ai"},
                {"content": "How long?", "type": "human"},
                {"content": "30 days.", "type": "ai"},
            ],
            "reference": "30 days.",
        },
    )
    first, second = import_testset(file).cases
    assert (first.id, first.question, first.reference) == ("old-0001", "How long?", "30 days.")
    assert (second.question, second.history) == (
        "How long?",
        (Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello")),
    )


def test_texts_are_looked_up_in_the_documents(tmp_path: Path) -> None:
    """Reference contexts name the documents that hold them, whatever their white space; those of none are counted."""
    file = save(
        tmp_path,
        "rows.jsonl",
        {
            "user_input": "How long?",
            "reference": "30.",
            "reference_contexts": ["You can  return any LAMP\nwithin 30 days"],
        },
        {"user_input": "And?", "reference": "30.", "reference_contexts": ["No document says this sentence."]},
        {"user_input": "Short?", "reference": "30.", "reference_contexts": ["kind"]},
    )
    imported = import_testset(file, documents=[RETURNS, OTHER])
    assert [case.sources for case in imported.cases] == [("docs/returns.md",), (), ()]
    assert imported.notes == ("2 of 3 questions have no document that holds their texts",)
    assert "3 of 3 questions name no document" in import_testset(file).notes[0]


def test_camel_case_and_goldens(tmp_path: Path) -> None:
    """DeepEval's files spell fields both ways; a golden's source file is the source."""
    rows = [
        {"input": "How long?", "expectedOutput": "30 days.", "sourceFile": "returns.md", "context": ["x"]}
    ]
    file = tmp_path / "goldens.json"
    file.write_text(json.dumps({"goldens": rows}), encoding="utf-8")
    (case,) = import_testset(file).cases
    assert (case.reference, case.sources, case.expect) == ("30 days.", ("returns.md",), "answered")


def test_tables_written_by_python_are_read(tmp_path: Path) -> None:
    """RAGAS writes lists into CSV cells as Python shows them, DeepEval parts them by bars."""
    for name, header, cell in (
        ("ragas.csv", ["user_input", "reference", "reference_contexts"], repr([QUOTE, "it's"])),
        ("deepeval.csv", ["input", "expected_output", "context"], f"{QUOTE}|it's"),
    ):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, ["How long?", "30 days.", cell]])
        imported = import_testset(tmp_path / name, documents=[RETURNS])
        assert imported.format == name.removesuffix(".csv")
        assert imported.cases[0].sources == ("docs/returns.md",)


def test_a_plain_table(tmp_path: Path) -> None:
    """Columns as people name them; facts in groups of alternatives."""
    file = tmp_path / "faq.csv"
    file.write_text(
        "Question,Answer,Source,must_contain,Tags,Status\n"
        "How long?,30 days.,returns.md|other.md,30 days|thirty days; delivery,a|b,\n"
        "Cars?,,,,,abstained\nHm?,,,,,\n",
        encoding="utf-8",
    )
    imported = import_testset(file)
    first, second, third = imported.cases
    assert first == Case(
        id="faq-0001",
        question="How long?",
        expect="answered",
        sources=("returns.md", "other.md"),
        reference="30 days.",
        must_contain=(("30 days", "thirty days"), ("delivery",)),
        tags=("a", "b"),
    )
    assert (second.expect, third.expect) == ("abstained", None)
    assert imported.notes == ("1 of 3 questions have nothing that tells a right answer; give them `expect`",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "question,price\nq,1\n", "line 2: unknown column 'price'"),
        ("a.csv", "question,expect\nq,maybe\n", "line 2: expect must be one of"),
        ("a.csv", "question,reference\n,x\n", "line 2: the question is missing"),
        ("a.jsonl", '{"user_input": 7}\n', "line 1: user_input must be a text or a list"),
        ("a.jsonl", '{"user_input": "q"}\n{"retrieved_contexts": ["x"]}\n', "line 2: user_input"),
        ("a.jsonl", '{"user_input": [{"content": "x", "type": "ai"}]}\n', "has no message of the user"),
        ("a.jsonl", '{"user_input": [{"content": "x", "type": "robot"}]}\n', "each message of user_input"),
        ("a.jsonl", '{"user_input": "q", "id": "1"}\n' * 2, "line 2: id '1' is already used in line 1"),
        ("a.json", '[{"input": "q", "context": 7}]', "line 1: context must be a list of texts"),
        ("a.json", '[{"input": "", "name": "x"}]', "line 1: input is missing"),
    ],
)
def test_malformed_rows_are_told(tmp_path: Path, name: str, text: str, message: str) -> None:
    """With their lines, in one error."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TestsetError, match=message):
        import_testset(file)


def test_what_is_of_no_known_format(tmp_path: Path) -> None:
    """The next step is named."""
    with pytest.raises(InputError, match="say which with --format"):
        detect(save(tmp_path, "a.jsonl", {"prompt": "q"}))
    with pytest.raises(InputError, match="is no BEIR folder"):
        import_testset(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        import_testset(tmp_path / "none")


def test_a_trec_run_of_a_report(tmp_path: Path) -> None:
    """Sources that the test set names by their ends are those of the run."""
    short = [replace(CASES[0], sources=("returns.md",)), CASES[1]]
    files = export_testset(short, "trec", tmp_path / "out", report=REPORT)
    assert [file.name for file in files] == ["qrels.txt", "run.txt"]
    assert files[0].read_text(encoding="utf-8") == "a 0 docs/returns.md 1\n"
    assert [name for name, _ in read_run(files[1])["a"]] == ["docs/returns.md", "docs/other.md"]
    assert [file.name for file in export_testset(short, "trec", tmp_path / "out")] == ["qrels.txt"]


def test_a_report_of_another_test_set_is_refused(tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(InputError, match="is it of another one"):
        export_testset(CASES, "ragas", tmp_path / "out", report=report([row("z")]))
    assert not (tmp_path / "out").exists()


def test_a_test_set_is_written_as_it_is_read(tmp_path: Path) -> None:
    """Every field of every case."""
    cases = [replace(CASES[0], must_not_contain=("60 days",), conversation="c-1"), CASES[1]]
    file = tmp_path / "set.jsonl"
    file.write_text(to_text(cases), encoding="utf-8")
    assert load_testset(file) == cases
