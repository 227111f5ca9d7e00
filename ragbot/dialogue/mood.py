"""How a message sounds: weighed words, phrases and emoji of English and Chinese, turned round by negations and
strengthened by adverbs, capitals and exclamation marks; urgency by patterns. The data is `mood.toml`.

The way of reckoning is that of rule-based sentiment (Hutto and Gilbert, VADER, ICWSM 2014); the words are those of
customers, and words of trouble ("error", "declined", "broken") say nothing of them. Irony is not heard. Other
languages are plain unless emoji or loan words speak. It knows nothing of conversations.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

from ragbot.protocols import MoodReader
from ragbot.types import Mood

if TYPE_CHECKING:
    from ragbot.settings import Settings

NEGATIVE = -0.2
"""A sentiment from here down is a bad mood; found on `tests/dialogue/moods.tsv`."""
URGENT = 0.5
"""An urgency from here up is urgent."""

_READ = 2000
"""Characters that are read at each end of a message: what is longer is a log or a thread, not a mood."""
_EVEN = 16.0
"""Sum s of the weights -> s / sqrt(s * s + 16): one word of -2 is -0.45, two of them -0.71."""
_REACH = 4
"""English words, or Chinese characters, over which a negation or an adverb reaches."""
_LONGEST = 6
"""Words of an English phrase, characters of a Chinese one."""
_TOKEN = re.compile(
    r"[A-Za-z]+(?:['-][A-Za-z]+)*|[\u4e00-\u9fff]+|[:;]-?[()D](?!\w)|[.!?;\n。！？；…]+|[,:，、：]"
    r"|[☀-➿\U0001f300-\U0001faff]|\d+"
)
_FACES = {"(": -2.0, ")": 1.5, "D": 2.0}

_Kind = Literal["weight", "negation", "stronger", "weaker", "contrast", "wish", "pause", "end", "other"]


@dataclass(frozen=True, slots=True)
class _Sign:
    """One word, phrase or mark, and what it does to the mood."""

    kind: _Kind
    weight: float = 0.0
    words: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    english: Mapping[str, float]
    stems: Mapping[str, float]
    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], float]]]
    """First word -> the phrases that begin with it, the longest first."""
    turns: Mapping[str, _Kind]
    chinese: Mapping[str, _Sign]
    emoji: Mapping[str, float]
    calm: re.Pattern[str]
    urgent: Sequence[tuple[float, re.Pattern[str]]]


class WordMoodReader:
    """A `MoodReader` without a model. Safe to use from several threads."""

    def read(self, texts: Sequence[str]) -> list[Mood]:
        """One `Mood` for each text, in order; of a text beyond 4,000 characters only both ends are read."""
        return [read_mood(text) for text in texts]


def load_mood(settings: Settings) -> MoodReader:
    """The reader of `dialogue.mood`: a sequence classifier, or the words of this file where none is named.

    Raises `ModelNotFound`, `ModelDamaged`, or `ModelError` if the model's labels are no moods."""
    if not settings.dialogue.mood:
        return WordMoodReader()
    from ragbot.models.mood import ClassifierMoodReader

    return ClassifierMoodReader(
        settings.dialogue.mood, settings.models, urgency=read_urgency, device=settings.embedder.device
    )


def read_mood(text: str) -> Mood:
    """How the message sounds; plain and calm where nothing is known of it."""
    text = _readable(text)
    return Mood(sentiment=round(_sentiment(text), 3), urgency=_urgency(text))


def read_urgency(text: str) -> float:
    """0 (whenever) to 1 (at once)."""
    return _urgency(_readable(text))


def _readable(text: str) -> str:
    """Both ends of a long message, apostrophes written one way."""
    if len(text) > 2 * _READ:
        text = f"{text[:_READ]}\n{text[-_READ:]}"
    return text.replace("’", "'")


def _sentiment(text: str) -> float:
    total = sum(_sentence(signs) for signs in _sentences(list(_signs(text))))
    loud = min(text.count("!") + text.count("！"), 4)
    total *= 1 + 0.1 * loud
    if total <= 0 and _shouts(text):
        total = 1.2 * total - 1.5
    if total <= 0 and re.search(r"[?？]{2,}", text):
        total -= 0.8
    return total / sqrt(total * total + _EVEN)


def _shouts(text: str) -> bool:
    """Whether most of at least four words stand in capitals; the HV and US of an order number are none."""
    words = re.findall(r"(?<![\w-])[A-Za-z]{2,}(?![\w-])", text)
    return len(words) >= 4 and sum(word.isupper() for word in words) > 0.6 * len(words)


def _urgency(text: str) -> float:
    """One minus the product of what every pattern leaves open."""
    lexicon = _lexicon()
    lowered = lexicon.calm.sub(" ", text.lower())
    calm = 1.0
    for weight, pattern in lexicon.urgent:
        if pattern.search(lowered):
            calm *= 1 - weight
    return round(1 - calm, 3)


def _sentences(signs: Sequence[_Sign]) -> Iterator[list[_Sign]]:
    """Up to and with each mark that ends one."""
    sentence: list[_Sign] = []
    for sign in signs:
        sentence.append(sign)
        if sign.kind == "end":
            yield sentence
            sentence = []
    yield sentence


def _sentence(signs: Sequence[_Sign]) -> float:
    """The sum of its weights; what stands before a "but" counts less, praise inside a question half."""
    asks = bool(signs) and signs[-1].kind == "end" and bool(set(signs[-1].text) & {"?", "？"})
    total = 0.0
    for place, sign in enumerate(signs):
        if sign.kind == "contrast":
            total *= 0.4
        elif sign.kind == "weight" and sign.weight:
            weight = _turned(sign.weight, signs[:place])
            total += weight * 0.5 if asks and weight > 0 else weight
    return total


def _turned(weight: float, before: Sequence[_Sign]) -> float:
    """The weight after the negations, adverbs and wishes that reach it."""
    negated, factor, reach = False, 1.0, _REACH
    for sign in reversed(before):
        reach -= sign.words
        if reach < 0 or sign.kind in ("pause", "end", "contrast"):
            break
        if sign.kind == "stronger":
            factor = min(factor * 1.25, 1.6)
        elif sign.kind == "weaker":
            factor *= 0.6
        elif sign.kind == "wish" and weight > 0:
            factor *= 0.3
        elif sign.kind == "negation":
            negated = not negated or sign.text in ("not", "n't")
    if not negated:
        return weight * factor
    return -0.8 * weight if weight > 0 else -0.25 * weight


def _signs(text: str) -> Iterator[_Sign]:
    """The message as signs, in order."""
    lexicon = _lexicon()
    tokens = _TOKEN.findall(text)
    lowered = [token.lower() for token in tokens]
    place = 0
    while place < len(tokens):
        token = lowered[place]
        if "\u4e00" <= token[0] <= "\u9fff":
            yield from _chinese(token, lexicon)
        elif token[0].isascii() and token[0].isalpha():
            sign = _english(lowered, place, shouted=tokens[place].isupper(), lexicon=lexicon)
            place += sign.words - 1
            yield sign
        else:
            yield _mark(tokens[place], lexicon)
        place += 1


def _english(words: Sequence[str], place: int, *, shouted: bool, lexicon: _Lexicon) -> _Sign:
    """The longest phrase that begins here, else the word; capitals make it heavier."""
    word = words[place]
    for phrase, weight in lexicon.phrases.get(word, ()):
        if tuple(words[place : place + len(phrase)]) == phrase:
            return _Sign("weight", weight, len(phrase))
    if word in lexicon.turns:
        return _Sign(lexicon.turns[word], text=word)
    found = lexicon.english.get(word)
    for length in range(min(len(word), 12), 3, -1):
        if found is not None:
            break
        found = lexicon.stems.get(word[:length])
    if found is None:
        return _Sign("other")
    return _Sign("weight", found * 1.2 if shouted and len(word) > 2 else found)


def _chinese(run: str, lexicon: _Lexicon) -> Iterator[_Sign]:
    """Always the longest entry that begins at a character."""
    place = 0
    while place < len(run):
        for length in range(min(_LONGEST, len(run) - place), 0, -1):
            sign = lexicon.chinese.get(run[place : place + length])
            if sign is not None:
                yield sign
                place += length
                break
        else:
            yield _Sign("other")
            place += 1


def _mark(mark: str, lexicon: _Lexicon) -> _Sign:
    if mark in lexicon.emoji:
        return _Sign("weight", lexicon.emoji[mark])
    if mark[0] in ":;" and mark[-1] in _FACES:
        return _Sign("weight", _FACES[mark[-1]])
    if mark[0] in ",:，、：":
        return _Sign("pause")
    return _Sign("other") if mark.isdigit() else _Sign("end", text=mark)


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    plain = tomllib.loads(files("ragbot.dialogue").joinpath("mood.toml").read_text(encoding="utf-8"))
    words = dict(_weighed(plain["en"]["words"]))
    phrases: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for weight, listed in plain["en"]["phrases"].items():
        for phrase in listed:
            parts = tuple(phrase.split())
            phrases.setdefault(parts[0], []).append((parts, float(weight)))
    for each in phrases.values():
        each.sort(key=lambda entry: -len(entry[0]))
    return _Lexicon(
        english={word: weight for word, weight in words.items() if not word.endswith("*")},
        stems={word[:-1]: weight for word, weight in words.items() if word.endswith("*")},
        phrases=phrases,
        turns=dict(_turns(plain["en"]["turns"])),
        chinese=_chinese_signs(plain["zh"]),
        emoji=dict(_weighed(plain["emoji"])),
        calm=re.compile(plain["urgency"]["calm"]),
        urgent=[
            (float(weight), re.compile(pattern))
            for weight, patterns in plain["urgency"]["patterns"].items()
            for pattern in patterns
        ],
    )


def _weighed(table: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    for weight, listed in table.items():
        for word in listed.split():
            yield word, float(weight)


def _turns(table: Mapping[str, str]) -> Iterator[tuple[str, _Kind]]:
    kinds: Mapping[str, _Kind] = {
        "negations": "negation",
        "stronger": "stronger",
        "weaker": "weaker",
        "contrasts": "contrast",
        "wishes": "wish",
    }
    for name, listed in table.items():
        for word in listed.split():
            yield word, kinds[name]


def _chinese_signs(table: Mapping[str, Any]) -> dict[str, _Sign]:
    signs = {word: _Sign(kind, words=len(word), text=word) for word, kind in _turns(table["turns"])}
    signs |= {word: _Sign("weight", weight, words=len(word)) for word, weight in _weighed(table["words"])}
    return signs
