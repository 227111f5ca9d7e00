"""`ragbot calibrate` over a small real knowledge base, and what the other commands make of what it stores."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Run

from ragbot.calibration import DEFAULT_THRESHOLD, FILE_NAME, stored

BATTERY = "How many months of warranty do batteries have?"
ROWS: list[dict[str, Any]] = [
    {"id": "battery", "question": BATTERY, "must_contain": [["6 months"]], "tags": ["draft"]},
    {"id": "lamp", "question": "How long is the warranty of a lamp?", "must_contain": [["24 months"]]},
    {"id": "refund", "question": "When are refunds paid?", "must_contain": [["5 business days"]]},
    {"id": "none", "question": "Do you deliver to the moon?", "expect": "abstained"},
    {"id": "open", "question": "What is a lamp?", "reference": "A light."},
]


@pytest.fixture
def testset(tmp_path: Path) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return file


@pytest.fixture
def kb(kb: Path) -> Iterator[Path]:
    """The shop's, with no calibration before or after."""
    (kb / FILE_NAME).unlink(missing_ok=True)
    yield kb
    (kb / FILE_NAME).unlink(missing_ok=True)


EASY = ("--risk", "0.5", "--confidence", "0.6")


def test_a_threshold_is_chosen_and_stored(run: Run, kb: Path, testset: Path) -> None:
    """The curve for people, where it is stored, and how many of the questions nobody has edited."""
    done = run("calibrate", str(testset), *EASY)
    assert done.code == 0, done.err
    assert "4 questions\n" in done.out
    assert "left out: 1 that tell no right answer from a wrong one" in done.out
    assert f"stored in {kb / FILE_NAME}" in done.err
    assert "1 question is a draft nobody has edited" in done.err
    made = stored(kb)
    assert made is not None
    assert f"chosen:   {made.threshold:g} answers {made.answered} of 4" in done.out
    assert f"in force: {DEFAULT_THRESHOLD} answers" in done.out
    assert made.made.endswith("+00:00")
    doctor = run("doctor", "--json").json["findings"]
    (told,) = (each for each in doctor if each["about"] == "calibration")
    assert told["level"] == "ok"
    assert f"from {made.threshold:g} on" in told["message"]


def test_the_joint_rate_is_stored_without_a_confidence(run: Run, kb: Path, testset: Path) -> None:
    """For it holds on average."""
    assert run("calibrate", str(testset), *EASY, "--kind", "joint").code == 0
    made = stored(kb)
    assert made is not None
    assert (made.kind, made.confidence) == ("joint", None)


def test_json_is_all_there_is(run: Run, kb: Path, testset: Path) -> None:
    """One document with the whole curve; a dry run stores nothing; the set is known as an evaluation knows it."""
    done = run("calibrate", str(testset), *EASY, "--json", "--dry-run")
    assert done.code == 0, done.err
    document = done.json
    assert document["stored"] is None
    assert not (kb / FILE_NAME).exists()
    assert [document[name] for name in ("kind", "risk", "confidence")] == ["conditional", 0.5, 0.6]
    assert len(document["curve"]) == 101
    assert document["chosen"] in document["curve"]
    assert set(document["chosen"]) == {
        "threshold",
        "asked",
        "answered",
        "wrong",
        "coverage",
        "conditional",
        "joint",
        "upper_bound",
    }
    assert document["current"]["threshold"] == DEFAULT_THRESHOLD
    hashes = run("eval", str(testset), "--json", "-").json["hashes"]
    assert document["calibration"]["testset"] == hashes["testset"]
    assert document["calibration"]["hashes"]["knowledge"] == hashes["knowledge"]


def test_what_is_stored_decides_which_answers_are_given(run: Run, kb: Path, testset: Path) -> None:
    """With a threshold that nothing reaches the bot is silent, with one of 0 it answers, and an evaluation differs."""
    assert run("calibrate", str(testset), *EASY).code == 0
    plain = json.loads((kb / FILE_NAME).read_text(encoding="utf-8"))
    seen = []
    for threshold, status in ((1.0, "abstained"), (0.0, "answered")):
        (kb / FILE_NAME).write_text(json.dumps(plain | {"threshold": threshold}), encoding="utf-8")
        assert run("ask", BATTERY, "--json").json["status"] == status
        seen.append(run("eval", str(testset), "--json", "-").json["hashes"]["calibration"])
    assert seen[0] != seen[1]


def test_a_risk_that_cannot_be_held_ends_with_7(run: Run, kb: Path, testset: Path) -> None:
    """Nothing is stored, an earlier calibration stays, and it is told what it would take."""
    done = run("calibrate", str(testset))
    assert done.code == 7
    assert "in force: " in done.out
    assert "are too few, it takes 45 at a confidence of 0.9 with none of them wrong" in done.err
    assert not (kb / FILE_NAME).exists()
    assert run("calibrate", str(testset), *EASY).code == 0
    before = (kb / FILE_NAME).read_bytes()
    failed = run("calibrate", str(testset), "--json")
    assert failed.code == 7
    assert failed.json["chosen"] is None
    assert (kb / FILE_NAME).read_bytes() == before


def test_a_threshold_in_the_settings_hides_it(run: Run, kb: Path, testset: Path, tmp_path: Path) -> None:
    """That is told, and the questions are asked without it."""
    (tmp_path / "ragbot.toml").write_text("[answer]\nthreshold = 1.0\n", encoding="utf-8")
    done = run("calibrate", str(testset), *EASY)
    assert done.code == 0, done.err
    assert "not used while answer.threshold is set, to 1" in done.err
    assert "in force: 1 answers 0 of 4" in done.out


def test_an_outdated_one_is_told_in_an_evaluation(run: Run, kb: Path, testset: Path) -> None:
    """In one line to stderr, and by the doctor as a problem."""
    assert run("calibrate", str(testset), *EASY).code == 0
    plain = json.loads((kb / FILE_NAME).read_text(encoding="utf-8"))
    plain["hashes"]["knowledge"] = "0" * 64
    (kb / FILE_NAME).write_text(json.dumps(plain), encoding="utf-8")
    command = [sys.executable, "-m", "ragbot", "eval", str(testset), "--kb", str(kb)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if "was calibrated on" in line)
    assert "knowledge changed since; calibrate again: ragbot calibrate TESTSET" in line
    doctor = run("doctor", "--json")
    assert doctor.code == 4
    assert any(
        each["about"] == "calibration" and each["level"] == "problem" for each in doctor.json["findings"]
    )


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--risk", "0"], 2, "0 does not lie between 0 and 1"),
        (["--risk", "1"], 2, "1 does not lie between 0 and 1"),
        (["--risk", "nan"], 2, "nan does not lie between 0 and 1"),
        (["--confidence", "1.5"], 2, "1.5 does not lie between 0 and 1"),
        (["--kind", "other"], 2, "other"),
        (["--tag", "none"], 6, "no question of"),
        ([], 4, "there is no knowledge base"),
    ],
)
def test_wrong_options_are_told_before_anything_is_opened(
    run: Run, testset: Path, options: list[str], code: int, message: str
) -> None:
    """There is not even a knowledge base."""
    done = run("calibrate", str(testset), *options)
    assert (done.code, done.out) == (code, "")
    assert message in " ".join(done.err.replace("│", " ").split())


def test_an_unknown_source_is_told_before_any_question(run: Run, kb: Path, tmp_path: Path) -> None:
    """As `ragbot eval` does."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a", "question": "q", "sources": ["none.md"]}\n', encoding="utf-8")
    done = run("calibrate", str(bad))
    assert (done.code, done.out) == (6, "")
    assert "'none.md' is not in the knowledge base" in done.err
