"""Text -> the terms that lexical search and the answer checks count.

Latin words are case-folded, stripped of accents and stemmed (Snowball, English); codes such as `E-417`,
`v2.3.1`, `SKU_88-A` stay whole beside their parts; Chinese is cut by jieba's dictionary and model, with
character bigrams beside the words so that a wrong cut loses nothing. Home of PyStemmer and rjieba.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA_HANGUL = "\u3040-\u30ff\uac00-\ud7af"
_TOKEN = re.compile(
    rf"[{_HAN}]+|[{_KANA_HANGUL}]+"
    r"|\d+(?:[.,:/]\d+)+"  # 1,299.00  12/05/2026  10:30
    rf"|(?:(?![{_HAN}{_KANA_HANGUL}])[^\W_])+(?:['’](?:(?![{_HAN}{_KANA_HANGUL}])[^\W_])+)*"
)
_CODE = re.compile(
    r"(?<![\w./-])(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[-_./][A-Za-z0-9]+)+(?![^\W_])"
)
_HAN_ONLY = re.compile(rf"[{_HAN}]+")
_UNITED_STATES = re.compile(r"\bU\.?S\.?(?:A\b\.?)?(?!\w)")
"""Told apart from the pronoun while the capitals can still be seen."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below
    between both but by can could d did do does doing don down during each few for from further get had
    has have having he her here hers him his how i if in into is it its itself just ll m me more most my
    myself no nor not now of off on once only or other our ours out over own please re s same she should
    so some such t than that the their them then there these they this those through to too under until
    up us ve very was we were what when where which while who whom why will with would you your yours
    的 了 是 在 我 你 您 他 她 它 们 我们 你们 他们 和 与 及 或 也 都 就 而 但 吗 呢 吧
    啊 呀 么 什么 怎么 怎样 如何 哪 哪里 哪个 哪些 谁 几 多少 多 久 请 请问 能 能否 可以 会
    要 想 有 没有 这 那 这个 那个 一个 一 个 被 把 给 对 从 到 为 为什么 着 过 不 很 还
    需要 大概 一下""".split()
)
"""Words that carry no subject of their own, in English and Chinese."""


def is_han(text: str) -> bool:
    """Whether `text` consists of Chinese characters only."""
    return _HAN_ONLY.fullmatch(text) is not None


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The Snowball stem (English) of one case-folded word."""
    return str(_stemmer().stemWord(word))


def fold(text: str) -> str:
    """Case-folded NFKC without accents: `Café` and `CAFE` are one word, full-width digits are digits."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def bigrams(run: str) -> list[str]:
    """The pairs of neighbouring characters."""
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _han_words(run: str, *, overlapping: bool) -> list[str]:
    """Words of a run of Chinese characters; `overlapping` adds shorter words within words, and the character
    bigrams that are not words already."""
    if len(run) == 1:
        return [run]
    import rjieba

    if not overlapping:
        return [str(word) for word in rjieba.cut(run) if word.strip()]
    words = [str(word) for word in rjieba.cut_for_search(run) if word.strip()]
    known = set(words)
    return words + [pair for pair in bigrams(run) if pair not in known]


def terms(text: str, *, overlapping: bool = True) -> list[str]:
    """All terms of `text` in order, repeated as often as they occur; stop words included.

    `overlapping=False` gives each Chinese character to one word only, as a reader would cut it.
    """
    folded = fold(_UNITED_STATES.sub("USA", text))
    found: list[str] = []
    for match in _TOKEN.finditer(folded):
        token = match.group()
        if is_han(token):
            found.extend(_han_words(token, overlapping=overlapping))
        elif token[0].isdigit() or len(token) < 3:
            found.append(token.replace(",", ""))
        else:
            found.append(stem(token.replace("’", "'").removesuffix("'s")))
    found.extend(match.group() for match in _CODE.finditer(folded))
    return found


@lru_cache(maxsize=1)
def _stop_terms() -> frozenset[str]:
    return frozenset(term for word in STOP_WORDS for term in (word, stem(word)))


def content_terms(text: str, *, overlapping: bool = True) -> list[str]:
    """The terms of `text` that carry its subject, each once, in order."""
    stop = _stop_terms()
    return [term for term in dict.fromkeys(terms(text, overlapping=overlapping)) if term not in stop]
