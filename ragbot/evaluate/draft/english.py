"""English sentences with a figure -> the question that asks for it.

`Refunds are paid within 5 days.` -> `Within how many days are refunds paid?` Patterns over the words, no parser: what
does not fit one safely gives no question, for a wrong question costs its reader more than a missing one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragbot.evaluate.draft.quantities import Quantity, quantities

_AUXILIARY = "is are was were can may must will should could cannot".split()
_VERBS = dict(
    pair.split(":")
    for pair in """takes:take costs:cost lasts:last has:have supports:support includes:include requires:require
    needs:need weighs:weigh measures:measure stores:store keeps:keep holds:hold offers:offer charges:charge pays:pay
    receives:receive gets:get ships:ship delivers:deliver arrives:arrive expires:expire starts:start ends:end
    begins:begin opens:open closes:close runs:run works:work uses:use contains:contain covers:cover allows:allow
    provides:provide consumes:consume draws:draw reaches:reach saves:save sends:send processes:process
    refunds:refund accepts:accept waits:wait stays:stay applies:apply happens:happen records:record repeats:repeat
    blinks:blink answers:answer reserves:reserve deducts:deduct sells:sell measures:measure operates:operate
    depends:depend increases:increase decreases:decrease adds:add limits:limit earns:earn appears:appear
    remains:remain returns:return checks:check updates:update""".split()
)
_BASES = frozenset(_VERBS.values())
_IMPERATIVES = frozenset(
    """press hold wait keep leave charge let store hold unplug disconnect turn switch push boil dry rinse cook soak
    clean allow""".split()
)
_NO_SUBJECT = frozenset(
    """it this that these those they he she there here then if when while because but and or so also however for in on
    at to by with from after before during until without as note see please not once which who what where how why
    only even yes no otherwise instead nothing everything something some many most both either neither such same one
    its their his her""".split()
)
_INSIDE = frozenset(
    "that which who whom because if when while so but is are was were can may must will should has have not".split()
)
_ABOUT = (
    r"(?:about|around|approximately|approx\.|roughly|up to|at least|at most|only|exactly|less than|more than|over|"
    r"under|no more than|no less than|a maximum of|a minimum of|a total of|another|the first|the last|just|nearly|"
    r"almost|as much as|as little as|the next|between)"
)
_PREPOSITIONS = "within|in|for|after|every|until|by|on|from|at|of|since|before"
_AFTER = re.compile(r"(?:of|after|before|from|per|for|in|on|with|without|when|if|to|a|an|each)\b")
_PAYING = ("cost", "pay", "charge", "be", "deduct")
_LONGEST_SUBJECT = 8
_LONGEST = 28
"""Words of a sentence that is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    """A sentence around its figure: subject, auxiliary, and the words before, at and after the figure."""

    subject: str
    auxiliary: str
    before: str
    preposition: str
    figure: Quantity
    after: str


def ask(sentence: str) -> tuple[str, str] | None:
    """A question that `sentence` answers, and the figure that it asks for; None where none is safe."""
    text = " ".join(sentence.strip().rstrip(".!").split())
    if not 4 <= len(text.split()) <= _LONGEST or re.search(r"https?:|[\[\]{}<>|=_;:\"“”]|\?", text):
        return None
    found = quantities(text)
    if len(found) != 1:
        return None
    figure = found[0]
    parsed = _parse(text, figure) or _imperative(text, figure)
    question = _question(parsed) if parsed is not None else None
    return (" ".join(question.split()).replace(" ?", "?"), figure.text) if question else None


def _parse(text: str, figure: Quantity) -> _Parsed | None:
    words = text[: figure.start].split()
    for place, word in enumerate(words[1:], 1):
        if place > _LONGEST_SUBJECT:
            return None
        low = word.lower()
        subject = words[:place]
        if low in _AUXILIARY:
            return _checked(subject, low, words[place + 1 :], text, figure)
        if low in _VERBS and words[place - 1].lower() not in (
            "to",
            "the",
            "a",
            "an",
            "your",
            "our",
            "of",
            "and",
        ):
            return _checked(subject, "does", [_VERBS[low], *words[place + 1 :]], text, figure)
        plural = subject[-1].lower() in ("you", "we") or (subject[-1].endswith("s") and len(subject) < 5)
        if low in _BASES and plural:
            return _checked(subject, "do", words[place:], text, figure)
    return None


def _checked(
    subject: list[str], auxiliary: str, before: list[str], text: str, figure: Quantity
) -> _Parsed | None:
    plain = [word.lower() for word in subject]
    if plain[0] in _NO_SUBJECT or set(plain) & _INSIDE or any("," in word for word in subject):
        return None
    if len(subject) == 1 and plain[0] not in ("you", "we") and not plain[0].endswith("s"):
        return None
    if not (subject[0][0].isupper() or subject[0][0].isdigit()) or auxiliary == "cannot":
        return None
    head = " ".join(before)
    between, preposition = _parted(head)
    after = _after(text[figure.end :])
    if after is None or re.search(r"[,()]|\b(?:and|but|or|if|when|that|which|not|never|no)\b", between):
        return None
    if figure.measure == "date" and re.search(r"\d", between):
        return None
    return _Parsed(
        subject=" ".join(subject),
        auxiliary=auxiliary,
        before=swap(between),
        preposition=preposition,
        figure=figure,
        after=swap(after),
    )


def _parted(head: str) -> tuple[str, str]:
    """The words before a figure without `about`, `up to` and the like, and without their preposition, and this."""
    about = re.sub(rf"\s*(?:\b{_ABOUT}\s*)+$", "", head, flags=re.IGNORECASE)
    match = re.search(rf"(?:^|\s)({_PREPOSITIONS})$", about, re.IGNORECASE)
    return (about[: match.start()].strip(), match[1].lower()) if match else (about.strip(), "")


def _after(rest: str) -> str | None:
    """What follows the figure and belongs to it: `of delivery`; empty where it is something else, None where the figure
    is not complete without it: `16 years` of `16 years old`."""
    if re.match(r"\s(?!(?:and|but|or|which|that|so|because|then|until|while|unless|as)\b)\w", rest):
        kept = re.split(r"[,.()–—]|\s(?:and|but|or|which|that|so|because|then|until|while|unless)\b", rest)[
            0
        ].strip()
        if not _AFTER.match(kept):
            return None
        return kept if len(kept.split()) <= 8 else ""
    return ""


def _imperative(text: str, figure: Quantity) -> _Parsed | None:
    """`Hold the button for 10 seconds` -> `How long do I need to hold the button?`"""
    words = text[: figure.start].split()
    if not words or words[0].lower() not in _IMPERATIVES or figure.measure != "duration":
        return None
    head = " ".join([words[0].lower(), *words[1:]])
    between, preposition = _parted(head)
    after = _after(text[figure.end :])
    if (
        after is None
        or preposition not in ("for", "")
        or re.search(r"[,()]|\b(?:and|then|if|when|until|not|again|its|it|them)\b", between)
    ):
        return None
    if not preposition and between != "wait":
        return None
    return _Parsed(
        subject="I",
        auxiliary="do",
        before=f"need to {swap(between)}",
        preposition="for",
        figure=figure,
        after=swap(after),
    )


def _question(parsed: _Parsed) -> str | None:
    subject, auxiliary = _customer(parsed.subject), parsed.auxiliary
    if subject == "I" and auxiliary in ("are", "were"):
        auxiliary = "am" if auxiliary == "are" else "was"
    if subject == "you" and auxiliary == "does":
        auxiliary = "do"
    end = f" {parsed.after}" if parsed.after else ""
    core = f"{auxiliary} {subject} {parsed.before}".strip()
    if owned := re.fullmatch(r"have (?:an?|the)?\s*([\w -]+)", parsed.before):
        if parsed.preposition == "of" and not parsed.after:
            return f"What is the {owned[1].strip()} of {subject}?"
        if parsed.preposition:
            return None
    bare = parsed.before == "" and auxiliary in ("is", "are")
    lead = _lead(parsed, bare=bare)
    if parsed.figure.measure == "duration":
        return _duration(parsed, core, end, bare=bare)
    if lead is None:
        return None
    return f"{lead} {core}?" if parsed.figure.measure == "date" else f"{lead} {core}{end}?"


def _lead(parsed: _Parsed, *, bare: bool) -> str | None:
    """The question words for a figure that is no duration; None where it is not safely asked for."""
    preposition = parsed.preposition
    match parsed.figure.measure:
        case "money" if not preposition and (bare or parsed.before in _PAYING):
            return "How much"
        case "percent" | "size" if bare and not preposition:
            return "What"
        case "count" if not preposition and not bare and parsed.before:
            return f"How many {parsed.figure.unit}"
        case "date" if preposition in ("on", "from", "since", "by", "until"):
            return "When" if preposition == "on" else f"{preposition.capitalize()} when"
    return None


def _duration(parsed: _Parsed, core: str, end: str, *, bare: bool) -> str | None:
    unit = parsed.figure.unit
    attached = re.match(r"(?:of|after|before|from)\b", parsed.after)
    if parsed.preposition in ("within", "in", "after") and not bare:
        lead = parsed.preposition.capitalize()
        return (
            f"{lead} how many {unit} {parsed.after} {core}?"
            if attached
            else f"{lead} how many {unit} {core}{end}?"
        )
    if parsed.preposition == "every" and not attached:
        return f"How often {core}?"
    if parsed.preposition == "for" and (parsed.before or bare):
        return f"How long {core}{end}?"
    ends = parsed.before.split()[-1:] in (["take"], ["last"], ["wait"], ["be"])
    if parsed.preposition == "" and (bare or ends):
        return f"How long {core}{end}?"
    return None


def _customer(subject: str) -> str:
    """The subject in the customer's mouth: `You` is I, `We` is you, a capital that only began the sentence is small."""
    first, _, rest = subject.partition(" ")
    swapped = {"you": "I", "we": "you", "your": "my", "our": "your"}.get(first.lower())
    if swapped is not None:
        return f"{swapped} {rest}".strip()
    ordinary = (
        first != "I"
        and re.fullmatch(r"[A-Z][a-z]*", first) is not None
        and (
            first.lower() in ("the", "a", "an", "each", "every", "all", "any", "most")
            or rest == ""
            or rest[0].islower()
        )
    )
    return f"{first.lower() if ordinary else first} {rest}".strip()


def swap(text: str) -> str:
    """Text of the company in the customer's mouth: your -> my, you -> I or me, our -> your, we -> you."""
    text = re.sub(
        r"\b(to|for|with|from|by|of|give|send|tell|help|let|allow|gives|sends) you\b", r"\1 me", text
    )
    table = {
        "your": "my",
        "yours": "mine",
        "yourself": "myself",
        "you": "I",
        "our": "your",
        "we": "you",
        "us": "you",
    }
    table |= {"you're": "I'm", "you've": "I've", "you’re": "I'm", "you’ve": "I've", "you'll": "I'll"}
    return re.sub(
        r"\b(?:you(?:[’'](?:re|ve|ll))?|your|yours|yourself|our|we|us)\b",
        lambda found: table[found.group().lower().replace("’ll", "'ll")],
        text,
    )
