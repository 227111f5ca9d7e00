"""Weighed pieces into quotes, quotes into numbered citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import asking, passage

from ragbot.answer.compose import Cited, Statement, choose, cite, quote
from ragbot.answer.evidence import Scored
from ragbot.answer.units import Unit, units
from ragbot.types import Claim, Hit

LIST = passage(
    "To reset the hub:\n\n1. Unplug it.\n2. Hold the button.\n3. Plug it in again.\n\nThe light turns green.",
    heading="Reset",
    start=40,
)
PARCEL = passage(
    "A parcel to Norway takes six days. Customs are paid by the receiver. We tell you the number by e-mail.",
    source="shop/shipping.md",
    title="Shipping",
    start=700,
)


def weigh(hits: Sequence[Hit], estimates: Mapping[str, float]) -> list[Scored]:
    """Every piece of the hits, best first: `estimates` are those of the pieces with a word; else 0.01."""
    scored = []
    for number, hit in enumerate(hits):
        for unit in units(hit, number):
            named = [p for word, p in estimates.items() if word.lower() in unit.text.lower()]
            probability = max(named, default=0.01)
            scored.append(Scored(unit=unit, probability=probability, known=True, features=()))
    return sorted(scored, key=lambda item: -item.probability)


def answer(question: str, hits: Sequence[Hit], estimates: Mapping[str, float], *, most: int = 3) -> Cited:
    chosen = choose(asking(question), weigh(hits, estimates), hits, most=most)
    return cite(quote(chosen, hits), hits)


def assert_verbatim(cited: Cited, hits: Sequence[Hit]) -> None:
    """Every quote stands at its place in its document, and no place twice."""
    chunks = {hit.chunk.id: hit.chunk for hit in hits}
    taken: list[tuple[str, int, int]] = []
    for number, citation in enumerate(cited.citations, start=1):
        chunk = chunks[citation.chunk_id]
        assert citation.number == number
        assert (citation.source, citation.title, citation.heading) == (
            chunk.source,
            chunk.title,
            chunk.heading,
        )
        assert chunk.start <= citation.start < citation.end <= chunk.end
        assert chunk.text[citation.start - chunk.start : citation.end - chunk.start] == citation.quote
        for source, start, end in taken:
            assert source != citation.source or citation.end <= start or end <= citation.start
        taken.append((citation.source, citation.start, citation.end))


def test_without_pieces_there_is_nothing_to_quote() -> None:
    """No pieces, no statements, no text."""
    assert choose(asking("refund"), [], [], most=3) == []
    empty = cite([], [])
    assert (empty.text, empty.citations, empty.parts) == ("", (), ())


def test_the_best_piece_is_quoted_word_for_word() -> None:
    """The answer is the document's own words and a mark."""
    cited = answer("How long does a parcel to Norway take?", [LIST, PARCEL], {"six": 0.9})
    assert "A parcel to Norway takes six days." in cited.citations[0].quote
    assert cited.text == f"{cited.citations[0].quote} [1]"
    assert cited.citations[0].source == "shop/shipping.md"
    assert_verbatim(cited, [LIST, PARCEL])


def test_neighbours_join_a_short_quote() -> None:
    """What a sentence means often stands in the next one: a short passage is quoted with it."""
    cited = answer("Who pays customs?", [PARCEL], {"customs": 0.9, "number": 0.4})
    assert cited.citations[0].quote.startswith(("A parcel", "Customs"))
    assert "We tell you the number by e-mail." in cited.citations[0].quote
    assert len(cited.citations) == 1


def test_far_sentences_do_not_join() -> None:
    """A quote stays short in a long passage, and is one stretch of it."""
    text = " ".join(
        f"Sentence {number} speaks of matter {number * 7} and of nothing else at all." for number in range(40)
    )
    hit = passage(text)
    cited = answer("What of matter 140?", [hit], {"matter 140 ": 0.9})
    assert "matter 140 " in cited.text
    assert len(cited.text) < 500
    assert_verbatim(cited, [hit])


@pytest.mark.parametrize("question", ["How do I reset the hub?", "怎么重置网关？"])
@pytest.mark.parametrize("best", ["button", "To reset"])
def test_how_to_questions_get_the_whole_list(question: str, best: str) -> None:
    """All steps with what introduces them, on lines of their own, whichever of them fits best."""
    cited = answer(question, [LIST], {best: 0.9})
    assert cited.citations[0].quote == (
        "To reset the hub:\n\n1. Unplug it.\n2. Hold the button.\n3. Plug it in again."
    )
    assert cited.text.startswith("To reset the hub:\n\n1. Unplug it.")
    assert_verbatim(cited, [LIST])


def test_a_sentence_that_introduces_a_list_brings_it() -> None:
    """A lead without its items says nothing, whatever was asked."""
    hit = passage("We accept:\n\n- cards\n- cash\n\nTips are welcome.")
    cited = answer("Which payment is accepted?", [hit], {"accept": 0.9})
    assert "- cards\n- cash" in cited.citations[0].quote


def test_a_table_row_stands_alone() -> None:
    """The rows beside it are about something else."""
    hit = passage("Plan: Basic; Price: 5\nPlan: Pro; Price: 9\nPlan: Max; Price: 20", kind="table")
    cited = answer("What does Pro cost?", [hit], {"pro": 0.9})
    assert [citation.quote for citation in cited.citations] == ["Plan: Pro; Price: 9"]


def test_an_faq_is_answered_by_its_answer() -> None:
    """The question is not quoted back."""
    faq = passage("How long?\nFive days. Not more.", kind="faq", question="How long?", answer_start=10)
    cited = answer("How long?", [faq], {"five": 0.9})
    assert cited.citations[0].quote == "Five days. Not more."
    assert_verbatim(cited, [faq])


def test_a_sentence_that_leans_back_brings_the_one_before() -> None:
    """`It` is not quoted without what it is."""
    long = "The Nova Hub is white, made of two halves and of glass, and stands on a foot of oak. " + (
        "It must not be used outdoors, in bathrooms or near the sea, where salt and water harm the board, "
        "nor within reach of small children, nor anywhere that is warmer than forty degrees in summer, "
        "nor on a carpet, which may take fire when the board is hot."
    )
    hit = passage(long)
    cited = answer("Where must it not be used?", [hit], {"outdoors": 0.9})
    assert cited.citations[0].quote == long


def test_a_further_piece_must_not_repeat_the_first() -> None:
    """A second passage joins if it is likely enough too, unless it says what the first says."""
    first = passage("The Nova lamp is returned within 30 days.", source="a.md")
    same = passage("The Nova lamp is returned within thirty days.", source="b.md")
    other = passage("Postage is paid by the shop.", source="c.md")
    hits = [first, same, other]
    question = "Within how many days is the Nova lamp returned, and who pays the postage?"
    cited = answer(question, hits, {"30": 0.9, "thirty": 0.89, "postage": 0.8})
    assert [citation.source for citation in cited.citations] == ["a.md", "c.md"]
    assert cited.text == ("The Nova lamp is returned within 30 days. [1] Postage is paid by the shop. [2]")


def test_a_weak_piece_does_not_join() -> None:
    """Beside a sure answer, an unlikely one is not shown."""
    hits = [passage("Lamps are returned.", source="a.md"), passage("Postage is 5 euros.", source="b.md")]
    cited = answer("Are lamps returned, and what is the postage?", hits, {"lamps": 0.95, "postage": 0.1})
    assert [citation.source for citation in cited.citations] == ["a.md"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_pieces_than_asked_for(most: int) -> None:
    """`max_sentences` bounds the statements."""
    names = ["lamp", "hub", "plug", "cable", "camera"]
    hits = [passage(f"The {name} is in stock.", source=f"{name}.md") for name in names]
    cited = answer(f"Are {', '.join(names)} in stock?", hits, {"stock": 0.9}, most=most)
    assert len(cited.citations) == most


def test_an_answer_stays_short() -> None:
    """Long pieces do not pile up."""
    hits = [
        passage(f"The {name} " + "is a very fine thing and " * 14 + "is sold.", source=f"{name}.md")
        for name in ("lamp", "hub", "plug")
    ]
    cited = answer("lamp, hub, plug?", hits, {"lamp": 0.9, "hub": 0.9, "plug": 0.9})
    assert len(cited.text) < 1000
    assert_verbatim(cited, hits)


def test_statements_stand_in_reading_order() -> None:
    """Two places of one passage are quoted in the order in which they stand there."""
    filler = "Nothing of interest stands here, only words that fill the page with more of themselves. " * 5
    hit = passage(f"The lamp costs 20 euros. {filler}The hub costs 90 euros.")
    cited = answer("What do lamp and hub cost?", [hit], {"hub": 0.9, "lamp": 0.85})
    starts = [citation.start for citation in cited.citations]
    assert starts == sorted(starts)
    assert "lamp costs" in cited.text
    assert "hub costs" in cited.text
    assert_verbatim(cited, [hit])


def test_one_place_has_one_number() -> None:
    """Two statements that rest on the same words share a citation; claims carry its number."""
    claim = Claim(text="x", verdict="supported", support=1.0, citations=(7,))
    here = Statement(text="Six days.", hit=0, start=0, end=34, claims=(claim,))
    there = Statement(text="Customs are yours.", hit=0, start=35, end=69, claims=(claim,))
    cited = cite([here, there, here], [PARCEL])
    assert cited.parts == ("Six days. [1]", "Customs are yours. [2]", "Six days. [1]")
    assert [citation.number for citation in cited.citations] == [1, 2]
    assert [each.citations for each in cited.claims] == [(1,), (2,), (1,)]
    assert (cited.citations[1].start, cited.citations[1].end) == (735, 769)
    assert_verbatim(cited, [PARCEL])


def test_a_single_item_loses_its_bullet_in_the_text_only() -> None:
    """The text reads well; the quote stays as it stands."""
    hit = passage("You need:\n\n- a cable")
    unit = units(hit, 0)[1]
    cited = cite([Statement(text=unit.text, hit=0, start=unit.start, end=unit.end)], [hit])
    assert cited.text == "a cable [1]"
    assert cited.citations[0].quote == "- a cable"


def test_pages_are_cited() -> None:
    """The citation says on which page the passage begins."""
    hit = replace(PARCEL, chunk=replace(PARCEL.chunk, page=3))
    (citation,) = cite([Statement(text="A parcel", hit=0, start=0, end=8)], [hit]).citations
    assert (citation.page, citation.quote) == (3, "A parcel")


sentence = st.sampled_from(
    [
        "Refunds take five days. ",
        "It is free.\n\n",
        "This holds for cards only. ",
        "You need:\n\n- a box\n- a label\n\n",
        "1. Open the app.\n2. Press reset.\n",
        "But not on Sundays. ",
        "退款需要 5 天。它是免费的。",
        "Plan: Basic; Price: 5\n",
        "  \n",
        "A word of " + "very long " * 45 + "text. ",
    ]
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    texts=st.lists(st.lists(sentence, min_size=1, max_size=6).map("".join), min_size=1, max_size=3),
    estimates=st.lists(st.floats(0, 1), min_size=60, max_size=60),
    question=st.sampled_from(
        ["How do I get a refund?", "Is it free?", "退款要几天？", "reset app Sundays box"]
    ),
    most=st.integers(1, 4),
)
def test_quotes_are_verbatim_and_never_overlap(
    texts: list[str], estimates: list[float], question: str, most: int
) -> None:
    """Whatever the passages and the estimates: every quote stands in its document, and none twice."""
    hits = [passage(text, source=f"{place}.md", start=100 * place) for place, text in enumerate(texts)]
    pieces: list[Unit] = [unit for number, hit in enumerate(hits) for unit in units(hit, number)]
    paired = zip(pieces, estimates, strict=False)
    scored = [Scored(unit=unit, probability=p, known=True, features=()) for unit, p in paired]
    scored.sort(key=lambda item: -item.probability)
    statements = quote(choose(asking(question), scored, hits, most=most), hits)
    cited = cite(statements, hits)
    assert len(statements) <= most
    assert bool(statements) == bool(pieces)
    assert_verbatim(cited, hits)
    for statement, part in zip(statements, cited.parts, strict=True):
        assert statement.text == statement.text.strip()
        assert part.endswith("]")
        assert part.rsplit(" [", 1)[0] in statement.text


RECEIPTS = passage(
    "Learn how to find a receipt.\n\nIn this article:\n\n- Store receipts\n- Other shops\n\n"
    "Your receipt comes by e-mail after checkout. Search your mail for it.\n\nOther shops send their own.",
    source="shop/receipts.md",
    title="Find your receipt",
)


def test_what_only_announces_yields_to_what_it_announces() -> None:
    """ "Learn how to find a receipt." is no answer: the first thing that the document then tells is."""
    cited = answer("Where is my receipt?", [RECEIPTS, PARCEL], {"learn how": 0.9, "norway": 0.05})
    assert cited.citations[0].quote.startswith("Your receipt comes by e-mail after checkout.")
    assert not any("Learn how" in each.quote for each in cited.citations)
    assert_verbatim(cited, [RECEIPTS, PARCEL])


def test_steps_behind_an_announcement_are_quoted_where_steps_are_asked_for() -> None:
    """The list, whole, not the announcement."""
    guide = passage(
        "This article explains the reset.\n\nFollow these steps:\n\n1. Unplug it.\n2. Wait.\n\nDone."
    )
    cited = answer("How do I reset it?", [guide], {"article explains": 0.9})
    assert [each.quote for each in cited.citations] == ["Follow these steps:\n\n1. Unplug it.\n2. Wait."]


def test_a_remark_before_the_steps_does_not_take_their_place() -> None:
    """ "If you bought elsewhere, ..." stands first, but is not how it is done."""
    guide = passage(
        "Learn how to track orders.\n\nIf you bought elsewhere, ask there.\n\n1. Open the orders page.\n2. Sign in."
    )
    cited = answer("How can I track my order?", [guide], {"learn how": 0.9})
    assert cited.citations[0].quote == "1. Open the orders page.\n2. Sign in."


def test_an_announcement_with_nothing_behind_it_is_still_quoted() -> None:
    """It names the article at least."""
    teaser = passage("Learn how to find a receipt.")
    assert [each.quote for each in answer("Where is it?", [teaser], {"learn": 0.9}).citations] == [
        "Learn how to find a receipt."
    ]


def test_a_pointer_is_an_answer_to_who_asks_for_an_address() -> None:
    """ "For more help, visit ..." answers a question for the web page."""
    page = passage("For more help, visit shop.example/help. We are open all day.")
    cited = answer("What is your website?", [page], {"visit": 0.9})
    assert "shop.example/help" in cited.text
