"""`ragbot index --preview`, `--publish`, `--discard` and `ragbot rollback` as scripts and people use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from command_line import RETURNS, WARRANTY, Run

TESTSET = [
    {"id": "returns", "question": "Within how many days can I return a lamp?", "must_contain": [["30 days"]]},
    {"id": "warranty", "question": "How long is the warranty of batteries?", "must_contain": [["6 months"]]},
    {
        "id": "hub",
        "question": "What does the hub's blue light mean?",
        "must_contain": [["update"]],
        "sources": ["hub.md"],
    },
]
HUB = "# Hub\n\nThe blue light of the hub means that an update is being installed.\n"


@pytest.fixture
def docs(shop: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's documents in a folder of their own, indexed in a knowledge base of their own."""
    shutil.copytree(shop / "docs", tmp_path / "docs")
    monkeypatch.setenv("RAGBOT_KB", str(tmp_path / "kb"))
    assert run("index", "docs").code == 0
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(each) for each in TESTSET), encoding="utf-8")
    return tmp_path / "docs"


def edit(docs: Path) -> None:
    """A new hub; batteries lose their warranty; returns stay."""
    (docs / "hub.md").write_text(HUB, encoding="utf-8")
    (docs / "warranty.md").write_text(
        WARRANTY.replace(" Batteries have a warranty of 6 months.", ""), encoding="utf-8"
    )


@pytest.mark.slow
def test_a_change_from_preview_to_publishing_and_back(run: Run, docs: Path) -> None:
    """Shown first, seen by nobody; published as it was shown; rolled back; rolled forward."""
    edit(docs)
    shown = run("index", "docs", "--preview", "--testset", "t.jsonl")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[:2] == ["added    docs/hub.md", "changed  docs/warranty.md"]
    assert "broken   warranty: How long is the warranty of batteries?" in lines
    assert "healed   hub: What does the hub's blue light mean?" in lines
    assert any(line.strip().startswith("cites docs/hub.md") for line in lines)
    assert "of 3 answers 3 change, 1 break, 1 heal" in lines
    assert lines[-1].startswith("not published: revision 2 is prepared")
    question = ("search", "blue light of the hub", "-k", "1", "--json")
    assert run(*question).json["hits"][0]["chunk"]["source"] != "docs/hub.md"
    (docs / "hub.md").write_text("# Hub\n\nAnother text.\n", encoding="utf-8")
    done = run("index", "--publish")
    assert done.out.splitlines()[-1].startswith("revision 2 is current: ")
    assert run(*question).json["hits"][0]["chunk"]["text"].startswith("The blue light")
    back = run("rollback")
    assert back.out.splitlines()[:2] == ["changed  docs/warranty.md", "removed  docs/hub.md"]
    assert run(*question).json["hits"][0]["chunk"]["source"] != "docs/hub.md"
    assert run("rollback").code == 0
    assert run(*question).json["hits"][0]["chunk"]["source"] == "docs/hub.md"


@pytest.mark.slow
def test_the_gate(run: Run, docs: Path) -> None:
    """More broken answers than allowed end with 7, after everything is shown; the preview stays."""
    edit(docs)
    preview = ("index", "docs", "--preview", "--testset", "t.jsonl", "--max-broken")
    failed = run(*preview, "0")
    assert failed.code == 7
    assert "1 answers break, at most 0 may: warranty" in failed.err
    assert "not published" in failed.out
    assert run(*preview, "1").code == 0
    assert run("index", "--publish").code == 0


@pytest.mark.slow
def test_json(run: Run, docs: Path) -> None:
    """One document for each command, with these keys."""
    edit(docs)
    found = run("index", "docs", "--preview", "--testset", "t.jsonl", "--json").json
    assert set(found) == {"base", "revision", "bytes", "publishable", "documents", "effects"}
    assert (found["base"], found["revision"], found["publishable"]) == (1, 2, True)
    assert found["documents"]["added"] == ["docs/hub.md"]
    assert found["effects"]["counts"] == {"broken": 1, "healed": 1, "changed": 3}
    assert {each["effect"] for each in found["effects"]["answers"]} == {"broken", "changed", "healed"}
    listed = run("rollback", "--list", "--json").json
    assert listed["preview"]["revision"] == 2
    assert [(each["revision"], each["action"], each["current"]) for each in listed["revisions"]] == [
        (1, "sync", True),
        (0, "created", False),
    ]
    published = run("index", "--publish", "--json").json
    assert (set(published), published["revision"]) == ({"revision", "documents"}, 2)
    back = run("rollback", "--to", "1", "--json").json
    assert (back["to"], back["before"], back["revision"]) == (1, 2, 3)
    assert run("rollback", "--list", "--json").json["preview"] is None
    assert run("index", "docs", "--preview", "--json").json["effects"] is None
    assert run("index", "--discard", "--json").json == {"discarded": 4}


@pytest.mark.slow
def test_a_baseline_takes_the_place_of_asking_the_live_side(run: Run, docs: Path) -> None:
    """The same effects; a baseline of other questions is refused, and costs no preview."""
    (docs / "hub.md").write_text(HUB, encoding="utf-8")
    run("index", "docs")
    run("eval", "t.jsonl", "--json", "before.json")
    edit(docs)
    arguments = ("index", "docs", "--preview", "--testset", "t.jsonl", "--json")
    assert run(*arguments, "--baseline", "before.json").json["effects"]["counts"] == {
        "broken": 1,
        "healed": 0,
        "changed": 2,
    }
    (docs.parent / "other.jsonl").write_text('{"id": "x", "question": "Why?"}', encoding="utf-8")
    refused = run("index", "docs", "--preview", "--testset", "other.jsonl", "--baseline", "before.json")
    assert (refused.code, "none of these questions" in refused.err) == (6, True)


@pytest.mark.slow
def test_the_first_documents_can_be_previewed(run: Run, docs: Path) -> None:
    """The live knowledge base is empty, so every right answer heals."""
    (docs / "hub.md").write_text(HUB, encoding="utf-8")
    found = run("index", "docs", "--preview", "--testset", "t.jsonl", "--kb", "new", "--json").json
    assert found["effects"]["counts"] == {"broken": 0, "healed": 3, "changed": 3}
    assert run("search", "hub", "--kb", "new").code == 4
    assert run("index", "--publish", "--kb", "new").code == 0
    assert run("search", "hub", "--kb", "new").code == 0


def test_nothing_to_change_is_nothing_to_publish(run: Run, docs: Path) -> None:
    """No question is asked, and no preview is kept."""
    shown = run("index", "docs", "--preview", "--testset", "t.jsonl")
    assert (shown.code, shown.out.splitlines()[-1]) == (
        0,
        "nothing would change, so there is nothing to publish",
    )
    refused = run("index", "--publish")
    assert (refused.code, "its discarding" in refused.err) == (4, True)


def test_a_preview_that_was_overtaken_is_refused(run: Run, docs: Path) -> None:
    """The message says by what, and what to do."""
    edit(docs)
    run("index", "docs", "--preview")
    (docs / "returns.md").write_text(RETURNS.replace("30", "60"), encoding="utf-8")
    synced = run("index", "docs")
    assert "note: the preview of revision 2 has ended with this" in synced.out
    refused = run("index", "--publish")
    assert refused.code == 4
    assert "ended by a sync" in refused.err
    assert "is at revision 2 since; preview again: ragbot index PATH... --preview" in refused.err


def test_what_cannot_be_is_told_before_any_work(run: Run, docs: Path) -> None:
    """Wrong files, sources and revisions have their exit codes; there is nothing to publish or to return to."""
    edit(docs)
    (docs.parent / "bad.jsonl").write_text('{"id": "x"}', encoding="utf-8")
    (docs.parent / "lost.jsonl").write_text(
        '{"id": "x", "question": "Why?", "sources": ["nowhere.md"]}', encoding="utf-8"
    )
    for testset, says in (("bad.jsonl", "line 1"), ("lost.jsonl", "nowhere.md"), ("no.jsonl", "no.jsonl")):
        refused = run("index", "docs", "--preview", "--testset", testset)
        assert (refused.code, says in refused.err) == (6, True), refused.err
    assert run("rollback", "--to", "99").code == 6
    assert run("rollback", "--kb", "nowhere").code == 4
    assert run("index", "--publish", "--kb", "nowhere").code == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a file or a folder"),
        (["docs", "--publish"], "stands alone"),
        (["--publish", "--rebuild"], "stands alone"),
        (["--publish", "--discard"], "does not go with --publish"),
        (["docs", "--preview", "--publish"], "does not go with --preview"),
        (["docs", "--testset", "t.jsonl"], "is for --preview"),
        (["docs", "--preview", "--max-broken", "1"], "needs --testset"),
        (["docs", "--preview", "--baseline", "b.json"], "needs --testset"),
        (["docs", "--preview", "--testset", "t.jsonl", "--max-broken", "-1"], "--max-broken"),
    ],
)
def test_options_that_do_not_go_together(run: Run, arguments: list[str], says: str) -> None:
    """They are wrong use, and nothing is made."""
    refused = run("index", *arguments, "--kb", "new")
    assert refused.code == 2
    assert says in " ".join(refused.err.replace("│", "").split())
    assert not Path("new").exists()


def test_listing(run: Run, docs: Path) -> None:
    """The current revision is marked, and a preview that waits is named with its size."""
    edit(docs)
    run("index", "docs", "--preview")
    lines = run("rollback", "--list").out.splitlines()
    assert lines[0].startswith("*      1  ")
    assert lines[0].endswith("documents  sync")
    assert lines[-1].startswith("a preview of revision 2 waits since ")
    assert run("rollback", "--list", "--to", "1").code == 2
