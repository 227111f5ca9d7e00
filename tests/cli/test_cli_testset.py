"""`ragbot testset` over a small real knowledge base."""

from __future__ import annotations

import json
from collections.abc import Generator as Yielding
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import Run
from fakes import ScriptedGenerator

from ragbot.types import Generation, Message

ROWS = [
    {
        "id": "battery",
        "question": "How many months of warranty do batteries have?",
        "sources": ["warranty.md"],
        "must_contain": [["6 months"]],
        "language": "en",
        "tags": ["single"],
    },
    {
        "id": "wrong",
        "question": "How long is the warranty of a lamp?",
        "sources": ["warranty.md"],
        "must_contain": [["36 months"]],
    },
]


@pytest.fixture
def testset(tmp_path: Path) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


def test_a_check_counts_and_doubts(run: Run, testset: Path, shop: Path) -> None:
    """Counts to stdout, doubts to stderr with their lines; with a knowledge base, facts are looked up."""
    done = run("testset", "check", "set.jsonl", "--kb", str(shop / "kb"))
    assert done.code == 0
    assert done.out == (
        "2 questions, well formed\n  by language: en 1, und 1\n  by expected: answered 2\n  by tag: single 1\n"
    )
    assert "fact          line 3: wrong: its sources say none of '36 months'" in done.err
    assert "fact" not in run("testset", "check", "set.jsonl").err
    found = run("testset", "check", "set.jsonl", "--json", "--kb", str(shop / "kb")).json
    assert found["counts"]["questions"] == 2
    assert {each["kind"] for each in found["remarks"]} == {"fact", "balance"}


def test_malformed_rows_and_unknown_sources_end_with_6(run: Run, tmp_path: Path, kb: Path) -> None:
    """All of them are told."""
    (tmp_path / "bad.jsonl").write_text('{"id": "a"}\n{"question": "q"}\n', encoding="utf-8")
    done = run("testset", "check", "bad.jsonl")
    assert done.code == 6
    assert "line 1: question is missing" in done.err
    assert "line 2: id is missing" in done.err
    (tmp_path / "bad.jsonl").write_text(
        '{"id": "a", "question": "q", "sources": ["no.md"]}\n', encoding="utf-8"
    )
    assert "'no.md' is not in the knowledge base" in run("testset", "check", "bad.jsonl").err


def test_import_finds_documents(run: Run, tmp_path: Path, kb: Path) -> None:
    """RAGAS rows become a test set that can be checked at once; what is there is not written over."""
    row = {
        "user_input": "How long?",
        "reference": "24.",
        "reference_contexts": ["has a warranty of 24 months"],
    }
    (tmp_path / "ragas.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    done = run("testset", "import", "ragas.jsonl", "-o", "out.jsonl")
    assert (done.code, done.out) == (0, "")
    assert "1 questions (ragas) written to out.jsonl" in done.err
    written = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert written["sources"] == ["docs/warranty.md"]
    assert run("testset", "check", "out.jsonl").code == 0
    again = run("testset", "import", "ragas.jsonl", "-o", "out.jsonl")
    assert again.code == 6
    assert "is there already" in again.err
    assert run("testset", "import", "ragas.jsonl", "-o", "out.jsonl", "--force").code == 0


def test_import_of_a_folder_writes_its_corpus(run: Run, tmp_path: Path) -> None:
    """Which can be indexed then; other formats have none."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "corpus.jsonl").write_text(
        '{"_id": "1", "title": "T", "text": "x"}\n', encoding="utf-8"
    )
    (tmp_path / "set" / "queries.jsonl").write_text('{"_id": "q", "text": "q"}\n', encoding="utf-8")
    (tmp_path / "set" / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n", encoding="utf-8")
    done = run("testset", "import", "set", "-o", "out.jsonl", "--corpus", "corpus")
    assert done.code == 0, done.err
    assert "next: ragbot index corpus" in done.err
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["1.jsonl"]
    (tmp_path / "a.csv").write_text("question\nq\n", encoding="utf-8")
    assert "--corpus is for BEIR sets" in run("testset", "import", "a.csv", "-o", "b", "--corpus", "c").err


def test_export_of_a_report(run: Run, testset: Path, tmp_path: Path, kb: Path) -> None:
    """What `ragbot eval --json` wrote goes to TREC, RAGAS and DeepEval, contexts from the knowledge base."""
    assert run("eval", "set.jsonl", "--json", "report.json").code == 0
    done = run("testset", "export", "set.jsonl", "--format", "trec", "-o", "trec", "--report", "report.json")
    assert done.code == 0, done.err
    assert "battery 0 docs/warranty.md 1\n" in (tmp_path / "trec" / "qrels.txt").read_text(encoding="utf-8")
    assert "battery Q0 docs/warranty.md 1 1 ragbot\n" in (tmp_path / "trec" / "run.txt").read_text(
        encoding="utf-8"
    )
    assert (
        run(
            "testset",
            "export",
            "set.jsonl",
            "--format",
            "deepeval",
            "-o",
            "d.json",
            "--report",
            "report.json",
        ).code
        == 0
    )
    (first, _) = json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))
    assert "6 months" in first["actual_output"]
    assert "Every lamp has a warranty of 24 months." in "".join(first["retrieval_context"])
    scored = run("testset", "score", "set.jsonl", "trec/run.txt", "--json").json
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["overall"]["figures"]
    assert scored["questions"] == 2
    assert scored["figures"] == {name: figures[name]["value"] for name in scored["figures"]}


def test_a_search_that_lacks_questions_is_scored(run: Run, testset: Path, tmp_path: Path) -> None:
    """As not found, and it is said; a run of other questions is refused."""
    (tmp_path / "run").write_text(
        "battery Q0 a.md 1 2 x\nbattery Q0 docs/warranty.md 2 1 x\n", encoding="utf-8"
    )
    done = run("testset", "score", "set.jsonl", "run")
    assert done.out.splitlines()[:4] == [
        "recall@1   0.000",
        "recall@5   0.500",
        "recall@10  0.500",
        "mrr        0.250",
    ]
    assert done.err == "1 of them are not in the run and count as not found\n"
    (tmp_path / "run").write_text("other Q0 a.md 1 2 x\n", encoding="utf-8")
    assert run("testset", "score", "set.jsonl", "run").code == 6


@pytest.mark.parametrize("command", ["import", "export"])
def test_an_unknown_format_ends_with_2(run: Run, testset: Path, command: str) -> None:
    """The known ones are named."""
    done = run("testset", command, "set.jsonl", "-o", "out", "--format", "xml")
    assert done.code == 2
    assert "deepeval" in done.err


class _Quoting(ScriptedGenerator):
    """Asks for the last line of the passage that it is shown."""

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Yielding[str, None, Generation]:
        line = messages[-1].content.strip().splitlines()[-1]
        row = {"question": f"Is it so: {line}", "answer": line, "excerpt": line, "fact": line.split()[0]}
        self.replies.append(json.dumps(row))
        return super().stream(messages, max_tokens=max_tokens)


def test_a_draft_is_written_and_can_be_measured(
    run: Run, tmp_path: Path, kb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next step is named; the rows load, and the check says that they are drafts."""
    monkeypatch.setattr("ragbot.models.generate.load_generator", lambda *_: _Quoting())
    done = run("testset", "draft", "-o", "draft.jsonl", "-n", "2")
    assert (done.code, done.out) == (0, ""), done.err
    assert "take its tag `draft` away" in done.err
    checked = run("testset", "check", "draft.jsonl")
    assert checked.code == 0
    assert "are drafts" in checked.err or "is a draft" in checked.err
    assert run("eval", "draft.jsonl").code == 0
