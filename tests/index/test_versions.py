"""Older versions yield to newer ones; products, regions, translations and reports do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passages import passage

from ragbot.index.versions import STALE_TRUST, asks_for_past, is_outdated, trust, unversioned
from ragbot.ingest.document import to_document
from ragbot.ingest.limits import Limits
from ragbot.ingest.load import parse_file
from ragbot.types import Chunk

NOW = "How long can I return a lamp?"
KNOWLEDGE = Path(__file__).parents[2] / "knowledge"


def document(source: str, title: str = "Returns", **meta: Any) -> Chunk:
    return passage("Within 30 days.", source=source, title=title, **meta).chunk


def older(*chunks: Chunk, question: str = NOW) -> list[str]:
    """The sources that yield, whichever way round the passages come."""
    found = [
        {c.source for c, kept in zip(order, trust(question, order), strict=True) if kept < 1}
        for order in (chunks, chunks[::-1])
    ]
    assert found[0] == found[1]
    return sorted(found[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shop/returns-2023.md", "shop/returns-2025.md"),
        ("shop/2023-returns.md", "shop/2025-returns.pdf"),
        ("shop/returns-2024-11-30.md", "shop/returns-2025-02-01.md"),
        ("shop/returns_20241130.md", "shop/returns_20250201.md"),
        ("shop/returns-old.md", "shop/returns.md"),
        ("shop/returns-archived.md", "shop/returns.md"),
        ("shop/returns.md", "shop/returns-new.md"),
        ("shop/archive/returns.md", "shop/returns.md"),
        ("shop/2023/returns.md", "shop/2025/returns.md"),
        ("shop/returns policy v1.docx", "shop/returns policy v2.docx"),
        ("shop/returns-version-9.md", "shop/returns-version-10.md"),
        ("shop/returns-policy-v2.9.md", "shop/returns-policy-v2.10.md"),
        ("shop/退货政策2023.md", "shop/退货政策2025.md"),
        ("shop/退货政策（旧版）.md", "shop/退货政策.md"),
        ("shop/退货政策第2版.md", "shop/退货政策第3版.md"),
        ("shop/hub-manual-v1.pdf", "shop/hub-manual-v2.pdf"),
        ("shop/hub-manual-2023.pdf", "shop/hub-manual-2024.pdf"),
    ],
)
def test_names_tell_versions(old: str, new: str) -> None:
    """A number, a date, a year or a word in the name of the file or of its folder."""
    assert older(document(old), document(new)) == [old]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shop/hub-2-manual.pdf", "shop/hub-3-manual.pdf"),
        ("shop/reset-hub-1.md", "shop/reset-hub-2.md"),
        ("shop/camera-v2-manual.pdf", "shop/camera-v3-manual.pdf"),
        ("shop/camera-v2.md", "shop/camera-v3.md"),
        ("shop/camera-2023-guide.md", "shop/camera-2024-guide.md"),
        ("shop/hub2.md", "shop/hub3.md"),
        ("shop/plan-monthly.md", "shop/plan-yearly.md"),
        ("shop/returns-eu-2023.md", "shop/returns-us-2025.md"),
        ("eu/returns-2023.md", "us/returns-2025.md"),
        ("shop/incident-2025-06-11.md", "shop/incident-2025-07-02.md"),
        ("shop/newsletter-2024.md", "shop/newsletter-2025.md"),
        ("shop/hub-firmware-2.8.md", "shop/hub-firmware-2.9.md"),
        ("shop/price-10-99.md", "shop/price-12-99.md"),
        ("shop/以旧换新.md", "shop/换新.md"),
        ("shop/returns.md", "shop/shipping-2025.md"),
    ],
)
def test_what_is_no_version_does_not_yield(one: str, other: str) -> None:
    """Models, plans, regions, reports of days, firmware: each is true beside the other."""
    assert older(document(one), document(other)) == []


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ({"region": "US"}, {"region": "EU"}),
        ({"product": "HB-100"}, {"product": "HB-200"}),
        ({"language": "en"}, {"language": "zh"}),
        ({"labels": ["staff"]}, {"labels": ["public"]}),
        ({"plan": "plus"}, {"plan": "family"}),
    ],
)
def test_documents_for_others_are_no_versions(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Another region, product, language or audience: the newer text does not speak to the same reader."""
    old, new = "shop/returns-2023.md", "shop/returns-2025.md"
    assert older(document(old, **mine), document(new, **theirs)) == []
    assert older(document(old, **mine), document(new, **mine)) == [old]


def test_other_titles_are_no_versions() -> None:
    """Files of one name about different things."""
    old, new = "shop/returns-2023.md", "shop/returns-2025.md"
    assert older(document(old, "Returning a lamp"), document(new, "Returning a hub")) == []
    assert older(document(old, "Returns 2023"), document(new, "Returns (2025)")) == [old]


def test_front_matter_tells_versions() -> None:
    """Version, date in force, last update, and who replaces whom; the path may be shortened."""
    old, new = "shop/terms.md", "shop/terms.html"
    pairs: list[tuple[str, Any, Any]] = [
        ("version", "9.0", "10.0"),
        ("version", 1, 2),
        ("effective_date", "2023-01-09", "2025-03-01"),
        ("updated", "2024-12-01", "2025-01-01"),
    ]
    for key, before, after in pairs:
        assert older(document(old, **{key: before}), document(new, **{key: after})) == [old]
    named = "policies/left.md"
    assert older(document("shop/a/" + named), document("shop/right.md", "Rights", replaces=named)) == [
        "shop/a/" + named
    ]
    assert older(document("a/x.md"), document("a/y.md", "Other", supersedes=["b.md", "x.md"])) == ["a/x.md"]
    assert older(document("a/xx.md"), document("a/y.md", "Other", supersedes="x.md")) == []


def test_signs_that_disagree_decide_nothing() -> None:
    """The higher version number with the earlier date: somebody is wrong, so nothing yields."""
    one = document("shop/returns-2023.md", version="5")
    assert older(one, document("shop/returns-2025.md", version="4")) == []
    assert older(one, document("shop/returns-2025.md", version="5")) == [one.source]
    assert older(document("a/r.md"), document("a/r.html")) == []


@pytest.mark.parametrize(
    ("source", "title", "meta"),
    [
        ("a/r-archived.md", "Returns", {}),
        ("a/r.md", "Returns - archived", {}),
        ("a/r.md", "Returns (superseded in 2025)", {}),
        ("a/r.md", "ARCHIVED: Returns", {}),
        ("a/r.md", "退货政策（旧版）", {}),
        ("a/r.md", "Returns, no longer in force", {}),
        ("a/r.md", "Returns", {"status": "superseded 2025-02-17"}),
        ("a/r.md", "Returns", {"state": "已作废"}),
        ("a/r.md", "Returns", {"replaced_by": "a/new.md"}),
    ],
)
def test_a_document_can_call_itself_outdated(source: str, title: str, meta: dict[str, Any]) -> None:
    """It yields even where no newer one is found."""
    chunk = document(source, title, **meta)
    assert is_outdated(chunk)
    assert older(chunk, document("a/other.md", "Other")) == [source]


@pytest.mark.parametrize(
    ("source", "title", "status"),
    [
        ("a/archive-a-chat.md", "How to archive old chats", ""),
        ("a/view-archived-orders.md", "View archived orders", ""),
        ("a/browser.md", "Outdated browsers and what to do", ""),
        ("archive/r.md", "Returns", ""),
        ("a/hub-1-legacy.md", "Hub 1 - discontinued", "discontinued"),
        ("a/r.md", "Returns", "current"),
    ],
)
def test_a_document_about_old_things_is_not_outdated(source: str, title: str, status: str) -> None:
    """What is discontinued or can be archived is still described correctly."""
    assert not is_outdated(document(source, title, status=status))


OLD, NEW = (
    document("shop/returns-2023.md", version="3.0", updated="2023-01-09"),
    document("shop/returns-2025.md", version="4.1", updated="2025-02-17"),
)


@pytest.mark.parametrize(
    "question",
    [
        "How long was it back in 2023?",
        "I ordered in March 2024, how long can I return it?",
        "What did the old policy say?",
        "以前的退货期限是多久？",
        "What does version 3.0 say?",
        "2023年的退货政策是什么？",
    ],
)
def test_the_past_is_answered_from_the_past(question: str) -> None:
    """A question for an earlier year, for what used to be, or for a version by its number."""
    assert older(OLD, NEW, question=question) == []


@pytest.mark.parametrize(
    "question",
    [
        NOW,
        "I ordered in March 2025, how long can I return it?",
        "What does version 4.1 say?",
        "Do I get 2000 points for it?",
        "Is a 2000 mAh battery covered?",
        "Can I return it for $2010?",
        "退货期限是多久？",
    ],
)
def test_the_present_is_answered_from_what_holds(question: str) -> None:
    """Also where the question has a number that looks like a year, or names the newest one."""
    assert older(OLD, NEW, question=question) == [OLD.source]


def test_a_year_is_past_beside_newer_documents() -> None:
    """Which years are past is told by the documents, not by the clock."""
    assert asks_for_past("And in 2024?", 2025)
    assert not asks_for_past("And in 2025?", 2025)
    assert asks_for_past("And in 2024?", None)
    assert trust(NOW, [NEW, OLD, NEW]) == [1.0, STALE_TRUST, 1.0]
    assert trust(NOW, []) == []


def test_names_without_their_marks() -> None:
    """What is left says what the text is about; models stay."""
    assert unversioned("Return policy - United States (archived) 2023") == "return policy united states"
    assert unversioned("Returns, version 3.0") == unversioned("RETURNS") == "returns"
    assert unversioned("Hub 2 Pro (HB-220)") == "hub 2 pro hb 220"


def test_the_sample_companys_old_policies_are_found_and_nothing_else() -> None:
    """Of all documents in `knowledge/`, the two superseded policies yield; hubs, doorbells and plans do not."""
    chunks = []
    for path in sorted(KNOWLEDGE.rglob("*.*")):
        if not path.name.startswith("_"):
            made, _ = to_document(path.relative_to(KNOWLEDGE).as_posix(), parse_file(path, Limits()), "")
            chunks.append(
                Chunk(
                    id=made.id,
                    document_id=made.id,
                    source=made.source,
                    title=made.title,
                    heading="",
                    text="",
                    start=0,
                    end=0,
                    meta=dict(made.meta) | {"language": made.language},
                )
            )
    assert len(chunks) > 60
    kept = trust(NOW, chunks)
    assert [c.source for c, each in zip(chunks, kept, strict=True) if each < 1] == [
        "policies/returns-us-2023-archived.md",
        "policies/warranty-2023.md",
    ]
    unnamed = [
        Chunk(id=c.id, document_id=c.id, source=c.source, title=c.title, heading="", text="", start=0, end=0,
              meta={key: value for key, value in c.meta.items() if key in ("language", "region")})
        for c in chunks
        if c.source.startswith("policies/warranty")
    ]  # fmt: skip
    assert trust(NOW, unnamed) == [STALE_TRUST, 1.0], "told by the years in the names alone"


names = st.text(st.sampled_from("ab12 -_./v()旧版年0"), max_size=24)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(
            names,
            names,
            st.dictionaries(st.sampled_from(["version", "updated", "replaces", "status"]), names),
        ),
        max_size=5,
    ),
    st.text(max_size=40),
)
def test_any_names_are_read(given: list[tuple[str, str, dict[str, str]]], question: str) -> None:
    """Whatever files are called and front matter holds: a factor for each, the order of passages aside."""
    chunks = [document(f"{source}/{n}", title, **meta) for n, (source, title, meta) in enumerate(given)]
    kept = trust(question, chunks)
    assert set(kept) <= {1.0, STALE_TRUST}
    assert trust(question, chunks[::-1]) == kept[::-1]
