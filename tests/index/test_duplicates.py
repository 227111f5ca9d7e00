"""Which passages repeat an earlier one, and which only look as if they did."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage

from ragbot.index.duplicates import distinct, repeats
from ragbot.types import Chunk

BASE = (
    "You may return the lamp within 30 days of delivery. Opened devices are accepted. Write to our support with the "
    "order number and the name of the device, then print the label that we send by e-mail. The parcel is free within "
    "the country. Refunds are paid to the payment method of the order after the warehouse has looked at the device."
)
CHINESE = (
    "您可以在收到台灯后三十天内退货，已拆封的设备也可以退。请把订单号和设备名称告诉客服，然后打印我们发送的标签。"
    "国内寄回免运费。仓库检查设备之后，退款会退回到订单的付款方式，通常需要五个工作日。"
)


def texts(*given: str, language: str = "en") -> list[Chunk]:
    """A passage for each text, each of another document."""
    return [
        passage(text, source=f"shop/{number}.md", language=language).chunk
        for number, text in enumerate(given)
    ]


def test_nothing_repeats_nothing() -> None:
    """No passages, and one."""
    assert repeats([]) == []
    assert repeats(texts(BASE)) == [None]
    assert distinct(texts(BASE, "Parrots are welcome in our shop.")) == [0, 1]


@pytest.mark.parametrize(
    "again",
    [
        BASE,
        BASE.upper(),
        BASE.replace(". ", ".\n\n- "),
        BASE.replace("the lamp", "your lamp").replace("Opened", "The opened"),
        BASE.replace("e-mail.", "e-mail!").replace(",", ""),
        BASE + " Please.",
    ],
)
def test_the_same_words_are_a_repetition(again: str) -> None:
    """Case, line breaks, bullets, marks and words that carry nothing make no other passage."""
    assert repeats(texts(BASE, "Parrots are welcome.", again)) == [None, None, 0]


def test_what_the_earlier_has_on_top_does_not_matter_but_what_the_later_has_does() -> None:
    """A sentence more in the better passage loses nothing; in the worse one it would be lost."""
    longer = BASE + " Our staff in the shop helps with all this."
    assert repeats(texts(longer, BASE)) == [None, 0]
    assert repeats(texts(BASE, longer)) == [None, None]


@pytest.mark.parametrize(
    "sentence", ["This does not apply to lamps.", "It holds until 2024.", "Only for members."]
)
def test_a_sentence_that_limits_the_rest_is_no_trifle(sentence: str) -> None:
    """With a figure, a denial or a limit on top, the passages say different things."""
    assert repeats(texts(f"{BASE} {sentence}", BASE)) == [None, None]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("30 days", "14 days"),
        ("30 days", "30 hours"),
        ("Opened", "Unopened"),
        ("are accepted", "are not accepted"),
        ("may return", "may not return"),
        ("the lamp", "the Hub 2"),
        ("is free", "is 5 €"),
        ("by e-mail", "by post"),
        ("within the country", "without the country"),
        ("the country", "the Netherlands"),
        ("after the", "before the"),
        ("order number", "order number HB-200"),
    ],
)
def test_one_other_word_can_be_another_fact(written: str, instead: str) -> None:
    """Figures, units, opposites, denials, names and codes part passages that are otherwise equal, either way round."""
    other = BASE.replace(written, instead)
    assert other != BASE
    assert repeats(texts(BASE, other, BASE)) == [None, None, 0]
    assert repeats(texts(other, BASE)) == [None, None]


def test_exchanged_figures_and_signs_are_other_facts() -> None:
    """The same words in another order, and a minus or a percent sign, say something else."""
    two = "Lamps are covered for 24 months and hubs for 36 months. "
    swapped = two.replace("24", "x").replace("36", "24").replace("x", "36")
    assert repeats(texts(two + BASE, swapped + BASE)) == [None, None]
    cold = "The sensor works down to -5 degrees. "
    assert repeats(texts(cold + BASE, cold.replace("-5", "5") + BASE)) == [None, None]
    share = "The discount is 5 % of it. "
    assert repeats(texts(share + BASE, share.replace("%", "$") + BASE)) == [None, None]


def test_models_in_the_title_part_equal_texts() -> None:
    """ "Hub 2" and "Hub 3", monthly and yearly: the text says nothing of it, what stands above does."""
    for one, other in (
        ("Hub 2", "Hub 3"),
        ("Plus plan, monthly", "Plus plan, yearly"),
        ("月付会员", "年付会员"),
    ):
        named = [passage(BASE, title=title, source=title).chunk for title in (one, other, one)]
        assert repeats(named) == [None, None, 0]
    under = [passage(BASE, heading=each, source=each).chunk for each in ("Germany", "France")]
    assert repeats(under) == [None, None]


def test_titles_that_say_the_same_do_not_part() -> None:
    """A version, a kind of text, or a word that the text has anyway: one text in two documents."""
    titles = (
        "Returns",
        "Returns 2025",
        "Returns (archived)",
        "FAQ: returns",
        "The returns guide",
        "Returns of a lamp",
    )
    assert repeats([passage(BASE, title=title, source=title).chunk for title in titles]) == [
        None,
        0,
        0,
        0,
        0,
        0,
    ]


def test_questions_part_the_pieces_of_long_answers() -> None:
    """Equal later pieces of answers to different questions are different answers."""
    asked = [
        passage(BASE, source=each, kind="faq", question=each, answer_start=0).chunk
        for each in ("Lamps?", "Cash?")
    ]
    assert repeats(asked) == [None, None]


def test_never_across_languages() -> None:
    """A table of codes reads alike in every language and is another customer's."""
    row = "E-417: HB-200; E-418: HB-220"
    both = [*texts(row), *texts(row, language="zh")]
    assert repeats(both) == [None, None]


@pytest.mark.parametrize(
    ("written", "instead", "same"),
    [
        ("您可以", "你可以", True),
        ("，已拆封", "。已拆封", True),
        ("三十天", "十四天", False),
        ("已拆封", "未拆封", False),
        ("免运费", "不免运费", False),
        ("台灯", "中枢", False),
        ("国内", "国外", False),
    ],
)
def test_chinese_is_compared_by_character(written: str, instead: str, same: bool) -> None:
    """Politeness and marks make no difference, every other character does."""
    other = CHINESE.replace(written, instead)
    assert other != CHINESE
    assert repeats(texts(CHINESE, other, language="zh")) == [None, 0 if same else None]


def test_short_passages_must_be_equal() -> None:
    """In a few words each one counts."""
    assert repeats(texts("Lamps: yes", "Lamps: no", "lamps - yes", "", " ")) == [None, None, 0, None, 3]


words = st.sampled_from(
    "return the lamp within 30 days not 14 hours of delivery refund card only Hub 2 3 . ; € 5".split()
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.lists(words, max_size=30).map(" ".join), max_size=12))
def test_what_is_dropped_is_said_by_what_is_kept(given: list[str]) -> None:
    """A repetition points at an earlier passage that is kept and has all of its words that carry something."""
    chunks = texts(*given)
    found = repeats(chunks)
    assert len(found) == len(chunks)
    assert distinct(chunks) == [place for place, repeated in enumerate(found) if repeated is None]
    for place, repeated in enumerate(found):
        if repeated is not None:
            assert repeated < place
            assert found[repeated] is None
            assert set(given[place].split()) - {"the", ".", ";"} <= set(given[repeated].split())
        else:
            assert given[place] not in given[:place]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from(BASE.split()), min_size=1, max_size=120),
    st.integers(0, 119),
    st.sampled_from("7 E-417 not never 3.50 % Hub Paris 不 unless".split()),
)
def test_one_fact_more_is_never_a_repetition(given: list[str], at: int, fact: str) -> None:
    """Wherever a figure, a code, a name or a denial is put in, neither passage hides the other."""
    changed = [*given[:at], fact, *given[at:]]
    for pair in ((given, changed), (changed, given)):
        assert repeats(texts(*(" ".join(each) for each in pair))) == [None, None]


def test_a_hundred_long_passages_are_compared_in_no_time() -> None:
    """Comparing grows with the number of passages, not with the square of their words."""
    picker = random.Random(7)
    vocabulary = [
        f"{a}{b}" for a in ("ret", "cam", "dok", "sig", "vex") for b in ("urn", "era", "ing", "mak", "zon")
    ]
    chunks = texts(*(" ".join(picker.choices(vocabulary, k=130)) for _ in range(100)))
    began = time.process_time()
    assert repeats(chunks) == [None] * 100
    assert time.process_time() - began < 0.25  # measured 2 ms


def test_repetitions_are_found_among_many() -> None:
    """Hundreds of passages, each twice, far apart: each second one points at its first, in bounded memory."""
    chunks = texts(*(f"{BASE} Order code HB-{number} {'kg mm '[: number % 7]}" for number in range(300)))
    assert repeats([*chunks, *chunks]) == [None] * 300 + list(range(300))
    tracemalloc.start()
    assert repeats(texts(*(f"{'cdkmg' * number}" for number in range(1500)))) == [None] * 1500
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000
