"""Whole searches over small knowledge bases: what a customer types finds what the documents call otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from quick import open_quick, quick_sync, write

from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.protocols import Embedder
from ragbot.types import Turn

DOCUMENTS = {
    "returns": "# Returns\n\nSend the thermostat back within 30 days and keep the receipt.\n",
    "errors": "# Error messages\n\nE-417 means that the battery is empty.\n\nE-418 means that the sensor is wet.\n",
    "giftcards": "# Gift cards\n\nA gift card is valid for two years.\n",
    "ruecknahme": "# Rücknahme\n\nDie Rückgabefrist für ungeöffnete Ware beträgt vierzehn Tage nach dem Kauf.\n",
    "versand": "# Versand\n\nDie Lieferung nach Österreich dauert drei Werktage und ist ab fünfzig Euro kostenlos.\n",
    "tuikuan": "# 退款\n\n退款会在五个工作日内到账，请您耐心等待。\n",
    "devolucion": "# Devoluciones\n\nLas devoluciones se tramitan en catorce días desde la entrega del pedido.\n",
    "envio": "# Envíos\n\nEl pedido llega en tres días laborables y el envío es gratuito desde cincuenta euros.\n",
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    folder = tmp_path_factory.mktemp("search")
    with open_quick(folder / "kb", embedder) as opened:
        quick_sync(opened, write(folder / "shop", **DOCUMENTS))
        yield opened


@pytest.mark.parametrize(
    ("asked", "source"),
    [
        ("how do I send a thermostst back", "returns"),  # a slip
        ("what does E-418 mean", "errors"),  # a code among similar ones
        ("is my giftcard still valid", "giftcards"),  # two words in one
        ("Welche Frist gilt für die Rückgabe?", "ruecknahme"),  # the parts of a compound
        ("Wie lange dauern Lieferungen?", "versand"),  # another form
        ("退钱要多久到账", "tuikuan"),  # another word, shared characters
        ("¿Cuándo tramitan una devolución?", "devolucion"),  # another number
    ],
)
def test_the_right_passage_comes_first(kb: KnowledgeBase, asked: str, source: str) -> None:
    """Slips, codes, compounds, forms and other words lead to the document that is meant."""
    assert kb.search(asked, k=3)[0].chunk.source == f"shop/{source}.md"


def test_a_follow_up_is_about_what_was_named_last(tmp_path: Path) -> None:
    """Among equal entries of many places, the one that the bot named last is meant, not the one before it."""
    places = ("Harbor Lodge", "Rose Garden Inn", "Palace of Fine Arts", "Alamo Grill", "Mission Park")
    rows = [
        {"title": f"{place}: Do you take {card}?", "text": f"Yes, {place} accepts {card}.", "place": place}
        for place in places
        for card in ("credit cards", "gift cards", "dogs")
    ]
    (tmp_path / "faq.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    history = [
        Turn(role="user", text="I need a hotel and something to see"),
        Turn(role="assistant", text="There is the Rose Garden Inn near the park."),
        Turn(role="user", text="fine, and to see?"),
        Turn(role="assistant", text="Many people like the Palace of Fine Arts."),
    ]
    with open_quick(tmp_path / "kb") as kb:
        quick_sync(kb, tmp_path / "faq.jsonl")
        first = kb.search("and do they take credit cards", k=3, history=history)[0].chunk
        assert first.meta["place"] == "Palace of Fine Arts"
        assert "credit cards" in first.text


def test_a_new_topic_leaves_the_conversation_behind(kb: KnowledgeBase) -> None:
    """A question that stands alone finds the same first passage as without what was said before."""
    history = [
        Turn(role="user", text="My gift card, how long is it valid?"),
        Turn(role="assistant", text="A gift card is valid for two years."),
    ]
    asked = "Within how many days can I send the thermostat back?"
    alone, after = kb.search(asked, k=1)[0], kb.search(asked, k=1, history=history)[0]
    assert alone.chunk.id == after.chunk.id


def test_scores_fall_and_hits_say_where_they_come_from(kb: KnowledgeBase) -> None:
    """Scores are probabilities, best first; each hit has a rank on the side that proposed it."""
    hits = kb.search("battery is empty", k=5)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert all(hit.dense_rank or hit.lexical_rank for hit in hits)
