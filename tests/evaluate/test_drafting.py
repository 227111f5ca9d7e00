"""Questions drafted out of documents by a generator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import ScriptedGenerator
from quick import open_quick, quick_sync

from ragbot.errors import GenerationError, InputError
from ragbot.evaluate.drafting import DRAFT, checked, draft
from ragbot.index.knowledge_base import KnowledgeBase

TEXT = "Devices may be returned within 21 days of delivery. The label costs $9.95."
ROW = {
    "question": "How long can I return a lamp?",
    "answer": "Within 21 days.",
    "excerpt": "returned within 21 days of delivery",
    "fact": "21 days",
}


@pytest.fixture
def kb(tmp_path: Path) -> KnowledgeBase:
    """A knowledge base with one page."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "returns.md").write_text(f"# Returns\n\n{TEXT}\n", encoding="utf-8")
    opened = open_quick(tmp_path / "kb")
    quick_sync(opened, folder)
    return opened


def test_what_the_generator_writes_becomes_a_case(kb: KnowledgeBase) -> None:
    """With its source, excerpt, fact and tag; the passage is in the prompt."""
    generator = ScriptedGenerator("Here it is: " + json.dumps(ROW))
    (case,) = draft(kb, generator, 1)
    assert (case.question, case.excerpts, case.must_contain) == (
        ROW["question"],
        (ROW["excerpt"],),
        ((ROW["fact"],),),
    )
    assert case.tags == (DRAFT,)
    assert case.sources[0].endswith("returns.md")
    assert "21 days of delivery" in generator.prompts[0][-1].content


@pytest.mark.parametrize(
    "change", [{"excerpt": "within 30 days"}, {"fact": "14 days"}, {"question": " "}, {"fact": 3}]
)
def test_what_the_passage_lacks_is_not_kept(change: dict[str, object]) -> None:
    """Nor what is of another form."""
    assert checked(json.dumps(ROW), TEXT) == ROW
    assert checked(json.dumps(ROW | change), TEXT) is None
    assert checked("How long?", TEXT) is None
    assert checked("}{", TEXT) is None


def test_nothing_kept_and_a_failure_are_errors(kb: KnowledgeBase) -> None:
    """The first names the generator and what to set."""
    with pytest.raises(InputError, match=r"scripted wrote no question.*generator\.model"):
        draft(kb, ScriptedGenerator("no"), 1)
    with pytest.raises(GenerationError):
        draft(kb, ScriptedGenerator(), 1)
    with pytest.raises(InputError, match="no passage in zh"):
        draft(kb, ScriptedGenerator(), 1, language="zh")
