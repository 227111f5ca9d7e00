"""Terms that are counted."""

from __future__ import annotations

from ragbot.text.words import content_terms, fold, single_characters, terms, word_parts


def test_words_are_folded_and_stemmed() -> None:
    """Case, accents, plural and possessive make no other word."""
    assert terms("Refunds REFUND refunded") == ["refund"] * 3
    assert terms("Café cafe CAFÉ's") == ["cafe"] * 3
    assert fold("ＨＵＢ２") == "hub2"


def test_codes_stay_whole_beside_their_parts() -> None:
    """A part number is found as typed, and by its parts."""
    assert {"e", "417", "e-417"} <= set(terms("error E-417"))
    assert "hb-200" in terms("HB-200")


def test_numbers_lose_their_separators() -> None:
    """1,299.00 and 1299.00 are one term."""
    assert terms("1,299.00") == terms("1299.00")


def test_chinese_is_cut_into_words_with_bigrams_beside_them() -> None:
    """A wrong cut loses nothing in search; a reader's cut gives each character to one word."""
    assert {"退款", "订单号"} <= set(terms("退款订单号"))
    assert "".join(terms("我想退款，订单号是多少", overlapping=False)) == "我想退款订单号是多少"


def test_stop_words_carry_no_subject() -> None:
    """Each content term once, in order."""
    assert content_terms("How do I get the refund of a refund?") == ["refund"]


def test_the_united_states_are_no_pronoun() -> None:
    """The capitals tell them apart."""
    assert content_terms("US") == content_terms("U.S.A.") == ["usa"]
    assert content_terms("help us") == ["help"]


def test_words_are_stemmed_in_their_language() -> None:
    """Forms of a word meet in Spanish, German and Russian too, which the English stemmer leaves apart."""
    for language, one, other in (
        ("es", "devoluciones", "devolución"),
        ("de", "Rückgaben", "Rückgabe"),
        ("ru", "возвраты", "возврата"),
        ("fr", "remboursements", "remboursement"),
    ):
        assert terms(one, language=language) == terms(other, language=language)


def test_marks_belong_to_their_letters() -> None:
    """An Indic vowel sign does not end a word, a Cyrillic breve makes another letter, an accent does not."""
    assert len(terms("हिन्दी", language="hi")) == 1
    assert terms("йод", language="ru") != terms("иод", language="ru")
    assert fold("ёлка") == fold("елка")
    assert fold("crème brûlée") == "creme brulee"


def test_scripts_without_spaces_are_cut_into_overlapping_parts() -> None:
    """A word inside a run of Thai, kana or Hangul is found by what it shares with the run."""
    assert set(terms("คืนสินค้า")) & set(terms("นโยบายการคืนสินค้า"))
    assert "ポリ" in terms("返品ポリシー")
    assert set(terms("환불정책")) & set(terms("정책은"))


def test_single_characters_are_those_of_chinese() -> None:
    """Latin letters and digits have none."""
    assert single_characters("退款 Hub 2") == ["退", "款"]


def test_compounds_share_parts_with_their_words() -> None:
    """Long words of languages that write compounds as one word are cut; in others, and of codes, nothing is."""
    inside, alone = word_parts("Rückgabefrist", "de"), word_parts("Frist", "de", least=4)
    assert set(alone) <= set(inside)
    assert all(part.startswith("~") and len(part) == 5 for part in inside)
    assert word_parts("refundable", "en") == word_parts("HB-2000000", "de") == []


def test_stop_words_of_other_languages_carry_no_subject() -> None:
    """Articles and question words of the given language are left out too."""
    assert content_terms("¿Cuánto tarda la devolución?", language="es") == terms(
        "tarda devolución", language="es"
    )
    assert content_terms("Wie lange ist die Frist?", language="de") == terms("lange Frist", language="de")
