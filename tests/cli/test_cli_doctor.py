"""`ragbot doctor` and `ragbot models`."""

from __future__ import annotations

from pathlib import Path

from command_line import Run
from tiny_models import make_classifier, make_cross_encoder


def test_doctor_finds_nothing_wrong(run: Run, kb: Path, shop: Path) -> None:
    """Every part is looked at; what cannot be indexed on purpose is no problem."""
    done = run("doctor", str(shop / "docs"))
    assert done.code == 0, done.out
    for about in ("machine", "settings", "model", "knowledge base", "disk", "file"):
        assert f" {about}: " in done.out
    assert done.out.endswith("nothing is wrong\n")


def test_doctor_names_problem_and_next_step(run: Run, kb: Path, tmp_path: Path) -> None:
    """A missing model, a damaged file and damaged chat memory are told apart, all in one run."""
    (kb / "sessions.sqlite").write_bytes(b"no database" * 100)
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "empty.md").write_bytes(b"")
    (bad / "fake.pdf").write_bytes(b"<html></html>")
    (tmp_path / "ragbot.toml").write_text('[models]\ncache = "nothing"\n', encoding="utf-8")
    done = run("doctor", "bad", "nowhere", "--json")
    assert done.code == 5
    problems = {
        each["about"]: each["message"] for each in done.json["findings"] if each["level"] == "problem"
    }
    assert "ragbot models pull" in problems["model"]
    assert "delete it" in problems["chat memory"]
    assert "nowhere" in problems["file"]
    assert done.json["problems"] == 6


def test_doctor_loads_the_reranker(run: Run, kb: Path, tmp_path: Path) -> None:
    """One that ranks is named; one that classifies, and one that is not there, are problems with a next step."""
    make_cross_encoder(tmp_path / "cross")
    make_classifier(tmp_path / "nli", ("entailment", "neutral", "contradiction"))
    for name, level, words in (
        ("cross", "ok", "cross is undamaged and can read"),
        ("nli", "problem", "3 scores"),
        ("org/none@v1", "problem", "ragbot models pull org/none@v1"),
    ):
        (tmp_path / "ragbot.toml").write_text(f'[search]\nreranker = "{name}"\n', encoding="utf-8")
        done = run("doctor", "--json")
        assert done.code == (0 if level == "ok" else 5)
        assert any(each["level"] == level and words in each["message"] for each in done.json["findings"])


def test_doctor_without_a_knowledge_base(run: Run, tmp_path: Path) -> None:
    """It says what to type and makes nothing."""
    done = run("doctor")
    assert done.code == 4
    assert "ragbot index PATH" in done.out
    assert list(tmp_path.iterdir()) == []


def test_models_list(run: Run, tmp_path: Path) -> None:
    """What is in the cache, with its kind; an empty cache names the command that fills it."""
    assert any(each["name"] == "all-minilm-l6-v2" for each in run("models", "list", "--json").json["models"])
    (tmp_path / "ragbot.toml").write_text('[models]\ncache = "nothing"\n', encoding="utf-8")
    assert "ragbot models pull" in run("models", "list").out


def test_pull_of_an_unknown_model_ends_with_5(run: Run, tmp_path: Path) -> None:
    """Without a revision there is nothing to pin."""
    (tmp_path / "ragbot.toml").write_text('[models]\ncache = "nothing"\n', encoding="utf-8")
    done = run("models", "pull", "some-model")
    assert done.code == 5
    assert "NAME@REVISION" in done.err
