"""Bytes of unknown encoding -> clean text: `\\n` line ends, NFC, no control characters.

The order: byte-order mark, strict UTF-8, UTF-16 by its pattern of NUL bytes, then GB18030 against
Windows-1252 by what the text would look like; charset-normalizer (this is its home) decides what is left.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from ragbot.ingest.limits import Refused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHERS = (
    "gb18030 big5 shift_jis euc_jp euc_kr cp1250 cp1251 cp1252 cp1253 cp1254 koi8_r cp1255 cp1256".split()
)
"""What charset-normalizer may answer: encodings in which people really keep documents."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff\u200b\u2060\u00ad]")
"""Control characters, stray marks, lone surrogates, and invisible characters that would part a word."""
_COMMON_HAN = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
    "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长"
    "把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制"
    "身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气"
    "题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便"
    "空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格"
    "望觉术领共确传师观清今切院让识候带导争运货退款订单换修客服购买付支票发寄收快递请您费价元网络产密码登录账号充"
)
"""Frequent characters, and those of shopping: wrongly decoded text has few of them."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Clean text and how it was read."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def clean(text: str) -> str:
    """NFC, `\\n` line ends, no control characters but tab and line break, no-break spaces as spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\x0b", "\n").replace("\x0c", "\n").replace("\x85", "\n")
    text = text.replace("\u00a0", " ").replace("\u202f", " ")
    return unicodedata.normalize("NFC", _CONTROL.sub("", text))


def decode(data: bytes) -> Decoded:
    """The text of `data`. Raises `Refused` where it is binary or says nothing."""
    text, encoding, notes = _decode(data)
    if text.count("\x00") > max(8, len(text) // 1000):
        raise Refused("holds NUL bytes like a program or a picture; convert it to text")
    cleaned = clean(text)
    if not cleaned.strip():
        raise Refused("holds no text; fill or remove it")
    return Decoded(cleaned, encoding, notes)


def _decode(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _with_replacement(data[len(bom) :], encoding)
    if (wide := _utf16_without_bom(data)) is not None:
        return _with_replacement(data, wide)
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        if data.count(b"\x00") > max(8, len(data) // 1000):
            raise Refused("holds NUL bytes like a program or a picture; convert it to text") from error
    if _mostly_utf8(data):
        return _with_replacement(data, "utf-8")
    encoding = _legacy(data)
    return _with_replacement(data, encoding)


def _with_replacement(data: bytes, encoding: str) -> tuple[str, str, tuple[str, ...]]:
    try:
        return data.decode(encoding), encoding, ()
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        lost = text.count("\ufffd")
        if lost * 5 > len(text):
            raise Refused("is not text in any known encoding; save it as UTF-8") from None
        return text, encoding, (f"{lost} places are not {encoding} and read as \ufffd; save it as UTF-8",)


def _utf16_without_bom(data: bytes) -> str | None:
    """UTF-16 shows as NUL in every second byte of Latin text, or as Han in one byte order only."""
    sample = data[:4096]
    if len(data) % 2 or len(data) < 4 or not sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return _utf16_han(sample, 0.25) if even + odd else None


def _utf16_han(sample: bytes, least: float) -> str | None:
    """The byte order in which the share of frequent Chinese characters is at least `least`."""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, "ignore")
        if len(sample) % 2 == 0 and sum(char in _COMMON_HAN for char in text) > len(text) * least:
            return encoding
    return None


def _mostly_utf8(data: bytes) -> bool:
    """Whether most non-ASCII characters are valid UTF-8: the rest is damage then, not another encoding."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text if char > "\x7f") - bad
    return good >= 2 and bad <= good


def _legacy(data: bytes) -> str:
    """GB18030 or Windows-1252 by the looks of the text; charset-normalizer where neither fits."""
    sample = data[:200_000]
    if wide := _utf16_han(data[:4096], 0.4):
        return wide
    chinese, western = _chinese_share(sample), _western_share(sample)
    if chinese >= 0.5 and chinese > western:
        return "gb18030"
    if western >= 0.8 and western >= chinese:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    if best is not None:
        return best.encoding
    return "gb18030" if chinese > western else "cp1252"


def _chinese_share(sample: bytes) -> float:
    """Share of the non-ASCII characters, read as GB18030, that are frequent in Chinese."""
    foreign = [char for char in sample.decode("gb18030", "replace") if char > "\x7f"]
    if not foreign:
        return 0.0
    known = sum(char in _COMMON_HAN or char in "，。！？；：、（）“”《》—…￥" for char in foreign)
    rare_but_fine = sum("\u4e00" <= char <= "\u9fff" for char in foreign) - known
    return (known + 0.45 * max(0, rare_but_fine)) / len(foreign)


def _western_share(sample: bytes) -> float:
    """Share of the non-ASCII characters, read as Windows-1252, that stand as accents and signs do there."""
    text = sample.decode("cp1252", "replace")
    places = [i for i, char in enumerate(text) if char > "\x7f"]
    if not places:
        return 0.0
    fine = 0
    for i in places:
        char, around = text[i], (text[i - 1 : i] + text[i + 1 : i + 2])
        lonely = all(other <= "\x7f" for other in around)
        if (char.isalpha() and lonely) or char in "“”‘’–—…€£©®™°«»¿¡·•§²³\u00a0":
            fine += 1
    return fine / len(places)
