"""The benchmark of asking back on sets small enough to be checked by eye, and on the sample company."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "bench_clarify.py"
PASSAGES = [
    "Big Boy is an American restaurant chain. It sells burgers.",
    "Chipotle is a restaurant chain. It sells burritos.",
    "Refunds take five working days.",
]
QUESTIONS = [
    ("How do I reset it?", "underspecified"),
    ("Where did this restaurant chain open its doors?", "underspecified"),
    ("How long do refunds take?", "answerable"),
    ("What does Chipotle sell?", "answerable"),
]


def run(models_cache: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"RAGBOT_MODELS__CACHE": str(models_cache)},
    )
    return done.stdout


def write_set(folder: Path, questions: list[dict[str, str]]) -> None:
    folder.mkdir(parents=True)
    corpus = [{"_id": str(n), "title": "", "text": text} for n, text in enumerate(PASSAGES)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")


@pytest.mark.slow
def test_it_counts_what_is_asked_rightly_and_needlessly(tmp_path: Path, models_cache: Path) -> None:
    """Precision and recall of the bot and the baselines on a marked set, the rate of asking on another."""
    marked = [
        {"_id": f"{n}<::>1", "text": text, "answerability": label}
        for n, (text, label) in enumerate(QUESTIONS * 4)
    ]
    plain = [{"_id": str(n), "text": text} for n, (text, label) in enumerate(QUESTIONS) if label[0] == "a"]
    write_set(tmp_path / "marked", marked)
    write_set(tmp_path / "plain", plain)
    out = run(models_cache, str(tmp_path / "marked"), str(tmp_path / "plain"))
    assert re.findall(r"bot +precision ([\d.]+) [^[]*  recall ([\d.]+)", out) == [("1.00", "1.00")] * 2
    assert re.findall(r"never +precision ([\d.]+) [^[]*  recall ([\d.]+)", out) == [("0.00", "0.00")] * 2
    assert "always" in out
    assert "plain: asks on 0 of 2 clear questions (0.0000)" in out


@pytest.mark.slow
def test_a_known_customer_of_the_sample_company_gets_what_holds_for_them(
    tmp_path: Path, models_cache: Path
) -> None:
    """Twice as many right documents as without the profile, and hardly a question back; no clear question of the test
    set is answered with one."""
    write_set(tmp_path / "plain", [{"_id": "1", "text": QUESTIONS[2][0]}])
    out = run(models_cache, str(tmp_path / "plain"), "--knowledge", str(ROOT / "knowledge"))
    assert re.search(r"test set: asks on 0 of \d+ clear questions", out)
    found = re.findall(
        r"profiles, (\w+), (\w+): of \d+ .* is first in (\d+), .* piece in (\d+); asks in (\d+)", out
    )
    figures = {(language, known): tuple(map(int, rest)) for language, known, *rest in found}
    for language in ("en", "zh"):
        unknown, known = figures[language, "unknown"], figures[language, "known"]
        assert known[1] >= 1.7 * unknown[1]
        assert known[2] <= 1
    assert figures["en", "known"][1] >= 20
    assert figures["en", "unknown"][2] >= 8
