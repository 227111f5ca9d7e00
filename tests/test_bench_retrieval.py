"""The retrieval benchmark on a set small enough to be checked by eye."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench_retrieval.py"
PASSAGES = {
    "p1": "Refunds take five working days.",
    "p2": "The thermostat needs two batteries.",
    "p3": "A gift card is valid for two years.",
    "p4": "Parcels to Norway take a week.",
}
QUESTIONS = {"q1": ("How long do refunds take?", "p1"), "q2": ("Which batteries for the thermostat?", "p2")}


@pytest.mark.slow
def test_it_measures_every_system_and_writes_their_runs(tmp_path: Path, models_cache: Path) -> None:
    """All four systems get a row, a gain and a TREC run; questions without an answer are left out."""
    folder = tmp_path / "data" / "tiny"
    folder.mkdir(parents=True)
    corpus = [{"_id": key, "title": "", "text": text} for key, text in PASSAGES.items()]
    queries = [{"_id": key, "text": text} for key, (text, _) in QUESTIONS.items()]
    queries += [{"_id": "q3", "text": "Who is the king of Spain?"}, {"_id": "q4", "text": " "}]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, corpus)), encoding="utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    lines = [f"{key}\t{passage}\t1" for key, (_, passage) in QUESTIONS.items()]
    (folder / "qrels.tsv").write_text(
        "\n".join(["query-id\tcorpus-id\tscore", *lines, "q4\tp4\t1"]), encoding="utf-8"
    )
    environment = os.environ | {"RAGBOT_MODELS__CACHE": str(models_cache)}
    command = [
        sys.executable,
        str(SCRIPT),
        str(tmp_path / "data"),
        "--part",
        "all",
        "--runs",
        str(tmp_path / "runs"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200, env=environment)
    assert "tiny (2)" in done.stdout
    for system in ("BM25", "vectors", "RRF", "ragbot"):
        run = (tmp_path / "runs" / "tiny" / f"{system}.trec").read_text(encoding="utf-8").splitlines()
        first = {line.split()[0]: line.split()[2] for line in reversed(run)}
        assert first == {"q1": "p1", "q2": "p2"}, system
