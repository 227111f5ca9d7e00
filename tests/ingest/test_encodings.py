"""Bytes of any usual encoding become the same clean text."""

from __future__ import annotations

import pytest

from ragbot.ingest.decode import clean, decode
from ragbot.ingest.limits import Refused

CHINESE = [
    "退款多久到账",
    "7天无理由退货，运费由谁承担？",
    "问题,答案\n怎么退货,在订单页点击退货\n",
    "您好",
    "Hub二代重置方法：长按10秒",
    "灯泡闪烁怎么办？请检查电源。",
]
WESTERN = [
    "Café",
    "Rückerstattung dauert 5–7 Tage",
    "¿Cuánto tarda? Señor",
    "déjà vu – l’été",
    "Größe: 10 €",
    "“quoted”",
    "Straße; Übergröße; Äpfel",
    "£5 off",
]


@pytest.mark.parametrize("text", CHINESE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese(text: str, encoding: str) -> None:
    """Short Chinese texts are told from Western ones."""
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize("text", WESTERN)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_western(text: str, encoding: str) -> None:
    """Accents and signs of Windows-1252 are not taken for Chinese."""
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_chinese_utf16_without_a_mark(encoding: str) -> None:
    """UTF-16 without a byte-order mark is seen by what it decodes to."""
    text = "退款需要五个工作日。\n请在订单页点击退款。"
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Как вернуть товар? Деньги вернутся в течение пяти дней.", "cp1251"),
        ("返品はできますか。商品到着後七日以内にご連絡ください。", "shift_jis"),
        ("Zwrot pieniędzy w ciągu pięciu dni, żółć", "cp1250"),
        ("環境設定與退貨說明，請聯絡客服人員", "big5"),
    ],
)
def test_other_encodings(text: str, encoding: str) -> None:
    """Other encodings are told by charset-normalizer."""
    assert decode(text.encode(encoding)).text == text


def test_a_few_broken_bytes_are_noted() -> None:
    """Damage in UTF-8 is replaced and reported, the rest stays."""
    decoded = decode("good text with ü, ö and 中文, then ".encode() + b"\xff\xfe end")
    assert "中文" in decoded.text
    assert decoded.text.endswith("end")
    assert "2 places" in decoded.notes[0]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf", b"\xff\xfe", b" \r\n\t\n", b"\x00", b"\x07\x07"])
def test_nothing_is_refused(data: bytes) -> None:
    """A file of marks and white space holds no text."""
    with pytest.raises(Refused, match="no text"):
        decode(data)


def test_binary_is_refused() -> None:
    """NUL bytes all over mean a program, not a document."""
    with pytest.raises(Refused, match="NUL bytes"):
        decode(bytes(range(256)) * 40)
    with pytest.raises(Refused, match="NUL bytes"):
        decode(b"abc\x00de" * 100)


def test_cleaning() -> None:
    """Line ends, control characters, composed letters and lone surrogates are put right."""
    assert clean("a\r\nb\rc\x0bd\u2028e\x00\x07\ud800\ufeff e\u0301 x\u00a0y\u00ad") == "a\nb\nc\nd\ne é x y"
    assert "\ufeff" not in decode("\ufeffhead".encode()).text
