"""An evaluation over scripted answers: rows, figures, gates, and the report's form."""

from __future__ import annotations

import io
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console, RenderableType

from ragbot.errors import GateFailed, InputError, TestsetError
from ragbot.evaluate.compare import compare
from ragbot.evaluate.gates import check_gates
from ragbot.evaluate.judge import cluster
from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.reading import Sample, right_by_facts, right_by_place
from ragbot.evaluate.report import render, render_comparison
from ragbot.evaluate.run import evaluate
from ragbot.evaluate.summary import to_json
from ragbot.evaluate.testset import Case, locate_excerpts
from ragbot.evaluate.values import EvalReport
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


class Whole:
    """A verifier to which a claim is supported where a passage is the same."""

    def verify(self, text: str, passages: Sequence[str], *, contexts: Sequence[str] = ()) -> list[Claim]:
        held = text in passages
        return [Claim(text=text, verdict="supported" if held else "unsupported", support=float(held))]


class ScriptedBot:
    """Gives the scripted status, text and cited source, with one supported and one unsupported claim."""

    def __init__(
        self, script: dict[str, tuple[Status, str, str]], claims: Sequence[Claim] | None = None
    ) -> None:
        self.script = script
        self.claims = CLAIMS if claims is None else claims
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
            claims=tuple(self.claims),
            trace_id=f"{random.random()}",
        )


CLAIMS = (
    Claim(text="x", verdict="supported", support=1.0, citations=(1,)),
    Claim(text="y", verdict="unsupported", support=0.0),
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
    return evaluate(bot, kb, CASES, verifier=Whole(), hashes={"code": "c0de"}), kb, bot


def close(value: float) -> Any:
    """Equal to the six decimals of a report."""
    return pytest.approx(value, abs=1e-6)


def test_every_figure_is_the_one_worked_out_by_hand() -> None:
    """Value and count of each measure over the scripted answers, in the order of the table."""
    figures = run()[0].overall.figures
    second = 1 / math.log2(3)
    assert {name: (figure.value, figure.n) for name, figure in figures.items()} == {
        "right_rate": (2 / 5, 5),
        "status_accuracy": (3 / 5, 5),
        "answer_rate": (close(2 / 3), 3),
        "answer_precision": (close(1 / 3), 3),
        "abstention_rate": (1 / 2, 2),
        "abstention_precision": (1 / 2, 2),
        "false_answer_rate": (1 / 2, 2),
        "right_fact_rate": (1 / 2, 2),
        "right_by_facts": (1 / 2, 2),
        "right_by_place": (None, 0),
        "must_contain": (1 / 2, 2),
        "forbidden_rate": (1 / 2, 2),
        "token_f1": (close((2 / 3 + 1 / 3) / 2), 2),
        "rouge_l": (close((4 / 6 + 2 / 6) / 2), 2),
        "supported_share": (0.5, 3),
        "citation_recall": (1 / 2, 3),
        "citation_precision": (1.0, 3),
        "quote_exactness": (1.0, 3),
        "right_cited_rate": (1 / 2, 2),
        "recall@1": (close(1 / 3), 3),
        "recall@5": (close((1 + 1 + 0.5) / 3), 3),
        "recall@10": (close((1 + 1 + 0.5) / 3), 3),
        "mrr": (close((1 + 1 / 3 + 1 / 2) / 3), 3),
        "ndcg@5": (close((1 + second / (1 + second) * 2) / 3), 3),
        "ndcg@10": (close((1 + second / (1 + second) * 2) / 3), 3),
        "context_precision": (close((1 + 1 / 3 + 1 / 2) / 3), 3),
    }
    assert list(figures) == list(MEASURES)


def test_without_a_verifier_citations_are_not_weighed() -> None:
    """The other figures are the same."""
    kb = ScriptedKnowledge(FOUND, ["a.md", "b.md", "c.md"])
    figures = evaluate(ScriptedBot(SCRIPT), kb, CASES).overall.figures
    assert (figures["citation_recall"].value, figures["citation_recall"].n) == (None, 0)
    assert figures["quote_exactness"].n == 3


def test_problems_are_told_in_words() -> None:
    """What went wrong with each question, and nothing where nothing did."""
    told = {row.id: row.problems for row in run()[0].rows}
    assert told == {
        "right": ("1 of 2 claims not supported",),
        "wrong": ("fact missing", "says '15 days'", "1 of 2 claims not supported"),
        "two": ("abstained, not answered",),
        "unknown": (),
        "made-up": ("answered, not abstained", "1 of 2 claims not supported"),
        "free": (),
    }


def test_a_conversation_is_told_by_its_name_or_its_first_message() -> None:
    """The question that began it belongs to it; what the assistant says first does not tell conversations apart."""
    first = Case(id="1", question="Where is it?")
    later = Case(
        id="2",
        question="And now?",
        history=(Turn(role="assistant", text="Welcome!"), Turn(role="user", text="Where is it?")),
    )
    other = Case(id="3", question="When?", history=(Turn(role="assistant", text="Welcome!"),))
    assert cluster(first) == cluster(later) != cluster(other)
    assert cluster(Case(id="4", question="Where is it?", conversation="c-7")) == "c-7"


def test_no_case_is_no_evaluation() -> None:
    """Told before anything is read."""
    with pytest.raises(InputError, match="at least one row"):
        evaluate(ScriptedBot({}), ScriptedKnowledge({}, []), [])


@pytest.mark.parametrize("status", ["abstained", "clarify", "handoff", "smalltalk", "answered"])
def test_a_bot_that_always_does_the_same_is_measured(status: Status) -> None:
    """Empty texts, no claims, no citations, nothing found: figures or null, in valid JSON."""
    bot = ScriptedBot({case.question: (status, "", "") for case in CASES}, claims=())
    made = evaluate(bot, ScriptedKnowledge({}, ["a.md", "b.md"]), CASES, verifier=Whole())
    assert "NaN" not in to_json(made)
    assert all(0 <= figure.value <= 1 for figure in made.overall.figures.values() if figure.value is not None)


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
    """Byte for byte; keys are sorted; durations and trace ids are not in it."""
    first, second = (to_json(run()[0]) for _ in range(2))
    assert first == second
    document = json.loads(first)
    assert list(document) == sorted(document)
    assert document["hashes"]["code"] == "c0de"
    assert len(document["hashes"]["testset"]) == 64
    assert "timings" not in document
    assert "trace_id" not in first
    assert len(run()[0].timings) == len(CASES)


def test_the_test_set_has_a_hash_of_its_own() -> None:
    """Of all that its cases say, whatever the knowledge base calls their sources."""
    kb = ScriptedKnowledge(FOUND, ["docs/a.md", "docs/b.md", "c.md"])
    here, there = run()[0], evaluate(ScriptedBot(SCRIPT), kb, CASES)
    assert here.hashes["testset"] == there.hashes["testset"]
    assert evaluate(ScriptedBot(SCRIPT), kb, CASES[:5]).hashes["testset"] != here.hashes["testset"]


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


def test_the_tables_show_every_figure_and_what_went_wrong() -> None:
    """In 80 columns: figures, intervals, counts, and the questions that failed."""
    text = printed(render(run()[0]))
    for name in MEASURES:
        assert f"\n{name} " in text
    assert "abstained, not answered" in text
    assert "says '15 days'" in text
    assert "milliseconds" in text


def test_the_comparison_shows_what_broke() -> None:
    """In 80 columns, no figure cut: names, directions, and the questions that broke and healed."""
    before = run()[0]
    script = {**SCRIPT, "right": SCRIPT["wrong"], "wrong": SCRIPT["right"], "unknown": SCRIPT["made-up"]}
    after = evaluate(ScriptedBot(script), ScriptedKnowledge(FOUND, ["a.md", "b.md", "c.md"]), CASES)
    text = printed(render_comparison(compare(before, after), after.rows))
    assert "broken: 2" in text
    assert "healed: 1" in text
    assert "equal" in text
    assert "what else differs: code" in text


def printed(parts: RenderableType) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(parts)
    assert "…" not in stream.getvalue()
    return stream.getvalue()


@pytest.mark.parametrize(("start", "end", "value"), [(4, 9, 1.0), (9, 12, 0.0), (0, 5, 1.0), (0, 4, 0.0)])
def test_right_by_place_asks_for_an_overlap(start: int, end: int, value: float) -> None:
    """Of half-open ranges in the same source: touching is none."""
    citation = Citation(
        number=1, source="a", title="", heading="", page=None, start=start, end=end, quote="x"
    )
    answer = Answer(
        text="It is 6 months.",
        status="answered",
        reason="",
        confidence=1.0,
        understanding=Understanding(question="?", standalone="?", language="en"),
        citations=(citation,),
    )
    case = Case(id="q", question="?", expect="answered", sources=("a",), must_contain=(("6 months",),))
    assert right_by_place(Sample(case=case, answer=answer, places=(("a", 4, 9),))) == value
    assert right_by_place(Sample(case=case, answer=answer, places=(("b", 4, 9),))) == 0
    assert right_by_place(Sample(case=case, answer=answer)) is None
    assert right_by_facts(Sample(case=case, answer=answer)) == 1
    assert right_by_facts(Sample(case=case, answer=replace(answer, text="It is 16 months."))) == 0


def test_excerpts_stand_in_their_sources() -> None:
    """Every place is found; one that stands nowhere is told before any question."""
    case = Case(id="q", question="?", sources=("a",), excerpts=("two",))
    assert locate_excerpts([case], {"a": ["one two two"]}) == {"q": (("a", 4, 7), ("a", 8, 11))}
    with pytest.raises(TestsetError) as caught:
        locate_excerpts([case], {"a": ["one"], "b": ["two"]})
    assert "q: excerpt 'two' stands in none of its sources" in str(caught.value.problems)
