"""`ragbot index` and `ragbot search` over small real files."""

from __future__ import annotations

import shutil
from pathlib import Path

from command_line import Run


def test_index_tells_what_became_of_each_file(run: Run, tmp_path: Path) -> None:
    """Added, changed, removed and skipped files are named, skipped ones with the reason."""
    documents = tmp_path / "docs"
    documents.mkdir()
    (documents / "a.md").write_text("# A\n\nLamps are red.\n", encoding="utf-8")
    (documents / "b.md").write_text("# B\n\nLamps are blue.\n", encoding="utf-8")
    (documents / "bad.pdf").write_bytes(b"%PDF-1.4 nonsense")
    first = run("index", "docs")
    assert first.code == 0, first.err
    assert "2 added, 0 changed, 0 removed, 0 unchanged, 1 skipped" in first.out
    assert "bad.pdf: " in first.out
    (documents / "a.md").write_text("# A\n\nLamps are green.\n", encoding="utf-8")
    (documents / "b.md").unlink()
    second = run("index", "docs", "--json").json
    assert [len(second[each]) for each in ("added", "changed", "removed", "unchanged")] == [0, 1, 1, 0]
    assert second["skipped"][0]["source"].endswith("bad.pdf")
    assert (tmp_path / ".ragbot").is_dir()


def test_index_of_what_is_not_there_ends_with_6(run: Run) -> None:
    """The path is named."""
    done = run("index", "nowhere")
    assert done.code == 6
    assert done.err.startswith("error: ")
    assert "nowhere" in done.err


def test_search_shows_the_evidence_of_both_sides(run: Run, kb: Path) -> None:
    """Source, heading, ranks and scores for people; every field in JSON, without vectors."""
    text = run("search", "warranty of batteries", "-k", "1").out
    assert "warranty.md" in text.splitlines()[0]
    assert "meaning #" in text
    assert "words #" in text
    found = run("search", "warranty of batteries", "-k", "2", "--json").json
    assert found["question"] == "warranty of batteries"
    assert len(found["hits"]) == 2
    assert {"chunk", "score", "dense_rank", "dense_score", "lexical_rank"} <= set(found["hits"][0])


def test_search_filters(run: Run, kb: Path) -> None:
    """A filter leaves other documents out; one that fits nothing finds nothing."""
    assert run("search", "lamp", "--filter", "language=zh").out == "nothing found\n"
    source = run("search", "batteries", "-k", "1", "--json").json["hits"][0]["chunk"]["source"]
    hits = run("search", "lamp", "--filter", f"source={source}", "--json").json["hits"]
    assert {hit["chunk"]["source"] for hit in hits} == {source}


def test_documents_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    """Escape sequences in a document are printed as marks."""
    (tmp_path / "evil.txt").write_bytes(b"The lamp\x1b]0;owned\x07 is red and costs 5 dollars.\n")
    assert run("index", "evil.txt").code == 0
    for arguments in (["search", "lamp"], ["ask", "How much does the lamp cost?"]):
        assert "\x1b" not in run(*arguments).out


def test_the_knowledge_base_can_be_copied(run: Run, kb: Path, tmp_path: Path) -> None:
    """One folder holds all of it."""
    shutil.copytree(kb, tmp_path / "copy")
    assert "warranty.md" in run("search", "batteries", "-k", "1", "--kb", "copy").out
