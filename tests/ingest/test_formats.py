"""Every format reads as a person would read it aloud: no markup, nothing lost, nothing invented."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from ingest_files import docx, pdf, pptx, read, shown, xlsx

from ragbot.ingest.limits import Refused
from ragbot.ingest.load import title_of


def test_markdown_structure_without_markup() -> None:
    """Headings, emphasis, links, lists, tables and code become readable blocks."""
    parsed = read(
        "---\ntitle: Returns policy\nversion: 2025\nupdated: 2025-03-01\nlabels: [public]\n---\n"
        "# Returns\n\nYou have **30 days**, see [terms](https://shop.example/terms) and [below](#how).\n\n"
        "## How\n\n1. Open *Orders*\n   - print the label\n2. Send it\n\n"
        "| Plan | Price |\n|---|---|\n| Basic | 4.99 € |\n| Plus |  |\n\n```sh\nrun  --now\n```\n",
        "md",
    )
    assert parsed.title == "Returns policy"
    assert parsed.meta == {"version": 2025, "updated": "2025-03-01", "labels": ["public"]}
    assert shown(parsed) == [
        ("h1", "Returns"),
        ("text", "You have 30 days, see terms (https://shop.example/terms) and below."),
        ("h2", "How"),
        ("list", "1. Open Orders\n   - print the label\n2. Send it"),
        ("table", "Plan: Basic; Price: 4.99 €\nPlan: Plus"),
        ("code", "run  --now"),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("> [!NOTE]\n> Keep the box.", "Keep the box."),
        ("a <!-- hidden --> b", "a b"),
        ("Press <kbd>Enter</kbd> or <b>OK</b>.", "Press Enter or OK."),
        ("Choose the <port> here", "Choose the <port> here"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("Tap ![Upload button](up.png) **Upload** now", "Tap Upload now"),
        ("![The label is on the back](x.png)", "[Image: The label is on the back]"),
        ("see the note[^1] first", "see the note first"),
        ("第一行\n第二行", "第一行第二行"),
        ("line one  \nline two", "line one\nline two"),
        ("10<sup>2</sup> m", "10^2 m"),
        ("a &lt; b &amp; c", "a < b & c"),
    ],
)
def test_markdown_inline(source: str, text: str) -> None:
    """Inline markup disappears and its words stay."""
    assert shown(read(source, "md")) == [("text", text)]


def test_markdown_contents_list_is_dropped() -> None:
    """A list of links into the page itself says nothing and is left out, with the line above it."""
    contents = "- [One](#one)\n- [Two](#two)\n\n"
    for lead in ("In this article:\n\n", "## Contents\n\n", "Other systems:\n\n", ""):
        assert shown(read(f"{lead}{contents}## One\n\nText.", "md")) == [("h2", "One"), ("text", "Text.")]
    parsed = read(f"How it works. In this article:\n\n{contents}Text.", "md")
    assert shown(parsed) == [("text", "How it works."), ("text", "Text.")]


def test_markdown_html_table_with_spans() -> None:
    """A cell that spans rows is repeated, so that every line stands alone."""
    parsed = read(
        "<table><tr><th>Zone</th><th>Days</th></tr><tr><td rowspan=2>EU</td><td>3</td></tr><tr><td>5</td></tr></table>",
        "md",
    )
    assert shown(parsed) == [("table", "Zone: EU; Days: 3\nZone: EU; Days: 5")]


def test_title_falls_back_to_heading_then_name() -> None:
    """Without front matter the first heading names a document, without that its file."""
    assert read("# Hub\n\ntext", "md").title == "Hub"
    assert read("text", "md", title_of(Path("reset_hub-2.md"))).title == "reset hub 2"


def test_html_main_text_only() -> None:
    """Navigation, banners and footers stay out of a web page."""
    page = (
        "<html><head><title>Returns | Shop</title></head><body><nav><a href='/'>Home</a></nav>"
        "<div class='cookie-banner'>We use cookies</div><main><h1>Returns</h1>"
        "<p>Send it back within <b>30 days</b>. Read the <a href='https://s.example/w'>warranty</a>.</p>"
        "<ol><li>Open orders</li><li>Print</li></ol>"
        "<table><tr><th>Way</th><th>Days</th></tr><tr><td>Card</td><td>5</td></tr></table></main>"
        "<aside>Buy a lamp</aside><footer>Imprint</footer></body></html>"
    )
    parsed = read(page, "html")
    assert parsed.title == "Returns"
    assert shown(parsed) == [
        ("h1", "Returns"),
        ("text", "Send it back within 30 days. Read the warranty (https://s.example/w)."),
        ("list", "1. Open orders\n2. Print"),
        ("table", "Way: Card; Days: 5"),
    ]


def test_html_in_declared_encoding() -> None:
    """A page is decoded as it declares."""
    page = "<html><head><meta charset='gb2312'></head><body><p>退款需要五个工作日。</p></body></html>"
    assert shown(read(page.encode("gb18030"), "html")) == [("text", "退款需要五个工作日。")]


def test_text_paragraphs_headings_and_questions() -> None:
    """Plain text has paragraphs, underlined headings, lists, and pairs of Q and A."""
    parsed = read(
        "Shipping rules\n\nHours\n=====\nWe open\nat nine.\n\n- one\n- two\n\n"
        "Q: When?\nA: Soon.\n\n问：多久？\n答：三天。",
        "txt",
    )
    assert parsed.title == "Shipping rules"
    assert shown(parsed)[1:] == [
        ("h1", "Hours"),
        ("text", "We open\nat nine."),
        ("list", "- one\n- two"),
        ("faq", "When?\nSoon."),
        ("faq", "多久？\n三天。"),
    ]


def test_text_wrapped_at_a_fixed_width_flows_again() -> None:
    """Line breaks that only fit a width are no line breaks."""
    text = (
        "The warranty covers defects of material and of work for two\n"
        "years from the day on which you bought the device from us\nor a dealer."
    )
    assert "\n" not in shown(read(text, "txt"))[0][1]


def test_pdf_pages_headings_and_running_lines() -> None:
    """Headings by size, pages by number, hyphens mended, running lines gone."""
    body = "The warranty covers manufac-\nturing defects for two years."
    pages = [
        [f"Part {n}", f"{text} {body}", f"Halvorn manual page {n}"]
        for n, text in ((1, "Lamps."), (2, "Hubs."))
    ]
    parsed = read(pdf(pages), "pdf")
    assert [block.page for block in parsed.blocks] == [1, 1, 2, 2]
    assert shown(parsed)[0] == ("h1", "Part 1")
    assert "manufacturing" in parsed.blocks[1].text
    assert not any("Halvorn manual" in block.text for block in parsed.blocks)


def test_docx_in_document_order() -> None:
    """Headings, lists and tables of a Word document keep their order."""

    def build(document: Any) -> None:
        document.add_heading("Lock", 1)
        document.add_paragraph("Open it.", style="List Number")
        document.add_paragraph("Close it.", style="List Number")
        document.add_paragraph("Any time.", style="List Bullet")
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(
            (c for row in table.rows for c in row.cells), ("Key", "Value", "Keys", "2"), strict=True
        ):
            cell.text = text
        document.add_paragraph("The end.")

    assert shown(read(docx(build), "docx")) == [
        ("h1", "Lock"),
        ("list", "1. Open it.\n2. Close it.\n- Any time."),
        ("table", "Key: Keys; Value: 2"),
        ("text", "The end."),
    ]


def test_pptx_slide_by_slide() -> None:
    """A slide is a page: its title a heading, its lines a list."""
    parsed = read(pptx([("News", "Hub 2\nLamp 3"), ("Prices", "All lower")]), "pptx")
    assert [(block.page, block.kind, block.text) for block in parsed.blocks] == [
        (1, "heading", "News"),
        (1, "list", "- Hub 2\n- Lamp 3"),
        (2, "heading", "Prices"),
        (2, "text", "All lower"),
    ]


def test_xlsx_rows_with_their_headers() -> None:
    """Each row of a sheet stands alone; numbers and dates read as in the sheet."""
    data = xlsx(
        {
            "Prices": [
                ["Price list"],
                ["SKU", "Price", "From"],
                ["A-1", 4.0, datetime.date(2025, 3, 1)],
                ["A-2", 0.1 + 0.2],
            ],
            "常见问题": [["问题", "答案", "类别"], ["怎么退货？", "七天内申请。", "售后"]],
        }
    )
    parsed = read(data, "xlsx")
    assert shown(parsed) == [
        ("h1", "Prices"),
        ("text", "Price list"),
        ("row", "SKU: A-1; Price: 4; From: 2025-03-01"),
        ("row", "SKU: A-2; Price: 0.3"),
        ("h1", "常见问题"),
        ("faq", "怎么退货？\n七天内申请。"),
    ]
    faq = parsed.blocks[-1]
    assert faq.meta == {"类别": "售后", "question": "怎么退货？", "answer_start": 6}
    assert faq.text[faq.meta["answer_start"] :] == "七天内申请。"
    assert faq.page == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_dialects(delimiter: str) -> None:
    """The usual delimiters are told apart, quotes and line breaks in fields are understood."""
    lines = [["Question", "Answer", "Topic"], ["How, long?", '"Five\ndays"', "Refunds"]]
    text = "\n".join(
        delimiter.join(f'"{cell}"' if cell[0] != '"' else cell for cell in line) for line in lines
    )
    (block,) = read(text, "csv").blocks
    assert (block.kind, block.text) == ("faq", "How, long?\nFive\ndays")
    assert block.meta["Topic"] == "Refunds"


def test_csv_without_a_header_keeps_its_first_row() -> None:
    """A first row of figures is data."""
    assert shown(read("1,2\n3,4\n", "csv")) == [("row", "1; 2"), ("row", "3; 4")]


def test_jsonl_records() -> None:
    """Records become FAQ entries, headed text, or rows."""
    lines = [
        {"question": "Q1?", "answer": "A1.", "lang": "en"},
        {"title": "Hub", "text": "First.\n\nSecond."},
        {"sku": "A-1", "size": {"w": 2, "h": 3}, "tags": ["x", "y"]},
    ]
    assert shown(read("\n".join(map(json.dumps, lines)), "jsonl")) == [
        ("faq", "Q1?\nA1."),
        ("h1", "Hub"),
        ("text", "First."),
        ("text", "Second."),
        ("row", "sku: A-1; size w: 2; size h: 3; tags: x, y"),
    ]


def test_empty_sheets_and_decks_are_refused() -> None:
    """A file without words is refused with that reason."""
    with pytest.raises(Refused, match="no filled cells"):
        read(xlsx({"Empty": []}), "xlsx")
    with pytest.raises(Refused, match="holds no text"):
        read(pptx([]), "pptx")
