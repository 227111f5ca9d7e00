"""Rules that say an English sentence otherwise: the true controls beside the edits of `edits_en`.

Each rule takes a sentence and a random generator and returns the same statement in another form, or one that
follows from it; None where the rule finds nothing. Four kinds:

    notation  numerals, units, currencies, dates and times written otherwise
    wording   contractions and words that mean the same in every text
    order     clauses and phrases in another order
    shorter   words left out that the statement does not rest on
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from edits_en import MONTHS

Rewording = Callable[[str, Random], str | None]

_NUMERALS = dict(
    enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        start=2,
    )
) | {30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 90: "ninety"}
_DIGITS = {word: str(value) for value, word in _NUMERALS.items()}
_MONTH = "|".join(MONTHS)
_EXACT = {
    "24 hours": "one day",
    "48 hours": "two days",
    "72 hours": "3 days",
    "60 minutes": "one hour",
    "60 seconds": "one minute",
    "90 minutes": "one and a half hours",
    "30 minutes": "half an hour",
    "7 days": "one week",
    "14 days": "two weeks",
    "12 months": "one year",
    "24 months": "two years",
    "36 months": "three years",
    "18 months": "one and a half years",
    "6 months": "half a year",
    "two weeks": "14 days",
    "one week": "7 days",
    "2 years": "24 months",
    "two years": "24 months",
    "one year": "12 months",
    "1 year": "12 months",
    "3 years": "36 months",
    "1 hour": "60 minutes",
    "one hour": "60 minutes",
    "2 hours": "120 minutes",
}


def apply(sentence: str, rng: Random, options: list[tuple[int, int, str]]) -> str | None:
    """One of the replacements (start, end, new), at random; None without any."""
    if not options:
        return None
    start, end, new = rng.choice(options)
    return sentence[:start] + new + sentence[end:]


def _numerals(sentence: str) -> list[tuple[int, int, str]]:
    found = [
        (match.start(), match.end(), _NUMERALS[int(match.group())])
        for match in re.finditer(
            r"(?<=[a-z] )\d{1,2}(?= [a-z]{3,})(?! (?:of|to|and|or|percent|per|am|pm)\b)", sentence
        )
        if int(match.group()) in _NUMERALS
    ]
    found += [
        (match.start(), match.end(), _DIGITS[match.group()])
        for match in re.finditer(r"(?<![\w-])[a-z]+(?= [a-z]{3,})", sentence)
        if match.group() in _DIGITS
        and not re.search(
            rf"\b(?:{'|'.join(_DIGITS)}|hundred|thousand|seventy|eighty) (?:and )?$",
            sentence[: match.start()],
        )
        and not re.match(rf" (?:{'|'.join(_DIGITS)}|one|hundred|thousand|million)\b", sentence[match.end() :])
    ]
    return found


def _amounts(sentence: str) -> list[tuple[int, int, str]]:
    found = [
        (m.start(), m.end(), m.group().replace(",", ""))
        for m in re.finditer(r"(?<![\w,.])\d{1,3}(?:,\d{3})+(?![\d,.])", sentence)
    ]
    found += [
        (m.start(), m.end(), f"{int(m.group()):,}")
        for m in re.finditer(r"(?<![\w,.:/-])[1-9]\d{4,6}(?![\w,.:/-])", sentence)
    ]
    found += [
        (m.start(), m.end(), f"{m.group(1)} percent")
        for m in re.finditer(r"(?<![\w.-])(\d+(?:\.\d+)?) ?%(?!\w)", sentence)
    ]
    found += [
        (m.start(), m.end(), f"{m.group(1)}%")
        for m in re.finditer(r"(?<![\w.-])(\d+(?:\.\d+)?) (?:percent|per cent)\b", sentence)
    ]
    found += [
        (m.start(), m.end(), f"{m.group(1)} million")
        for m in re.finditer(r"(?<![\w,.])(\d{1,3}),000,000(?![\d,.])", sentence)
    ]
    names = {"$": "dollars", "€": "euros", "£": "pounds"}
    found += [
        (m.start(), m.end(), f"{m.group(2)} {names[m.group(1)]}")
        for m in re.finditer(
            r"(?<!\w)([$€£])(\d[\d,]*(?:\.\d+)?)(?![\d.,]*\d| ?(?:million|billion|trillion|thousand|m\b|bn\b|[-–]))",
            sentence,
        )
        if m.group(2) != "1"
    ]
    return found


def _exact_units(sentence: str) -> list[tuple[int, int, str]]:
    pattern = "|".join(sorted(map(re.escape, _EXACT), key=len, reverse=True))
    return [
        (m.start(), m.end(), _EXACT[m.group()])
        for m in re.finditer(rf"(?<![\w.,/–-])(?:{pattern})(?![\w’'–-])", sentence)
    ]


def _dates(sentence: str) -> list[tuple[int, int, str]]:
    found = []
    for m in re.finditer(rf"\b({_MONTH}) (\d{{1,2}}) ?, ?(\d{{4}})\b", sentence):
        month = MONTHS.index(m.group(1)) + 1
        found.append((m.start(), m.end(), f"{m.group(2)} {m.group(1)} {m.group(3)}"))
        found.append((m.start(), m.end(), f"{m.group(3)}-{month:02d}-{int(m.group(2)):02d}"))
    for m in re.finditer(rf"(?<!\d)(?<!\d [-–] )(\d{{1,2}}) ({_MONTH}) (\d{{4}})\b", sentence):
        found.append((m.start(), m.end(), f"{m.group(2)} {m.group(1)}, {m.group(3)}"))
    for m in re.finditer(rf"(?<![\d–-])\b(\d{{1,2}}) ({_MONTH})\b(?! \d)", sentence):
        found.append((m.start(), m.end(), f"{m.group(2)} {m.group(1)}"))
    for m in re.finditer(rf"\b({_MONTH}) (\d{{1,2}})\b(?! ?,? ?\d|(?:st|nd|rd|th)| ?[–-])", sentence):
        found.append((m.start(), m.end(), f"{m.group(2)} {m.group(1)}"))
    return found


def _times(sentence: str) -> list[tuple[int, int, str]]:
    found = []
    for m in re.finditer(r"(?<![\d:.])(\d{1,2}):(\d{2})(?![\d:]| ?[ap]\.?m\b)", sentence):
        hour, minutes = int(m.group(1)), m.group(2)
        if 13 <= hour <= 23:
            found.append(
                (m.start(), m.end(), f"{hour - 12}:{minutes} pm" if minutes != "00" else f"{hour - 12} pm")
            )
    for m in re.finditer(r"(?<![\d:.])(\d{1,2}) ?([ap])\.?m\b\.?", sentence):
        hour = int(m.group(1))
        found.append((m.start(), m.end(), f"{hour % 12 + (12 if m.group(2) == 'p' else 0):02d}:00"))
    return found


def notation(sentence: str, rng: Random) -> str | None:
    """A figure, a date or a time in another form."""
    ways = (_numerals, _amounts, _exact_units, _dates, _times)
    found = [options for way in ways if (options := way(sentence))]
    return apply(sentence, rng, rng.choice(found)) if found else None


_SYNONYMS = {
    "purchase": "buy",
    "purchased": "bought",
    "approximately": "about",
    "roughly": "about",
    "located": "situated",
    "for example": "for instance",
    "for instance": "for example",
    "in order to": "to",
    "began": "started",
    "begin": "start",
    "begins": "starts",
    "utilize": "use",
    "utilizes": "uses",
    "prior to": "before",
    "subsequently": "later",
    "frequently": "often",
    "often": "frequently",
    "numerous": "many",
    "obtain": "get",
    "entire": "whole",
    "although": "though",
    "however": "nevertheless",
    "therefore": "thus",
    "thus": "therefore",
    "attempt": "try",
    "ensure": "make sure",
    "ensures": "makes sure",
    "verify": "check",
    "as well as": "and also",
    "almost": "nearly",
    "nearly": "almost",
    "assist": "help",
    "assistance": "help",
    "require": "need",
    "mainly": "chiefly",
    "primarily": "mainly",
    "usually": "normally",
    "typically": "usually",
    "instead of": "rather than",
    "rather than": "instead of",
    "if you wish to": "if you want to",
    "allows you to": "lets you",
    "is able to": "can",
    "are able to": "can",
    "was able to": "could",
    "whether or not": "whether",
    "a number of": "several",
    "additional": "further",
    "immediately": "at once",
    "throughout": "all through",
    "various": "different",
    "due to": "because of",
    "because of": "owing to",
    "in addition": "besides",
    "known as": "called",
    "bicycle": "bike",
    "error message": "error notice",
    "occurred": "took place",
    "occurs": "happens",
    "displays": "shows",
    "remains": "stays",
    "remain": "stay",
    "completed": "finished",
    "incorrect": "wrong",
    "rapidly": "quickly",
    "demonstrated": "showed",
    "provides": "offers",
    "provide": "offer",
}
_CONTRACTIONS = (
    (r"\bcannot\b", "can't"),
    (r"\bcan['’]t\b", "cannot"),
    (r"\b(is|are|was|were|does|do|did|has|have|had|could|should|would) not\b(?! only)", r"\1n't"),
    (r"\b(is|are|was|were|does|do|did|has|have|had|could|should|would)n['’]t\b", r"\1 not"),
    (r"\bwill not\b", "won't"),
    (r"\bwon['’]t\b", "will not"),
    (r"\b([Yy])ou['’]re\b", r"\1ou are"),
    (r"\b([Yy])ou are\b", r"\1ou're"),
    (r"\b([Yy])ou['’]ll\b", r"\1ou will"),
    (r"\b([Yy])ou will\b", r"\1ou'll"),
    (r"\b([Ii])t is\b", r"\1t's"),
    (r"\b([Tt])hey are\b", r"\1hey're"),
    (r"\b([Yy])ou have to\b", r"\1ou must"),
    (r"\b([Yy])ou must\b(?! not)", r"\1ou have to"),
    (r"\b(at least|At least)(?= [$€£]?\d)", "no fewer than"),
    (r"\bmore than(?= [$€£]?\d)", "over"),
    (r"\b([Yy])ou need to\b", r"\1ou must"),
    (r"\b([Ww])e will\b", r"\1e'll"),
)


def wording(sentence: str, rng: Random) -> str | None:
    """Up to three words or contractions replaced by exact equivalents."""
    changed = sentence
    pattern = "|".join(sorted(map(re.escape, _SYNONYMS), key=len, reverse=True))
    for _ in range(3):
        options = [
            (m.start(), m.end(), _like(m.group(), _SYNONYMS[m.group().lower()]))
            for m in re.finditer(rf"(?<![\w'’-])(?:{pattern})(?![\w'’-])", changed, re.IGNORECASE)
        ]
        options += [
            (m.start(), m.end(), m.expand(new))
            for form, new in _CONTRACTIONS
            for m in re.finditer(form, changed)
        ]
        options = [each for each in options if each[2].lower() not in sentence.lower()]
        changed = apply(changed, rng, options) or changed
    return changed if changed != sentence else None


def _like(old: str, new: str) -> str:
    return new[0].upper() + new[1:] if old[0].isupper() else new


_LEAD = re.compile(
    r"^((?:In|On|At|During|Since|From|By|After|Before|Until|For|Within|Under|With|Without) [^,;:.]{3,60}), "
    r"((?:the|it|they|he|she|you|a|an|this|these|we|your|there|[A-Z]\w+)\b[^;:]*?)([.!]?)$"
)
_CLAUSE = re.compile(
    r"^((?:If|When|Because|Although|Once|Unless|While|As long as) [^,;:]{8,100}), ([^;:]{10,}?)([.!]?)$"
)
_TAIL = re.compile(
    r"^([^,;:]{15,}?) ((?:if|when|because|although|once|unless|as long as) [^,;:]{8,100}?)([.!]?)$"
)


def order(sentence: str, _rng: Random) -> str | None:
    """A clause or a leading phrase moved to the other end of the sentence."""
    if match := _CLAUSE.match(sentence):
        clause, main, end = match.groups()
        main = main.removeprefix("then ")
        if ", " not in main and not re.search(r" (?:and|or) |^(?:but|and|or|so|while)\b", main):
            return _upper(main) + " " + _lower(clause) + end
    if match := _TAIL.match(sentence):
        main, clause, end = match.groups()
        if not re.search(
            r"\b(?:and|or|that|which|who|but|even|only|whether|sure|not|as|know|see|check)\b", main
        ):
            return f"{_upper(clause)}, {_lower(main)}{end}"
    if match := _LEAD.match(sentence):
        phrase, main, end = match.groups()
        if ", " not in main and not re.search(r"\b(?:and|but|which|who|that|or|when|while|where)\b", main):
            return _upper(main) + " " + _lower(phrase) + end
    return None


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


_COMMON = re.compile(
    r"(?:The|It|They|He|She|You|A|An|This|These|Those|We|Your|There|If|When|Because|Although|Once|Unless|While|As|In|On|At"
    r"|During|Since|From|By|After|Before|Until|For|Within|Under|With|Without|Some|Most|Many|All|Each|Every|Any|Use|Press"
    r"|Click|Check|Open|Select|Make|Do|Try)\b"
)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:] if _COMMON.match(text) else text


_DROPS = (
    r"^(?:However|Therefore|Additionally|Furthermore|Moreover|In addition|Also|Thus|Consequently|Similarly|As a result"
    r"|For example|For instance|Note that|Please note that|Nevertheless|Meanwhile|Instead|In fact|Indeed|Finally),? ",
    r"(?<=[a-z])(?<!not) (?:also|however|therefore|thus|then|very|quite|simply|really|actually|itself)(?= [a-z])",
    r" \((?![^()]*\b(?:or|if|not|except|only|unless|and|excluding|without|minimum|maximum|later|less|more)\b)"
    r"[^()]{3,80}\)",
    r", (?:however|therefore|for example|for instance|of course|in fact|in turn)(?=,)",
    r"(?<=[a-z]), (?:which|who) (?:is|are|was|were) [^,;:]{5,80}(?=\.$)",
    r"\bplease ",
    r"^Please ",
    r"(?<=[a-z]), such as [^,;:()]{5,60}(?=\.$)",
)


def without(forms: Sequence[str], sentence: str, rng: Random) -> str | None:
    """The sentence without one of the matches of the forms, at random; None where there is none."""
    found = (match for form in forms for match in re.finditer(form, sentence))
    return apply(sentence, rng, [(match.start(), match.end(), "") for match in found])


def shorter(sentence: str, rng: Random) -> str | None:
    """Something left out that the rest does not need: a connecting word, an aside, an example."""
    changed = (without(_DROPS, sentence, rng) or "").replace(",,", ",")
    return _upper(changed) if len(changed) > 25 else None


RULES: Mapping[str, Rewording] = {
    "notation": notation,
    "wording": wording,
    "order": order,
    "shorter": shorter,
}
