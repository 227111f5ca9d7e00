"""Text -> the terms that lexical search and the answer checks count.

Words of letters are case-folded, stripped of accents and stemmed by the Snowball stemmer of their language; codes
such as `E-417`, `v2.3.1`, `SKU_88-A` stay whole beside their parts; Chinese is cut by jieba's dictionary and model,
with character bigrams beside the words so that a wrong cut loses nothing. Japanese kana and Korean are cut into
bigrams, scripts without spaces such as Thai into trigrams. Home of PyStemmer and rjieba.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA_HANGUL = "\u3040-\u30ff\uac00-\ud7af"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese, Khmer: written without spaces between words."""
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0900-\u0963\u0966-\u0dff"
"""Marks that belong to the letter before them; `\\w` leaves those of Indic scripts out."""
_OTHER = rf"(?:(?![{_HAN}{_KANA_HANGUL}{_UNSPACED}])[^\W_]|[{_MARKS}])"
_TOKEN = re.compile(
    rf"[{_HAN}]+|[{_KANA_HANGUL}]+|[{_UNSPACED}]+"
    r"|\d+(?:[.,:/]\d+)+"  # 1,299.00  12/05/2026  10:30
    rf"|{_OTHER}+(?:['’]{_OTHER}+)*"
)
_CODE = re.compile(
    r"(?<![\w./-])(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[-_./][A-Za-z0-9]+)+(?![^\W_])"
)
_HAN_ONLY = re.compile(rf"[{_HAN}]+")
_KANA_HANGUL_FIRST = re.compile(rf"[{_KANA_HANGUL}]")
_UNSPACED_FIRST = re.compile(rf"[{_UNSPACED}]")
_UNITED_STATES = re.compile(r"\bU\.?S\.?(?:A\b\.?)?(?!\w)")
"""Told apart from the pronoun while the capitals can still be seen."""
_ACCENTS = re.compile(r"(?<=[a-z\u03b1-\u03c9])[\u0300-\u036f]+|[\u0610-\u061a\u064b-\u065f\u0640]")
"""Accents of Latin and Greek letters and Arabic vowel signs. A Cyrillic breve makes another letter: it stays."""

_STEMMERS = dict(
    pair.split(":")
    for pair in """ar:arabic ca:catalan cs:czech da:danish de:german el:greek en:english es:spanish et:estonian
    eu:basque fa:persian fi:finnish fr:french ga:irish hi:hindi hu:hungarian hy:armenian id:indonesian it:italian
    lt:lithuanian ne:nepali nl:dutch no:norwegian pl:polish pt:portuguese ro:romanian ru:russian sr:serbian
    sv:swedish ta:tamil tr:turkish""".split()
)
"""ISO 639-1 code -> Snowball's name. All other languages are stemmed as English, which touches Latin letters only."""

COMPOUNDING = frozenset("da de et fi hu is nl no sv".split())
"""Languages that write compounds as one word: `Rückgabefrist` is to be found by `Frist`."""
_GRAM = 4
"""Character 4-grams served best on German, Dutch, Swedish and Finnish among n-grams, stems and decompounding
(McNamee & Mayfield, "Character N-Gram Tokenization for European Language Text Retrieval", 2004)."""
_LONG_WORD = 7
_SHORTEST_PARTED = 4
_PART_WEIGHT = 0.1
MOST_TERMS = 256
"""Terms of a message that are searched, the first ones."""
_PART_MARK = "~"
"""Begins a term that is part of a word, so that no word is mistaken for one."""

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

_OTHER_STOP_WORDS = {
    code: frozenset(words.split())
    for code, words in {
        "de": "der die das den dem des ein eine einer eines einem einen und oder aber ist sind war waren wird werden "
        "wurde wie was wann wo wer warum welche welcher welches ich du er sie es wir ihr mein meine meinen mich mir "
        "dich sich nicht kein keine zu zum zur von vom mit für auf an am im in aus bei nach als auch so dass kann "
        "können muss hat haben man über um",
        "es": "el la los las un una unos unas y o de del al a en con por para que qué cómo cuándo dónde quién cuál "
        "cuánto cuántos cuánta cuántas es son era fue ser ha han he me mi mis se su sus lo le les no si sí mas más "
        "pero como este esta esto hay puedo puede",
        "fr": "le la les un une des du de et ou où mais est sont était que qui quoi quel quelle quels quelles comment "
        "quand pourquoi je tu il elle nous vous ils elles mon ma mes me se ce cet cette ces ne pas plus à au aux en "
        "dans par pour sur avec il y a peux peut ai",
        "it": "il lo la i gli le un uno una e o ma di del della dei a al alla da in con su per che chi come quando "
        "dove perché quale quali quanto è sono era ho ha mi mio mia si non posso può",
        "nl": "de het een en of maar is zijn was van voor met op aan in uit bij naar als ook niet geen ik je u hij zij "
        "we wij mijn me wat wie waar wanneer hoe waarom welke dat die dit deze kan moet heb heeft te om",
        "pt": "o a os as um uma e ou mas de do da dos das em no na nos nas por para com que quem como quando onde qual "
        "quais quanto é são era eu me meu minha se não posso pode ao à",
    }.items()
}
"""The same in other languages: articles, pronouns, prepositions and question words."""


def is_han(text: str) -> bool:
    """Whether `text` consists of Chinese characters only."""
    return _HAN_ONLY.fullmatch(text) is not None


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Any:
    import Stemmer

    name = _STEMMERS.get(language, "english")
    return Stemmer.Stemmer(name if name in Stemmer.algorithms() else "english")


@lru_cache(maxsize=200_000)
def stem(word: str, language: str = "en") -> str:
    """The Snowball stem of one case-folded word. `language`: ISO 639-1."""
    return str(_stemmer(language).stemWord(word))


def fold(text: str) -> str:
    """Case-folded NFKC without accents: `Café` and `CAFE` are one word, full-width digits are digits."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text))).replace(
        "ё", "е"
    )


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


def terms(text: str, *, language: str = "en", overlapping: bool = True) -> list[str]:
    """All terms of `text` in order, repeated as often as they occur; stop words included.

    `language` (ISO 639-1) names the stemmer. `overlapping=False` gives each Chinese character to one word only, as
    a reader would cut it.
    """
    folded = fold(_UNITED_STATES.sub("USA", text))
    found: list[str] = []
    for match in _TOKEN.finditer(folded):
        token = match.group()
        if is_han(token):
            found.extend(_han_words(token, overlapping=overlapping))
        elif _KANA_HANGUL_FIRST.match(token):
            found.extend([token, *bigrams(token)] if overlapping and len(token) > 2 else [token])
        elif _UNSPACED_FIRST.match(token):
            found.extend(_grams(token, 3) if overlapping and len(token) > 3 else [token])
        elif token[0].isdigit() or len(token) < 3:
            found.append(token.replace(",", ""))
        else:
            found.append(stem(token.replace("’", "'").removesuffix("'s"), language))
    found.extend(match.group() for match in _CODE.finditer(folded))
    return found


def _grams(word: str, size: int) -> list[str]:
    return [word[i : i + size] for i in range(len(word) - size + 1)]


def single_characters(text: str) -> list[str]:
    """Each Chinese character of `text`, as a term: what two ways of cutting or two wordings still share."""
    return re.findall(rf"[{_HAN}]", text)


def word_parts(text: str, language: str, *, least: int = _LONG_WORD) -> list[str]:
    """Marked character 4-grams of the words of at least `least` letters, where `language` writes compounds as one
    word; none elsewhere."""
    if language not in COMPOUNDING:
        return []
    words = (match.group() for match in _TOKEN.finditer(fold(text)))
    return [
        _PART_MARK + gram
        for word in words
        if len(word) >= least and word.isalpha()
        for gram in _grams(word, _GRAM)
    ]


@lru_cache(maxsize=64)
def stop_terms(language: str) -> frozenset[str]:
    """The terms of the stop words of `language` and of English and Chinese, as `terms` gives them."""
    words = STOP_WORDS | _OTHER_STOP_WORDS.get(language, frozenset())
    return frozenset(term for word in words for term in (fold(word), stem(fold(word), language)))


def content_terms(text: str, *, language: str = "en", overlapping: bool = True) -> list[str]:
    """The terms of `text` that carry its subject, each once, in order."""
    stop = stop_terms(language)
    found = dict.fromkeys(terms(text, language=language, overlapping=overlapping))
    return [term for term in found if term not in stop]


def query_terms(text: str, languages: Sequence[str]) -> dict[str, float]:
    """What to look for of a message among documents of these languages, with weights: its content words as each of them
    stems them (all its terms where none is one), single Chinese characters, and, for compounds, parts of long words,
    which weigh little, for there are many; at most `MOST_TERMS` of each."""
    spoken = dict.fromkeys(languages)
    found = [term for each in spoken for term in content_terms(text, language=each)] or terms(text)
    weights = dict.fromkeys((found + single_characters(text))[: 2 * MOST_TERMS], 1.0)
    for each in spoken:
        for part in word_parts(text, each, least=_SHORTEST_PARTED)[:MOST_TERMS]:
            weights.setdefault(part, _PART_WEIGHT)
    return weights
