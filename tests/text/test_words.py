"""Terms that are counted."""

from __future__ import annotations

from ragbot.text.words import content_terms, fold, terms


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
