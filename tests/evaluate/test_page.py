"""The HTML report as text: what it says, that it needs nothing else, and that hostile words stay words."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import HASHES, HOSTILE, hostile_report, mixed_rows, report, row

from ragbot.evaluate.compare import compare
from ragbot.evaluate.measures import MEASURES
from ragbot.evaluate.page.content import pieces
from ragbot.evaluate.page.page import render_page
from ragbot.evaluate.page.words import between, percent, points
from ragbot.evaluate.values import Figure
from ragbot.types import Claim

VOID = {"meta", "input", "br", "img", "link"}


class Reader(HTMLParser):
    """Collects tags with their attributes and checks that each end tag closes the innermost open one."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.inside.setdefault(self.open[-1], []).append(data)


def test_hostile_words_make_no_tags_and_no_attributes() -> None:
    """Markup in documents, questions, ids, tags and languages adds no element and no handler."""
    page = Reader(render_page(hostile_report(), title=HOSTILE[0]))
    plain = Reader(render_page(report([row(f"{place}") for place in range(len(HOSTILE))])))
    assert page.open == []
    assert {tag for tag, _ in page.tags} - {tag for tag, _ in plain.tags} <= {"span", "li", "ul"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert links
    assert all(link and re.fullmatch(r"#[a-z0-9-]+", link) for link in links)
    assert sum(tag == "script" for tag, _ in page.tags) == 1


def test_what_html_cannot_hold_is_replaced() -> None:
    """Control characters and halves of surrogate pairs become U+FFFD, so that the page can be written as UTF-8."""
    page = render_page(hostile_report())
    page.encode("utf-8")
    assert "\x00" not in page
    assert "null\ufffdbyte, half \ufffd a pair" in page


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    """Both by their hashes; there is no inline style or handler that it would have to forgive."""
    page = Reader(render_page(report()))
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in page.tags
        if tag == "meta" and "http-equiv" in attributes
    ]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256("".join(page.inside[tag]).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [attributes for _, attributes in page.tags if "style" in attributes]


def test_the_page_names_no_other_resource() -> None:
    """No address of any kind, besides the words of documents."""
    page = render_page(report())
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bsrc=", page)


def test_the_same_report_gives_the_same_bytes() -> None:
    """But for what the timings say."""
    assert render_page(report()) == render_page(report())
    fast, slow = render_page(report(answer_ms=10)), render_page(report(answer_ms=900))
    chart = re.compile(r'<figure class="card chart" id="chart-latency">.*?</figure>', re.DOTALL)
    assert fast != slow
    assert chart.sub("", fast) == chart.sub("", slow)


def test_nothing_asked_is_said_so() -> None:
    """A report over no questions has a page, without a figure that means nothing."""
    page = render_page(report([]))
    assert "Nothing was asked" in page
    read = Reader(page)
    assert read.open == []
    assert not {"nan", "None", "inf"} & {text.strip() for texts in read.inside.values() for text in texts}


def test_a_report_that_judges_nothing_has_a_page() -> None:
    """Questions without expectation, without confidence, answer, claims or timings."""
    rows = [
        row("a", expected=None, answer="", claims=(), citations=(), measures={}, confidence=0.0, retrieved=())
    ]
    page = render_page(replace(report(rows), timings=()))
    assert "expects nothing that can be judged" in page
    assert "– not judged" in page


def test_the_verdict_counts() -> None:
    """The sentences at the top say how many went right, what is not supported, and that few questions are few."""
    page = render_page(report()).replace("\N{NO-BREAK SPACE}", " ")
    assert "6 questions asked; 3 of the 5 with an expectation went right" in page
    assert (
        "Of the 4 statements in answers, 1 is contradicted by the cited text and 1 is not supported" in page
    )
    assert "With 6 questions the intervals are wide" in page


def test_every_measure_stands_with_its_meaning() -> None:
    """In the table of all measures."""
    page = html.unescape(render_page(report()))
    for measure in MEASURES.values():
        assert f"<code>{measure.name}</code>" in page
        assert measure.meaning in page


def test_inputs_stand_at_the_end() -> None:
    """The hash of each, whole."""
    page = render_page(report())
    assert all(f"<dt>{name}</dt><dd><code>{value}</code></dd>" in page for name, value in HASHES.items())


def test_broken_and_healed_questions_are_listed() -> None:
    """With a link to each; ids that the report lacks are passed over, hostile ids are no trouble."""
    rows = mixed_rows()
    before = report([replace(each, measures={**each.measures, "right_rate": 1}) for each in rows])
    page = render_page(report(rows), comparison=compare(before, report(rows)))
    assert re.search(r"Broken \(2\).*?#q2.*?A wrong one.*?#q4.*?Bring me", page, re.DOTALL)
    assert "Healed (0)" in page
    assert "No question that was wrong became right." in page
    strange = replace(compare(before, report(rows)), broken=("not there",), healed=(HOSTILE[0],))
    assert "Broken (1)" in render_page(report(rows), comparison=strange)


def test_an_answer_of_many_languages_keeps_its_characters() -> None:
    """Chinese and Arabic stand as they are, with their language and their own direction."""
    page = render_page(report())
    assert 'lang="zh">退款需要多久？</a>' in page
    assert "您好！" in page
    assert 'dir="auto" lang="zh"' in page


@given(text=st.text("ab. \n[1]", max_size=40), claims=st.lists(st.text("ab. ", max_size=6), max_size=5))
def test_pieces_join_to_the_text(text: str, claims: list[str]) -> None:
    """Cutting loses and moves nothing, whatever the claims, and a piece says its claim but for white space."""
    values = [Claim(text=claim, verdict="supported", support=1.0) for claim in claims]
    cut = pieces(text, values)
    assert "".join(piece.text for piece in cut) == text
    for piece in cut:
        if piece.claim is not None:
            assert piece.text.split() == values[piece.claim].text.split()


def test_a_claim_is_found_across_other_white_space() -> None:
    """The checked sentence may have been joined out of lines."""
    claims = [Claim(text="Refunds take 5 days.", verdict="supported", support=1.0)]
    cut = pieces("So:\nRefunds take\n5 days. [1]", claims)
    assert [piece.text for piece in cut] == ["So:\n", "Refunds take\n5 days.", " [1]"]
    assert [piece.claim for piece in cut] == [None, 0, None]


@pytest.mark.parametrize(
    ("value", "n", "text"),
    [
        (None, 0, "–"),
        (0.5, 10, "50 %"),
        (0.8734, 300, "87.3 %"),
        (0.9996, 300, "99.96 %"),
        (0.996, 20, "99.6 %"),
        (1.0, 300, "100.0 %"),
        (0.0, 3, "0 %"),
        (0.000001, 10, "< 0.001 %"),
        (0.999999, 10, "> 99.999 %"),
    ],
)
def test_percentages_are_not_rounded_to_all_or_nothing(value: float | None, n: int, text: str) -> None:
    """`100 %` is said of all, `0 %` of none; decimals only where the cases can carry them."""
    assert percent(value, n).replace("\N{NO-BREAK SPACE}", " ") == text


def test_intervals_and_differences_read_well() -> None:
    """One percent sign, a true minus, and no `-0.0`."""
    spread = between(Figure(value=0.5, n=10, low=0.31, high=0.69))
    assert spread.replace("\N{NO-BREAK SPACE}", " ") == "31 – 69 %"
    assert between(Figure(value=0.5, n=1)) == ""
    assert [points(0.031), points(-0.0041), points(-0.0001)] == ["+3.1", "−0.4", "0.0"]
