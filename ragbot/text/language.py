"""Text -> the language it is written in, as an ISO 639-1 code or `und`.

Scripts that name their language (Han, kana, hangul, Greek, Thai ...) are counted; the others (Latin,
Cyrillic, Arabic ...) go to a naive-Bayes model of byte n-grams. Home of py3langid.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

UNKNOWN = "und"

_LANGUAGES = """en de fr es it pt nl sv da no fi is pl cs sk hu ro hr sl et lv lt sq tr vi id ms tl sw af ca
eu gl ga cy mt ru uk be bg sr mk kk mn ar fa ur he el th hi mr ne bn ta te kn ml gu pa si my km lo ka hy am zh
ja ko""".split()
"""What the model may answer. Kept to languages of customer service: among all 130 and more, a short English
sentence loses its probability to Nigerian Pidgin and West Frisian."""

_SAMPLE = 1200
"""Characters that are looked at, half from the beginning and half from the middle."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff]")
_HANGUL = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_EAST_ASIAN = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_FOREIGN = re.compile("[\u0370-\u1fff\u3040-\uffef]")
_OWN_SCRIPT = {
    name: re.compile(f"[{span}]")
    for name, span in {
        "el": "\u0370-\u03ff\u1f00-\u1fff",
        "th": "\u0e00-\u0e7f",
        "he": "\u0590-\u05ff",
        "hy": "\u0530-\u058f",
        "ka": "\u10a0-\u10ff",
    }.items()
}
_NOISE = re.compile(r"https?://\S+|[\w.+-]+@[\w.-]+|\S*\d\S*|[A-Z]{2,}[A-Z_-]*\b|`[^`\n]*`")
"""Addresses, codes and abbreviations: they are the same in every language."""


@lru_cache(maxsize=1)
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages([code for code in _LANGUAGES if code in set(model.labels)])
    return model


def _sample(text: str) -> str:
    if len(text) <= _SAMPLE:
        return text
    middle = len(text) // 2
    return text[: _SAMPLE // 2] + "\n" + text[middle : middle + _SAMPLE // 2]


def script_language(text: str) -> str | None:
    """The language that the script of `text` names, such as `zh`; None for Latin and others that name none."""
    if _FOREIGN.search(text) is None:
        return None
    east = len(_EAST_ASIAN.findall(text))
    if east:
        # A Chinese question is full of capitalised product names, so only lower-case words speak for Latin.
        words = sum(1 for word in re.findall(r"[^\W\d_]+", _EAST_ASIAN.sub(" ", text)) if word.islower())
        if east > words:
            if len(_HANGUL.findall(text)) * 2 >= east:
                return "ko"
            return "ja" if len(_KANA.findall(text)) * 10 >= east else "zh"
    letters = sum(1 for char in text if char.isalpha())
    for code, pattern in _OWN_SCRIPT.items():
        if len(pattern.findall(text)) * 2 > letters:
            return code
    return None


def _by_model(text: str) -> tuple[str, float, int]:
    """The model's answer, its probability, and the number of letters it rests on."""
    plain = re.sub(r"\s+", " ", _NOISE.sub(" ", _HAN.sub(" ", text))).strip()
    letters = sum(1 for char in plain if char.isalpha())
    if not letters:
        return UNKNOWN, 0.0, 0
    code, probability = _model().classify(unicodedata.normalize("NFC", plain.lower()))
    return str(code), float(probability), letters


def detect(text: str) -> str:
    """ISO 639-1 code of the language of `text`, or `und` where it is too short or too mixed to tell.

    Meant for documents and passages; for what a customer typed use `detect_query`.
    """
    sample = _sample(text)
    if (by_script := script_language(sample)) is not None:
        return by_script
    code, probability, letters = _by_model(sample)
    return code if letters >= 12 and probability >= 0.5 else UNKNOWN


def detect_query(text: str, default: str = "en") -> str:
    """As `detect`, for one short message: below the needed confidence the answer is `default`."""
    code = detect(text)
    return default if code == UNKNOWN else code
