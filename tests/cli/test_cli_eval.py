"""`ragbot eval` over a small real knowledge base."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Run

ROWS: list[dict[str, Any]] = [
    {
        "id": "battery",
        "question": "How many months of warranty do batteries have?",
        "sources": ["warranty.md"],
        "must_contain": [["6 months"]],
        "tags": ["single"],
    },
    {"id": "hello", "question": "hello", "expect": "smalltalk"},
]


@pytest.fixture
def testset(tmp_path: Path) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


def test_figures_are_shown_and_written(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """A table for people, and everything as JSON in the file."""
    done = run("eval", str(testset), "--json", "report.json", "--min", "right_fact_rate=1")
    assert done.code == 0, done.err
    assert "right_fact_rate" in done.out
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["overall"]["figures"]["right_fact_rate"]["value"] == 1
    assert report["confusion"]["smalltalk"] == {"smalltalk": 1}
    assert [row["id"] for row in report["rows"]] == ["battery", "hello"]


def test_json_to_stdout_is_all_there_is(run: Run, kb: Path, testset: Path) -> None:
    """`--json -` prints one document with the hashes of all that it rests on."""
    document = run("eval", str(testset), "--json", "-").json
    assert set(document["hashes"]) == {"testset", "knowledge", "settings", "calibration", "models", "code"}
    assert all(len(each) == 64 for each in document["hashes"].values())


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(kb: Path, testset: Path, tmp_path: Path) -> None:
    """Whatever the seed of Python's hashes; durations go to a file of their own."""
    for seed in ("1", "2"):
        command = [
            sys.executable,
            "-m",
            "ragbot",
            "eval",
            str(testset),
            "--json",
            str(tmp_path / f"{seed}.json"),
        ]
        done = subprocess.run(
            [*command, "--timings", str(tmp_path / f"{seed}-ms.json")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert set(json.loads((tmp_path / "1-ms.json").read_text())["by_question"]) == {"battery", "hello"}


@pytest.mark.slow
def test_the_sample_set_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    """Sixty of its questions, conversations and Chinese ones among them, over two indexings of its documents."""
    knowledge = Path(__file__).parents[2] / "knowledge"
    rows = (knowledge / "_testset.jsonl").read_text(encoding="utf-8").splitlines()
    some = [line for line in rows if '"history"' in line][:15] + rows[::9][:45]
    testset = tmp_path / "some.jsonl"
    testset.write_text("\n".join(dict.fromkeys(some)), encoding="utf-8")
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "RAGBOT_KB": str(tmp_path / seed)}
        for command in (
            ["index", str(knowledge)],
            ["eval", str(testset), "--json", f"{tmp_path / seed}.json"],
        ):
            done = subprocess.run(
                [sys.executable, "-m", "ragbot", *command],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


def test_a_baseline_is_compared(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """What broke is shown and written, and a loss beyond its margin ends with 7."""
    assert run("eval", str(testset), "--json", "old.json").code == 0
    document = json.loads((tmp_path / "old.json").read_text(encoding="utf-8"))
    same = run("eval", str(testset), "--baseline", "old.json", "--no-worse", "right_rate=0")
    assert same.code == 0, same.err
    assert "what else differs: nothing" in same.out
    document["rows"][1].update(status="abstained", answer="No.")
    document["rows"][1]["measures"]["right_rate"] = 0.0
    document["hashes"]["settings"] = "other"
    (tmp_path / "old.json").write_text(json.dumps(document), encoding="utf-8")
    done = run(
        "eval", str(testset), "--baseline", "old.json", "--no-worse", "right_rate=0.1", "--json", "new.json"
    )
    assert done.code == 7
    assert "healed: 1" in done.out
    assert "what else differs: settings" in done.out
    assert "right_rate went from 0.5000 to 1.0000 (n=2)" in done.err
    assert "the test set is too small" in done.err
    new = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert new["comparison"]["healed"] == ["hello"]


def test_a_page_is_written(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """One document with the questions and, against a baseline, what changed."""
    assert run("eval", str(testset), "--json", "old.json").code == 0
    done = run("eval", str(testset), "--report", "page.html", "--baseline", "old.json")
    assert done.code == 0, done.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert ROWS[0]["question"] in page
    assert "set.jsonl" in page


def test_a_baseline_of_other_questions_is_told(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """Some in common: a warning with their number. None: an error before any question."""
    assert run("eval", str(testset), "--json", "old.json").code == 0
    more = tmp_path / "more.jsonl"
    more.write_text(testset.read_text() + '{"id": "new", "question": "thanks"}\n', encoding="utf-8")
    done = run("eval", str(more), "--baseline", "old.json")
    assert "only the 2 common questions are compared" in done.err
    assert "questions not compared: 0 only in the baseline, 1 only here" in done.out
    more.write_text('{"id": "new", "question": "thanks"}\n', encoding="utf-8")
    done = run("eval", str(more), "--baseline", "old.json", "--kb", "none")
    assert (done.code, done.out) == (6, "")
    assert "none of these questions" in done.err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--no-worse", "mrr=0.1"], 2, "needs --baseline"),
        (["--no-worse", "speed=0.1", "--baseline", "x"], 2, "names no figure"),
        (["--min", "mrr=0.1", "--min", "mrr=0.2"], 2, "a second time"),
        (["--baseline", "none.json"], 6, "none.json cannot be read: No such file"),
        (["--json", "."], 6, "it is a folder"),
        (["--report", "none/page.html"], 6, "there is no folder none"),
        (["--timings", "none/t.json"], 6, "there is no folder none"),
        (["--timings", "a.json", "--json", "a.json"], 6, "two outputs have the same file"),
        (["--timings", "-"], 6, "only --json can go to stdout"),
    ],
)
def test_wrong_options_are_told_before_anything_is_opened(
    run: Run, testset: Path, options: list[str], code: int, message: str
) -> None:
    """There is not even a knowledge base."""
    done = run("eval", str(testset), *options)
    assert (done.code, done.out) == (code, "")
    assert message in " ".join(done.err.replace("│", " ").split())


def test_a_gate_that_fails_ends_with_7(run: Run, kb: Path, testset: Path) -> None:
    """After the figures are shown; the figure and the gate are named."""
    done = run("eval", str(testset), "--max", "answer_rate=0.5")
    assert done.code == 7
    assert "answer_rate" in done.out
    assert done.err == "error: gate failed: answer_rate is 1.0000 (n=1), above 0.5\n"


def test_a_tag_selects_questions(run: Run, kb: Path, testset: Path) -> None:
    """Only questions with the tag are asked; a tag that none has is an error."""
    assert run("eval", str(testset), "--tag", "single", "--json", "-").json["overall"]["n"] == 1
    assert run("eval", str(testset), "--tag", "none").code == 6


def test_what_cannot_be_measured_ends_with_6(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """Malformed rows, unknown sources and a file that cannot be written are told before any question."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n{"id": "b", "question": "q", "extra": 1}\n', encoding="utf-8")
    done = run("eval", str(bad))
    assert done.code == 6
    assert "line 1: question is missing" in done.err
    assert "line 2: unknown key 'extra'" in done.err
    bad.write_text('{"id": "a", "question": "q", "sources": ["none.md"]}\n', encoding="utf-8")
    assert "'none.md' is not in the knowledge base" in run("eval", str(bad)).err
    assert run("eval", str(testset), "--json", "none/report.json").code == 6


@pytest.mark.parametrize("option", ["--json", "--report", "--timings"])
def test_an_output_never_overwrites_the_test_set(run: Run, kb: Path, testset: Path, option: str) -> None:
    """Refused before any question, also under another name of the same file."""
    before = testset.read_bytes()
    other = testset.with_name("link.jsonl")
    other.symlink_to(testset)
    for name in (testset, other):
        done = run("eval", str(testset), option, str(name))
        assert done.code != 0
        assert "is read by this command" in done.err
        assert testset.read_bytes() == before


def test_a_test_set_cannot_write_escape_sequences(run: Run, kb: Path, tmp_path: Path) -> None:
    """Of ids, tags and questions; what stands between them is shown."""
    rows = [
        {
            "id": f"i\x1b[31m{n}",
            "question": "Q\x1b]0;owned\x07 \x9b2J?",
            "expect": "handoff",
            "tags": [f"t\x1b[2J{n}"],
        }
        for n in range(2)
    ]
    file = tmp_path / "bad.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = run("eval", str(file))
    assert done.code == 0, done.err
    assert "owned" in done.out
    assert not {"\x1b", "\x07", "\x9b"} & set(done.out)
