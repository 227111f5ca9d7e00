"""How messages sound: the built-in reader against messages that were labelled by hand."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragbot.dialogue.mood import NEGATIVE, URGENT, WordMoodReader, read_mood, read_urgency
from ragbot.protocols import MoodReader

CHOSEN_ON, UNSEEN = "moods.tsv", "moods_unseen.tsv"
"""What the words were chosen on, and what was written afterwards and changed none of them."""


def read_rows(name: str, language: str) -> list[list[str]]:
    """Language, mood, urgency and text of each message."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()[1:]
    return [row for row in (line.split("\t") for line in lines) if row[0] == language]


def auroc(positive: list[float], negative: list[float]) -> float:
    """Probability that one of the first lies above one of the second, ties counted half (Mann and Whitney, 1947)."""
    pairs = list(product(positive, negative))
    return sum((one > other) + 0.5 * (one == other) for one, other in pairs) / len(pairs)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("name", "least"), [(CHOSEN_ON, 0.95), (UNSEEN, 0.84)])
def test_moods_of_labelled_messages(name: str, least: float, language: str) -> None:
    """Bad moods are told from the rest, urgent messages from the others, by threshold and by rank."""
    rows = read_rows(name, language)
    assert len(rows) >= 28
    moods = WordMoodReader().read([row[3] for row in rows])
    bad = [row[1] in ("angry", "unhappy") for row in rows]
    urgent = [row[2] == "urgent" for row in rows]
    sentiments = [-mood.sentiment for mood in moods]
    urgencies = [mood.urgency for mood in moods]
    for values, labels, limit in ((sentiments, bad, -NEGATIVE), (urgencies, urgent, URGENT)):
        right = sum((value >= limit) == label for value, label in zip(values, labels, strict=True))
        assert right / len(rows) >= least
        above = [value for value, label in zip(values, labels, strict=True) if label]
        below = [value for value, label in zip(values, labels, strict=True) if not label]
        assert auroc(above, below) >= least


@pytest.mark.parametrize(
    "text",
    [
        "error: fatal failure",
        "kill the process",
        "how do I dispute a charge",
        "The update failed and the screen is broken, is that covered?",
        "terminate the connection after a crash",
        "no problem",
        "It's not bad",
        "No worries, I'll wait",
        "Tell me a joke",
        "Where do I put the trash bags?",
        "How many times can I enter the PIN?",
        "How do I get my money back?",
        "没问题",
        "垃圾邮件怎么设置",
        "出差可以报销吗",
        "不着急",
        "不好意思，打扰一下",
        "麻烦帮我查一下",
        "",
        "?",
        "4711",
        "HV-US-204518 and HV-US-204519",
    ],
)
def test_technical_and_polite_words_are_plain(text: str) -> None:
    """Trouble is what customers write about; it is no mood."""
    assert abs(read_mood(text).sentiment) < -NEGATIVE


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("I'm not happy", "I'm happy"),
        ("I can't say I'm happy", "I'm happy"),
        ("This is terrible", "This is not terrible"),
        ("This is very bad", "This is bad"),
        ("This is bad", "This is a bit bad"),
        ("This is terrible!!!", "This is terrible"),
        ("This is TERRIBLE", "This is terrible"),
        ("WHERE IS MY PARCEL GONE", "Where is my parcel gone"),
        ("It was great at first, but now it is awful", "It was awful at first, but now it is great"),
        ("It would be nice if it worked", "It works, nice"),
        ("The service is useless 😡", "The service is useless"),
        ("I was helped :(", "I was helped :)"),
        ("不满意", "满意"),
        ("气死我了", "有点失望"),
        ("不好用", "好用"),
        ("差评", "好评"),
        ("一点都不喜欢", "喜欢"),
        ("垃圾客服", "垃圾袋多少钱"),
    ],
)
def test_what_is_around_a_word_counts(worse: str, better: str) -> None:
    """Negations, adverbs, contrasts, wishes, capitals, marks and faces."""
    assert read_mood(worse).sentiment < read_mood(better).sentiment


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("I need this right now", True),
        ("ASAP!", True),
        ("急用", True),
        ("马上要上飞机了", True),
        ("No rush, whenever you can", False),
        ("I can't wait to try it", False),
        ("不急", False),
        ("加急配送多少钱", False),
        ("Is there an emergency number?", False),
    ],
)
def test_urgency(text: str, urgent: bool) -> None:
    """What must happen at once, against what only has the words of it."""
    assert (read_urgency(text) >= URGENT) is urgent


@given(st.text(max_size=300))
def test_any_text_has_a_mood(text: str) -> None:
    """Within its ranges, the same each time, and nothing raises."""
    mood = read_mood(text)
    assert -1 <= mood.sentiment <= 1
    assert 0 <= mood.urgency <= 1
    assert read_mood(text) == mood


@pytest.mark.parametrize(
    "piece",
    ["a", "不", "!", "still no ", "😡", "it's-a", "need a ", ":", ";)", "\ud800", "not never no ", "急"],
)
def test_a_megabyte_is_read_in_bounded_time(piece: str) -> None:
    """Both ends of it."""
    began = time.perf_counter()
    read_mood(piece * (1_000_000 // len(piece)))
    assert time.perf_counter() - began < 1


def test_it_fits_the_seam() -> None:
    """One mood for each text, in order."""
    reader: MoodReader = WordMoodReader()
    angry, glad = reader.read(["You are thieves!", "Thank you, that was perfect."])
    assert angry.sentiment < -0.5
    assert glad.sentiment > 0.4
    assert reader.read([]) == []
