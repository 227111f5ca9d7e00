"""Query translation by dictionary."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragbot.errors import SettingsError
from ragbot.text.glossary import Glossary, load_glossary

SMALL = Glossary(
    [
        {"zh": ("退款", "退钱"), "en": ("refund", "money back")},
        {"zh": ("运费",), "en": ("shipping cost",)},
        {"zh": ("费",), "en": ("fee",)},
    ]
)


def test_the_longest_phrase_wins() -> None:
    """A compound is not cut into what its parts mean."""
    assert [(c.phrase, c.translations) for c in SMALL.concepts("运费怎么退款", "en")] == [
        ("运费", ("shipping cost",)),
        ("退款", ("refund", "money back")),
    ]


def test_english_words_match_in_any_form() -> None:
    """Plural and case make no difference, and a phrase of several words is one concept."""
    found = SMALL.concepts("Can I get my Money back? And Shipping costs?", "zh")
    assert [c.translations for c in found] == [("退款", "退钱"), ("运费",)]


def test_in_the_same_language_concepts_are_synonyms() -> None:
    """A phrase is not its own synonym."""
    assert [c.translations for c in SMALL.concepts("refund", "en")] == [("money back",)]


def test_a_gloss_keeps_latin_words_and_drops_what_is_unknown() -> None:
    """An embedder of English can read it."""
    assert SMALL.gloss("Shipping Hub 2 能退款吗", "en") == "Shipping Hub 2 refund"


def test_the_built_in_glossary_knows_customer_service() -> None:
    """Words of every shop are there, both ways."""
    glossary = load_glossary()
    assert "refund" in [t for c in glossary.concepts("多久可以退款", "en") for t in c.translations]
    assert "保修" in [t for c in glossary.concepts("How long is the warranty?", "zh") for t in c.translations]


def test_a_company_adds_its_own_words(tmp_path: Path) -> None:
    """A file of the settings is read beside the built-in one."""
    file = tmp_path / "words.tsv"
    file.write_text("zh\ten\n安心会员\tPlus plan\n", encoding="utf-8")
    assert load_glossary(file).gloss("安心会员", "en") == "Plus plan"


@pytest.mark.parametrize(
    ("content", "fragment"),
    [("zh\ten\n退款\n", "line 2"), ("Chinese\tEnglish\n", "line 1"), ("", "line 1")],
)
def test_a_wrong_line_is_named(tmp_path: Path, content: str, fragment: str) -> None:
    """The error names file and line."""
    file = tmp_path / "words.tsv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=fragment):
        load_glossary(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(SettingsError, match=r"nowhere\.tsv"):
        load_glossary(tmp_path / "nowhere.tsv")
