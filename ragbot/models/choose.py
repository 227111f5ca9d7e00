"""Which embedder a knowledge base gets where the settings say `auto`: the names and the rule have this one home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ragbot.models.catalog import READER_OF
from ragbot.settings import AUTO

ENGLISH: Final = "all-minilm-l6-v2"
"""Where the documents are English: the better one of the two there, at half the cost."""
MULTILINGUAL: Final = "e5-support"
"""Where they are not."""
DEFAULT: Final = ENGLISH
"""What `auto` means where there are no documents: an empty knowledge base, `ragbot intents check`."""

ENGLISH_SHARE: Final = 0.95
"""Least share of English documents for `ENGLISH`: a few in other languages are no reason to embed all at twice the
cost."""

BY_EMBEDDER: Final = "embedder"
"""As `search.reranker`: no model reads message and passage together."""

_UNKNOWN: Final = "und"
"""As `Document.language` has it."""
_MOST_TOLD: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An embedder and what it was chosen for; `str()` tells both: `e5-support (auto: 61 % zh, 39 % en)`."""

    model: str
    """Its name in the settings."""
    languages: Mapping[str, int]
    """Language code -> number of documents."""

    def __str__(self) -> str:
        return f"{self.model} (auto: {told(self.languages)})"


def choose_embedder(languages: Mapping[str, int]) -> str:
    """The name of the embedder for documents of these languages (code -> number of documents).

    Documents whose language is unknown do not count; where none counts, it is `DEFAULT`.
    """
    known = _known(languages)
    if not known:
        return DEFAULT
    return ENGLISH if known.get("en", 0) >= ENGLISH_SHARE * sum(known.values()) else MULTILINGUAL


def or_default(model: str) -> str:
    """The setting `embedder.model` where there are no documents to choose by: `DEFAULT` for `auto`."""
    return DEFAULT if model == AUTO else model


def told(languages: Mapping[str, int]) -> str:
    """The shares of the languages, for people: `61 % zh, 39 % en`."""
    known = _known(languages)
    if not known:
        return "no document whose language is known"
    ordered = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    total = sum(known.values())
    shares = [f"{_percent(count / total)} {code}" for code, count in ordered[:_MOST_TOLD]]
    if rest := sum(count for _, count in ordered[_MOST_TOLD:]):
        shares.append(f"{_percent(rest / total)} others")
    return ", ".join(shares)


def _known(languages: Mapping[str, int]) -> dict[str, int]:
    return {code: count for code, count in languages.items() if code != _UNKNOWN and count > 0}


def _percent(share: float) -> str:
    """`39 %`; what is not all or nothing is not told so."""
    whole = round(100 * share)
    if share < 1 and whole == 100:
        return "over 99 %"
    return f"{whole} %" if whole else "under 1 %"


def reader_for(setting: str, embedder: str) -> str:
    """The name of the reader that `search.reranker` means for vectors of `embedder` (its name, or what its vectors are
    known by); empty where the embedder reads by itself.

    >>> reader_for("auto", "e5-support@0123456789ab.2"), reader_for("embedder", "e5-support")
    ('e5-reader', '')
    """
    if setting == AUTO:
        return READER_OF.get(embedder.split("@", maxsplit=1)[0], "")
    return "" if setting == BY_EMBEDDER else setting
