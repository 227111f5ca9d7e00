"""Searches that nobody should send: each gives sound hits or an `InputError` that names the problem."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unicodedata import category

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from quick import open_quick, quick_sync, write

from ragbot.errors import InputError
from ragbot.index.knowledge_base import KnowledgeBase
from ragbot.index.query import MAX_CHARACTERS, MAX_TURNS
from ragbot.protocols import Embedder
from ragbot.settings import Settings
from ragbot.text.words import query_terms
from ragbot.types import Hit, Turn

SHOP = {
    "returns": "# Returns\n\nYou may return a lamp within 30 days.\n\n## By card\n\nCards take five days.",
    "hub": "---\nlabels: [staff, vip]\nlevel: 2\n---\n# Hub\n\nHold the button of the hub for 10 seconds. Error E-417.",
    "zh__退货": "# 退货\n\n您可以在三十天内退货。退款需要五个工作日。",
    "odd": '# Odd\n\nSELECT * FROM orders; DROP TABLE chunks; "quoted" AND OR NOT NEAR(a b) \u202eabc\u202c 🙂👩‍👩‍👧 é',
}

ODD = [
    "how do I", "the of and", "的 了 吗", "???!", "🙂🙂👩‍👩‍👧", "\x00", "\x00return\x07\x1b[31m lamp\x1b[0m",
    "\ud800", "\udfff return \ud800", "return AND lamp", "return OR", "NOT lamp", "NEAR(return lamp, 5)",
    "ret*", '"return', '"return lamp"', "title:lamp", "^return - + ~ lamp", "((((lamp", "lamp))))",
    "{lamp}", "' OR 1=1 --", "'; DROP TABLE chunks; --", "%' ESCAPE '\\", "(a+)+$", "[a-", "(?P<x", "\\",
    "%s %d {0} {}", "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd",
    "\u202elamp return\u202c", "\u200f\u200elamp", "\u2066lamp\u2069", "\ufeff\u200b",
    "l\u0336a\u0336m\u0336p\u0336", "ﷺ" * 5000, "x" * 1_000_000, "return the lamp " * 70_000,
    "退货" * 300_000, " " * 1_000_000 + "lamp", "\x00" * 1_000_000, "E-417 " * 9999, "Ａ１２３ ＬＡＭＰ",
    "\U000e0041\U0010ffff\ufffe", "NULL", "None", "nan", "-1", "1e999", "0" * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """With the fake embedder. Shared: no test here writes."""
    folder = tmp_path_factory.mktemp("hostile")
    with open_quick(folder / "kb") as opened:
        quick_sync(opened, write(folder / "shop", **SHOP))
        yield opened


@pytest.fixture(scope="module")
def real_kb(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    """The same documents with the embedded model."""
    folder = tmp_path_factory.mktemp("real")
    with KnowledgeBase.open(folder / "kb", settings=Settings(), embedder=embedder) as opened:
        quick_sync(opened, write(folder / "shop", **SHOP))
        yield opened


def sound(kb: KnowledgeBase, hits: list[Hit], most: int) -> None:
    """At most so many, none twice, best first, each a piece of a document that is there."""
    assert len(hits) <= most
    assert len({hit.chunk.id for hit in hits}) == len(hits)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(score == score and abs(score) < 1e9 for score in scores)
    for hit in hits:
        document = kb.document(hit.chunk.document_id)
        assert document.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
        assert hit.chunk in kb.chunks(document.id)


def search(kb: KnowledgeBase, question: Any, k: Any = 3, **more: Any) -> list[Hit]:
    """Sound hits; nothing where the search is refused with a reason, which it is not without one."""
    try:
        hits = kb.search(question, k=k, **more)
    except InputError as error:
        why = str(error)
    else:
        assert isinstance(k, int)
        assert not isinstance(k, bool)
        assert k >= 1
        sound(kb, hits, k)
        return hits
    assert len(why) > 10
    assert not sensible(question, k, more.get("filters")), why
    return []


def sensible(question: str, k: Any, filters: Any) -> bool:
    """Whether there is no reason to refuse: something to read, a whole number, filters of texts."""
    read = len(question) < MAX_CHARACTERS and "\x1b" not in question
    read = read and any(category(char)[0] in "LNPSM" for char in question)
    texts = filters is None or (
        isinstance(filters, dict)
        and all(
            isinstance(one, str)
            for value in filters.values()
            for one in (value if type(value) is list else [value])
        )
    )
    return read and texts and type(k) is int and k >= 1


def bounded(kb: KnowledgeBase, question: str, history: list[Turn]) -> None:
    """What is searched for does not grow with what was sent."""
    try:
        asked = kb.understand(question, history)
    except InputError:
        return
    assert len(asked.original) <= MAX_CHARACTERS + 1
    assert len(asked.in_context) <= 2 * MAX_CHARACTERS
    for text in (asked.original, asked.in_context):
        text.encode("utf-8")
        assert "\x00" not in text


anything = st.text(st.characters(exclude_categories=()), max_size=80)
pieces = st.lists(
    st.sampled_from([*(each for each in ODD if len(each) < 99), "lamp", "return", "退货", " "]), max_size=6
)
hostile = st.one_of(anything, pieces.map("".join), pieces.map(" ".join))
turns = st.lists(
    st.builds(Turn, role=st.sampled_from(["user", "assistant", "system"]), text=hostile), max_size=4
)
limits = st.one_of(
    st.integers(-2, 6),
    st.sampled_from(
        [10**6, 2**63, 10**30, -(2**63), True, False, None, 1.0, 2.5, float("nan"), "3", b"3", [3]]
    ),
)
values = st.one_of(hostile, st.lists(hostile, max_size=3), st.integers(), st.none(), st.binary(max_size=3))
filtering = st.one_of(
    st.none(),
    st.dictionaries(
        st.one_of(hostile, st.sampled_from(["source", "language", "labels", "level"])), values, max_size=3
    ),
    st.sampled_from(["", "labels", 0, [], ["labels"], False, b""]),
)


@pytest.mark.parametrize("question", ODD, ids=lambda each: ascii(each[:12]))
def test_odd_questions(kb: KnowledgeBase, question: str) -> None:
    """Operators of search engines, SQL, patterns, marks, megabytes: words to be searched, or an empty question."""
    search(kb, question)
    bounded(kb, question, [])
    history = [Turn(role="user", text=question), Turn(role="assistant", text=question)]
    search(kb, "And by card?", history=history)
    bounded(kb, "And by card?", history)
    search(kb, question, filters={"labels": question, "source": [question]})


def test_operators_are_words(kb: KnowledgeBase) -> None:
    """What other engines take for syntax changes nothing here: a quoted question finds what the plain one finds."""
    plain = query_terms("return lamp", ("en",))
    assert plain
    for question in (
        '"return lamp"',
        "(return) lamp*",
        "return: lamp",
        "^return -lamp",
        "{return} + lamp",
        "return; lamp --",
    ):
        assert query_terms(question, ("en",)) == plain
    best = kb.search("lamp AND return", k=1)[0].chunk
    assert best == kb.search("lamp return", k=1)[0].chunk


@settings(max_examples=400, derandomize=True, deadline=None)
@given(hostile, limits, turns, filtering)
@example("lamp", 10**30, [], {"labels": ["staff", "\ud800"]})
@example("And by card?", 3, [Turn(role="user", text="\ud800\x00")], None)
def test_any_search_is_answered_or_refused(
    kb: KnowledgeBase, question: str, k: Any, history: list[Turn], filters: Any
) -> None:
    """Any text, any k, any conversation, any filters."""
    if k is None:
        k = kb.settings.search.k
    search(kb, question, k, history=history, filters=filters)
    bounded(kb, question, history)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(hostile, turns)
def test_the_real_embedder_takes_any_text(real_kb: KnowledgeBase, question: str, history: list[Turn]) -> None:
    """Its tokenizer sees what the search sees."""
    search(real_kb, question, history=history)


def test_the_real_embedder_takes_odd_questions(real_kb: KnowledgeBase) -> None:
    """Megabytes, lone surrogates and all: what is embedded is cleaned and cut."""
    for question in ODD:
        search(real_kb, question, history=[Turn(role="user", text=question)])


@pytest.mark.parametrize("question", [None, 3, b"lamp", ["lamp"], 1.5, object()])
def test_what_is_no_text_is_refused(kb: KnowledgeBase, question: Any) -> None:
    """The message names the type."""
    with pytest.raises(InputError, match=type(question).__name__):
        kb.search(question)


@pytest.mark.parametrize(
    "history",
    [None, "lamp", 3, ["lamp"], [{"role": "user", "text": "lamp"}], [None], [Turn(role="user", text=None)]],  # type: ignore[arg-type]
)
def test_what_is_no_conversation_is_refused(kb: KnowledgeBase, history: Any) -> None:
    """Dicts, texts and nothing in the place of turns: the message says what is expected."""
    with pytest.raises(InputError, match=r"history.*Turn"):
        kb.search("And by card?", history=history)


@pytest.mark.parametrize(
    ("questions", "histories"),
    [("lamp", None), (None, None), (b"lamp", None), (3, None), ([None], None),
     (["lamp"], []), (["lamp"], [[], []]), (["lamp"], 3)],
)  # fmt: skip
def test_a_wrong_batch_is_refused(kb: KnowledgeBase, questions: Any, histories: Any) -> None:
    """Not a list of questions, or not one history for each."""
    with pytest.raises(InputError):
        kb.search_many(questions, histories=histories)


@pytest.mark.parametrize("filters", ["", 0, False, [], (), b""])
def test_empty_is_not_no_filter(kb: KnowledgeBase, filters: Any) -> None:
    """Only None and an empty mapping let everything through; a slip does not widen what is shown."""
    with pytest.raises(InputError, match="filters"):
        kb.search("lamp", filters=filters)
    assert kb.search("lamp", filters={}) == kb.search("lamp", filters=None) == kb.search("lamp")


def test_a_filter_has_a_name(kb: KnowledgeBase) -> None:
    """A number is no name of a property."""
    with pytest.raises(InputError, match="filter 2"):
        kb.search("lamp", filters={2: "level"})  # type: ignore[dict-item]


def test_ids_that_cannot_be_stored_are_unknown(kb: KnowledgeBase) -> None:
    """A lone surrogate, a NUL, nothing."""
    for name in ("\ud800", "\x00", ""):
        with pytest.raises(InputError, match="no document"):
            kb.document(name)
        assert kb.chunks(name) == []
    chunk = kb.search("lamp", k=1)[0].chunk
    assert kb.neighbours(chunk, -5, -5) == []
    assert len(kb.neighbours(chunk, 10**30, 10**30)) <= 5


def test_a_long_conversation_is_read_from_its_end(kb: KnowledgeBase) -> None:
    """Ten thousand turns of a megabyte in all: the last ones complete the question."""
    history = [Turn(role="user", text="And that one, what about it? " * 4)] * 10_000
    history += [
        Turn(role="user", text="How long can I return the lamp?"),
        Turn(role="assistant", text="You can return the lamp for 30 days."),
    ]
    assert kb.understand("And by card?", history) == kb.understand("And by card?", history[-MAX_TURNS:])
    assert kb.search("And by card?", k=1, history=history)[0].chunk.source == "shop/returns.md"


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(hostile.filter(lambda text: text.isprintable() and bool(text.strip())), turns), max_size=6
    )
)
def test_a_batch_is_each_question_by_itself(kb: KnowledgeBase, asked: list[tuple[str, list[Turn]]]) -> None:
    """`search_many` gives what `search` gives, one by one."""
    together = kb.search_many([q for q, _ in asked], 3, histories=[history for _, history in asked])
    assert together == [kb.search(question, k=3, history=history) for question, history in asked]


def test_threads_get_what_one_gets(kb: KnowledgeBase, real_kb: KnowledgeBase) -> None:
    """Eight threads at once, odd questions among plain ones, alone and in batches."""
    questions = [text for text in ODD if len(text) < 99] + [
        "return a lamp",
        "hub button",
        "退款要多久",
        "E-417",
    ]
    questions = [text for text in questions if not refused(kb, text)]
    for opened in (kb, real_kb):
        search_one = partial(opened.search, k=4)
        expected = [search_one(question) for question in questions]
        with ThreadPoolExecutor(8) as pool:
            given = list(pool.map(search_one, questions * 3))
            batches = list(pool.map(opened.search_many, [questions] * 8, [4] * 8))
        assert given == expected * 3
        assert batches == [expected] * 8


def refused(kb: KnowledgeBase, text: str) -> bool:
    try:
        kb.understand(text)
    except InputError:
        return True
    return False
