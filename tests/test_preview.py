"""What a preview changes for customers: the same questions asked of both sides."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import pytest
from evaluation import report, row

from ragbot.errors import GateFailed, InputError, TestsetError
from ragbot.evaluate.testset import Case
from ragbot.evaluate.values import EvalReport
from ragbot.preview import Effects, Side, answer_changes, check_broken, effects
from ragbot.types import Answer, Chunk, Citation, Document, Hit, Status, Turn, Understanding


class Shelf:
    """A knowledge base of documents that say one thing each; every search finds all of them, in their order."""

    def __init__(self, **texts: str) -> None:
        self.texts = {f"shop/{name}.md": text for name, text in texts.items()}

    def documents(self) -> list[Document]:
        return [
            Document(id=source, source=source, title=source, text=text, language="en", sha256=source)
            for source, text in self.texts.items()
        ]

    def search(self, question: str, *, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
        return [Hit(chunk=chunk_of(each), score=1.0) for each in self.documents()][:k]


class Reader:
    """Answers a question with the document that holds its last word, and counts."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.asked = shelf, 0

    def ask(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        self.asked += 1
        word = question.rstrip("?").split()[-1]
        for document in self.shelf.documents():
            if word in document.text:
                return answer("answered", question, document)
        return answer("abstained", question, None)


def chunk_of(document: Document) -> Chunk:
    return Chunk(
        id=document.id,
        document_id=document.id,
        source=document.source,
        title=document.title,
        heading="Terms",
        text=document.text,
        start=0,
        end=len(document.text),
        page=None,
    )


def answer(status: Status, question: str, document: Document | None) -> Answer:
    citations: tuple[Citation, ...] = ()
    if document is not None:
        citations = (
            Citation(
                number=1,
                source=document.source,
                title=document.title,
                heading="Terms",
                page=3,
                start=0,
                end=len(document.text),
                quote=document.text,
            ),
        )
    return Answer(
        text=document.text if document else "I do not know.",
        status=status,
        reason="",
        citations=citations,
        understanding=Understanding(
            question=question,
            standalone=question,
            language="en",
            intent="question",
            intent_confidence=1.0,
            sentiment=0.0,
        ),
        confidence=0.9 if document else 0.1,
    )


def side(shelf: Shelf) -> Side:
    return Side(kb=shelf, bot=Reader(shelf), hashes={"knowledge": str(sorted(shelf.texts))})


def case(name: str, question: str, facts: Iterable[str] = (), sources: Iterable[str] = ()) -> Case:
    return Case(
        id=name,
        question=question,
        expect="answered",
        must_contain=tuple((fact,) for fact in facts),
        sources=tuple(sources),
    )


CASES = [
    case("breaks", "What of parcels?", ["3 days"], ["parcel.md"]),
    case("heals", "What of hubs?", ["a button"], ["hub.md"]),
    case("stays", "What of sofas?", ["heavy"], ["sofa.md"]),
    case("changes", "What of lamps?"),
]
LIVE = {"parcel": "parcels take 3 days", "sofa": "sofas are heavy", "lamp": "lamps cost 3 euros"}
NEXT = {"hub": "hubs have a button", "sofa": "sofas are heavy", "lamp": "lamps cost 5 euros"}


@pytest.fixture
def found() -> Effects:
    return effects(CASES, side(Shelf(**LIVE)), side(Shelf(**NEXT)))


def test_broken_healed_and_changed_answers_are_told_apart(found: Effects) -> None:
    """Each with its question, what both sides say, and where they have it from."""
    assert [(each.id, each.effect) for each in found.answers] == [
        ("breaks", "broken"),
        ("heals", "healed"),
        ("changes", "changed"),
    ]
    broken, healed, changed = found.answers
    assert (broken.before.text, broken.before.places) == (
        "parcels take 3 days",
        ("shop/parcel.md, Terms, page 3",),
    )
    assert (broken.after.status, broken.after.places) == ("abstained", ())
    assert broken.after.problems
    assert not broken.before.problems
    assert (healed.before.status, healed.after.text) == ("abstained", "hubs have a button")
    assert (changed.before.text, changed.after.text) == ("lamps cost 3 euros", "lamps cost 5 euros")


def test_figures_of_both_sides_are_compared(found: Effects) -> None:
    """With what differs between them beside the answers."""
    rates = {each.name: (each.before, each.after) for each in found.comparison.changes}
    assert rates["status_accuracy"] == (0.75, 0.75)
    assert found.comparison.differing_hashes == ("knowledge",)
    assert found.before.hashes["testset"] == found.after.hashes["testset"]


def test_a_source_that_one_side_lacks_is_no_mistake(found: Effects) -> None:
    """A new document's questions are not answered from the live side; one that no side has is told at once."""
    values = {each.id: each.measures["recall@5"] for each in found.before.rows if "recall@5" in each.measures}
    assert values == {"breaks": 1.0, "heals": 0.0, "stays": 1.0}
    live, previewed = side(Shelf(**LIVE)), side(Shelf(**NEXT))
    with pytest.raises(TestsetError, match=r"'desk\.md' is not in the knowledge base"):
        effects([case("x", "What of desks?", sources=["desk.md"])], live, previewed)
    assert isinstance(live.bot, Reader)
    assert live.bot.asked == 0


def test_a_document_that_moves_is_one_source() -> None:
    """The test set's name for it fits the old place on one side and the new one on the other."""
    there, here = Shelf(lamp="lamps shine"), Shelf(**{"new/lamp": "lamps shine"})
    made = effects([case("moved", "What of lamps?", sources=["lamp.md"])], side(there), side(here))
    assert (made.answers, made.comparison.changed) == ((), ())
    assert all(report.rows[0].measures["recall@5"] == 1 for report in (made.before, made.after))


def test_a_baseline_spares_asking_the_live_side(found: Effects) -> None:
    """The outcome is the same; one of another test set is refused before any question."""
    live, previewed = side(Shelf(**LIVE)), side(Shelf(**NEXT))
    made = effects(CASES, live, previewed, baseline=found.before)
    assert made.answers == found.answers
    assert isinstance(live.bot, Reader)
    assert live.bot.asked == 0
    with pytest.raises(InputError, match="none of these questions"):
        effects(CASES, live, previewed, baseline=report([row("another")]))
    assert isinstance(previewed.bot, Reader)
    assert previewed.bot.asked == len(CASES)


def test_the_gate_counts_broken_answers(found: Effects) -> None:
    """It names them; healed ones do not make up for them."""
    check_broken(found, 1)
    with pytest.raises(GateFailed, match="1 answers break, at most 0 may: breaks"):
        check_broken(found, 0)


def test_effects_are_json(found: Effects) -> None:
    """Names and shapes that a script can rely on."""
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(plain) == {"questions", "counts", "answers", "comparison", "before", "after"}
    assert (plain["questions"], plain["counts"]) == (4, {"broken": 1, "healed": 1, "changed": 3})
    assert set(plain["answers"][0]) == {"id", "question", "effect", "before", "after"}
    assert set(plain["answers"][0]["after"]) == {"status", "text", "places", "problems"}
    assert set(plain["before"]) == {"hashes", "overall"}


def test_an_answer_that_breaks_with_the_same_words_is_told() -> None:
    """What is right also depends on more than the text: the effect counts, not the difference of words."""
    reports: Mapping[str, EvalReport] = {
        name: report([row("a", {"right_rate": right})]) for name, right in (("before", 1.0), ("after", 0.0))
    }
    from ragbot.evaluate.compare import compare

    comparison = compare(reports["before"], reports["after"])
    (change,) = answer_changes(reports["before"], reports["after"], comparison)
    assert (change.effect, change.before.text == change.after.text) == ("broken", True)
    assert comparison.changed == ()


def test_progress_tells_which_side_is_asked() -> None:
    """Before and after, each up to the number of questions."""
    told: list[tuple[str, int, int]] = []
    effects(
        CASES,
        side(Shelf(**LIVE)),
        side(Shelf(**NEXT)),
        progress=lambda what, done, of: told.append((what, done, of)),
    )
    assert told[0] == ("asking, before", 0, 4)
    assert ("asking, before", 4, 4) in told
    assert told[-1] == ("asking, after", 4, 4)
