"""The benchmark of grounding, on sets small enough to be checked by eye."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench_grounding import by_kind
from grounding_scores import auroc, with_interval
from grounding_sets import Item

SCRIPTS = Path(__file__).parents[1] / "scripts"
FACTS = [
    ("Refunds take 14 days.", "Refunds take 21 days."),
    ("The lamp has a warranty of two years.", "The lamp has a warranty of nine years."),
    ("Parcels to Norway cost 8 euros.", "Parcels to Norway cost 19 euros."),
    ("The shop opens at 9:00 on Monday.", "The shop opens at 11:00 on Monday."),
]


def item(name: str, *, source: str, label: str, claim: str = "one two three", kind: str = "number") -> Item:
    """An item as the generator gives it."""
    return Item(id=name, set="s", source=source, kind=kind, claim=claim, passage="", label=label)


def test_intervals_are_over_sources() -> None:
    """Items of one source stand or fall together: with a single source there is no interval."""
    task = [(item(f"en-{n}", source="x", label=""), n < 3) for n in range(6)]
    scores = [0.9, 0.8, 0.2, 0.5, 0.1, 0.0]
    assert auroc([label for _, label in task], scores) == pytest.approx(8 / 9)
    alone = with_interval(task, scores)
    assert alone.value == pytest.approx(8 / 9)
    assert (alone.low, alone.high) == (None, None)
    many = with_interval([(item(f"en-{n}", source=str(n), label=""), n < 3) for n in range(6)], scores)
    assert many.low is not None
    assert many.high is not None
    assert many.low < 8 / 9 <= many.high == 1.0
    assert with_interval(task[:3], scores[:3]).value is None


def test_a_kind_is_held_against_controls_of_its_languages() -> None:
    """Chinese controls do not stand beside a kind of error that only English has."""
    edits = [
        item("en-number-0", source="a", label="unsupported"),
        item("en-true-0", source="b", label="supported", kind="true-order"),
        item("zh-true-0", source="c", label="supported", kind="true-order"),
    ]
    found = {name: [each.id for each, _ in task] for name, task in by_kind(edits).items()}
    assert found["  number"] == ["en-number-0", "en-true-0"]
    assert len(found["fact-edits"]) == 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Grounding sets and retrieval sets of four facts."""
    (tmp_path / "grounding").mkdir()
    rows = [
        {
            "id": f"{n}{label}",
            "claim": claim,
            "evidence": [f"{true} Everybody knows shop number {n}."],
            "label": label,
        }
        for n, (true, false) in enumerate(FACTS * 6)
        for claim, label in ((true, "supported"), (false, "unsupported"))
    ]
    (tmp_path / "grounding" / "tiny.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for name in ("mtrag-un", "squad2"):
        folder = tmp_path / "retrieval" / name
        folder.mkdir(parents=True)
        corpus = [
            {"_id": str(n), "title": str(n), "text": " ".join(true for true, _ in FACTS[n:])}
            for n in range(3)
        ]
        asked = [
            {
                "_id": str(n),
                "text": "How long?",
                "paragraph": str(n),
                "answers": [str(n)],
                "reference": FACTS[n][0],
            }
            | {"answerability": "answerable"}
            for n in range(3)
        ]
        (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
        (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    return tmp_path


def run(models_cache: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script as people call it."""
    return subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RAGBOT_MODELS__CACHE": str(models_cache)},
    )


@pytest.mark.slow
def test_the_benchmark_measures_and_writes(data: Path, models_cache: Path, tmp_path: Path) -> None:
    """Right figures pass, wrong ones do not; the JSON has the lines, padding and rates of the table."""
    written = tmp_path / "out.json"
    done = run(models_cache, "bench_grounding.py", str(data), "--part", "all", "--json", str(written))
    assert done.returncode == 0, done.stderr
    found = json.loads(written.read_text(encoding="utf-8"))
    (line,) = [each for each in found["lines"] if each["task"] == "tiny"]
    assert line["support"]["value"] == 1.0
    assert (line["right"], line["passed"], line["kept"]) == (1.0, 0.0, 1.0)
    assert set(found["padding"]) == {"3", "10", "30"}
    assert all(rate > 0 for rate in found["rates"].values())
    assert re.search(r"tiny\s*│\s*48", done.stdout)
