"""Chunks that stand next to one another reach the model as one text, and are cited one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fakes import ScriptedGenerator
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage
from quick import HashedEmbedder, quick_sync, write

from ragbot.answer.join import MOST_BETWEEN, carrier, is_cut, join
from ragbot.answer.prompt import compose_prompt
from ragbot.bot import Bot
from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.settings import AnswerSettings, IngestSettings, Settings
from ragbot.types import Chunk, Document, Hit

TEXT = "Returns take 30 days.\n\nBy card\n\nCards take five days.\nCash takes one.\n\nBy post\n\nPost takes ten days."


def piece(text: str, heading: str = "", whole: str = TEXT, **more: Any) -> Hit:
    """A hit on a piece of `whole`, a document of its own."""
    made: Hit = passage(text, source="shop/returns.md", heading=heading, start=whole.index(text), **more)
    return made


def texts(hits: Sequence[Hit], whole: str | None = TEXT) -> list[str]:
    return [hit.chunk.text for hit in join(hits, lambda _: whole)]


CARD, CASH, POST, TOP = (
    piece("Cards take five days.", "By card"),
    piece("Cash takes one.", "By card", dense=None),
    piece("Post takes ten days.", "By post"),
    piece("Returns take 30 days."),
)


def test_neighbours_become_one_passage_in_reading_order() -> None:
    """The worse one stands first in the document and so in the passage; the best one's scores are kept."""
    (whole,) = join([CASH, CARD], lambda _: TEXT)
    assert whole.chunk.text == "Cards take five days.\nCash takes one."
    assert TEXT[whole.chunk.start : whole.chunk.end] == whole.chunk.text
    assert (whole.chunk.heading, whole.dense_rank) == ("By card", None)
    assert whole.chunk.id == CARD.chunk.id


def test_sections_side_by_side_stay_apart_but_follow_what_stands_above_them() -> None:
    """What stands under "By card" is not read as if it stood under "By post"; a heading within is read along."""
    assert texts([POST, CASH]) == ["Post takes ten days.", "Cash takes one."]
    assert texts([CARD, TOP]) == ["Returns take 30 days.\n\nBy card\n\nCards take five days."]


def test_passages_keep_the_order_of_their_best_chunk() -> None:
    """A joined passage stands where its best chunk stood."""
    assert texts([POST, CASH, CARD]) == ["Post takes ten days.", "Cards take five days.\nCash takes one."]
    assert texts([CASH, POST, CARD]) == ["Cards take five days.\nCash takes one.", "Post takes ten days."]


def test_what_does_not_touch_is_left_alone() -> None:
    """Other documents, far places, entries of a list of questions or a table, a document that is gone or changed."""
    far = "First part." + " " * (MOST_BETWEEN + 1) + "Second part."
    assert len(texts([piece("First part.", whole=far), piece("Second part.", whole=far)], far)) == 2
    other = passage("Cash takes one.", source="shop/other.md", heading="By card", start=CASH.chunk.start)
    assert len(texts([CARD, other])) == 2
    for kind in ("faq", "row"):
        assert len(texts([piece(hit.chunk.text, "By card", kind=kind) for hit in (CARD, CASH)])) == 2
    assert texts([CARD, CASH], None) == [CARD.chunk.text, CASH.chunk.text]
    assert texts([CARD, CASH], "X" + TEXT) == [CARD.chunk.text, CASH.chunk.text]


def test_a_quote_is_carried_by_its_chunk() -> None:
    """Within one chunk by that; over two by a passage as long as needed, under the first one's name and page."""
    whole = join([CASH, CARD], lambda _: TEXT)[0].chunk
    assert carrier(whole, *span(whole, "one."), [CASH, CARD]) == 0
    assert carrier(whole, *span(whole, "five days."), [CASH, CARD]) == 1
    both = carrier(whole, *span(whole, "five days.\nCash takes"), [CASH, CARD])
    assert isinstance(both, Hit)
    assert both.chunk.text == "Cards take five days.\nCash takes"
    assert (both.chunk.id, both.chunk.page, both.chunk.start) == (
        CARD.chunk.id,
        CARD.chunk.page,
        CARD.chunk.start,
    )
    between = join([CARD, TOP], lambda _: TEXT)[0].chunk
    heading = carrier(between, *span(between, "By card"), [CARD, TOP])
    assert isinstance(heading, Hit)
    assert heading.chunk == between


def span(chunk: Chunk, words: str) -> tuple[int, int]:
    start = chunk.text.index(words)
    return start, start + len(words)


@pytest.mark.parametrize(
    ("before", "after", "cut"),
    [
        ("The lamp is charged in", "90 minutes.", True),
        ("The lamp is charged.", "and then it shines.", True),
        ("1. Open the app.", "2. Press the button.", True),
        ("Do this:", "Open the app.", True),
        ("The lamp is charged.", "It then shines.", False),
        ("灯已充电。", "然后亮起。", False),
        ("灯的充电时间为", "九十分钟。", True),
    ],
)
def test_a_thought_that_was_cut_is_seen(before: str, after: str, cut: bool) -> None:
    """A sentence or a list of steps that goes on in the next chunk."""
    whole = f"{before}\n{after}"
    assert is_cut(piece(before, whole=whole).chunk, piece(after, whole=whole).chunk) is cut
    assert not is_cut(piece(before, "A", whole=whole).chunk, piece(after, "B", whole=whole).chunk)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.data())
def test_joined_passages_are_pieces_of_the_document(data: st.DataObject) -> None:
    """Any chunks of any document in any order: nothing is lost or twice, and every quote leads back to its place."""
    parts = data.draw(st.lists(st.text("ab. \n", min_size=1, max_size=8), min_size=1, max_size=8))
    gaps = data.draw(
        st.lists(st.sampled_from(["", " ", "\n\n", "h" * 200]), min_size=len(parts), max_size=len(parts))
    )
    headings = data.draw(
        st.lists(st.sampled_from(["", "A", "A > B", "C"]), min_size=len(parts), max_size=len(parts))
    )
    document, hits = "", []
    for text, gap, heading in zip(parts, gaps, headings, strict=True):
        hits.append(passage(text, source="d", heading=heading, start=len(document)))
        document += text + gap
    chosen = data.draw(st.permutations(hits))[: data.draw(st.integers(0, len(hits)))]
    passages = join(chosen, lambda _: document)
    spans = sorted((hit.chunk.start, hit.chunk.end) for hit in passages)
    assert all(first[1] <= later[0] for first, later in pairwise(spans))
    for hit in passages:
        assert document[hit.chunk.start : hit.chunk.end] == hit.chunk.text
    for hit in chosen:
        assert sum(start <= hit.chunk.start and hit.chunk.end <= end for start, end in spans) == 1
    for whole in passages:
        start = data.draw(st.integers(0, len(whole.chunk.text) - 1))
        end = data.draw(st.integers(start + 1, len(whole.chunk.text)))
        carried = carrier(whole.chunk, start, end, chosen)
        chunk = carried.chunk if isinstance(carried, Hit) else chosen[carried].chunk
        moved = whole.chunk.start - chunk.start
        assert chunk.text[start + moved : end + moved] == whole.chunk.text[start:end]
        assert document[chunk.start : chunk.end] == chunk.text


def test_a_prompt_numbers_a_joined_passage_once() -> None:
    """The model sees connected text under one number; what does not fit is dropped chunk by chunk."""

    def prompt(window: int) -> tuple[str, list[str], int]:
        made = compose_prompt(
            "How long?", [CASH, POST, CARD], [], language="en",
            generator=ScriptedGenerator(context_tokens=window), max_tokens=1, document_text=lambda _: TEXT,
        )  # fmt: skip
        return made.messages[-1].content, [hit.chunk.text for hit in made.hits], made.dropped

    shown, given, dropped = prompt(4096)
    assert shown.startswith(
        "[1] Returns > By card\nCards take five days.\nCash takes one.\n\n[2] Returns > By post\n"
    )
    assert "[3]" not in shown
    assert (given, dropped) == (["Cards take five days.\nCash takes one.", "Post takes ten days."], 0)
    window = next(window for window in range(4096, 0, -1) if prompt(window)[2] == 1)
    assert prompt(window)[1] == ["Cash takes one.", "Post takes ten days."]


STEPS = """# Reset a hub

## Steps

To reset the hub with the small button below the rubber cap, please follow these five steps one by one:

1. Unplug the hub and wait for thirty seconds until the ring is dark and cold again.
2. Hold the small button below the rubber cap and plug the hub in again at once.
3. Let the button go when the ring blinks amber, which takes about nine more seconds.
4. Open the app and choose the hub from the list of devices that were found nearby.
5. Give the hub its name again and wait for the last update to be installed on it.
"""


@pytest.fixture
def kb(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """One document of which a list of steps is cut into several chunks."""
    small = Settings(ingest=IngestSettings(chunk_tokens=40))
    with KnowledgeBase.open(tmp_path / "kb", settings=small, embedder=HashedEmbedder()) as opened:
        quick_sync(opened, write(tmp_path / "shop", reset=STEPS, other="# Parrots\n\nParrots are welcome."))
        assert len(opened.chunks(opened.search("reset the hub", k=1)[0].chunk.document_id)) > 2
        yield opened


def drafting(kb: KnowledgeBase, reply: str, **search: int) -> tuple[Bot, ScriptedGenerator]:
    script = ScriptedGenerator(reply)
    answer = AnswerSettings(composer="generate", threshold=0.0)
    sections = {"answer": answer, "search": kb.settings.search.model_copy(update=search)}
    return Bot(kb, settings=kb.settings.model_copy(update=sections), generator=script), script


def test_a_drafted_sentence_cites_its_own_chunk(kb: KnowledgeBase) -> None:
    """The model reads the steps as one passage; the citation names the chunk and the place of the step."""
    said = "Let the button go when the ring blinks amber, which takes about nine more seconds."
    bot, script = drafting(kb, said)
    answer = bot.ask("When do I let the button go, when the ring blinks amber?")
    assert answer.reason == "drafted and checked"
    assert "1. Unplug" in script.prompts[0][-1].content.split("[2]")[0]
    assert "5. Give" in script.prompts[0][-1].content.split("[2]")[0]
    (citation,) = answer.citations
    document = next(each for each in kb.documents() if each.source == citation.source)
    assert document.text[citation.start : citation.end] == citation.quote
    assert said in citation.quote
    (held,) = [hit.chunk for hit in answer.hits if hit.chunk.id == citation.chunk_id]
    assert held.start <= citation.start < citation.end <= held.end


def test_the_steps_around_a_single_hit_are_read_along(kb: KnowledgeBase) -> None:
    """Only one chunk of the list was found: what it was cut from stands around it in the prompt, not in the hits."""
    bot, script = drafting(kb, "I don't know.", k=1)
    answer = bot.ask("When do I let the button go, when the ring blinks amber?")
    assert len(answer.hits) == 1
    shown = script.prompts[0][-1].content
    assert answer.hits[0].chunk.text in shown
    beside = kb.neighbours(answer.hits[0].chunk)
    assert beside
    assert all(chunk.text in shown for chunk in beside)
    assert "[2]" not in shown


class Forgetful(KnowledgeBase):
    """What a search sees of a document that a sync removes right after it: its passages, not its text."""

    def document(self, document_id: str) -> Document:
        raise InputError(f"no document has the id {document_id!r}")


def test_a_document_that_is_gone_meanwhile_is_cited_from_its_chunks(kb: KnowledgeBase) -> None:
    """A sync between search and prompt takes the whole text away, not the passages that were found."""
    said = "Unplug the hub and wait for thirty seconds until the ring is dark and cold again."
    bot, script = drafting(Forgetful(kb.folder, kb.store, kb.settings, HashedEmbedder()), said)
    answer = bot.ask("Do I unplug the hub until the ring is dark and cold?")
    assert answer.reason == "drafted and checked"
    assert "[2] Reset a hub > Steps\n" in script.prompts[0][-1].content
    assert said in answer.citations[0].quote
