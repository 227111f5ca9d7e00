"""Names and codes by their form."""

from __future__ import annotations

from ragbot.text.names import chinese_names, names


def test_names_are_capitalised_words_within_a_sentence_and_codes() -> None:
    """The first word of a sentence is no name for being written large."""
    assert names("Please reset the Nova Hub 2. The code was E-417X.") == ["Nova Hub 2", "E-417X"]
    assert names("how do i reset it") == []


def test_chinese_people_and_places() -> None:
    """Each once, in order; nothing in a text without Chinese."""
    assert chinese_names("李明从上海寄到北京，上海的包裹先到。") == ["李明", "上海", "北京"]
    assert chinese_names("Berlin") == []
