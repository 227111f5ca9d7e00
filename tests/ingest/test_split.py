"""Passages are exact pieces of their document, fit the window, and together lose nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import read

from ragbot.ingest.blocks import Block, Parsed, Placed
from ragbot.ingest.document import parsed_from_json, parsed_to_json, to_document
from ragbot.ingest.limits import Refused
from ragbot.ingest.sniff import Format
from ragbot.ingest.split import split
from ragbot.text.passage import PREFIX_TOKENS, embedded_text, prefix_of, without_urls
from ragbot.types import Chunk, Document


def count_tokens(texts: Sequence[str]) -> list[int]:
    """A token for each word of Latin letters, one for each Chinese character."""
    return [sum(1 if word.isascii() else len(word) for word in text.split()) for text in texts]


def chunks_of(parsed: Parsed, chunk_tokens: int = 40) -> tuple[Document, tuple[Placed, ...], list[Chunk]]:
    document, placed = to_document("shop/x.md", parsed, "0" * 64)
    return document, placed, split(document, placed, count_tokens=count_tokens, chunk_tokens=chunk_tokens)


def check(parsed: Parsed, chunk_tokens: int = 40) -> list[Chunk]:
    """Every promise that `split` makes, on one document."""
    document, placed, chunks = chunks_of(parsed, chunk_tokens)
    covered = [0] * len(document.text)
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        for i in range(chunk.start, chunk.end):
            covered[i] += 1
    assert max(covered) == 1, "passages overlap"
    for each in placed:
        if each.block.kind != "heading":
            assert all(covered[i] or document.text[i].isspace() for i in range(each.start, each.end)), (
                f"lost: {each.block.text!r}"
            )
    for chunk in chunks:
        assert count_tokens([without_urls(chunk.text)])[0] <= chunk_tokens
        if chunk.meta["kind"] == "faq":
            assert chunk.text[: chunk.meta["answer_start"]].strip() in chunk.meta["question"]
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    return chunks


WORD = st.sampled_from(
    "refund card Hub2 E-417 a the days. price: 4.99 退款 需要 五个工作日。 怎么退货？ https://shop.example/a?b=1 "
    "**bold** `code` it's – “quoted”, (see) <port> & 客服；".split()
)
LINE = st.lists(WORD, min_size=1, max_size=40).map(" ".join)
MARKDOWN_LINE = st.one_of(
    LINE,
    LINE.map(lambda text: f"## {text[:60]}"),
    LINE.map(lambda text: f"- {text}"),
    LINE.map(lambda text: f"   1. {text}"),
    LINE.map(lambda text: f"> {text}"),
    LINE.map(lambda text: f"| a | {text[:30]} |\n|---|---|\n| {text} | b |"),
    LINE.map(lambda text: f"```\n{text}\n\n{text}\n```"),
    st.just(""),
)
BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def check_if_readable(text: str, kind: Format, chunk_tokens: int) -> None:
    try:
        parsed = read(text, kind)
    except Refused:
        return
    check(parsed, chunk_tokens)


@BOUNDED
@given(st.lists(MARKDOWN_LINE, min_size=1, max_size=15).map("\n".join), st.integers(32, 120))
def test_markdown_is_split_without_loss(text: str, chunk_tokens: int) -> None:
    """Any mixture of Markdown in any language."""
    check_if_readable(text, "md", chunk_tokens)


@BOUNDED
@given(st.lists(st.one_of(LINE, st.just("")), min_size=1, max_size=15).map("\n".join), st.integers(32, 120))
def test_plain_text_is_split_without_loss(text: str, chunk_tokens: int) -> None:
    """Any lines of plain text."""
    check_if_readable(text, "txt", chunk_tokens)


@BOUNDED
@given(st.lists(st.lists(LINE, min_size=1, max_size=4), min_size=1, max_size=8), st.booleans())
def test_csv_is_split_without_loss(rows: list[list[str]], faq: bool) -> None:
    """Any rows, with the columns of a FAQ or others."""
    header = "question,answer,topic" if faq else "name,price,note"
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    check_if_readable("\n".join([header, *lines]), "csv", 60)


@settings(BOUNDED, max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["p", "h2", "li", "td", "div", "pre"]), LINE), min_size=1, max_size=12)
)
def test_html_is_split_without_loss(parts: list[tuple[str, str]]) -> None:
    """Any elements in any order, closed properly or not."""
    body = "".join(f"<{tag}>{text}</{tag}>" for tag, text in parts)
    check_if_readable(f"<html><body><main>{body}</main></body></html>", "html", 50)


def blocks(*items: tuple[str, str] | Block) -> Parsed:
    made = [item if isinstance(item, Block) else _block(*item) for item in items]
    return Parsed(title="Returns", blocks=tuple(made))


def _block(kind: str, text: str) -> Block:
    if kind.startswith("h") and kind[1:].isdigit():
        return Block(kind="heading", level=int(kind[1:]), text=text)
    return Block(kind=kind, text=text)  # type: ignore[arg-type]  # the tests write the kinds as plain text


def test_headings_lead_and_are_not_cited() -> None:
    """A passage knows the path of its headings; a first heading that repeats the title is not in it."""
    chunks = check(
        blocks(
            ("h1", "returns"),
            ("text", "a."),
            ("h2", "EU"),
            ("h3", "Costs"),
            ("text", "b."),
            ("h2", "US"),
            ("text", "c."),
        )
    )
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("", "a."),
        ("EU > Costs", "b."),
        ("US", "c."),
    ]
    assert embedded_text(chunks[1]) == "Returns\nEU > Costs\nb."


def test_small_neighbours_are_packed_and_leads_stay_with_their_list() -> None:
    """Short paragraphs share a passage; `Do this:` goes with the steps."""
    chunks = check(
        blocks(
            ("text", "word " * 30), ("text", "Do this:"), ("list", "1. " + "step " * 20), ("text", "Done.")
        ),
        40,
    )
    assert [chunk.text.split()[0] for chunk in chunks] == ["word", "Do"]
    assert chunks[1].text.endswith("Done.")


def test_tables_and_code_stay_whole_where_they_fit() -> None:
    """A table that fits is not cut to fill the passage before it; a larger one is cut between rows."""
    small = "\n".join(f"Plan: P{i}; Price: {i} €" for i in range(8))
    chunks = check(blocks(("text", "word " * 20), ("table", small)), 40)
    assert chunks[1].text == small
    assert chunks[1].meta["kind"] == "table"
    large = "\n".join(f"Plan: P{i}; Price: {i} €" for i in range(40))
    for chunk in check(blocks(("table", large)), 40):
        assert all(line.startswith("Plan: ") for line in chunk.text.split("\n"))


def test_chinese_is_cut_at_the_ends_of_sentences() -> None:
    """Without spaces, sentences still end where they end."""
    for chunk in check(blocks(("text", "退款需要五个工作日。请在订单页申请！" * 20)), 40):
        assert chunk.text.endswith(("。", "！"))
        assert chunk.meta["language"] == "zh"


def test_text_without_any_boundary_is_cut_all_the_same() -> None:
    """A run of letters longer than the window is no reason to fail or to exceed it."""
    check(blocks(("text", "字" * 500)), 40)
    check(blocks(("text", "https://a.example/" + "x" * 5000 + " end")), 40)


def test_faq_entries_and_rows_stand_alone() -> None:
    """Each entry is a passage with its question; a long answer keeps the question in what is embedded."""
    parsed = read(
        'question,answer,labels\nShort?,Yes.,"staff, vip"\nLong?,' + "A sentence of words. " * 40 + ",\n",
        "csv",
    )
    chunks = check(parsed, 80)
    assert chunks[0].text == "Short?\nYes."
    assert chunks[0].meta == {
        "kind": "faq", "language": "en", "question": "Short?", "answer_start": 7, "labels": ["staff", "vip"]
    }  # fmt: skip
    assert len(chunks) > 2
    assert chunks[2].meta["answer_start"] == 0
    assert embedded_text(chunks[2]).split("\n")[:2] == ["file name", "Long?"]


def test_only_headings_still_make_a_passage() -> None:
    """A document of headings is not lost."""
    (chunk,) = check(blocks(("h1", "Opening hours"), ("h2", "Monday to Friday")))
    assert chunk.text == "Opening hours\n\nMonday to Friday"


def test_meta_page_and_language() -> None:
    """A passage carries its document's properties, its page, and its own language."""
    parsed = Parsed(
        title="Guide",
        blocks=(
            Block(kind="text", text="The first page is written in English for everybody.", page=1),
            Block(kind="heading", level=1, text="中文", page=2),
            Block(kind="text", text="第二页是中文，退款需要五个工作日。", page=2),
        ),
        meta={"version": "2", "labels": "staff, vip", "kind": "manual"},
    )
    document, _, chunks = chunks_of(parsed)
    assert document.page_starts == (0, document.text.index("中文"))
    assert [(chunk.page, chunk.meta["language"], chunk.meta["kind"]) for chunk in chunks] == [
        (1, "en", "text"),
        (2, "zh", "text"),
    ]
    assert chunks[0].meta["labels"] == ["staff", "vip"]
    assert chunks[0].meta["version"] == "2"


def test_identity_follows_content() -> None:
    """The same source and text have the same ids; another text or source has others."""
    one, _, first = chunks_of(blocks(("text", "a.")))
    two, _, second = chunks_of(blocks(("text", "a.")))
    other, _, _ = chunks_of(blocks(("text", "b.")))
    assert (one.id, first[0].id) == (two.id, second[0].id)
    assert one.id != other.id
    assert len(one.id) == len(first[0].id) == 16


def test_what_is_embedded_has_no_addresses_and_a_short_prefix() -> None:
    """Addresses cost the window and say nothing; titles as long as pages are cut, Chinese ones sooner."""
    assert without_urls("See terms (https://a.example/x_(y)?z=1), or https://b.example.") == "See terms, or "
    for title, heading in (
        ("word " * 200, "head " * 200 + "> " + "inner " * 50),
        ("标题" * 100, "小节" * 100),
    ):
        assert count_tokens([prefix_of(title, heading)])[0] <= PREFIX_TOKENS
    assert prefix_of("T", "A > B") == "T\nA > B"


def test_long_prefixes_shrink_the_passage() -> None:
    """Where title and headings take more than their share, the text takes less."""

    def greedy(texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    document, placed = to_document(
        "x", blocks(("h2", "An unusually long heading " * 3), ("text", "word " * 300)), ""
    )
    for chunk in split(document, placed, count_tokens=greedy, chunk_tokens=180):
        assert len(embedded_text(chunk)) <= 180 + PREFIX_TOKENS + 2


@pytest.mark.parametrize("text", ["# A\n\ntext", "question\tanswer\nq\ta\n"])
def test_parsed_survives_the_pipe(text: str) -> None:
    """What a worker sends is what the loader gets."""
    parsed = read(text, "csv" if "\t" in text else "md")
    assert parsed_from_json(json.loads(json.dumps(parsed_to_json(parsed)))) == parsed


def test_records_stay_apart() -> None:
    """Short records of a JSONL file share no passage, and a title reaches its own record only."""
    rows = [
        {"id": 1, "title": "Hub", "text": "First."},
        {"id": 2, "text": "Second."},
        {"id": 3, "text": "Third."},
    ]
    chunks = check(read("\n".join(map(json.dumps, rows)), "jsonl"))
    assert [(chunk.heading, chunk.text, chunk.meta["id"]) for chunk in chunks] == [
        ("Hub", "First.", 1),
        ("", "Second.", 2),
        ("", "Third.", 3),
    ]
    assert [chunk.meta["record_number"] for chunk in chunks] == [1, 2, 3]


def test_the_name_of_a_file_of_many_texts_is_not_embedded() -> None:
    """It says nothing of any of them; a record's own title does, and so does the title of any other document."""
    rows = [{"title": "Hub", "text": "First."}, {"text": "Second."}]
    first, second = check(read("\n".join(map(json.dumps, rows)), "jsonl"))
    assert (embedded_text(first), embedded_text(second)) == ("Hub\nFirst.", "Second.")
    (plain,) = check(read("# Returns\n\nWithin 30 days.", "md"))
    assert embedded_text(plain) == "Returns\nWithin 30 days."


def test_blank_lines_inside_a_long_block_are_kept_once() -> None:
    """A piece of white space, which has no tokens, is neither lost nor doubled where pieces are packed."""
    steps = "\n".join(f"   {'word ' * 15}\n   " for _ in range(6))
    check(Parsed(title="Steps", blocks=(Block(kind="list", text=f"1. Do this\n{steps}\n   end"),)))
