"""The embedder in place of a reader."""

from __future__ import annotations

import pytest
from quick import HashedEmbedder

from ragbot.errors import InputError
from ragbot.models.nearest import SENTENCES_OF, EmbedderReader
from ragbot.types import Candidate

READER = EmbedderReader(HashedEmbedder())
FAR = [Candidate(text=f"word{number} other{number}") for number in range(12)]
NEAR = Candidate(text="Lamps are red. Refunds take 5 days.", spans=((0, 14), (15, 35)))


def test_what_stands_out_is_likelier() -> None:
    """And of its sentences the nearest is named."""
    read = READER.read("refunds take 5 days", [*FAR, NEAR])
    assert read[-1].probability == max(each.probability for each in read)
    assert (read[-1].sentence, len(read[-1].scores)) == (1, 2)
    assert all(0 <= each.probability <= 1 for each in read)


def test_order_and_cosines_of_the_search_change_nothing() -> None:
    """Cosines that are given are taken as they are; others are made."""
    vector = HashedEmbedder().embed(["refunds"], kind="query")[0]
    known = [
        Candidate(
            text=each.text, spans=each.spans, cosine=float(HashedEmbedder().embed([each.text])[0] @ vector)
        )
        for each in [*FAR, NEAR]
    ]
    made = READER.read("refunds", [*FAR, NEAR])
    assert [each.probability for each in READER.read("refunds", known)] == pytest.approx(
        [each.probability for each in made]
    )
    backwards = READER.read("refunds", [NEAR, *FAR[::-1]])[::-1]
    assert backwards[-1].probability == pytest.approx(made[-1].probability)


def test_only_the_sentences_of_the_nearest_are_embedded() -> None:
    """Those of a far passage would cost time and change nothing."""
    candidates = [Candidate(text=each.text, spans=((0, 4),)) for each in FAR]
    read = READER.read("word3", candidates)
    assert sum(each.sentence is not None for each in read) == SENTENCES_OF


def test_nothing_to_read_is_no_error_and_an_empty_message_is() -> None:
    """An empty candidate has probability 0."""
    assert READER.read("lamp", []) == []
    assert [each.probability for each in READER.read("lamp", [Candidate(text=" ")])] == [0.0]
    with pytest.raises(InputError, match="empty"):
        READER.read(" ", [NEAR])
