"""The HTML report in a real browser: what people do with it, on screens of any width, in the dark, and on paper."""

from __future__ import annotations

import io
import re

import pytest
from browser import Visit, Visitor
from playwright.sync_api import expect
from pypdf import PdfReader
from reports import hostile_report, mixed_rows, report, row

from ragbot.evaluate.compare import compare
from ragbot.evaluate.page.page import render_page

CONTRAST = """selector => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (color.startsWith("rgb(")) return rgb(color);
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].filter((each) => each.getClientRects().length).map((each) => {
    const [one, two] = [luminance(rgb(getComputedStyle(each).color)), luminance(behind(each))];
    return [each.className || each.tagName, (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)];
  });
}"""
"""Contrast of the text of each visible element with the opaque background behind it (WCAG 2.2, 1.4.3)."""


@pytest.fixture
def visit(visitor: Visitor) -> Visit:
    """A report of six questions against a baseline in which all went right."""
    return visitor.open(compared())


def compared() -> str:
    rows = mixed_rows()
    before = report([row(each.id, question=each.question, expected=each.expected) for each in rows])
    return render_page(report(rows), title="Sample", comparison=compare(before, report(rows)))


def shown(visit: Visit) -> list[str]:
    """The questions that are to be seen, in their order."""
    return visit.page.locator("table.questions tbody:not([hidden]) .open").all_inner_texts()


def test_it_asks_for_nothing_and_complains_of_nothing(visit: Visit) -> None:
    """No request, no message, no script error, and the policy has nothing to object to."""
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Sample")
    visit.page.locator(".open").first.click()
    assert visit.complaints == []


def test_the_policy_stops_what_would_be_put_in(visit: Visit) -> None:
    """A script or an image that were in the page after all would neither run nor be fetched."""
    visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.pwned = 1";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.pwned = 1'>");
        }"""
    )
    visit.page.wait_for_function("document.images[0].complete")
    assert visit.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)


def test_hostile_words_do_nothing(visitor: Visitor) -> None:
    """Opened, sorted and filtered, they stay words."""
    visit = visitor.open(render_page(hostile_report(), title="</title><script>window.pwned=1</script>"))
    for question in visit.page.locator(".open").all():
        question.click()
    visit.page.get_by_role("button", name="question").click()
    visit.page.get_by_role("searchbox").fill("</script>")
    assert visit.page.evaluate("window.pwned") is None
    assert visit.complaints == []
    assert len(shown(visit)) == 1


def test_columns_sort_both_ways(visit: Visit) -> None:
    """By click and by key, told to screen readers; questions without a value stay last."""
    header = visit.page.get_by_role("columnheader", name="confidence")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert shown(visit)[0] == "Do you sell bicycles?"
    header.get_by_role("button").press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert shown(visit)[-1] == "Do you sell bicycles?"
    support = visit.page.get_by_role("columnheader", name="supported")
    for _ in range(2):
        support.get_by_role("button").press("Space")
        assert shown(visit)[-1] == "Hello!"
    expect(header).not_to_have_attribute("aria-sort", re.compile(".*"))


def test_rows_are_filtered(visit: Visit) -> None:
    """By words of question, answer and source, by result, status, language, tag and change, together; and cleared."""
    status = visit.page.get_by_role("status")
    visit.page.get_by_role("searchbox").fill("退货.MD")
    assert shown(visit) == ["退款需要多久？"]
    expect(status).to_have_text("1 of 6 questions")
    visit.page.get_by_role("button", name="Clear").click()
    expect(status).to_have_text("6 questions")
    for label, value, number in (
        ("Result", "wrong", 2),
        ("Given", "abstained", 2),
        ("Expected", "answered", 4),
        ("Language", "zh", 1),
        ("Tag", "off-topic", 1),
        ("Change", "broken", 2),
    ):
        visit.page.get_by_label(label, exact=True).select_option(value)
        assert len(shown(visit)) == number, label
        visit.page.get_by_label(label, exact=True).select_option("")
    visit.page.get_by_label("Result", exact=True).select_option("wrong")
    visit.page.get_by_label("Given", exact=True).select_option("answered")
    assert shown(visit) == ["A wrong one"]


def test_a_question_opens_and_closes(visit: Visit) -> None:
    """By click and by Enter: its answer, what went wrong, what was said before, what is cited and where."""
    question = visit.page.get_by_role("link", name="A wrong one").last
    expect(question).to_have_attribute("aria-expanded", "false")
    question.click()
    expect(question).to_have_attribute("aria-expanded", "true")
    detail = visit.page.locator("#q2d")
    expect(detail).to_contain_text("fact missing")
    expect(detail).to_contain_text("returns.md, page 3")
    expect(detail.locator("blockquote .text")).to_have_text("Hello. Refunds take  5 days. Gift cards take 7.")
    question.press("Enter")
    expect(detail).to_be_hidden()


def test_verdicts_are_told_without_colour(visit: Visit) -> None:
    """By a mark, by the form of the line, and in words beneath."""
    visit.page.get_by_role("link", name="A wrong one").last.click()
    marks = visit.page.locator("#q2d .answer .claim").evaluate_all(
        "all => all.map(each => [getComputedStyle(each, '::before').content[1],"
        " getComputedStyle(each).borderBottomStyle])"
    )
    assert marks == [["✗", "double"], ["?", "dashed"]]
    expect(visit.page.locator("#q2d .claims")).to_contain_text("contradicted")


def test_a_statement_lights_up_its_source(visit: Visit) -> None:
    """When pointed at or reached by Tab: the quote beside it and the same words in it; and back from the quote."""
    visit.page.get_by_role("link", name="How long do refunds take?").last.click()
    claim = visit.page.locator("#q1d .answer .claim")
    quote = visit.page.locator("#q1d blockquote")
    dark = quote.evaluate("each => getComputedStyle(each).backgroundColor")
    claim.hover()
    expect(quote).to_have_class("lit")
    expect(quote.locator("mark")).to_have_text("Refunds take  5 days.")
    expect(quote.locator("mark")).to_have_class("lit")
    expect(quote).not_to_have_css("background-color", dark)
    visit.page.get_by_role("heading", name="Inputs").hover()
    expect(quote).not_to_have_class("lit")
    claim.focus()
    expect(quote).to_have_class("lit")
    visit.page.get_by_role("heading", name="Inputs").hover()
    quote.hover()
    expect(claim).to_have_class(re.compile("lit"))


def test_a_link_to_a_question_opens_it(visitor: Visitor) -> None:
    """From the list of broken ones, and from outside, also when it was filtered away."""
    visit = visitor.open(compared(), fragment="#q3")
    expect(visit.page.locator("#q3d")).to_be_visible()
    visit.page.get_by_label("Language", exact=True).select_option("zh")
    visit.page.locator(".broken").get_by_role("link").first.click()
    expect(visit.page.locator("#q2d")).to_be_visible()
    expect(visit.page.locator("#q2 .open")).to_be_focused()


def test_it_reads_without_script(visitor: Visitor) -> None:
    """Questions open by their summaries; controls that would do nothing are not there."""
    visit = visitor.open(compared(), script=False)
    expect(visit.page.get_by_role("searchbox")).to_be_hidden()
    expect(visit.page.get_by_role("button")).to_have_count(0)
    visit.page.locator("#q2").get_by_text("Answer and sources").click()
    expect(visit.page.locator("#q2d")).to_be_visible()
    visit.page.locator("#q1 .open").click()
    expect(visit.page.locator("#q1d")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out(visitor: Visitor, dark: bool) -> None:
    """At least 4.5 to 1 everywhere, in light and dark (WCAG AA); dark follows the system."""
    visit = visitor.open(compared(), dark=dark)
    for question in visit.page.locator(".open").all():
        question.click()
    ground = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground))) < 64) is dark
    measured = visit.page.evaluate(
        CONTRAST, "p, a, h1, h2, h3, th, td, li, span, button, label, select, mark, summary"
    )
    assert len(measured) > 100
    assert [each for each in measured if each[1] < 4.5] == []


@pytest.mark.parametrize("content", ["mixed", "hostile"])
def test_a_telephone_shows_all_without_scrolling_sideways(visitor: Visitor, content: str) -> None:
    """360 pixels wide, with every question open, also with a word of 500 letters."""
    page = compared() if content == "mixed" else render_page(hostile_report())
    visit = visitor.open(page, width=360)
    for question in visit.page.locator(".open").all():
        question.click()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_prints(visit: Visit) -> None:
    """On paper stand the figures, all questions and what was opened, all at once too; no controls."""
    visit.page.get_by_role("button", name="Open shown").click()
    expect(visit.page.locator(".detail:visible")).to_have_count(6)
    printed = PdfReader(io.BytesIO(visit.page.pdf(format="A4")))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in printed.pages))
    for words in (
        "Sample",
        "went right",
        "A wrong one",
        "Do you sell bicycles?",
        "fact missing",
        "0000000000",
    ):
        assert words in text
    assert "Clear" not in text
    visit.page.get_by_role("button", name="Close all").click()
    expect(visit.page.locator(".detail:visible")).to_have_count(0)


@pytest.mark.slow
def test_two_thousand_questions_are_shown_by_the_hundred(visitor: Visitor) -> None:
    """More at a click; sorting and filtering reach all of them."""
    rows = [row(f"r{place}", cluster=f"c{place % 50}") for place in range(2000)]
    visit = visitor.open(render_page(report(rows)))
    assert len(shown(visit)) == 100
    visit.page.get_by_role("button", name="Show 100 more of 1900").click()
    assert len(shown(visit)) == 200
    visit.page.get_by_role("searchbox").fill("(r1999)")
    assert shown(visit) == ["How long do refunds take? (r1999)"]
    visit.page.get_by_role("searchbox").fill("")
    for _ in range(2):
        visit.page.get_by_role("columnheader", name="no.").get_by_role("button").click()
    assert shown(visit)[0] == "How long do refunds take? (r1999)"
