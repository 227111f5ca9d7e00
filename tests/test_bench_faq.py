"""The benchmark of the FAQ shortcut on a set small enough to be checked by eye."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "bench_faq.py"
PLACES = {
    "GREEN HOTEL": {"Do you have parking?": "Yes, 20 places.", "Can I bring my dog?": "No."},
    "BLUE HOTEL": {"Do you have a swimming pool?": "Yes, a heated one."},
    "RED HOTEL": {"Is breakfast included in the room price?": "No, it costs 12 euros."},
}


def test_it_counts_right_and_false_answers(models_cache: Path, tmp_path: Path) -> None:
    """Every entry's own question is answered, no changed question is, and the baseline falls for some of these."""
    corpus = tmp_path / "retrieval" / "dstc10" / "corpus.jsonl"
    corpus.parent.mkdir(parents=True)
    rows = [
        {"entity": place, "title": f"{place}: {question}", "text": answer}
        for place, asked in PLACES.items()
        for question, answer in asked.items()
    ]
    corpus.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "--sets", "dstc10"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"RAGBOT_MODELS__CACHE": str(models_cache)},
    )
    lines = [
        re.findall(r"\d\.\d+", line.split("found")[-1])
        for line in done.stdout.splitlines()
        if "= as it is" in line
    ]
    assert lines
    assert all((found, right, false) == ("1.000", "1.000", "0.0000") for found, right, false, *_ in lines)
    changed = [
        re.findall(r"/ ?(\d\.\d+)", line) for line in done.stdout.splitlines() if "MUST NOT HIT" in line
    ]
    assert changed
    assert all(shortcut == "0.0000" for row in changed for shortcut in row[:3])
    assert any(float(cosine) > 0 for row in changed for cosine in row[5:6])
