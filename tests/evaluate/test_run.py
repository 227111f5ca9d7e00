"""An evaluation over scripted answers: rows, figures, gates, and the report's form."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence

import pytest
from rich.console import Console

from ragbot.errors import GateFailed, InputError, TestsetError
from ragbot.evaluate.report import render
from ragbot.evaluate.run import evaluate
from ragbot.evaluate.summary import METRICS, EvalReport, check_gates, parse_gates
from ragbot.evaluate.testset import Case
from ragbot.types import Answer, Chunk, Citation, Claim, Document, Hit, Status, Turn, Understanding


def hit(source: str) -> Hit:
    chunk = Chunk(
        id=source, document_id=source, source=source, title="", heading="", text="x", start=0, end=1
    )
    return Hit(chunk=chunk, score=1.0)


class ScriptedKnowledge:
    """Finds the sources that are scripted for a question."""

    def __init__(self, found: dict[str, list[str]], sources: Sequence[str]) -> None:
        self.found = found
        self.sources = sources
        self.histories: list[Sequence[Turn]] = []

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
        self.histories.append(history)
        return [hit(source) for source in self.found.get(question, [])][:k]

    def documents(self) -> list[Document]:
        return [Document(id=name, source=name, title="", text="x") for name in self.sources]


class ScriptedBot:
    """Gives the scripted status, text and cited source, with one supported and one unsupported claim."""

    def __init__(self, script: dict[str, tuple[Status, str, str]]) -> None:
        self.script = script
        self.asked: list[tuple[str, Sequence[Turn]]] = []

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append((question, history))
        status, text, source = self.script[question]
        citation = Citation(
            number=1, source=source, title="", heading="", page=None, start=0, end=1, quote="x"
        )
        return Answer(
            text=text,
            status=status,
            reason="",
            understanding=Understanding(question=question, standalone=question, language="en"),
            citations=(citation,) if source else (),
            claims=(
                Claim(text="x", verdict="supported", support=1.0),
                Claim(text="y", verdict="unsupported", support=0.0),
            ),
            trace_id=f"{random.random()}",
        )


CASES = [
    Case(
        id="right",
        question="right",
        expect="answered",
        sources=("a.md",),
        must_contain=(("5 days",),),
        must_not_contain=("15 days",),
        language="en",
        reference="5 days",
    ),
    Case(
        id="wrong",
        question="wrong",
        expect="answered",
        sources=("a.md", "b.md"),
        must_contain=(("5 days",),),
        must_not_contain=("15 days",),
        language="en",
        reference="5 days",
    ),
    Case(
        id="two",
        question="two",
        expect="answered",
        sources=("a.md", "b.md"),
        tags=("two_document",),
        language="zh",
        history=(Turn(role="user", text="earlier"),),
    ),
    Case(id="unknown", question="unknown", expect="abstained", language="zh", tags=("unanswerable",)),
    Case(id="made-up", question="made-up", expect="abstained", language="en", tags=("unanswerable",)),
    Case(id="free", question="free", language="en"),
]
SCRIPT: dict[str, tuple[Status, str, str]] = {
    "right": ("answered", "It takes 5 days [1].", "a.md"),
    "wrong": ("answered", "It takes 15 days [1].", "c.md"),
    "two": ("abstained", "I do not know.", ""),
    "unknown": ("abstained", "I do not know.", ""),
    "made-up": ("answered", "Surely.", "c.md"),
    "free": ("smalltalk", "Hello.", ""),
}
FOUND = {"right": ["a.md", "c.md"], "wrong": ["c.md", "c.md", "b.md"], "two": ["c.md", "a.md"]}


def run() -> tuple[EvalReport, ScriptedKnowledge, ScriptedBot]:
    kb = ScriptedKnowledge(FOUND, ["a.md", "b.md", "c.md"])
    bot = ScriptedBot(SCRIPT)
    return evaluate(bot, kb, CASES), kb, bot


def test_every_figure_is_the_one_worked_out_by_hand() -> None:
    """Value and count of each measure over the scripted answers."""
    figures = run()[0].overall.figures
    assert {name: (figure.value, figure.n) for name, figure in figures.items()} == {
        "status_accuracy": (3 / 5, 5),
        "answer_rate": (2 / 3, 3),
        "right_fact_rate": (1 / 2, 2),
        "answer_precision": (1 / 3, 3),
        "abstention_rate": (1 / 2, 2),
        "false_answer_rate": (1 / 2, 2),
        "forbidden_rate": (1 / 2, 2),
        "right_cited_rate": (1 / 2, 2),
        "recall@1": (1 / 3, 3),
        "recall@5": (pytest.approx((1 + 1 + 0.5) / 3), 3),
        "mrr": (pytest.approx((1 + 1 / 3 + 1 / 2) / 3), 3),
        "supported_share": (0.5, 3),
        "token_f1": (pytest.approx((2 / 3 + 1 / 3) / 2), 2),
    }


def test_groups_and_confusion() -> None:
    """Languages and tags have their own figures; statuses are counted by expectation."""
    report, _, _ = run()
    assert {name: group.n for name, group in report.by_language.items()} == {"en": 4, "zh": 2}
    assert {name: group.n for name, group in report.by_tag.items()} == {"two_document": 1, "unanswerable": 2}
    assert report.confusion == {
        "abstained": {"abstained": 1, "answered": 1},
        "answered": {"abstained": 1, "answered": 2},
    }
    assert report.by_tag["two_document"].figures["recall@5"].value == 0.5


def test_a_figure_over_no_question_is_null() -> None:
    """Never NaN, never 0."""
    figure = run()[0].by_tag["unanswerable"].figures["mrr"]
    assert (figure.value, figure.n, figure.low, figure.high) == (None, 0, None, None)


def test_history_reaches_search_and_bot() -> None:
    """Conversations are given to both."""
    _, kb, bot = run()
    turns = (Turn(role="user", text="earlier"),)
    assert kb.histories == [(), (), turns]
    assert ("two", turns) in bot.asked


def test_json_is_the_same_for_the_same_answers() -> None:
    """All but the timings, which stand apart, is reproducible; keys are sorted; there is no NaN."""
    first, second = (json.loads(run()[0].to_json()) for _ in range(2))
    assert set(first.pop("timings")["by_question"]) == {case.id for case in CASES}
    second.pop("timings")
    assert first == second
    assert list(first) == sorted(first)
    assert first["rows"][0]["cited"] == ["a.md"]
    assert "trace_id" not in json.dumps(first)


def test_unknown_sources_stop_it_before_the_first_question() -> None:
    """No model runs for a test set of another knowledge base."""
    bot = ScriptedBot(SCRIPT)
    with pytest.raises(TestsetError, match=r"a\.md"):
        evaluate(bot, ScriptedKnowledge({}, ["other.md"]), CASES)
    assert bot.asked == []


def test_progress_counts_from_none_to_all() -> None:
    """A bar can be drawn from it."""
    seen: list[tuple[str, int, int]] = []
    kb = ScriptedKnowledge(FOUND, ["a.md", "b.md", "c.md"])
    evaluate(ScriptedBot(SCRIPT), kb, CASES[:2], progress=lambda *told: seen.append(told))
    assert seen == [("asking", 0, 2), ("asking", 1, 2), ("asking", 2, 2)]


def test_gates_name_what_failed() -> None:
    """Too low, too high, and not measured are failures; what holds is silent."""
    report, _, _ = run()
    check_gates(report, minimum={"recall@5": 0.8}, maximum={"false_answer_rate": 0.5})
    with pytest.raises(GateFailed, match=r"recall@5 is 0\.8333 \(n=3\), below 0\.9") as caught:
        check_gates(report, minimum={"recall@5": 0.9}, maximum={"forbidden_rate": 0.1})
    assert "forbidden_rate is 0.5000 (n=2), above 0.1" in str(caught.value)
    kb = ScriptedKnowledge({}, [])
    empty = evaluate(ScriptedBot(SCRIPT), kb, CASES[-1:])
    with pytest.raises(GateFailed, match="no questions"):
        check_gates(empty, minimum={"mrr": 0.0}, maximum={})


@pytest.mark.parametrize("bad", ["recal=0.5", "mrr", "mrr=high", "mrr=80", "mrr=nan"])
def test_a_gate_that_means_nothing_is_refused(bad: str) -> None:
    """A misspelt gate must not pass."""
    with pytest.raises(InputError, match="gate"):
        parse_gates([bad])
    assert parse_gates(["mrr=0.5"]) == {"mrr": 0.5}


def test_the_table_shows_every_figure_and_what_went_wrong() -> None:
    """People see counts, intervals, and the questions that failed."""
    stream = io.StringIO()
    Console(file=stream, width=120).print(render(run()[0]))
    text = stream.getvalue()
    for name in METRICS:
        assert name in text
    assert "1/2" in text
    assert "abstained, not answered" in text
    assert "says '15 days'" in text
