"""TREC runs and judgements, checked with another reader of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, nDCG

from ragbot.errors import TestsetError
from ragbot.evaluate import metrics
from ragbot.evaluate.exchange import trec

RETRIEVED = {
    "q 1": ["a b.md", "c.md", "a b.md", "d.md"],
    "q2": ["x.md", "y.md", "100%.md"],
    "q3": ["x.md"],
}
RIGHT = {"q 1": {"c.md": 1}, "q2": {"100%.md": 1, "y.md": 1}, "q3": {"z.md": 1}}


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    """A run and its judgements as files."""
    run, qrels = tmp_path / "run.txt", tmp_path / "qrels.txt"
    run.write_text(trec.write_run({query: trec.ranking(found) for query, found in RETRIEVED.items()}))
    qrels.write_text(trec.write_qrels(RIGHT))
    return run, qrels


def read_run(file: Path) -> list[Any]:
    return list(ir_measures.read_trec_run(str(file)))  # type: ignore[no-untyped-call]  # ir_measures has no types


def test_another_reader_measures_what_we_measure(written: tuple[Path, Path]) -> None:
    """Reciprocal rank, recall and nDCG of the written run are those of the ranking it was made of."""
    run, qrels = written
    theirs = {
        (str(each.measure), trec.unescape(each.query_id)): each.value
        for each in ir_measures.iter_calc(
            [RR, R @ 2, nDCG @ 10],
            list(ir_measures.read_trec_qrels(str(qrels))),  # type: ignore[no-untyped-call]  # as above
            read_run(run),
        )
    }
    for query, found in RETRIEVED.items():
        once = list(dict.fromkeys(found))
        rank = metrics.first_rank(once, RIGHT[query])
        assert theirs["RR", query] == pytest.approx(metrics.reciprocal_rank(rank))
        assert theirs["R@2", query] == pytest.approx(metrics.recall_all(once, RIGHT[query], 2))
        assert theirs["nDCG@10", query] == pytest.approx(metrics.ndcg(once, list(RIGHT[query]), 10))


def test_a_run_is_read_as_it_was_written(written: tuple[Path, Path]) -> None:
    """Order, scores and names, white space in them included."""
    run, qrels = written
    read = {trec.unescape(query): found for query, found in trec.read_run(run).items()}
    assert {query: [trec.unescape(name) for name, _ in found] for query, found in read.items()} == {
        query: list(dict.fromkeys(found)) for query, found in RETRIEVED.items()
    }
    assert [score for _, score in read["q 1"]] == pytest.approx([1, 1 / 2, 1 / 3], abs=1e-5)
    names = {
        trec.unescape(query): {trec.unescape(name): grade for name, grade in found.items()}
        for query, found in trec.read_qrels(qrels).items()
    }
    assert names == RIGHT


def test_a_run_is_ordered_by_score(tmp_path: Path) -> None:
    """Not by its ranks nor its lines; of equal scores the later name comes first, as in trec_eval."""
    file = tmp_path / "run"
    file.write_text("q Q0 a 1 0.5 t\nq Q0 b 2 0.9 t\nq Q0 c 3 0.5 t\n")
    assert [name for name, _ in trec.read_run(file)["q"]] == ["b", "c", "a"]
    ours = ir_measures.calc_aggregate([RR], [ir_measures.Qrel("q", "c", 1)], read_run(file))
    assert ours[RR] == 0.5


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("q Q0 a 1 0.5", "not 5 fields"),
        ("q Q0 a one 0.5 t", "must be numbers"),
        ("q Q0 a 2 nan t", "must be numbers"),
        ("q Q0 a 2 0.4 t", "'a' is already in the run of query 'q'"),
    ],
)
def test_malformed_lines_of_a_run(tmp_path: Path, line: str, problem: str) -> None:
    """Each is told with its number."""
    file = tmp_path / "run"
    file.write_text(f"q Q0 a 1 0.5 t\n\n{line}\n")
    with pytest.raises(TestsetError, match=f"line 3: .*{problem}"):
        trec.read_run(file)


def test_judgements_of_trec_and_beir(tmp_path: Path) -> None:
    """Four columns, or three under a header; grades of 0 and below are kept."""
    four, three = tmp_path / "four", tmp_path / "three"
    four.write_text("q 0 a 1\nq 0 b -1\n")
    three.write_text("query-id\tcorpus-id\tscore\nq\ta\t1\nq\tb\t-1\n")
    assert trec.read_qrels(four) == trec.read_qrels(three) == {"q": {"a": 1, "b": -1}}


@pytest.mark.parametrize(
    ("line", "problem"), [("q 0 a x", "must be `query"), ("q 0 a 2", "already judged"), ("q", "must")]
)
def test_malformed_judgements(tmp_path: Path, line: str, problem: str) -> None:
    """Each is told with its number; a file without lines is none."""
    file = tmp_path / "qrels"
    file.write_text(f"q 0 a 1\n{line}\n")
    with pytest.raises(TestsetError, match=f"line 2: .*{problem}"):
        trec.read_qrels(file)
    file.write_text("\n")
    with pytest.raises(TestsetError, match="has no lines"):
        trec.read_qrels(file)


@given(st.text(min_size=1))
def test_a_name_survives_escaping(name: str) -> None:
    """Whatever is in it; what is written has no white space, so that it stays one field."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        return
    escaped = trec.escape(name)
    assert trec.unescape(escaped) == name
    assert escaped.split() == [escaped]
