"""Rules that make one value in an English sentence false, and leave every other word as it is.

Each rule takes the sentence, the passage it stands in (`Place`) and a random generator, and returns the changed
sentence, or None where there is nothing for it to change. A new value never stands in the passage already, except
where two values of the passage are exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sentence stands."""

    passage: str
    names: Mapping[tuple[str, int], Sequence[str]]
    """(word before, words) -> names of other passages of the same set that stand so."""


Rule = Callable[[str, Place, Random], str | None]

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
WORDS = "two three four five six seven eight nine ten eleven twelve".split()
_MONTH = "|".join(MONTHS)
_VALUE = re.compile(
    r"(?<![\w.,/:#\-–—])\d{1,3}(?:,\d{3})+(?![\w/:\-–—]|[.,]\d)|(?<![\w.,/:#\-–—])\d+(?:\.\d+)?(?![\w/:\-–—]|[.,]\d)"
)
_YEAR = re.compile(
    r"(?<![\w.,/:$€£\-–—])(?:1[0-9]|20)\d{2}(?=s?\b)(?![/:\-–—,]\d|[%°]|\s*(?:km|m|people|members|meters|feet|ppm|mA)\b)"
)
_LOWER_BOUND = re.compile(
    r"\b(?:at least|more than|over|minimum of|above|exceed\w*|than|least|from|almost|nearly)\s+[$€£]?$",
    re.IGNORECASE,
)
_UPPER_BOUND = re.compile(
    r"\b(?:at most|less than|fewer than|under|below|no more than|within|maximum of|up to|to|until|by)\s+[$€£]?$",
    re.IGNORECASE,
)


def number(sentence: str, place: Place, rng: Random) -> str | None:
    """Another amount. Above a lower bound it grows and below an upper one it shrinks: the weaker bound stays true."""
    found = [each for each in _VALUE.finditer(sentence) if not _is_date(sentence, each)]
    words = list(re.finditer(rf"\b(?:{'|'.join(WORDS)})\b(?= [a-z])", sentence))
    for match in rng.sample([*found, *words], len(found) + len(words)):
        new = _other_amount(match.group(), sentence[: match.start()], place, rng)
        if new is not None:
            return sentence[: match.start()] + new + sentence[match.end() :]
    return None


def _is_date(sentence: str, match: re.Match[str]) -> bool:
    year = re.fullmatch(r"(?:1[0-9]|20)\d{2}", match.group())
    before, after = sentence[: match.start()], sentence[match.end() :]
    beside = re.search(rf"(?:{_MONTH})\.?\s$", before) or re.match(
        rf"(?:st|nd|rd|th)?\s(?:of )?(?:{_MONTH})\b", after
    )
    return bool(year or beside)


def _other_amount(old: str, before: str, place: Place, rng: Random) -> str | None:
    grow = bool(_LOWER_BOUND.search(before))
    shrink = bool(_UPPER_BOUND.search(before)) and not grow
    if old in WORDS:
        options = [each for each in WORDS if each != old]
        if grow or shrink:
            at = WORDS.index(old)
            options = WORDS[at + 1 :] if grow else WORDS[:at]
        digits = {word: str(value) for value, word in enumerate(WORDS, start=2)}
        options = [each for each in options if not _stands(each, place) and not _stands(digits[each], place)]
        return rng.choice(options) if options else None
    value = float(old.replace(",", ""))
    factors = [1.25, 1.5, 2.0, 3.0] * (not shrink) + [0.4, 0.5, 0.75, 0.8] * (not grow)
    for factor in rng.sample(factors, len(factors)):
        new = _written(value, value * factor, old)
        if new != old and float(new.replace(",", "")) > 0 and not _stands(new, place):
            return new
    return None


def _written(value: float, new: float, like: str) -> str:
    """As `like` is written: so many decimals, separators, round where it was round."""
    if "." in like:
        return f"{new:.{len(like.split('.')[1])}f}"
    whole = max(1, round(new))
    if whole == value:
        whole += 1
    zeros = len(like.replace(",", "")) - len(like.replace(",", "").rstrip("0"))
    if zeros and whole > 10**zeros:
        whole = round(whole / 10**zeros) * 10**zeros
    return f"{whole:,}" if "," in like else str(whole)


def _stands(text: str, place: Place) -> bool:
    """Whether the passage has it, in whatever case."""
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", place.passage, re.IGNORECASE) is not None


def one_of(sentence: str, pattern: str, rng: Random, *, flags: int = 0) -> re.Match[str] | None:
    """One of the pattern's matches at random; None without any."""
    found = list(re.finditer(pattern, sentence, flags))
    return rng.choice(found) if found else None


_UNIT_GROUPS = (
    ("second", "minute", "hour", "day", "week", "month", "year"),
    ("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
    ("kilometres", "metres", "centimetres", "miles", "feet", "inches"),
    ("kilometers", "meters", "centimeters", "miles", "feet", "inches"),
    ("km", "cm", "mm"),
    ("kg", "g", "lb"),
    ("MHz", "kHz", "GHz"),
    ("MB", "GB", "KB", "TB"),
    ("mA", "A"),
    ("mAh", "Ah"),
    ("kbps", "Mbps"),
    ("million", "billion"),
    ("dollars", "euros", "pounds"),
    ("USD", "EUR", "GBP"),
)
_CURRENCIES = {
    name: spellings
    for spellings in (("$", "dollars", "USD"), ("€", "euros", "EUR"), ("£", "pounds", "GBP"))
    for name in spellings
}
_NUMERIC = rf"(?:\d[\d,.]*|{'|'.join(WORDS)}|one|several|few)"


def unit(sentence: str, place: Place, rng: Random) -> str | None:
    """The same number of something else: another unit of time or measure, another currency, another magnitude."""
    names = {name: group for group in _UNIT_GROUPS for name in group}
    gap = r"(?: (?:working |business |calendar )?|-(?!A\b|g\b))"
    pattern = rf"(?<![\w.]){_NUMERIC}{gap}(?P<u>{'|'.join(names)})\b"
    found = [(each.start("u"), each.end("u"), each.group("u")) for each in re.finditer(pattern, sentence)]
    found += [(each.start(), each.end(), each.group()) for each in re.finditer(r"[$€£](?=\d)", sentence)]
    rng.shuffle(found)
    for start, end, old in found:
        group = names.get(old, ("$", "€", "£"))
        at = group.index(old)
        near = [
            each for each in group[max(0, at - 1) : at + 2] if each != old
        ]  # nobody takes a year for a second
        new = rng.choice(near)
        if not any(spelling in place.passage for spelling in _CURRENCIES.get(new, (new,))):
            return sentence[:start] + new + sentence[end:]
    return None


def date(sentence: str, place: Place, rng: Random) -> str | None:
    """Another month, day of the week or year."""
    rules: list[tuple[str, Sequence[str]]] = [
        (rf"\b(?:{_MONTH})\b(?= \d)|(?<=\d )(?:{_MONTH})\b|(?<=[Ii]n )(?:{_MONTH})\b", MONTHS),
        (rf"\b(?:{'|'.join(WEEKDAYS)})\b", WEEKDAYS),
    ]
    found: list[tuple[re.Match[str], Sequence[str]]] = [
        (match, options) for pattern, options in rules for match in re.finditer(pattern, sentence)
    ]
    for match in _YEAR.finditer(sentence):
        decade = sentence[match.end() : match.end() + 1] == "s"
        steps = (-20, -10, 10, 20) if decade else (-20, -10, -5, -3, -2, 2, 3, 5, 10, 20)
        near = [str(int(match.group()) + step) for step in steps]
        found.append((match, near))
    rng.shuffle(found)
    for match, options in found:
        fresh = [each for each in options if not _stands(each, place)]
        if fresh:
            return sentence[: match.start()] + rng.choice(fresh) + sentence[match.end() :]
    return None


def time(sentence: str, place: Place, rng: Random) -> str | None:
    """Another hour, or the other half of the day."""
    timed = [
        each
        for each in re.finditer(
            r"(?<![\d:.])(\d{1,2})(:\d{2})?(\s?[ap]\.?m\b)?(?![\d:])", sentence, re.IGNORECASE
        )
        if each.group(2) or each.group(3)
    ]
    if not timed:
        return swap_words(sentence, rng, _DAY_PARTS)
    chosen = rng.choice(timed)
    half = chosen.group(3) or ""
    if half and rng.random() < 0.5:
        new = half.replace("a", "#").replace("p", "a").replace("#", "p").replace("A", "#").replace("P", "A")
        changed = chosen.group(1) + (chosen.group(2) or "") + new.replace("#", "P")
    else:
        most = 12 if half else 23
        hours = [hour for hour in range(1, most + 1) if hour != int(chosen.group(1))]
        hour = str(rng.choice(hours)).zfill(2 if chosen.group(1)[0] == "0" else 1)
        changed = hour + (chosen.group(2) or "") + half
    if changed in place.passage:
        return None
    return sentence[: chosen.start()] + changed + sentence[chosen.end() :]


_DAY_PARTS = {"morning": "evening", "evening": "morning", "noon": "midnight", "midnight": "noon"}


def swap_words(sentence: str, rng: Random, table: Mapping[str, str]) -> str | None:
    """One word or phrase for the one that the table gives; the first letter's case stays."""
    pattern = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    match = one_of(sentence, rf"(?<![\w'’-])(?:{pattern})(?![\w'’-])", rng, flags=re.IGNORECASE)
    if match is None:
        return None
    new = table[match.group().lower()]
    if match.group()[0].isupper():
        new = new[0].upper() + new[1:]
    return sentence[: match.start()] + new + sentence[match.end() :]


NAME = re.compile(
    r"(?<![\w.'’/-])[A-Z][\w'’]*(?:-[A-Z]\w+)?(?:(?: (?:of the|of|de|von|van) (?=[A-Z])| )[A-Z][\w'’]*(?:-[A-Z]\w+)?)*"
)
_PLACES = (
    "France Germany Italy Spain England Poland Russia China Japan India Canada Australia Brazil Mexico Egypt Kenya "
    "Norway Sweden Turkey Greece Portugal Ireland Scotland Belgium Austria Switzerland",
    "London Paris Berlin Vienna Moscow Rome Madrid Chicago Boston Seattle Denver Houston Dublin Amsterdam Warsaw",
    "French German Italian Spanish English Polish Russian Chinese Japanese Dutch Greek Turkish Swedish",
)
_NO_NAME = frozenset(
    {*MONTHS, *WEEKDAYS}.union(
        "I The A An In On At If When It This That These Those He She They We You To And Or But For Yes No".split()
    )
)


def names_in(sentence: str) -> list[tuple[str, re.Match[str]]]:
    """Names inside a sentence, each with the word before it in small letters; what begins a sentence is left out."""
    found = []
    for match in NAME.finditer(sentence):
        before = re.search(r"([A-Za-z]+) $", sentence[: match.start()])
        words = match.group().split()
        if before and not _NO_NAME & set(words) and len(match.group()) > 2:
            found.append((before.group(1).lower(), match))
    return found


def entity(sentence: str, place: Place, rng: Random) -> str | None:
    """Another name of the same kind: country for country, city for city, else one that stands after the same word."""
    named = names_in(sentence)
    rng.shuffle(named)
    for before, match in named:
        old = match.group()
        listed = [group.split() for group in _PLACES if old in group.split()]
        options = listed[0] if listed else list(place.names.get((before, len(old.split())), ()))
        rng.shuffle(options)
        for new in options[:40]:
            if not set(re.findall(r"\w+", new.lower())) & set(re.findall(r"\w+", place.passage.lower())):
                return sentence[: match.start()] + new + sentence[match.end() :]
    return None


_KINDS = (
    r"[$€£]\d(?:[\d,.]*\d)?(?! ?(?:million|billion|trillion))",
    r"(?<![\d.])\d+(?:\.\d+)?\s?(?:%|percent\b|per cent\b)",
    r"(?<![\w.,/:-])(?:1[0-9]|20)\d{2}(?![\w/:\-–—]|,\d)",
    rf"(?:{_MONTH}) \d{{1,2}}(?!\d)|\d{{1,2}} (?:{_MONTH})\b",
    r"(?<![\w.,/:-])\d+(?:\.\d+)? (?:second|minute|hour|day|week|month|year)s?\b",
    r"(?<![\w.,/:$€£-])\d{1,3}(?:,\d{3})+(?![\w/:\-–—]|\.\d)",
    r"(?<![\w.,/:-])\d+(?:\.\d+)?\s?(?:km|cm|mm|m|kg|g|mAh|mA|V|W|GB|MB|MHz|miles|metres|meters|feet|inches)\b",
)


def swap(sentence: str, place: Place, rng: Random) -> str | None:
    """A value for another of its kind that the passage gives to something else; two in the sentence change places."""
    if (changed := swapped_cell(sentence, place.passage, rng, separator="; ")) is not None:
        return changed
    for kind in rng.sample(_KINDS, len(_KINDS)):
        own = list(re.finditer(kind, sentence))
        if len(own) == 2 and own[0].group() != own[1].group() and _apart(sentence, own):
            first, second = own
            middle = sentence[first.end() : second.start()]
            return (
                sentence[: first.start()] + second.group() + middle + first.group() + sentence[second.end() :]
            )
        others = [each.group() for each in re.finditer(kind, place.passage) if each.group() not in sentence]
        free = [each for each in own if not _in_range(sentence, each)]
        if free and others:
            match = rng.choice(free)
            return sentence[: match.start()] + rng.choice(others) + sentence[match.end() :]
    return None


def _apart(sentence: str, values: Sequence[re.Match[str]]) -> bool:
    """Whether each value says something of its own: three words or more between them, and neither in a range."""
    between = sentence[values[0].end() : values[1].start()]
    return len(re.findall(r"[A-Za-z]{2,}", between)) >= 3 and not any(
        _in_range(sentence, each) for each in values
    )


def _in_range(sentence: str, value: re.Match[str]) -> bool:
    before, after = sentence[: value.start()], sentence[value.end() :]
    joined = r"(?:to|and|or|until|through|from|between|-|–|—|,|\()"
    return bool(re.search(rf"\d\S* ?{joined} ?$", before) or re.match(rf" ?{joined} ?[$€£]?\d", after))


def swapped_cell(sentence: str, passage: str, rng: Random, *, separator: str) -> str | None:
    """In a row of a table (`Key: value; Key: value`), one value for that of the same key in another row."""
    cells = _cells(sentence, separator)
    if len(cells) < 2:
        return None
    rows = [_cells(line, separator) for line in passage.splitlines() if line.strip() != sentence]
    keys = list(cells)[1:]  # the first cell names what the row is about
    for key in rng.sample(keys, len(keys)):
        others = {row[key] for row in rows if key in row} - {cells[key]}
        for new in rng.sample(sorted(others), len(others)):
            changed = sentence.replace(f"{key}: {cells[key]}", f"{key}: {new}")
            if changed != sentence and changed not in passage:
                return changed
    return None


def _cells(line: str, separator: str) -> dict[str, str]:
    parts = [part.partition(": ") for part in line.strip().split(separator)]
    return {key: value for key, colon, value in parts if colon} if all(part[1] for part in parts) else {}


RULES: Mapping[str, Rule] = {
    "number": number,
    "unit": unit,
    "date": date,
    "time": time,
    "entity": entity,
    "swap": swap,
}
